// What RISC-V's arithmetic does that no host instruction does alone. Nothing here traps for any operand.

@inline(__always)
func signed32(_ value: UInt32) -> UInt64 { UInt64(bitPattern: Int64(Int32(bitPattern: value))) }

@inline(__always)
func rotateRight(_ value: UInt32, _ count: UInt32) -> UInt32 { value &>> count | value &<< (0 &- count) }

@inline(__always)
func highSignedUnsigned(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let high = a.multipliedFullWidth(by: b).high
    return Int64(bitPattern: a) < 0 ? high &- b : high
}

func divide(_ a: UInt64, _ b: UInt64) -> UInt64 {
    if b == 0 { return .max }
    let (left, right) = (Int64(bitPattern: a), Int64(bitPattern: b))
    return right == -1 ? 0 &- a : UInt64(bitPattern: left / right)
}

func remainder(_ a: UInt64, _ b: UInt64) -> UInt64 {
    if b == 0 { return a }
    let (left, right) = (Int64(bitPattern: a), Int64(bitPattern: b))
    return right == -1 ? 0 : UInt64(bitPattern: left % right)
}

func divideWord(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let (left, right) = (Int32(truncatingIfNeeded: a), Int32(truncatingIfNeeded: b))
    if right == 0 { return .max }
    return UInt64(bitPattern: Int64(right == -1 ? 0 &- left : left / right))
}

func remainderWord(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let (left, right) = (Int32(truncatingIfNeeded: a), Int32(truncatingIfNeeded: b))
    if right == 0 { return UInt64(bitPattern: Int64(left)) }
    return UInt64(bitPattern: Int64(right == -1 ? 0 : left % right))
}

func divideWordUnsigned(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let (left, right) = (UInt32(truncatingIfNeeded: a), UInt32(truncatingIfNeeded: b))
    return right == 0 ? .max : signed32(left / right)
}

func remainderWordUnsigned(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let (left, right) = (UInt32(truncatingIfNeeded: a), UInt32(truncatingIfNeeded: b))
    return signed32(right == 0 ? left : left % right)
}

/// Zbb `orc.b`: each byte becomes all ones unless it is zero.
func orCombine(_ value: UInt64) -> UInt64 {
    var bits = value
    bits |= bits >> 4 & 0x0f0f_0f0f_0f0f_0f0f
    bits |= bits >> 2 & 0x0303_0303_0303_0303
    bits |= bits >> 1 & 0x0101_0101_0101_0101
    return (bits & 0x0101_0101_0101_0101) &* 0xff
}

func carrylessMultiply(_ a: UInt64, _ b: UInt64) -> (high: UInt64, low: UInt64) {
    var high: UInt64 = 0
    var low: UInt64 = 0
    for bit in 0..<UInt64(64) where b >> bit & 1 != 0 {
        low ^= a << bit
        high ^= bit == 0 ? 0 : a >> (64 - bit)
    }
    return (high, low)
}

/// Zbc `clmulr`: bits 126...63 of the product.
func carrylessReversed(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let (high, low) = carrylessMultiply(a, b)
    return high << 1 | low >> 63
}
