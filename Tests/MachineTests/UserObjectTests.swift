import Foundation
import Migration
import QAPI
import Testing

@testable import Machine

/// Objects that clients make and end, by options and over QMP.
@Suite("Objects for TLS, by option and by command", .serialized)
struct UserObjectTests {
    private static let fixtures = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures/tls").path

    private func add(_ commands: MachineCommands, _ json: String) async throws {
        let text = json.replacing("FIXTURES", with: Self.fixtures)
        try await commands.objectAdd(ObjectOptions(json: JSONValue(parsing: text)))
    }

    private func end(_ commands: MachineCommands) {
        commands.machine.shutdown(byGuest: false, reason: .hostQmpQuit)
    }

    static let notations: [(String, String)] = [
        (
            "tls-creds-x509,id=t,dir=FIXTURES/lab,endpoint=server,verify-peer=off,priority=NORMAL,sanity-check=off",
            #"{"qom-type":"tls-creds-x509","id":"t","dir":"FIXTURES/lab","endpoint":"server","verify-peer":false,"#
                + #""priority":"NORMAL","sanity-check":false}"#
        ),
        (
            "tls-creds-psk,id=t,dir=FIXTURES/psk,username=bob",
            #"{"qom-type":"tls-creds-psk","id":"t","dir":"FIXTURES/psk","username":"bob"}"#
        ),
        (
            "tls-creds-anon,id=t,endpoint=client,verify-peer=on",
            #"{"qom-type":"tls-creds-anon","id":"t","endpoint":"client","verify-peer":true}"#
        ),
        (
            "authz-simple,id=t,identity=CN=me,,O=lab",
            #"{"qom-type":"authz-simple","id":"t","identity":"CN=me,O=lab"}"#
        ),
        (
            "authz-list,id=t,policy=deny,rules.0.match=*,rules.0.policy=allow,rules.0.format=glob,rules.1.match=x,"
                + "rules.1.policy=deny",
            #"{"qom-type":"authz-list","id":"t","policy":"deny","rules":[{"match":"*","policy":"allow","#
                + #""format":"glob"},{"match":"x","policy":"deny"}]}"#
        ),
        (
            "secret,id=t,data=aGVyb24=,format=base64",
            #"{"qom-type":"secret","id":"t","data":"aGVyb24=","format":"base64"}"#
        ),
    ]

    @Test("Both notations of -object and object-add make the same", arguments: notations)
    func sameOfBoth(text: String, json: String) async throws {
        let given = [text, json].map { $0.replacing("FIXTURES", with: Self.fixtures) }
        var found: [[ObjectOptions]] = []
        for option in given {
            let commands = try MachineCommands.stopped(["-object", option])
            found.append(commands.machine.userObjects.all)
            end(commands)
        }
        let commands = try MachineCommands.stopped()
        defer { end(commands) }
        try await add(commands, json)
        #expect(found[0] == found[1] && found[0] == commands.machine.userObjects.all && found[0].count == 1)
        let type = try #require(found[0].first?.branch.qomType.rawValue)
        #expect(
            try await commands.qomList(.init(path: "/objects")).map(\.type) == ["string", "child<\(type)>"])
        try await commands.objectDel(.init(id: "t"))
        #expect(commands.machine.userObjects.all.isEmpty)
    }

    @Test(
        "What is wrong with an object is said when it is made",
        arguments: [
            (#"{"qom-type":"secret","id":"s"}"#, "Either 'file' or 'data' must be provided"),
            (
                #"{"qom-type":"secret","id":"s","data":"x","file":"y"}"#,
                "'file' and 'data' are mutually exclusive"
            ),
            (
                #"{"qom-type":"secret","id":"s","data":"?","format":"base64"}"#,
                "Base64 data contains invalid characters"
            ),
            (
                #"{"qom-type":"secret","id":"s","data":"eA==","format":"base64","keyid":"k"}"#,
                "No secret with id 'k'"
            ),
            (#"{"qom-type":"secret","id":"s","file":"/nonexistent"}"#, "Unable to read secret: cannot open"),
            (#"{"qom-type":"tls-creds-anon","id":"1x"}"#, "Parameter 'id' expects an identifier"),
            (#"{"qom-type":"tls-creds-anon","id":"m"}"#, "attempt to add duplicate property 'm'"),
            (
                #"{"qom-type":"authz-listfile","id":"f","filename":"/nonexistent"}"#,
                "cannot open '/nonexistent'"
            ),
            (#"{"qom-type":"authz-listfile","id":"f","filename":"FIXTURES/psk/keys.psk"}"#, "is no JSON"),
            (
                #"{"qom-type":"iothread","id":"i"}"#,
                "Value 'iothread' of parameter 'qom-type' is known but not built"
            ),
            (
                #"{"qom-type":"tls-creds-x509","id":"t","dir":"FIXTURES/lab","passwordid":"none"}"#,
                "No secret with id 'none'"
            ),
            (
                #"{"qom-type":"tls-creds-x509","id":"t","dir":"FIXTURES/expired","endpoint":"server"}"#,
                "expired/server-cert.pem has expired"
            ),
        ])
    func wrong(json: String, error: String) async throws {
        let commands = try MachineCommands.stopped(["-object", "memory-backend-ram,id=m,size=16M"])
        defer { end(commands) }
        let failure = await #expect(throws: QAPIError.self) { try await add(commands, json) }
        #expect(failure?.description.contains(error) == true, "\(failure?.description ?? "")")
        #expect(commands.machine.userObjects.all.isEmpty)
    }

    @Test(
        "The command line says which of its objects is wrong, and in which order they stand does not matter")
    func options() throws {
        let error = OptionError(
            "-object tls-creds-x509,id=t",
            "Unable to access credentials /none/ca-cert.pem: No such file or directory")
        #expect(throws: error) { try MachineCommands.stopped(["-object", "tls-creds-x509,id=t,dir=/none"]) }
        let locked = "tls-creds-x509,id=t,dir=\(Self.fixtures)/locked,passwordid=s"
        end(try MachineCommands.stopped(["-object", locked, "-object", "secret,id=s,data=heron"]))
        #expect(throws: OptionError.self) {
            try MachineCommands.stopped(["-object", locked, "-object", "secret,id=s,data=gull"])
        }
        // QEMU's other name.
        let file = "\(Self.fixtures)/psk/keys.psk"
        #expect(throws: OptionError.self) {
            try MachineCommands.stopped(["-object", "authz-list-file,id=t,filename=\(file)"])
        }
    }

    @Test("Objects that the machine stands on stay, others go once")
    func deletion() async throws {
        let commands = try MachineCommands.stopped([
            "-object", "memory-backend-ram,id=m,size=16M", "-object", "rng-random,id=r",
        ])
        defer { end(commands) }
        for id in ["m", "r"] {
            await #expect(throws: QAPIError.generic("object '\(id)' is in use, can not be deleted")) {
                try await commands.objectDel(.init(id: id))
            }
        }
        try await add(commands, #"{"qom-type":"tls-creds-anon","id":"t"}"#)
        try await commands.objectDel(.init(id: "t"))
        await #expect(throws: QAPIError.generic("object 't' not found")) {
            try await commands.objectDel(.init(id: "t"))
        }
        try await add(commands, #"{"qom-type":"tls-creds-anon","id":"t","endpoint":"server"}"#)
        #expect(try await commands.qomGet(.init(path: "/objects/t", property: "endpoint")) == "server")
    }

    @Test("A secret does not come out again")
    func secret() async throws {
        let commands = try MachineCommands.stopped(["-object", "secret,id=s,data=heron"])
        defer { end(commands) }
        #expect(try await commands.qomList(.init(path: "/objects/s")).map(\.name) == ["type"])
    }

    @Test(
        "A name is judged by the first rule that fits it, else by the policy",
        arguments: [
            ("O=lab,CN=src", true), ("O=lab,CN=bad", false), ("O=lab,CN=bad2", true),
            ("O=other,CN=src", false), ("", false),
        ])
    func rules(name: String, isLetIn: Bool) async throws {
        let commands = try MachineCommands.stopped()
        defer { end(commands) }
        try await add(
            commands,
            #"{"qom-type":"authz-list","id":"a","rules":[{"match":"O=lab,CN=bad","policy":"deny","format":"exact"},"#
                + #"{"match":"O=lab,*","policy":"allow","format":"glob"},{"match":"O=*","policy":"deny"}]}"#)
        let refusal = commands.machine.userObjects.refusal(of: name, by: "a")
        #expect(refusal == (isLetIn ? nil : "TLS x509 authz check for \(name) is denied"))
    }

    @Test("A judge that is none, or not there, lets nobody in")
    func noJudge() async throws {
        let commands = try MachineCommands.stopped(["-object", "secret,id=s,data=x"])
        defer { end(commands) }
        let objects = commands.machine.userObjects
        #expect(objects.refusal(of: "CN=a", by: "nosuch") == "Cannot find QAuthZ object ID nosuch")
        #expect(objects.refusal(of: "CN=a", by: "s")?.isEmpty == false)
    }

    @Test("A list in a file is the one that stands there now, unless it shall not be")
    func listFile() async throws {
        let path = FileManager.default.temporaryDirectory.appending(
            path: "martlet-authz-\(UUID().uuidString)"
        ).path
        defer { try? FileManager.default.removeItem(atPath: path) }
        func write(_ policy: String) throws {
            try #"{"rules":[{"match":"CN=a","policy":"\#(policy)"}]}"#
                .write(toFile: path, atomically: true, encoding: .utf8)
        }
        try write("allow")
        let commands = try MachineCommands.stopped()
        defer { end(commands) }
        try await add(commands, #"{"qom-type":"authz-listfile","id":"now","filename":"\#(path)"}"#)
        try await add(
            commands, #"{"qom-type":"authz-listfile","id":"then","filename":"\#(path)","refresh":false}"#)
        let objects = commands.machine.userObjects
        for id in ["now", "then"] { #expect(objects.refusal(of: "CN=a", by: id) == nil) }
        try write("deny")
        #expect(
            objects.refusal(of: "CN=a", by: "now") != nil && objects.refusal(of: "CN=a", by: "then") == nil)
        try FileManager.default.removeItem(atPath: path)
        #expect(objects.refusal(of: "CN=a", by: "now")?.contains("cannot open") == true)
    }

    @Test(
        "Patterns have stars and question marks",
        arguments: [
            ("*", "", true), ("*", "x", true), ("a*c", "abc", true), ("a*c", "ac", true),
            ("a*c", "ab", false),
            ("a?c", "abc", true), ("a?c", "aéc", true), ("a?c", "ac", false), ("*a*b*", "xaxbx", true),
            ("*a*b", "axbxa", false), ("", "", true), ("", "x", false), ("a**", "a", true),
            ("[a]", "a", false),
        ])
    func patterns(pattern: String, text: String, fits: Bool) {
        #expect(matches(text.utf8[...], pattern: pattern.utf8[...]) == fits)
    }
}
