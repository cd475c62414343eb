import Foundation
import Testing

private let still = "set=1M rate=0 beat=5"

/// The last bytes of a stream are where a guest can be lost or doubled: whatever is cut there, it never runs twice, and
/// when it runs nowhere the source says so. QEMU itself does not hold this, so the tests are for Martlet.
@Suite(.serialized, .enabled(if: Program.martletIsOurs, "MARTLET_BINARY names no martlet"))
struct CutsAtTheEnd {
    @Test("A connection cut near the end of the stream never gives two guests")
    func cutNearTheEnd() throws {
        let program = try #require(Program.martlet)
        let length = try streamLength(program)
        for missing in [1, 2, 3, 5, 8, 20, 60, 150, 300, 1_000, 5_000] {
            try cut(program, after: max(1, length - missing), "\(missing) bytes before the end of \(length)")
        }
    }

    private func cut(_ program: Program, after bytes: Int, _ place: String) throws {
        let workplace = try Workplace()
        let (source, destination) = try pair(program, workplace)
        let proxy = try CuttingProxy(
            listenAt: "\(workplace.path)/near", target: "\(workplace.path)/far", limit: bytes)
        try source.qmp.call("migrate", ["uri": "unix:\(workplace.path)/near"])
        let info = try waitFor("end of the migration, or somebody who runs, \(place)", seconds: 120) {
            let info = try source.qmp.call("query-migrate")
            let ended = ["completed", "failed", "cancelled"].contains(info["status"] as? String ?? "")
            return ended || info["error-desc"] != nil || (try? destination.status()) == "running" ? info : nil
        }
        usleep(500_000)  // Whoever was about to start has started.
        let here = try source.status()
        let there = (try? destination.status()) ?? "gone"
        #expect(!(here == "running" && there == "running"), "\(place): two guests run")
        if here != "running" && there != "running" {
            let said = info["error-desc"] as? String ?? ""
            #expect(
                !said.isEmpty,
                "\(place): nobody runs (\(here), \(there)) and the source does not say why: \(info)")
        }
        let runner = here == "running" ? source : there == "running" ? destination : nil
        if let runner { #expect(try runner.verdict().hasPrefix("verdict ok"), "\(place)") }
        _ = proxy
    }

    private func pair(_ program: Program, _ workplace: Workplace) throws -> (VMM, VMM) {
        let source = try VMM(program, "source", in: workplace, demoGuest(still))
        _ = try source.serial.wait(for: "demo ready")
        let destination = try VMM(
            program, "destination", in: workplace,
            demoGuest(still) + ["-incoming", "unix:\(workplace.path)/far"])
        return (source, destination)
    }

    private func streamLength(_ program: Program) throws -> Int {
        let workplace = try Workplace()
        let (source, destination) = try pair(program, workplace)
        let proxy = try CuttingProxy(
            listenAt: "\(workplace.path)/near", target: "\(workplace.path)/far", limit: nil)
        let info = try source.migrate(to: "unix:\(workplace.path)/near")
        try #require(info["status"] as? String == "completed", "\(info)")
        _ = try destination.nextBeat()
        return proxy.bytesForwarded
    }
}
