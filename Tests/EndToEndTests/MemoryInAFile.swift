import Foundation
import Testing

/// Processes whose guest's memory is in a file: it stays there while the guest moves.
@Suite(.serialized, .enabled(if: Program.martletIsOurs, "no martlet"))
struct MemoryInAFile {
    private let workplace: Workplace
    private let martlet: Program

    init() throws {
        martlet = try #require(Program.martlet)
        workplace = try Workplace()
    }

    /// The guest that checks itself, with its 64 MiB in a file.
    private var guest: [String] {
        demoGuest("set=8M rate=8M beat=5") + [
            "-object", "memory-backend-file,id=mem,size=64M,share=on,mem-path=\(workplace.path)/ram", "-M",
            "virt,memory-backend=mem",
        ]
    }

    private func source(_ program: Program) throws -> VMM {
        let source = try VMM(program, "source", in: workplace, guest)
        _ = try source.serial.wait(for: "demo ready", seconds: 120)
        _ = try source.nextBeat(seconds: 120)
        try source.set("x-ignore-shared", true)
        return source
    }

    private func destination(_ program: Program, _ name: String = "destination") throws -> VMM {
        let destination = try VMM(program, name, in: workplace, guest + ["-incoming", "defer"])
        try destination.set("x-ignore-shared", true)
        return destination
    }

    private func expectArrived(_ destination: VMM) throws {
        _ = try destination.nextBeat(seconds: 120)
        #expect(try destination.verdict().hasPrefix("verdict ok"))
    }

    private func move(from: Program, to: Program) throws {
        let uri = "unix:\(workplace.path)/move"
        let source = try source(from)
        let destination = try destination(to)
        try destination.qmp.call("migrate-incoming", ["uri": uri])
        let info = try source.migrate(to: uri, seconds: 120)
        try #require(info["status"] as? String == "completed", "\(info) \(destination.said)")
        let ram = try #require(info["ram"] as? [String: Any])
        #expect(try #require(ram["transferred"] as? Int) < 8 << 20, "\(ram)")
        try expectArrived(destination)
    }

    @Test("A running guest moves, and its memory is not sent")
    func moves() throws { try move(from: martlet, to: martlet) }

    @Test(
        "between Martlet and QEMU 10.0.2", .enabled(if: Program.qemu10 != nil, "no QEMU 10.0.2"),
        arguments: [true, false])
    func qemu(comes: Bool) throws {
        let qemu = try #require(Program.qemu10)
        try move(from: comes ? qemu : martlet, to: comes ? martlet : qemu)
    }

    @Test("A guest survives the end of its process: saved for a restart, and taken up by a new process")
    func restart() throws {
        let uri = "file:\(workplace.path)/state"
        let old = try source(martlet)
        try old.set("events", true)
        try old.qmp.call("migrate-set-parameters", ["mode": "cpr-reboot"])
        let info = try old.migrate(to: uri, seconds: 120)
        try #require(info["status"] as? String == "completed", "\(info)")
        #expect(try old.status() == "postmigrate")
        // Devices and small blocks only.
        let size = try FileManager.default.attributesOfItem(atPath: "\(workplace.path)/state")[.size] as? Int
        #expect(try #require(size) < 1 << 20)
        old.end()

        let new = try destination(martlet, "new")
        try new.qmp.call("migrate-incoming", ["uri": uri])
        let arrived = try new.migrationEnd(seconds: 120)
        try #require(arrived["status"] as? String == "completed", "\(arrived) \(new.said)")
        try expectArrived(new)
        let beats = new.beats(before: old)
        #expect(beats == Array(1...beats.count), "a beat was lost or came twice")
    }

    @Test("A guest that was saved for a restart goes on in its old process after all")
    func undone() throws {
        let old = try source(martlet)
        try old.qmp.call("migrate-set-parameters", ["mode": "cpr-reboot"])
        let info = try old.migrate(to: "file:\(workplace.path)/state", seconds: 120)
        try #require(info["status"] as? String == "completed", "\(info)")
        try old.qmp.call("cont")
        try expectArrived(old)
    }
}
