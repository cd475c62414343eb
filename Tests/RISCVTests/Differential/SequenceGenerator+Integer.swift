extension SequenceGenerator {
    /// OP and OP-32 of the base.
    mutating func emitInteger(_ code: inout Assembler) {
        let (funct3, funct7): (UInt32, UInt32) = pick([
            (0, 0), (0, 0x20), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (5, 0x20), (6, 0), (7, 0),
        ])
        let isWord = [0, 1, 5].contains(funct3) && below(3) == 0
        code.r(isWord ? 0x3b : 0x33, funct3, funct7, target(), source(), source())
    }

    /// OP-IMM, OP-IMM-32, lui, auipc.
    mutating func emitImmediate(_ code: inout Assembler) {
        let immediate = below(4096) - 2048
        switch below(6) {
        case 0, 1: code.i(0x13, pick([0, 2, 3, 4, 6, 7]), target(), source(), immediate)
        case 2: code.i(0x13, pick([1, 5]), target(), source(), below(64))
        case 3: code.i(0x13, 5, target(), source(), 0x400 | below(64))
        case 4:
            switch below(4) {
            case 0: code.i(0x1b, 0, target(), source(), immediate)
            case 1: code.i(0x1b, 1, target(), source(), below(32))
            default: code.i(0x1b, 5, target(), source(), below(2) << 10 | below(32))
            }
        default:
            code.word(
                UInt32(truncatingIfNeeded: random.next()) & 0xffff_f000 | target() << 7 | pick([0x37, 0x17]))
        }
    }

    mutating func emitMultiply(_ code: inout Assembler) {
        if below(3) == 0 {
            code.r(0x3b, pick([0, 4, 5, 6, 7]), 1, target(), source(), source())
        } else {
            code.r(0x33, UInt32(below(8)), 1, target(), source(), source())
        }
    }

    /// Zba, Zbb, Zbc, Zbs.
    mutating func emitBits(_ code: inout Assembler) {
        switch below(5) {
        case 0, 1:
            let (funct7, funct3): (UInt32, UInt32) = pick([
                (0x20, 4), (0x20, 6), (0x20, 7), (0x05, 1), (0x05, 2), (0x05, 3), (0x05, 4), (0x05, 5),
                (0x05, 6),
                (0x05, 7), (0x10, 2), (0x10, 4), (0x10, 6), (0x14, 1), (0x24, 1), (0x24, 5), (0x34, 1),
                (0x30, 1),
                (0x30, 5),
            ])
            code.r(0x33, funct3, funct7, target(), source(), source())
        case 2:
            let (funct7, funct3): (UInt32, UInt32) = pick([
                (0x04, 0), (0x10, 2), (0x10, 4), (0x10, 6), (0x30, 1), (0x30, 5),
            ])
            code.r(0x3b, funct3, funct7, target(), source(), source())
        case 3:
            // bseti, bclri, binvi, bexti, rori; slli.uw, roriw
            switch below(3) {
            case 0: code.i(0x13, 1, target(), source(), pick([0x280, 0x480, 0x680]) | below(64))
            case 1: code.i(0x13, 5, target(), source(), pick([0x480, 0x600]) | below(64))
            default:
                if below(2) == 0 {
                    code.i(0x1b, 1, target(), source(), 0x080 | below(64))
                } else {
                    code.i(0x1b, 5, target(), source(), 0x600 | below(32))
                }
            }
        default:
            // clz, ctz, cpop, sext.b, sext.h; orc.b, rev8; the word forms; zext.h
            switch below(4) {
            case 0: code.i(0x13, 1, target(), source(), 0x600 | pick([0, 1, 2, 4, 5]))
            case 1: code.i(0x13, 5, target(), source(), pick([0x287, 0x6b8]))
            case 2: code.i(0x1b, 1, target(), source(), 0x600 | (isMended ? below(3) : pick([0, 2])))
            default: code.r(0x3b, 4, 0x04, target(), source(), 0)
            }
        }
    }

    var isMended: Bool { self.set.contains(.mendedSinceQEMU7) }

    mutating func emitCompressed(_ code: inout Assembler) {
        let bits = UInt32(truncatingIfNeeded: random.next())
        let rd = target()
        let short = shortTarget() - 8
        let shortSource = UInt32(below(8))
        switch below(16) {
        case 0: code.half(0x0000 | (bits & 0xff | 1) << 5 | short << 2)  // c.addi4spn
        case 1 where bits & 0xe00 == 0: code.half(0x0001)  // c.nop
        case 1: code.half(0x0001 | rd << 7 | bits & 0x107c)  // c.addi and hints
        case 2: code.half(0x2001 | (rd == 0 ? short + 8 : rd) << 7 | bits & 0x107c)  // c.addiw
        case 3: code.half(0x4001 | rd << 7 | bits & 0x107c)  // c.li
        case 4 where bits & 0xe00 == 0:
            // c.addi16sp there and back
            code.half(0x6101 | 4 << (bits & 3))
            code.addi(2, 2, -[32, 128, 256, 64][Int(bits & 3)])
        case 4: code.half(0x6001 | rd << 7 | bits & 0x107c | 4)  // c.lui
        case 5: code.half(0x8001 | (bits & 1) << 10 | short << 7 | bits >> 1 & 0x107c)  // c.srli, c.srai
        case 6: code.half(0x8801 | short << 7 | bits & 0x107c)  // c.andi
        case 7: code.half(0x8c01 | short << 7 | (bits & 3) << 5 | shortSource << 2)  // c.sub, xor, or, and
        case 8: code.half(0x9c01 | short << 7 | (bits & 1) << 5 | shortSource << 2)  // c.subw, c.addw
        case 9: code.half(0x0002 | rd << 7 | bits & 0x107c)  // c.slli
        case 10: code.half(0x8002 | rd << 7 | UInt32(1 + below(31)) << 2)  // c.mv
        case 11: code.half(0x9002 | rd << 7 | UInt32(1 + below(31)) << 2)  // c.add
        case 12: emitCompressedMemory(&code, bits)
        case 13:
            // c.beqz, c.bnez over one instruction of four bytes
            code.half(0xc001 | (bits & 1) << 13 | UInt32(below(8)) << 7 | 6 << 2)
            emitInteger(&code)
        case 14:
            code.half(0xa001 | 6 << 2)  // c.j over one
            emitInteger(&code)
        default:
            // c.jr, c.jalr to the instruction behind the next
            let rs1 = target()
            guard rs1 != 0 else { return }
            code.word(rs1 << 7 | 0x17)
            code.addi(rs1, rs1, 14)
            let links = kept.contains(1) ? 0 : bits & 1  // c.jalr writes x1
            code.half(0x8002 | links << 12 | rs1 << 7)
            emitInteger(&code)
        }
    }

    private mutating func emitCompressedMemory(_ code: inout Assembler, _ bits: UInt32) {
        let base = UInt32(below(2))  // x8, x9
        let value = UInt32(below(8))
        let short = shortTarget() - 8
        let rd = target()
        switch below(12) {
        case 0: code.half(0x4000 | bits & 0x1c60 | base << 7 | short << 2)  // c.lw
        case 1: code.half(0x6000 | bits & 0x1c60 | base << 7 | short << 2)  // c.ld
        case 2: code.half(0xc000 | bits & 0x1c60 | base << 7 | value << 2)  // c.sw
        case 3: code.half(0xe000 | bits & 0x1c60 | base << 7 | value << 2)  // c.sd
        case 4: code.half(0x2000 | bits & 0x1c60 | base << 7 | value << 2)  // c.fld
        case 5: code.half(0xa000 | bits & 0x1c60 | base << 7 | value << 2)  // c.fsd
        case 6: code.half(0x4002 | bits & 0x107c | (rd == 0 ? short + 8 : rd) << 7)  // c.lwsp
        case 7: code.half(0x6002 | bits & 0x107c | (rd == 0 ? short + 8 : rd) << 7)  // c.ldsp
        case 8: code.half(0x2002 | bits & 0x107c | UInt32(below(32)) << 7)  // c.fldsp
        case 9: code.half(0xc002 | bits & 0x1ffc)  // c.swsp
        case 10: code.half(0xe002 | bits & 0x1ffc)  // c.sdsp
        default: code.half(0xa002 | bits & 0x1ffc)  // c.fsdsp
        }
    }
}
