public import Bytes

/// The head of a multifd packet: which pages of which block it carries. The pages with contents follow it.
///
/// ```text
/// u32 11223344   u32 1   u32 flags   u32 room for pages   u32 pages with contents   u32 payload length
/// u64 number   u32 pages of zeros   28 bytes 0   block[256]   u64 offset × (512 KiB / page size)
/// ```
public struct MultifdPacket: Equatable, Sendable {
    /// How a channel's pages are packed.
    public enum Compression: UInt32, Sendable, CaseIterable {
        case none = 0
        case zlib = 0x02
        case zstd = 0x04

        /// The format of a channel's stream, nil when its pages are not packed.
        var format: PageDecompressor.Format? {
            switch self {
            case .none: nil
            case .zlib: .zlib
            case .zstd: .zstd
            }
        }
    }

    /// Flag: everything before is to be in place before anything after, on all channels.
    public static let syncFlag: UInt32 = 0x01
    /// Bits of the flags that say how pages are packed.
    static let compressionMask: UInt32 = 0x3E
    /// Flag of QEMU 10.0: a device's state and no pages.
    static let deviceStateFlag: UInt32 = 0x40
    /// Pages of one packet, in bytes.
    public static let maximumBytes = 512 << 10
    /// Longest payload that a receiver takes, in bytes.
    public static let maximumPayload = 1 << 20

    public var isSync: Bool
    public var compression: Compression
    /// Room for pages as the sender says; 0 in a SYNC packet of QEMU 9.0 and later.
    public var capacity: UInt32
    /// Bytes that follow the head; without pages with contents the field may hold anything, and nothing follows.
    public var payloadLength: UInt32
    /// The sender's number of the packet over all channels; not in order, and of no use.
    public var number: UInt64
    /// The block's idstr; empty when there are no pages.
    public var block: String
    /// Offsets in the block of pages whose contents follow, in their order.
    public var normal: [UInt64]
    /// Offsets of pages of zeros (QEMU 9.0 and later).
    public var zero: [UInt64]

    public init(
        isSync: Bool = false, compression: Compression = .none, capacity: UInt32, payloadLength: UInt32 = 0,
        number: UInt64, block: String = "", normal: [UInt64] = [], zero: [UInt64] = []
    ) {
        self.isSync = isSync
        self.compression = compression
        self.capacity = capacity
        self.payloadLength = payloadLength
        self.number = number
        self.block = block
        self.normal = normal
        self.zero = zero
    }

    /// Pages that a packet has room for.
    public static func capacity(pageSize: Int) -> Int { maximumBytes / pageSize }
    /// Bytes of a packet's head.
    public static func headLength(pageSize: Int) -> Int { 320 + 8 * capacity(pageSize: pageSize) }

    /// Throws unless all pages lie inside of their block.
    ///
    /// - Parameters:
    ///   - length: of the block, in bytes.
    ///   - start: offset of the packet in its channel.
    public func checkOffsets(below length: UInt64, pageSize: Int, start: UInt64) throws(StreamError) {
        func check(_ offsets: [UInt64], _ first: Int) throws(StreamError) {
            for (number, offset) in offsets.enumerated()
            where offset >= length || offset % UInt64(pageSize) != 0 {
                throw StreamError(
                    .value(
                        expected: "a page's offset below \(hex(length)) in block \(quoted(block))",
                        found: hex(offset)),
                    path: ["packet", "offset", "[\(first + number)]"],
                    offset: start + 320 + 8 * UInt64(first + number))
            }
        }
        try check(normal, 0)
        try check(zero, normal.count)
    }

    /// Writes the head.
    public func encode(to writer: inout ByteWriter, pageSize: Int) {
        let room = Self.capacity(pageSize: pageSize)
        precondition(normal.count + zero.count <= room && block.utf8.count < 256, "the packet is too small")
        writer.uint32(MultifdHandshake.magic)
        writer.uint32(MultifdHandshake.version)
        writer.uint32(compression.rawValue | (isSync ? Self.syncFlag : 0))
        writer.uint32(capacity)
        writer.uint32(UInt32(normal.count))
        writer.uint32(payloadLength)
        writer.uint64(number)
        writer.uint32(UInt32(zero.count))
        writer.zeros(28)
        writer.append(block.utf8)
        writer.zeros(256 - block.utf8.count)
        for offset in normal + zero { writer.uint64(offset) }
        writer.zeros(8 * (room - normal.count - zero.count))
    }

    /// Reads the rest of a head whose magic, version and flags have been read; `start` is the offset of its magic.
    static func decode(
        flags: UInt32, start: UInt64, pageSize: Int, from input: InputBuffer
    ) throws(StreamError) -> MultifdPacket {
        func refuse(_ name: String, _ at: UInt64, _ expected: String, _ found: String) -> StreamError {
            StreamError(
                .value(expected: expected, found: found), path: ["packet", name], offset: start + at)
        }
        guard flags & ~(syncFlag | compressionMask) == 0 else {
            throw refuse("flags", 8, "no bits but SYNC and the compression", hex(flags))
        }
        guard let compression = Compression(rawValue: flags & compressionMask) else {
            throw StreamError(
                .notSupported("multifd compression \(hex(flags & compressionMask))"),
                path: ["packet", "flags"], offset: start + 8,
                remedy: "set multifd-compression to none, zlib or zstd at the source")
        }
        let room = capacity(pageSize: pageSize)
        let (capacity, normal, length, number, zero) = try input.field("packet") { (i) throws(ByteError) in
            (try i.uint32(), try i.uint32(), try i.uint32(), try i.uint64(), try i.uint32())
        }
        guard capacity <= UInt32(room) else {
            throw refuse("pages_alloc", 12, "room for at most \(room) pages", "\(capacity)")
        }
        guard normal <= capacity else {
            throw refuse("normal_pages", 16, "at most the \(capacity) there is room for", "\(normal)")
        }
        guard zero <= capacity - normal else {
            throw refuse(
                "zero_pages", 32, "at most the \(capacity - normal) there is still room for", "\(zero)")
        }
        let (name, offsets) = try input.field("packet") { (i) throws(ByteError) in
            try i.skip(28)
            let name = try i.bytes(256)
            var offsets: [UInt64] = []
            offsets.reserveCapacity(room)
            for _ in 0..<room { offsets.append(try i.uint64()) }
            return (name, offsets)
        }
        var packet = MultifdPacket(
            isSync: flags & syncFlag != 0, compression: compression, capacity: capacity,
            payloadLength: length, number: number)
        // Without pages the rest may be what the packet before left there.
        guard normal + zero > 0 else { return packet }
        guard let end = name.firstIndex(of: 0), end > 0 else {
            throw refuse("block", 64, "the name of a block and a 0", "none")
        }
        guard let block = String(validating: name[..<end], as: UTF8.self) else {
            throw refuse("block", 64, "a text in UTF-8", "other bytes")
        }
        packet.block = block
        packet.normal = Array(offsets[..<Int(normal)])
        packet.zero = Array(offsets[Int(normal)..<Int(normal + zero)])
        guard normal > 0 else { return packet }
        let most = compression == .none ? UInt64(normal) * UInt64(pageSize) : UInt64(maximumPayload)
        let least = compression == .none ? most : 1
        guard (least...most).contains(UInt64(length)) else {
            throw refuse(
                "payload length", 20, least == most ? bytes(most) : "1 to \(most) bytes", "\(length)")
        }
        return packet
    }
}
