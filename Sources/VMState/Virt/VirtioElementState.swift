import Bytes

/// A request that the sender had taken from a ring and not answered, as QEMU sends it: a structure of its own
/// memory, little-endian on every host that matters, 49168 bytes whatever it holds.
public struct VirtioElementState: Sendable, Equatable {
    /// A piece of guest memory.
    public struct Segment: Sendable, Equatable {
        /// Guest physical address.
        public var address: UInt64
        /// Bytes.
        public var length: UInt64
        public init(address: UInt64, length: UInt64) {
            self.address = address
            self.length = length
        }
    }

    /// Head of the descriptor chain, what the used ring is told.
    public var index: UInt32 = 0
    /// Segments that the device writes.
    public var writable: [Segment] = []
    /// Segments that the device reads.
    public var readable: [Segment] = []

    public init(index: UInt32, readable: [Segment], writable: [Segment]) {
        self.index = index
        self.readable = readable
        self.writable = writable
    }

    /// Bytes on the wire.
    static let size = 16 + 1024 * 8 * 2 + 1024 * 16 * 2

    init(from reader: VMStateReader) throws(VMStateError) {
        index = try reader.uint32().byteSwapped
        let (outCount, inCount) = (try reader.uint32().byteSwapped, try reader.uint32().byteSwapped)
        guard outCount <= 1024, inCount <= 1024 else {
            throw reader.invalid(expected: "at most 1024 segments", found: "\(outCount) and \(inCount)")
        }
        try reader.skip(4)
        var addresses: [UInt64] = []
        for _ in 0..<2048 { addresses.append(try reader.uint64().byteSwapped) }
        var lengths: [UInt64] = []
        for _ in 0..<2048 {
            try reader.skip(8)
            lengths.append(try reader.uint64().byteSwapped)
        }
        writable = (0..<Int(inCount)).map { Segment(address: addresses[$0], length: lengths[$0]) }
        readable = (1024..<1024 + Int(outCount)).map { Segment(address: addresses[$0], length: lengths[$0]) }
    }

    func save(to writer: inout VMStateWriter) {
        writer.output.uint32(index.byteSwapped)
        writer.output.uint32(UInt32(readable.count).byteSwapped)
        writer.output.uint32(UInt32(writable.count).byteSwapped)
        writer.output.zeros(4)
        for part in [writable, readable] {
            for segment in part { writer.output.uint64(segment.address.byteSwapped) }
            writer.output.zeros(8 * (1024 - part.count))
        }
        for part in [writable, readable] {
            for segment in part {
                writer.output.zeros(8)
                writer.output.uint64(segment.length.byteSwapped)
            }
            writer.output.zeros(16 * (1024 - part.count))
        }
    }
}
