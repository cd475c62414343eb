import Testing

@testable import Machine

@Suite("The command line of qemu-system-riscv64")
struct MachineOptionsTests {
    private func parse(_ line: String) throws -> MachineConfiguration {
        try MachineOptions(parsing: line.split(separator: " ").map(String.init)).configuration
    }

    @Test("a machine is what its options say")
    func whole() throws {
        let machine = try parse(
            """
            -M virt,aclint=on -cpu rv64 -smp 4 -m 1G -name guest=duck -uuid 00112233-4455-6677-8899-aabbccddeeff \
            -nodefaults -display none -serial file:/tmp/out -kernel Image -append console=ttyS0 -S \
            -drive if=none,id=d0,format=raw,file=disk.img,readonly=on -device virtio-blk-device,drive=d0 \
            -netdev user,id=n0,hostfwd=tcp::2222-:22 -device virtio-net-device,netdev=n0,mac=52:54:00:00:00:01 \
            -chardev socket,id=c0,path=/tmp/c,server=on,wait=off -device virtio-serial-device \
            -device virtconsole,chardev=c0 -incoming tcp:127.0.0.1:4444 -pidfile p
            """)
        #expect(machine.hasACLINT)
        #expect(machine.harts == 4)
        #expect(machine.memorySize == 1 << 30)
        #expect(machine.name == "duck")
        #expect(machine.uuid.first == 0 && machine.uuid.last == 0xff)
        #expect(machine.serial == .file(path: "/tmp/out", append: false))
        #expect(machine.drives == [.init(id: "d0", path: "disk.img", isReadOnly: true)])
        #expect(machine.devices.count == 4)
        #expect(
            machine.networkBackends.first?.kind == .user(hostForwards: ["tcp::2222-:22"], restrict: false))
        #expect(machine.characters["c0"] == .unix(path: "/tmp/c", server: true, wait: false))
        #expect(machine.startsPaused)
        #expect(machine.incoming == "tcp:127.0.0.1:4444")
    }

    @Test(
        "sizes take suffixes, and MiB without one",
        arguments: [
            ("-m 128", UInt64(128) << 20), ("-m 1G", 1 << 30), ("-m size=2048M", 2 << 30),
            ("-m 65536K", 64 << 20),
        ])
    func sizes(line: String, bytes: UInt64) throws {
        #expect(try parse(line).memorySize == bytes)
    }

    @Test("the serial port is on the terminal unless something else was asked for")
    func serial() throws {
        #expect(try parse("-nographic").serial == .stdio)
        #expect(try parse("").serial == .stdio)
        #expect(try parse("-display none").serial == .null)
        #expect(try parse("-nodefaults").serial == .null)
        #expect(try parse("-serial none").serial == .null)
    }

    @Test("a doubled comma stands for itself")
    func commas() throws {
        #expect(try parse("-drive if=none,id=d,file=a,,b,format=raw").drives.first?.path == "a,b")
    }

    @Test("a block node on a file node has the file's path")
    func nodes() throws {
        let machine = try parse(
            "-blockdev driver=file,node-name=f,filename=x.img -blockdev driver=raw,node-name=r,file=f,read-only=on"
        )
        #expect(machine.drives.last == .init(id: "r", path: "x.img", isReadOnly: true))
    }

    static let mistakes: [(line: String, text: String)] = [
        ("-frobnicate", "-frobnicate: unknown option; 'martlet run --help' lists those that are known"),
        ("-m", "-m: requires an argument"),
        ("-m 3x", "-m: 'size=3x': expected a size such as 512M or 2G"),
        ("-m 0", "-m: RAM size must be a multiple of 4 KiB from 1 MiB to 1 TiB"),
        ("-m 99999999999999999999", "-m: 'size=99999999999999999999': expected a size such as 512M or 2G"),
        ("-smp 9", "-smp: 1 to 8 harts, not 9"),
        ("-smp 0", "-smp: 1 to 8 harts, not 0"),
        ("-smp 2,maxcpus=4", "-smp: 'maxcpus=4': harts cannot be added later"),
        ("-M sifive_u", "-M: 'sifive_u': only 'virt' is built"),
        ("-M virt,colour=red", "-M: unknown property 'colour'"),
        ("-M virt,aclint=perhaps", "-M: 'aclint=perhaps': expected 'on' or 'off'"),
        ("-cpu sifive-u54", "-cpu: 'sifive-u54': only 'rv64' is built"),
        ("-accel kvm", "-accel: 'kvm': only tcg (our own interpreter answers to it)"),
        ("-serial chardev:c", "-serial: there is no chardev 'c' before it"),
        ("-serial tty7", "-serial: 'tty7': not a character device"),
        ("-drive file=a,format=qcow2", "-drive: 'format=qcow2': only raw is built"),
        ("-device e1000", "-device: device 'e1000' is not built"),
        ("-device virtio-blk-device,drive=d", "-device virtio-blk-device: there is no drive 'd'"),
        ("-device virtio-net-device,netdev=n", "-device virtio-net-device: there is no netdev 'n'"),
        ("-netdev l2tpv3,id=n", "-netdev: type 'l2tpv3' is not built: user, socket and tap are"),
        ("-initrd x", "-initrd: only with -kernel"),
        ("-append x", "-append: only with -kernel"),
        ("-uuid nonsense", "-uuid: 'nonsense' is not a UUID"),
        ("-display gtk", "-display: 'gtk': there is no display, only 'none'"),
        ("-monitor stdio", "-monitor: the human monitor is not built yet; use -qmp, or -monitor none"),
        ("disk.img", "disk.img: a disk image without an option is not taken; use -drive file=disk.img"),
        ("-chardev null,id=a -chardev null,id=a", "-chardev: there is already a chardev 'a'"),
    ]

    @Test("what cannot be is said in one line", arguments: mistakes)
    func isRefused(line: String, text: String) {
        let error = #expect(throws: OptionError.self) { try parse(line) }
        #expect(error?.description.hasPrefix(text) == true, "\(error?.description ?? "no error")")
    }

    @Test("no option makes the parser trap, alone or with a strange value")
    func strange() {
        let options = [
            "-M", "-cpu", "-m", "-smp", "-drive", "-blockdev", "-device", "-netdev", "-object", "-chardev",
            "-mon",
            "-qmp", "-serial", "-name", "-uuid", "-global", "-incoming",
        ]
        for option in options {
            for value in [
                "", ",", "=", ",,,", "=,=", "id=", "{", "{}", "x=y=z", "\u{0}", "fd=99999999999", "🦆",
            ] {
                _ = try? MachineOptions(parsing: [option, value])
            }
        }
    }
}
