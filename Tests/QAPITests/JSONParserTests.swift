import Testing

@testable import QAPI

/// What comes out of a parser for `text`: a value's JSON text, or the error's.
func outcomes(_ text: some Sequence<UInt8>, chunk: Int = .max) -> [String] {
    var parser = JSONParser()
    var outcomes: [String] = []
    let bytes = Array(text)
    for start in stride(from: 0, to: bytes.count, by: min(chunk, max(bytes.count, 1))) {
        parser.append(bytes[start..<min(bytes.count, start &+ min(chunk, bytes.count))])
        while let outcome = parser.next() {
            switch outcome {
            case .success(let value): outcomes.append(value.description)
            case .failure(let error): outcomes.append(error.description)
            }
        }
    }
    return outcomes
}

struct ParserCase: CustomTestStringConvertible, Sendable {
    var name: String
    var input: [UInt8]
    var outcomes: [String]

    init(_ name: String, _ input: String, _ outcomes: String...) {
        self.init(name, Array(input.utf8), outcomes)
    }

    init(_ name: String, _ input: [UInt8], _ outcomes: [String]) {
        self.name = name
        self.input = input
        self.outcomes = outcomes
    }

    var testDescription: String { name }
}

@Suite struct JSONParserTests {
    static let values = [
        ParserCase("two objects back to back", #"{"a":1}{"b":2}"#, #"{"a": 1}"#, #"{"b": 2}"#),
        ParserCase("single quotes", #"{'a':'it\'s "so"'}"#, #"{"a": "it's \"so\""}"#),
        ParserCase("all escapes", #""\"\'\\\/\b\f\n\r\t\u0041" "#, #""\"'\\/\b\f\n\r\tA""#),
        ParserCase("an escaped NUL", #""\u0000""#, #""\u0000""#),
        ParserCase("a surrogate pair", #""\ud83d\ude00""#, #""\ud83d\ude00""#),
        ParserCase("UTF-8 becomes ASCII", #""é😀""#, #""\u00e9\ud83d\ude00""#),
        ParserCase("the largest int64", "9223372036854775807 ", "9223372036854775807"),
        ParserCase("the smallest int64", "-9223372036854775808 ", "-9223372036854775808"),
        ParserCase("an unsigned integer", "12345678901234567890 ", "12345678901234567890"),
        ParserCase("an integer beyond 64 bits", "18446744073709551616 ", "1.8446744073709552e+19"),
        ParserCase("a fraction", "1.50 ", "1.5"),
        ParserCase("a whole number with a fraction", "2.0 ", "2"),
        ParserCase("an exponent", "-2.5E+3 ", "-2500"),
        ParserCase("a number too large for a double", "1e400 ", "1e999"),
        ParserCase("minus zero", "-0 ", "0"),
        ParserCase("minus zero with a fraction", "-0.0 ", "-0"),
        ParserCase("literals", "[null,true,false]", "[null, true, false]"),
        ParserCase("empty containers", "[{},[]]", "[{}, []]"),
        ParserCase("a scalar ends where another word begins", #"5"s""#, "5", #""s""#),
        ParserCase("white space of all four kinds", "\t\r\n [ 1 ,\n2 ] ", "[1, 2]"),
        ParserCase(
            "keys equal to a reader but not byte for byte", "{\"\u{e9}\":1,\"e\u{301}\":2}",
            #"{"\u00e9": 1, "e\u0301": 2}"#),
    ]

    @Test(arguments: values) func `reads values`(_ test: ParserCase) {
        #expect(outcomes(test.input) == test.outcomes)
        #expect(outcomes(test.input, chunk: 1) == test.outcomes)
    }

    static let errors = [
        ParserCase("a missing colon", #"{"execute" "x"}"#, "JSON parse error, missing : in object pair"),
        ParserCase("a trailing comma", #"{"execute":"x",}"#, "JSON parse error, expecting value"),
        ParserCase("a trailing comma in a list", "[1,]", "JSON parse error, expecting value"),
        ParserCase("a bare word", #"{"execute":qs}"#, "JSON parse error, invalid keyword 'qs'"),
        ParserCase("a stray brace", "}\n", "JSON parse error, expecting value"),
        ParserCase("a stray character", "@\n", "JSON parse error, stray '@'"),
        ParserCase("crossed brackets", "[}", "JSON parse error, expecting value"),
        ParserCase("a wrong bracket at the end", "[1}", "JSON parse error, expected separator in list"),
        ParserCase("no comma in a list", "[1 2]", "JSON parse error, expected separator in list"),
        ParserCase(
            "no comma in an object", #"{"a":1 "b":2}"#, "JSON parse error, expected separator in dict"),
        ParserCase("a key that is no string", "{1:2}", "JSON parse error, key is not a string in object"),
        ParserCase("a duplicate key", #"{"id":1,"id":2}"#, "JSON parse error, duplicate key"),
        ParserCase(
            "an unknown escape", #"{"id":"\x"}"#, "JSON parse error, invalid escape sequence in string"),
        ParserCase(
            "a lone surrogate", #"{"id":"\ud800"}"#,
            #"JSON parse error, \ud800 is not a valid Unicode character"#),
        ParserCase("bad hex digits", #""\u12""#, #"JSON parse error, \u12 is not a valid Unicode character"#),
        ParserCase(
            "UTF-8 that is none", Array(#"{"id":""#.utf8) + [0xc3, 0x28] + Array(#""}"#.utf8),
            ["JSON parse error, invalid UTF-8 sequence in string"]),
        ParserCase("a leading zero", "01\n", "JSON parse error, stray '01'"),
        ParserCase("a number that stops at its point", "[1.]\n", "JSON parse error, stray '1.]'"),
        ParserCase(
            "only the first of two errors in one object", #"{"a" qs 1 nope}"#,
            "JSON parse error, missing : in object pair"),
        ParserCase("an interpolation of QEMU's own", "%d\n", "JSON parse error, stray '%'"),
        ParserCase(
            "a good object follows a bad one", #"{"a"}{"b":1}"#,
            "JSON parse error, missing : in object pair", #"{"b": 1}"#),
    ]

    @Test(arguments: errors) func `says what is wrong, in QEMU's words`(_ test: ParserCase) {
        #expect(outcomes(test.input) == test.outcomes)
        #expect(outcomes(test.input, chunk: 1) == test.outcomes)
    }

    static let recoveries = [
        ParserCase(
            "0xFF in half a command",
            Array(#"{"execute":"query-sta"#.utf8) + [0xff] + Array(#"{"id":1}"#.utf8),
            ["JSON parse error, stray '\"query-sta\u{fffd}'", #"{"id": 1}"#]),
        ParserCase(
            "a control byte in half a command",
            Array(#"{"execute":[1,"#.utf8) + [0x01] + Array(#"{"id":1}"#.utf8),
            ["JSON parse error, stray '\u{1}'", #"{"id": 1}"#]),
        ParserCase(
            "a TAB in a string", "{\"id\":\"a\tb\"}\n",
            "JSON parse error, stray '\"a\t'", "JSON parse error, expecting value"),
        ParserCase(
            "bytes that UTF-8 never uses in a string",
            Array(#"{"id":""#.utf8) + [0xff, 0xfe] + Array("\"}\n".utf8),
            [
                "JSON parse error, stray '\"\u{fffd}'", "JSON parse error, stray '\u{fffd}'",
                "JSON parse error, expecting value",
            ]),
    ]

    @Test(arguments: recoveries) func `goes on behind broken words as QEMU does`(_ test: ParserCase) {
        #expect(outcomes(test.input) == test.outcomes)
        #expect(outcomes(test.input, chunk: 1) == test.outcomes)
    }

    @Test func `nesting of 1024 passes and of 1025 does not`() {
        func nested(_ arrays: Int) -> [UInt8] {
            Array(#"{"id":"#.utf8) + Array(repeating: UInt8(ascii: "["), count: arrays)
                + Array(repeating: UInt8(ascii: "]"), count: arrays) + [UInt8(ascii: "}")]
        }
        #expect(outcomes(nested(1023)).count == 1)
        #expect(outcomes(nested(1023))[0].count == 9 + 2 * 1023 - 1)
        let broken = outcomes(nested(1024))
        #expect(broken.first == "JSON nesting depth limit exceeded")
        #expect(broken.dropFirst().allSatisfy { $0 == "JSON parse error, expecting value" })
        #expect(broken.count == 1 + 1024 + 1)
    }

    @Test func `more than 2097152 words in one message are too many`() {
        let list = Array("[".utf8) + Array(repeatElement(Array("1,".utf8), count: 1_048_576).joined())
        #expect(outcomes(list) == ["JSON token count limit exceeded"])
    }

    @Test func `more than 64 MiB of text in one message are too much, in one word or in many`() {
        var parser = JSONParser()
        let block = [UInt8](repeating: UInt8(ascii: "a"), count: 1 << 20)
        parser.append(Array("\"".utf8))
        var found: [String] = []
        for _ in 0..<65 {
            parser.append(block)
            while case .failure(let error)? = parser.next() { found.append(error.description) }
        }
        #expect(found == ["JSON token size limit exceeded"])

        parser = JSONParser()
        parser.append(Array("[".utf8))
        found = []
        for _ in 0..<65 {
            parser.append(Array("\"".utf8) + block + Array("\",".utf8))
            while case .failure(let error)? = parser.next() { found.append(error.description) }
        }
        #expect(found.first == "JSON token size limit exceeded")
    }

    @Test func `an object with many keys is read in reasonable time`() {
        let members = (0..<200_000).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
        var parser = JSONParser()
        parser.append("{\(members)}".utf8)
        let object = try? parser.next()?.get().object
        #expect(object?.count == 200_000)
        #expect(object?["k199999"] == 199_999)
    }

    @Test func `the end of input in the middle of a message is an error`() {
        var parser = JSONParser()
        parser.append("{\"a\":".utf8)
        #expect(parser.next() == nil)
        #expect(parser.finish()?.description == "JSON parse error, premature EOI")
        #expect(throws: JSONParseError.self) { try JSONValue(parsing: "[1") }
        #expect(throws: JSONParseError.self) { try JSONValue(parsing: "1 2") }
        #expect(throws: JSONParseError.self) { try JSONValue(parsing: "") }
        #expect(throws: JSONParseError.self) { try JSONValue(parsing: "\"abc") }
    }
}
