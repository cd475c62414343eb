/// An operand taken apart. A finite value other than zero is `significand` · 2^(`exponent` − 62), with bit 62 the
/// significand's highest; that leaves ten bits (binary64) or 39 (binary32) below the last place for rounding.
struct Unpacked {
    enum Kind: UInt8 { case zero, finite, infinity, quietNaN, signalingNaN }

    var kind: Kind
    var isNegative: Bool
    var exponent: Int = 0
    var significand: UInt64 = 0

    @inline(__always) var isNaN: Bool { kind == .quietNaN || kind == .signalingNaN }
}

extension UInt64 {
    /// Shifted right by `distance` (zero or more); a one bit shifted out is remembered in the lowest bit.
    @inline(__always) func shiftedRightJamming(_ distance: Int) -> UInt64 {
        if distance >= 64 { return self == 0 ? 0 : 1 }
        let shift = UInt64(truncatingIfNeeded: distance)
        let lost = self & ((1 &<< shift) &- 1)
        return self &>> shift | (lost == 0 ? 0 : 1)
    }
}

extension UInt128 {
    /// As ``Swift/UInt64/shiftedRightJamming(_:)``.
    @inline(__always) func shiftedRightJamming(_ distance: Int) -> UInt128 {
        if distance >= 128 { return self == 0 ? 0 : 1 }
        let shift = UInt128(truncatingIfNeeded: distance)
        let lost = self & ((1 &<< shift) &- 1)
        return self &>> shift | (lost == 0 ? 0 : 1)
    }
}

extension BinaryFormat {
    @inline(__always) static func unpack(_ bits: Bits) -> Unpacked {
        let raw = UInt64(truncatingIfNeeded: bits)
        let negative = isNegative(bits)
        let field = Int(truncatingIfNeeded: raw &>> UInt64(truncatingIfNeeded: fractionBits)) & exponentMask
        let fraction = raw & ((1 &<< UInt64(truncatingIfNeeded: fractionBits)) &- 1)
        if field == exponentMask {
            if fraction == 0 { return Unpacked(kind: .infinity, isNegative: negative) }
            return Unpacked(kind: bits & quietBit == 0 ? .signalingNaN : .quietNaN, isNegative: negative)
        }
        let toTop = UInt64(truncatingIfNeeded: 62 &- fractionBits)
        if field == 0 {
            if fraction == 0 { return Unpacked(kind: .zero, isNegative: negative) }
            let aligned = fraction &<< toTop
            let shift = aligned.leadingZeroBitCount &- 1
            return Unpacked(
                kind: .finite, isNegative: negative, exponent: 1 &- bias &- shift,
                significand: aligned &<< UInt64(truncatingIfNeeded: shift))
        }
        return Unpacked(
            kind: .finite, isNegative: negative, exponent: field &- bias,
            significand: fraction &<< toTop | 1 &<< 62)
    }

    /// What is added below the last place so that cutting off there rounds; ties are left to the caller.
    @inline(__always) static func roundingIncrement(
        _ rounding: UInt8, negative: Bool, discarded: UInt64
    ) -> UInt64 {
        switch rounding {
        case RoundingMode.towardZero: 0
        case RoundingMode.down: negative ? discarded : 0
        case RoundingMode.up: negative ? 0 : discarded
        default: discarded / 2 &+ 1
        }
    }

    /// Rounds and packs a value laid out as in ``Unpacked``, whose lowest bit may stand for all that lies below.
    /// Tininess is detected after rounding. Source: unprivileged manual, chapter F, "Rounding modes", "Subnormal
    /// arithmetic"; IEEE 754, 7.4 and 7.5.
    @inline(__always) static func pack(
        negative: Bool, exponent: Int, significand: UInt64, _ rounding: UInt8, _ flags: inout UInt8
    ) -> Bits {
        let discarded = (1 &<< UInt64(truncatingIfNeeded: 62 &- fractionBits)) &- 1 as UInt64
        let increment = roundingIncrement(rounding, negative: negative, discarded: discarded)
        var field = exponent &+ bias
        var significand = significand
        var isTiny = false
        if _slowPath(field <= 0) {
            isTiny = field < 0 || significand &+ increment < 1 &<< 63
            significand = significand.shiftedRightJamming(1 &- field)
            field = 1  // a subnormal has the scale of the lowest exponent, without its leading one
        } else if _slowPath(field >= exponentMask &- 1) {
            if field >= exponentMask || significand &+ increment >= 1 &<< 63 {
                flags |= FloatException.overflow | FloatException.inexact
                return signed(increment == 0 ? infinity &- 1 : infinity, negative)
            }
        }
        let below = significand & discarded
        var rounded = (significand &+ increment) &>> UInt64(truncatingIfNeeded: 62 &- fractionBits)
        if rounding == RoundingMode.nearestEven, below == discarded / 2 &+ 1 { rounded &= ~1 }
        if below != 0 {
            flags |= isTiny ? FloatException.inexact | FloatException.underflow : FloatException.inexact
        }
        // The significand's leading one, and a carry out of it, count up the exponent field.
        let packed =
            UInt64(truncatingIfNeeded: field &- 1) &<< UInt64(truncatingIfNeeded: fractionBits) &+ rounded
        return signed(Bits(truncatingIfNeeded: packed), negative)
    }

    @inline(__always) static func invalid(_ flags: inout UInt8) -> Bits {
        flags |= FloatException.invalid
        return canonicalNaN
    }

    /// The result when an operand is a NaN.
    @inline(__always) static func propagate(_ a: Unpacked, _ b: Unpacked, _ flags: inout UInt8) -> Bits {
        a.kind == .signalingNaN || b.kind == .signalingNaN ? invalid(&flags) : canonicalNaN
    }
}
