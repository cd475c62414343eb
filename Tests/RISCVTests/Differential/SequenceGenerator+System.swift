@testable import RISCV

extension SequenceGenerator {
    /// CSRs, and instructions that trap.
    mutating func emitSystem(_ code: inout Assembler) {
        switch below(13) {
        case 0, 1, 2:
            // fflags, frm, fcsr, by register; then a rounding mode that is one, most of the time
            code.csr(1 + UInt32(below(3)), target(), pick([1, 2, 3]), source())
            if below(8) != 0 { code.csr(5, 0, 2, UInt32(below(5))) }
        case 3: code.csr(5 + UInt32(below(3)), target(), pick([1, 2, 3]), UInt32(below(5)))
        case 4: code.csr(1 + UInt32(below(3)), target(), 0x140, source())  // sscratch
        case 5: code.csr(5 + UInt32(below(3)), target(), pick([0x140, 0x143]), UInt32(below(32)))  // stval
        case 6 where set.contains(.compressed) && below(4) == 0: code.half(0x9002)  // c.ebreak
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
        case 10 where set.contains(.zawrs): code.word(pick([0x00d0_0073, 0x01d0_0073]))  // wrs.nto, wrs.sto
        case 11 where !isBelowMachine:
            // wfi with an interrupt that is pending and not taken
            code.csr(7, 0, 0x300, 8)
            for funct3: UInt32 in [6, 7] {
                code.csr(funct3, 0, 0x304, 2)
                code.csr(funct3, 0, 0x344, 2)
                if funct3 == 6 { code.word(0x1050_0073) }
            }
        default:
            // Reads of what does not change
            code.csr(2, target(), pick([0xf14, 0x140, 0x305, 0x342, isMended ? 0x343 : 0xf14, 0x341]), 0)
        }
    }

    /// A stretch in S- or U-mode, entered by `mret` or `sret` and left by `ecall`.
    mutating func emitLowerPrivilege(_ code: inout Assembler) {
        let register = target()
        guard register != 0 else { return }
        isBelowMachine = true
        defer { isBelowMachine = false }
        if set.contains(.cacheBlocks) {
            // CBIE, CBCFE, CBZE, from below and from U-mode; CBIE 2 is reserved.
            for number in [0x30a, 0x10a] {
                code.addi(register, 0, pick([0x00, 0x10, 0x30]) | below(4) << 6)
                code.csr(1, 0, number, register)
            }
        }
        let isSupervisor = below(2) == 0
        let returnsFromSupervisor = below(2) == 0
        code.word(0x2 << 12 | register << 7 | 0x37)
        code.addi(register, register, -0x800)  // MPP
        code.csr(3, 0, 0x300, register)
        code.addi(register, 0, returnsFromSupervisor ? 0x100 : 0x7ff)
        if !returnsFromSupervisor { code.addi(register, register, 1) }
        code.csr(isSupervisor ? 2 : 3, 0, returnsFromSupervisor ? 0x100 : 0x300, register)
        code.word(register << 7 | 0x17)
        code.addi(register, register, 16)
        code.csr(1, 0, returnsFromSupervisor ? 0x141 : 0x341, register)
        code.word(returnsFromSupervisor ? 0x1020_0073 : 0x3020_0073)
        for _ in 0...below(6) { emitItem(&code) }
        code.word(0x0000_0073)
    }

    /// Words of the major opcodes whose other bits mean nothing, most of the time. What would jump, or touch memory that is
    /// nobody's, is left out.
    mutating func emitReserved(_ code: inout Assembler) {
        let bits = UInt32(truncatingIfNeeded: random.next())
        let rd = target() << 7
        let base: UInt32 = pick([8, 9]) << 15
        switch below(12) {
        case 0, 1: code.word(bits & 0xffff_f000 | rd | pick([0x33, 0x3b]))
        case 2, 3: code.word(bits & 0xffff_f000 | rd | pick([0x13, 0x1b]))
        case 4: code.word(bits & 0xfff0_7000 | base | rd | pick([0x03, 0x23]))
        case 5: code.word(bits & 0xfff0_7f80 | base | pick([0x07, 0x27]))
        case 6: code.word(bits & 0xfff0_7000 | base | rd | 0x2f)
        case 7:
            // fence, fence.i, cbo; prefetches are OP-IMM
            let word = bits & 0xfff0_7000 | base | rd | 0x0f
            code.word(word >> 12 & 7 == 2 && below(2) == 0 ? word & 0x007f_ffff & ~0xf80 : word)
        case 8: code.word(bits & 0xffff_ff80 | pick([0x43, 0x47, 0x4b, 0x4f]))
        case 9:
            let word = bits & 0xffff_f000 | rd | 0x53
            let isRounding = word >> 27 == 0x08 && word >> 20 & 31 >= 4  // see emitZfa
            if !isRounding { code.word(below(4) == 0 ? word : word & ~(1 << 26)) }
        case 10:
            // SYSTEM that is no CSR access: all but returns and waits
            let upper = below(2) == 0 ? bits >> 25 : pick([0x00, 0x08, 0x09, 0x0b, 0x0c, 0x11, 0x18, 0x31])
            let word = upper << 25 | bits & 0x1f0_0000 | (below(2) == 0 ? bits & 0xf_8f80 : 0) | 0x73
            let leaves: [UInt32] = [0x102, 0x302, 0x702, 0x105, 0x00d, 0x01d]
            if !leaves.contains(word >> 20) { code.word(word) }
            code.word(bits & 0xffff_8000 | 4 << 12 | rd | 0x73)
        default: emitReservedHalf(&code)
        }
    }

    private mutating func emitReservedHalf(_ code: inout Assembler) {
        let half = UInt32(truncatingIfNeeded: random.next()) & 0xffff
        guard set.contains(.compressed), half & 3 != 3 else { return }
        let word = Decoder.expand(UInt16(half))
        let instruction = Decoder.decode(word, offset: 0)
        switch word & 0x7f {
        case 0x63, 0x67, 0x6f: return  // jumps
        case 0x03, 0x07, 0x23, 0x27:
            guard [2, 8, 9].contains(word >> 15 & 31) else { return }
            if word & 0x7f == 0x03, kept.contains(UInt32(instruction.rd)) { return }
        case 0x73, 0: break
        default: if kept.contains(UInt32(instruction.rd)) { return }
        }
        code.half(half)
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
