extension SequenceGenerator {
    /// CSRs, and instructions that trap.
    mutating func emitSystem(_ code: inout Assembler) {
        switch below(12) {
        case 0, 1, 2:
            // fflags, frm, fcsr, by register; then a rounding mode that is one, most of the time
            code.csr(1 + UInt32(below(3)), target(), pick([1, 2, 3]), source())
            if below(8) != 0 { code.csr(5, 0, 2, UInt32(below(5))) }
        case 3: code.csr(5 + UInt32(below(3)), target(), pick([1, 2, 3]), UInt32(below(5)))
        case 4: code.csr(1 + UInt32(below(3)), target(), 0x140, source())  // sscratch
        case 5: code.csr(5 + UInt32(below(3)), target(), pick([0x140, 0x143]), UInt32(below(32)))  // stval
        case 6: code.word(pick([0x0000_0073, 0x0010_0073]))  // ecall, ebreak
        case 7:
            if set.contains(.compressed), below(2) == 0 {
                code.half(pick(Self.illegalHalves))
            } else {
                code.word(pick(Self.illegalWords))
            }
        case 8:
            // Floating point switched off: everything of it is illegal.
            guard !kept.contains(5) else { return }
            code.word(0x6 << 12 | 5 << 7 | 0x37)
            code.csr(3, 0, 0x300, 5)
            emitFloat(&code)
            code.csr(2, target(), pick([1, 2, 3]), 0)
            code.i(0x07, 3, UInt32(below(32)), 9, 0)
            code.s(0x27, 2, 9, UInt32(below(32)), 0)
            code.word(0x2 << 12 | 5 << 7 | 0x37)
            code.csr(2, 0, 0x300, 5)
        case 9: code.word(0x1200_0073 | source() << 15 | source() << 20)  // sfence.vma
        case 10 where set.contains(.zawrs): code.word(0x01d0_0073)  // wrs.sto
        case 10 where set.contains(.compressed): code.half(0x9002)  // c.ebreak
        default:
            // Reads of what does not change
            code.csr(2, target(), pick([0xf14, 0x140, 0x305, 0x342, isMended ? 0x343 : 0xf14, 0x341]), 0)
        }
    }

    /// Reserved in every version that may be the oracle.
    private static let illegalWords: [UInt32] = [
        0xffff_ffff, 0x0000_000b, 0x0000_002b, 0x0000_205b, 0x0000_2063, 0x0000_7003, 0x0000_4023,
        0x4000_1013, 0x0200_101b, 0x0200_501b, 0xfe00_0033, 0x4000_1033, 0x0000_102f, 0x6800_202f,
        0x1050_202f, 0x0400_0053, 0x0600_0053, 0x5810_0053, 0x2000_3053, 0x0600_0043,
        0x1230_2073, 0xc000_1073, 0xf140_1073, 0x0000_4073, 0x7b20_0073, 0x3020_00f3, 0xe010_2053,
    ]

    private static let illegalHalves: [UInt32] = [
        0x0000, 0x0004, 0x2001, 0x6081, 0x6101, 0x9c41, 0x9c61, 0x4002, 0x6002, 0x8002,
    ]
}
