import Testing

/// A way that a guest goes, as capabilities and parameters say.
struct PageWay: Sendable, CustomTestStringConvertible {
    let capabilities: [String]
    var parameters: [String: any Sendable] = [:]
    /// Options of both processes.
    var options: [String] = []
    var isTCP = false
    /// What `query-migrate` must have counted at the source: its passes are slow until all of it was seen.
    var counts: [String] = []
    var testDescription: String {
        (capabilities + parameters.map { "\($0.key)=\($0.value)" }.sorted()).joined(separator: " ")
    }

    private static func multifd(_ parameters: [String: any Sendable] = [:]) -> PageWay {
        .init(capabilities: ["multifd"], parameters: parameters, counts: ["ram.multifd-bytes"])
    }
    private static func plain(_ capability: String, options: [String] = []) -> PageWay {
        .init(capabilities: [capability], options: options)
    }

    static let qemuHas: [PageWay] = [
        multifd(["multifd-channels": 4]),
        multifd(["multifd-channels": 16]),
        multifd(["multifd-compression": "zlib", "multifd-zlib-level": 6]),
        multifd(["multifd-compression": "zstd", "multifd-zstd-level": 3]),
        .init(capabilities: ["xbzrle"], counts: ["xbzrle-cache.pages"]),
        .init(capabilities: ["auto-converge"], counts: ["cpu-throttle-percentage"]),
        plain("validate-uuid", options: ["-uuid", "6c2bf9b1-9a5c-4d0e-8f57-0d2f3f7a1b44"]),
        plain("pause-before-switchover"),
        plain("switchover-ack"),
        plain("late-block-activate"),
        .init(capabilities: ["multifd", "zero-copy-send"], isTCP: true, counts: ["ram.multifd-bytes"]),
    ]
    static let all: [PageWay] =
        [
            .init(capabilities: ["compress"], parameters: ["compress-threads": 3]),
            .init(
                capabilities: ["dirty-limit"], parameters: ["vcpu-dirty-limit": 1],
                counts: ["dirty-limit-throttle-time-per-round"]),
        ] + qemuHas
}

/// A guest that writes and checks its memory moves with each of the ways that it can go.
@Suite(.serialized, .enabled(if: Program.martletIsOurs, "no martlet"))
struct PrecopyFamily {
    private func move(_ way: PageWay, from: Program, to: Program) throws {
        let workplace = try Workplace()
        let guest = demoGuest("set=4M rate=8M beat=5") + way.options
        let uri = way.isTCP ? "tcp:127.0.0.1:\(try freePort())" : "unix:\(workplace.path)/move"
        let source = try VMM(from, "source", in: workplace, guest)
        _ = try source.serial.wait(for: "demo ready", seconds: 120)
        let destination = try VMM(to, "destination", in: workplace, guest + ["-incoming", "defer"])
        for side in [source, destination] {
            let on = (["return-path"] + way.capabilities).map { name -> [String: Any] in
                ["capability": name, "state": true]
            }
            try side.qmp.call("migrate-set-capabilities", ["capabilities": on])
            if !way.parameters.isEmpty { try side.qmp.call("migrate-set-parameters", way.parameters) }
        }
        try destination.qmp.call("migrate-incoming", ["uri": uri])
        _ = try source.nextBeat(seconds: 120)
        // Half as fast as the guest writes: there are passes until there is what was waited for.
        if !way.counts.isEmpty { try limit(source, 4 << 20, downtime: 1) }
        try source.qmp.call("migrate", ["uri": uri])
        var missing = way.counts
        var hasPaused = false
        let info = try waitFor("end of the migration", seconds: 120) { () throws -> [String: Any]? in
            let info = try source.qmp.call("query-migrate")
            if !missing.isEmpty {
                missing.removeAll { count($0, in: info) > 0 }
                if missing.isEmpty { try limit(source, 1 << 30, downtime: 300) }
            }
            let status = info["status"] as? String ?? ""
            if status == "pre-switchover", !hasPaused {
                hasPaused = true
                try source.qmp.call("migrate-continue", ["state": "pre-switchover"])
            }
            return ["completed", "failed", "cancelled"].contains(status) ? info : nil
        }
        let said = info["error-desc"] as? String ?? ""
        if said.contains("Process can't lock enough memory") { try Test.cancel("\(said)") }
        try #require(info["status"] as? String == "completed", "\(info) \(destination.said)")
        #expect(missing.isEmpty, "never counted: \(missing); \(info)")
        #expect(hasPaused == way.capabilities.contains("pause-before-switchover"))
        _ = try destination.nextBeat(seconds: 120)
        #expect(try destination.verdict().hasPrefix("verdict ok"))
    }

    private func limit(_ source: VMM, _ bandwidth: Int, downtime: Int) throws {
        try source.qmp.call(
            "migrate-set-parameters", ["max-bandwidth": bandwidth, "downtime-limit": downtime])
    }

    /// A number of `query-migrate`, by the names on the way to it.
    private func count(_ path: String, in info: [String: Any]) -> Int {
        var place: Any? = info
        for name in path.split(separator: ".") { place = (place as? [String: Any])?[String(name)] }
        return place as? Int ?? 0
    }

    @Test("from Martlet to Martlet", arguments: PageWay.all)
    func ours(way: PageWay) throws {
        let martlet = try #require(Program.martlet)
        try move(way, from: martlet, to: martlet)
    }

    @Test(
        "between Martlet and QEMU 10.0.2", .enabled(if: Program.qemu10 != nil, "no QEMU 10.0.2"),
        arguments: [true, false], PageWay.qemuHas)
    func qemu(comes: Bool, way: PageWay) throws {
        let (martlet, qemu) = (try #require(Program.martlet), try #require(Program.qemu10))
        try move(way, from: comes ? qemu : martlet, to: comes ? martlet : qemu)
    }
}
