public import VMState

/// Capabilities and parameters of QMP that are built, and those of our own.
public struct MigrationSettings: Equatable, Sendable {
    /// MigrationCapability `events`.
    public var events = false
    /// MigrationCapability `return-path`.
    public var returnPath = false
    /// Bytes a second while the guest runs; 0: no limit.
    public var maxBandwidth: UInt64 = 128 << 20
    /// Longest pause to aim for, ms.
    public var downtimeLimit: UInt64 = 300
    /// Bytes a second to assume for the switchover; 0: as measured.
    public var availSwitchoverBandwidth: UInt64 = 0
    /// ms before the second announcement.
    public var announceInitial: UInt64 = 50
    /// Longest time between two, ms.
    public var announceMax: UInt64 = 550
    /// Announcements in all.
    public var announceRounds: UInt64 = 5
    /// How much longer each wait is than the one before, ms.
    public var announceStep: UInt64 = 100

    /// Layout for a receiver that does not say over a return path that it is a Martlet; QMP `x-martlet-dialect`.
    public var dialect = Dialect.qemu10_0
    /// How long the hand-over may stand still before the side that waits gives up and says that it is in doubt,
    /// ms. Not a QMP parameter.
    public var inDoubtTimeout = 30_000

    public init() {}

    /// Checks all values in QMP's order; the texts are QMP's.
    public func check() throws(MigrationError) {
        func require(_ name: String, _ isRight: Bool, _ text: String) throws(MigrationError) {
            if !isRight { throw MigrationError("Parameter '\(name)' expects \(text)") }
        }
        try require(
            "downtime_limit", downtimeLimit <= 2_000_000, "an integer in the range of 0 to (2000 * 1000) ms")
        try require("announce_initial", announceInitial <= 100_000, "a value between 0 and 100000")
        try require("announce_max", announceMax <= 100_000, "a value between 0 and 100000")
        try require("announce_rounds", announceRounds <= 1000, "a value between 0 and 1000")
        try require(
            "announce_step", (1...10_000).contains(announceStep), "a value between 0 and 10000")
    }

    /// ms to wait after announcement `round` (0 is the first); nil after the last.
    public func announceDelay(after round: Int) -> Int? {
        guard UInt64(round) &+ 1 < announceRounds else { return nil }
        return Int(min(announceInitial &+ announceStep &* UInt64(round), announceMax))
    }
}
