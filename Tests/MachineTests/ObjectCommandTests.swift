import Glibc
import Migration
import QAPI
import Testing

@testable import Machine

/// What management programs ask before and after they start a guest.
@Suite("What there is, told to management programs", .serialized)
struct ObjectCommandTests {
    private func disk() throws -> String {
        let path = "/tmp/martlet-objects-\(getpid())-\(UInt32.random(in: 0...(.max)))"
        guard let file = unsafe fopen(path, "w") else { throw OptionError("test", "no file") }
        unsafe fclose(file)
        unsafe truncate(path, 1 << 20)
        return path
    }

    @Test("every command that the schema calls built is done")
    func everyCommand() async throws {
        let commands = try MachineCommands.stopped()
        for name in CommandName.allCases where name.isBuilt && !name.isAnsweredByMonitor && name != .quit {
            do {
                _ = try await name.run([:], by: commands, descriptors: NoDescriptors())
            } catch {
                #expect(error.errorClass != .commandNotFound, "\(name.rawValue)")
            }
        }
        try await commands.quit()
    }

    @Test("what a type is said to take, -device and -object take")
    func properties() throws {
        let values = [
            "drive": "d", "serial": "s", "num-queues": "1", "logical_block_size": "512",
            "physical_block_size": "512", "write-cache": "on", "share-rw": "off", "netdev": "n",
            "mac": "52:54:00:12:34:56", "mq": "off", "host_mtu": "0", "rng": "r", "max-bytes": "",
            "period": "", "deflate-on-oom": "off", "free-page-reporting": "off", "max_ports": "31",
            "chardev": "c", "name": "p", "nr": "3", "addr": "4", "disable-legacy": "on",
            "disable-modern": "off", "bootindex": "1",
        ]
        let before = [
            "-chardev", "null,id=c", "-object", "rng-random,id=r", "-netdev", "user,id=n", "-drive",
            "if=none,id=d,format=raw,file=x", "-device", "virtio-serial-device",
        ]
        var seen = 0
        for entry in TypeCatalogue.entries
        where TypeCatalogue.descends(entry, from: "device") && !entry.isAbstract
            && entry.name.hasPrefix("virt")
        {
            for property in entry.properties {
                let value = try #require(values[property.name], "\(entry.name).\(property.name)")
                // Limits and queues have no value that is taken everywhere.
                if value.isEmpty || property.name == "num-queues" && entry.name.hasSuffix("-pci") { continue }
                var text = "\(entry.name),\(property.name)=\(value)"
                if property.name != "drive", entry.name.hasPrefix("virtio-blk") { text += ",drive=d" }
                if property.name != "chardev", entry.name.hasPrefix("virtcon") || entry.name.hasSuffix("port")
                {
                    text += ",chardev=c"
                }
                #expect(throws: Never.self, "\(text)") {
                    try MachineOptions(parsing: before + ["-device", text])
                }
                seen += 1
            }
        }
        #expect(seen > 30)
    }

    @Test("a machine for asking has neither harts nor devices")
    func none() async throws {
        let commands = try MachineCommands.stopped([
            "-S", "-no-user-config", "-nographic", "-machine", "none,accel=kvm:tcg",
        ])
        defer { commands.machine.shutdown(byGuest: false, reason: .hostQmpQuit) }
        #expect(try await commands.queryCpusFast() == [])
        #expect(try await commands.queryTarget().arch == .riscv64)
        #expect(try await commands.queryKvm() == KvmInfo(enabled: false, present: false))
        #expect(try await commands.queryMachines().map(\.name) == ["none", "virt"])
        #expect(try await commands.qomList(.init(path: "/machine")).map(\.name) == ["type", "peripheral"])
        #expect(try await commands.qomGet(.init(path: "/machine", property: "type")) == "none-machine")
        try await commands.systemReset()
        #expect(throws: OptionError.self) {
            try MachineOptions(parsing: ["-machine", "none", "-device", "virtio-rng-device"])
        }
    }

    @Test("types are told with what they descend from")
    func types() async throws {
        let commands = try MachineCommands.stopped()
        defer { commands.machine.shutdown(byGuest: false, reason: .hostQmpQuit) }
        let all = try await commands.qomListTypes(.init()).map(\.name)
        // What a management program looks for.
        for name in ["tcg-accel", "virtio-mmio", "virtio-blk-device", "memory-backend-file", "virt-machine"] {
            #expect(all.contains(name), "\(name)")
        }
        #expect(!all.contains("virtio-device") && !all.contains("gpex-pcihost") && !all.contains("iothread"))
        let withAbstract = try await commands.qomListTypes(
            .init(implements: "memory-backend", abstract: true))
        #expect(
            withAbstract.map(\.name) == [
                "memory-backend", "memory-backend-ram", "memory-backend-file", "memory-backend-memfd",
            ])
        #expect(withAbstract.map(\.abstract) == [true, nil, nil, nil])
        #expect(
            try await commands.qomListProperties(.init(typename: "none-machine")).map(\.name) == ["type"])
        #expect(
            try await commands.deviceListProperties(.init(typename: "virtio-serial-device")).map(\.name)
                == ["max_ports"])
        for (name, error) in [
            ("nosuch", QAPIError(.deviceNotFound, "Device 'nosuch' not found")),
            ("virtio-device", .generic("Parameter 'typename' expects a non-abstract device type")),
            ("secret", .generic("Parameter 'typename' expects a non-abstract device type")),
        ] {
            await #expect(throws: error) { try await commands.deviceListProperties(.init(typename: name)) }
        }
        let options = try await commands.queryCommandLineOptions(.init()).map(\.option)
        #expect(options.contains("machine") && options.contains("blockdev") && !options.contains("sandbox"))
        await #expect(throws: QAPIError.generic("invalid option name: x")) {
            try await commands.queryCommandLineOptions(.init(option: "x"))
        }
    }

    @Test("devices are found by their ids, and what they are is told")
    func peripherals() async throws {
        let path = try disk()
        defer { unsafe unlink(path) }
        let commands = try MachineCommands.stopped([
            "-m", "16M", "-object", "memory-backend-ram,id=m,size=16M", "-chardev", "null,id=c",
            "-blockdev", #"{"driver":"file","filename":"\#(path)","node-name":"low"}"#,
            "-blockdev", #"{"driver":"raw","file":"low","node-name":"high","read-only":true}"#,
            "-device", "virtio-blk-device,drive=high,id=disk0", "-device", "virtio-balloon-pci,id=b0",
            "-device", "virtio-serial-device,id=v", "-device", "virtconsole,chardev=c,id=p",
        ])
        defer { commands.machine.shutdown(byGuest: false, reason: .hostQmpQuit) }
        let found = try await commands.qomList(.init(path: "/machine/peripheral"))
        #expect(
            found.map { "\($0.name) \($0.type)" } == [
                "type string", "disk0 child<virtio-blk-device>", "b0 child<virtio-balloon-pci>",
                "v child<virtio-serial-device>", "p child<virtconsole>",
            ])
        #expect(
            try await commands.qomGet(.init(path: "/machine/peripheral", property: "disk0"))
                == "/machine/peripheral/disk0")
        #expect(try await commands.qomGet(.init(path: "/objects/m", property: "size")) == 16_777_216)
        await #expect(throws: QAPIError(.deviceNotFound, "Device '/machine/peripheral/x' not found")) {
            try await commands.qomList(.init(path: "/machine/peripheral/x"))
        }
        await #expect(throws: QAPIError.generic("Property 'virtio-blk-device.x' not found")) {
            try await commands.qomGet(.init(path: "/machine/peripheral/disk0", property: "x"))
        }

        // The disk.
        let block = try await commands.queryBlock()
        #expect(block.map(\.qdev) == ["disk0"])
        #expect(block.first?.inserted?.nodeName == "high")
        #expect(block.first?.inserted?.ro == true)
        #expect(block.first?.inserted?.image.virtualSize == 1 << 20)
        let nodes = try await commands.queryNamedBlockNodes(.init())
        #expect(nodes.map(\.nodeName) == ["high", "low"] && nodes.map(\.drv) == ["raw", "file"])
        #expect(try await commands.queryBlockstats(.init()).map(\.nodeName) == ["high"])
        #expect(try await commands.queryBlockstats(.init(queryNodes: true)).count == 2)

        // The balloon.
        #expect(try await commands.queryBalloon().actual == 16 << 20)
        try await commands.balloon(.init(value: 8 << 20))
        await #expect(throws: QAPIError.generic("Parameter 'target' expects a size")) {
            try await commands.balloon(.init(value: -1))
        }
        let place = "/machine/peripheral/b0"
        let statistics = try await commands.qomGet(.init(path: place, property: "guest-stats"))
        #expect(statistics["last-update"] == 0)
        #expect(statistics["stats"]?["stat-total-memory"] == JSONValue(UInt64.max))
        try await commands.qomSet(.init(path: place, property: "guest-stats-polling-interval", value: 2))
        #expect(
            try await commands.qomGet(.init(path: place, property: "guest-stats-polling-interval")) == 2)
        await #expect(throws: QAPIError.generic("Insufficient permission to perform this operation")) {
            try await commands.qomSet(.init(path: place, property: "guest-stats", value: 2))
        }
    }

    @Test("without a balloon there is none")
    func noBalloon() async throws {
        let commands = try MachineCommands.stopped()
        defer { commands.machine.shutdown(byGuest: false, reason: .hostQmpQuit) }
        await #expect(throws: QAPIError(.deviceNotActive, "No balloon device has been activated")) {
            try await commands.queryBalloon()
        }
    }

    @Test("a terminal is told by its chardev's label")
    func terminals() async throws {
        let commands = try MachineCommands.stopped([
            "-m", "16M", "-chardev", "pty,id=charserial0", "-serial", "chardev:charserial0",
        ])
        defer { commands.machine.shutdown(byGuest: false, reason: .hostQmpQuit) }
        let all = try await commands.queryChardev()
        #expect(all.map(\.label) == ["charserial0"])
        #expect(all.first?.filename.hasPrefix("pty:/dev/pts/") == true)
    }
}
