import Bytes
import Testing
import VMState

@Suite("Descriptions")
struct DescriptionTests {
    struct State: Sendable, Equatable {
        var old: UInt8 = 0
        var new: UInt8 = 0
        var hasMore = false
        var more: UInt8 = 0
        var inner = Inner()

        struct Inner: Sendable, Equatable {
            var value: UInt16 = 0
            var deep: UInt8 = 0
        }
    }

    static let table = VMStateDescription<State>(
        "dev", versions: 1...3,
        fields: [
            .uint8("old", \.old),
            .uint8("new", \.new).versions(2...),
            .bool("has_more", \.hasMore).versions(3...),
            .uint8("more", \.more).when { $0.hasMore },
        ],
        subsections: [
            VMStateSubsection(
                \.inner,
                VMStateDescription<State.Inner>(
                    "dev/inner", version: 4, fields: [.uint16("value", \.value)],
                    subsections: [
                        VMStateSubsection(
                            VMStateDescription(
                                "dev/inner/deep", version: 1, fields: [.uint8("deep", \.deep)]),
                            needed: { state, _ in state.deep != 0 })
                    ]),
                needed: { state, dialect in state.inner.value != 0 && dialect != .qemu7_2 })
        ],
        versionFor: { $0 == .qemu7_2 ? 2 : 3 })

    private func save(_ state: State, _ dialect: Dialect = .qemu10_0) -> [UInt8] {
        var writer = VMStateWriter(dialect: dialect, version: Self.table.version(for: dialect))
        Self.table.save(state, to: &writer)
        return writer.output.bytes
    }

    private func load(_ bytes: [UInt8], version: UInt32 = 3) throws(VMStateError) -> (State, left: Int) {
        let input = InputBuffer(bytes: bytes)
        var state = State()
        try Self.table.load(&state, from: VMStateReader(input, version: version))
        return (state, bytes.count - Int(input.offset))
    }

    @Test("a version has its own fields")
    func versions() throws {
        #expect(save(State(old: 1, new: 2)) == [1, 2, 0])
        #expect(save(State(old: 1, new: 2), .qemu7_2) == [1, 2])
        #expect(try load([1, 9, 9], version: 1) == (State(old: 1), left: 2))
        #expect(try load([1, 2, 9], version: 2) == (State(old: 1, new: 2), left: 1))
        #expect(try load([1, 2, 0, 9]) == (State(old: 1, new: 2), left: 1))
    }

    @Test("a field can depend on one before it")
    func conditions() throws {
        #expect(save(State(hasMore: true, more: 9)) == [0, 0, 1, 9])
        #expect(save(State(hasMore: false, more: 9)) == [0, 0, 0])
        #expect(try load([0, 0, 1, 9]).0 == State(hasMore: true, more: 9))
    }

    @Test("versions outside of what is understood are refused", arguments: [0, 4, UInt32.max])
    func wrongVersion(version: UInt32) {
        do throws(VMStateError) {
            _ = try load([0, 0, 0], version: version)
            Issue.record("taken")
        } catch {
            #expect(
                error.description == "dev: version \(version) is not understood, only 1 to 3 (at byte 0)")
        }
    }

    static let inner: [UInt8] = [5, 9] + Array("dev/inner".utf8) + [0, 0, 0, 4, 0x12, 0x34]
    static let deep: [UInt8] = [5, 14] + Array("dev/inner/deep".utf8) + [0, 0, 0, 1, 7]

    @Test("subsections follow the fields, nested ones theirs, and only when needed")
    func subsections() throws {
        let state = State(inner: .init(value: 0x1234, deep: 7))
        #expect(save(state) == [0, 0, 0] + Self.inner + Self.deep)
        #expect(save(state, .qemu7_2) == [0, 0])
        #expect(save(State(inner: .init(value: 0x1234))) == [0, 0, 0] + Self.inner)
        #expect(try load([0, 0, 0] + Self.inner + Self.deep).0 == state)
        #expect(try load([0, 0, 0]).0 == State())
    }

    @Test("a byte 05 that begins no subsection of the device is left to what follows")
    func notASubsection() throws {
        for tail: [UInt8] in [
            [5], [5, 0], [5, 3, 0x64, 0x65, 0x76], [5, 255, 1, 2, 3], [5, 7] + Array("dev2/xy".utf8),
            [0x7E, 5],
        ] {
            #expect(try load([0, 0, 0] + tail) == (State(), left: tail.count))
        }
    }

    @Test("an unknown or cut subsection is refused")
    func wrongSubsections() {
        let cases: [([UInt8], String)] = [
            (
                [5, 9] + Array("dev/other".utf8) + [0, 0, 0, 1],
                "dev: unknown subsection 'dev/other' (at byte 3)"
            ),
            (
                [5, 9] + Array("dev/inner".utf8) + [0, 0, 0, 5, 0, 0],
                "dev.dev/inner: version 5 is not understood, only 4 (at byte 18)"
            ),
            (
                Array(Self.inner.dropLast()),
                "dev.dev/inner.value: the stream ended at byte 19 with 1 more byte expected (at byte 19)"
            ),
            (
                Array(Self.inner.prefix(8)),
                "dev: the stream ended at byte 11 with 3 more bytes expected (at byte 11)"
            ),
        ]
        for (tail, text) in cases {
            do throws(VMStateError) {
                _ = try load([0, 0, 0] + tail)
                Issue.record("taken: \(tail)")
            } catch {
                #expect(error.description == text)
            }
        }
    }

    @Test("a section loads into the device's present state, and the device may refuse it")
    func section() throws {
        let section = VMStateSection(
            "dev", instance: 2, Self.table, get: { State(more: 42) },
            set: { (state, reader) throws(VMStateError) in
                guard state == State(old: 1, new: 2, more: 42) else {
                    throw reader.invalid(expected: "1 and 2", found: "\(state.old) and \(state.new)")
                }
            })
        #expect(section.version(.qemu7_2) == 2 && section.version(.qemu10_0) == 3)
        #expect(section.versions == 1...3)
        try section.load(VMStateReader(InputBuffer(bytes: [1, 2, 0]), version: 3))
        #expect(throws: VMStateError.self) {
            try section.load(VMStateReader(InputBuffer(bytes: [1, 3, 0]), version: 3))
        }
    }
}
