/// A binary interchange format of IEEE 754, held in the low bits of a `UInt64`.
protocol FloatFormat {
    /// Bits of the significand with its hidden bit.
    static var precision: Int { get }
    /// Largest exponent; the bias.
    static var maximumExponent: Int { get }
}

/// F.
enum Binary32: FloatFormat {
    static let precision = 24
    static let maximumExponent = 127
}

/// D.
enum Binary64: FloatFormat {
    static let precision = 53
    static let maximumExponent = 1023
}

extension FloatFormat {
    static var fractionBits: UInt64 { UInt64(precision - 1) }
    static var exponentMask: UInt64 { UInt64(maximumExponent) << 1 | 1 }
    static var fractionMask: UInt64 { 1 << fractionBits - 1 }
    static var signBit: UInt64 { (exponentMask + 1) << fractionBits }
    static var infinity: UInt64 { exponentMask << fractionBits }
    /// The one NaN that operations give.
    static var canonicalNaN: UInt64 { infinity | 1 << (fractionBits - 1) }
    static var largest: UInt64 { infinity - 1 }
    static var minimumExponent: Int { 1 - maximumExponent }

    @inline(__always) static func isNaN(_ bits: UInt64) -> Bool { bits & (signBit - 1) > infinity }
    @inline(__always) static func isSignaling(_ bits: UInt64) -> Bool {
        isNaN(bits) && bits >> (fractionBits - 1) & 1 == 0
    }
    @inline(__always) static func isInfinite(_ bits: UInt64) -> Bool { bits & (signBit - 1) == infinity }
    @inline(__always) static func isZero(_ bits: UInt64) -> Bool { bits & (signBit - 1) == 0 }
    @inline(__always) static func isNegative(_ bits: UInt64) -> Bool { bits & signBit != 0 }
}

/// Accrued exceptions, bits of `fflags`.
enum FloatFlags {
    static let inexact: UInt8 = 1
    static let underflow: UInt8 = 2
    static let overflow: UInt8 = 4
    static let divideByZero: UInt8 = 8
    static let invalid: UInt8 = 16
}

/// Rounding modes, values of `frm`.
enum Rounding {
    static let nearestEven: UInt8 = 0
    static let towardZero: UInt8 = 1
    static let down: UInt8 = 2
    static let up: UInt8 = 3
    static let nearestMaximum: UInt8 = 4

    /// Whether a magnitude whose dropped part is `rest` of `2 * half` goes up.
    @inline(__always)
    static func increments(_ mode: UInt8, isNegative: Bool, isOdd: Bool, rest: UInt64, half: UInt64) -> Bool {
        switch mode {
        case nearestEven: rest > half || rest == half && isOdd
        case nearestMaximum: rest >= half
        case down: isNegative && rest != 0
        case up: !isNegative && rest != 0
        default: false
        }
    }
}

/// A finite number other than zero: `significand * 2^(exponent - 63)`, the significand's top bit set.
struct Unpacked {
    var isNegative: Bool
    var exponent: Int
    var significand: UInt64
}

extension FloatFormat {
    /// A finite number other than zero, taken apart.
    @inline(__always)
    static func unpack(_ bits: UInt64) -> Unpacked {
        let field = bits >> fractionBits & exponentMask
        let fraction = bits & fractionMask
        if field == 0 {
            let shift = fraction.leadingZeroBitCount
            let top = Int(fractionBits) - (63 - shift)
            return Unpacked(
                isNegative: isNegative(bits), exponent: minimumExponent - top,
                significand: fraction << UInt64(shift))
        }
        return Unpacked(
            isNegative: isNegative(bits), exponent: Int(field) - maximumExponent,
            significand: (fraction | 1 << fractionBits) << UInt64(64 - precision))
    }

    /// Rounds to the format. The significand's lowest bit stands for everything below it that is not zero.
    ///
    /// Underflow is raised when the result is inexact and, rounded without a limit to the exponent, tiny: RISC-V detects
    /// tininess after rounding.
    static func pack(_ number: Unpacked, _ mode: UInt8, _ flags: inout UInt8) -> UInt64 {
        let sign = number.isNegative ? signBit : 0
        let dropped = UInt64(64 - precision)
        let half = UInt64(1) << (dropped - 1)
        let rest = number.significand & (1 << dropped - 1)
        var kept = number.significand >> dropped
        var exponent = number.exponent
        let goesUp = Rounding.increments(
            mode, isNegative: number.isNegative, isOdd: kept & 1 != 0, rest: rest, half: half)
        if exponent >= minimumExponent {
            if goesUp { kept += 1 }
            if kept >> UInt64(precision) != 0 {
                kept >>= 1
                exponent += 1
            }
            if exponent > maximumExponent {
                flags |= FloatFlags.overflow | FloatFlags.inexact
                let toInfinity =
                    mode == Rounding.nearestEven || mode == Rounding.nearestMaximum
                    || mode == (number.isNegative ? Rounding.down : Rounding.up)
                return sign | (toInfinity ? infinity : largest)
            }
            if rest != 0 { flags |= FloatFlags.inexact }
            return sign | UInt64(exponent + maximumExponent) << fractionBits | kept & fractionMask
        }
        // Subnormal, or just below the smallest normal number.
        let roundsToNormal = exponent == minimumExponent - 1 && goesUp && kept == 1 << UInt64(precision) - 1
        let shift = min(minimumExponent - exponent, 64)
        let significand = shiftRightJam(number.significand, UInt64(shift))
        let tinyRest = significand & (1 << dropped - 1)
        var tiny = significand >> dropped
        if Rounding.increments(
            mode, isNegative: number.isNegative, isOdd: tiny & 1 != 0, rest: tinyRest, half: half)
        {
            tiny += 1
        }
        if tinyRest != 0 {
            flags |= FloatFlags.inexact
            if !roundsToNormal { flags |= FloatFlags.underflow }
        }
        return sign | tiny  // A carry into the exponent field makes the smallest normal number.
    }

    /// Gives the NaN of an operation and notes signaling operands.
    static func propagate(_ a: UInt64, _ b: UInt64, _ flags: inout UInt8) -> UInt64 {
        if isSignaling(a) || isSignaling(b) { flags |= FloatFlags.invalid }
        return canonicalNaN
    }

    static func invalid(_ flags: inout UInt8) -> UInt64 {
        flags |= FloatFlags.invalid
        return canonicalNaN
    }
}

/// Shifts right; the lowest bit of the result also stands for what was shifted out.
@inline(__always)
func shiftRightJam(_ value: UInt64, _ count: UInt64) -> UInt64 {
    if count == 0 { return value }
    if count >= 64 { return value != 0 ? 1 : 0 }
    return value >> count | (value & (1 << count - 1) != 0 ? 1 : 0)
}

@inline(__always)
func shiftRightJam(_ value: UInt128, _ count: Int) -> UInt128 {
    if count <= 0 { return value }
    if count >= 128 { return value != 0 ? 1 : 0 }
    return value >> UInt128(count) | (value & (1 << UInt128(count) - 1) != 0 ? 1 : 0)
}
