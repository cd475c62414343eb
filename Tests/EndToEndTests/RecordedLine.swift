import Foundation
import QAPI

/// A line of Tests/Fixtures/qmp/conversations.jsonl: what a client sent to QEMU 10.0.2 and what came back, or an event
/// that QEMU sent. Scenes that end in `of 7.2` are QEMU 7.2's.
///
/// Text to send stands there as Latin-1, one character a byte. `/tmp/vm` is the folder of the recording, 40363 the port
/// at which the destination listened.
struct RecordedLine {
    enum Kind {
        /// With `isAskedAgain` (`until`) the answer is a matter of time.
        case request(text: String, answers: [JSONValue], passesDescriptor: Bool, isAskedAgain: Bool)
        /// With `isEarly` it came before the answer to the request before it.
        case event(JSONValue, isEarly: Bool)
        /// An event that Martlet does not send.
        case unsent
        /// The side's process is killed.
        case death
    }

    let scene: String
    /// `source`, `destination`, `second destination`, `second monitor`; empty where there is one process.
    let side: String
    let kind: Kind
    /// Why Martlet answers otherwise than QEMU did; the answers above are Martlet's then. An event with a reason is
    /// one that Martlet does not send, or, with `ours`, one that only Martlet sends.
    let difference: String?

    private static let texts: [String] = {
        let path = root.appending(path: "Tests/Fixtures/qmp/conversations.jsonl").path
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }()

    static let all = texts.compactMap { RecordedLine($0) }

    /// Lines that nobody can play: there must be none.
    static let malformed = texts.filter { RecordedLine($0) == nil }

    private static let members: Set<String> = [
        "scene", "side", "send", "replies", "passes", "until", "event", "data", "early", "killed", "ours",
        "why",
    ]

    private init?(_ text: String) {
        guard let line = try? JSONValue(parsing: text), let object = line.object,
            let scene = line["scene"]?.string
        else { return nil }
        for (key, _) in object where !Self.members.contains(key) { return nil }
        self.scene = scene
        side = line["side"]?.string ?? ""
        difference = line["why"]?.string
        if line["killed"] != nil {
            kind = .death
        } else if let name = line["event"] {
            var event: JSONObject = ["event": name]
            event["data"] = line["data"]
            let isOurs = line["ours"] != nil
            if isOurs, difference == nil { return nil }
            kind =
                difference != nil && !isOurs ? .unsent : .event(.object(event), isEarly: line["early"] != nil)
        } else if let text = line["send"]?.string, let replies = line["replies"]?.array {
            let ours = line["ours"]
            if ours != nil, ours?.array == nil || difference == nil { return nil }
            kind = .request(
                text: text, answers: ours?.array ?? replies, passesDescriptor: line["passes"] != nil,
                isAskedAgain: line["until"] != nil)
        } else {
            return nil
        }
    }
}

extension JSONValue {
    /// What of an answer can be compared with another machine's at another moment: of `query-migrate`, which members
    /// there are and not their figures.
    var withoutFigures: JSONValue {
        switch self {
        case .integer, .unsigned, .double: return 0
        case .array(let elements): return .array(elements.map(\.withoutFigures))
        case .object(let members):
            var result = JSONObject()
            for (key, value) in members { result[key] = key == "port" ? "" : value.withoutFigures }
            // QEMU 8.2 has it, 10.0 has not.
            if let ram = result["ram"]?.object {
                var without = ram
                without["skipped"] = nil
                result["ram"] = .object(without)
            }
            // Martlet's own.
            result["x-martlet-error"] = nil
            // Where nothing confirms that the guest has arrived, Martlet says so.
            if result["status"] == "completed" { result["error-desc"] = nil }
            return .object(result)
        default: return self
        }
    }

    /// This answer, with what is recorded in the place of its error's text where that contains what stands there
    /// between "…": of the rest, an offset may vary or which thread finds an end first.
    func withErrorText(of recorded: JSONValue?) -> JSONValue {
        guard let pattern = recorded?["return"]?["error-desc"]?.string, pattern.hasPrefix("…"),
            let text = self["return"]?["error-desc"]?.string, var answer = object,
            var info = answer["return"]?.object
        else { return self }
        let part = pattern.trimmingCharacters(in: CharacterSet(charactersIn: "…"))
        guard part.isEmpty || text.contains(part) else { return self }
        info["error-desc"] = .string(pattern)
        answer["return"] = .object(info)
        return .object(answer)
    }
}
