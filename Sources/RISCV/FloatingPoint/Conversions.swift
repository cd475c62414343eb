extension BinaryFormat {
    /// A finite or zero operand as sign and integer magnitude, rounded; nil when the magnitude does not fit 64 bits.
    @inline(__always) static func rounded(
        _ x: Unpacked, _ rounding: UInt8
    ) -> (magnitude: UInt64, isInexact: Bool)? {
        if x.kind == .zero { return (0, false) }
        if x.exponent > 63 { return nil }
        if x.exponent == 63 { return (x.significand &<< 1, false) }
        if x.exponent == 62 { return (x.significand, false) }
        if x.exponent < -1 {
            // Less than a half: only the directed modes see it.
            return (roundingIncrement(rounding, negative: x.isNegative, discarded: 3) == 3 ? 1 : 0, true)
        }
        let shift = UInt64(truncatingIfNeeded: 62 &- x.exponent)
        let discarded = (1 &<< shift) &- 1 as UInt64
        let below = x.significand & discarded
        let increment = roundingIncrement(rounding, negative: x.isNegative, discarded: discarded)
        // 2^63 − 1 at most on either side: no carry is lost.
        var magnitude = (x.significand &+ increment) &>> shift
        if rounding == RoundingMode.nearestEven, below == discarded / 2 &+ 1 { magnitude &= ~1 }
        return (magnitude, below != 0)
    }

    /// Integer of a given range, saturated with `invalid` alone when out of it; NaN is the largest.
    @inline(__always) private static func convert(
        _ a: Bits, _ rounding: UInt8, lowest: UInt64, highest: UInt64, _ flags: inout UInt8
    ) -> UInt64 {
        let x = unpack(a)
        if x.isNaN {
            flags |= FloatException.invalid
            return highest
        }
        // `lowest` is a magnitude.
        let limit = x.isNegative ? lowest : highest
        guard x.kind != .infinity, let (magnitude, isInexact) = rounded(x, rounding), magnitude <= limit
        else {
            flags |= FloatException.invalid
            return x.isNegative ? 0 &- lowest : highest
        }
        if isInexact { flags |= FloatException.inexact }
        return x.isNegative ? 0 &- magnitude : magnitude
    }

    /// `fcvt.w`: the x register's value.
    @inline(never) static func fcvtToW(_ a: Bits, _ rounding: UInt8, _ flags: inout UInt8) -> UInt64 {
        convert(a, rounding, lowest: 1 << 31, highest: 1 << 31 - 1, &flags)
    }

    /// `fcvt.wu`: the x register's value, sign-extended from 32 bits.
    @inline(never) static func fcvtToWU(_ a: Bits, _ rounding: UInt8, _ flags: inout UInt8) -> UInt64 {
        let word = convert(a, rounding, lowest: 0, highest: 1 << 32 - 1, &flags)
        return UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: word)))
    }

    /// `fcvt.l`.
    @inline(never) static func fcvtToL(_ a: Bits, _ rounding: UInt8, _ flags: inout UInt8) -> UInt64 {
        convert(a, rounding, lowest: 1 << 63, highest: 1 << 63 - 1, &flags)
    }

    /// `fcvt.lu`.
    @inline(never) static func fcvtToLU(_ a: Bits, _ rounding: UInt8, _ flags: inout UInt8) -> UInt64 {
        convert(a, rounding, lowest: 0, highest: .max, &flags)
    }

    /// From an x register: `fcvt` with `.w`, of which only the low 32 bits count.
    @inline(__always) static func fcvtFromW(_ x: UInt64, _ rounding: UInt8, _ flags: inout UInt8) -> Bits {
        fcvtFromL(UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: x))), rounding, &flags)
    }

    /// `fcvt` with `.wu`.
    @inline(__always) static func fcvtFromWU(_ x: UInt64, _ rounding: UInt8, _ flags: inout UInt8) -> Bits {
        fcvtFromLU(x & 0xffff_ffff, rounding, &flags)
    }

    /// `fcvt` with `.l`.
    @inline(never) static func fcvtFromL(_ x: UInt64, _ rounding: UInt8, _ flags: inout UInt8) -> Bits {
        let value = Int64(bitPattern: x)
        return packInteger(negative: value < 0, value.magnitude, rounding, &flags)
    }

    /// `fcvt` with `.lu`.
    @inline(never) static func fcvtFromLU(_ x: UInt64, _ rounding: UInt8, _ flags: inout UInt8) -> Bits {
        packInteger(negative: false, x, rounding, &flags)
    }

    @inline(__always) private static func packInteger(
        negative: Bool, _ magnitude: UInt64, _ rounding: UInt8, _ flags: inout UInt8
    ) -> Bits {
        if magnitude == 0 { return 0 }
        let shift = magnitude.leadingZeroBitCount &- 1
        let significand =
            shift < 0 ? magnitude.shiftedRightJamming(1) : magnitude &<< UInt64(truncatingIfNeeded: shift)
        return pack(negative: negative, exponent: 62 &- shift, significand: significand, rounding, &flags)
    }
}

extension Binary32 {
    /// `fcvt.s.d`.
    @inline(never) static func softFromD(_ a: UInt64, _ rounding: UInt8, _ flags: inout UInt8) -> UInt32 {
        let x = Binary64.unpack(a)
        switch x.kind {
        case .zero: return signed(0, x.isNegative)
        case .infinity: return signed(infinity, x.isNegative)
        case .quietNaN: return canonicalNaN
        case .signalingNaN: return invalid(&flags)
        case .finite:
            return pack(
                negative: x.isNegative, exponent: x.exponent, significand: x.significand, rounding, &flags)
        }
    }
}

extension Binary64 {
    /// `fcvt.d.s`: exact.
    @inline(__always) static func fcvtFromS(_ a: UInt32, _ flags: inout UInt8) -> UInt64 {
        if _slowPath(Binary32.isNaN(a)) {
            return Binary32.isSignalingNaN(a) ? invalid(&flags) : canonicalNaN
        }
        return Double(Float(bitPattern: a)).bitPattern
    }
}
