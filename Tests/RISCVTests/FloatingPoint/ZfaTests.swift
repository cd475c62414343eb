import Testing

@testable import RISCV

struct ZfaTests {
    /// Unprivileged manual, chapter Zfa, the table of `fli`; the smallest normal number, infinity and NaN apart.
    @Test func fliNamesTheManualsConstants() {
        let values: [(UInt8, Double)] = [
            (0, -1), (2, 0x1p-16), (3, 0x1p-15), (4, 0x1p-8), (5, 0x1p-7), (6, 0.0625), (7, 0.125), (8, 0.25),
            (9, 0.3125), (10, 0.375), (11, 0.4375), (12, 0.5), (13, 0.625), (14, 0.75), (15, 0.875), (16, 1),
            (17, 1.25), (18, 1.5), (19, 1.75), (20, 2), (21, 2.5), (22, 3), (23, 4), (24, 8), (25, 16),
            (26, 128),
            (27, 256), (28, 0x1p15), (29, 0x1p16), (30, .infinity), (1, .leastNormalMagnitude),
        ]
        for (index, value) in values {
            #expect(Binary64.fli(index) == value.bitPattern, "\(index)")
            let single = index == 1 ? Float.leastNormalMagnitude : Float(value)
            #expect(Binary32.fli(index) == single.bitPattern, "\(index)")
        }
        #expect(Binary64.fli(31) == Binary64.canonicalNaN)
        #expect(Binary32.fli(31) == Binary32.canonicalNaN)
    }

    @Test func froundAgreesWithTheHostInEveryMode() {
        let rules: [FloatingPointRoundingRule] = [
            .toNearestOrEven, .towardZero, .down, .up, .toNearestOrAwayFromZero,
        ]
        var operands = FloatOperands(seed: 7)
        for _ in 0..<10_000 {
            let a = operands.next(for: .fsqrtD).a
            let s = unbox32(operands.next(for: .fsqrtS).a)
            for (mode, rule) in rules.enumerated() {
                check(Binary64.self, a, Double(bitPattern: a).rounded(rule).bitPattern, UInt8(mode))
                check(Binary32.self, s, Float(bitPattern: s).rounded(rule).bitPattern, UInt8(mode))
            }
        }
    }

    private func check<Format: BinaryFormat>(
        _: Format.Type, _ a: Format.Bits, _ host: Format.Bits, _ mode: UInt8
    ) {
        let expected = Format.isNaN(a) ? Format.canonicalNaN : host
        let invalid = Format.isSignalingNaN(a) ? FloatException.invalid : 0
        let changed = !Format.isNaN(a) && expected != a ? FloatException.inexact : 0
        var flags: UInt8 = 0
        var result = Format.fround(a, mode, &flags)
        if result != expected || flags != invalid {
            Issue.record("fround \(a) mode \(mode): \(result) \(flags)")
        }
        flags = 0
        result = Format.froundnx(a, mode, &flags)
        if result != expected || flags != invalid | changed {
            Issue.record("froundnx \(a) mode \(mode): \(result) \(flags)")
        }
    }

    @Test func fcvtmodIsTheTruncatedValueModulo2To32WithTheFlagsOfFcvt() {
        var operands = FloatOperands(seed: 8)
        for _ in 0..<20_000 {
            let a = operands.next(for: .fsqrtD).a
            let value = Double(bitPattern: a)
            let word =
                value.isFinite
                ? Int32(
                    truncatingIfNeeded: Int64(
                        value.rounded(.towardZero).truncatingRemainder(dividingBy: 0x1p32)))
                : 0
            var flags: UInt8 = 0
            var expected: UInt8 = 0
            let result = Binary64.fcvtmodWD(a, &flags)
            _ = Binary64.fcvtToW(a, RoundingMode.towardZero, &expected)
            if result != UInt64(bitPattern: Int64(word)) || flags != expected {
                Issue.record("\(hex(a)): \(hex(result)) flags \(flags)")
            }
        }
    }

    @Test func fminmAndFmaxmGiveNaNForAnyNaN() {
        let one = (1.0).bitPattern
        let nan = Binary64.canonicalNaN | 1
        let signaling = Binary64.infinity | 1
        for (a, b, expected) in [
            (one, nan, UInt8(0)), (nan, one, 0), (nan, nan, 0), (signaling, one, FloatException.invalid),
            (nan, signaling, FloatException.invalid),
        ] {
            var flags: UInt8 = 0
            #expect(Binary64.fminm(a, b, &flags) == Binary64.canonicalNaN)
            #expect(Binary64.fmaxm(a, b, &flags) == Binary64.canonicalNaN)
            #expect(flags == expected)
        }
        var flags: UInt8 = 0
        #expect(Binary64.fminm(0, Binary64.signBit, &flags) == Binary64.signBit)
        #expect(Binary64.fmaxm(Binary64.signBit, 0, &flags) == 0)
        #expect(Binary64.fminm(one, one | Binary64.signBit, &flags) == one | Binary64.signBit)
        #expect(flags == 0)
    }

    @Test func quietComparisonsRaiseInvalidForSignalingNaNsOnly() {
        let one = (1.0).bitPattern
        var flags: UInt8 = 0
        #expect(!Binary64.fltq(Binary64.canonicalNaN, one, &flags))
        #expect(!Binary64.fleq(one, Binary64.canonicalNaN, &flags))
        #expect(Binary64.fltq(one, one + 1, &flags) && !Binary64.fltq(one, one, &flags))
        #expect(Binary64.fleq(one, one, &flags) && !Binary64.fleq(one + 1, one, &flags))
        #expect(flags == 0)
        #expect(!Binary64.fleq(Binary64.infinity | 1, one, &flags))
        #expect(flags == FloatException.invalid)
        flags = 0
        #expect(!Binary64.fltq(one, Binary64.infinity | 1, &flags))
        #expect(flags == FloatException.invalid)
    }
}
