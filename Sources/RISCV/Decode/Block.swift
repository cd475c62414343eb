/// A run of decoded instructions that is entered at its start and left at its end, in memory of the ``BlockCache``.
@unsafe struct Block {
    /// Virtual address of the first instruction; the block is of no use at another.
    var pc: UInt64
    /// Physical address of the first instruction.
    var physical: UInt64
    /// Hart generation (translations, privilege) in which the block was last found to be right.
    var generation: UInt64
    /// fence.i count at which the bytes were last compared.
    var fenceEpoch: UInt64
    var instructions: UnsafeMutablePointer<Instruction>
    /// Distance of each instruction from the start in bytes, and of what follows the last.
    var offsets: UnsafeMutablePointer<UInt16>
    /// The bytes that were decoded.
    var copy: UnsafeMutableRawPointer
    /// The bytes in guest memory; nil when they are on two pages that need not be neighbours.
    var source: UnsafeMutableRawPointer?
    var count: UInt64
    var byteCount: UInt64
    /// Blocks that followed the last times, by the branch taken or not; right only in their generation.
    var taken: UnsafeMutablePointer<Block>?
    var fallThrough: UnsafeMutablePointer<Block>?
    /// Next in the chain of one hash slot.
    var nextInSlot: UnsafeMutablePointer<Block>?
}

/// All blocks of one hart. Its own thread only.
@safe
final class BlockCache {
    private static let slotCount = 1 << 14
    private static let chunkSize = 1 << 20
    /// When so much is in use, all is forgotten and begun anew.
    private static let limit = 96 << 20

    private let slots: UnsafeMutablePointer<UnsafeMutablePointer<Block>?>
    private var chunks: [UnsafeMutableRawPointer] = unsafe []
    private var chunkIndex = 0
    private var position = 0

    init() {
        unsafe slots = .allocate(capacity: Self.slotCount)
        unsafe slots.initialize(repeating: nil, count: Self.slotCount)
    }

    deinit {
        unsafe slots.deallocate()
        for index in unsafe chunks.indices { unsafe chunks[index].deallocate() }
    }

    private static func slot(_ pc: UInt64, _ physical: UInt64) -> Int {
        Int(truncatingIfNeeded: (physical >> 1 ^ physical >> 15 ^ pc >> 30) & UInt64(slotCount - 1))
    }

    func find(_ pc: UInt64, _ physical: UInt64) -> UnsafeMutablePointer<Block>? {
        var block = unsafe slots[Self.slot(pc, physical)]
        while let candidate = unsafe block {
            if unsafe candidate.pointee.physical == physical && candidate.pointee.pc == pc {
                return unsafe candidate
            }
            unsafe block = candidate.pointee.nextInSlot
        }
        return nil
    }

    func insert(_ block: UnsafeMutablePointer<Block>) {
        let slot = unsafe Self.slot(block.pointee.pc, block.pointee.physical)
        unsafe block.pointee.nextInSlot = slots[slot]
        unsafe slots[slot] = block
    }

    func remove(_ block: UnsafeMutablePointer<Block>) {
        let slot = unsafe Self.slot(block.pointee.pc, block.pointee.physical)
        if unsafe slots[slot] == block {
            unsafe slots[slot] = block.pointee.nextInSlot
            return
        }
        var other = unsafe slots[slot]
        while let candidate = unsafe other {
            if unsafe candidate.pointee.nextInSlot == block {
                unsafe candidate.pointee.nextInSlot = block.pointee.nextInSlot
                return
            }
            unsafe other = candidate.pointee.nextInSlot
        }
    }

    /// True when there is so much that ``clear()`` is due.
    var isFull: Bool { chunkIndex * Self.chunkSize > Self.limit }

    /// Forgets every block; their memory is used again.
    func clear() {
        unsafe slots.update(repeating: nil, count: Self.slotCount)
        chunkIndex = 0
        position = 0
    }

    /// Memory that lives until the next ``clear()``, aligned to 16 bytes.
    func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer {
        let size = (byteCount + 15) & ~15
        if unsafe chunkIndex == chunks.count || position + size > Self.chunkSize {
            if unsafe chunkIndex < chunks.count { chunkIndex += 1 }
            if unsafe chunkIndex == chunks.count {
                unsafe chunks.append(.allocate(byteCount: Self.chunkSize, alignment: 64))
            }
            position = 0
        }
        defer { position += size }
        return unsafe chunks[chunkIndex] + position
    }
}
