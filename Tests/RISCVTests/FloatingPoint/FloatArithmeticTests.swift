import Testing

@testable import RISCV

private let nx = FloatException.inexact
private let uf = FloatException.underflow
private let of = FloatException.overflow
private let dz = FloatException.divideByZero
private let nv = FloatException.invalid

private let infinity = Binary64.infinity
private let nan = Binary64.canonicalNaN
private let signaling = Binary64.infinity | 1
private let minus = Binary64.signBit
private let smallest: UInt64 = 0x10_0000_0000_0000  // normal
private let largest = Binary64.infinity - 1
private let one = (1.0).bitPattern

/// A binary64 operation and what it gives in each rounding mode, in the order of their numbers.
private struct Row: CustomTestStringConvertible, Sendable {
    var name: String
    var operation: FloatOperation
    var operands: [UInt64]
    var results: [UInt64]
    var flags: [UInt8]

    init(
        _ name: String, _ operation: FloatOperation, _ operands: [UInt64], _ results: [UInt64],
        _ flags: UInt8...
    ) {
        self.name = name
        self.operation = operation
        self.operands = operands + [0, 0]
        self.results = results.count == 1 ? Array(repeating: results[0], count: 5) : results
        self.flags = flags.count == 1 ? Array(repeating: flags[0], count: 5) : flags
    }

    var testDescription: String { name }
}

private let rows: [Row] = [
    Row(
        "a sum beyond the largest number", .faddD, [largest, largest],
        [infinity, largest, largest, infinity, infinity], of | nx),
    Row(
        "a negative sum beyond the largest number", .faddD, [largest | minus, largest | minus],
        [infinity | minus, largest | minus, infinity | minus, largest | minus, infinity | minus], of | nx),
    Row("a difference of equals", .fsubD, [one, one], [0, 0, minus, 0, 0], 0),
    Row("a sum of negative zeros", .faddD, [minus, minus], [minus], 0),
    Row("a sum of opposite zeros", .faddD, [minus, 0], [0, 0, minus, 0, 0], 0),
    Row("infinity less infinity", .fsubD, [infinity, infinity], [nan], nv),
    Row("a quiet NaN in", .faddD, [nan | minus | 7, one], [nan], 0),
    Row("a signaling NaN in", .faddD, [one, signaling], [nan], nv),
    Row("one and next to nothing", .faddD, [one, 1], [one, one, one, one + 1, one], nx),
    Row("one less next to nothing", .fsubD, [one, 1], [one, one - 1, one - 1, one, one], nx),
    Row(
        "a tie that goes to even or away", .faddD, [one, 0x3ca0_0000_0000_0000],
        [one, one, one, one + 1, one + 1], nx),
    Row("subnormals add exactly, without underflow", .faddD, [1, 2], [3], 0),
    Row("a product that vanishes", .fmulD, [1, 1], [0, 0, 0, 1, 0], uf | nx),
    Row("half of the smallest subnormal", .fmulD, [1, (0.5).bitPattern], [0, 0, 0, 1, 1], uf | nx),
    Row(
        "an exact subnormal product has no underflow", .fmulD, [smallest, (0.5).bitPattern], [smallest >> 1],
        0),
    Row(
        "tiny only if it is so after rounding", .fmulD, [one + 1, smallest - 1],
        [smallest, smallest - 1, smallest - 1, smallest, smallest], nx, uf | nx, uf | nx, nx, nx),
    Row("zero times infinity", .fmulD, [0, infinity], [nan], nv),
    Row("one by zero", .fdivD, [one, minus], [infinity | minus], dz),
    Row("zero by zero", .fdivD, [0, 0], [nan], nv),
    Row("infinity by zero is exact", .fdivD, [infinity, 0], [infinity], 0),
    Row(
        "a third", .fdivD, [one, (3.0).bitPattern],
        [
            0x3fd5_5555_5555_5555, 0x3fd5_5555_5555_5555, 0x3fd5_5555_5555_5555, 0x3fd5_5555_5555_5556,
            0x3fd5_5555_5555_5555,
        ], nx),
    Row("the root of negative zero", .fsqrtD, [minus], [minus], 0),
    Row("the root of minus one", .fsqrtD, [one | minus], [nan], nv),
    Row(
        "the root of two", .fsqrtD, [(2.0).bitPattern],
        [
            0x3ff6_a09e_667f_3bcd, 0x3ff6_a09e_667f_3bcc, 0x3ff6_a09e_667f_3bcc, 0x3ff6_a09e_667f_3bcd,
            0x3ff6_a09e_667f_3bcd,
        ], nx),
    Row("the root of the smallest subnormal", .fsqrtD, [1], [0x1e60_0000_0000_0000], 0),
    Row("infinity times zero plus a quiet NaN is invalid", .fmaddD, [infinity, 0, nan], [nan], nv),
    Row("a product that cancels the addend", .fmsubD, [one, one, one], [0, 0, minus, 0, 0], 0),
    Row(
        "a fused product keeps its low half", .fmsubD, [one + 1, one + 1, one + 2], [0x3970_0000_0000_0000], 0
    ),
    Row("the negated product cancels too", .fnmsubD, [one, one, one], [0, 0, minus, 0, 0], 0),
    Row("a negated sum of zeros", .fnmaddD, [0, one, 0], [minus], 0),
    Row("the lesser of the zeros", .fminD, [0, minus], [minus], 0),
    Row("the greater of the zeros", .fmaxD, [minus, 0], [0], 0),
    Row("a number wins against a signaling NaN", .fminD, [signaling, one], [one], nv),
    Row("two NaNs make the canonical one", .fmaxD, [nan | 5, nan | minus], [nan], 0),
    Row("feq is quiet", .feqD, [nan, one], [0], 0),
    Row("flt is not", .fltD, [nan, one], [0], nv),
    Row("fle finds the zeros equal", .fleD, [0, minus], [1], 0),
    Row(
        "narrowing to the smallest single and below", .fcvtSD, [(0x1p-150).bitPattern],
        [
            box32(0), box32(0), box32(0), box32(1), box32(1),
        ], uf | nx),
    Row(
        "narrowing overflows", .fcvtSD, [largest],
        [
            box32(0x7f80_0000), box32(0x7f7f_ffff), box32(0x7f7f_ffff), box32(0x7f80_0000),
            box32(0x7f80_0000),
        ], of | nx),
    Row("an unboxed single is a NaN", .faddS, [0x3f80_0000, box32(0)], [box32(0x7fc0_0000)], 0),
    Row("minus one half to unsigned", .fcvtWUD, [(-0.5).bitPattern], [0], nx, nx, nv, nx, nv),
    Row("2^31 to a word", .fcvtWD, [(0x1p31).bitPattern], [0x7fff_ffff], nv),
    Row("-2^31 to a word", .fcvtWD, [(-0x1p31).bitPattern], [0xffff_ffff_8000_0000], 0),
    Row("2^32 - 1 to an unsigned word, sign-extended", .fcvtWUD, [(0x1p32 - 1).bitPattern], [.max], 0),
    Row("NaN to an unsigned long is the largest", .fcvtLUD, [nan], [.max], nv),
    Row("minus infinity to a long", .fcvtLD, [infinity | minus], [1 << 63], nv),
    Row(
        "the largest long to a double", .fcvtDL, [1 << 63 - 1],
        [
            (0x1p63).bitPattern, (0x1p63).bitPattern - 1, (0x1p63).bitPattern - 1, (0x1p63).bitPattern,
            (0x1p63).bitPattern,
        ], nx),
]

struct FloatArithmeticTests {
    @Test(arguments: rows) private func cornersComeOutInEveryRoundingMode(_ row: Row) {
        for mode: UInt8 in 0...4 {
            for initial in [0, nx] {
                var flags = initial
                let result = row.operation.run(
                    row.operands[0], row.operands[1], row.operands[2], mode, &flags)
                #expect(result == row.results[Int(mode)], "mode \(mode)")
                #expect(flags == row.flags[Int(mode)] | initial, "mode \(mode)")
            }
        }
    }
}
