extension Decoder {
    /// The 32-bit instruction that a compressed one stands for; 0, which is illegal, when it stands for none.
    ///
    /// Source: the C extension of the unprivileged manual, quadrant by quadrant.
    static func expand(_ half: UInt16) -> UInt32 {
        let word = UInt32(half)
        let funct3 = word >> 13
        let rd = word >> 7 & 31
        let rs2 = word >> 2 & 31
        let rdShort = (word >> 2 & 7) + 8
        let rs1Short = (word >> 7 & 7) + 8
        let signed6 = UInt32(bitPattern: Int32(bitPattern: (word >> 12 & 1) << 31) >> 26) | word >> 2 & 31
        let shift = (word >> 12 & 1) << 5 | word >> 2 & 31
        switch (word & 3, funct3) {
        case (0, 0):
            let immediate = word >> 7 & 0x30 | word >> 1 & 0x3c0 | word >> 4 & 4 | word >> 2 & 8
            return immediate == 0 ? 0 : immediateType(0x13, 0, rdShort, 2, immediate)
        case (0, 1): return immediateType(0x07, 3, rdShort, rs1Short, offset8(word))
        case (0, 2): return immediateType(0x03, 2, rdShort, rs1Short, offset4(word))
        case (0, 3): return immediateType(0x03, 3, rdShort, rs1Short, offset8(word))
        case (0, 5): return storeType(0x27, 3, rs1Short, rdShort, offset8(word))
        case (0, 6): return storeType(0x23, 2, rs1Short, rdShort, offset4(word))
        case (0, 7): return storeType(0x23, 3, rs1Short, rdShort, offset8(word))
        case (1, 0): return immediateType(0x13, 0, rd, rd, signed6)
        case (1, 1): return rd == 0 ? 0 : immediateType(0x1b, 0, rd, rd, signed6)
        case (1, 2): return immediateType(0x13, 0, rd, 0, signed6)
        case (1, 3):
            if rd == 2 {
                let low = word >> 2 & 0x10 | word << 3 & 0x20 | word << 1 & 0x40 | word << 4 & 0x180
                let sign = UInt32(bitPattern: Int32(bitPattern: (word >> 12 & 1) << 31) >> 22)
                let immediate = low | sign
                return immediate == 0 ? 0 : immediateType(0x13, 0, 2, 2, immediate)
            }
            return signed6 == 0 ? 0 : signed6 << 12 | rd << 7 | 0x37
        case (1, 4): return arithmetic(word, rs1Short, rdShort, signed6, shift)
        case (1, 5): return jump(word)
        case (1, 6): return branch(word, 0, rs1Short)
        case (1, 7): return branch(word, 1, rs1Short)
        case (2, 0): return immediateType(0x13, 1, rd, rd, shift)
        case (2, 1): return immediateType(0x07, 3, rd, 2, stack8(word))
        case (2, 2): return rd == 0 ? 0 : immediateType(0x03, 2, rd, 2, stack4(word))
        case (2, 3): return rd == 0 ? 0 : immediateType(0x03, 3, rd, 2, stack8(word))
        case (2, 4):
            if word >> 12 & 1 == 0 {
                if rs2 == 0 { return rd == 0 ? 0 : immediateType(0x67, 0, 0, rd, 0) }
                return registerType(0x33, 0, 0, rd, 0, rs2)
            }
            if rs2 == 0 { return rd == 0 ? 0x0010_0073 : immediateType(0x67, 0, 1, rd, 0) }
            return registerType(0x33, 0, 0, rd, rd, rs2)
        case (2, 5): return storeType(0x27, 3, 2, rs2, word >> 7 & 0x38 | word >> 1 & 0x1c0)
        case (2, 6): return storeType(0x23, 2, 2, rs2, word >> 7 & 0x3c | word >> 1 & 0xc0)
        case (2, 7): return storeType(0x23, 3, 2, rs2, word >> 7 & 0x38 | word >> 1 & 0x1c0)
        default: return 0
        }
    }

    private static func arithmetic(
        _ word: UInt32, _ rd: UInt32, _ rs2: UInt32, _ signed6: UInt32, _ shift: UInt32
    ) -> UInt32 {
        switch word >> 10 & 3 {
        case 0: return immediateType(0x13, 5, rd, rd, shift)
        case 1: return immediateType(0x13, 5, rd, rd, shift | 0x400)
        case 2: return immediateType(0x13, 7, rd, rd, signed6)
        default:
            switch (word >> 12 & 1, word >> 5 & 3) {
            case (0, 0): return registerType(0x33, 0, 0x20, rd, rd, rs2)
            case (0, 1): return registerType(0x33, 4, 0, rd, rd, rs2)
            case (0, 2): return registerType(0x33, 6, 0, rd, rd, rs2)
            case (0, 3): return registerType(0x33, 7, 0, rd, rd, rs2)
            case (1, 0): return registerType(0x3b, 0, 0x20, rd, rd, rs2)
            case (1, 1): return registerType(0x3b, 0, 0, rd, rd, rs2)
            default: return 0
            }
        }
    }

    private static func jump(_ word: UInt32) -> UInt32 {
        let bits =
            word >> 1 & 0x800 | word << 2 & 0x400 | word >> 1 & 0x300 | word << 1 & 0x80 | word >> 1 & 0x40
            | word << 3 & 0x20 | word >> 7 & 0x10 | word >> 2 & 0xe
        let value = UInt32(bitPattern: Int32(bitPattern: bits << 20) >> 20)
        return (value >> 20 & 1) << 31 | (value >> 1 & 0x3ff) << 21 | (value >> 11 & 1) << 20
            | (value >> 12 & 0xff) << 12 | 0x6f
    }

    private static func branch(_ word: UInt32, _ funct3: UInt32, _ rs1: UInt32) -> UInt32 {
        let bits =
            word >> 4 & 0x100 | word << 1 & 0xc0 | word << 3 & 0x20 | word >> 7 & 0x18 | word >> 2 & 6
        let value = UInt32(bitPattern: Int32(bitPattern: bits << 23) >> 23)
        return (value >> 12 & 1) << 31 | (value >> 5 & 0x3f) << 25 | rs1 << 15 | funct3 << 12
            | (value >> 1 & 0xf) << 8 | (value >> 11 & 1) << 7 | 0x63
    }

    private static func offset4(_ word: UInt32) -> UInt32 {
        word >> 7 & 0x38 | word >> 4 & 4 | word << 1 & 0x40
    }
    private static func offset8(_ word: UInt32) -> UInt32 { word >> 7 & 0x38 | word << 1 & 0xc0 }
    private static func stack4(_ word: UInt32) -> UInt32 {
        word >> 7 & 0x20 | word >> 2 & 0x1c | word << 4 & 0xc0
    }
    private static func stack8(_ word: UInt32) -> UInt32 {
        word >> 7 & 0x20 | word >> 2 & 0x18 | word << 4 & 0x1c0
    }

    private static func immediateType(
        _ opcode: UInt32, _ funct3: UInt32, _ rd: UInt32, _ rs1: UInt32, _ immediate: UInt32
    ) -> UInt32 {
        (immediate & 0xfff) << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode
    }

    private static func storeType(
        _ opcode: UInt32, _ funct3: UInt32, _ rs1: UInt32, _ rs2: UInt32, _ immediate: UInt32
    ) -> UInt32 {
        let high = (immediate >> 5 & 0x7f) << 25
        let low = (immediate & 31) << 7
        return high | rs2 << 20 | rs1 << 15 | funct3 << 12 | low | opcode
    }

    private static func registerType(
        _ opcode: UInt32, _ funct3: UInt32, _ funct7: UInt32, _ rd: UInt32, _ rs1: UInt32, _ rs2: UInt32
    ) -> UInt32 {
        funct7 << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode
    }
}
