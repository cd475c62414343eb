import QAPI
import Synchronization

/// Who waits for what on a client's connection.
final class QMPExchange: Sendable {
    private struct State {
        var greeting: Result<JSONValue, any Error>?
        var greetingReader: CheckedContinuation<JSONValue, any Error>?
        var replies: [Int64: CheckedContinuation<JSONValue, any Error>] = [:]
        var lastID: Int64 = 0
        var isClosed = false
    }

    private let state = Mutex(State())
    private let events: AsyncStream<QMPEvent>.Continuation

    init(events: AsyncStream<QMPEvent>.Continuation) { self.events = events }

    /// The server's first message.
    func greeting() async throws -> JSONValue {
        try await withCheckedThrowingContinuation { continuation in
            let known = state.withLock { state in
                if state.greeting == nil { state.greetingReader = continuation }
                return state.greeting
            }
            if let known { continuation.resume(with: known) }
        }
    }

    /// Has the answer to the next command delivered.
    /// - Returns: the `id` for that command; nil if the connection is closed.
    func expectReply(_ continuation: CheckedContinuation<JSONValue, any Error>) -> Int64? {
        state.withLock { state in
            guard !state.isClosed else { return nil }
            state.lastID += 1
            state.replies[state.lastID] = continuation
            return state.lastID
        }
    }

    /// Delivers a message of the server.
    /// - Returns: false if it makes no sense.
    func receive(_ message: JSONValue) -> Bool {
        if message["QMP"] != nil {
            greet(.success(message))
            return true
        }
        if let name = message["event"]?.string {
            events.yield(
                QMPEvent(
                    name: name, data: message["data"]?.object,
                    seconds: message["timestamp"]?["seconds"]?.integer ?? -1,
                    microseconds: message["timestamp"]?["microseconds"]?.integer ?? -1))
            return true
        }
        guard message["return"] != nil || message["error"] != nil else { return false }
        // An answer without an id is that to text which was no command; we send no such text.
        guard let id = message["id"]?.integer,
            let reader = state.withLock({ $0.replies.removeValue(forKey: id) })
        else { return false }
        if let value = message["return"] {
            reader.resume(returning: value)
        } else {
            reader.resume(throwing: Self.error(message["error"]))
        }
        return true
    }

    /// Ends everything that waits.
    func close(_ error: QMPClientError = .closed) {
        let readers = state.withLock { state in
            defer { state.replies = [:] }
            state.isClosed = true
            return Array(state.replies.values)
        }
        greet(.failure(error))
        for reader in readers { reader.resume(throwing: error) }
        events.finish()
    }

    private func greet(_ greeting: Result<JSONValue, any Error>) {
        let reader = state.withLock { state in
            guard state.greeting == nil else { return nil as CheckedContinuation<JSONValue, any Error>? }
            defer { state.greetingReader = nil }
            state.greeting = greeting
            return state.greetingReader
        }
        reader?.resume(with: greeting)
    }

    private static func error(_ json: JSONValue?) -> QAPIError {
        QAPIError(
            json?["class"]?.string.flatMap(QAPIErrorClass.init) ?? .genericError,
            json?["desc"]?.string ?? "")
    }
}
