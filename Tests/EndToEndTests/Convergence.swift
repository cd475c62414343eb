import Foundation
import Testing

/// A guest that writes four times as fast as its pages may be sent: it never arrives by itself, and does when it is slowed
/// down.
@Suite(.serialized, .enabled(if: Program.martletIsOurs, "no martlet"))
struct Convergence {
    /// A place with the guest at work, and another where its stream is awaited.
    private func start() throws -> (source: VMM, destination: VMM, uri: String) {
        let program = try #require(Program.martlet)
        let workplace = try Workplace()
        let guest = demoGuest("set=24M rate=64M beat=20")
        let source = try VMM(program, "source", in: workplace, guest)
        _ = try source.serial.wait(for: "demo ready", seconds: 120)
        let uri = "unix:\(workplace.path)/move"
        let destination = try VMM(program, "destination", in: workplace, guest + ["-incoming", "defer"])
        for side in [source, destination] { try side.set("return-path", true) }
        try source.qmp.call(
            "migrate-set-parameters", ["max-bandwidth": 16 << 20, "downtime-limit": 100])
        try destination.qmp.call("migrate-incoming", ["uri": uri])
        return (source, destination, uri)
    }

    private func passes(_ info: [String: Any]) -> Int {
        (info["ram"] as? [String: Any])?["dirty-sync-count"] as? Int ?? 0
    }

    @Test("Left alone it does not arrive")
    func alone() throws {
        let (source, destination, uri) = try start()
        try source.qmp.call("migrate", ["uri": uri])
        let info = try waitFor("fifth pass", seconds: 120) {
            let info = try source.qmp.call("query-migrate")
            return passes(info) >= 5 || info["status"] as? String != "active" ? info : nil
        }
        // Setup is over before there is anything else to say.
        try #require(["active", "setup"].contains(info["status"] as? String), "\(info)")
        #expect(info["cpu-throttle-percentage"] == nil && info["dirty-limit-ring-full-time"] == nil)
        try source.qmp.call("migrate_cancel")
        #expect(try source.migrationEnd(seconds: 120)["status"] as? String == "cancelled")
        #expect(try source.verdict().hasPrefix("verdict ok"))
        #expect(try destination.status() == "inmigrate")
    }

    @Test(
        "Slowed down it arrives",
        arguments: [
            ("auto-converge", ["cpu-throttle-initial": 99], ["cpu-throttle-percentage"]),
            (
                "dirty-limit", ["vcpu-dirty-limit": 2],
                ["dirty-limit-throttle-time-per-round", "dirty-limit-ring-full-time"]
            ),
        ] as [(String, [String: Int], [String])])
    func slowedDown(capability: String, parameters: [String: Int], told: [String]) throws {
        let (source, destination, uri) = try start()
        try source.set(capability, true)
        try source.set("pause-before-switchover", true)
        try source.qmp.call("migrate-set-parameters", parameters)
        try source.qmp.call("migrate", ["uri": uri])
        let info = try waitFor("switchover", seconds: 240) {
            let info = try source.qmp.call("query-migrate")
            return ["pre-switchover", "failed"].contains(info["status"] as? String) ? info : nil
        }
        try #require(info["status"] as? String == "pre-switchover", "\(info) \(destination.said)")
        for name in told { #expect((info[name] as? Int ?? 0) > 0, "\(name): \(info)") }
        try source.qmp.call("migrate-continue", ["state": "pre-switchover"])
        let end = try source.migrationEnd(seconds: 120)
        try #require(end["status"] as? String == "completed", "\(end) \(destination.said)")
        for name in told { #expect(end[name] == nil, "\(name): \(end)") }
        _ = try destination.nextBeat(seconds: 120)
        #expect(try destination.verdict().hasPrefix("verdict ok"))
    }
}

/// How fast a guest dirties its memory, and how fast its harts may, with a guest of two harts that write at rates of their
/// own.
@Suite(.serialized, .enabled(if: Program.martletIsOurs, "no martlet"))
struct DirtyRates {
    private func guest(_ words: String) -> [String] { demoGuest(words, memory: "96M", harts: 2) }

    private func measure(
        _ vmm: VMM, _ mode: String, milliseconds: Int, samplePages: Int? = nil
    ) throws -> [String: Any] {
        var arguments: [String: Any] = [
            "calc-time": milliseconds, "calc-time-unit": "millisecond", "mode": mode,
        ]
        arguments["sample-pages"] = samplePages
        try vmm.qmp.call("calc-dirty-rate", arguments)
        return try waitFor("measurement", seconds: 120) {
            let info = try vmm.qmp.call("query-dirty-rate")
            return info["status"] as? String == "measured" ? info : nil
        }
    }

    /// A busy machine makes the guest slower, never faster: only too much would be wrong. Scripts/dirty.py asks for more.
    @Test("Every mode finds that the guest writes, and no more than it does")
    func modes() throws {
        let workplace = try Workplace()
        let vmm = try VMM(
            try #require(Program.martlet), "guest", in: workplace, guest("set=32M harts=2 rate=16M others=8M")
        )
        _ = try vmm.serial.wait(for: "demo ready", seconds: 120)
        for (mode, pages) in [("page-sampling", 16384), ("dirty-bitmap", nil), ("dirty-ring", nil)]
            as [(String, Int?)]
        {
            let info = try measure(vmm, mode, milliseconds: 2000, samplePages: pages)
            let rate = try #require(info["dirty-rate"] as? Int)
            #expect((1...30).contains(rate), "\(info)")
            guard mode == "dirty-ring" else { continue }
            let harts = try #require(info["vcpu-dirty-rate"] as? [[String: Int]])
            #expect(harts.map { $0["id"] } == [0, 1])
            let rates = harts.map { $0["dirty-rate"] ?? 0 }
            #expect((1...20).contains(rates[0]) && (1...10).contains(rates[1]), "\(info)")
        }
        #expect(try vmm.verdict().hasPrefix("verdict ok"))
    }

    @Test("A hart with a limit writes no more than it may, the other one what it did")
    func limits() throws {
        let workplace = try Workplace()
        let vmm = try VMM(
            try #require(Program.martlet), "guest", in: workplace, guest("set=32M harts=2 rate=20M others=1G")
        )
        _ = try vmm.serial.wait(for: "demo ready", seconds: 120)
        try vmm.qmp.call("set-vcpu-dirty-limit", ["cpu-index": 1, "dirty-rate": 4])
        let rates = try waitFor("rates", seconds: 120) {
            let info = try measure(vmm, "dirty-ring", milliseconds: 1000)
            let rates = (info["vcpu-dirty-rate"] as? [[String: Int]] ?? []).map { $0["dirty-rate"] ?? 0 }
            // The first measurement may begin before the limit.
            return rates.count == 2 && rates[1] <= 5 ? rates : nil
        }
        #expect(rates[1] >= 1 && rates[0] > rates[1] && rates[0] <= 24, "\(rates)")
        try vmm.qmp.call("cancel-vcpu-dirty-limit")
        // It is as fast as ever: that it writes all of its set in a second is far above the limit.
        _ = try waitFor("a fast hart", seconds: 120) {
            let info = try measure(vmm, "dirty-ring", milliseconds: 500)
            let rates = (info["vcpu-dirty-rate"] as? [[String: Int]] ?? []).map { $0["dirty-rate"] ?? 0 }
            return rates.count == 2 && rates[1] > 8 ? true : nil
        }
        #expect(try vmm.verdict().hasPrefix("verdict ok"))
    }

    @Test(
        "A guest that is measured and limited all the time moves and loses nothing", arguments: [false, true])
    func moves(isLimitedByMigration: Bool) throws {
        let program = try #require(Program.martlet)
        let workplace = try Workplace()
        let guest = guest("set=16M harts=2 rate=24M others=24M beat=5")
        let source = try VMM(program, "source", in: workplace, guest)
        _ = try source.serial.wait(for: "demo ready", seconds: 120)
        let uri = "unix:\(workplace.path)/move"
        let destination = try VMM(program, "destination", in: workplace, guest + ["-incoming", "defer"])
        for side in [source, destination] { try side.set("return-path", true) }
        try source.set("dirty-limit", isLimitedByMigration)
        try source.qmp.call(
            "migrate-set-parameters",
            [
                "max-bandwidth": 20 << 20, "downtime-limit": 50, "vcpu-dirty-limit": 4,
                "x-vcpu-dirty-limit-period": 20,
            ])
        try destination.qmp.call("migrate-incoming", ["uri": uri])
        try source.qmp.call("migrate", ["uri": uri])
        var turn = 0
        let info = try waitFor("end of the migration", seconds: 240) {
            let info = try source.qmp.call("query-migrate")
            if ["completed", "failed", "cancelled"].contains(info["status"] as? String) { return info }
            let mode = ["dirty-bitmap", "page-sampling", "dirty-ring"][turn % 3]
            // Refused while one goes on.
            _ = try? source.qmp.call(
                "calc-dirty-rate", ["calc-time": 50, "calc-time-unit": "millisecond", "mode": mode])
            if !isLimitedByMigration {
                try source.qmp.call(
                    "set-vcpu-dirty-limit", ["cpu-index": turn % 2, "dirty-rate": 2 + turn % 3])
                // Enough passes have been disturbed.
                if turn == 300 { try source.qmp.call("migrate-set-parameters", ["max-bandwidth": 1 << 30]) }
            }
            turn += 1
            return nil
        }
        try #require(info["status"] as? String == "completed", "\(info) \(destination.said)")
        _ = try destination.nextBeat(seconds: 120)
        #expect(try destination.verdict().hasPrefix("verdict ok"))
        // The second hart goes on as well, and has found nothing wrong.
        let other = try destination.verdict().split(separator: " ").last.flatMap { Int($0) } ?? 0
        _ = try waitFor("the second hart", seconds: 120) {
            try (destination.verdict().split(separator: " ").last.flatMap { Int($0) } ?? 0) > other
                ? true : nil
        }
        #expect(try destination.verdict().hasPrefix("verdict ok"))
    }
}
