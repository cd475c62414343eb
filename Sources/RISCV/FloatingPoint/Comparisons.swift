extension BinaryFormat {
    /// Order of two operands that are not NaN, as integers: negative magnitudes count down, and both zeros are zero.
    @inline(__always) private static func key(_ a: Bits) -> Int64 {
        let magnitude = Int64(truncatingIfNeeded: a & magnitudeMask)
        return isNegative(a) ? 0 &- magnitude : magnitude
    }

    /// `feq`: quiet; only a signaling NaN is invalid.
    @inline(__always) static func feq(_ a: Bits, _ b: Bits, _ flags: inout UInt8) -> Bool {
        if _slowPath(isNaN(a) || isNaN(b)) { return quietlyUnordered(a, b, &flags) }
        return key(a) == key(b)
    }

    /// `flt`: any NaN is invalid.
    @inline(__always) static func flt(_ a: Bits, _ b: Bits, _ flags: inout UInt8) -> Bool {
        if _slowPath(isNaN(a) || isNaN(b)) {
            flags |= FloatException.invalid
            return false
        }
        return key(a) < key(b)
    }

    /// `fle`: any NaN is invalid.
    @inline(__always) static func fle(_ a: Bits, _ b: Bits, _ flags: inout UInt8) -> Bool {
        if _slowPath(isNaN(a) || isNaN(b)) {
            flags |= FloatException.invalid
            return false
        }
        return key(a) <= key(b)
    }

    /// Zfa's `fltq`: quiet.
    @inline(__always) static func fltq(_ a: Bits, _ b: Bits, _ flags: inout UInt8) -> Bool {
        if _slowPath(isNaN(a) || isNaN(b)) { return quietlyUnordered(a, b, &flags) }
        return key(a) < key(b)
    }

    /// Zfa's `fleq`: quiet.
    @inline(__always) static func fleq(_ a: Bits, _ b: Bits, _ flags: inout UInt8) -> Bool {
        if _slowPath(isNaN(a) || isNaN(b)) { return quietlyUnordered(a, b, &flags) }
        return key(a) <= key(b)
    }

    @inline(__always) private static func quietlyUnordered(_ a: Bits, _ b: Bits, _ flags: inout UInt8) -> Bool
    {
        if isSignalingNaN(a) || isSignalingNaN(b) { flags |= FloatException.invalid }
        return false
    }

    /// `fmin`: minimumNumber of IEEE 754-2019; −0 is below +0, and a number wins against a NaN.
    @inline(__always) static func fmin(_ a: Bits, _ b: Bits, _ flags: inout UInt8) -> Bits {
        if _slowPath(isNaN(a) || isNaN(b)) { return theNumber(a, b, &flags) }
        return isBelow(a, b) ? a : b
    }

    /// `fmax`: maximumNumber of IEEE 754-2019.
    @inline(__always) static func fmax(_ a: Bits, _ b: Bits, _ flags: inout UInt8) -> Bits {
        if _slowPath(isNaN(a) || isNaN(b)) { return theNumber(a, b, &flags) }
        return isBelow(a, b) ? b : a
    }

    /// Zfa's `fminm`: minimum of IEEE 754-2019; a NaN operand makes the result NaN.
    @inline(__always) static func fminm(_ a: Bits, _ b: Bits, _ flags: inout UInt8) -> Bits {
        if _slowPath(isNaN(a) || isNaN(b)) { return notANumber(a, b, &flags) }
        return isBelow(a, b) ? a : b
    }

    /// Zfa's `fmaxm`: maximum of IEEE 754-2019.
    @inline(__always) static func fmaxm(_ a: Bits, _ b: Bits, _ flags: inout UInt8) -> Bits {
        if _slowPath(isNaN(a) || isNaN(b)) { return notANumber(a, b, &flags) }
        return isBelow(a, b) ? b : a
    }

    @inline(__always) private static func isBelow(_ a: Bits, _ b: Bits) -> Bool {
        let (x, y) = (key(a), key(b))
        return x < y || x == y && isNegative(a)
    }

    private static func theNumber(_ a: Bits, _ b: Bits, _ flags: inout UInt8) -> Bits {
        if isSignalingNaN(a) || isSignalingNaN(b) { flags |= FloatException.invalid }
        if isNaN(a) { return isNaN(b) ? canonicalNaN : b }
        return a
    }

    private static func notANumber(_ a: Bits, _ b: Bits, _ flags: inout UInt8) -> Bits {
        if isSignalingNaN(a) || isSignalingNaN(b) { flags |= FloatException.invalid }
        return canonicalNaN
    }

    // Signs: bit operations, without exceptions, NaNs included.

    @inline(__always) static func fsgnj(_ a: Bits, _ b: Bits) -> Bits { a & magnitudeMask | b & signBit }
    @inline(__always) static func fsgnjn(_ a: Bits, _ b: Bits) -> Bits { a & magnitudeMask | ~b & signBit }
    @inline(__always) static func fsgnjx(_ a: Bits, _ b: Bits) -> Bits { a ^ b & signBit }

    /// `fclass`: one bit of ten. Source: unprivileged manual, chapter F, table "Format of result of FCLASS".
    static func fclass(_ a: Bits) -> UInt64 {
        let magnitude = a & magnitudeMask
        if magnitude > infinity { return a & quietBit == 0 ? 1 << 8 : 1 << 9 }
        let negative = isNegative(a)
        if magnitude == infinity { return negative ? 1 << 0 : 1 << 7 }
        if magnitude == 0 { return negative ? 1 << 3 : 1 << 4 }
        if magnitude < quietBit &<< 1 { return negative ? 1 << 2 : 1 << 5 }
        return negative ? 1 << 1 : 1 << 6
    }
}
