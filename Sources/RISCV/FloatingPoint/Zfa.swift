extension BinaryFormat {
    /// `fround`: to an integer in the same format; inexactness goes unreported.
    @inline(never) static func fround(_ a: Bits, _ rounding: UInt8, _ flags: inout UInt8) -> Bits {
        var ignored: UInt8 = 0
        let result = froundnx(a, rounding, &ignored)
        flags |= ignored & FloatException.invalid
        return result
    }

    /// `froundnx`: the same, and inexact when that changed the value. A zero keeps the operand's sign.
    @inline(never) static func froundnx(_ a: Bits, _ rounding: UInt8, _ flags: inout UInt8) -> Bits {
        let x = unpack(a)
        if x.isNaN { return propagate(x, x, &flags) }
        // Infinities, zeros, and values whose last place is one or more.
        guard x.kind == .finite, x.exponent < fractionBits, let (magnitude, isInexact) = rounded(x, rounding)
        else { return a }
        if !isInexact { return a }
        flags |= FloatException.inexact
        if magnitude == 0 { return signed(0, x.isNegative) }
        // At most 2^fractionBits: exact again.
        let shift = magnitude.leadingZeroBitCount &- 1
        var none: UInt8 = 0
        return pack(
            negative: x.isNegative, exponent: 62 &- shift,
            significand: magnitude &<< UInt64(truncatingIfNeeded: shift), RoundingMode.towardZero, &none)
    }

    /// `fli`: the constant that the instruction's rs1 field (0 to 31) names. Source: unprivileged manual, chapter Zfa,
    /// table of `fli`'s immediates.
    static func fli(_ index: UInt8) -> Bits {
        switch index & 31 {
        case 0: signBit | constant(exponent: 0)  // -1
        case 1: 1 &<< Bits(truncatingIfNeeded: fractionBits)  // the smallest normal number
        case 2: constant(exponent: -16)
        case 3: constant(exponent: -15)
        case 4: constant(exponent: -8)
        case 5: constant(exponent: -7)
        case 6: constant(exponent: -4)
        case 7: constant(exponent: -3)
        case 8...22:  // quarters of a binade, from 0.25 to 3
            constant(exponent: Int(truncatingIfNeeded: index & 31) / 4 &- 4, quarters: index & 3)
        case 23: constant(exponent: 2)
        case 24: constant(exponent: 3)
        case 25: constant(exponent: 4)
        case 26: constant(exponent: 7)
        case 27: constant(exponent: 8)
        case 28: constant(exponent: 15)
        case 29: constant(exponent: 16)
        case 30: infinity
        default: canonicalNaN
        }
    }

    /// 2^`exponent` · (1 + `quarters` / 4).
    private static func constant(exponent: Int, quarters: UInt8 = 0) -> Bits {
        Bits(truncatingIfNeeded: exponent &+ bias) &<< Bits(truncatingIfNeeded: fractionBits)
            | Bits(truncatingIfNeeded: quarters) &<< Bits(truncatingIfNeeded: fractionBits &- 2)
    }
}

extension Binary64 {
    /// `fcvtmod.w.d`: toward zero, modulo 2^32, sign-extended; 0 for infinities and NaNs. The exceptions are those of
    /// `fcvt.w.d`. Source: unprivileged manual, chapter Zfa, "Modular Convert-to-Integer Instruction".
    @inline(never) static func fcvtmodWD(_ a: UInt64, _ flags: inout UInt8) -> UInt64 {
        let saturated = fcvtToW(a, RoundingMode.towardZero, &flags)
        let x = unpack(a)
        guard x.kind == .finite, x.exponent >= 31 else {
            return x.kind == .finite || x.kind == .zero ? saturated : 0
        }
        // From 2^84 on the 53-bit significand has nothing left in the low 32 bits.
        if x.exponent >= 84 { return 0 }
        let shift = x.exponent &- 62
        let magnitude =
            shift < 0
            ? x.significand &>> UInt64(truncatingIfNeeded: 0 &- shift)
            : x.significand &<< UInt64(truncatingIfNeeded: shift)
        let word = x.isNegative ? 0 &- magnitude : magnitude
        return UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: word)))
    }
}
