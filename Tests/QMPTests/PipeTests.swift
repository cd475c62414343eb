import Glibc
import Logging
import QAPI
import Synchronization
import Testing
import Threads

@testable import QMP

/// A monitor's loop and its threads without a server around them: for clients that come by two pipes, as with
/// standard input and output.
private final class Loop: Sendable {
    let loop: MonitorLoop
    let sessions: SessionList
    private let commandThread: CommandThread
    private let thread: OSThread

    final class SessionList: Sendable {
        private let list = Mutex<[QMPSession]>([])
        var first: QMPSession? { list.withLock { $0.first } }
        func add(_ session: QMPSession) { list.withLock { $0.append(session) } }
    }

    init() throws {
        // Not the shared pool: the tests block its threads.
        let commandThread = CommandThread(name: "test-command")
        let sessions = SessionList()
        let loop = try MonitorLoop(
            makeSession: { connection in
                let session = QMPSession(
                    commands: .forTests(), dispatcher: Dispatcher(inBand: commandThread),
                    version: testVersion, output: connection)
                sessions.add(session)
                return session
            },
            forget: { _ in }, isIdle: { true },
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        thread = try #require(OSThread(ifPossible: "test") { loop.run() })
        (self.loop, self.sessions, self.commandThread) = (loop, sessions, commandThread)
    }

    /// A client by two pipes: where it writes, and where it reads.
    func client() throws -> (writer: RawClient, reader: RawClient) {
        var input: [Int32] = [-1, -1]
        var output: [Int32] = [-1, -1]
        try #require(unsafe pipe(&input) == 0)
        try #require(unsafe pipe(&output) == 0)
        loop.serve(input: input[0], output: output[1])
        return (RawClient(descriptor: input[1]), RawClient(descriptor: output[0]))
    }

    func stop() {
        loop.stop()
        thread.join()
        commandThread.stop()
    }
}

@Suite struct PipeTests {
    @Test func `pipes serve as standard input and output do`() throws {
        let loop = try Loop()
        let (writer, reader) = try loop.client()
        #expect(reader.line()?.contains("QMP") == true)
        writer.write(#"{"execute":"qmp_capabilities"}{"execute":"query-qmp-schema"}"#)
        #expect(reader.line() == #"{"return": {}}"#)
        #expect((reader.line()?.count ?? 0) > 10_000)
        // The output serves events too.
        loop.sessions.first?.send(event: Array("{}\r\n".utf8))
        #expect(reader.line() == "{}")
        loop.stop()
    }

    @Test func `a full pipe that nobody reads does not hold up other clients`() throws {
        let loop = try Loop()
        let (writer, reader) = try loop.client()
        #expect(reader.line()?.contains("QMP") == true)
        writer.write(#"{"execute":"qmp_capabilities"}"#)
        #expect(reader.line() == #"{"return": {}}"#)
        let (otherWriter, otherReader) = try loop.client()
        #expect(otherReader.line()?.contains("QMP") == true)
        otherWriter.write(#"{"execute":"qmp_capabilities"}"#)
        #expect(otherReader.line() == #"{"return": {}}"#)
        let event = Array("{}".utf8) + Array(repeating: UInt8(ascii: " "), count: 4096) + Array("\r\n".utf8)
        for number in 0..<100 {
            loop.sessions.first?.send(event: event)
            otherWriter.write(#"{"execute":"query-name","id":\#(number)}"#)
            #expect(otherReader.line() == #"{"return": {}, "id": \#(number)}"#)
        }
        // Nothing is lost: the pipe's reader gets it all when it comes back.
        for _ in 0..<100 { #expect(reader.line()?.hasPrefix("{}") == true) }
        loop.stop()
    }
}
