import Bytes
import Glibc
import GuestMemory
import MigrationStream

/// Guest memory as the target of a stream's pages.
@safe
final class IncomingRAM: RAMSink {
    private let blocks: [RAMBlock]

    init(_ memory: GuestMemory) { blocks = memory.blocks }

    func page(block: Int, offset: UInt64) -> UnsafeMutableRawBufferPointer {
        unsafe UnsafeMutableRawBufferPointer(
            start: blocks[block].base + Int(offset), count: guestPageSize)
    }

    func zero(block: Int, offset: UInt64) {
        // Reading memory that was never touched commits nothing; writing would.
        let target = blocks[block]
        guard !target.isZeroPage(Int(offset) / guestPageSize) else { return }
        unsafe memset(target.base + Int(offset), 0, guestPageSize)
    }
}
