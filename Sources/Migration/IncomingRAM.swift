import Bytes
import Glibc
import GuestMemory
import MigrationStream

/// Guest memory as the target of a stream's pages.
///
/// A stream carries every page of the blocks that it lists, so a block begins empty: pages of zeros that were never
/// written are not touched, and where whole pages arrive in a row, the memory ahead is prepared by a thread.
@safe
final class IncomingRAM: RAMSink {
    /// Pages that are prepared with one request, and how many may be prepared and not yet filled: a run that ends
    /// leaves no more than that to give back.
    private static let chunk = PagePreparer.size / guestPageSize
    private static let maximumAhead = 8

    private let blocks: [RAMBlock]
    /// Bit per page and block: it may hold something.
    private var written: [Bitmap]
    /// Bit per chunk and block: it was asked for.
    private var prepared: [Bitmap]
    private var unfilled = 0
    private let preparer = PagePreparer()
    /// The page after the last one that arrived, and how many arrived in a row.
    private var expected = 0
    private var expectedBlock = -1
    private var run = 0

    init(_ memory: GuestMemory) {
        blocks = memory.blocks
        // Until the stream lists a block nothing is known about it.
        written = memory.blocks.map {
            var bitmap = Bitmap(count: $0.pageCount)
            bitmap.setAll()
            return bitmap
        }
        prepared = memory.blocks.map { Bitmap(count: $0.pageCount / Self.chunk + 2) }
    }

    deinit {
        preparer.end()
        giveBack()
    }

    func announced(_ block: RAMBlockDescription, index: Int) {
        blocks[index].discardAll()
        written[index].clearAll()
    }

    func page(block: Int, offset: UInt64) -> UnsafeMutableRawBufferPointer {
        let page = Int(offset) / guestPageSize
        if !written[block][page] {
            written[block][page] = true
            arrived(block, page)
        }
        return unsafe UnsafeMutableRawBufferPointer(
            start: blocks[block].base + page * guestPageSize, count: guestPageSize)
    }

    func zero(block: Int, offset: UInt64) {
        let page = Int(offset) / guestPageSize
        guard written[block][page] else { return }
        unsafe memset(blocks[block].base + page * guestPageSize, 0, guestPageSize)
    }

    // MARK: Memory ahead

    /// Pages from the block's start to the first address that is a multiple of a chunk.
    private func lead(_ block: Int) -> Int {
        let address = unsafe Int(bitPattern: blocks[block].base) / guestPageSize
        return (Self.chunk - address % Self.chunk) % Self.chunk
    }

    /// A page is about to be filled for the first time.
    @inline(__always)
    private func arrived(_ block: Int, _ page: Int) {
        run = page == expected && block == expectedBlock ? run + 1 : 0
        expected = page + 1
        expectedBlock = block
        let place = page - lead(block)
        guard place >= 0 else { return }
        if prepared[block][place / Self.chunk] { unfilled -= 1 }
        if run >= Self.chunk / 2, place % (Self.chunk / 2) == 0 { prepareAhead(block, place / Self.chunk) }
    }

    /// The longer the run was, the further ahead.
    private func prepareAhead(_ block: Int, _ current: Int) {
        let ahead = max(1, min(Self.maximumAhead, run / Self.chunk))
        let start = lead(block)
        for chunk in current + 1...current + ahead {
            let first = start + chunk * Self.chunk
            guard first + Self.chunk <= blocks[block].pageCount,
                unfilled + Self.chunk <= Self.maximumAhead * Self.chunk
            else { return }
            guard !prepared[block][chunk] else { continue }
            prepared[block][chunk] = true
            for page in first..<first + Self.chunk where !written[block][page] { unfilled += 1 }
            unsafe preparer.prepare(blocks[block].base + first * guestPageSize)
        }
    }

    /// Returns the pages that were prepared in vain.
    private func giveBack() {
        guard unfilled > 0 else { return }
        for (index, block) in blocks.enumerated() {
            var next = prepared[index].next(from: 0)
            while let chunk = next {
                var page = lead(index) + chunk * Self.chunk
                let end = page + Self.chunk
                while page < end {
                    let first = page
                    while page < end, !written[index][page] { page += 1 }
                    if page > first {
                        let count = (page - first) * guestPageSize
                        unsafe _ = madvise(block.base + first * guestPageSize, count, MADV_DONTNEED)
                    }
                    while page < end, written[index][page] { page += 1 }
                }
                next = prepared[index].next(from: chunk + 1)
            }
        }
    }
}
