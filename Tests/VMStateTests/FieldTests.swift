import Bytes
import Testing
import VMState

/// One of everything.
struct Sample: Sendable, Equatable {
    var flag = false
    var byte: UInt8 = 0
    var half: UInt16 = 0
    var word: UInt32 = 0
    var long: UInt64 = 0
    var signed: Int32 = 0
    var time: Int64 = 0
    var count: UInt32 = 2
    var list: [UInt16] = []
    var raw: [UInt8] = []
    var part = Part()
    var parts = [Part(), Part()]

    struct Part: Sendable, Equatable {
        var address: UInt64 = 0
        var bits: UInt8 = 0

        static let table = VMStateDescription<Part>(
            "part", version: 3, fields: [.uint64("address", \.address), .uint8("bits", \.bits)])
    }
}

/// A field, a state, and the state's bytes and description.
struct FieldCase: CustomTestStringConvertible, Sendable {
    let name: String
    let field: VMStateField<Sample>
    let bytes: [UInt8]
    let json: String
    let change: @Sendable (inout Sample) -> Void

    var testDescription: String { name }

    init(
        _ name: String, _ field: VMStateField<Sample>, _ bytes: [UInt8], _ json: String,
        _ change: @escaping @Sendable (inout Sample) -> Void
    ) {
        self.name = name
        self.field = field
        self.bytes = bytes
        self.json = json
        self.change = change
    }

    static let all: [FieldCase] = [
        .init("a bool", .bool("f", \.flag), [1], #"{"name": "f", "type": "bool", "size": 1}"#) {
            $0.flag = true
        },
        .init("8 bits", .uint8("b", \.byte), [0xFE], #"{"name": "b", "type": "uint8", "size": 1}"#) {
            $0.byte = 0xFE
        },
        .init("16 bits", .uint16("h", \.half), [0x12, 0x34], #"{"name": "h", "type": "uint16", "size": 2}"#) {
            $0.half = 0x1234
        },
        .init(
            "32 bits", .uint32("w", \.word), [0x12, 0x34, 0x56, 0x78],
            #"{"name": "w", "type": "uint32", "size": 4}"#
        ) { $0.word = 0x1234_5678 },
        .init(
            "64 bits", .uint64("l", \.long), [1, 2, 3, 4, 5, 6, 7, 8],
            #"{"name": "l", "type": "uint64", "size": 8}"#
        ) { $0.long = 0x0102_0304_0506_0708 },
        .init(
            "a negative number", .int32("s", \.signed), [0xFF, 0xFF, 0xFF, 0xFE],
            #"{"name": "s", "type": "int32", "size": 4}"#
        ) { $0.signed = -2 },
        .init(
            "a negative time", .int64("t", \.time), [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFD],
            #"{"name": "t", "type": "int64", "size": 8}"#
        ) { $0.time = -3 },
        .init(
            "a timer that is not armed", .timer("t", \.time), Array(repeating: 0xFF, count: 8),
            #"{"name": "t", "type": "timer", "size": 8}"#
        ) { $0.time = -1 },
        .init(
            "the lower half of 64 bits", .value("l", \.long, .lowerHalf), [0x12, 0x34, 0x56, 0x78],
            #"{"name": "l", "type": "uint32", "size": 4}"#
        ) { $0.long = 0x1234_5678 },
        .init(
            "a value that both sides have", .equal("c", \.count, .uint32), [0, 0, 0, 2],
            #"{"name": "c", "type": "uint32 equal", "size": 4}"#
        ) { _ in },
        .init(
            "unused bytes", .unused(3), [0, 0, 0], #"{"name": "unused", "type": "unused_buffer", "size": 3}"#
        ) {
            _ in
        },
        .init(
            "raw bytes", .buffer("r", \.raw, count: 3), [7, 8, 9],
            #"{"name": "r", "type": "buffer", "size": 3}"#
        ) { $0.raw = [7, 8, 9] },
        .init(
            "an array", .array("a", \.list, .uint16, count: 2), [0, 1, 0, 2],
            #"{"name": "a", "array_len": 2, "type": "uint16", "size": 2}"#
        ) { $0.list = [1, 2] },
        .init(
            "an array of one", .array("a", \.list, .uint16, count: 1), [0, 1],
            #"{"name": "a", "type": "uint16", "size": 2}"#
        ) { $0.list = [1] },
        .init("an array of none", .array("a", \.list, .uint16, count: 0), [], "") { _ in },
        .init(
            "an array whose length is in the state", .array("a", \.list, .uint16) { Int($0.count) },
            [0, 1, 0, 2],
            #"{"name": "a", "array_len": 2, "type": "uint16", "size": 2}"#
        ) { $0.list = [1, 2] },
        .init(
            "a struct", .structure("p", \.part, Sample.Part.table), [0, 0, 0, 0, 0, 0, 0, 1, 2],
            #"{"name": "p", "type": "struct", "struct": {"vmsd_name": "part", "version": 3, "fields": ["#
                + #"{"name": "address", "type": "uint64", "size": 8}, {"name": "bits", "type": "uint8", "size": 1}]}, "#
                + #""size": 9}"#
        ) { $0.part = .init(address: 1, bits: 2) },
        .init(
            "structs", .structures("p", \.parts, Sample.Part.table),
            [0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 3, 4],
            #"{"name": "p", "array_len": 2, "type": "struct", "struct": {"vmsd_name": "part", "version": 3, "#
                + #""fields": [{"name": "address", "type": "uint64", "size": 8}, "#
                + #"{"name": "bits", "type": "uint8", "size": 1}]}, "size": 9}"#
        ) { $0.parts = [.init(address: 1, bits: 2), .init(address: 3, bits: 4)] },
        .init(
            "bytes with rules of their own",
            .custom("x", type: "special") { (state, reader) throws(VMStateError) in
                state.byte = try reader.uint8() ^ 0xFF
            } save: {
                $1.output.uint8($0.byte ^ 0xFF)
            }, [0xFE], #"{"name": "x", "type": "special", "size": 1}"#
        ) { $0.byte = 1 },
        .init("a rule", .check("x") { (_, _) throws(VMStateError) in }, [], "") { _ in },
    ]
}

@Suite("Fields")
struct FieldTests {
    @Test("are written, described, read again, and refused when cut", arguments: FieldCase.all)
    func field(_ item: FieldCase) throws {
        let table = VMStateDescription("sample", version: 1, fields: [item.field])
        var state = Sample()
        item.change(&state)
        var writer = VMStateWriter(dialect: .qemu10_0, version: 1)
        let layout = table.save(state, to: &writer)
        #expect(writer.output.bytes == item.bytes)
        #expect(layout.jsonMembers == #""vmsd_name": "sample", "version": 1, "fields": ["# + item.json + "]")

        var copy = Sample()
        let input = InputBuffer(bytes: item.bytes)
        try table.load(&copy, from: VMStateReader(input, version: 1))
        #expect(copy == state)
        #expect(try input.isAtEnd())

        for length in 0..<item.bytes.count {
            var cut = Sample()
            do throws(VMStateError) {
                let reader = VMStateReader(InputBuffer(bytes: Array(item.bytes[..<length])), version: 1)
                try table.load(&cut, from: reader)
                Issue.record("\(item.name) was taken when cut at \(length)")
            } catch {
                #expect(error.offset == UInt64(length))
                #expect(error.path.starts(with: ["sample", item.field.name]))
            }
        }
    }

    @Test("a value that must be equal is refused when it is not")
    func equal() {
        expect(
            .equal("c", \.count, .uint32), [0, 0, 0, 3],
            "sample.c: expected 2, found 3 (at byte 0)")
    }

    @Test("lengths from the state that no array has are refused", arguments: [-1, Int.min, Int.max, 1 << 40])
    func lengths(count: Int) {
        let text = "expected a length of 0 to 67108864, found \(count) (at byte 0)"
        expect(.array("a", \.list, .uint16) { _ in count }, [0], "sample.a: \(text)")
        expect(.buffer("r", \.raw) { _ in count }, [0], "sample.r: \(text)")
    }

    @Test("an element is named by its index")
    func element() {
        expect(
            .array("a", \.list, .uint16, count: 3), [0, 0, 0, 0, 0],
            "sample.a[2]: the stream ended at byte 5 with 1 more byte expected (at byte 5)")
        expect(
            .structures("p", \.parts, Sample.Part.table), Array(repeating: 0, count: 17),
            "sample.p[1].part.bits: the stream ended at byte 17 with 1 more byte expected (at byte 17)")
    }

    @Test("a rule refuses what has been read, at the value")
    func rule() {
        let table = VMStateDescription<Sample>(
            "sample", version: 1,
            fields: [
                .uint32("count", \.count),
                .check("count") { (state, reader) throws(VMStateError) in
                    guard state.count < 4 else {
                        throw reader.invalid(expected: "less than 4", found: "\(state.count)")
                    }
                },
            ])
        expect(table, [0, 0, 0, 9], "sample.count: expected less than 4, found 9 (at byte 0)")
    }

    private func expect(_ field: VMStateField<Sample>, _ bytes: [UInt8], _ text: String) {
        expect(VMStateDescription("sample", version: 1, fields: [field]), bytes, text)
    }

    private func expect(_ table: VMStateDescription<Sample>, _ bytes: [UInt8], _ text: String) {
        var state = Sample()
        do throws(VMStateError) {
            try table.load(&state, from: VMStateReader(InputBuffer(bytes: bytes), version: 1))
            Issue.record("taken: \(state)")
        } catch {
            #expect(error.description == text)
        }
    }
}
