import Foundation
import Testing

/// One of the two processes is killed while the guest moves: the other one has the whole guest, or none, and knows
/// which.
@Suite(.serialized, .enabled(if: Program.martletIsOurs, "MARTLET_BINARY names no martlet"))
struct KilledAtAnyMoment {
    let scene: Scene

    init() throws { scene = try Scene() }

    /// Milliseconds after `migrate`. A move takes about 80.
    static let moments = [0, 2, 5, 10, 20, 30, 40, 45, 50, 55, 60, 65, 70, 75, 80, 100]

    @Test(
        "The destination is killed: the guest runs on at the source, unless it was handed over",
        arguments: [true, false])
    func destination(returnPath: Bool) throws {
        var source = try scene.source(returnPath: returnPath)
        for moment in Self.moments {
            let place = "killed after \(moment) ms"
            let destination = try scene.destination("far\(moment)")
            try source.qmp.call("migrate", ["uri": "unix:\(scene.path("far\(moment)"))"])
            usleep(UInt32(moment) * 1000)
            destination.end()
            let info = try source.migrationEnd(seconds: 120)
            let said = info["error-desc"] as? String ?? ""
            if info["status"] as? String == "completed" {
                // It was the destination's, and died there.
                #expect(try source.status() == "postmigrate", "\(place)")
                source = try scene.source("source\(moment)", returnPath: returnPath)
                continue
            }
            #expect(!said.isEmpty, "\(place)")
            if said.hasPrefix("The outcome is in doubt: ") {
                #expect(try source.status() == "postmigrate", "\(place)")
                try source.qmp.call("cont")
            }
            try scene.expectRunsOn(source, "\(place): \(said)")
        }
        try scene.expectMoves(source, to: "again")
    }

    @Test(
        "The source is killed: the destination has all of the guest or does not run",
        arguments: [true, false])
    func source(returnPath: Bool) throws {
        for moment in Self.moments {
            let place = "killed after \(moment) ms"
            let source = try scene.source("source\(moment)", returnPath: returnPath)
            let destination = try scene.destination("far\(moment)")
            try source.qmp.call("migrate", ["uri": "unix:\(scene.path("far\(moment)"))"])
            usleep(UInt32(moment) * 1000)
            source.end()
            let state = try waitFor("word from the destination", seconds: 120) { () -> String? in
                let state = try destination.status()
                if state == "running" { return state }
                let info = try destination.qmp.call("query-migrate")
                let status = info["status"] as? String
                // Before the connection was made there is nothing to fail: it goes on waiting.
                return status == "failed" || (status == "setup" && moment < 10) ? state : nil
            }
            if state == "running" {
                #expect(try destination.verdict().hasPrefix("verdict ok"), "\(place)")
            } else {
                #expect(state == "inmigrate", "\(place)")
                #expect(destination.serial.count == 0, "\(place)")
            }
        }
    }
}
