import Testing

/// The stream is QEMU's: a guest goes to QEMU 10.0.2 and comes from it. Left out where that QEMU is not at hand.
@Suite(
    .serialized, .enabled(if: Program.martletIsOurs && Program.qemu10 != nil, "no martlet or no QEMU 10.0.2"))
struct MovesBetweenMartletAndQEMU {
    @Test("The guest that checks itself moves", arguments: [true, false])
    func moves(toQEMU: Bool) throws {
        let martlet = try #require(Program.martlet)
        let qemu = try #require(Program.qemu10)
        let workplace = try Workplace()
        let guest = demoGuest("set=8M rate=8M beat=5")
        let uri = "unix:\(workplace.path)/move"
        let source = try VMM(toQEMU ? martlet : qemu, "source", in: workplace, guest)
        _ = try source.serial.wait(for: "demo ready")
        _ = try source.nextBeat()
        let destination = try VMM(
            toQEMU ? qemu : martlet, "destination", in: workplace, guest + ["-incoming", uri])
        let info = try source.migrate(to: uri)
        try #require(info["status"] as? String == "completed", "\(info) \(destination.said)")
        _ = try destination.nextBeat()
        #expect(try destination.verdict().hasPrefix("verdict ok"))
    }
}
