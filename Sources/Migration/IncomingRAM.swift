import Bytes
import Glibc
import GuestMemory
import MigrationStream

/// Guest memory as the target of a stream's pages.
///
/// A stream carries every page of the blocks that it lists, so a block begins empty: pages of zeros that were never
/// written are not touched, and where whole pages arrive in a row, those to come are prepared ahead by a thread.
@safe
final class IncomingRAM: RAMSink {
    private let blocks: [RAMBlock]
    /// Bit per page and block: it may hold something.
    private let written: [UnsafeMutablePointer<UInt64>]
    private let preparer = PagePreparer()
    private var expected: UnsafeMutableRawPointer?
    private var run = 0

    init(_ memory: GuestMemory) {
        blocks = memory.blocks
        unsafe written = memory.blocks.map { block in
            let words = block.pageCount / 64 + 1
            let bits = UnsafeMutablePointer<UInt64>.allocate(capacity: words)
            // Until the stream lists the block nothing is known about it.
            unsafe bits.initialize(repeating: .max, count: words)
            return unsafe bits
        }
    }

    deinit {
        preparer.end()
        unsafe written.forEach { unsafe $0.deallocate() }
    }

    func announced(_ block: RAMBlockDescription, index: Int) {
        blocks[index].discardAll()
        unsafe written[index].update(repeating: 0, count: blocks[index].pageCount / 64 + 1)
    }

    func page(block: Int, offset: UInt64) -> UnsafeMutableRawBufferPointer {
        let page = Int(offset) / guestPageSize
        let target = unsafe blocks[block].base + page * guestPageSize
        let mask = UInt64(1) << UInt64(page & 63)
        let words = unsafe written[block]
        if unsafe words[page >> 6] & mask == 0 {
            unsafe words[page >> 6] |= mask
            run = unsafe target == expected ? run + 1 : 0
            unsafe expected = target + guestPageSize
            if run >= PagePreparer.chunk, page % PagePreparer.chunk == 0 {
                let left = blocks[block].pageCount - page - 1
                unsafe preparer.prepare(
                    target + guestPageSize,
                    count: min(left, PagePreparer.ahead * PagePreparer.chunk) * guestPageSize)
            }
        }
        return unsafe UnsafeMutableRawBufferPointer(start: target, count: guestPageSize)
    }

    func zero(block: Int, offset: UInt64) {
        let page = Int(offset) / guestPageSize
        guard unsafe written[block][page >> 6] & (1 << UInt64(page & 63)) != 0 else { return }
        unsafe memset(blocks[block].base + page * guestPageSize, 0, guestPageSize)
    }
}
