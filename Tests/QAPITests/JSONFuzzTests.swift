import Testing

@testable import QAPI

/// A repeatable source of random numbers (SplitMix64).
struct RepeatableRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }
}

@Suite struct JSONFuzzTests {
    static let seeds = [
        #"{"execute":"migrate-set-capabilities","arguments":{"capabilities":[{"capability":"events","state":true}]}}"#,
        #"{'a':[1,-2.5e10,null,true,"\ud83d\ude00 \u0000 \\"],"b":{"c":{}}}"#,
        "[[[[]]]]", "18446744073709551615 -9223372036854775808 1e400 0.0",
    ]

    @Test(arguments: 0..<8) func `mutated input never traps, and reads the same in any chunks`(_ seed: UInt64)
    {
        var random = RepeatableRandom(state: seed)
        let alphabet = Array("{}[],:\"'\\u0123eE+-. \t\n\u{1}@tfn".utf8) + [0xff, 0xfe, 0xc3, 0x28, 0x80, 0]
        for _ in 0..<2_000 {
            var input = Array((Self.seeds.randomElement(using: &random) ?? "").utf8)
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let position = Int.random(in: 0..<max(input.count, 1), using: &random)
                let byte = alphabet.randomElement(using: &random) ?? 0
                switch Int.random(in: 0..<4, using: &random) {
                case 0 where !input.isEmpty: input[position] = byte
                case 1: input.insert(byte, at: min(position, input.count))
                case 2 where !input.isEmpty: input.remove(at: position)
                default: input += input.prefix(position)
                }
            }
            let whole = outcomes(input)
            let pieces = outcomes(input, chunk: Int.random(in: 1...5, using: &random))
            #expect(whole == pieces, "\(String(decoding: input, as: UTF8.self))")
        }
    }

    @Test(arguments: 0..<4) func `what is written is read back as it was`(_ seed: UInt64) throws {
        var random = RepeatableRandom(state: seed)
        for _ in 0..<500 {
            let value = Self.value(depth: 4, using: &random)
            #expect(try JSONValue(parsing: value.encoded) == value)
            #expect(value.encoded.allSatisfy { $0 >= 0x20 && $0 < 0x7f })
        }
    }

    static func value(depth: Int, using random: inout RepeatableRandom) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &random) {
        case 0: return .null
        case 1: return .bool(.random(using: &random))
        case 2: return JSONValue(UInt64.random(in: 0...(.max), using: &random))
        case 3: return .integer(.random(in: .min...0, using: &random))
        case 4: return .double(Double.random(in: -1e6...1e6, using: &random) + 0.5.ulp)
        case 5:
            let scalars = (0..<Int.random(in: 0..<9, using: &random)).map { _ in
                Unicode.Scalar(UInt32.random(in: 0...0x1_0000, using: &random)) ?? "?"
            }
            return .string(String(String.UnicodeScalarView(scalars)))
        case 6: return .array((0..<3).map { _ in value(depth: depth - 1, using: &random) })
        default:
            var object = JSONObject()
            for key in ["a", "b\"", "ü"] { object[key] = value(depth: depth - 1, using: &random) }
            return .object(object)
        }
    }
}
