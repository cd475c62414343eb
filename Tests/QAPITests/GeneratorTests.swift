import Glibc
import QAPI
import QAPIGenerator
import Testing

@Suite struct GeneratorTests {
    static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }

    static func contents(_ path: String) -> String? {
        guard let file = unsafe fopen(path, "r") else { return nil }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        while case let byte = unsafe fgetc(file), byte != EOF {
            bytes.append(UInt8(truncatingIfNeeded: byte))
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `the generated files are those of the schema; if not, run qapi-gen`() throws {
        let schema = try Schema(text: #require(Self.contents("\(Self.root)/Schema/martlet.json")))
        for (name, text) in schema.swiftFiles() {
            let isSame = Self.contents("\(Self.root)/Sources/QAPI/Generated/\(name)") == text
            #expect(isSame, "\(name)")
        }
    }

    static let broken = [
        ("{ 'struct': 'A', 'data': { 'x': 'Nope' } }", "'A' uses 'Nope', which is not defined"),
        ("{ 'struct': 'A', 'data': {} }\n\n{ 'enum': 'A', 'data': [] }", "'A' is defined twice"),
        ("\n{ 'struct': 'A', 'data': {}, 'unless': 'X' }", "line 2: key 'unless' is not known"),
        (
            "{ 'struct': 'A', 'marks': 'E', 'data': { '*x': 'int' } }\n\n{ 'enum': 'E', 'data': [ 'y' ] }",
            "'E' has no value 'x'"
        ),
        ("{ 'struct': 'A', 'marks': 'A', 'data': {} }", "'A' has its marks of 'A', which is no enum"),
        (
            "{ 'struct': 'A', 'data': { 'x': { 'type': 'int', 'built': false } } }",
            "line 1: 'x' must be there, so it must be built"
        ),
        ("{ 'struct': 'A'", "line 1: JSON parse error, premature EOI"),
        ("{ 'union': 'A' }", "line 1: a union needs a discriminator"),
    ]

    @Test(arguments: broken) func `a broken schema is named by line or definition`(
        _ text: String, _ error: String
    ) {
        #expect { try Schema(text: text) } throws: { "\($0)" == error }
    }

    @Test func `introspection has what is built and nothing else`() throws {
        let entries = try #require(Introspection.schema.array)
        func names(_ kind: String) -> [String] {
            entries.filter { $0["meta-type"]?.string == kind }.compactMap { $0["name"]?.string }
        }
        #expect(Set(names("command")) == Set(CommandName.allCases.filter(\.isBuilt).map(\.rawValue)))
        #expect(names("event").contains("MIGRATION_PASS"))
        #expect(!names("event").contains("COLO_EXIT"))
        let text = Introspection.schema.description
        #expect(text.contains("multifd-channels"))
        #expect(!text.contains("postcopy-preempt"))

        // Every type that is named is there, and each is valid by the schema's own description of itself.
        let defined = Set(entries.compactMap { $0["name"]?.string })
        for entry in entries {
            var used = [entry["arg-type"], entry["ret-type"], entry["element-type"]].compactMap { $0?.string }
            used += (entry["members"]?.array ?? []).compactMap { $0["type"]?.string }
            used += (entry["variants"]?.array ?? []).compactMap { $0["type"]?.string }
            #expect(defined.isSuperset(of: used))
            _ = try SchemaInfo(json: entry)
        }
    }

    @Test func `introspection describes members as clients expect`() throws {
        let entries = try #require(Introspection.schema.array)
        let migrate = try #require(entries.first { $0["name"] == "migrate" })
        let arguments = try #require(entries.first { $0["name"] == migrate["arg-type"] })
        let uri = try #require(arguments["members"]?[0])
        #expect(uri == ["name": "uri", "type": "str", "default": nil])
        #expect(migrate["ret-type"] == "0")
        #expect(entries.first { $0["name"] == "0" } == ["name": "0", "meta-type": "object", "members": []])
        let address = try #require(entries.first { $0["tag"] == "transport" })
        #expect(address["variants"]?.array?.compactMap { $0["case"]?.string } == ["socket", "exec", "file"])
    }
}
