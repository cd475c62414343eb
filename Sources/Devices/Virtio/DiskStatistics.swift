/// What a disk has done since the start; QMP `query-blockstats`.
public struct DiskStatistics: Sendable, Equatable {
    /// Requests of one kind.
    public struct Kind: Sendable, Equatable {
        /// Requests that were done.
        public var operations: UInt64 = 0
        public var bytes: UInt64 = 0
        /// Time that all of them took together.
        public var nanoseconds: UInt64 = 0
        /// Requests that the image could not fulfil.
        public var failed: UInt64 = 0
        /// Requests that made no sense, such as those beyond the end of the disk.
        public var invalid: UInt64 = 0

        public init() {}
    }

    public var read = Kind()
    public var write = Kind()
    public var flush = Kind()
    /// Discards and zeroes.
    public var unmap = Kind()
    /// The end of the last byte that was written.
    public var highestOffset: UInt64 = 0

    public init() {}
}
