/// Arithmetic of IEEE 754 in integers, with RISC-V's rounding modes, flags and NaNs: the oracle, and what serves where the
/// host's unit may not be used. Source: unprivileged manual, chapters F and D.
extension FloatFormat {
    static func add(_ a: UInt64, _ b: UInt64, _ mode: UInt8, _ flags: inout UInt8) -> UInt64 {
        if isNaN(a) || isNaN(b) { return propagate(a, b, &flags) }
        if isInfinite(a) {
            return isInfinite(b) && (a ^ b) & signBit != 0 ? invalid(&flags) : a
        }
        if isInfinite(b) { return b }
        if isZero(a), isZero(b) { return a == b ? a : exactZero(mode) }
        if isZero(a) { return b }
        if isZero(b) { return a }
        return sum(unpack(a), unpack(b), mode, &flags)
    }

    private static func exactZero(_ mode: UInt8) -> UInt64 { mode == Rounding.down ? signBit : 0 }

    private static func sum(_ a: Unpacked, _ b: Unpacked, _ mode: UInt8, _ flags: inout UInt8) -> UInt64 {
        wideSum(
            (a.isNegative, a.exponent, UInt128(a.significand) << 63),
            (b.isNegative, b.exponent, UInt128(b.significand) << 63), mode, &flags)
    }

    /// Adds `significand * 2^(exponent - 126)`; each significand is below 2^127 and not zero.
    private static func wideSum(
        _ a: (isNegative: Bool, exponent: Int, significand: UInt128),
        _ b: (isNegative: Bool, exponent: Int, significand: UInt128), _ mode: UInt8, _ flags: inout UInt8
    ) -> UInt64 {
        let exponent = max(a.exponent, b.exponent)
        let left = shiftRightJam(a.significand, exponent - a.exponent)
        let right = shiftRightJam(b.significand, exponent - b.exponent)
        if a.isNegative == b.isNegative {
            return packWide(a.isNegative, exponent, left + right, mode, &flags)
        }
        if left == right { return exactZero(mode) }
        return left > right
            ? packWide(a.isNegative, exponent, left - right, mode, &flags)
            : packWide(b.isNegative, exponent, right - left, mode, &flags)
    }

    private static func packWide(
        _ isNegative: Bool, _ exponent: Int, _ significand: UInt128, _ mode: UInt8, _ flags: inout UInt8
    ) -> UInt64 {
        let shift = significand.leadingZeroBitCount
        let normal = significand << UInt128(shift)
        let top = UInt64(truncatingIfNeeded: normal >> 64)
        let sticky: UInt64 = UInt64(truncatingIfNeeded: normal) != 0 ? 1 : 0
        return pack(
            Unpacked(isNegative: isNegative, exponent: exponent + 1 - shift, significand: top | sticky), mode,
            &flags)
    }

    static func subtract(_ a: UInt64, _ b: UInt64, _ mode: UInt8, _ flags: inout UInt8) -> UInt64 {
        if isNaN(b) { return propagate(a, b, &flags) }
        return add(a, b ^ signBit, mode, &flags)
    }

    static func multiply(_ a: UInt64, _ b: UInt64, _ mode: UInt8, _ flags: inout UInt8) -> UInt64 {
        if isNaN(a) || isNaN(b) { return propagate(a, b, &flags) }
        let sign = (a ^ b) & signBit
        if isInfinite(a) || isInfinite(b) {
            return isZero(a) || isZero(b) ? invalid(&flags) : sign | infinity
        }
        if isZero(a) || isZero(b) { return sign }
        let (left, right) = (unpack(a), unpack(b))
        let product = UInt128(left.significand) * UInt128(right.significand)
        return packWide(sign != 0, left.exponent + right.exponent, product, mode, &flags)
    }

    static func divide(_ a: UInt64, _ b: UInt64, _ mode: UInt8, _ flags: inout UInt8) -> UInt64 {
        if isNaN(a) || isNaN(b) { return propagate(a, b, &flags) }
        let sign = (a ^ b) & signBit
        if isInfinite(a) { return isInfinite(b) ? invalid(&flags) : sign | infinity }
        if isInfinite(b) { return sign }
        if isZero(b) {
            if isZero(a) { return invalid(&flags) }
            flags |= FloatFlags.divideByZero
            return sign | infinity
        }
        if isZero(a) { return sign }
        let (left, right) = (unpack(a), unpack(b))
        // The quotient is between 1/2 and 2: shifted by 63 it fits in 64 bits.
        let dividend = UInt128(left.significand) << 63
        let (quotient, rest) = dividend.quotientAndRemainder(dividingBy: UInt128(right.significand))
        let wide = quotient << 63 | (rest != 0 ? 1 : 0)
        return packWide(sign != 0, left.exponent - right.exponent, wide, mode, &flags)
    }

    static func squareRoot(_ a: UInt64, _ mode: UInt8, _ flags: inout UInt8) -> UInt64 {
        if isNaN(a) { return propagate(a, a, &flags) }
        if isZero(a) { return a }
        if isNegative(a) { return invalid(&flags) }
        if isInfinite(a) { return a }
        let number = unpack(a)
        let isOdd = number.exponent & 1 != 0
        // The root of a number in [2^126, 2^128) is in [2^63, 2^64).
        var rest = UInt128(number.significand) << (isOdd ? 64 : 63)
        var root: UInt128 = 0
        var bit: UInt128 = 1 << 126
        while bit != 0 {
            if rest >= root + bit {
                rest -= root + bit
                root = root >> 1 + bit
            } else {
                root >>= 1
            }
            bit >>= 2
        }
        let exponent = (number.exponent - (isOdd ? 1 : 0)) / 2
        let significand = UInt64(truncatingIfNeeded: root) | (rest != 0 ? 1 : 0)
        return pack(Unpacked(isNegative: false, exponent: exponent, significand: significand), mode, &flags)
    }

    /// `a * b + c` with one rounding.
    static func multiplyAdd(
        _ a: UInt64, _ b: UInt64, _ c: UInt64, _ mode: UInt8, _ flags: inout UInt8
    ) -> UInt64 {
        if isInfinite(a) && isZero(b) || isZero(a) && isInfinite(b) { return invalid(&flags) }
        if isNaN(a) || isNaN(b) || isNaN(c) {
            if isSignaling(c) { flags |= FloatFlags.invalid }
            return propagate(a, b, &flags)
        }
        let sign = (a ^ b) & signBit
        if isInfinite(a) || isInfinite(b) {
            return isInfinite(c) && c & signBit != sign ? invalid(&flags) : sign | infinity
        }
        if isInfinite(c) { return c }
        if isZero(a) || isZero(b) {
            if !isZero(c) { return c }
            return sign == c & signBit ? sign : exactZero(mode)
        }
        let (left, right) = (unpack(a), unpack(b))
        let product = UInt128(left.significand) * UInt128(right.significand)
        let exponent = left.exponent + right.exponent
        if isZero(c) { return packWide(sign != 0, exponent, product, mode, &flags) }
        let addend = unpack(c)
        // The product may have its top bit at 127: one place down keeps room for the carry, and its low bits are zeros.
        return wideSum(
            (sign != 0, exponent + 1, product >> 1 | product & 1),
            (addend.isNegative, addend.exponent, UInt128(addend.significand) << 63), mode, &flags)
    }

    // MARK: Comparisons

    /// feq: quiet.
    static func isEqual(_ a: UInt64, _ b: UInt64, _ flags: inout UInt8) -> Bool {
        if isNaN(a) || isNaN(b) {
            if isSignaling(a) || isSignaling(b) { flags |= FloatFlags.invalid }
            return false
        }
        return a == b || isZero(a) && isZero(b)
    }

    /// flt, and with `orEqual` fle: signaling, unless `isQuiet` (Zfa).
    static func isLess(
        _ a: UInt64, _ b: UInt64, orEqual: Bool, isQuiet: Bool = false, _ flags: inout UInt8
    ) -> Bool {
        if isNaN(a) || isNaN(b) {
            if !isQuiet || isSignaling(a) || isSignaling(b) { flags |= FloatFlags.invalid }
            return false
        }
        if isZero(a), isZero(b) { return orEqual }
        if a == b { return orEqual }
        return order(a) < order(b)
    }

    /// A number that orders as the values do.
    @inline(__always)
    private static func order(_ bits: UInt64) -> Int64 {
        let magnitude = Int64(bits & (signBit - 1))
        return isNegative(bits) ? -magnitude - 1 : magnitude
    }

    /// fmin, fmax: a number wins over a NaN; with `propagatesNaN` (Zfa) it does not.
    static func extreme(
        _ a: UInt64, _ b: UInt64, isMaximum: Bool, propagatesNaN: Bool = false, _ flags: inout UInt8
    ) -> UInt64 {
        if isSignaling(a) || isSignaling(b) { flags |= FloatFlags.invalid }
        if isNaN(a) || isNaN(b) {
            if propagatesNaN || isNaN(a) && isNaN(b) { return canonicalNaN }
            return isNaN(a) ? b : a
        }
        return (order(a) < order(b)) == isMaximum ? b : a
    }

    /// fclass.
    static func classify(_ a: UInt64) -> UInt64 {
        if isNaN(a) { return isSignaling(a) ? 1 << 8 : 1 << 9 }
        let negative = isNegative(a)
        if isInfinite(a) { return negative ? 1 : 1 << 7 }
        if isZero(a) { return negative ? 1 << 3 : 1 << 4 }
        let isSubnormal = a >> fractionBits & exponentMask == 0
        if isSubnormal { return negative ? 1 << 2 : 1 << 5 }
        return negative ? 1 << 1 : 1 << 6
    }
}
