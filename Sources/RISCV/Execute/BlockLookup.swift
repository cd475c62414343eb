import GuestMemory

extension Hart {
    /// Longest block in instructions.
    static let blockLimit = 64
    static let jumpCacheCount = 4096

    /// The block that starts at `context.pc`; nil with the exception's cause set when there is none.
    @inline(never)
    func findBlock() -> UnsafeMutablePointer<Block>? {
        let pc = unsafe context.pointee.pc
        let now = unsafe generation | context.pointee.privilege
        let place =
            unsafe jumpCache + Int(truncatingIfNeeded: (pc >> 1 ^ pc >> 13) & UInt64(Self.jumpCacheCount - 1))
        if let block = unsafe place.pointee, unsafe block.pointee.pc == pc && block.pointee.generation == now
        {
            return unsafe block
        }
        guard let (physical, host) = unsafe fetchAddress(pc) else { return nil }
        if let block = unsafe blocks.find(pc, physical) {
            if unsafe isCurrent(block, host) && (block.pointee.count == 1 || isEntered(pc)) {
                unsafe block.pointee.generation = now
                unsafe place.pointee = block
                return unsafe block
            }
            unsafe blocks.remove(block)
            // Links to it must not be followed any more.
            unsafe block.pointee.generation = .max
        }
        if blocks.isFull {
            blocks.clear()
            unsafe jumpCache.update(repeating: nil, count: Self.jumpCacheCount)
        }
        guard let block = unsafe decodeBlock(pc, physical, host) else { return nil }
        unsafe block.pointee.generation = now
        unsafe blocks.insert(block)
        unsafe place.pointee = block
        return unsafe block
    }

    /// Compares a block's bytes when a fence.i has come since the last time.
    private func isCurrent(_ block: UnsafeMutablePointer<Block>, _ host: UnsafeMutableRawPointer) -> Bool {
        guard let source = unsafe block.pointee.source, unsafe source == host else { return false }
        if unsafe block.pointee.fenceEpoch == fenceEpoch { return true }
        let count = unsafe Int(block.pointee.byteCount)
        guard
            unsafe UnsafeRawBufferPointer(start: source, count: count).elementsEqual(
                UnsafeRawBufferPointer(start: block.pointee.copy, count: count))
        else { return false }
        unsafe block.pointee.fenceEpoch = fenceEpoch
        return true
    }

    /// Where instructions at `pc` stand; nil with the cause set.
    private func fetchAddress(_ pc: UInt64) -> (physical: UInt64, host: UnsafeMutableRawPointer)? {
        let entry =
            unsafe tlb + regimeIndex(privilege: context.pointee.privilege, sum: false) * TLB.count
            + TLB.index(pc)
        if unsafe entry.pointee.executeTag == pc & ~4095,
            let host = unsafe UnsafeMutableRawPointer(bitPattern: UInt(entry.pointee.addend &+ pc))
        {
            // The host address serves as physical address: both name the same page.
            return unsafe (entry.pointee.addend &+ pc, host)
        }
        guard let target = unsafe resolve(pc, 2, .execute) else { return nil }
        guard case .memory(let host) = unsafe target else {
            unsafe context.pointee.cause = Cause.fetchAccess
            unsafe context.pointee.trapValue = pc
            return nil
        }
        return unsafe (UInt64(UInt(bitPattern: host)), host)
    }

    /// True when code of the page at `pc` may be fetched without asking.
    private func isEntered(_ pc: UInt64) -> Bool {
        let regime = unsafe regimeIndex(privilege: context.pointee.privilege, sum: false)
        return unsafe tlb[regime * TLB.count + TLB.index(pc)].executeTag == pc & ~4095
    }

    private func decodeBlock(
        _ pc: UInt64, _ physical: UInt64, _ host: UnsafeMutableRawPointer
    ) -> UnsafeMutablePointer<Block>? {
        // Nothing leads to an odd address. If something did, the last half word would reach out of its page.
        guard pc & 1 == 0 else {
            unsafe context.pointee.cause = Cause.fetchMisaligned
            unsafe context.pointee.trapValue = pc
            return nil
        }
        let room = Int(4096 - (pc & 4095))
        // Where PMP does not treat the page as one, each instruction is asked for by itself.
        let limit = isEntered(pc) ? Self.blockLimit : 1
        let scratch = unsafe decodeScratch
        let scratchOffsets = unsafe decodeOffsets
        var count = 0
        var offset = 0
        var crossing: UInt32?
        while count < limit, offset < room {
            let half = unsafe (host + offset).load(as: UInt16.self)
            let word: UInt32
            let length: Int
            if half & 3 != 3 {
                word = Decoder.expand(half)
                length = 2
            } else if offset + 4 <= room {
                word = unsafe (host + offset).loadUnaligned(as: UInt32.self)
                length = 4
            } else if count > 0 {
                break
            } else {
                // The second half is on the next page, which may be anywhere, or missing.
                guard let (_, second) = unsafe fetchAddress(pc &+ 2) else { return nil }
                word = unsafe UInt32(half) | UInt32(second.load(as: UInt16.self)) << 16
                length = 4
                crossing = word
            }
            var instruction = Decoder.decode(word, offset: Int32(offset))
            if length == 2, word == 0 || instruction.operation == .illegal {
                instruction = Instruction(.illegal, immediate: Int32(half))
            }
            unsafe scratch[count] = instruction
            unsafe scratchOffsets[count] = UInt16(offset)
            count += 1
            offset += length
            if Decoder.endsBlock(instruction.operation) || crossing != nil { break }
        }
        if unsafe !Decoder.endsBlock(scratch[count - 1].operation) {
            // Leaves the block without a jump; not an instruction of the guest.
            unsafe scratch[count] = Instruction(.next)
        }
        unsafe scratchOffsets[count] = UInt16(offset)

        let block = unsafe blocks.allocate(MemoryLayout<Block>.size).bindMemory(to: Block.self, capacity: 1)
        let instructions = unsafe blocks.allocate((count + 1) * MemoryLayout<Instruction>.stride)
            .bindMemory(to: Instruction.self, capacity: count + 1)
        let offsets = unsafe blocks.allocate((count + 1) * 2).bindMemory(to: UInt16.self, capacity: count + 1)
        let copy = unsafe blocks.allocate(offset)
        unsafe Fusion.fuse(scratch, count: count)
        unsafe instructions.initialize(from: scratch, count: count + 1)
        unsafe offsets.initialize(from: scratchOffsets, count: count + 1)
        if let crossing {
            unsafe copy.storeBytes(of: crossing, as: UInt32.self)
        } else {
            unsafe copy.copyMemory(from: host, byteCount: offset)
        }
        unsafe block.initialize(
            to: Block(
                pc: pc, physical: physical, generation: 0, fenceEpoch: fenceEpoch, instructions: instructions,
                offsets: offsets, copy: copy, source: crossing == nil ? host : nil, count: UInt64(count),
                byteCount: UInt64(offset), taken: nil, fallThrough: nil, nextInSlot: nil))
        return unsafe block
    }
}
