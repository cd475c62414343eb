/// Turns 32-bit instructions of rv64gc with Zba, Zbb, Zbc, Zbs, Zicbom, Zicboz and Zawrs into ``Instruction``s.
enum Decoder {
    /// True when nothing behind the instruction in the same block may run.
    @inline(__always)
    static func endsBlock(_ operation: Operation) -> Bool { operation.rawValue <= Operation.illegal.rawValue }

    /// - Parameters:
    ///   - word: the instruction, expanded when it was compressed.
    ///   - offset: its distance from the block's start in bytes.
    ///   - length: 2 or 4, for the link register.
    static func decode(_ word: UInt32, offset: Int32) -> Instruction {
        let rd = sink(UInt8(truncatingIfNeeded: word >> 7 & 31))
        let rs1 = UInt8(truncatingIfNeeded: word >> 15 & 31)
        let rs2 = UInt8(truncatingIfNeeded: word >> 20 & 31)
        let funct3 = word >> 12 & 7
        let immediateI = Int32(bitPattern: word) >> 20
        func make(_ operation: Operation, _ immediate: Int32 = 0) -> Instruction {
            Instruction(operation, rd: rd, rs1: rs1, rs2: rs2, immediate: immediate)
        }
        let raw = Int32(bitPattern: word)
        let illegal = Instruction(.illegal, immediate: raw)
        switch word & 0x7f {
        case 0x37: return make(.lui, Int32(bitPattern: word & 0xffff_f000))
        case 0x17: return make(.auipc, Int32(bitPattern: word & 0xffff_f000) &+ offset)
        case 0x6f: return make(.jal, offset &+ immediateJ(word))
        case 0x67: return funct3 == 0 ? make(.jalr, immediateI) : illegal
        case 0x63:
            let target = offset &+ immediateB(word)
            switch funct3 {
            case 0: return make(.beq, target)
            case 1: return make(.bne, target)
            case 4: return make(.blt, target)
            case 5: return make(.bge, target)
            case 6: return make(.bltu, target)
            case 7: return make(.bgeu, target)
            default: return illegal
            }
        case 0x03:
            let loads: [8 of Operation] = [.lb, .lh, .lw, .ld, .lbu, .lhu, .lwu, .illegal]
            let operation = loads[Int(funct3)]
            return operation == .illegal ? illegal : make(operation, immediateI)
        case 0x23:
            let stores: [4 of Operation] = [.sb, .sh, .sw, .sd]
            return funct3 < 4 ? make(stores[Int(funct3)], immediateS(word)) : illegal
        case 0x07:
            // Floating-point registers have no sink: rd is the register itself.
            let rd = UInt8(truncatingIfNeeded: word >> 7 & 31)
            switch funct3 {
            case 2: return Instruction(.flw, rd: rd, rs1: rs1, immediate: immediateI)
            case 3: return Instruction(.fld, rd: rd, rs1: rs1, immediate: immediateI)
            default: return illegal
            }
        case 0x27:
            switch funct3 {
            case 2: return make(.fsw, immediateS(word))
            case 3: return make(.fsd, immediateS(word))
            default: return illegal
            }
        case 0x13: return immediateOperation(word, make) ?? illegal
        case 0x1b: return immediateWordOperation(word, make) ?? illegal
        case 0x33: return registerOperation(word, make) ?? illegal
        case 0x3b: return registerWordOperation(word, make) ?? illegal
        case 0x0f:
            switch funct3 {
            case 0: return make(.fence)
            case 1: return Instruction(.system, immediate: raw)
            case 2: return Instruction(.cbo, rs1: rs1, immediate: raw)
            default: return illegal
            }
        case 0x2f:
            guard funct3 == 2 || funct3 == 3 else { return illegal }
            switch word >> 27 {
            case 2 where rs2 != 0: return illegal  // lr
            case 0, 1, 2, 3, 4, 8, 12, 16, 20, 24, 28:
                return Instruction(.amo, rd: rd, rs1: rs1, rs2: rs2, immediate: raw)
            default: return illegal  // and no access fault before that
            }
        case 0x43, 0x47, 0x4b, 0x4f, 0x53: return Instruction(.float, immediate: raw)
        case 0x73: return Instruction(.system, immediate: raw)
        default: return illegal
        }
    }

    @inline(__always)
    private static func sink(_ rd: UInt8) -> UInt8 { rd == 0 ? 32 : rd }

    private static func immediateS(_ word: UInt32) -> Int32 {
        Int32(bitPattern: word & 0xfe00_0000) >> 20 | Int32(bitPattern: word >> 7 & 31)
    }

    private static func immediateB(_ word: UInt32) -> Int32 {
        let high = Int32(bitPattern: word & 0x8000_0000) >> 19
        let middle = Int32(bitPattern: (word & 0x80) << 4 | word >> 20 & 0x7e0 | word >> 7 & 0x1e)
        return high | middle
    }

    private static func immediateJ(_ word: UInt32) -> Int32 {
        let high = Int32(bitPattern: word & 0x8000_0000) >> 11
        let middle = Int32(bitPattern: word & 0xff000 | word >> 9 & 0x800 | word >> 20 & 0x7fe)
        return high | middle
    }

    private static func immediateOperation(
        _ word: UInt32, _ make: (Operation, Int32) -> Instruction
    ) -> Instruction? {
        let immediate = Int32(bitPattern: word) >> 20
        let shift = Int32(bitPattern: word >> 20 & 63)
        let upper = word >> 26
        switch word >> 12 & 7 {
        case 0: return make(.addi, immediate)
        case 2: return make(.slti, immediate)
        case 3: return make(.sltiu, immediate)
        case 4: return make(.xori, immediate)
        case 6: return make(.ori, immediate)
        case 7: return make(.andi, immediate)
        case 1:
            switch upper {
            case 0x00: return make(.slli, shift)
            case 0x0a: return make(.bseti, shift)
            case 0x12: return make(.bclri, shift)
            case 0x1a: return make(.binvi, shift)
            case 0x18:
                switch shift {
                case 0: return make(.clz, 0)
                case 1: return make(.ctz, 0)
                case 2: return make(.cpop, 0)
                case 4: return make(.sextB, 0)
                case 5: return make(.sextH, 0)
                default: return nil
                }
            default: return nil
            }
        default:
            switch upper {
            case 0x00: return make(.srli, shift)
            case 0x10: return make(.srai, shift)
            case 0x12: return make(.bexti, shift)
            case 0x18: return make(.rori, shift)
            case 0x0a: return shift == 7 ? make(.orcB, 0) : nil
            case 0x1a: return shift == 56 ? make(.rev8, 0) : nil
            default: return nil
            }
        }
    }

    private static func immediateWordOperation(
        _ word: UInt32, _ make: (Operation, Int32) -> Instruction
    ) -> Instruction? {
        let shift = Int32(bitPattern: word >> 20 & 31)
        let upper = word >> 25
        switch word >> 12 & 7 {
        case 0: return make(.addiw, Int32(bitPattern: word) >> 20)
        case 1:
            switch upper {
            case 0x00: return make(.slliw, shift)
            case 0x04, 0x05: return make(.slliUW, Int32(bitPattern: word >> 20 & 63))
            case 0x30:
                switch shift {
                case 0: return make(.clzw, 0)
                case 1: return make(.ctzw, 0)
                case 2: return make(.cpopw, 0)
                default: return nil
                }
            default: return nil
            }
        case 5:
            switch upper {
            case 0x00: return make(.srliw, shift)
            case 0x20: return make(.sraiw, shift)
            case 0x30: return make(.roriw, shift)
            default: return nil
            }
        default: return nil
        }
    }

    private static func registerOperation(
        _ word: UInt32, _ make: (Operation, Int32) -> Instruction
    ) -> Instruction? {
        let operation: Operation?
        switch (word >> 25, word >> 12 & 7) {
        case (0x00, 0): operation = .add
        case (0x00, 1): operation = .sll
        case (0x00, 2): operation = .slt
        case (0x00, 3): operation = .sltu
        case (0x00, 4): operation = .xor
        case (0x00, 5): operation = .srl
        case (0x00, 6): operation = .or
        case (0x00, 7): operation = .and
        case (0x20, 0): operation = .sub
        case (0x20, 5): operation = .sra
        case (0x20, 4): operation = .xnor
        case (0x20, 6): operation = .orn
        case (0x20, 7): operation = .andn
        case (0x01, 0): operation = .mul
        case (0x01, 1): operation = .mulh
        case (0x01, 2): operation = .mulhsu
        case (0x01, 3): operation = .mulhu
        case (0x01, 4): operation = .div
        case (0x01, 5): operation = .divu
        case (0x01, 6): operation = .rem
        case (0x01, 7): operation = .remu
        case (0x05, 1): operation = .clmul
        case (0x05, 2): operation = .clmulr
        case (0x05, 3): operation = .clmulh
        case (0x05, 4): operation = .min
        case (0x05, 5): operation = .minu
        case (0x05, 6): operation = .max
        case (0x05, 7): operation = .maxu
        case (0x10, 2): operation = .sh1add
        case (0x10, 4): operation = .sh2add
        case (0x10, 6): operation = .sh3add
        case (0x14, 1): operation = .bset
        case (0x24, 1): operation = .bclr
        case (0x24, 5): operation = .bext
        case (0x34, 1): operation = .binv
        case (0x30, 1): operation = .rol
        case (0x30, 5): operation = .ror
        default: operation = nil
        }
        return operation.map { make($0, 0) }
    }

    private static func registerWordOperation(
        _ word: UInt32, _ make: (Operation, Int32) -> Instruction
    ) -> Instruction? {
        let operation: Operation?
        switch (word >> 25, word >> 12 & 7) {
        case (0x00, 0): operation = .addw
        case (0x00, 1): operation = .sllw
        case (0x00, 5): operation = .srlw
        case (0x20, 0): operation = .subw
        case (0x20, 5): operation = .sraw
        case (0x01, 0): operation = .mulw
        case (0x01, 4): operation = .divw
        case (0x01, 5): operation = .divuw
        case (0x01, 6): operation = .remw
        case (0x01, 7): operation = .remuw
        case (0x04, 0): operation = .addUW
        case (0x04, 4): operation = word >> 20 & 31 == 0 ? .zextH : nil
        case (0x10, 2): operation = .sh1addUW
        case (0x10, 4): operation = .sh2addUW
        case (0x10, 6): operation = .sh3addUW
        case (0x30, 1): operation = .rolw
        case (0x30, 5): operation = .rorw
        default: operation = nil
        }
        return operation.map { make($0, 0) }
    }
}
