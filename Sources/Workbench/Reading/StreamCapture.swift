public import Bytes

/// The recording of a migration: the main channel, and what else was recorded of it.
public struct StreamCapture {
    public var main: any ByteSource
    /// Bytes of the file before the stream: offsets are counted from the file's start.
    public var offset: UInt64 = 0
    /// Multifd channels, in any order.
    public var multifd: [any ByteSource] = []
    /// The channel of `postcopy-preempt`.
    public var preempt: (any ByteSource)?
    /// What went from destination to source.
    public var returnPath: (any ByteSource)?

    public init(main: any ByteSource, offset: UInt64 = 0) {
        self.main = main
        self.offset = offset
    }

    /// What kind of channel begins with these bytes (as many as there are, 64 at most).
    public enum Kind: Equatable, Sendable {
        case main
        case multifd
        case preempt
        case returnPath
    }

    /// Tells a file's channel by its first bytes: main by its magic, multifd by its own, the return path by a message
    /// that can be; anything else can only be pages of postcopy-preempt.
    public static func kind(of start: [UInt8]) -> Kind {
        if start.starts(with: [0x51, 0x45, 0x56, 0x4D]) { return .main }
        if start.starts(with: [0x11, 0x22, 0x33, 0x44]) { return .multifd }
        if start.count >= 4, start[0] == 0, (1...7).contains(start[1]), start[2] <= 2, start[3] <= 64 {
            return .returnPath
        }
        return start.count >= 8 && start[0] == 0 ? .preempt : .main
    }
}
