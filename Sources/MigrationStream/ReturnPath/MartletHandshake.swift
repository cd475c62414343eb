/// How two Martlets find each other over a return path, and how the guest is handed over, in messages that a QEMU
/// answers without harm.
///
/// ```text
/// source                               destination
/// OPEN_RETURN_PATH
/// PING  pingValue           ────────▶
///                           ◀────────  PONG answer(features)      a QEMU: PONG pingValue
/// … stream, EOF, description
/// PING  prepared            ────────▶  loads everything, does not start the guest
///                           ◀────────  PONG prepared
/// PING  go                  ────────▶  the source has given the guest up
///                           ◀────────  PONG go, SHUT 0            the guest runs here
/// ```
///
/// If the channel breaks before `go` is sent, the source keeps the guest; after it, the destination has it.
public enum MartletHandshake {
    /// What a Martlet can do beyond QEMU.
    public struct Features: OptionSet, Equatable, Sendable {
        public let rawValue: UInt16

        public init(rawValue: UInt16) { self.rawValue = rawValue }

        /// The hand-over with `prepared` and `go`.
        public static let handOver = Features(rawValue: 1)
        /// ``ReturnPathMessage/failure(_:)`` before a SHUT that is not 0.
        public static let reason = Features(rawValue: 2)
        /// Bits that a feature may have, so that no answer is one of the values here.
        static let all = Features(rawValue: 0x0FFF)
    }

    /// PING that a Martlet source sends after OPEN_RETURN_PATH: "MARL".
    public static let pingValue: UInt32 = 0x4D41_524C
    /// PING after the end of the stream: is everything loaded and ready to start?
    public static let prepared: UInt32 = 0x4D41_5001
    /// PING that gives the guest to the destination.
    public static let go: UInt32 = 0x4D41_5002
    /// Number of the message with a failure's text.
    public static let failureMessage: UInt16 = 0x4D01

    private static let answerBase: UInt32 = 0x4D41_0000

    /// The PONG value with which a Martlet answers ``pingValue``.
    public static func answer(_ features: Features) -> UInt32 {
        answerBase | UInt32(features.intersection(.all).rawValue)
    }

    /// What the peer can do, from its answer to ``pingValue``; nil for a QEMU, which gives the value back.
    public static func features(fromPong value: UInt32) -> Features? {
        guard value & ~UInt32(Features.all.rawValue) == answerBase else { return nil }
        return Features(rawValue: UInt16(truncatingIfNeeded: value))
    }
}
