import Testing

/// A way that pages go, as capabilities and parameters say.
struct PageWay: Sendable, CustomTestStringConvertible {
    let capability: String
    var parameters: [String: any Sendable] = [:]
    var testDescription: String {
        ([capability] + parameters.map { "\($0.key)=\($0.value)" }.sorted()).joined(separator: " ")
    }

    static let qemuHas: [PageWay] = [
        .init(capability: "multifd", parameters: ["multifd-channels": 4]),
        .init(capability: "multifd", parameters: ["multifd-compression": "zlib", "multifd-zlib-level": 6]),
        .init(capability: "multifd", parameters: ["multifd-compression": "zstd", "multifd-zstd-level": 3]),
        .init(capability: "xbzrle"),
    ]
    static let all: [PageWay] =
        qemuHas + [
            .init(capability: "multifd", parameters: ["multifd-channels": 16]),
            .init(capability: "compress", parameters: ["compress-threads": 3]),
        ]
}

/// A guest that writes and checks its memory moves with each of the ways that pages can go.
@Suite(.serialized, .enabled(if: Program.martletIsOurs, "no martlet"))
struct PrecopyFamily {
    private func move(_ way: PageWay, from: Program, to: Program) throws {
        let workplace = try Workplace()
        let guest = demoGuest("set=8M rate=8M beat=5")
        let uri = "unix:\(workplace.path)/move"
        let source = try VMM(from, "source", in: workplace, guest)
        _ = try source.serial.wait(for: "demo ready", seconds: 120)
        let destination = try VMM(to, "destination", in: workplace, guest + ["-incoming", "defer"])
        for side in [source, destination] {
            try side.set("return-path", true)
            try side.set(way.capability, true)
            if !way.parameters.isEmpty { try side.qmp.call("migrate-set-parameters", way.parameters) }
        }
        try destination.qmp.call("migrate-incoming", ["uri": uri])
        _ = try source.nextBeat(seconds: 120)
        let info = try source.migrate(to: uri, seconds: 120)
        try #require(info["status"] as? String == "completed", "\(info) \(destination.said)")
        _ = try destination.nextBeat(seconds: 120)
        #expect(try destination.verdict().hasPrefix("verdict ok"))
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
