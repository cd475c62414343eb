extension Hart {
    /// Executes an instruction of F, D or Zfa other than a load or store; false when it is illegal.
    @inline(never)
    func executeFloat(_ word: UInt32) -> Bool {
        if floatIsOff { return illegal(word) }
        let format = word >> 25 & 3
        guard format < 2 else { return illegal(word) }
        let done =
            format == 0
            ? execute(Binary32.self, word, isSingle: true) : execute(Binary64.self, word, isSingle: false)
        guard done else { return illegal(word) }
        markFloatDirty()
        return true
    }

    /// The rounding mode of an instruction: its own or `frm`; nil when it is reserved.
    private func roundingMode(_ word: UInt32) -> UInt8? {
        let field = UInt8(truncatingIfNeeded: word >> 12 & 7)
        let mode = unsafe field == 7 ? context.pointee.frm : field
        return mode <= 4 ? mode : nil
    }

    private func operand(_ register: UInt32, _ isSingle: Bool) -> UInt64 {
        let bits = unsafe f[Int(register & 31)]
        if !isSingle { return bits }
        // A single that is not NaN-boxed is the canonical NaN.
        return bits >> 32 == 0xffff_ffff ? bits & 0xffff_ffff : Binary32.canonicalNaN
    }

    private func set(_ register: UInt32, _ bits: UInt64, _ isSingle: Bool) {
        unsafe f[Int(register & 31)] = isSingle ? bits | 0xffff_ffff_0000_0000 : bits
    }

    private func setInteger(_ register: UInt32, _ value: UInt64) {
        let index = Int(register & 31)
        unsafe x[index == 0 ? 32 : index] = value
    }

    private func execute<Format: FloatFormat>(_: Format.Type, _ word: UInt32, isSingle: Bool) -> Bool {
        let rd = word >> 7
        let a = operand(word >> 15, isSingle)
        let b = operand(word >> 20, isSingle)
        var flags: UInt8 = 0
        defer { unsafe context.pointee.fflags |= flags }
        let opcode = word & 0x7f
        if opcode != 0x53 {
            guard let mode = roundingMode(word) else { return false }
            let c = operand(word >> 27, isSingle)
            let product = opcode == 0x4b || opcode == 0x4f ? a ^ Format.signBit : a
            let addend = opcode == 0x47 || opcode == 0x4f ? c ^ Format.signBit : c
            // A sign change does not touch what a NaN is.
            set(rd, Format.multiplyAdd(product, b, addend, mode, &flags), isSingle)
            return true
        }
        let funct3 = word >> 12 & 7
        let rs2 = word >> 20 & 31
        switch word >> 27 {
        case 0x00, 0x01, 0x02, 0x03:
            guard let mode = roundingMode(word) else { return false }
            let result: UInt64
            switch word >> 27 {
            case 0x00: result = Format.add(a, b, mode, &flags)
            case 0x01: result = Format.subtract(a, b, mode, &flags)
            case 0x02: result = Format.multiply(a, b, mode, &flags)
            default: result = Format.divide(a, b, mode, &flags)
            }
            set(rd, result, isSingle)
        case 0x0b:
            guard rs2 == 0, let mode = roundingMode(word) else { return false }
            set(rd, Format.squareRoot(a, mode, &flags), isSingle)
        case 0x04:
            let sign: UInt64
            switch funct3 {
            case 0: sign = b & Format.signBit
            case 1: sign = ~b & Format.signBit
            case 2: sign = (a ^ b) & Format.signBit
            default: return false
            }
            set(rd, a & ~Format.signBit | sign, isSingle)
        case 0x05:
            guard funct3 < 4 else { return false }
            let result = Format.extreme(
                a, b, isMaximum: funct3 & 1 != 0, propagatesNaN: funct3 & 2 != 0, &flags)
            set(rd, result, isSingle)
        case 0x14: return compare(Format.self, funct3, rd, a, b, &flags)
        case 0x18: return convertToInteger(Format.self, word, rd, a, &flags)
        case 0x1a: return convertFromInteger(Format.self, word, rd, isSingle, &flags)
        case 0x08: return convertFormat(Format.self, word, rd, a, isSingle, &flags)
        case 0x1c:
            guard rs2 == 0 else { return false }
            switch funct3 {
            case 0:
                let bits = unsafe f[Int(word >> 15 & 31)]
                setInteger(rd, isSingle ? signed32(UInt32(truncatingIfNeeded: bits)) : bits)
            case 1: setInteger(rd, Format.classify(a))
            default: return false
            }
        case 0x1e:
            guard funct3 == 0 else { return false }
            let source = word >> 15 & 31
            if rs2 == 1 {
                set(rd, isSingle ? loadImmediate32(source) : loadImmediate64(source), isSingle)
            } else if rs2 == 0 {
                let bits = unsafe x[Int(source)]
                set(rd, isSingle ? bits & 0xffff_ffff : bits, isSingle)
            } else {
                return false
            }
        default: return false
        }
        return true
    }

    private func compare<Format: FloatFormat>(
        _: Format.Type, _ funct3: UInt32, _ rd: UInt32, _ a: UInt64, _ b: UInt64, _ flags: inout UInt8
    ) -> Bool {
        let result: Bool
        switch funct3 {
        case 0: result = Format.isLess(a, b, orEqual: true, &flags)
        case 1: result = Format.isLess(a, b, orEqual: false, &flags)
        case 2: result = Format.isEqual(a, b, &flags)
        case 4: result = Format.isLess(a, b, orEqual: true, isQuiet: true, &flags)
        case 5: result = Format.isLess(a, b, orEqual: false, isQuiet: true, &flags)
        default: return false
        }
        setInteger(rd, result ? 1 : 0)
        return true
    }

    private func convertToInteger<Format: FloatFormat>(
        _: Format.Type, _ word: UInt32, _ rd: UInt32, _ a: UInt64, _ flags: inout UInt8
    ) -> Bool {
        let kind = word >> 20 & 31
        if kind == 8 {
            guard Format.precision == 53, word >> 12 & 7 == 1 else { return false }
            setInteger(rd, convertModulo(a, &flags))
            return true
        }
        guard let mode = roundingMode(word) else { return false }
        switch kind {
        case 0: setInteger(rd, Format.toInteger(a, minimum: 1 << 31, maximum: 1 << 31 - 1, mode, &flags))
        case 1:
            let value = Format.toInteger(a, minimum: 0, maximum: 1 << 32 - 1, mode, &flags)
            setInteger(rd, signed32(UInt32(truncatingIfNeeded: value)))
        case 2: setInteger(rd, Format.toInteger(a, minimum: 1 << 63, maximum: 1 << 63 - 1, mode, &flags))
        case 3: setInteger(rd, Format.toInteger(a, minimum: 0, maximum: .max, mode, &flags))
        default: return false
        }
        return true
    }

    private func convertFromInteger<Format: FloatFormat>(
        _: Format.Type, _ word: UInt32, _ rd: UInt32, _ isSingle: Bool, _ flags: inout UInt8
    ) -> Bool {
        guard let mode = roundingMode(word) else { return false }
        let value = unsafe x[Int(word >> 15 & 31)]
        let isNegative: Bool
        let magnitude: UInt64
        switch word >> 20 & 31 {
        case 0:
            let number = Int64(Int32(truncatingIfNeeded: value))
            (isNegative, magnitude) = (number < 0, number.magnitude)
        case 1: (isNegative, magnitude) = (false, value & 0xffff_ffff)
        case 2: (isNegative, magnitude) = (Int64(bitPattern: value) < 0, Int64(bitPattern: value).magnitude)
        case 3: (isNegative, magnitude) = (false, value)
        default: return false
        }
        set(rd, Format.fromInteger(isNegative: isNegative, magnitude, mode, &flags), isSingle)
        return true
    }

    /// fcvt between the formats, and Zfa's fround and froundnx.
    private func convertFormat<Format: FloatFormat>(
        _: Format.Type, _ word: UInt32, _ rd: UInt32, _ a: UInt64, _ isSingle: Bool, _ flags: inout UInt8
    ) -> Bool {
        guard let mode = roundingMode(word) else { return false }
        switch word >> 20 & 31 {
        case 0 where !isSingle:
            let source = operand(word >> 15, true)
            set(rd, Binary32.convert(source, to: Binary64.self, mode, &flags), false)
        case 1 where isSingle:
            let source = unsafe f[Int(word >> 15 & 31)]
            set(rd, Binary64.convert(source, to: Binary32.self, mode, &flags), true)
        case 4: set(rd, Format.roundToInteger(a, mode, isExact: false, &flags), isSingle)
        case 5: set(rd, Format.roundToInteger(a, mode, isExact: true, &flags), isSingle)
        default: return false
        }
        return true
    }
}

/// Zfa fli.s: the constants that an instruction can name. Source: Zfa extension, table of fli values.
private func loadImmediate32(_ index: UInt32) -> UInt64 {
    switch index {
    case 1: return 0x0080_0000
    case 31: return Binary32.canonicalNaN
    default:
        var flags: UInt8 = 0
        return Binary64.convert(loadImmediate64(index), to: Binary32.self, Rounding.nearestEven, &flags)
    }
}

/// Zfa fli.d.
private func loadImmediate64(_ index: UInt32) -> UInt64 {
    let value: Double
    switch index {
    case 0: value = -1
    case 1: return 0x0010_0000_0000_0000
    case 2: value = 0x1p-16
    case 3: value = 0x1p-15
    case 4: value = 0x1p-8
    case 5: value = 0x1p-7
    case 6...22:
        value =
            [
                0.0625, 0.125, 0.25, 0.3125, 0.375, 0.4375, 0.5, 0.625, 0.75, 0.875, 1, 1.25, 1.5, 1.75, 2,
                2.5, 3,
            ][Int(index) - 6]
    case 23: value = 4
    case 24: value = 8
    case 25: value = 16
    case 26: value = 128
    case 27: value = 256
    case 28: value = 0x1p15
    case 29: value = 0x1p16
    case 30: return Binary64.infinity
    default: return Binary64.canonicalNaN
    }
    return value.bitPattern
}
