extension SequenceGenerator {
    /// A base register and an offset that stay inside the data; half of them aligned.
    private mutating func place(_ size: Int) -> (base: UInt32, offset: Int) {
        let base = pick(Self.bases)
        var offset = below(4096) - 2048
        if base.offset + offset < 0 { offset = below(2000) }
        // Often across the border between two pages.
        if base.register == 9, below(3) == 0 { offset = below(16) - 8 }
        if below(2) == 0 { offset &= ~(size - 1) }
        return (base.register, min(offset, 2047))
    }

    mutating func emitMemory(_ code: inout Assembler) {
        switch below(8) {
        case 0, 1, 2:
            let width = UInt32(below(7))
            let (base, offset) = place(1 << Int(width & 3))
            code.i(0x03, width, target(), base, offset)
        case 3, 4:
            let width = UInt32(below(4))
            let (base, offset) = place(1 << Int(width))
            code.s(0x23, width, base, source(), offset)
        case 5 where set.contains(.float):
            let width = UInt32(2 + below(2))
            if below(2) == 0 {
                // Chosen floats, half of the time
                let (base, offset) = below(2) == 0 ? (9, below(64) * 8) : place(8)
                code.i(0x07, width, UInt32(below(32)), base, offset)
            } else {
                let (base, offset) = place(8)
                code.s(0x27, width, base, UInt32(below(32)), offset)
            }
        case 6 where set.contains(.system) && below(4) == 0:
            // Nothing is there: access faults
            if below(2) == 0 {
                code.i(0x03, UInt32(below(7)), target(), 0, below(512) * 8 - 2048)
            } else {
                code.s(0x23, UInt32(below(4)), 0, source(), below(512) * 8 - 2048)
            }
        default:
            code.word(pick([0x0ff0_000f, 0x0330_000f, 0x8330_000f, 0x0100_000f, 0x0000_100f]))  // fences
        }
    }

    mutating func emitAtomic(_ code: inout Assembler) {
        let width = UInt32(2 + below(2))
        let size = 1 << Int(width)
        let address = target()
        guard address != 0 else { return }
        let (base, offset) = place(size)
        let isMisaligned = set.contains(.system) && below(8) == 0
        code.addi(address, base, isMisaligned ? offset : offset & ~(size - 1))
        let ordering = UInt32(below(4))
        switch below(4) {
        case 0 where !isMisaligned:
            // lr, things that neither store nor trap, sc to the same place or another
            code.r(0x2f, width, 2 << 2 | ordering, below(4) == 0 ? 0 : target(excluding: address), address, 0)
            kept.insert(address)
            for _ in 0..<below(3) { emitInteger(&code) }
            kept.remove(address)
            if below(4) == 0 { code.addi(address, address, offset < 1000 ? size : -size) }
            code.r(0x2f, width, 3 << 2 | UInt32(below(4)), target(), address, source())
            if below(2) == 0 {
                // A reservation serves once.
                code.addi(address, base, offset & ~(size - 1))
                code.r(0x2f, width, 3 << 2, target(), address, source())
            }
        case 1 where isMisaligned:
            code.r(0x2f, width, 2 << 2 | ordering, target(), address, 0)
        default:
            let operation = pick([0, 1, 4, 8, 12, 16, 20, 24, 28] as [UInt32])
            code.r(0x2f, width, operation << 2 | ordering, target(), address, source())
        }
    }

    private mutating func target(excluding other: UInt32) -> UInt32 {
        while true {
            let register = target()
            if register != other { return register }
        }
    }

    /// cbo.inval is left out: what it does to dirty lines is a machine's own affair.
    mutating func emitCacheBlock(_ code: inout Assembler) {
        let address = target()
        guard address != 0 else { return }
        let (base, offset) = place(1)
        code.addi(address, base, offset)
        switch below(4) {
        case 0: code.word(UInt32(1 + below(2)) << 20 | address << 15 | 0x200f)  // cbo.clean, cbo.flush
        case 1: code.word(UInt32(pick([0, 1, 3])) << 20 | address << 15 | 0x6013)  // prefetch.i, .r, .w
        default: code.word(4 << 20 | address << 15 | 0x200f)  // cbo.zero
        }
    }
}
