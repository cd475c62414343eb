import QAPI
import Testing

struct ArgumentCase: CustomTestStringConvertible, Sendable {
    var arguments: String
    var error: String
    var read: @Sendable (JSONValue) throws -> Void
    var testDescription: String { "\(arguments): \(error)" }

    init<Arguments: QAPIObject>(_ type: Arguments.Type, _ arguments: String, _ error: String) {
        self.arguments = arguments
        self.error = error
        read = { json in _ = try Arguments(json: json) }
    }
}

@Suite struct ArgumentErrorTests {
    typealias Capabilities = MigrateSetCapabilitiesArguments
    typealias Parameters = MigrateSetParameters

    static let cases = [
        ArgumentCase(NoArguments.self, #"{"x":1}"#, "Parameter 'x' is unexpected"),
        ArgumentCase(GetfdArguments.self, "{}", "Parameter 'fdname' is missing"),
        ArgumentCase(
            GetfdArguments.self, #"{"fdname":5}"#, "Invalid parameter type for 'fdname', expected: string"),
        ArgumentCase(
            Capabilities.self, #"{"capabilities":{"capability":"xbzrle"}}"#,
            "Invalid parameter type for 'capabilities', expected: array"),
        ArgumentCase(
            Capabilities.self, #"{"capabilities":[{"capability":"nope","state":true}]}"#,
            "Parameter 'capability' does not accept value 'nope'"),
        ArgumentCase(
            Capabilities.self, #"{"capabilities":[{"capability":"xbzrle"}]}"#,
            "Parameter 'capabilities[0].state' is missing"),
        ArgumentCase(
            Capabilities.self, #"{"capabilities":[{"capability":"xbzrle","state":true,"z":1}]}"#,
            "Parameter 'capabilities[0].z' is unexpected"),
        ArgumentCase(
            Capabilities.self, #"{"capabilities":[{"capability":"xbzrle","state":1}]}"#,
            "Invalid parameter type for 'capabilities[0].state', expected: boolean"),
        ArgumentCase(
            QmpCapabilitiesArguments.self, #"{"enable":["bogus"]}"#,
            "Parameter 'null' does not accept value 'bogus'"),
        ArgumentCase(
            Parameters.self, #"{"max-bandwidth":18446744073709551616}"#,
            "Parameter 'max-bandwidth' expects uint64"),
        ArgumentCase(Parameters.self, #"{"max-bandwidth":"1G"}"#, "Parameter 'max-bandwidth' expects uint64"),
        ArgumentCase(Parameters.self, #"{"max-bandwidth":1.5}"#, "Parameter 'max-bandwidth' expects uint64"),
        ArgumentCase(Parameters.self, #"{"max-bandwidth":-1}"#, "Parameter 'max-bandwidth' expects uint64"),
        ArgumentCase(
            Parameters.self, #"{"x-checkpoint-delay":4}"#,
            "Parameter 'x-checkpoint-delay' is known but not built in this version of Martlet"),
        ArgumentCase(
            MemsaveArguments.self, #"{"val":0,"size":1,"filename":"f","cpu-index":"1"}"#,
            "Invalid parameter type for 'cpu-index', expected: integer"),
        ArgumentCase(
            InetSocketAddress.self, #"{"host":"h","port":"1","to":65536}"#, "Parameter 'to' expects uint16_t"),
        ArgumentCase(
            MigrateArguments.self,
            #"{"channels":[{"channel-type":"main","addr":{"transport":"socket","type":"inet","host":"h","port":1}}]}"#,
            "Invalid parameter type for 'channels[0].addr.port', expected: string"),
        ArgumentCase(
            MigrateArguments.self,
            #"{"channels":[{"channel-type":"main","addr":{"transport":"socket","type":"inet","host":"h"}}]}"#,
            "Parameter 'channels[0].addr.port' is missing"),
        ArgumentCase(
            MigrateArguments.self,
            #"{"channels":[{"channel-type":"main","addr":{"transport":"file","filename":"f","offset":"0x1000"}}]}"#,
            "Parameter 'channels[0].addr.offset' expects uint64"),
        ArgumentCase(
            MigrateArguments.self, #"{"channels":[{"channel-type":"main","addr":{"transport":"zz"}}]}"#,
            "Parameter 'transport' does not accept value 'zz'"),
        ArgumentCase(
            MigrateArguments.self,
            #"{"channels":[{"channel-type":"main","addr":{"transport":"rdma","host":"h","port":"1"}}]}"#,
            "Value 'rdma' of parameter 'channels[0].addr.transport' is known but not built in this version of Martlet"
        ),
        ArgumentCase(
            MigrateArguments.self, #"{"uri":"tcp:h:1","resume":true}"#,
            "Parameter 'resume' is known but not built in this version of Martlet"),
        ArgumentCase(
            MigrateArguments.self, #"{"uri":"tcp:h:1","resume":0}"#,
            "Invalid parameter type for 'resume', expected: boolean"),
        ArgumentCase(
            MemsaveArguments.self, #"{"val":0,"size":1,"filename":"f","cpu-index":9223372036854775808}"#,
            "Invalid parameter type for 'cpu-index', expected: integer"),
        ArgumentCase(
            MemsaveArguments.self, #"{"val":null,"size":1,"filename":"f"}"#, "Parameter 'val' expects uint64"),
        ArgumentCase(
            MigrateArguments.self, #"{"channels":[5]}"#,
            "Invalid parameter type for 'channels[0]', expected: object"),
    ]

    @Test(arguments: cases) func `bad arguments are refused in QEMU's words`(_ test: ArgumentCase) throws {
        let json = try JSONValue(parsing: test.arguments)
        #expect(throws: QAPIError.generic(test.error)) { try test.read(json) }
    }

    @Test func `the whole range of uint64 is accepted`() throws {
        let json = try JSONValue(parsing: #"{"max-bandwidth":18446744073709551615}"#)
        #expect(try MigrateSetParameters(json: json).maxBandwidth == .max)
    }

    @Test func `a flag that is not built may be off`() throws {
        let json = try JSONValue(parsing: #"{"uri":"fd:migrate","detach":true,"resume":false,"blk":false}"#)
        #expect(try MigrateArguments(json: json) == MigrateArguments(uri: "fd:migrate", detach: true))
    }

    @Test func `a flat union is read and written in one object`() throws {
        let text = #"{"transport": "socket", "type": "unix", "path": "/tmp/s"}"#
        let address = try MigrationAddress(json: JSONValue(parsing: text))
        #expect(address == .socket(.unix(UnixSocketAddress(path: "/tmp/s"))))
        #expect(address.json.description == text)
    }

    @Test func `a union with shared members keeps its branch beside them`() throws {
        let text = ##"{"name": "3", "meta-type": "array", "element-type": "int"}"##
        let info = try SchemaInfo(json: JSONValue(parsing: text))
        #expect(info == SchemaInfo(name: "3", branch: .array(SchemaInfoArray(elementType: "int"))))
        #expect(info.json == (try JSONValue(parsing: text)))
    }

    @Test func `an alternate is told by the kind of JSON value`() throws {
        #expect(try StrOrNull(json: "x", at: .root) == .s("x"))
        #expect(try StrOrNull(json: nil, at: .root) == .n)
        #expect(throws: QAPIError.generic("Invalid parameter type for '', expected: StrOrNull")) {
            try StrOrNull(json: 5, at: .root)
        }
    }
}
