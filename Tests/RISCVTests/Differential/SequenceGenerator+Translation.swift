/// Sequences for what stands between an address and its memory: page tables and PMP.
///
/// One pair of pages, ``TestProgram/data``, is what accesses are about; code runs in a page of 1 GiB.
extension SequenceGenerator {
    /// Tables: the roots of Sv39, Sv48 and Sv57, then one for each level below.
    private static let roots = TestProgram.tables
    private static func table(_ level: Int) -> UInt64 { TestProgram.tables + UInt64(3 + level) * 4096 }

    /// No table stands where nothing is: QEMU calls that a page fault, the manual an access fault.
    ///
    /// Maps one address by random entries, turns translation on below M-mode, and accesses it.
    mutating func emitTranslation(_ code: inout Assembler) {
        let levels = 3 + below(3)
        let leaf = below(4) == 0 ? below(levels) : below(min(levels, 3))
        let privilege: UInt64 = below(2) == 0 ? 1 : 0
        let offset = UInt64(below(3) == 0 ? below(8192) : below(1024) * 8)
        let physical = TestProgram.data + offset
        let size = UInt64(1) << UInt64(12 + 9 * leaf)
        // In the upper half of the address space, away from the code.
        let upper = ~UInt64(0) << UInt64(12 + 9 * levels - 1)
        var address = upper | (random.next() & ~upper & ~(size - 1)) | physical & (size - 1)
        emitTables(&code, user: privilege == 0)
        let top = Self.roots + UInt64(levels - 3) * 4096
        var slot = top
        for level in stride(from: levels - 1, through: leaf, by: -1) {
            if level < levels - 1 { slot = Self.table(level) }
            slot += (address >> UInt64(12 + 9 * level) & 511) * 8
            if level > leaf {
                var entry = Self.table(level - 1) >> 2 | 1
                switch below(40) {
                case 0: entry |= pick([0x10, 0x40, 0x80])  // reserved where a table follows
                case 1: entry |= 0x20  // G is not
                case 2: entry |= 1 << UInt64(54 + below(10))
                case 3: entry |= 0x300
                default: break
                }
                store(&code, entry, at: slot)
            } else {
                var entry = physical & ~(size - 1)
                if size > 4096, below(8) == 0 { entry |= 4096 << UInt64(below(9)) & (size - 1) }
                entry = entry >> 2 | flags(privilege)
                store(&code, entry, at: slot)
                // The neighbour, so that an access may cross into it; not in the next table.
                if leaf == 0, slot & 4095 < 4088, below(2) == 0 {
                    store(&code, (TestProgram.data + 4096) >> 2 | flags(privilege), at: slot + 8)
                }
            }
        }
        if below(30) == 0 { address ^= 1 << UInt64(12 + 9 * levels + below(52 - 9 * levels)) }
        let jumps = below(4) == 0
        if jumps { emitReturns(&code) }
        code.loadConstant(5, UInt64(levels + 5) << 60 | top >> 12)
        code.csr(1, 0, 0x180, 5)
        code.word(RV.sfence)
        code.word(RV.fenceI)
        code.loadConstant(5, below(2) == 0 ? 1 << 61 : 0)  // ADUE
        code.csr(1, 0, 0x30a, 5)
        emitAccesses(&code, privilege, 3, jumps: jumps, allowsBlocks: set.contains(.cacheBlocks)) {
            generator in
            // Sometimes across the end of the page.
            let crosses = leaf == 0 && slot & 4095 < 4088 && generator.below(6) == 0
            return crosses ? address | 4095 &- UInt64(generator.below(8)) : address
        }
        code.loadConstant(5, slot)
        code.ld(20, 0, 5)
        code.ld(21, 8, 5)
    }

    /// Entries of a leaf: what allows the access, most of the time.
    private mutating func flags(_ privilege: UInt64) -> UInt64 {
        var flags: UInt64 = privilege == 0 ? 0xdf : 0xcf
        switch below(4) {
        case 0: flags = random.next() & 0x3ff | 1
        case 1: flags ^= 1 << UInt64(below(8))
        case 2: flags ^= pick([0x40, 0x80, 0xc0])
        default: break
        }
        if below(30) == 0 { flags |= 1 << UInt64(54 + below(10)) }
        return flags
    }

    /// The roots, and the page of 1 GiB with the code.
    private func emitTables(_ code: inout Assembler, user: Bool) {
        store(&code, TestProgram.origin >> 2 | (user ? 0xdf : 0xcf), at: Self.roots + 16)
        store(&code, Self.roots >> 2 | 1, at: Self.roots + 4096)
        store(&code, (Self.roots + 4096) >> 2 | 1, at: Self.roots + 8192)
    }

    /// Fills the data with returns to x1.
    private func emitReturns(_ code: inout Assembler) {
        code.loadConstant(5, TestProgram.data)
        code.loadConstant(6, TestProgram.data + UInt64(TestProgram.dataSize))
        code.loadConstant(7, UInt64(RV.jalr(0, 1)) << 32 | UInt64(RV.jalr(0, 1)))
        let start = code.address
        code.sd(7, 0, 5)
        code.addi(5, 5, 8)
        code.branch(1, 5, 6, to: start)
        code.word(RV.fenceI)
    }

    private func store(_ code: inout Assembler, _ value: UInt64, at place: UInt64) {
        code.loadConstant(5, value)
        code.loadConstant(6, place)
        code.sd(5, 0, 6)
    }

    /// PMP entries around the data, then accesses to it below M-mode.
    mutating func emitProtection(_ code: inout Assembler) {
        var configuration: UInt64 = 0
        // The first stands for the lower end, so that no range begins below the data.
        let first = TestProgram.data >> 2
        code.loadConstant(5, first)
        code.csr(1, 0, 0x3b0, 5)
        for index in 1..<7 {
            var address = first + UInt64(below(2048))
            if below(2) == 0 { address &= ~511 }
            var mode = UInt64(below(4))
            if mode == 3 {
                let ones = UInt64(below(11))
                address = address & ~((1 << (ones + 1)) - 1) | ((1 << ones) - 1)
            }
            if mode == 1, below(4) == 0 { mode = 0 }
            code.loadConstant(5, address)
            code.csr(1, 0, 0x3b0 + index, 5)
            // W without R is reserved: QEMU keeps it, we do not.
            let rights: UInt64 = below(3) == 0 ? pick([0, 1, 3, 4, 5]) : 7
            configuration |= (mode << 3 | rights) << UInt64(8 * index)
        }
        code.addi(5, 0, -1)
        code.csr(1, 0, 0x3b7, 5)
        configuration |= 0x1f << 56
        code.loadConstant(5, configuration)
        code.csr(1, 0, 0x3a0, 5)
        code.csr(2, 22, 0x3a0, 0)
        code.csr(1, 0, 0x180, 0)
        code.word(RV.sfence)
        let jumps = below(4) == 0
        if jumps { emitReturns(&code) }
        // QEMU asks PMP about less of a cache block than all of it: none here.
        emitAccesses(&code, below(2) == 0 ? 1 : 0, 8, jumps: jumps, allowsBlocks: false) { generator in
            let address = TestProgram.data + UInt64(generator.below(8184))
            return generator.below(3) == 0 ? address : address & ~7
        }
        // An access that an entry holds a part of fails in M-mode too.
        code.loadConstant(5, 0x1f << 56)
        code.csr(1, 0, 0x3a0, 5)
    }

    /// Goes down to a privilege, does accesses at x10, and comes back.
    private mutating func emitAccesses(
        _ code: inout Assembler, _ privilege: UInt64, _ count: Int, jumps: Bool, allowsBlocks: Bool,
        address: (inout Self) -> UInt64
    ) {
        // SUM, MXR; MPP. Sometimes from M-mode by MPRV.
        let usesMPRV = !jumps && below(6) == 0
        code.loadConstant(5, 0xe_1800)
        code.csr(3, 0, 0x300, 5)
        code.loadConstant(5, UInt64(below(4)) << 18 | privilege << 11)
        code.csr(2, 0, 0x300, 5)
        code.addi(5, 0, 0xd0)
        code.csr(2, 0, 0x30a, 5)
        code.csr(2, 0, 0x10a, 5)
        if !usesMPRV {
            code.word(5 << 7 | 0x17)
            code.addi(5, 5, 16)
            code.csr(1, 0, 0x341, 5)
            code.word(0x3020_0073)
        }
        for _ in 0..<(usesMPRV ? 1 : count) {
            let place = address(&self)
            code.loadConstant(10, jumps ? place & ~3 : place)
            let result = UInt32(11 + below(8))
            if usesMPRV {
                code.word(0x20 << 12 | 5 << 7 | 0x37)
                code.csr(2, 0, 0x300, 5)
            }
            emitAccess(&code, result, jumps: jumps, allowsBlocks: allowsBlocks)
            if usesMPRV { code.csr(3, 0, 0x300, 5) }
        }
        if !usesMPRV { code.word(0x0000_0073) }
    }

    /// One instruction; where the data are to be jumped to, none that changes them.
    private mutating func emitAccess(
        _ code: inout Assembler, _ result: UInt32, jumps: Bool, allowsBlocks: Bool
    ) {
        switch below(10) {
        case _ where jumps && below(2) == 0: code.word(RV.jalr(1, 10))
        case 0, 1: code.i(0x03, UInt32(below(7)), result, 10, 0)
        case 2: code.i(0x07, 2 + UInt32(below(2)), result, 10, 0)
        case 3: code.word(RV.lr(result, 10, wide: below(2) == 0))
        case 4 where allowsBlocks: code.word(UInt32(1 + below(2)) << 20 | 10 << 15 | 0x200f)
        case _ where jumps: code.i(0x03, UInt32(below(7)), result, 10, 0)
        case 5 where allowsBlocks: code.word(4 << 20 | 10 << 15 | 0x200f)
        case 6: code.word(RV.amo(pick([0, 1, 8, 20]), wide: below(2) == 0, result, 10, 19))
        case 7: code.s(0x27, 2 + UInt32(below(2)), 10, result, 0)
        default: code.s(0x23, UInt32(below(4)), 10, result, 0)
        }
    }
}
