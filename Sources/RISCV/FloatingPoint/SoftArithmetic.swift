extension BinaryFormat {
    /// `a` + `b` in integers.
    @inline(never) static func softAdd(_ a: Bits, _ b: Bits, _ rounding: UInt8, _ flags: inout UInt8) -> Bits
    {
        let x = unpack(a)
        let y = unpack(b)
        if _slowPath(x.kind != .finite || y.kind != .finite) {
            return addSpecial(x, y, a, b, rounding, &flags)
        }
        let difference = x.exponent &- y.exponent
        let xIsLarger = difference > 0 || difference == 0 && x.significand >= y.significand
        let large = xIsLarger ? x : y
        let small = xIsLarger ? y : x
        let aligned = small.significand.shiftedRightJamming(large.exponent &- small.exponent)
        if x.isNegative == y.isNegative {
            let sum = large.significand &+ aligned
            let carries = sum >= 1 &<< 63
            return pack(
                negative: large.isNegative, exponent: carries ? large.exponent &+ 1 : large.exponent,
                significand: carries ? sum.shiftedRightJamming(1) : sum, rounding, &flags)
        }
        let sum = large.significand &- aligned
        if sum == 0 { return signed(0, rounding == RoundingMode.down) }
        let shift = sum.leadingZeroBitCount &- 1
        return pack(
            negative: large.isNegative, exponent: large.exponent &- shift,
            significand: sum &<< UInt64(truncatingIfNeeded: shift), rounding, &flags)
    }

    /// Sums of which an operand is zero, infinite or NaN.
    private static func addSpecial(
        _ x: Unpacked, _ y: Unpacked, _ a: Bits, _ b: Bits, _ rounding: UInt8, _ flags: inout UInt8
    ) -> Bits {
        if x.isNaN || y.isNaN { return propagate(x, y, &flags) }
        if x.kind == .infinity {
            return y.kind == .infinity && x.isNegative != y.isNegative ? invalid(&flags) : a
        }
        if y.kind == .infinity { return b }
        if x.kind == .zero, y.kind == .zero {
            return x.isNegative == y.isNegative ? a : signed(0, rounding == RoundingMode.down)
        }
        return x.kind == .zero ? b : a
    }

    /// `a` · `b` in integers.
    @inline(never) static func softMultiply(
        _ a: Bits, _ b: Bits, _ rounding: UInt8, _ flags: inout UInt8
    ) -> Bits {
        let x = unpack(a)
        let y = unpack(b)
        let negative = x.isNegative != y.isNegative
        if _slowPath(x.kind != .finite || y.kind != .finite) {
            if x.isNaN || y.isNaN { return propagate(x, y, &flags) }
            if x.kind == .infinity || y.kind == .infinity {
                return x.kind == .zero || y.kind == .zero ? invalid(&flags) : signed(infinity, negative)
            }
            return signed(0, negative)
        }
        // Leading ones at 63 and 62 give a product whose high word has its own at 61 or 62.
        let product = (x.significand &<< 1).multipliedFullWidth(by: y.significand)
        let high = product.high | (product.low == 0 ? 0 : 1)
        let short = high < 1 &<< 62
        return pack(
            negative: negative, exponent: x.exponent &+ y.exponent &+ (short ? 0 : 1),
            significand: short ? high &<< 1 : high, rounding, &flags)
    }

    /// `a` / `b` in integers.
    @inline(never) static func softDivide(_ a: Bits, _ b: Bits, _ rounding: UInt8, _ flags: inout UInt8)
        -> Bits
    {
        let x = unpack(a)
        let y = unpack(b)
        let negative = x.isNegative != y.isNegative
        if _slowPath(x.kind != .finite || y.kind != .finite) {
            if x.isNaN || y.isNaN { return propagate(x, y, &flags) }
            if x.kind == .infinity {
                return y.kind == .infinity ? invalid(&flags) : signed(infinity, negative)
            }
            if y.kind == .infinity { return signed(0, negative) }
            if y.kind == .finite { return signed(0, negative) }
            if x.kind == .zero { return invalid(&flags) }
            flags |= FloatException.divideByZero
            return signed(infinity, negative)
        }
        // Scaled so that the quotient starts at bit 62; its high word is then below the divisor.
        let short = x.significand < y.significand
        let high = short ? x.significand &>> 1 : x.significand &>> 2
        let low = short ? x.significand &<< 63 : x.significand &<< 62
        let (quotient, remainder) = y.significand.dividingFullWidth((high: high, low: low))
        return pack(
            negative: negative, exponent: x.exponent &- y.exponent &- (short ? 1 : 0),
            significand: quotient | (remainder == 0 ? 0 : 1), rounding, &flags)
    }

    /// √`a` in integers, one result bit at a time.
    @inline(never) static func softSquareRoot(_ a: Bits, _ rounding: UInt8, _ flags: inout UInt8) -> Bits {
        let x = unpack(a)
        if x.isNaN { return propagate(x, x, &flags) }
        if x.kind == .zero { return a }
        if x.isNegative { return invalid(&flags) }
        if x.kind == .infinity { return a }
        var radicand = x.exponent & 1 == 0 ? x.significand : x.significand &<< 1
        var remainder: UInt64 = 0
        var root: UInt64 = 0
        let places = fractionBits &+ 4  // three more than the significand's: two and the sticky bit would do
        var place = 0
        while place < places {
            remainder = remainder &<< 2 | radicand &>> 62
            radicand &<<= 2
            let trial = root &<< 2 | 1
            root &<<= 1
            if remainder >= trial {
                remainder &-= trial
                root |= 1
            }
            place &+= 1
        }
        let significand = root &<< UInt64(truncatingIfNeeded: 63 &- places)
        return pack(
            negative: false, exponent: x.exponent &>> 1,
            significand: significand | (remainder | radicand == 0 ? 0 : 1), rounding, &flags)
    }

    /// `a` · `b` + `c` with one rounding, in integers. Infinity times zero is invalid whatever is added. Source:
    /// unprivileged manual, chapter F, "Single-Precision Floating-Point Computational Instructions".
    @inline(never) static func softMultiplyAdd(
        _ a: Bits, _ b: Bits, _ c: Bits, _ rounding: UInt8, _ flags: inout UInt8
    ) -> Bits {
        let x = unpack(a)
        let y = unpack(b)
        let z = unpack(c)
        let negative = x.isNegative != y.isNegative
        if _slowPath(x.kind != .finite || y.kind != .finite || z.kind != .finite) {
            return multiplyAddSpecial(x, y, z, a, b, c, rounding, &flags)
        }
        // Both terms in 126 bits, starting at bit 125: the product is exact, and has twenty zeros below.
        let words = x.significand.multipliedFullWidth(by: y.significand)
        var product = UInt128(words.high) &<< 64 | UInt128(words.low)
        var exponent = x.exponent &+ y.exponent
        if product < 1 &<< 125 {
            product &<<= 1
        } else {
            exponent &+= 1
        }
        let addend = UInt128(z.significand) &<< 63
        let difference = exponent &- z.exponent
        let productIsLarger = difference > 0 || difference == 0 && product >= addend
        let large = productIsLarger ? product : addend
        let small = (productIsLarger ? addend : product).shiftedRightJamming(abs(difference))
        var top = productIsLarger ? exponent : z.exponent
        let sum = negative == z.isNegative ? large &+ small : large &- small
        if sum == 0 { return signed(0, rounding == RoundingMode.down) }
        let shift = sum.leadingZeroBitCount &- 2
        top &-= shift
        let significand = shift < 0 ? sum.shiftedRightJamming(1) : sum &<< UInt128(truncatingIfNeeded: shift)
        return pack(
            negative: productIsLarger ? negative : z.isNegative, exponent: top,
            significand: UInt64(truncatingIfNeeded: significand.shiftedRightJamming(63)), rounding, &flags)
    }

    private static func multiplyAddSpecial(
        _ x: Unpacked, _ y: Unpacked, _ z: Unpacked, _ a: Bits, _ b: Bits, _ c: Bits,
        _ rounding: UInt8, _ flags: inout UInt8
    ) -> Bits {
        let negative = x.isNegative != y.isNegative
        if x.kind == .infinity && y.kind == .zero || x.kind == .zero && y.kind == .infinity {
            return invalid(&flags)
        }
        if x.isNaN || y.isNaN || z.isNaN {
            if z.kind == .signalingNaN { return invalid(&flags) }
            return propagate(x, y, &flags)
        }
        if x.kind == .infinity || y.kind == .infinity {
            return z.kind == .infinity && z.isNegative != negative
                ? invalid(&flags) : signed(infinity, negative)
        }
        if z.kind == .infinity { return c }
        if x.kind == .zero || y.kind == .zero {
            // An exact zero product: the sum is the addend, or a zero signed as in addition.
            return softAdd(signed(0, negative), c, rounding, &flags)
        }
        return softMultiply(a, b, rounding, &flags)  // the addend is a zero, the product is not
    }
}
