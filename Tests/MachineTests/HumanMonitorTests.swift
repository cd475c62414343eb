import Migration
import QAPI
import Testing

@testable import Machine

/// The monitor for people: what scripts send and look for, as recorded with QEMU 10.0.2 where it is the same.
@Suite("The monitor for people", .serialized)
struct HumanMonitorTests {
    private func run(_ line: String, _ commands: MachineCommands) async throws -> String {
        try await commands.humanMonitorCommand(.init(commandLine: line), descriptors: NoDescriptors())
    }

    static let lines: [(line: String, text: String)] = [
        ("", ""),
        ("info status", "VM status: paused (prelaunch)\r\n"),
        ("  info   name ", "board\r\n"),
        ("info uuid", "00112233-4455-6677-8899-aabbccddeeff\r\n"),
        ("info kvm", "kvm support: not compiled\r\n"),
        ("info cpus", "* CPU #0: thread_id=0\r\n  CPU #1: thread_id=0\r\n"),
        ("info version", "8.2.0 (martlet)\r\n"),
        ("info snapshots", "no block device can store vmstate for snapshot\r\n"),
        ("info xyz", "unknown command: 'info xyz'\r\n"),
        ("nosuch", "unknown command: 'nosuch'\r\n"),
        ("stop", ""),
        ("migrate_cancel", ""),
        ("savevm x", "Error: no block device can store vmstate for snapshot\r\n"),
        ("loadvm x", "Error: no block device can store vmstate for snapshot\r\n"),
        ("delvm \"a b\"", "Error: no block device can store vmstate for snapshot\r\n"),
        ("migrate", "migrate: string expected\r\nTry \"help migrate\" for more information\r\n"),
        ("migrate -d", "migrate: string expected\r\nTry \"help migrate\" for more information\r\n"),
        ("migrate -x y", "migrate: unsupported option -x\r\nTry \"help migrate\" for more information\r\n"),
        ("migrate -d bogus:1", "Error: unknown migration protocol: bogus:1\r\n"),
        ("migrate -d fd:none", "Error: File descriptor named 'none' has not been found\r\n"),
        ("migrate_incoming tcp:0:0", "Error: '-incoming' was not specified on the command line\r\n"),
        (
            "migrate_recover tcp:0:0",
            "Error: The command migrate-recover is known but not built in this version of Martlet\r\n"
        ),
        ("migrate_set_capability events on", ""),
        ("migrate_set_capability nope on", "Error: invalid parameter value: nope\r\n"),
        (
            "migrate_set_capability events maybe",
            "migrate_set_capability: Expected 'on' or 'off'\r\n"
                + "Try \"help migrate_set_capability\" for more information\r\n"
        ),
        ("migrate_set_parameter nope 1", "Error: invalid parameter value: nope\r\n"),
        (
            "migrate_set_parameter announce-step 0",
            "Error: Parameter 'announce_step' expects a value between 0 and 10000\r\n"
        ),
        (
            "migrate_set_parameter downtime-limit x",
            "Error: Parameter 'downtime-limit' expects a number\r\n"
        ),
        ("memsave 0 16", "memsave: string expected\r\nTry \"help memsave\" for more information\r\n"),
        ("memsave zz", "memsave: number expected\r\nTry \"help memsave\" for more information\r\n"),
        (
            "cont now",
            "cont: extraneous characters at the end of line\r\nTry \"help cont\" for more information\r\n"
        ),
        ("savevm \"a", "Error: no block device can store vmstate for snapshot\r\n"),
        ("migrate_set_capability \"a", "unterminated string literal\r\n"),
        ("help stop", "stop|s -- stop the harts\r\n"),
        ("help nosuch", "unknown command: 'nosuch'\r\n"),
    ]

    @Test("a line is answered as scripts expect", arguments: lines)
    func line(_ line: String, _ text: String) async throws {
        let commands = try MachineCommands.stopped([
            "-smp", "2", "-name", "board", "-uuid", "00112233-4455-6677-8899-aabbccddeeff",
        ])
        defer { commands.machine.shutdown(byGuest: false, reason: .hostQmpQuit) }
        #expect(try await run(line, commands) == text)
    }

    @Test("run control is QMP's")
    func runControl() async throws {
        let commands = try MachineCommands.stopped()
        defer { commands.machine.shutdown(byGuest: false, reason: .hostQmpQuit) }
        #expect(try await run("c", commands) == "")
        #expect(try await run("info status", commands) == "VM status: running\r\n")
        #expect(try await run("stop", commands) == "")
        #expect(try await run("info status", commands) == "VM status: paused\r\n")
        #expect(try await run("system_reset", commands) == "")
        #expect(commands.machine.runState == .prelaunch)
    }

    @Test("a parameter is set from text and told with its unit")
    func parameters() async throws {
        let commands = try MachineCommands.stopped()
        defer { commands.machine.shutdown(byGuest: false, reason: .hostQmpQuit) }
        for (line, told) in [
            ("max-bandwidth 32M", "max-bandwidth: 33554432 bytes/second\r\n"),
            ("max-bandwidth 3", "max-bandwidth: 3145728 bytes/second\r\n"),
            ("downtime-limit 1000", "downtime-limit: 1000 ms\r\n"),
            ("announce-rounds 0", "announce-rounds: 0\r\n"),
            ("x-martlet-dialect qemu-7.2", "x-martlet-dialect: qemu-7.2\r\n"),
        ] {
            #expect(try await run("migrate_set_parameter \(line)", commands) == "")
            #expect(try await run("info migrate_parameters", commands).contains(told))
        }
        let capabilities = try await run("info migrate_capabilities", commands)
        #expect(capabilities.contains("events: off\r\n") && capabilities.contains("return-path: off\r\n"))
    }

    @Test("registers are those of the hart that was asked for")
    func registers() async throws {
        let commands = try MachineCommands.stopped(["-smp", "2"])
        defer { commands.machine.shutdown(byGuest: false, reason: .hostQmpQuit) }
        let text = try await commands.humanMonitorCommand(
            .init(commandLine: "info registers", cpuIndex: 1), descriptors: NoDescriptors())
        #expect(text.hasPrefix("\r\nCPU#1\r\n pc       0000000000001000\r\n mhartid  0000000000000001\r\n"))
        #expect(text.contains(" x0/zero  0000000000000000 x1/ra    0000000000000000"))
        let all = try await run("info registers -a", commands)
        #expect(all.contains("CPU#0") && all.contains("CPU#1"))
        await #expect(throws: QAPIError.generic("Parameter 'cpu-index' expects a CPU number")) {
            try await commands.humanMonitorCommand(
                .init(commandLine: "info status", cpuIndex: 2), descriptors: NoDescriptors())
        }
    }

    @Test("the state of a migration is laid out for scripts")
    func migration() {
        #expect(
            MigrationInfo().humanText
                == "globals:\nstore-global-state: on\nonly-migratable: off\nsend-configuration: on\n"
                + "send-section-footer: on\n")
        let ram = MigrationStats(
            transferred: 2048, remaining: 0, total: 1 << 20, duplicate: 3, skipped: 0, normal: 4,
            normalBytes: 16384, dirtyPagesRate: 0, mbps: 12.345, dirtySyncCount: 2, postcopyRequests: 0,
            pageSize: 4096, multifdBytes: 0, pagesPerSecond: 7, precopyBytes: 4096, downtimeBytes: 0,
            postcopyBytes: 0, dirtySyncMissedZeroCopy: 0)
        let text = MigrationInfo(
            status: .completed, ram: ram, totalTime: 20, downtime: 3, setupTime: 1, errorDesc: "why"
        ).humanText
        for line in [
            "Migration status: completed (why)", "total time: 20 ms", "downtime: 3 ms", "setup: 1 ms",
            "transferred ram: 2 kbytes", "throughput: 12.35 mbps", "total ram: 1024 kbytes",
            "duplicate: 3 pages",
            "normal bytes: 16 kbytes", "dirty sync count: 2", "page size: 4 kbytes", "precopy ram: 4 kbytes",
        ] {
            #expect(text.contains(line + "\n"), "\(line)")
        }
        let addresses = MigrationInfo(
            status: .setup, socketAddress: [.inet(.init(host: "::", port: "4444")), .unix(.init(path: "/a"))])
        #expect(addresses.humanText.hasSuffix("socket address: [\n\ttcp:[::]:4444\n\tunix:/a\n]\n"))
    }
}
