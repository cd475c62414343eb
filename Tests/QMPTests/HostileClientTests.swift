import CPlatform
import Glibc
import Logging
import QAPI
import Testing
import Threads

@testable import QMP

/// Clients that mean harm, or are broken: whatever they do, others are served, and what they hold is bounded.
@Suite struct HostileClientTests {
    let machine = TestMachine()
    let gate = Gate()
    let path = "/tmp/martlet-qmp-\(getpid())-\(UInt64.random(in: 0...(.max))).sock"

    private func server(_ address: MonitorAddress? = nil) throws -> (QMPServer, MonitorAddress) {
        let server = try QMPServer(
            version: testVersion, commands: .forTests(machine, gate: gate),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let actual = try server.serve(.listen(address ?? .unix(path: path), wait: false))
        return (server, try #require(actual))
    }

    private func client(_ address: MonitorAddress) throws -> RawClient {
        let client = try RawClient(address)
        try #require(client.negotiate())
        return client
    }

    static let status = #"{"return": {"running": false, "status": "prelaunch"}}"#

    private func expectService(at address: MonitorAddress) throws {
        let client = try client(address)
        #expect(client.ask(#"{"execute":"query-status"}"#) == Self.status)
    }

    @Test func `a line of megabytes is read while others are served, and its id comes back whole`() throws {
        let (server, address) = try server()
        let client = try client(address)
        let text = String(repeating: "x", count: 2 << 20)
        let descriptor = client.descriptor
        let bytes = Array(#"{"execute":"query-status","id":"\#(text)"}"#.utf8)
        let writer = OSThread(ifPossible: "test") { sendAll(descriptor, bytes) }
        try expectService(at: address)
        #expect(client.line() == #"\#(Self.status.dropLast()), "id": "\#(text)"}"#)
        try #require(writer).join()
        server.stop()
    }

    @Test func `a line that never ends holds up nobody, and one byte ends it`() throws {
        let (server, address) = try server()
        let client = try client(address)
        client.send(#"{"execute":"query-status","id":""#)
        for _ in 0..<16 { client.send(String(repeating: "\\u0000", count: 4096)) }
        try expectService(at: address)
        client.send("\u{1}")
        #expect(client.line()?.contains(#""desc": "JSON parse error, stray"#) == true)
        client.send("\u{1}" + #"{"execute":"query-status","id":"back"}"#)
        var last: String?
        while let line = client.line() {
            last = line
            if line.contains("back") { break }
        }
        #expect(last == #"\#(Self.status.dropLast()), "id": "back"}"#)
        server.stop()
    }

    @Test(arguments: ["[", "{\"a\":", "[{\"a\":"])
    func `endless nesting ends in errors, not in a deep stack`(_ opening: String) throws {
        let (server, address) = try server()
        let client = try client(address)
        client.send(String(repeating: opening, count: 3000))
        #expect(client.line()?.contains("JSON nesting depth limit exceeded") == true)
        try expectService(at: address)
        client.send("\u{1}" + #"{"execute":"query-status","id":"back"}"#)
        while let line = client.line() { if line.contains("back") { break } }
        #expect(client.ask(#"{"execute":"query-status"}"#) == Self.status)
        server.stop()
    }

    @Test func `errors that nobody reads do not pile up`() throws {
        let (server, address) = try server()
        let client = try client(address)
        #expect(fcntlNonblocking(client.descriptor))
        let garbage = String(repeating: "}", count: 4096)
        var sent = 0
        var refusals = 0
        // Each byte is worth an answer of some 80: what the server does not read stays in the kernel.
        while refusals < 200, sent < 32 << 20 {
            let count = unsafe Glibc.send(client.descriptor, garbage, garbage.utf8.count, sendWithoutSignal)
            if count > 0 {
                (sent, refusals) = (sent + count, 0)
            } else {
                refusals += 1
                usleep(1000)
            }
        }
        #expect(sent < 32 << 20)
        try expectService(at: address)
        server.stop()
    }

    @Test func `passed descriptors are bounded, over all clients together`() throws {
        let (server, address) = try server()
        var ends: [Int32] = [-1, -1]
        try #require(unsafe pipe(&ends) == 0)
        let clients = try (0..<24).map { _ in try client(address) }
        var named = 0
        for round in 0..<3 {
            for client in clients {
                // More at once than are taken out of one message, and more messages than are kept.
                for _ in 0..<4 { client.send(" ", passing: Array(repeating: ends[1], count: 40)) }
                for number in 0..<20 {
                    let answer = client.ask(
                        #"{"execute":"getfd","arguments":{"fdname":"fd-\#(round)-\#(number)"}}"#)
                    if answer == #"{"return": {}}"# { named += 1 } else { break }
                }
            }
        }
        #expect(named == DescriptorBudget.limit)
        try expectService(at: address)
        // One that goes makes room.
        shutdown(clients[0].descriptor, Int32(SHUT_RDWR))
        #expect(clients[0].line() == nil)
        var answer: String?
        for _ in 0..<120_000 {
            answer = clients[1].ask(
                #"{"execute":"getfd","arguments":{"fdname":"new"}}"#, passing: [ends[1]])
            if answer == #"{"return": {}}"# { break }
            usleep(1000)
        }
        #expect(answer == #"{"return": {}}"#)
        server.stop()
        close(ends[1])
        // Every copy of the writing end is closed: the reader sees the end.
        var byte: UInt8 = 0
        #expect(unsafe read(ends[0], &byte, 1) == 0)
        close(ends[0])
    }

    @Test func `silent connections do not keep an operator out`() throws {
        let (server, address) = try server()
        let operators = try (0..<3).map { _ in try client(address) }
        let silent = try (0..<2 * MonitorLoop.clientLimit).map { _ in try RawClient(address) }
        try expectService(at: address)
        for one in operators { #expect(one.ask(#"{"execute":"query-status"}"#) == Self.status) }
        #expect(silent.last?.line()?.contains("QMP") == true)
        server.stop()
    }

    @Test func `a client that resets its connection in the middle of a command is forgotten`() throws {
        let (server, address) = try server(.tcp(host: "127.0.0.1", port: "0"))
        let other = try client(address)
        for _ in 0..<8 {
            do {
                let client = try client(address)
                client.send(#"{"execute":"query-qmp-schema"}{"execute":"query-qmp-schema"}{"exec"#)
                // Closing sends a reset, and what the server still writes is refused.
                var now = linger(l_onoff: 1, l_linger: 0)
                unsafe setsockopt(
                    client.descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
            }
            #expect(other.ask(#"{"execute":"query-status"}"#) == Self.status)
        }
        server.stop()
    }

    @Test func `a client that goes while its command runs leaves the others their turn`() throws {
        let (server, address) = try server()
        let other = try client(address)
        do {
            let client = try client(address)
            client.send(#"{"execute":"test-wait"}{"execute":"quit"}"#)
            other.send(#"{"execute":"query-status"}"#)
            while machine.log != ["waiting"] { usleep(1000) }
        }
        gate.open()
        #expect(other.line() == Self.status)
        server.stop()
        #expect(machine.log == ["waiting", "waited"])
    }

    @Test func `random bytes over a socket`() throws {
        let (server, address) = try server()
        var random: UInt64 = 7
        for _ in 0..<20 {
            let client = try client(address)
            var bytes: [UInt8] = []
            for _ in 0..<2000 {
                random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes.append(UInt8(truncatingIfNeeded: random >> 33))
            }
            sendAll(client.descriptor, bytes)
        }
        try expectService(at: address)
        server.stop()
    }
}

/// Sends until all is sent or the connection is gone.
private func sendAll(_ descriptor: Int32, _ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = unsafe rest.withUnsafeBytes { rest in
            unsafe Glibc.send(descriptor, rest.baseAddress, rest.count, sendWithoutSignal)
        }
        guard count > 0 else { return }
        rest = rest.dropFirst(count)
    }
}
