import Testing

/// max-bandwidth is kept, whichever way the pages go.
@Suite(.serialized, .enabled(if: Program.martletIsOurs, "no martlet"))
struct BandwidthLimit {
    private typealias Look = (milliseconds: Int, bytes: Int)

    /// What `query-migrate` says once a migration is so old.
    private func look(at source: VMM, after milliseconds: Int) throws -> Look {
        try waitFor("migration of \(milliseconds) ms", seconds: 120) { () throws -> Look? in
            let info = try source.qmp.call("query-migrate")
            if ["completed", "failed", "cancelled"].contains(info["status"] as? String) {
                throw Failure("\(info)")
            }
            guard let time = info["total-time"] as? Int, time >= milliseconds,
                let ram = info["ram"] as? [String: Any], let bytes = ram["transferred"] as? Int
            else { return nil }
            return (milliseconds: time, bytes: bytes)
        }
    }

    /// By the program's own clock. How much less is sent depends on how busy the machine is.
    @Test("A guest that writes faster is sent no faster than that", arguments: [false, true])
    func isKept(isMultifd: Bool) throws {
        let program = try #require(Program.martlet)
        let workplace = try Workplace()
        let guest = demoGuest("set=32M rate=256M beat=5")
        let uri = "unix:\(workplace.path)/move"
        let limit = 20 << 20
        let source = try VMM(program, "source", in: workplace, guest)
        _ = try source.serial.wait(for: "demo ready", seconds: 120)
        let destination = try VMM(program, "destination", in: workplace, guest + ["-incoming", "defer"])
        for side in [source, destination] { try side.set("multifd", isMultifd) }
        try source.qmp.call("migrate-set-parameters", ["max-bandwidth": limit, "downtime-limit": 1])
        try destination.qmp.call("migrate-incoming", ["uri": uri])
        try source.qmp.call("migrate", ["uri": uri])
        let first = try look(at: source, after: 1000)
        let last = try look(at: source, after: first.milliseconds + 3000)
        let allowed = limit / 1000 * (last.milliseconds - first.milliseconds)
        let window = limit / 10
        #expect(
            (allowed / 2...allowed / 20 * 21 + window).contains(last.bytes - first.bytes), "\(first) \(last)")
        try source.qmp.call("migrate-set-parameters", ["max-bandwidth": 1 << 30, "downtime-limit": 300])
        let info = try source.migrationEnd(seconds: 120)
        try #require(info["status"] as? String == "completed", "\(info) \(destination.said)")
        _ = try destination.nextBeat(seconds: 120)
        #expect(try destination.verdict().hasPrefix("verdict ok"))
    }
}
