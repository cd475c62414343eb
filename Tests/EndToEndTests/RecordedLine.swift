import Foundation
import QAPI

/// A line of Tests/Fixtures/qmp/conversations.jsonl: what a client sent to QEMU 10.0.2 and what came back, or an event
/// that QEMU sent.
///
/// Text to send stands there as Latin-1, one character a byte. `/tmp/vm` is the folder of the recording.
struct RecordedLine {
    enum Kind {
        case request(text: String, answers: [JSONValue], passesDescriptor: Bool)
        /// With `isEarly` it came before the answer to the request before it.
        case event(JSONValue, isEarly: Bool)
    }

    let scene: String
    /// `source`, `destination`, `second monitor`; empty where there is one process.
    let side: String
    let kind: Kind
    /// Why Martlet answers otherwise than QEMU did; the answers above are Martlet's then. An event with a reason is
    /// one that Martlet does not send.
    let difference: String?

    static let all: [RecordedLine] = {
        let path = root.appending(path: "Tests/Fixtures/qmp/conversations.jsonl").path
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { RecordedLine(String($0)) }
    }()

    private init?(_ text: String) {
        guard let line = try? JSONValue(parsing: text), let scene = line["scene"]?.string else { return nil }
        self.scene = scene
        side = line["side"]?.string ?? ""
        difference = line["why"]?.string
        if let name = line["event"] {
            // An event that Martlet does not send.
            if difference != nil { return nil }
            var event: JSONObject = ["event": name]
            event["data"] = line["data"]
            kind = .event(.object(event), isEarly: line["early"] != nil)
        } else if let text = line["send"]?.string, let answers = (line["ours"] ?? line["replies"])?.array {
            kind = .request(text: text, answers: answers, passesDescriptor: line["passes"] != nil)
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
}
