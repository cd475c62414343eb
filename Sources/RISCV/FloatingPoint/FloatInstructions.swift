/// How an f register holds a format.
extension BinaryFormat {
    @inline(__always) static func operand(_ register: UInt64) -> Bits {
        Self.self == Binary32.self
            ? Bits(truncatingIfNeeded: unbox32(register)) : Bits(truncatingIfNeeded: register)
    }

    @inline(__always) static func register(_ bits: Bits) -> UInt64 {
        Self.self == Binary32.self
            ? box32(UInt32(truncatingIfNeeded: bits)) : UInt64(truncatingIfNeeded: bits)
    }
}

extension Hart {
    /// Executes an instruction of F, D or Zfa other than a load or store; false when it is illegal.
    @inline(never)
    func executeFloat(_ word: UInt32) -> Bool {
        if floatIsOff { return illegal(word) }
        let done: Bool
        switch word >> 25 & 3 {
        case 0: done = execute(Binary32.self, word)
        case 1: done = execute(Binary64.self, word)
        default: done = false
        }
        guard done else { return illegal(word) }
        markFloatDirty()
        return true
    }

    /// The rounding mode of an instruction: its own or `frm`; nil when it is reserved.
    @inline(__always)
    private func roundingMode(_ word: UInt32) -> UInt8? {
        let field = UInt8(truncatingIfNeeded: word >> 12 & 7)
        let mode = unsafe field == 7 ? context.pointee.frm : field
        return mode <= RoundingMode.nearestMaxMagnitude ? mode : nil
    }

    @inline(__always)
    private func setInteger(_ register: UInt32, _ value: UInt64) {
        let index = Int(register & 31)
        unsafe x[index == 0 ? 32 : index] = value
    }

    @inline(__always)
    private func execute<Format: BinaryFormat>(_: Format.Type, _ word: UInt32) -> Bool {
        if word & 0x7f == 0x53 { return executeOperation(Format.self, word) }
        return executeMultiplyAdd(Format.self, word)
    }

    @inline(__always)
    private func executeMultiplyAdd<Format: BinaryFormat>(_: Format.Type, _ word: UInt32) -> Bool {
        guard let mode = roundingMode(word) else { return false }
        let a = unsafe Format.operand(f[Int(word >> 15 & 31)])
        let b = unsafe Format.operand(f[Int(word >> 20 & 31)])
        let c = unsafe Format.operand(f[Int(word >> 27)])
        var flags = unsafe context.pointee.fflags
        let result: Format.Bits
        switch word & 0x7f {
        case 0x43: result = Format.fmadd(a, b, c, mode, &flags)
        case 0x47: result = Format.fmsub(a, b, c, mode, &flags)
        case 0x4b: result = Format.fnmsub(a, b, c, mode, &flags)
        default: result = Format.fnmadd(a, b, c, mode, &flags)
        }
        unsafe context.pointee.fflags = flags
        unsafe f[Int(word >> 7 & 31)] = Format.register(result)
        return true
    }

    @inline(__always)
    private func executeOperation<Format: BinaryFormat>(_: Format.Type, _ word: UInt32) -> Bool {
        let rd = word >> 7
        let rs2 = word >> 20 & 31
        let funct3 = word >> 12 & 7
        let a = unsafe Format.operand(f[Int(word >> 15 & 31)])
        let b = unsafe Format.operand(f[Int(rs2)])
        var flags = unsafe context.pointee.fflags
        let result: Format.Bits
        switch word >> 27 {
        case 0x00:
            guard let mode = roundingMode(word) else { return false }
            result = Format.fadd(a, b, mode, &flags)
        case 0x01:
            guard let mode = roundingMode(word) else { return false }
            result = Format.fsub(a, b, mode, &flags)
        case 0x02:
            guard let mode = roundingMode(word) else { return false }
            result = Format.fmul(a, b, mode, &flags)
        case 0x03:
            guard let mode = roundingMode(word) else { return false }
            result = Format.fdiv(a, b, mode, &flags)
        case 0x0b:
            guard rs2 == 0, let mode = roundingMode(word) else { return false }
            result = Format.fsqrt(a, mode, &flags)
        case 0x04:
            switch funct3 {
            case 0: result = Format.fsgnj(a, b)
            case 1: result = Format.fsgnjn(a, b)
            case 2: result = Format.fsgnjx(a, b)
            default: return false
            }
        case 0x05:
            switch funct3 {
            case 0: result = Format.fmin(a, b, &flags)
            case 1: result = Format.fmax(a, b, &flags)
            case 2: result = Format.fminm(a, b, &flags)
            case 3: result = Format.fmaxm(a, b, &flags)
            default: return false
            }
        case 0x08:
            guard let mode = roundingMode(word) else { return false }
            switch rs2 {
            case 0 where Format.self == Binary64.self:
                let source = unsafe unbox32(f[Int(word >> 15 & 31)])
                result = Format.Bits(truncatingIfNeeded: Binary64.fcvtFromS(source, &flags))
            case 1 where Format.self == Binary32.self:
                let source = unsafe f[Int(word >> 15 & 31)]
                result = Format.Bits(truncatingIfNeeded: Binary32.fcvtFromD(source, mode, &flags))
            case 4: result = Format.fround(a, mode, &flags)
            case 5: result = Format.froundnx(a, mode, &flags)
            default: return false
            }
        case 0x1a:
            guard let mode = roundingMode(word) else { return false }
            let source = unsafe x[Int(word >> 15 & 31)]
            switch rs2 {
            case 0: result = Format.fcvtFromW(source, mode, &flags)
            case 1: result = Format.fcvtFromWU(source, mode, &flags)
            case 2: result = Format.fcvtFromL(source, mode, &flags)
            case 3: result = Format.fcvtFromLU(source, mode, &flags)
            default: return false
            }
        case 0x1e:
            guard funct3 == 0 else { return false }
            switch rs2 {
            case 0: result = unsafe Format.Bits(truncatingIfNeeded: x[Int(word >> 15 & 31)])
            case 1: result = Format.fli(UInt8(truncatingIfNeeded: word >> 15 & 31))
            default: return false
            }
        default:
            guard let value = integerResult(Format.self, word, a, b, &flags) else { return false }
            setInteger(rd, value)
            unsafe context.pointee.fflags = flags
            return true
        }
        unsafe context.pointee.fflags = flags
        unsafe f[Int(rd & 31)] = Format.register(result)
        return true
    }

    /// The operations whose result goes to an x register; nil for what is none.
    @inline(__always)
    private func integerResult<Format: BinaryFormat>(
        _: Format.Type, _ word: UInt32, _ a: Format.Bits, _ b: Format.Bits, _ flags: inout UInt8
    ) -> UInt64? {
        let rs2 = word >> 20 & 31
        let funct3 = word >> 12 & 7
        switch word >> 27 {
        case 0x14:
            switch funct3 {
            case 0: return Format.fle(a, b, &flags) ? 1 : 0
            case 1: return Format.flt(a, b, &flags) ? 1 : 0
            case 2: return Format.feq(a, b, &flags) ? 1 : 0
            case 4: return Format.fleq(a, b, &flags) ? 1 : 0
            case 5: return Format.fltq(a, b, &flags) ? 1 : 0
            default: return nil
            }
        case 0x18:
            if rs2 == 8 {
                guard Format.self == Binary64.self, funct3 == RoundingMode.towardZero else { return nil }
                return Binary64.fcvtmodWD(UInt64(truncatingIfNeeded: a), &flags)
            }
            guard let mode = roundingMode(word) else { return nil }
            switch rs2 {
            case 0: return Format.fcvtToW(a, mode, &flags)
            case 1: return Format.fcvtToWU(a, mode, &flags)
            case 2: return Format.fcvtToL(a, mode, &flags)
            case 3: return Format.fcvtToLU(a, mode, &flags)
            default: return nil
            }
        case 0x1c:
            guard rs2 == 0 else { return nil }
            switch funct3 {
            case 0:
                let bits = unsafe f[Int(word >> 15 & 31)]
                return Format.self == Binary32.self ? signed32(UInt32(truncatingIfNeeded: bits)) : bits
            case 1: return Format.fclass(a)
            default: return nil
            }
        default: return nil
        }
    }
}
