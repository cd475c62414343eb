import Glibc
import GuestMemory
import Migration
import QAPI
import RISCV
import Synchronization
import Testing

@testable import Machine

/// Commands on a machine that nobody talks to: what they do in each run state, and what they answer.
@Suite("Commands of a machine", .serialized)
struct MachineCommandsTests {
    private func machine(_ extra: [String] = []) throws -> (VirtualMachine, MachineCommands) {
        let machine = try VirtualMachine(
            MachineOptions(
                parsing: ["-nodefaults", "-display", "none", "-m", "16M", "-bios", "none", "-S"] + extra
            ).configuration)
        return (machine, MachineCommands(machine, controller: MigrationController(machine)))
    }

    struct RunStateCase: Sendable, CustomTestStringConvertible {
        var state: RunState
        var command: String
        /// The state afterwards, or the error.
        var result: Result<RunState, QAPIError>
        var testDescription: String { "\(command) in \(state.rawValue)" }

        init(_ state: RunState, _ command: String, _ after: RunState) {
            (self.state, self.command, result) = (state, command, .success(after))
        }

        init(_ state: RunState, _ command: String, error: String) {
            (self.state, self.command, result) = (state, command, .failure(.generic(error)))
        }
    }

    static let runStates: [RunStateCase] = [
        .init(.prelaunch, "stop", .prelaunch),
        .init(.prelaunch, "cont", .running),
        .init(.prelaunch, "system_reset", .prelaunch),
        .init(.inmigrate, "stop", .inmigrate),
        .init(.inmigrate, "cont", .inmigrate),
        .init(.inmigrate, "system_reset", .inmigrate),
        .init(.paused, "stop", .paused),
        .init(.paused, "cont", .running),
        .init(.paused, "system_reset", .prelaunch),
        .init(.ioError, "cont", .running),
        .init(.finishMigrate, "stop", .finishMigrate),
        .init(.finishMigrate, "cont", error: "Migration is not finalized yet"),
        .init(.finishMigrate, "system_reset", error: "Migration is not finalized yet"),
        .init(.postmigrate, "stop", .postmigrate),
        .init(.postmigrate, "cont", .running),
        .init(.postmigrate, "system_reset", .prelaunch),
        .init(.shutdown, "stop", .shutdown),
        .init(.shutdown, "cont", error: "Resetting the Virtual Machine is required"),
        .init(.shutdown, "system_reset", .prelaunch),
        .init(.internalError, "cont", error: "Resetting the Virtual Machine is required"),
    ]

    @Test("run control keeps to the state", arguments: runStates)
    func runState(_ test: RunStateCase) async throws {
        let (machine, commands) = try machine()
        machine.setState(test.state)
        let result: Result<RunState, QAPIError>
        do throws(QAPIError) {
            switch test.command {
            case "stop": try await commands.stop()
            case "cont": try await commands.cont()
            default: try await commands.systemReset()
            }
            result = .success(machine.runState)
        } catch {
            result = .failure(error)
        }
        #expect(result == test.result)
        machine.shutdown(byGuest: false, reason: .hostQmpQuit)
    }

    struct SaveCase: Sendable, CustomTestStringConvertible {
        var isVirtual: Bool
        var address: UInt64
        var size: UInt64
        var file = "saved"
        var hart: Int64?
        /// FILE stands for the path.
        var error: String?
        var testDescription: String { "\(isVirtual ? "memsave" : "pmemsave") \(size) at \(address)" }
    }

    /// As QEMU 10.0.2 answers, with RAM of 16 MiB.
    static let saves: [SaveCase] = [
        .init(isVirtual: true, address: 0x8000_0000, size: 4096),
        .init(isVirtual: true, address: 0x8000_0ffe, size: 4),
        .init(isVirtual: true, address: 0x8000_0000, size: 0),
        .init(isVirtual: true, address: 0x8000_0000, size: 16, hart: 1),
        .init(
            isVirtual: true, address: 0x8000_0000, size: 16, hart: 7,
            error: "Parameter 'cpu-index' expects a CPU number"),
        .init(
            isVirtual: true, address: 0x8000_0000, size: 16, hart: -1,
            error: "Parameter 'cpu-index' expects a CPU number"),
        .init(
            isVirtual: true, address: 0x80ff_f000, size: 8192,
            error: "Invalid addr 0x0000000080fff000/size 8192 specified"),
        .init(
            isVirtual: true, address: 0x1000_0000, size: 16,
            error: "Invalid addr 0x0000000010000000/size 16 specified"),
        .init(
            isVirtual: true, address: 0xffff_0000_0000_0000, size: 4096,
            error: "Invalid addr 0xffff000000000000/size 4096 specified"),
        .init(
            isVirtual: true, address: 0x8000_0000, size: 16, file: "none/saved",
            error: "Could not open 'FILE': No such file or directory"),
        .init(isVirtual: false, address: 0x8000_0000, size: 3 << 20),
        .init(isVirtual: false, address: 0x80ff_f800, size: 8192),
        .init(isVirtual: false, address: 0x2000_0000, size: 64),
        .init(isVirtual: false, address: .max - 15, size: 32),
        .init(
            isVirtual: false, address: 0, size: 16, file: "none/saved",
            error: "Could not open 'FILE': No such file or directory"),
    ]

    @Test("memory is saved to a file, or it is said why not", arguments: saves)
    func memorySaved(_ test: SaveCase) async throws {
        let (machine, commands) = try machine(["-smp", "2"])
        defer { machine.shutdown(byGuest: false, reason: .hostQmpQuit) }
        let start: UInt64 = 0x8000_0000
        let pattern = (0..<(3 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 12) }
        machine.memory.write(pattern, at: start)
        let path = "/tmp/martlet-save-\(getpid())-\(UInt32.random(in: 0...(.max)))-\(test.file)"
        defer { unsafe unlink(path) }
        var error: QAPIError?
        do throws(QAPIError) {
            if test.isVirtual {
                try await commands.memsave(
                    MemsaveArguments(
                        val: test.address, size: test.size, filename: path, cpuIndex: test.hart))
            } else {
                try await commands.pmemsave(
                    PmemsaveArguments(val: test.address, size: test.size, filename: path))
            }
        } catch let thrown {
            error = thrown
        }
        let parts = test.error?.split(separator: "FILE", omittingEmptySubsequences: false)
        let text = parts?.joined(separator: path)
        #expect(error == text.map { .generic($0) })
        if test.error == nil {
            let expected = (0..<test.size).map { offset in
                let position = test.address &+ offset &- start
                return position < UInt64(pattern.count) ? pattern[Int(position)] : 0
            }
            #expect(contents(path) == expected)
        }
    }

    private func contents(_ path: String) -> [UInt8] {
        guard let file = unsafe fopen(path, "r") else { return [] }
        defer { unsafe fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 4 << 20)
        let count = unsafe fread(&bytes, 1, bytes.count, file)
        return Array(bytes[..<count])
    }

    @Test("character devices are told with where they lead")
    func characterDevices() async throws {
        let path = "/tmp/martlet-chardev-\(getpid()).sock"
        defer { unsafe unlink(path) }
        let (machine, commands) = try machine([
            "-serial", "chardev:t", "-chardev", "pty,id=t", "-chardev", "null,id=n", "-qmp",
            "unix:q,server=on,wait=off",
            "-chardev", "socket,id=s,path=\(path),server=on,wait=off", "-device", "virtio-serial-device",
            "-device",
            "virtconsole,chardev=s",
        ])
        defer { machine.shutdown(byGuest: false, reason: .hostQmpQuit) }
        let terminal = try #require(machine.terminals.first)
        #expect(terminal.label == "t")
        #expect(unsafe access(terminal.path, R_OK | W_OK) == 0)
        #expect(
            try await commands.queryChardev() == [
                .init(label: "t", filename: "pty:\(terminal.path)", frontendOpen: true),
                .init(label: "s", filename: "disconnected:unix:\(path),server=on", frontendOpen: true),
                .init(label: "compat_monitor0", filename: "unix:q,server=on", frontendOpen: true),
                .init(label: "n", filename: "null", frontendOpen: false),
            ])
    }

    @Test("memory is saved without anybody hearing of it")
    func savesQuietly() async throws {
        let (machine, commands) = try machine()
        let events = EventLog()
        machine.setEventSink { events.add($0) }
        machine.resume()
        let path = "/tmp/martlet-save-\(getpid())-quiet"
        try await commands.memsave(MemsaveArguments(val: 0x8000_0000, size: 64, filename: path))
        #expect(machine.runState == .running)
        #expect(events.all == [.resume])
        machine.shutdown(byGuest: false, reason: .hostQmpQuit)
        unsafe unlink(path)
    }

    @Test("harts are told as QEMU tells them")
    func harts() async throws {
        let (machine, commands) = try machine(["-smp", "2"])
        // A hart has no thread before it first runs.
        machine.resume()
        for _ in 0..<120_000 where machine.board.harts.contains(where: { $0.threadID == 0 }) { usleep(1000) }
        let harts = try await commands.queryCpusFast()
        #expect(harts.map(\.cpuIndex) == [0, 1])
        #expect(harts.map(\.qomPath) == ["/machine/soc0/harts[0]", "/machine/soc0/harts[1]"])
        #expect(harts.map(\.props) == [CpuInstanceProperties(coreId: 0), CpuInstanceProperties(coreId: 1)])
        #expect(Set(harts.map(\.threadId)).count == 2)
        machine.shutdown(byGuest: false, reason: .hostQmpQuit)
    }

    @Test("capabilities: what is not built is refused, and nothing else of the request is done")
    func capabilities() async throws {
        let (machine, commands) = try machine()
        defer { machine.shutdown(byGuest: false, reason: .hostQmpQuit) }
        let missing = try #require(MigrationCapability.allCases.first { !$0.isBuilt })
        let refused = QAPIError.generic(
            "The capability '\(missing.rawValue)' is known but not built in this version of Martlet")
        await #expect(throws: refused) {
            try await commands.migrateSetCapabilities(
                .init(capabilities: [
                    .init(capability: .events, state: true), .init(capability: missing, state: true),
                ]))
        }
        #expect(try await commands.queryMigrateCapabilities().allSatisfy { !$0.state })
        // The last word counts, and what is not built may be off.
        try await commands.migrateSetCapabilities(
            .init(capabilities: [
                .init(capability: missing, state: false), .init(capability: .events, state: false),
                .init(capability: .events, state: true),
            ]))
        let now = try await commands.queryMigrateCapabilities()
        #expect(now.filter(\.state) == [.init(capability: .events, state: true)])
        #expect(now.contains(.init(capability: .multifd, state: false)))
        #expect(!now.contains { $0.capability == missing })
    }

    @Test("parameters: one wrong value and nothing is changed")
    func parameters() async throws {
        let (machine, commands) = try machine()
        defer { machine.shutdown(byGuest: false, reason: .hostQmpQuit) }
        let cases: [(MigrateSetParameters, String)] = [
            (
                .init(maxBandwidth: 1, downtimeLimit: 2_000_001),
                "Parameter 'downtime_limit' expects an integer in the range of 0 to (2000 * 1000) ms"
            ),
            (
                .init(announceInitial: 100_001, maxBandwidth: 1),
                "Parameter 'announce_initial' expects a value between 0 and 100000"
            ),
            (
                .init(announceMax: 100_001, maxBandwidth: 1),
                "Parameter 'announce_max' expects a value between 0 and 100000"
            ),
            (
                .init(announceRounds: 1001, maxBandwidth: 1),
                "Parameter 'announce_rounds' expects a value between 0 and 1000"
            ),
            (
                .init(announceStep: 0, maxBandwidth: 1),
                "Parameter 'announce_step' expects a value between 0 and 10000"
            ),
        ]
        for (arguments, text) in cases {
            await #expect(throws: QAPIError.generic(text)) {
                try await commands.migrateSetParameters(arguments)
            }
        }
        #expect(try await commands.queryMigrateParameters().maxBandwidth == 128 << 20)
        try await commands.migrateSetParameters(
            .init(announceRounds: 0, maxBandwidth: .max, availSwitchoverBandwidth: .max, downtimeLimit: 0))
        #expect(try await commands.queryMigrateParameters().maxBandwidth == .max)
    }
}

/// What a machine has told.
private final class EventLog: Sendable {
    private let events = Mutex<[VirtualMachine.Event]>([])
    var all: [VirtualMachine.Event] { events.withLock { $0 } }
    func add(_ event: VirtualMachine.Event) { events.withLock { $0.append(event) } }
}
