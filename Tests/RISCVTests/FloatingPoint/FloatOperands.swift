@testable import RISCV

/// A small seeded generator (xorshift64*), so that every run makes the same operands.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state &>> 12
        state ^= state &<< 25
        state ^= state &>> 27
        return state &* 0x2545_f491_4f6c_dd1d
    }
}

/// Operands that reach the corners: special values, neighbours of powers of two and of integer limits, few-bit
/// significands, exponents that lie close together, and for multiply-add an addend close to the product.
struct FloatOperands {
    var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    /// Register operands of an instruction; singles are boxed, but for one in 64.
    mutating func next(for operation: FloatOperation) -> (a: UInt64, b: UInt64, c: UInt64) {
        if operation.takesInteger { return (integer(), 0, 0) }
        let isDouble = operation == .fcvtSD ? true : operation == .fcvtDS ? false : operation.isDouble
        return isDouble ? triple(Binary64.self, operation) : boxed(triple(Binary32.self, operation))
    }

    private mutating func boxed(_ t: (a: UInt64, b: UInt64, c: UInt64)) -> (a: UInt64, b: UInt64, c: UInt64) {
        let breaks = random.next()
        return (
            breaks & 63 == 0 ? t.a | random.next() << 32 : t.a | nanBox,
            breaks >> 8 & 63 == 0 ? t.b | random.next() << 32 : t.b | nanBox,
            breaks >> 16 & 63 == 0 ? t.c | random.next() << 32 : t.c | nanBox
        )
    }

    private mutating func triple<Format: BinaryFormat>(
        _: Format.Type, _ operation: FloatOperation
    ) -> (a: UInt64, b: UInt64, c: UInt64) {
        let a = value(Format.self)
        let b = random.next() & 3 == 0 ? near(Format.self, a) : value(Format.self)
        var c = random.next() & 3 == 0 ? near(Format.self, b) : value(Format.self)
        if operation.operandCount == 3, random.next() & 1 == 0 {
            var flags: UInt8 = 0
            let product = Format.softMultiply(
                Format.Bits(truncatingIfNeeded: a), Format.Bits(truncatingIfNeeded: b),
                UInt8(random.next() & 3), &flags)
            c = near(Format.self, UInt64(truncatingIfNeeded: product))
        }
        return (a, b, c)
    }

    /// A value close to another: a few units apart, other sign, other exponent.
    private mutating func near<Format: BinaryFormat>(_: Format.Type, _ a: UInt64) -> UInt64 {
        let choice = random.next()
        var bits = a
        if choice & 1 != 0 { bits &+= choice >> 8 & 7 &- 3 }
        if choice & 2 != 0 {
            let step = Int(choice >> 16 & 7) - 3
            bits &+= UInt64(bitPattern: Int64(step)) << UInt64(Format.fractionBits)
        }
        if choice & 4 != 0 { bits ^= 1 << UInt64(Format.Bits.bitWidth - 1) }
        return UInt64(truncatingIfNeeded: Format.Bits(truncatingIfNeeded: bits))
    }

    private mutating func value<Format: BinaryFormat>(_: Format.Type) -> UInt64 {
        let sign = (random.next() & 1) << UInt64(Format.Bits.bitWidth - 1)
        let fractionBits = UInt64(Format.fractionBits)
        let fractionMask = UInt64(1) << fractionBits - 1
        let choice = random.next()
        let fraction = self.fraction(Format.self)
        let exponent: UInt64
        switch choice & 15 {
        case 0, 1, 2: return sign | special(Format.self)
        case 3, 4:  // anything
            exponent = random.next() % UInt64(Format.exponentMask + 1)
        case 5: exponent = random.next() % UInt64(Format.fractionBits + 4)  // tiny
        case 6: exponent = UInt64(Format.exponentMask) - random.next() % 4  // huge
        case 7, 8, 9:  // around the limits of integers
            exponent = UInt64(Format.bias) + random.next() % 68 - 3
        case 10, 11:  // products and quotients that end near the limits of the format
            exponent = UInt64(Format.bias) / 2 + random.next() % UInt64(Format.fractionBits + 3) - 2
        default:
            exponent =
                UInt64(Format.bias) + random.next() % UInt64(2 * Format.fractionBits)
                - UInt64(Format.fractionBits)
        }
        return sign | exponent << fractionBits | fraction & fractionMask
    }

    /// Dense, or a run of ones, or few ones, or next to a power of two.
    private mutating func fraction<Format: BinaryFormat>(_: Format.Type) -> UInt64 {
        let bits = random.next()
        let place = random.next() % UInt64(Format.fractionBits)
        switch bits & 7 {
        case 0: return 0
        case 1: return 1 << place
        case 2: return 0 &- 1 << place
        case 3: return 1 << place &- 1
        case 4: return (bits >> 8 & 3) &- 1
        case 5: return (bits >> 8 & 0xff) << place
        default: return bits >> 3
        }
    }

    private mutating func special<Format: BinaryFormat>(_: Format.Type) -> UInt64 {
        let one = UInt64(Format.bias) << UInt64(Format.fractionBits)
        let infinity = UInt64(truncatingIfNeeded: Format.infinity)
        let quiet = UInt64(truncatingIfNeeded: Format.quietBit)
        let normal = quiet << 1
        let values: [UInt64] = [
            0, 0, 1, 2, normal - 1, normal, normal + 1, one - 1, one, one + 1, one + normal, one - normal,
            infinity - 1, infinity - normal, infinity, infinity, infinity | quiet, infinity | 1,
            infinity | quiet | 1, infinity | (quiet - 1),
        ]
        return values[Int(random.next() % UInt64(values.count))]
    }

    private mutating func integer() -> UInt64 {
        let choice = random.next()
        let place = random.next() & 63
        switch choice & 7 {
        case 0: return choice >> 3 & 7 &- 3
        case 1: return 1 << place &+ (choice >> 3 & 7) &- 3
        case 2: return 0 &- (1 << place &+ (choice >> 3 & 7) &- 3)
        case 3: return (random.next() & 0x1ff | 0x100) << place &+ (choice >> 3 & 3) &- 1
        default: return random.next() >> place
        }
    }
}
