import Foundation
import Testing

/// `migrate_cancel` up to the point of no return leaves the guest at the source and a second attempt succeeds; after it,
/// it is refused with the reason.
@Suite(.serialized, .enabled(if: Program.martletIsOurs, "MARTLET_BINARY names no martlet"))
struct CancelInEachPhase {
    let scene: Scene
    private var uri: String { "unix:\(scene.path("far"))" }

    init() throws { scene = try Scene() }

    /// A moment of a migration: how a destination brings the source there, and how it is known.
    struct Moment: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var returnPath = true
        var bandwidth = 0
        var answers: [ScriptedDestination.Answer] = []
        var reads = true
        /// `query-status` there.
        var runState = "finish-migrate"
        /// What `query-migrate` says that it waits for.
        var waits: String?

        static let before = [
            Moment(testDescription: "memory is sent", bandwidth: 1 << 18, runState: "running"),
            Moment(
                testDescription: "the destination takes nothing", reads: false, runState: "running",
                waits: "the destination takes no bytes"),
            Moment(
                testDescription: "all is sent, the destination says nothing", runState: "running",
                waits: "the destination does not answer over the return path"),
            Moment(
                testDescription: "stopped, the destination has to say that it is prepared",
                answers: [.martlet],
                waits: "the destination does not say that it is prepared"),
        ]

        static let after = [
            Moment(
                testDescription: "go was sent", answers: [.martlet, .prepared],
                waits: "the destination does not confirm that it has the guest"),
            Moment(
                testDescription: "the end was sent to a QEMU", answers: [.qemu],
                waits: "the destination does not confirm that it has the guest"),
            Moment(
                testDescription: "the end was sent without a return path", returnPath: false,
                waits: "the destination does not end the connection"),
        ]
    }

    @Test("While the connection is made")
    func setup() throws {
        let source = try scene.source(events: true)
        let (listener, port) = try fullListener()
        try source.qmp.call("migrate", ["uri": "tcp:127.0.0.1:\(port)"])
        try expect(source, "setup", "running", waits: "the connection is being made")
        try source.qmp.call("migrate_cancel")
        #expect(try source.migrationEnd(seconds: 120)["status"] as? String == "cancelled")
        #expect(source.qmp.events.compactMap(\.status).suffix(2) == ["cancelling", "cancelled"])
        try scene.expectRunsOn(source)
        try scene.expectMoves(source, to: "again")
        _ = listener
    }

    @Test("Before the point of no return", arguments: Moment.before)
    func before(_ moment: Moment) throws {
        let (source, destination) = try bring(to: moment)
        try source.qmp.call("migrate_cancel")
        #expect(try source.migrationEnd(seconds: 120)["status"] as? String == "cancelled")
        #expect(source.qmp.events.compactMap(\.status).suffix(2) == ["cancelling", "cancelled"])
        try scene.expectRunsOn(source)
        try source.qmp.call("migrate-set-parameters", ["max-bandwidth": 0])
        try scene.expectMoves(source, to: "again")
        destination.hangUp()
    }

    @Test(
        "After the point of no return it is refused, and the outcome is in doubt when nobody confirms",
        arguments: Moment.after)
    func after(_ moment: Moment) throws {
        let (source, destination) = try bring(to: moment)
        let refusal = #expect(throws: QMPError.self) { try source.qmp.call("migrate_cancel") }
        #expect(refusal?.text == "The guest is being handed over to the destination, cannot cancel")
        #expect(try source.status() == "finish-migrate")
        // It does not run by anybody's word but the operator's, and not while the answer may still come.
        #expect(throws: QMPError.self) { try source.qmp.call("cont") }
        destination.hangUp()
        let info = try source.migrationEnd(seconds: 120)
        #expect(try source.status() == "postmigrate")
        let said = info["error-desc"] as? String ?? ""
        if moment.returnPath {
            #expect(info["status"] as? String == "failed", "\(info)")
            #expect(
                said
                    == "The outcome is in doubt: the destination closed the connection. The guest stays paused "
                    + "here; 'cont' runs it here, which is right only if it does not run at the destination")
        } else {
            #expect(info["status"] as? String == "completed", "\(info)")
            #expect(said.contains("nothing confirms that the destination runs"), "\(said)")
        }
        // The operator's word.
        try source.qmp.call("cont")
        try scene.expectRunsOn(source)
        try scene.expectMoves(source, to: "again")
    }

    @Test("A destination that says after all was sent that it does not run gives the guest back")
    func refused() throws {
        let (source, destination) = try bring(to: Moment.after[1])
        destination.say(.shut(1))
        #expect(try source.migrationFailure() == "The destination failed: it reported failure 1")
        try scene.expectRunsOn(source)
        try scene.expectMoves(source, to: "again")
    }

    private func bring(to moment: Moment) throws -> (VMM, ScriptedDestination) {
        let source = try scene.source(returnPath: moment.returnPath, events: true)
        try source.qmp.call("migrate-set-parameters", ["max-bandwidth": moment.bandwidth])
        let destination = try ScriptedDestination(
            listenAt: scene.path("far"), answers: moment.answers, reads: moment.reads)
        try source.qmp.call("migrate", ["uri": uri])
        try expect(source, "active", moment.runState, waits: moment.waits)
        return (source, destination)
    }

    private func expect(_ source: VMM, _ status: String, _ runState: String, waits: String?) throws {
        _ = try waitFor("\(status), \(runState) and \(waits ?? "no wait")", seconds: 120) { () -> Bool? in
            let info = try source.qmp.call("query-migrate")
            let said = info["error-desc"] as? String
            guard info["status"] as? String == status, try source.status() == runState else { return nil }
            guard let waits else { return said == nil ? true : nil }
            return said?.hasPrefix("Waiting for ") == true && said?.hasSuffix(waits) == true ? true : nil
        }
    }
}
