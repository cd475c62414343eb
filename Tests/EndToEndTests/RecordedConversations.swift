import CPlatform
import Foundation
import QAPI
import Testing

/// Conversations with QEMU 10.0.2 (one with 7.2), held again with Martlet: it has to answer the same and tell the same
/// events, or the recording says why it does not.
@Suite(
    .serialized, .enabled(if: Program.martlet != nil, "MARTLET_BINARY names no program"))
struct RecordedConversations {
    @Test("All that is recorded is held again") func complete() {
        #expect(RecordedLine.malformed.isEmpty)
        #expect(Set(RecordedLine.all.map(\.scene)) == Set(Self.scenes.map(\.name)))
    }

    @Test("Martlet answers as QEMU did", arguments: scenes)
    func answers(_ scene: Scene) throws { try Play(scene).run() }
}

/// One scene, played by processes.
private final class Play {
    private let scene: RecordedConversations.Scene
    private let program: Program
    private let workplace: Workplace
    private var processes: [String: VMM] = [:]
    private var sessions: [String: MonitorSession] = [:]
    /// What each side's monitor has to have told so far.
    private var told: [String: [JSONValue]] = [:]
    /// The ends of a connection that were not passed yet.
    private var connection: [Int32] = []
    /// Where the destination listens, or whoever takes its place.
    private var port = ""
    private var listener: [UnixSocket] = []

    init(_ scene: RecordedConversations.Scene) throws {
        self.scene = scene
        program = try #require(Program.martlet)
        workplace = try Workplace()
    }

    deinit { for end in connection { close(end) } }

    func run() throws {
        // Everybody listens before anything happens.
        if scene.name == "two monitors" { for side in ["", "second monitor"] { _ = try session(side) } }
        if scene.connectsToNobody {
            let (sockets, number) = try fullListener()
            (listener, port) = (sockets, "\(number)")
        }
        for line in lines {
            let session = try session(line.side)
            switch line.kind {
            // A guest out of a file may have arrived before anybody listens.
            case .event where line.side == "destination" && !scene.destinationTells: break
            case .event(let event, let isEarly):
                told[line.side, default: []].append(event)
                if isEarly { try expectEarly(event, session) }
            case .unsent: break
            case .death:
                try awaitEvents(line.side, session)
                processes[role(of: line.side)]?.end()
                // What it told last is chance.
                sessions[line.side] = nil
            case .request(let text, let answers, let passesDescriptor, let isAskedAgain):
                try awaitEvents(line.side, session)
                try findPort(for: text)
                let expected = answers.map(here)
                let found = try ask(
                    here(text), passesDescriptor ? line.side : nil, expected, again: isAskedAgain, session)
                #expect(found == expected, "\(text) \(line.difference.map { "(\($0))" } ?? "")")
            }
        }
        for (side, session) in sessions where side != "destination" || scene.destinationTells {
            try awaitEvents(side, session)
            let events = try session.events().map(\.event)
            #expect(events.filter(\.isNoPass) == told[side, default: []].filter(\.isNoPass), "\(side)")
            // How many passes there are is a matter of speed; each migration begins with the first.
            let passes = events.compactMap { $0.isNoPass ? nil : $0["data"]?["pass"]?.integer }
            #expect(zip([0] + passes, passes).allSatisfy { $1 == $0 + 1 || $1 == 1 }, "\(side): \(passes)")
            #expect(passes.isEmpty == told[side, default: []].allSatisfy(\.isNoPass), "\(side)")
        }
    }

    // MARK: The processes

    private var lines: [RecordedLine] { RecordedLine.all.filter { $0.scene == scene.name } }

    /// Which process has this side's monitor.
    private func role(of side: String) -> String { side.hasSuffix("destination") ? side : "source" }

    private func session(_ side: String) throws -> MonitorSession {
        if let session = sessions[side] { return session }
        let role = self.role(of: side)
        let name = role.replacingOccurrences(of: " ", with: "-")
        let stem = "\(workplace.path)/\(name)"
        if processes[role] == nil { processes[role] = try start(role, name, stem) }
        let session = try MonitorSession(
            path: stem + (side == "second monitor" ? ".b" : ".a"), negotiates: scene.negotiates)
        sessions[side] = session
        return session
    }

    private func start(_ role: String, _ name: String, _ stem: String) throws -> VMM {
        let isSource = role == "source"
        var options = demoGuest("set=24M rate=8M beat=50")
        for monitor in ["a", "b"] { options += ["-qmp", "unix:\(stem).\(monitor),server=on,wait=off"] }
        options += (isSource ? scene.source : scene.destination).map(here)
        let process = try VMM(program, name, in: workplace, options, starts: scene.runs)
        let tells = lines.contains { line in
            guard role == self.role(of: line.side), case .event(let event, _) = line.kind else {
                return false
            }
            return event["event"] == "MIGRATION"
        }
        for capability in scene.capabilities + (tells ? ["events"] : []) { try process.set(capability, true) }
        if isSource, scene.bandwidth > 0 {
            try process.qmp.call("migrate-set-parameters", ["max-bandwidth": scene.bandwidth])
        }
        return process
    }

    // MARK: The conversation

    private func ask(
        _ text: String, _ passingSide: String?, _ expected: [JSONValue], again isAskedAgain: Bool,
        _ session: MonitorSession
    ) throws -> [JSONValue] {
        let bytes = text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
        // The recording waited for the end; how long that takes is no matter.
        let ends: [JSONValue?] = ["completed", "failed", "cancelled"]
        let waits = ends.contains(expected.first?["return"]?["status"])
        let limit = now() + 120
        while true {
            if let passingSide {
                let end = try takeEnd(of: passingSide)
                session.send(bytes, passing: end)
                // A copy that stays open here would keep the other side from seeing the stream's end.
                close(end)
            } else {
                session.send(bytes)
            }
            var found = try session.answers(expected.count).map(\.comparable)
            for (index, recorded) in expected.enumerated() where index < found.count {
                found[index] = found[index].withErrorText(of: recorded)
            }
            let isUnderWay = waits && !ends.contains(found.first?["return"]?["status"])
            guard found != expected, isAskedAgain || isUnderWay, now() < limit else { return found }
            usleep(2_000)
        }
    }

    /// Where the destination listens, when the text asks for it.
    private func findPort(for text: String) throws {
        guard port.isEmpty, text.contains(Self.recordedPort), let destination = processes["destination"]
        else { return }
        let addresses = try destination.qmp.call("query-migrate")["socket-address"] as? [[String: Any]]
        port = addresses?.first?["port"] as? String ?? ""
    }

    private func takeEnd(of side: String) throws -> Int32 {
        if let end = connection.popLast() { return end }
        connection = [-1, -1]
        try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &connection) == 0)
        return connection.removeLast()
    }

    private func awaitEvents(_ side: String, _ session: MonitorSession) throws {
        let expected = told[side, default: []].filter(\.isNoPass).count
        _ = try waitFor("event number \(expected) of the \(side)", seconds: 120) { () throws -> Bool? in
            try session.events().filter(\.event.isNoPass).count >= expected ? true : nil
        }
    }

    /// The event came before the last answer.
    private func expectEarly(_ event: JSONValue, _ session: MonitorSession) throws {
        let same = try session.events().last { $0.event == event }
        #expect(same.map { $0.answersBefore < session.answerCount } ?? false, "\(event)")
    }

    /// The port of the recording, at the end of a text: of a URI or a member.
    private static let recordedPort = "40363\""

    /// Recorded text with this test's folders and port.
    private func here(_ text: String) -> String {
        let keys = root.appending(path: "Tests/Fixtures/tls").path
        let folders = [
            ("/tmp/vm/pki/s", "\(keys)/lab"), ("/tmp/vm/pki/c", "\(keys)/lab"),
            ("/tmp/vm/pki/n", "\(keys)/nobody"),
            ("/tmp/vm", workplace.path), (Self.recordedPort, "\(port)\""),
        ]
        return folders.reduce(text) { $0.replacingOccurrences(of: $1.0, with: $1.1) }
    }

    private func here(_ answer: JSONValue) -> JSONValue {
        ((try? JSONValue(parsing: here(answer.description))) ?? answer).comparable
    }
}

extension JSONValue {
    /// False for MIGRATION_PASS.
    fileprivate var isNoPass: Bool { self["event"] != "MIGRATION_PASS" }

    /// Of an answer with the state of something that goes on: without its figures.
    fileprivate var comparable: JSONValue {
        self["return"]?["status"] != nil && self["return"]?["running"] == nil ? withoutFigures : self
    }
}
