public import Bytes

/// One record of the `ram` section, its bytes where they lie: valid until the next one is read.
@safe public enum RAMRecord {
    /// A block of the list; `index` is what page records say.
    case block(RAMBlockDescription, index: Int)
    /// A whole page.
    case page(block: Int, offset: UInt64, UnsafeRawBufferPointer)
    /// A page of zeros.
    case zero(block: Int, offset: UInt64)
    /// The difference to what the page was, see ``XBZRLE``; it has been checked.
    case delta(block: Int, offset: UInt64, UnsafeRawBufferPointer)
    /// A page that came packed with zlib (QEMU before 9.1), `packed` bytes of it, and has been unpacked.
    case unpacked(block: Int, offset: UInt64, UnsafeRawBufferPointer, packed: Int)
    /// RDMA only.
    case hook
    /// Waits for the SYNC of all multifd channels (QEMU 8.1 and later).
    case multifdFlush
    /// Ends the section's body.
    case end
}

/// Reads every kind of record that QEMU 7.2 to 10.0 send, one by one and without copies: for tools, and for channels
/// whose pages wait for something. A destination's plain precopy goes through ``RAMDecoder``.
@safe public struct RAMRecordReader {
    /// Set before the first record.
    public var format = RAMFormat()
    /// The blocks listed so far.
    public private(set) var blocks: [RAMBlockDescription] = []
    private var decoder = RAMDecoder(blocks: nil)
    private var list: RAMBlockListReader?
    private var mapped: MappedPages?
    private var unpacker: PageUnpacker?

    /// Pages of a `mapped-ram` block that are still to be read.
    private struct MappedPages {
        let block: Int
        let bitmap: [UInt8]
        let count: UInt64
        var next: UInt64 = 0
        /// Room of pages of zeros before the next page, in bytes: a hole that is passed over at once.
        var gap: UInt64 = 0
    }

    public init() {}

    /// A reader for another channel of the same stream (postcopy-preempt): it knows the blocks and remembers none.
    public func forOtherChannel() -> RAMRecordReader {
        var copy = self
        copy.decoder.forgetBlock()
        copy.unpacker = nil
        return copy
    }

    /// The index of a block, nil when the list does not have it.
    public func index(of name: String) -> Int? { blocks.firstIndex { $0.name == name } }

    /// Reads the next record of a section's body, ``RAMRecord/end`` included.
    ///
    /// - Parameter isSetup: it is the START section's body, which has the list.
    public mutating func next(_ input: InputBuffer, isSetup: Bool) throws(StreamError) -> RAMRecord {
        if mapped != nil, let record = try nextMapped(input) { return record }
        if list != nil, let record = try nextBlock(input) { return record }
        let header = try input.field("record") { (i) throws(ByteError) in try i.uint64() }
        let mask = UInt64(format.pageSize) - 1
        let offset = header & ~mask
        let flags = RAMFlags(rawValue: header & mask)
        let at = input.offset &- 8
        switch flags {
        case .eos where offset == 0:
            guard decoder.isListed else {
                throw StreamError(
                    .value(expected: "the block list", found: "the end of the records"), path: ["record"],
                    offset: at)
            }
            return .end
        case .multifdFlush where offset == 0 && !format.isMapped: return .multifdFlush
        case .hook where !format.isMapped: return .hook
        case .memSize where isSetup && !decoder.isListed:
            list = RAMBlockListReader(total: offset, format: format)
            if let record = try nextBlock(input) { return record }
            return try next(input, isSetup: isSetup)
        case _ where format.isMapped: throw decoder.refused(header, at: at)
        case .zero, [.zero, .continue]:
            let block = try decoder.locate(header, offset, input)
            let fill = try input.field("page") { (i) throws(ByteError) in try i.uint8() }
            guard fill == 0 else {
                throw StreamError(
                    .value(expected: "fill byte 0", found: hex(fill, digits: 2)), path: ["page"],
                    offset: input.offset &- 1)
            }
            return .zero(block: block, offset: offset)
        case .page, [.page, .continue]:
            let block = try decoder.locate(header, offset, input)
            return unsafe .page(block: block, offset: offset, try input.lendPage(format.pageSize))
        case .xbzrle, [.xbzrle, .continue]:
            let block = try decoder.locate(header, offset, input)
            let size = format.pageSize
            let delta = unsafe try input.delta(pageSize: size) { (delta) throws(XBZRLE.Problem) in
                unsafe try XBZRLE.check(delta, pageSize: size)
                return unsafe delta
            }
            return unsafe .delta(block: block, offset: offset, delta)
        case .compressPage, [.compressPage, .continue]:
            let block = try decoder.locate(header, offset, input)
            return try unpacked(input, block, offset)
        default: throw decoder.refused(header, at: at)
        }
    }

    private mutating func nextBlock(_ input: InputBuffer) throws(StreamError) -> RAMRecord? {
        guard let block = try list?.next(input) else {
            list = nil
            decoder.list(blocks)
            return nil
        }
        if let header = block.mapped {
            let count = block.length / header.pageSize
            let bitmap = try input.field("mapped-ram") { (i) throws(ByteError) in
                let bitmap = try i.bytes(Int(MappedRAMHeader.bitmapLength(pages: count)))
                try i.skip(header.pagesOffset - i.offset)
                return bitmap
            }
            mapped = MappedPages(block: blocks.count, bitmap: bitmap, count: count)
        }
        blocks.append(block)
        return .block(block, index: blocks.count - 1)
    }

    private mutating func nextMapped(_ input: InputBuffer) throws(StreamError) -> RAMRecord? {
        guard var pages = mapped, pages.next < pages.count else {
            let gap = mapped?.gap ?? 0
            mapped = nil
            try input.field("page") { (i) throws(ByteError) in try i.skip(gap) }
            return nil
        }
        let page = pages.next
        let offset = page * UInt64(format.pageSize)
        let isZero = pages.bitmap[Int(page / 8)] >> UInt8(page % 8) & 1 == 0
        let gap = pages.gap
        pages.gap = isZero ? gap + UInt64(format.pageSize) : 0
        pages.next += 1
        mapped = pages
        guard !isZero else { return .zero(block: pages.block, offset: offset) }
        try input.field("page") { (i) throws(ByteError) in try i.skip(gap) }
        return unsafe .page(block: pages.block, offset: offset, try input.lendPage(format.pageSize))
    }

    private mutating func unpacked(
        _ input: InputBuffer, _ block: Int, _ offset: UInt64
    ) throws(StreamError) -> RAMRecord {
        let packed = unsafe try input.packedPage(pageSize: format.pageSize)
        let at = input.offset &- UInt64(packed.count)
        if unpacker == nil { unpacker = PageUnpacker(pageSize: format.pageSize) }
        guard let unpacker else {
            throw StreamError(.notSupported("unpacking without memory"), path: ["page"], offset: at)
        }
        let page = unsafe try unpacker.unpack(packed, at: at)
        return unsafe .unpacked(block: block, offset: offset, page, packed: packed.count)
    }
}
