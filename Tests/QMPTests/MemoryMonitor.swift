import QAPI
import Synchronization

@testable import QMP

/// A session without a socket.
final class MemoryMonitor: Sendable {
    let output = Output()
    let session: QMPSession

    final class Output: MonitorOutput {
        struct State {
            var messages: [String] = []
            var isCongested = false
            var isClosing = false
        }
        let state = Mutex(State())
        let session = Mutex<QMPSession?>(nil)

        func send(_ bytes: [UInt8], isEvent: Bool) {
            let text = String(decoding: bytes, as: UTF8.self)
            state.withLock {
                $0.messages.append(text.hasSuffix("\r\n") ? String(text.dropLast(1)) : "no line end")
            }
        }
        var isCongested: Bool { state.withLock { $0.isCongested } }
        func resumeInput() { session.withLock { $0 }?.process() }
        func closeWhenSent() { state.withLock { $0.isClosing = true } }
    }

    init(_ commands: CommandTable = .forTests(), dispatcher: Dispatcher = Dispatcher()) {
        session = QMPSession(commands: commands, dispatcher: dispatcher, version: testVersion, output: output)
        output.session.withLock { $0 = session }
    }

    deinit { output.session.withLock { $0 = nil } }

    var messages: [String] { output.state.withLock { $0.messages } }

    /// Gives text to the session and waits for `count` further messages.
    func exchange(_ text: some Sequence<UInt8>, count: Int = 1) async -> [String] {
        let before = messages.count
        session.receive(text)
        _ = await eventually { messages.count >= before + count }
        return Array(messages.dropFirst(before))
    }

    func exchange(_ text: String, count: Int = 1) async -> [String] {
        await exchange(text.utf8, count: count)
    }

    /// A session that has negotiated.
    static func ready(
        _ commands: CommandTable = .forTests(), dispatcher: Dispatcher = Dispatcher(), oob: Bool = false
    ) async -> MemoryMonitor {
        let monitor = MemoryMonitor(commands, dispatcher: dispatcher)
        let arguments = oob ? #","arguments":{"enable":["oob"]}"# : ""
        _ = await monitor.exchange(#"{"execute":"qmp_capabilities"\#(arguments)}"#)
        return monitor
    }
}
