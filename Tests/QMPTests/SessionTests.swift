import QAPI
import Synchronization
import Testing

@testable import QMP

struct ExchangeCase: CustomTestStringConvertible, Sendable {
    var name: String
    var input: String
    var messages: [String]
    var testDescription: String { name }

    init(_ name: String, _ input: String, _ messages: String...) {
        self.name = name
        self.input = input
        self.messages = messages
    }

    /// An exchange that ends in one error of class `GenericError`.
    static func error(_ name: String, _ input: String, _ text: String, id: String? = nil) -> ExchangeCase {
        error(name, input, .genericError, text, id: id)
    }

    /// An exchange that ends in one error.
    static func error(
        _ name: String, _ input: String, _ errorClass: QAPIErrorClass, _ text: String,
        id: String? = nil
    ) -> ExchangeCase {
        let text = JSONValue.string(text).description
        let id = id.map { ", \"id\": \($0)" } ?? ""
        return ExchangeCase(
            name, input, #"{"error": {"class": "\#(errorClass.rawValue)", "desc": \#(text)}\#(id)}"#)
    }
}

@Suite struct SessionTests {
    static let status = #"{"return": {"running": false, "status": "prelaunch"}"#

    static let negotiation: [ExchangeCase] = [
        .error(
            "a command before negotiation", #"{"execute":"query-status"}"#, .commandNotFound,
            "Expecting capabilities negotiation with 'qmp_capabilities'"),
        .error(
            "an unknown command before negotiation", #"{"execute":"nope","id":7}"#, .commandNotFound,
            "Expecting capabilities negotiation with 'qmp_capabilities'", id: "7"),
        .error(
            "an unknown capability", #"{"execute":"qmp_capabilities","arguments":{"enable":["bogus"]}}"#,
            "Parameter 'null' does not accept value 'bogus'"),
        .error(
            "an unknown argument", #"{"execute":"qmp_capabilities","arguments":{"x":1}}"#,
            "Parameter 'x' is unexpected"),
        ExchangeCase("plain", #"{"execute":"qmp_capabilities"}"#, #"{"return": {}}"#),
        ExchangeCase(
            "oob, twice", #"{"execute":"qmp_capabilities","arguments":{"enable":["oob","oob"]},"id":1}"#,
            #"{"return": {}, "id": 1}"#),
        .error(
            "exec-oob before it is on", #"{"exec-oob":"qmp_capabilities"}"#,
            "QMP input member 'exec-oob' is unexpected"),
    ]

    @Test func `the greeting tells the version and offers oob`() {
        #expect(
            MemoryMonitor().messages == [
                #"{"QMP": {"version": {"qemu": {"major": 8, "minor": 2, "micro": 0}, "package": "martlet-0.1.0"}, "capabilities": ["oob"]}}"#
            ])
    }

    @Test(arguments: negotiation) func `a new session negotiates first`(_ test: ExchangeCase) async {
        let monitor = MemoryMonitor()
        #expect(await monitor.exchange(test.input) == test.messages)
    }

    @Test func `a failed negotiation may be tried again`() async {
        let monitor = MemoryMonitor()
        _ = await monitor.exchange(#"{"execute":"qmp_capabilities","arguments":{"enable":"oob"}}"#)
        #expect(await monitor.exchange(#"{"execute":"qmp_capabilities"}"#) == [#"{"return": {}}"#])
        #expect(await monitor.exchange(#"{"execute":"query-status"}"#) == [Self.status + "}"])
    }

    static let commands: [ExchangeCase] = [
        ExchangeCase("a command", #"{"execute":"query-status"}"#, status + "}"),
        ExchangeCase(
            "single quotes", "{'execute':'query-status','id':'single'}", status + #", "id": "single"}"#),
        ExchangeCase(
            "two commands back to back", #"{"execute":"query-status"}{"execute":"query-status","id":2}"#,
            status + "}", status + #", "id": 2}"#),
        .error(
            "an unknown command", #"{"execute":"bogus-cmd","id":{"a":[1,null]}}"#, .commandNotFound,
            "The command bogus-cmd has not been found", id: #"{"a": [1, null]}"#),
        .error(
            "a command that is not built", #"{"execute":"snapshot-save"}"#, .commandNotFound,
            "The command snapshot-save is known but not built in this version of Martlet"),
        .error(
            "a second negotiation", #"{"execute":"qmp_capabilities","id":1}"#, .commandNotFound,
            "Capabilities negotiation is already complete, command ignored", id: "1"),
        .error("an array", "[1,2]", "QMP input must be a JSON object"),
        .error("a number", "5\n", "QMP input must be a JSON object"),
        .error("a string", "\"s\"", "QMP input must be a JSON object"),
        .error("null", "null\n", "QMP input must be a JSON object"),
        .error("an empty object", "{}", "QMP input lacks member 'execute'"),
        .error("no execute", #"{"arguments":{},"id":1}"#, "QMP input lacks member 'execute'", id: "1"),
        .error("execute is no string", #"{"execute":5}"#, "QMP input member 'execute' must be a string"),
        .error(
            "arguments are an array", #"{"execute":"query-status","arguments":[]}"#,
            "QMP input member 'arguments' must be an object"),
        .error(
            "arguments are null", #"{"execute":"query-status","arguments":null}"#,
            "QMP input member 'arguments' must be an object"),
        .error(
            "a stray member", #"{"execute":"query-status","foo":1}"#, "QMP input member 'foo' is unexpected"),
        .error(
            "exec-oob without oob", #"{"exec-oob":"query-status"}"#,
            "QMP input member 'exec-oob' is unexpected"),
        .error(
            "a stray argument", #"{"execute":"query-status","arguments":{"x":1}}"#,
            "Parameter 'x' is unexpected"),
        .error(
            "a parse error has no id", #"{"execute":"query-status","id":1,"id":2}"#,
            "JSON parse error, duplicate key"),
        .error(
            "getfd without a descriptor", #"{"execute":"getfd","arguments":{"fdname":"x"}}"#,
            "No file descriptor supplied via SCM_RIGHTS"),
        .error(
            "closefd of an unknown name", #"{"execute":"closefd","arguments":{"fdname":"zz"}}"#,
            "File descriptor named 'zz' not found"),
        .error(
            "migrate to an unknown descriptor", #"{"execute":"migrate","arguments":{"uri":"fd:zz"}}"#,
            "File descriptor named 'zz' has not been found"),
        ExchangeCase(
            "id: a large number", #"{"execute":"query-status","id":12345678901234567890}"#,
            status + #", "id": 12345678901234567890}"#),
        ExchangeCase("id: a fraction", #"{"execute":"query-status","id":1.50}"#, status + #", "id": 1.5}"#),
        ExchangeCase("id: null", #"{"execute":"query-status","id":null}"#, status + #", "id": null}"#),
        ExchangeCase("id: NUL", #"{"execute":"query-status","id":"\u0000"}"#, status + #", "id": "\u0000"}"#),
        ExchangeCase(
            "broken text and a command behind it",
            "{\"execute\":\"query-sta\u{1}{\"execute\":\"query-status\"}",
            #"{"error": {"class": "GenericError", "desc": "JSON parse error, stray '\"query-sta\u0001'"}}"#,
            status + "}"),
    ]

    @Test(arguments: commands) func `answers as QEMU does`(_ test: ExchangeCase) async {
        let monitor = await MemoryMonitor.ready()
        #expect(await monitor.exchange(test.input, count: test.messages.count) == test.messages)
    }

    static let outOfBand: [ExchangeCase] = [
        .error(
            "both members", #"{"execute":"query-status","exec-oob":"query-status"}"#,
            "QMP input member 'execute' clashes with 'exec-oob'"),
        .error(
            "an ordinary command", #"{"exec-oob":"query-status","id":"x"}"#,
            "The command query-status does not support OOB", id: "\"x\""),
        .error(
            "negotiation", #"{"exec-oob":"qmp_capabilities","id":3}"#,
            "The command qmp_capabilities does not support OOB", id: "3"),
        .error(
            "a command that is not built", #"{"exec-oob":"migrate-pause"}"#, .commandNotFound,
            "The command migrate-pause is known but not built in this version of Martlet"),
        .error(
            "an unknown command", #"{"exec-oob":"nope"}"#, .commandNotFound,
            "The command nope has not been found"),
        ExchangeCase(
            "one that may", #"{"exec-oob":"test-oob","id":3}"#, #"{"return": "overtaken", "id": 3}"#),
    ]

    @Test(arguments: outOfBand) func `answers exec-oob as QEMU does`(_ test: ExchangeCase) async {
        let monitor = await MemoryMonitor.ready(oob: true)
        #expect(await monitor.exchange(test.input) == test.messages)
    }

    @Test func `an out-of-band command overtakes one that runs`() async {
        let gate = Gate()
        let monitor = await MemoryMonitor.ready(.forTests(gate: gate), oob: true)
        let first = await monitor.exchange(#"{"execute":"test-wait","id":1}{"exec-oob":"test-oob","id":2}"#)
        #expect(first == [#"{"return": "overtaken", "id": 2}"#])
        gate.open()
        #expect(await eventually { monitor.messages.last == #"{"return": "waited", "id": 1}"# })
    }

    @Test func `without oob one command is read at a time, with it eight`() async {
        for (oob, limit) in [(false, 1), (true, 8)] {
            let gate = Gate()
            let monitor = await MemoryMonitor.ready(.forTests(gate: gate), oob: oob)
            let command = #"{"execute":"test-wait"}"#
            for _ in 1..<limit { monitor.session.receive(command.utf8) }
            #expect(monitor.session.wantsInput)
            monitor.session.receive(command.utf8)
            #expect(!monitor.session.wantsInput)
            // What has come already waits unread, even an out-of-band command.
            #expect(await monitor.exchange(#"{"exec-oob":"test-oob"}"#, count: 0) == [])
            gate.open()
            #expect(await eventually { monitor.messages.count == 2 + limit + 1 })
            #expect(monitor.session.wantsInput)
        }
    }

    @Test func `a congested client has no further command begun until it reads`() async {
        let monitor = await MemoryMonitor.ready()
        monitor.output.state.withLock { $0.isCongested = true }
        #expect(!monitor.session.wantsInput)
        #expect(await monitor.exchange(#"{"execute":"query-status"}"#, count: 0) == [])
        monitor.output.state.withLock { $0.isCongested = false }
        monitor.session.process()
        #expect(await eventually { monitor.messages.count == 3 })
    }

    @Test func `commands of all sessions run one at a time and in turn`() async {
        let (machine, gate, dispatcher) = (TestMachine(), Gate(), Dispatcher())
        let table = CommandTable.forTests(machine, gate: gate)
        let first = await MemoryMonitor.ready(table, dispatcher: dispatcher, oob: true)
        let second = await MemoryMonitor.ready(table, dispatcher: dispatcher, oob: true)
        for _ in 0..<3 { first.session.receive(#"{"execute":"test-wait"}"#.utf8) }
        second.session.receive(#"{"execute":"query-status"}"#.utf8)
        #expect(await eventually { machine.log == ["waiting"] })
        #expect(second.messages.count == 2)
        gate.open()
        #expect(await eventually { first.messages.count == 5 && second.messages.count == 3 })
        #expect(machine.log == ["waiting", "waited", "waiting", "waited", "waiting", "waited"])
        #expect(dispatcher.isIdle)
    }

    @Test func `events go to sessions in command mode, before the reply of their cause`() async {
        let monitor = MemoryMonitor()
        let event = QMPMessage.bytes(
            QMPMessage.event(.migration(status: .setup), seconds: 1_795_416_281, microseconds: 171_177))
        monitor.session.send(event: event)
        #expect(monitor.messages.count == 1)
        _ = await monitor.exchange(#"{"execute":"qmp_capabilities"}"#)
        monitor.session.send(event: event)
        #expect(
            monitor.messages.last
                == #"{"timestamp": {"seconds": 1795416281, "microseconds": 171177}, "event": "MIGRATION", "data": {"status": "setup"}}"#
        )
        monitor.session.close()
        monitor.session.send(event: event)
        #expect(monitor.messages.count == 3)
    }

    @Test func `what a client sent before it hung up its end is done, then the session closes`() async {
        let monitor = await MemoryMonitor.ready()
        monitor.session.receive(#"{"execute":"cont"}{"execute":"query-status"}"#.utf8)
        monitor.session.endInput()
        #expect(await eventually { monitor.output.state.withLock { $0.isClosing } })
        #expect(monitor.messages.last == #"{"return": {"running": true, "status": "running"}}"#)
    }

    @Test func `commands that have not begun are dropped when the connection is gone`() async {
        let (machine, gate) = (TestMachine(), Gate())
        let dispatcher = Dispatcher()
        let monitor = await MemoryMonitor.ready(
            .forTests(machine, gate: gate), dispatcher: dispatcher, oob: true)
        monitor.session.receive(#"{"execute":"test-wait"}{"execute":"quit"}"#.utf8)
        #expect(await eventually { machine.log == ["waiting"] })
        monitor.session.close()
        gate.open()
        #expect(await eventually { dispatcher.isIdle })
        #expect(machine.log == ["waiting", "waited"])
        #expect(monitor.messages.count == 2)
    }

    @Test func `query-commands lists what is built`() async throws {
        let monitor = await MemoryMonitor.ready()
        let reply = try JSONValue(parsing: await monitor.exchange(#"{"execute":"query-commands"}"#).joined())
        let names = (reply["return"]?.array ?? []).compactMap { $0["name"]?.string }
        #expect(names.contains("migrate_cancel"))
        #expect(!names.contains("snapshot-save"))
    }

    @Test func `random bytes never trap and never silence a session`() async {
        var state: UInt64 = 1
        let pieces = [
            #"{"execute":"#, #""query-status""#, "}", "{", "]", "[", ",", "\"", "'", "\\", "\u{1}", "5 ",
        ]
        let monitor = await MemoryMonitor.ready(oob: true)
        for _ in 0..<2_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            monitor.session.receive(pieces[Int(state >> 33) % pieces.count].utf8)
        }
        #expect(await eventually { monitor.session.wantsInput })
        _ = await monitor.exchange("\u{1}\n")
        #expect(await eventually { monitor.session.wantsInput })
        monitor.session.receive(#"{"execute":"query-status","id":"still here"}"#.utf8)
        #expect(await eventually { monitor.messages.last == Self.status + #", "id": "still here"}"# })
    }
}
