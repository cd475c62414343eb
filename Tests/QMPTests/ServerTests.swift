import Glibc
import Logging
import QAPI
import Synchronization
import Testing
import Threads

@testable import QMP

@Suite struct ServerTests {
    let machine = TestMachine()
    let gate = Gate()
    let path = "/tmp/martlet-qmp-\(getpid())-\(UInt64.random(in: 0...(.max))).sock"

    func server(logger: Logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })) throws
        -> QMPServer
    {
        try QMPServer(version: testVersion, commands: .forTests(machine, gate: gate), logger: logger)
    }

    @Test func `two clients at one socket have sessions of their own and both get events`() async throws {
        let server = try server()
        try server.serve(.listen(.unix(path: path), wait: false))
        let first = try await QMPClient.connect(to: .unix(path: path), enabling: [.oob])
        let second = try await QMPClient.connect(to: .unix(path: path))
        #expect(first.greeting["QMP"]?["version"]?["package"] == "martlet-0.1.0")

        async let waited = first.execute("test-wait")
        #expect(await eventually { machine.log == ["waiting"] })
        #expect(try await first.execute("test-oob", outOfBand: true) == "overtaken")
        async let status = second.execute(.queryStatus)
        server.emit(.migration(status: .active))
        gate.open()
        #expect(try await waited == "waited")
        #expect(try await status["status"] == "prelaunch")
        for client in [first, second] {
            let event = await client.events.first { _ in true }
            #expect(event?.name == "MIGRATION")
            #expect(event?.data == ["status": "active"])
            #expect((event?.seconds ?? 0) > 1_700_000_000)
        }

        await #expect(throws: QAPIError(.commandNotFound, "The command nope has not been found")) {
            try await first.execute("nope")
        }
        await first.close()
        #expect(try await second.execute(.queryName) == [:])
        server.stop()
        await #expect(throws: QMPClientError.closed) { try await second.execute(.queryName) }
        #expect(unsafe access(path, F_OK) != 0)
    }

    @Test func `a listening socket that the parent process made takes one client after the other`()
        async throws
    {
        let listener = try Socket.listen(.unix(path: path))
        defer { unsafe unlink(path) }
        let server = try server()
        #expect(try server.serve(.listeningDescriptor(listener)) == nil)
        for _ in 0..<2 {
            let client = try await QMPClient.connect(to: .unix(path: path))
            #expect(try await client.execute(.queryName) == [:])
            await client.close()
        }
        server.stop()
    }

    @Test func `a descriptor that is no socket, or not of the kind that was said, is refused`() throws {
        let server = try server()
        let listener = try Socket.listen(.unix(path: path))
        defer {
            close(listener)
            unsafe unlink(path)
        }
        let refusals: [(MonitorEndpoint, String)] = [
            (.descriptor(9999), "File descriptor 9999 is not a socket"),
            (.listeningDescriptor(9999), "File descriptor 9999 is not a socket"),
            (.descriptor(listener), "File descriptor \(listener) listens: add 'server=on'"),
        ]
        for (endpoint, text) in refusals {
            #expect(throws: QAPIError(.genericError, text)) { try server.serve(endpoint) }
        }
        server.stop()
    }

    @Test func `tcp and the whole schema`() async throws {
        let server = try server()
        let address = try #require(try server.serve(.listen(.tcp(host: "127.0.0.1", port: "0"), wait: false)))
        let client = try await QMPClient.connect(to: address)
        let schema = try await client.execute(.queryQmpSchema)
        #expect(schema == Introspection.schema)
        await client.close()
        server.stop()
    }

    @Test func `descriptors pass over a unix socket, are named, taken and closed`() throws {
        let server = try server()
        try server.serve(.listen(.unix(path: path), wait: false))
        let client = try RawClient(.unix(path: path))
        #expect(client.negotiate())
        var ends: [Int32] = [-1, -1]
        #expect(unsafe pipe(&ends) == 0)
        let getfd = #"{"execute":"getfd","arguments":{"fdname":"mig"}}"#
        #expect(client.ask(getfd, passing: [ends[1]]) == #"{"return": {}}"#)
        #expect(client.ask(getfd, passing: [ends[1]]) == #"{"return": {}}"#)
        #expect(client.ask(getfd)?.contains("No file descriptor supplied via SCM_RIGHTS") == true)
        #expect(client.ask(#"{"execute":"migrate","arguments":{"uri":"fd:mig"}}"#) == #"{"return": {}}"#)
        #expect(machine.log == ["migrate to a descriptor"])
        #expect(
            client.ask(#"{"execute":"closefd","arguments":{"fdname":"mig"}}"#)?.contains("not found") == true)
        let bad = #"{"execute":"getfd","arguments":{"fdname":"1x"}}"#
        #expect(client.ask(bad, passing: [ends[1]])?.contains("not starting with a digit") == true)

        // Many at once: no more than a bounded number is kept, and all are closed with the client.
        for _ in 0..<20 { client.send(" ", passing: [ends[1], ends[1], ends[1]]) }
        #expect(client.ask(getfd) == #"{"return": {}}"#)
        close(ends[1])
        server.stop()
        // Every copy of the writing end is closed: the reader sees the end.
        var byte: UInt8 = 0
        #expect(unsafe read(ends[0], &byte, 1) == 0)
        close(ends[0])
    }

    @Test func `a client that hangs up its sending end still gets its answers`() throws {
        let server = try server()
        try server.serve(.listen(.unix(path: path), wait: false))
        let client = try RawClient(.unix(path: path))
        client.send(#"{"execute":"qmp_capabilities"}{"execute":"cont"}{"execute":"query-status"}"#)
        shutdown(client.descriptor, Int32(SHUT_WR))
        #expect(client.line()?.contains("QMP") == true)
        #expect(client.line() == #"{"return": {}}"#)
        #expect(client.line() == #"{"return": {}}"#)
        #expect(client.line()?.contains("running") == true)
        #expect(client.line() == nil)
        server.stop()
    }

    @Test func `a client that does not read loses its connection, and others notice nothing`() async throws {
        let warnings = WarningCounter()
        let server = try server(logger: Logger(label: "test", factory: { _ in warnings }))
        try server.serve(.listen(.unix(path: path), wait: false))
        let lazy = try RawClient(.unix(path: path))
        #expect(lazy.negotiate())
        let other = try await QMPClient.connect(to: .unix(path: path))
        let count = 400_000
        for number in 0..<count {
            server.emit(.migrationPass(pass: Int64(number)))
            if number % 1000 == 0 { try await other.execute(.queryName) }
            if warnings.count > 0 { break }
        }
        #expect(warnings.count == 1)
        #expect(try await other.execute(.queryStatus)["running"] == false)
        #expect(lazy.line() != nil)
        while lazy.line() != nil {}
        await other.close()
        server.stop()
    }

    @Test func `a client that asks without reading is not answered without end`() async throws {
        let server = try server()
        try server.serve(.listen(.unix(path: path), wait: false))
        let client = try RawClient(.unix(path: path))
        #expect(client.negotiate())
        let flags = fcntlNonblocking(client.descriptor)
        #expect(flags)
        let question = Array(repeating: #"{"execute":"query-qmp-schema"}"#, count: 100).joined()
        var sent = 0
        for _ in 0..<2_000 {
            let count = unsafe Glibc.send(client.descriptor, question, question.utf8.count, sendWithoutSignal)
            if count > 0 { sent += count } else { try await Task.sleep(for: .milliseconds(1)) }
        }
        // What the kernel's buffers and one read hold, and no more, has been taken.
        #expect(sent < 4 << 20)
        server.stop()
    }

    @Test func `a socket file of a dead server is replaced, that of a live one is not`() throws {
        let dead = try Socket.listen(.unix(path: path))
        close(dead)
        let server = try server()
        try server.serve(.listen(.unix(path: path), wait: false))
        let error = QAPIError.generic("Failed to bind socket to \(path): Address already in use")
        #expect(throws: error) { try server.serve(.listen(.unix(path: path), wait: false)) }
        server.stop()
    }

    @Test func `addresses that cannot work are refused with a reason`() throws {
        let server = try server()
        let long = "/tmp/" + String(repeating: "x", count: 120)
        #expect(throws: QAPIError.generic("UNIX socket path '\(long)' is too long")) {
            try server.serve(.listen(.unix(path: long), wait: false))
        }
        #expect(throws: QAPIError.generic("Failed to connect to \(path): No such file or directory")) {
            try server.serve(.connect(.unix(path: path)))
        }
        server.stop()
    }

    @Test func `the server may be the one to connect`() throws {
        let listener = try Socket.listen(.unix(path: path))
        let server = try server()
        try server.serve(.connect(.unix(path: path)))
        let client = RawClient(descriptor: try #require(Socket.accept(listener)))
        #expect(client.negotiate())
        close(listener)
        server.stop()
        #expect(client.line() == nil)
        unsafe unlink(path)
    }

    @Test func `wait holds the caller until the first client is there`() async throws {
        let server = try server()
        let path = path
        let isServing = Mutex(false)
        let thread = try #require(
            OSThread(ifPossible: "test") {
                _ = try? server.serve(.listen(.unix(path: path), wait: true))
                isServing.withLock { $0 = true }
            })
        // The name is there before the socket listens: until then a connection is refused.
        #expect(await eventually { unsafe access(path, F_OK) == 0 })
        #expect(!isServing.withLock { $0 })
        var client: RawClient?
        for _ in 0..<1200 where client == nil {
            client = try? RawClient(.unix(path: path))
            if client == nil { try await Task.sleep(for: .milliseconds(100)) }
        }
        #expect(client?.negotiate() == true)
        thread.join()
        server.stop()
    }

    @Test func `the answer to the last command arrives before the server stops`() async throws {
        for _ in 0..<20 {
            let server = try server()
            try server.serve(.listen(.unix(path: path), wait: false))
            let client = try RawClient(.unix(path: path))
            #expect(client.negotiate())
            let before = machine.log.count
            client.send(#"{"execute":"quit","id":"bye"}"#)
            #expect(await eventually { machine.log.count > before })
            server.emit(.shutdown(guest: false, reason: .hostQmpQuit))
            server.stop()
            let lines = [client.line() ?? "", client.line() ?? ""]
            #expect(lines.contains(#"{"return": {}, "id": "bye"}"#))
            #expect(lines.contains { $0.contains("host-qmp-quit") })
        }
    }
}
