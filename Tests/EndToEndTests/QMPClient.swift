import Foundation
import Synchronization

/// An event that a VMM sent, and when it arrived here.
struct QMPEvent: Sendable {
    let time: Double
    let name: String
    /// The member `status` of the event's data, where there is one.
    let status: String?
}

/// A QMP session over a unix socket: one command at a time, events kept.
final class QMPClient: Sendable {
    private let socket: UnixSocket
    private let lines: Lines
    private let next = Mutex(0)

    /// Takes the greeting and negotiates.
    init(_ socket: UnixSocket) throws {
        self.socket = socket
        lines = Lines(socket)
        _ = try lines.wait(for: "\"QMP\"")
        try call("qmp_capabilities")
    }

    /// What the command returned; throws the error's description.
    @discardableResult
    func call(
        _ command: String, _ arguments: [String: Any] = [:], seconds: Double = 60
    ) throws -> [String: Any] {
        let id = next.withLock { number in
            number += 1
            return "call-\(number)"
        }
        var request: [String: Any] = ["execute": command, "id": id]
        if !arguments.isEmpty { request["arguments"] = arguments }
        let start = lines.count
        let bytes = try JSONSerialization.data(withJSONObject: request)
        guard socket.write([UInt8](bytes) + [10]) else { throw Failure("\(command): the session is closed") }
        let answer = try object(lines.wait(for: "\"\(id)\"", from: start, seconds: seconds).text)
        if let error = answer["error"] as? [String: Any] {
            throw QMPError(
                command: command, kind: error["class"] as? String ?? "",
                text: error["desc"] as? String ?? "")
        }
        return answer["return"] as? [String: Any] ?? [:]
    }

    /// Events so far, oldest first.
    var events: [QMPEvent] {
        lines.all().compactMap { line in
            guard line.text.contains("\"event\""), let event = try? object(line.text),
                let name = event["event"] as? String
            else { return nil }
            let data = event["data"] as? [String: Any]
            return QMPEvent(time: line.time, name: name, status: data?["status"] as? String)
        }
    }

    func waitForEvent(_ name: String, seconds: Double = 20) throws -> QMPEvent {
        try waitFor("event \(name)", seconds: seconds) { events.first { $0.name == name } }
    }

    private func object(_ text: String) throws -> [String: Any] {
        guard let value = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] else {
            throw Failure("not an object: \(text)")
        }
        return value
    }
}

/// An error answer of QMP.
struct QMPError: Error, CustomStringConvertible {
    let command: String
    let kind: String
    let text: String
    var description: String { "\(command): \(kind): \(text)" }
}
