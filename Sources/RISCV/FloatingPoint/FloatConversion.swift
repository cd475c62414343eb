extension FloatFormat {
    /// To another format.
    static func convert<Other: FloatFormat>(
        _ a: UInt64, to _: Other.Type, _ mode: UInt8, _ flags: inout UInt8
    ) -> UInt64 {
        if isNaN(a) {
            if isSignaling(a) { flags |= FloatFlags.invalid }
            return Other.canonicalNaN
        }
        let sign = isNegative(a) ? Other.signBit : 0
        if isInfinite(a) { return sign | Other.infinity }
        if isZero(a) { return sign }
        return Other.pack(unpack(a), mode, &flags)
    }

    /// From an integer's sign and magnitude.
    static func fromInteger(isNegative: Bool, _ magnitude: UInt64, _ mode: UInt8, _ flags: inout UInt8)
        -> UInt64
    {
        if magnitude == 0 { return 0 }
        let shift = magnitude.leadingZeroBitCount
        return pack(
            Unpacked(isNegative: isNegative, exponent: 63 - shift, significand: magnitude << UInt64(shift)),
            mode, &flags)
    }

    /// To an integer between `minimum` (as a magnitude below zero) and `maximum`; what lies outside saturates and is
    /// invalid. The result is sign-extended by the caller.
    static func toInteger(
        _ a: UInt64, minimum: UInt64, maximum: UInt64, _ mode: UInt8, _ flags: inout UInt8
    ) -> UInt64 {
        if isNaN(a) {
            flags |= FloatFlags.invalid
            return maximum
        }
        let negative = isNegative(a)
        let limit = negative ? minimum : maximum
        let saturated = negative ? 0 &- minimum : maximum
        if isZero(a) { return 0 }
        guard !isInfinite(a) else {
            flags |= FloatFlags.invalid
            return saturated
        }
        let number = unpack(a)
        if number.exponent > 63 {
            flags |= FloatFlags.invalid
            return saturated
        }
        var magnitude: UInt64
        var isInexact = false
        if number.exponent == 63 {
            magnitude = number.significand
        } else {
            // One more place than an integer has, so that the dropped part compares with one half.
            let shift = min(63 - number.exponent, 66)
            let wide = shiftRightJam(UInt128(number.significand) << 64, shift)
            magnitude = UInt64(truncatingIfNeeded: wide >> 64)
            let rest = UInt64(truncatingIfNeeded: wide)
            isInexact = rest != 0
            if Rounding.increments(
                mode, isNegative: negative, isOdd: magnitude & 1 != 0, rest: rest, half: 1 << 63)
            {
                magnitude += 1
            }
        }
        if magnitude > limit {
            flags |= FloatFlags.invalid
            return saturated
        }
        if isInexact { flags |= FloatFlags.inexact }
        return negative ? 0 &- magnitude : magnitude
    }

    /// Zfa fround, froundnx: to an integer in the same format.
    static func roundToInteger(_ a: UInt64, _ mode: UInt8, isExact: Bool, _ flags: inout UInt8) -> UInt64 {
        if isNaN(a) {
            if isSignaling(a) { flags |= FloatFlags.invalid }
            return canonicalNaN
        }
        if isInfinite(a) || isZero(a) { return a }
        let number = unpack(a)
        if number.exponent >= precision - 1 { return a }
        var raised: UInt8 = 0
        let integer = toInteger(
            a & ~signBit, minimum: 0, maximum: .max, signedMode(mode, number.isNegative), &raised)
        if isExact { flags |= raised & FloatFlags.inexact }
        var none: UInt8 = 0
        return a & signBit | fromInteger(isNegative: false, integer, Rounding.nearestEven, &none)
    }

    /// The mode that rounds a magnitude as `mode` rounds the number.
    private static func signedMode(_ mode: UInt8, _ isNegative: Bool) -> UInt8 {
        guard isNegative else { return mode }
        return mode == Rounding.down ? Rounding.up : mode == Rounding.up ? Rounding.down : mode
    }
}

/// Zfa fcvtmod.w.d: the integer part modulo 2^32.
func convertModulo(_ a: UInt64, _ flags: inout UInt8) -> UInt64 {
    if Binary64.isNaN(a) || Binary64.isInfinite(a) {
        flags |= FloatFlags.invalid
        return 0
    }
    if Binary64.isZero(a) { return 0 }
    let number = Binary64.unpack(a)
    let exponent = number.exponent
    var magnitude: UInt64 = 0
    var isInexact = false
    if exponent < 0 {
        isInexact = true
    } else if exponent <= 63 {
        magnitude = number.significand >> UInt64(63 - exponent)
        isInexact = magnitude << UInt64(63 - exponent) != number.significand
    } else if exponent < 63 + 32 {
        magnitude = number.significand << UInt64(exponent - 63)
    }
    let fits = exponent < 31 || number.isNegative && exponent == 31 && magnitude == 1 << 31
    if !fits { flags |= FloatFlags.invalid } else if isInexact { flags |= FloatFlags.inexact }
    let value = UInt32(truncatingIfNeeded: number.isNegative ? 0 &- magnitude : magnitude)
    return signed32(value)
}
