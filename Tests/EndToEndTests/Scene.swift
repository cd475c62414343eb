import Foundation
import Testing

/// Two places for a small guest that checks itself, and what must hold of it after anything that goes wrong.
struct Scene {
    let program: Program
    let workplace: Workplace

    init() throws {
        program = try #require(Program.martlet)
        workplace = try Workplace()
    }

    /// The guest's working set is all that it has: a move takes some ten milliseconds.
    static let still = "set=1M rate=0 beat=5 sleep=1"

    /// A path for a socket in the workplace.
    func path(_ name: String) -> String { "\(workplace.path)/\(name)" }

    /// A guest at work that can be sent, over a return path or without.
    func source(_ name: String = "source", returnPath: Bool = true, events: Bool = false) throws -> VMM {
        let source = try VMM(program, name, in: workplace, demoGuest(Self.still, memory: "6M"))
        _ = try source.serial.wait(for: "demo ready", seconds: 120)
        try source.set("return-path", returnPath)
        try source.set("events", events)
        return source
    }

    /// A process that waits for the guest at the unix socket `name`; `memory` and `more` make it another machine.
    func destination(_ name: String, memory: String = "6M", _ more: [String] = []) throws -> VMM {
        try VMM(
            program, "at-\(name)", in: workplace,
            demoGuest(Self.still, memory: memory) + ["-incoming", "unix:\(path(name))"] + more)
    }

    /// The source has its guest: running, its memory as it wrote it.
    func expectRunsOn(_ source: VMM, _ place: String = "") throws {
        #expect(try source.status() == "running", "\(place)")
        #expect(try source.verdict().hasPrefix("verdict ok"), "\(place)")
    }

    /// The destination has nothing: it never ran, and it says why.
    func expectNeverRan(_ destination: VMM, saying text: String, _ place: String = "") throws {
        let info = try destination.migrationEnd(seconds: 120)
        #expect(info["status"] as? String == "failed", "\(place): \(info)")
        let said = info["error-desc"] as? String ?? ""
        #expect(said.contains(text), "\(place): \(said)")
        // Who looks at the process and not at QMP is told as well.
        #expect(destination.said.contains("martlet: migration: \(said)"), "\(place): \(destination.said)")
        #expect(try destination.status() == "inmigrate", "\(place)")
        #expect(destination.serial.count == 0, "\(place)")
    }

    /// The guest moves from `source` to a new process, whole; that process.
    @discardableResult
    func expectMoves(_ source: VMM, to name: String) throws -> VMM {
        try expectMoves(source, to: destination(name), at: path(name))
    }

    /// The guest moves from `source` to `destination`, which listens at `path`.
    @discardableResult
    func expectMoves(_ source: VMM, to destination: VMM, at path: String) throws -> VMM {
        let info = try source.migrate(to: "unix:\(path)", seconds: 120)
        try #require(info["status"] as? String == "completed", "\(info)")
        _ = try destination.nextBeat(seconds: 120)
        #expect(try destination.verdict().hasPrefix("verdict ok"))
        #expect(try source.status() == "postmigrate")
        return destination
    }
}

extension VMM {
    /// Switches a migration capability.
    func set(_ capability: String, _ state: Bool) throws {
        try qmp.call(
            "migrate-set-capabilities", ["capabilities": [["capability": capability, "state": state]]])
    }

    /// Why the migration failed, part by part.
    func explanation() throws -> [String: Any] {
        let info = try migrationEnd(seconds: 120)
        return try #require(info["x-martlet-error"] as? [String: Any], "\(info)")
    }

    /// The end of a migration that must not succeed: what `query-migrate` gives as the reason.
    func migrationFailure() throws -> String {
        let info = try migrationEnd(seconds: 120)
        #expect(info["status"] as? String == "failed", "\(info)")
        return info["error-desc"] as? String ?? ""
    }
}
