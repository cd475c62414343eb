import Bytes
import Devices
import Glibc
import GuestMemory
import Migration
import QAPI
import Synchronization
import Testing
import VMState

@testable import Machine

/// Bare-metal programs of a few words on the whole board.
@Suite("A guest on the virt board", .serialized)
struct VirtualMachineTests {
    /// Writes the words as a raw image and returns its path.
    private func image(_ words: [UInt32]) throws -> String {
        let path = "/tmp/martlet-test-\(getpid())-\(UInt64.random(in: 0...(.max))).bin"
        let file = unsafe try #require(unsafe fopen(path, "w"))
        for word in words {
            unsafe withUnsafeBytes(of: word.littleEndian) { unsafe _ = fwrite($0.baseAddress, 1, 4, file) }
        }
        unsafe fclose(file)
        return path
    }

    private func machine(_ words: [UInt32], _ extra: [String] = []) throws -> VirtualMachine {
        let path = try image(words)
        defer { unsafe unlink(path) }
        return try VirtualMachine(
            MachineOptions(
                parsing: ["-nodefaults", "-display", "none", "-m", "16M", "-bios", "none", "-kernel", path]
                    + extra
            ).configuration)
    }

    /// Resumes the machine and waits until it has ended; its exit status.
    private func run(_ machine: VirtualMachine) async -> Int32 {
        await withCheckedContinuation { continuation in
            machine.setEndOfLife { continuation.resume(returning: $0) }
            machine.resume()
        }
    }

    /// lui t0,0x100; lui t1,5; addi t1,t1,0x555; sw t1,0(t0); j .
    static let powerOff: [UInt32] = [0x0010_02b7, 0x0000_5337, 0x5553_0313, 0x0062_a023, 0x0000_006f]

    @Test("takes the state of its own devices, and has the same state afterwards")
    func rehearses() throws {
        func state(_ machine: VirtualMachine) -> [[UInt8]] {
            machine.deviceSections.map { section in
                var writer = VMStateWriter(dialect: .martlet, version: section.version(.martlet))
                section.save(&writer)
                return writer.output.bytes
            }
        }
        let machine = try machine(Self.powerOff, ["-incoming", "defer", "-smp", "2"])
        let before = state(machine)
        try machine.rehearse(.martlet, loading: true)
        #expect(state(machine) == before)
    }

    @Test("powers off through the test device")
    func powersOff() async throws {
        #expect(try await run(machine(Self.powerOff)) == 0)
    }

    /// lui t0,0x100; lui t1,7; addi t1,t1,0x777; sw t1,0(t0); j .
    static let reboot: [UInt32] = [0x0010_02b7, 0x0000_7337, 0x7773_0313, 0x0062_a023, 0x0000_006f]

    @Test("runs from flash chip 0, and finds what it programs in the image")
    func runsFromFlash() async throws {
        // lui t2,0x22000 (chip 1); li t3,0x20; sw t3,0(t2); li t3,0xd0; sw; li t3,0x40; sw; li t3,0x5a; sw; power off.
        let words: [UInt32] =
            [
                0x2200_03b7, 0x0200_0e13, 0x01c3_a023, 0x0d00_0e13, 0x01c3_a023, 0x0400_0e13, 0x01c3_a023,
                0x05a0_0e13, 0x01c3_a023,
            ] + Self.powerOff
        let (code, data) = (try image(words), try image([0x1234_5678]))
        defer { for path in [code, data] { unsafe unlink(path) } }
        let machine = try VirtualMachine(
            MachineOptions(parsing: [
                "-nodefaults", "-display", "none", "-m", "16M", "-bios", "none", "-drive",
                "if=pflash,format=raw,readonly=on,file=\(code)", "-drive",
                "if=pflash,format=raw,file=\(data)",
            ]).configuration)
        #expect(await run(machine) == 0)
        let file = unsafe try #require(unsafe fopen(data, "r"))
        let first = (0..<4).map { _ in unsafe fgetc(file) }
        #expect(first == [0x5a, 0, 0, 0])
        #expect(unsafe fgetc(file) == 0xff)
        unsafe fclose(file)
    }

    @Test("a supervisor software interrupt is raised through the SSWI of aclint=on")
    func supervisorSoftwareInterrupt() async throws {
        // li t0,2; csrw mie,t0; lui t1,0x2f00; li t2,1; sw t2,0(t1); wfi; csrr t3,mip; andi t3,t3,2; beqz t3,-8;
        // then power off.
        let words: [UInt32] =
            [
                0x0020_0293, 0x3042_9073, 0x02f0_0337, 0x0010_0393, 0x0073_2023, 0x1050_0073, 0x3440_2e73,
                0x002e_7e13, 0xfe0e_0ce3,
            ] + Self.powerOff
        #expect(try await run(machine(words, ["-M", "virt,aclint=on"])) == 0)
    }

    @Test("stays, told as shut down, after it has powered off with -no-shutdown")
    func noShutdown() throws {
        // A reset reads the kernel again.
        let kernel = try image(Self.powerOff)
        defer { unsafe unlink(kernel) }
        let machine = try machine(Self.powerOff, ["-no-shutdown", "-kernel", kernel])
        let events = Mutex<[VirtualMachine.Event]>([])
        machine.setEventSink { event in events.withLock { $0.append(event) } }
        machine.resume()
        for _ in 0..<120_000 where machine.runState != .shutdown { usleep(1000) }
        for _ in 0..<120_000 where events.withLock({ $0.count }) < 3 { usleep(1000) }
        #expect(
            events.withLock { $0 } == [.resume, .shutdown(byGuest: true, reason: .guestShutdown), .stop])
        machine.reset(byGuest: false)
        #expect(machine.runState == .prelaunch)
        machine.shutdown(byGuest: false, reason: .hostQmpQuit)
    }

    @Test("ends when it reboots with -no-reboot")
    func noReboot() async throws {
        let machine = try machine(Self.reboot, ["-no-reboot"])
        let events = Mutex<[VirtualMachine.Event]>([])
        machine.setEventSink { event in events.withLock { $0.append(event) } }
        #expect(await run(machine) == 0)
        #expect(events.withLock { $0 } == [.resume, .shutdown(byGuest: true, reason: .guestReset)])
    }

    @Test("without ACPI has neither the memory nor the section of its tables")
    func noACPI() throws {
        let machine = try machine(Self.powerOff, ["-M", "virt,acpi=off"])
        #expect(!machine.memory.blocks.contains { $0.name.contains("acpi") || $0.name.contains("table") })
        #expect(!machine.board.sections.contains { $0.name == "virt_acpi_build" })
        machine.shutdown(byGuest: false, reason: .hostQmpQuit)
    }

    @Test("keeps its clock to the nanosecond from stream to stream")
    func clock() throws {
        let machine = try machine(Self.powerOff)
        defer { machine.shutdown(byGuest: false, reason: .hostQmpQuit) }
        let timer = try #require(machine.deviceSections.first { $0.name == "timer" })
        // cpu_ticks_offset, unused bytes, cpu_clock_offset 12 345 678 987 ns.
        let bytes: [UInt8] =
            [1, 2, 3, 4, 5, 6, 7, 8] + Array(repeating: 0, count: 8) + [0, 0, 0, 2, 0xdf, 0xdc, 0x1c, 0x8b]
        for _ in 0..<3 {
            try timer.load(VMStateReader(InputBuffer(bytes: bytes), version: 2))
            var writer = VMStateWriter(dialect: .qemu10_0, version: 2)
            _ = timer.save(&writer)
            #expect(writer.output.bytes == bytes)
        }
    }

    @Test("writes to its serial port")
    func serial() async throws {
        let output = "/tmp/martlet-test-\(getpid()).out"
        defer { unsafe unlink(output) }
        // lui t2,0x10000; li t3,'k'; sb t3,0(t2)
        let words: [UInt32] = [0x1000_03b7, 0x06b0_0e13, 0x01c3_8023] + Self.powerOff
        #expect(try await run(machine(words, ["-serial", "file:\(output)"])) == 0)
        let file = unsafe try #require(unsafe fopen(output, "r"))
        #expect(unsafe fgetc(file) == 0x6b)
        unsafe fclose(file)
    }

    @Test("fails with the code it gives")
    func fails() async throws {
        // lui t0,0x100; lui t1,0x33; addi t1,t1,0x333; sw t1,0(t0): code 3.
        let words: [UInt32] = [0x0010_02b7, 0x0003_3337, 0x3333_0313, 0x0062_a023, 0x0000_006f]
        #expect(try await run(machine(words)) == 3)
    }

    @Test("every hart gets its number, the device tree and the information for firmware")
    func resetVector() async throws {
        // All harts: sd a0..a2 to 0x80100000 + 64 * hart, then hart 3 powers off after the others have written.
        // lui t0,0x80100 (sign-extended); slli t0,t0,32; srli t0,t0,32; slli t1,a0,6; add t0,t0,t1; sd a0,8(t0);
        // sd a1,16(t0); sd a2,24(t0); li t1,1; sd t1,0(t0); j .
        let words: [UInt32] = [
            0x8010_02b7, 0x0202_9293, 0x0202_d293, 0x0065_1313, 0x0062_82b3, 0x00a2_b423, 0x00b2_b823,
            0x00c2_bc23,
            0x0010_0313, 0x0062_b023, 0x0000_006f,
        ]
        let machine = try machine(words, ["-smp", "4"])
        machine.resume()
        for hart in 0..<UInt64(4) {
            let place = 0x8010_0000 + 64 * hart
            for _ in 0..<60_000 where machine.memory.load(UInt64.self, at: place) != 1 { usleep(1000) }
            #expect(machine.memory.load(UInt64.self, at: place + 8) == hart)
            let tree = try #require(machine.memory.load(UInt64.self, at: place + 16))
            #expect(machine.memory.load(UInt32.self, at: tree)?.byteSwapped == 0xd00d_feed)
            #expect(machine.memory.load(UInt64.self, at: place + 24) == 0x1028)
        }
        machine.shutdown(byGuest: false, reason: .hostQmpQuit)
    }

    @Test("is neither let run nor reset in the middle of a switchover")
    func switchoverIsOfOnePiece() async throws {
        let machine = try machine([0x0000_006f])
        let commands = MachineCommands(machine, controller: MigrationController(machine))
        for runs in [false, true] {
            if runs { machine.resume() }
            let seen = machine.runState
            machine.stopForMigration()
            machine.resume()
            // Whoever saw the guest before it was stopped comes too late.
            #expect(!machine.resume(from: seen) {})
            #expect(!machine.reset(byGuest: false))
            await #expect(throws: QAPIError.generic("Migration is not finalized yet")) {
                try await commands.cont()
            }
            await #expect(throws: QAPIError.generic("Migration is not finalized yet")) {
                try await commands.systemReset()
            }
            #expect(machine.runState == .finishMigrate)
            machine.resumeAfterFailure()
            #expect(machine.runState == seen)
        }
        machine.stopForMigration()
        machine.becomePostmigrate()
        #expect(machine.runState == .postmigrate)
        machine.shutdown(byGuest: false, reason: .hostQmpQuit)
    }

    @Test("stands still between stop and cont, and its clock with it")
    func stopsAndContinues() throws {
        // A loop that counts in memory: lui t0,0x80100 made positive; addi t1,t1,1; sd t1,0(t0); j -8
        let words: [UInt32] = [0x8010_02b7, 0x0202_9293, 0x0202_d293, 0x0013_0313, 0x0062_b023, 0xff9f_f06f]
        let machine = try machine(words)
        let place: UInt64 = 0x8010_0000
        machine.resume()
        for _ in 0..<60_000 where machine.memory.load(UInt64.self, at: place) == 0 { usleep(1000) }
        machine.stop()
        #expect(machine.runState == .paused)
        let count = machine.memory.load(UInt64.self, at: place)
        let time = machine.board.clock.now
        usleep(20_000)
        #expect(machine.memory.load(UInt64.self, at: place) == count)
        #expect(machine.board.clock.now == time)
        machine.resume()
        for _ in 0..<60_000 where machine.memory.load(UInt64.self, at: place) == count { usleep(1000) }
        #expect(machine.memory.load(UInt64.self, at: place) != count)
        machine.shutdown(byGuest: false, reason: .hostQmpQuit)
    }

    @Test("goes on from the sections of another board, as written for it, in every dialect that QEMU knows")
    func sectionsMove() throws {
        let words: [UInt32] = [0x8010_02b7, 0x0202_9293, 0x0202_d293, 0x0013_0313, 0x0062_b023, 0xff9f_f06f]
        for dialect in Dialect.allCases {
            let source = try machine(words)
            source.resume()
            for _ in 0..<60_000 where source.memory.load(UInt64.self, at: 0x8010_0000) == 0 { usleep(1000) }
            source.stop()
            let destination = try VirtualMachine(
                MachineOptions(parsing: [
                    "-nodefaults", "-display", "none", "-m", "16M", "-incoming", "defer",
                ])
                .configuration)
            #expect(destination.runState == .inmigrate)
            for (from, to) in zip(source.memory.blocks, destination.memory.blocks) {
                let bytes = unsafe try #require(unsafe from.bytes(at: 0, count: from.size))
                unsafe to.base.copyMemory(from: bytes.baseAddress ?? to.base, byteCount: from.size)
            }
            let names = destination.board.sections.map { "\($0.name)/\($0.instance)" }
            for section in source.board.sections where section.isKnown(dialect) {
                var writer = VMStateWriter(dialect: dialect, version: section.version(dialect))
                _ = section.save(&writer)
                let index = try #require(names.firstIndex(of: "\(section.name)/\(section.instance)"))
                let reader = VMStateReader(
                    .init(bytes: writer.output.bytes), version: section.version(dialect))
                try destination.board.sections[index].load(reader)
                #expect(reader.offset == UInt64(writer.output.count), "\(section.name)")
            }
            let count = try #require(destination.memory.load(UInt64.self, at: 0x8010_0000))
            destination.resume()
            for _ in 0..<60_000 where destination.memory.load(UInt64.self, at: 0x8010_0000) == count {
                usleep(1000)
            }
            #expect(try #require(destination.memory.load(UInt64.self, at: 0x8010_0000)) > count)
            destination.shutdown(byGuest: false, reason: .hostQmpQuit)
            source.shutdown(byGuest: false, reason: .hostQmpQuit)
        }
    }
}
