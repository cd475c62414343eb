import CPlatform
import Foundation
import QAPI
import Testing

/// Conversations with QEMU 10.0.2, held again with Martlet: it has to answer the same and tell the same events, or the
/// recording says why it does not.
@Suite(
    .serialized, .enabled(if: Program.martlet != nil, "MARTLET_BINARY names no program"))
struct RecordedConversations {
    struct Scene: Sendable, CustomTestStringConvertible {
        var name: String
        /// Options of the process that is there from the start, and of the one that the guest goes to.
        var source: [String] = []
        var destination: [String] = []
        var negotiates = true
        /// Whether the guest runs at the start.
        var runs = false
        /// Whether the destination tells MIGRATION events.
        var destinationTells = true
        /// So slow that the guest does not move before it is allowed to, in bytes a second.
        var bandwidth = 0
        var testDescription: String { name }
    }

    static let scenes = [
        Scene(name: "negotiation", negotiates: false),
        Scene(name: "exec-oob without oob", negotiates: false),
        Scene(name: "protocol", negotiates: false),
        Scene(name: "idle"),
        Scene(name: "listening", source: ["-incoming", "tcp:127.0.0.1:0"]),
        Scene(name: "deferred", source: ["-incoming", "defer"]),
        Scene(name: "objects"),
        Scene(name: "two monitors"),
        Scene(name: "monitor for people"),
        Scene(name: "precopy", destination: ["-incoming", "defer"], runs: true, bandwidth: 100_000),
        Scene(name: "precopy of a paused guest", destination: ["-incoming", "defer"]),
        Scene(
            name: "precopy to a paused destination", destination: ["-incoming", "defer", "-S"], runs: true),
        Scene(name: "cancel", destination: ["-incoming", "defer"], runs: true, bandwidth: 100_000),
        Scene(name: "descriptors", destination: ["-incoming", "defer"], runs: true),
        Scene(
            name: "save", destination: ["-incoming", "file:/tmp/vm/state.bin,offset=4096"], runs: true,
            destinationTells: false),
        Scene(
            name: "exec", destination: ["-incoming", "exec:cat /tmp/vm/state.bin"], runs: true,
            destinationTells: false),
    ]

    @Test("All that is recorded is held again") func complete() {
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
    /// Where the destination listens.
    private var port = ""

    init(_ scene: RecordedConversations.Scene) throws {
        self.scene = scene
        program = try #require(Program.martlet)
        workplace = try Workplace()
    }

    deinit { for end in connection { close(end) } }

    func run() throws {
        // Everybody listens before anything happens.
        if scene.name == "two monitors" { for side in ["", "second monitor"] { _ = try session(side) } }
        for line in RecordedLine.all where line.scene == scene.name {
            let session = try session(line.side)
            switch line.kind {
            // A guest out of a file may have arrived before anybody listens.
            case .event where line.side == "destination" && !scene.destinationTells: break
            case .event(let event, let isEarly):
                told[line.side, default: []].append(event)
                if isEarly { try expectEarly(event, session) }
            case .request(let text, let answers, let passesDescriptor):
                try awaitEvents(line.side, session)
                let found = try ask(here(text), passesDescriptor ? line.side : nil, answers, session)
                #expect(
                    found == answers.map(here), "\(text) \(line.difference.map { "(\($0))" } ?? "")")
            }
        }
        for (side, session) in sessions where side != "destination" || scene.destinationTells {
            try awaitEvents(side, session)
            let events = try session.events().map(\.event)
            #expect(events.filter(\.isNoPass) == told[side, default: []].filter(\.isNoPass), "\(side)")
            // How many passes there are is a matter of speed.
            let passes = events.compactMap { $0.isNoPass ? nil : $0["data"]?["pass"]?.integer }
            #expect(passes == passes.indices.map { Int64($0) + 1 }, "\(side)")
            #expect(passes.isEmpty == told[side, default: []].allSatisfy(\.isNoPass), "\(side)")
        }
    }

    // MARK: The processes

    private func session(_ side: String) throws -> MonitorSession {
        if let session = sessions[side] { return session }
        let isDestination = side == "destination"
        let role = isDestination ? "destination" : "source"
        let stem = "\(workplace.path)/\(role)"
        if processes[role] == nil { processes[role] = try start(role, stem, isDestination) }
        let session = try MonitorSession(
            path: stem + (side == "second monitor" ? ".b" : ".a"), negotiates: scene.negotiates)
        sessions[side] = session
        return session
    }

    private func start(_ role: String, _ stem: String, _ isDestination: Bool) throws -> VMM {
        var options = demoGuest("set=24M rate=8M beat=50")
        for name in ["a", "b"] { options += ["-qmp", "unix:\(stem).\(name),server=on,wait=off"] }
        options += (isDestination ? scene.destination : scene.source).map(here)
        let process = try VMM(program, role, in: workplace, options, starts: scene.runs)
        if isDestination ? scene.destinationTells : !scene.destination.isEmpty || scene.name == "two monitors"
        {
            try process.qmp.call(
                "migrate-set-capabilities", ["capabilities": [["capability": "events", "state": true]]])
        }
        if !isDestination, scene.bandwidth > 0 {
            try process.qmp.call("migrate-set-parameters", ["max-bandwidth": scene.bandwidth])
        }
        return process
    }

    // MARK: The conversation

    private func ask(
        _ text: String, _ passingSide: String?, _ recorded: [JSONValue], _ session: MonitorSession
    ) throws -> [JSONValue] {
        let bytes = text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
        guard text.contains("\"query-migrate\"") else {
            if let passingSide {
                let end = try takeEnd(of: passingSide)
                session.send(bytes, passing: end)
                // A copy that stays open here would keep the other side from seeing the stream's end.
                close(end)
            } else {
                session.send(bytes)
            }
            return try session.answers(recorded.count)
        }
        // The recording waited for the end; how long that takes is no matter.
        let ends: [JSONValue?] = ["completed", "failed", "cancelled"]
        let waits = ends.contains(recorded.first?["return"]?["status"])
        return try waitFor("end of the migration", seconds: 120) {
            session.send(bytes)
            let answers = try session.answers(recorded.count)
            let info = answers.first?["return"]
            if let text = info?["socket-address"]?[0]?["port"]?.string { port = text }
            if waits, let status = info?["status"], !ends.contains(status) { return nil }
            return answers.map { $0["return"] == nil ? $0 : here($0) }
        }
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

    /// Recorded text with this test's folder and port, and the figures of `query-migrate` left out.
    private func here(_ text: String) -> String {
        text.replacingOccurrences(of: "/tmp/vm", with: workplace.path)
            .replacingOccurrences(of: "\"40363\"", with: "\"\(port)\"")
    }

    private func here(_ answer: JSONValue) -> JSONValue {
        guard let text = try? JSONValue(parsing: here(answer.description)) else { return answer }
        return text["return"]?["status"] != nil && text["return"]?["running"] == nil
            ? text.withoutFigures : text
    }
}

extension JSONValue {
    /// False for MIGRATION_PASS.
    fileprivate var isNoPass: Bool { self["event"] != "MIGRATION_PASS" }
}
