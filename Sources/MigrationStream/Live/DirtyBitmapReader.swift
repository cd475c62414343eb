public import Bytes

/// A piece of the `dirty-bitmap` section: something about one dirty bitmap of a block node.
public struct DirtyBitmapChunk: Equatable, Sendable {
    public enum Content: Equatable, Sendable {
        /// A bitmap begins: bytes of disk a bit stands for, and what it is.
        case start(granularity: UInt32, isEnabled: Bool, isPersistent: Bool, isIgnored: Bool)
        /// The bitmap is whole.
        case complete
        /// Bits of so many 512-byte sectors; nil when all are zero, else one bit a granule, bit i in byte i/8.
        case bits(firstSector: UInt64, sectors: UInt32, data: [UInt8]?)
        /// Nothing but the end of the section's body.
        case none
    }

    /// The node's name, or its alias.
    public var node: String
    /// The bitmap's name, or its alias.
    public var bitmap: String
    public var content: Content
    /// It ends the section's body.
    public var isLast: Bool
    /// Whether the chunk itself names the node and the bitmap, or goes on with those before.
    var namesNode: Bool
    var namesBitmap: Bool

    /// Writes the chunk as it was read.
    public func encode(to writer: inout ByteWriter) {
        typealias Flag = DirtyBitmapReader.Flag
        var flags = isLast ? Flag.last : 0
        if namesNode { flags |= Flag.deviceName }
        if namesBitmap { flags |= Flag.bitmapName }
        switch content {
        case .start: flags |= Flag.start
        case .complete: flags |= Flag.complete
        case .bits(_, _, let data): flags |= Flag.bits | (data == nil ? Flag.zeroes : 0)
        case .none: break
        }
        writer.uint8(flags)
        if namesNode { writer.string8(node) }
        if namesBitmap { writer.string8(bitmap) }
        switch content {
        case .start(let granularity, let isEnabled, let isPersistent, let isIgnored):
            writer.uint32(granularity)
            writer.uint8((isEnabled ? 1 : 0) | (isPersistent ? 2 : 0) | (isIgnored ? 4 : 0))
        case .bits(let first, let count, let data):
            writer.uint64(first)
            writer.uint32(count)
            guard let data else { return }
            writer.uint64(UInt64(data.count))
            writer.append(data)
        case .complete, .none: break
        }
    }
}

/// Reads the bodies of the `dirty-bitmap` section. Names are sent only when they change, and are remembered from one
/// section to the next.
public struct DirtyBitmapReader {
    public static let sectionName = "dirty-bitmap"
    /// Longest data of a chunk, in bytes.
    static let maximumData: UInt64 = 10240

    enum Flag {
        static let last: UInt8 = 0x01
        static let zeroes: UInt8 = 0x02
        static let bitmapName: UInt8 = 0x04
        static let deviceName: UInt8 = 0x08
        static let start: UInt8 = 0x10
        static let complete: UInt8 = 0x20
        static let bits: UInt8 = 0x40
        static let extended: UInt8 = 0x80
    }

    private var node = ""
    private var bitmap = ""

    public init() {}

    /// Reads the next chunk; the section's body ends with one that says so.
    public mutating func next(_ input: InputBuffer) throws(StreamError) -> DirtyBitmapChunk {
        let at = input.offset
        let flags = try input.field("chunk") { (i) throws(ByteError) in try i.uint8() }
        let kind = flags & (Flag.start | Flag.complete | Flag.bits)
        guard flags & Flag.extended == 0, kind & (kind &- 1) == 0,
            kind == Flag.bits || flags & Flag.zeroes == 0
        else {
            throw StreamError(
                .value(
                    expected: "one of START, COMPLETE, BITS, or the end", found: hex(flags, digits: 2)),
                path: ["chunk", "flags"], offset: at)
        }
        if flags & Flag.deviceName != 0 {
            node = try input.field("chunk") { (i) throws(ByteError) in try i.string8() }
        }
        if flags & Flag.bitmapName != 0 {
            bitmap = try input.field("chunk") { (i) throws(ByteError) in try i.string8() }
        }
        guard kind == 0 || !bitmap.isEmpty else {
            throw StreamError(
                .value(expected: "the name of a bitmap before its first chunk", found: "none"),
                path: ["chunk"], offset: at)
        }
        let content: DirtyBitmapChunk.Content =
            switch kind {
            case Flag.start: try start(input)
            case Flag.complete: .complete
            case Flag.bits: try bits(input, isZero: flags & Flag.zeroes != 0)
            default: .none
            }
        return DirtyBitmapChunk(
            node: node, bitmap: bitmap, content: content, isLast: flags & Flag.last != 0,
            namesNode: flags & Flag.deviceName != 0, namesBitmap: flags & Flag.bitmapName != 0)
    }

    private func start(_ input: InputBuffer) throws(StreamError) -> DirtyBitmapChunk.Content {
        let at = input.offset
        let (granularity, flags) = try input.field("chunk") { (i) throws(ByteError) in
            (try i.uint32(), try i.uint8())
        }
        guard granularity >= 512, granularity & (granularity - 1) == 0 else {
            throw StreamError(
                .value(expected: "a power of two from 512 on", found: "\(granularity)"),
                path: ["chunk", "granularity"], offset: at)
        }
        guard flags & 0xF8 == 0 else {
            throw StreamError(
                .value(expected: "flags below 8", found: hex(flags, digits: 2)),
                path: ["chunk", "bitmap flags"], offset: at + 4)
        }
        return .start(
            granularity: granularity, isEnabled: flags & 1 != 0, isPersistent: flags & 2 != 0,
            isIgnored: flags & 4 != 0)
    }

    private func bits(_ input: InputBuffer, isZero: Bool) throws(StreamError) -> DirtyBitmapChunk.Content {
        let (first, count) = try input.field("chunk") { (i) throws(ByteError) in
            (try i.uint64(), try i.uint32())
        }
        guard !isZero else { return .bits(firstSector: first, sectors: count, data: nil) }
        let at = input.offset
        let size = try input.field("chunk") { (i) throws(ByteError) in try i.uint64() }
        guard size <= Self.maximumData else {
            throw StreamError(
                .value(expected: "at most \(bytes(Self.maximumData)) of bits", found: "\(size)"),
                path: ["chunk", "size"], offset: at)
        }
        let data = try input.field("chunk") { (i) throws(ByteError) in try i.bytes(Int(size)) }
        return .bits(firstSector: first, sectors: count, data: data)
    }
}
