public import Bytes

/// Where a block of a `mapped-ram` file lies: behind its entry in the block list.
///
/// ```text
/// u32 1   u64 page size   u64 offset of the bitmap   u64 offset of page 0
/// bitmap, padding, pages; then the stream goes on
/// ```
///
/// Bit i of the bitmap is bit i % 8 of byte i / 8; where it is clear, page i is zero and its room may be a hole.
/// Offsets are counted from byte 0 of the file, wherever the stream begins in it.
public struct MappedRAMHeader: Equatable, Sendable {
    public static let version: UInt32 = 1
    /// Bytes of the header.
    public static let length = 28
    /// What page 0 is aligned to by writers, in bytes.
    public static let alignment: UInt64 = 1 << 20
    /// Longest bitmap that is read: 2 TiB of pages of 4 KiB.
    static let maximumBitmap = 64 << 20

    /// Bytes of a page.
    public var pageSize: UInt64
    /// File offset of the bitmap: directly behind the header.
    public var bitmapOffset: UInt64
    /// File offset of page 0.
    public var pagesOffset: UInt64

    /// Where a writer puts a block's bitmap and pages whose header begins at `offset`.
    public init(at offset: UInt64, length: UInt64, pageSize: UInt64) {
        self.pageSize = pageSize
        bitmapOffset = offset + UInt64(Self.length)
        let end = bitmapOffset + Self.bitmapLength(pages: length / pageSize)
        pagesOffset = (end + Self.alignment - 1) / Self.alignment * Self.alignment
    }

    init(pageSize: UInt64, bitmapOffset: UInt64, pagesOffset: UInt64) {
        self.pageSize = pageSize
        self.bitmapOffset = bitmapOffset
        self.pagesOffset = pagesOffset
    }

    /// Bytes of the bitmap of so many pages.
    public static func bitmapLength(pages: UInt64) -> UInt64 { (pages / 64 + (pages % 64 == 0 ? 0 : 1)) * 8 }

    public func encode(to writer: inout ByteWriter) {
        writer.uint32(Self.version)
        writer.uint64(pageSize)
        writer.uint64(bitmapOffset)
        writer.uint64(pagesOffset)
    }

    /// - Parameters:
    ///   - block: whose header it is, for errors; its length says how long the bitmap is.
    ///   - pageSize: the target's page size in bytes; the header's must be the same.
    static func decode(
        of block: RAMBlockDescription, pageSize: Int, from input: InputBuffer
    ) throws(StreamError) -> MappedRAMHeader {
        let start = input.offset
        func refuse(_ name: String, _ at: UInt64, _ expected: String, _ found: String) -> StreamError {
            StreamError(
                .value(expected: expected, found: found),
                path: ["block list", block.name, "mapped-ram", name], offset: start + at)
        }
        let version = try input.field("mapped-ram") { (i) throws(ByteError) in try i.uint32() }
        guard version == Self.version else {
            throw StreamError(
                .version(found: version, supported: Self.version...Self.version),
                path: ["block list", block.name, "mapped-ram"], offset: start)
        }
        let header = try input.field("mapped-ram") { (i) throws(ByteError) in
            MappedRAMHeader(
                pageSize: try i.uint64(), bitmapOffset: try i.uint64(), pagesOffset: try i.uint64())
        }
        guard header.pageSize == UInt64(pageSize) else {
            throw refuse("page size", 4, "\(pageSize)", "\(header.pageSize)")
        }
        guard header.bitmapOffset == input.offset else {
            throw refuse(
                "bitmap offset", 12, "\(input.offset), right behind the header", "\(header.bitmapOffset)")
        }
        let length = bitmapLength(pages: block.length / header.pageSize)
        guard length <= UInt64(maximumBitmap) else {
            throw refuse("bitmap", 4, "a bitmap of at most \(maximumBitmap) bytes", "\(length)")
        }
        let end = header.bitmapOffset + length
        guard header.pagesOffset >= end, header.pagesOffset % UInt64(pageSize) == 0,
            header.pagesOffset <= UInt64(Int64.max)
        else {
            throw refuse(
                "pages offset", 20, "a multiple of \(pageSize) from \(end) on", "\(header.pagesOffset)")
        }
        return header
    }
}
