import Glibc
import GuestMemory
import MigrationStream

/// Guest memory as the target of a stream's pages.
///
/// A stream carries every page of the blocks that it lists, so a block begins empty: pages of zeros that were never
/// written are not touched, and where whole pages arrive in a row, the memory ahead is prepared by a thread. What was
/// prepared in vain is given back as soon as the stream is past it, not at the end: the guest is waited for then.
@safe
final class IncomingRAM: RAMSink {
    /// Pages that are prepared with one request, and how many requests may lie ahead of the stream.
    private static let chunk = PagePreparer.size / guestPageSize
    private static let maximumAhead = 8

    private let blocks: [RAMBlock]
    /// Blocks in shared files have what the guest has: nothing of them comes.
    private let keepsSharedFiles: Bool
    /// By block: the pages that may hold something.
    let written: [ReceivedPages]
    /// By block: bytes of it that the stream has, 0 until it has listed the block, and for one that is kept.
    private(set) var lengths: [UInt64]
    /// The channels that bring the pages, if there are any.
    private let multifd: MultifdReceiver
    private let preparer = PagePreparer()
    /// From the first packed page on.
    private var unpackers: PageUnpackers?
    private let unpackingThreads: Int
    /// First pages of the chunks that were asked for and not yet passed, ascending, all in ``runBlock``.
    private var ahead: [Int] = []
    /// Those that the stream has passed while the thread was at work on them.
    private var late: [(block: Int, first: Int)] = []
    /// The page that the stream has to reach for the first of them to be behind it; `Int.max`: there is none.
    private var boundary = Int.max
    /// The page after the last one that arrived for the first time, and how many arrived in a row.
    private var expected = 0
    private var runBlock = -1
    private var run = 0

    init(_ memory: GuestMemory, multifd: MultifdReceiver, _ settings: MigrationSettings) {
        blocks = memory.blocks
        keepsSharedFiles = settings.keepsSharedFiles
        unpackingThreads = Int(settings.decompressThreads)
        lengths = memory.blocks.map { _ in 0 }
        self.multifd = multifd
        // Until the stream lists a block nothing is known about it.
        written = memory.blocks.map {
            let pages = ReceivedPages(pageCount: $0.capacity / guestPageSize)
            pages.insertAll()
            return pages
        }
    }

    deinit { preparer.end() }

    /// All pages have come. Before the guest runs, which may write to pages that would be given back; the thread is not
    /// waited for, so that one chunk may stay.
    func finish() {
        unpackers?.end()
        pass(to: .max)
    }

    func announced(_ block: RAMBlockDescription, index: Int) {
        guard !keepsSharedFiles || !blocks[index].isSharedFile else { return }
        blocks[index].discardAll()
        blocks[index].resize(to: Int(block.length))
        written[index].removeAll()
        lengths[index] = block.length
    }

    func synchronize(at mark: MultifdMark) throws(StreamError) {
        if !multifd.isEmpty {
            try multifd.synchronize(with: self)
        } else if mark == .flush {
            throw StreamError(
                .value(expected: "pages on this channel", found: "a mark for multifd channels"),
                path: ["record"], offset: 0,
                remedy: "set the capability multifd to the same value on both sides")
        }
    }

    func page(block: Int, offset: UInt64) -> UnsafeMutableRawBufferPointer {
        let page = Int(offset) / guestPageSize
        if written[block].insert(page) { arrived(block, page) }
        let start = unsafe blocks[block].base + page * guestPageSize
        if let unpackers { unsafe unpackers.settle(start) }
        return unsafe UnsafeMutableRawBufferPointer(start: start, count: guestPageSize)
    }

    func packed(_ packed: UnsafeRawBufferPointer, at: UInt64, block: Int, offset: UInt64) -> Bool {
        if unpackers == nil { unpackers = PageUnpackers(threads: unpackingThreads) }
        guard let unpackers else { return false }
        let page = Int(offset) / guestPageSize
        if written[block].insert(page) { arrived(block, page) }
        unsafe unpackers.unpack(packed, at: at, to: blocks[block].base + page * guestPageSize)
        return true
    }

    func finishBody() throws(StreamError) { try unpackers?.finish() }

    func zero(block: Int, offset: UInt64) {
        let page = Int(offset) / guestPageSize
        guard written[block].contains(page) else {
            if page >= boundary, block == runBlock { pass(to: page) }
            return
        }
        if let unpackers { unsafe unpackers.settle(blocks[block].base + page * guestPageSize) }
        blocks[block].clear(page)
    }

    // MARK: Memory ahead

    /// A page is about to be filled for the first time.
    @inline(__always)
    private func arrived(_ block: Int, _ page: Int) {
        if block != runBlock {
            pass(to: .max)
            runBlock = block
            run = 0
        } else {
            run = page == expected ? run + 1 : 0
            if page >= boundary { pass(to: page) }
        }
        expected = page + 1
        if run >= Self.chunk / 2, page % (Self.chunk / 2) == 0 { prepareAhead(of: page) }
    }

    /// The longer the run was, the further ahead.
    private func prepareAhead(of page: Int) {
        let block = blocks[runBlock]
        // Addresses, not pages, are multiples of a chunk's size.
        let address = unsafe Int(bitPattern: block.base) / guestPageSize
        let next = (address + page) / Self.chunk * Self.chunk + Self.chunk - address
        let count = max(1, min(Self.maximumAhead, run / Self.chunk))
        for first in stride(from: next, to: next + count * Self.chunk, by: Self.chunk) {
            guard first + Self.chunk <= block.pageCount, ahead.count < Self.maximumAhead else { return }
            guard first > ahead.last ?? -1 else { continue }
            ahead.append(first)
            boundary = ahead[0] + Self.chunk
            unsafe preparer.prepare(block.base + first * guestPageSize)
        }
    }

    /// The stream is at `page` of the run's block: gives back what was prepared before it and not filled.
    private func pass(to page: Int) {
        late.removeAll { giveBack($0.block, $0.first) }
        while let first = ahead.first, page >= first + Self.chunk {
            ahead.removeFirst()
            if !giveBack(runBlock, first) { late.append((runBlock, first)) }
        }
        boundary = ahead.first.map { $0 + Self.chunk } ?? .max
    }

    /// False when the thread is at work there: what is given back now would come again.
    private func giveBack(_ index: Int, _ first: Int) -> Bool {
        let block = blocks[index]
        guard unsafe preparer.forget(block.base + first * guestPageSize) else { return false }
        var page = first
        let end = first + Self.chunk
        while page < end {
            let start = page
            while page < end, !written[index].contains(page) { page += 1 }
            if page > start {
                block.discard(at: start * guestPageSize, count: (page - start) * guestPageSize)
            }
            while page < end, written[index].contains(page) { page += 1 }
        }
        return true
    }
}
