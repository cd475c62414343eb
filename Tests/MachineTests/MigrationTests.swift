import Foundation
import GuestMemory
import Migration
import QAPI
import Testing
import Transport
import VMState

@testable import Machine

/// A guest that counts moves between two machines in one process, over the stream that QEMU speaks.
@Suite("A guest that moves while it runs", .serialized)
struct MovingGuestTests {
    /// Counts in memory and touches a page of 256 in turn, so that the log has work:
    /// lui t0,0x80200 made positive; addi t1,t1,1; andi t2,t1,255; slli t2,t2,12; add t2,t2,t0; sd t1,8(t2); sd t1,0(t0); j -24
    static let counter: [UInt32] = [
        0x8020_02b7, 0x0202_9293, 0x0202_d293, 0x0013_0313, 0x0ff3_7393, 0x00c3_9393, 0x0053_83b3,
        0x0063_b423,
        0x0062_b023, 0xfe9f_f06f,
    ]
    static let place: UInt64 = 0x8020_0000

    static func machine(_ extra: [String]) throws -> VirtualMachine {
        try VirtualMachine(
            MachineOptions(parsing: ["-nodefaults", "-display", "none", "-m", "32M"] + extra).configuration)
    }

    private func machine(_ extra: [String]) throws -> VirtualMachine { try Self.machine(extra) }
    private func source() throws -> VirtualMachine { try Self.source() }

    /// A machine whose guest counts and writes.
    static func source() throws -> VirtualMachine {
        let path = "/tmp/martlet-count-\(getpid())-\(UInt32.random(in: 0...(.max))).bin"
        let bytes = counter.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
        }
        try Data(bytes).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let machine = try machine(["-bios", "none", "-kernel", path])
        machine.resume()
        return machine
    }

    private func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

    private func count(_ machine: VirtualMachine) -> UInt64 {
        machine.memory.load(UInt64.self, at: Self.place) ?? 0
    }

    /// Waits at most two minutes: other tests may have the processors.
    private func wait(_ condition: () -> Bool) -> Bool {
        for _ in 0..<120_000 {
            if condition() { return true }
            usleep(1000)
        }
        return false
    }

    @Test(
        "counts on at the destination, five times over, with and without a return path",
        arguments: [false, true])
    func moves(returnPath: Bool) throws {
        var here = try source()
        var control = MigrationController(here)
        var last: UInt64 = 0
        for round in 0..<5 {
            let there = try machine(["-incoming", "defer"])
            let controlThere = MigrationController(there)
            let path = "/tmp/martlet-move-\(getpid())-\(round).sock"
            try controlThere.migrateIncoming(from: .unix(path: path))
            try control.setCapabilities { $0.returnPath = returnPath }
            try control.updateSettings { $0.maxBandwidth = 0 }
            #expect(wait { count(here) > last })
            try control.migrate(to: .unix(path: path))
            #expect(wait { !control.queryMigrate().status.isUnderWay })
            #expect(control.queryMigrate().status == .completed, "\(control.queryMigrate())")
            #expect(here.runState == .postmigrate)
            #expect(
                wait { controlThere.queryMigrate().status == .completed }, "\(controlThere.queryMigrate())")
            #expect(there.runState == .running)
            let sent = count(here)
            #expect(wait { count(there) > sent })
            #expect(count(here) == sent, "the source runs no more")
            last = sent
            here.shutdown(byGuest: false, reason: .hostQmpQuit)
            here = there
            control = controlThere
            remove(path)
        }
        here.shutdown(byGuest: false, reason: .hostQmpQuit)
    }

    @Test("a receiver is told of the memory blocks that its board has")
    func blocks() throws {
        let machine = try machine([])
        func names(_ dialect: Dialect) -> [String] {
            machine.memory.blocks.filter { machine.isKnown($0, to: dialect) }.map(\.name)
        }
        let old = ["riscv_virt_board.ram", "virt.flash0", "virt.flash1", "riscv_virt_board.mrom"]
        #expect(names(.qemu7_2) == old)
        let tables = ["/rom@etc/acpi/tables", "/rom@etc/table-loader"]
        let new = old[..<3] + tables + [old[3], "/rom@etc/acpi/rsdp"]
        for dialect in [Dialect.qemu10_0, .qemu10_0_11, .martlet] { #expect(names(dialect) == Array(new)) }
    }

    /// Moves a guest that does not run; the machine that it is in afterwards.
    private func move(_ here: VirtualMachine, to extra: [String]) throws -> VirtualMachine {
        let there = try machine(["-incoming", "defer"] + extra)
        let (from, to) = (MigrationController(here), MigrationController(there))
        let (near, far) = try Channel.pair()
        try to.migrateIncoming(over: far)
        try from.migrate(over: near)
        #expect(wait { to.queryMigrate().status == .completed }, "\(to.queryMigrate())")
        here.shutdown(byGuest: false, reason: .hostQmpQuit)
        return there
    }

    @Test("a network card's option ROM is the one that the guest was born with, or none")
    func optionROM() throws {
        let path = "/tmp/martlet-rom-\(getpid())-\(UInt32.random(in: 0...(.max))).rom"
        let bytes = [0x55, 0xaa] + (2..<5000).map { UInt8(truncatingIfNeeded: $0 / 16) }
        try Data(bytes).write(to: URL(filePath: path))
        defer { remove(path) }
        func rom(_ machine: VirtualMachine) throws -> RAMBlock {
            try #require(machine.memory.blocks.first { $0.name == "0000:00:02.0/virtio-net-pci.rom" })
        }
        let other = ["-bios", "none", "-device", "virtio-rng-pci", "-device"]
        var guest = try machine(other + ["virtio-net-pci,romfile=\(path)"])
        for _ in 0..<2 {
            #expect(try rom(guest).size == 8192)
            #expect(
                try unsafe rom(guest).bytes(at: 0, count: 8192).map { unsafe Array($0) }
                    == bytes + Array(repeating: 0, count: 8192 - bytes.count))
            guest = try move(guest, to: other + ["virtio-net-pci"])
        }
        guest.shutdown(byGuest: false, reason: .hostQmpQuit)
        guest = try move(machine(other + ["virtio-net-pci"]), to: other + ["virtio-net-pci,romfile=\(path)"])
        #expect(try rom(guest).size == 0)
        guest.shutdown(byGuest: false, reason: .hostQmpQuit)
    }

    @Test("stays where it is when nobody listens, and moves at the second attempt")
    func secondAttempt() throws {
        let here = try source()
        let control = MigrationController(here)
        let path = "/tmp/martlet-second-\(getpid()).sock"
        try control.migrate(to: .unix(path: path))
        #expect(wait { control.queryMigrate().status == .failed })
        #expect(control.queryMigrate().errorDescription?.contains(path) == true)
        #expect(here.runState == .running)
        let there = try machine(["-incoming", "defer"])
        let controlThere = MigrationController(there)
        try controlThere.migrateIncoming(from: .unix(path: path))
        try control.migrate(to: .unix(path: path))
        #expect(wait { control.queryMigrate().status == .completed && there.runState == .running })
        here.shutdown(byGuest: false, reason: .hostQmpQuit)
        there.shutdown(byGuest: false, reason: .hostQmpQuit)
        remove(path)
    }

    @Test("a destination with another size of RAM refuses, and the source's guest runs on")
    func wrongSize() throws {
        let here = try source()
        let control = MigrationController(here)
        let there = try VirtualMachine(
            MachineOptions(parsing: ["-nodefaults", "-display", "none", "-m", "64M", "-incoming", "defer"])
                .configuration)
        let controlThere = MigrationController(there)
        let path = "/tmp/martlet-size-\(getpid()).sock"
        try controlThere.migrateIncoming(from: .unix(path: path))
        try control.setCapabilities { $0.returnPath = true }
        try control.migrate(to: .unix(path: path))
        #expect(wait { control.queryMigrate().status == .failed })
        #expect(wait { controlThere.queryMigrate().status == .failed })
        #expect(controlThere.queryMigrate().errorDescription?.contains("riscv_virt_board.ram") == true)
        #expect(there.runState == .inmigrate)
        #expect(wait { here.runState == .running })
        let now = count(here)
        #expect(wait { count(here) > now })
        here.shutdown(byGuest: false, reason: .hostQmpQuit)
        there.shutdown(byGuest: false, reason: .hostQmpQuit)
        remove(path)
    }
}
