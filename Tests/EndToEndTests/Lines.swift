import Foundation
import Synchronization

/// A line that a process wrote to a socket, and when it arrived here (seconds, monotonic).
struct Line: Sendable {
    let index: Int
    let time: Double
    let text: String
}

/// Everything that arrives at a socket, line by line, collected by a thread of its own.
final class Lines: Sendable {
    private struct State {
        var lines: [Line] = []
        var rest: [UInt8] = []
        var closed = false
    }
    private let state = Mutex(State())
    private let socket: UnixSocket

    init(_ socket: UnixSocket) {
        self.socket = socket
        Thread { [self] in collect() }.start()
    }

    private func collect() {
        while true {
            let bytes = socket.read()
            let time = now()
            if bytes.isEmpty { break }
            state.withLock { state in
                for byte in bytes {
                    guard byte == 10 else {
                        state.rest.append(byte)
                        continue
                    }
                    let text = String(decoding: state.rest.filter { $0 != 13 }, as: UTF8.self)
                    state.lines.append(Line(index: state.lines.count, time: time, text: text))
                    state.rest = []
                }
            }
        }
        state.withLock { $0.closed = true }
    }

    var count: Int { state.withLock { $0.lines.count } }
    /// The beginning of a line whose end has not arrived; a guest that moves while it prints leaves one behind.
    var unfinished: String { state.withLock { String(decoding: $0.rest, as: UTF8.self) } }
    var isClosed: Bool { state.withLock { $0.closed } }

    /// All lines from number `start` on.
    func all(from start: Int = 0) -> [Line] { state.withLock { Array($0.lines.dropFirst(start)) } }

    /// The first line from number `start` on that contains `text`.
    func wait(for text: String, from start: Int = 0, seconds: Double = 30) throws -> Line {
        var next = start
        let end = now() + seconds
        while true {
            for line in all(from: next) {
                next = line.index + 1
                if line.text.contains(text) { return line }
            }
            if now() > end || isClosed {
                let last = all().suffix(4).map(\.text).joined(separator: " | ")
                throw Failure(
                    "no line \"\(text)\" in \(seconds) s\(isClosed ? " (closed)" : ""); last: \(last)")
            }
            usleep(2_000)
        }
    }
}
