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
        #expect(machine.devices[0].kind == .block(drive: "d0", serial: ""))
        #expect(machine.devices[1].kind == .network(netdev: "n0", mac: [0x52, 0x54, 0, 0, 0, 1], rom: nil))
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
        #expect(machine.drives.last == .init(id: "r", path: "x.img", isReadOnly: true, isNode: true))
    }

    static let mistakes: [(line: String, text: String)] = [
        ("-frobnicate", "-frobnicate: unknown option; 'martlet run --help' lists those that are known"),
        (
            "-kernal Image",
            "-kernal: unknown option; did you mean '-kernel'?; 'martlet run --help' lists those that are known"
        ),
        (
            "-hda x",
            "-hda: an option of QEMU that the board has no drive for; use -drive and -device virtio-blk-device"
        ),
        ("-icount 1", "-icount: an option of QEMU that is not built: no debugger, trace or replay"),
        ("-m", "-m: requires an argument"),
        ("-m 3x", "-m: 'size=3x': expected a size such as 512M or 2G"),
        ("-m 0", "-m: RAM size must be a multiple of 4 KiB from 1 MiB to 1 TiB"),
        ("-m 99999999999999999999", "-m: 'size=99999999999999999999': expected a size such as 512M or 2G"),
        ("-m 1G,slots=2", "-m: 'slots=2': memory cannot be added later; it can be 0"),
        ("-m 1G,maxmem=2G", "-m: 'maxmem' is not 'size': memory cannot be added later"),
        ("-smp 9", "-smp: 1 to 8 harts, not 9"),
        ("-smp 0", "-smp: 1 to 8 harts, not 0"),
        ("-smp 2,maxcpus=4", "-smp: 'maxcpus=4': harts cannot be added later"),
        ("-smp 2,dies=2", "-smp: 'dies=2': the board has sockets, cores and threads; it can be 1"),
        ("-smp 2,sockets=3", "-smp: sockets, cores and threads make 3 harts, but there are 2"),
        (
            "-smp 4,sockets=2,cores=1,threads=1",
            "-smp: sockets, cores and threads make 2 harts, but there are 4"
        ),
        ("-smp 4,cores=0", "-smp: 'cores=0': 1 to 8"),
        ("-M sifive_u", "-M: 'sifive_u': only 'virt' is built"),
        ("-M vrit", "-M: 'vrit': only 'virt' is built; did you mean 'virt'?"),
        ("-M virt,colour=red", "-M: unknown property 'colour'"),
        ("-M virt,aclnit=on", "-M: unknown property 'aclnit'; did you mean 'aclint'?"),
        ("-M virt,aclint=perhaps", "-M: 'aclint=perhaps': expected 'on' or 'off'"),
        ("-M virt,aia=aplic", "-M: 'aia=aplic': there is a PLIC; it can be none"),
        (
            "-M virt,acpi=on",
            "-M: 'acpi=on': no ACPI tables are made; the guest has its device tree; it can be auto or off"
        ),
        ("-M virt,usb=on", "-M: 'usb=on': there is no USB"),
        ("-M virt,memory-backend=m", "-machine: 'memory-backend=m': there is no such memory backend"),
        (
            "-M virt,memory-backend=m -object memory-backend-ram,id=m,size=64M -m 128M",
            "-machine: 'memory-backend=m': it has 67108864 bytes, but -m says 134217728"
        ),
        ("-M virt,pflash0=p", "-machine: 'pflash0=p': there is no such node"),
        ("-cpu sifive-u54", "-cpu: 'sifive-u54': only 'rv64' is built"),
        ("-cpu rv64,v=on", "-cpu: 'v=on': the hart does not have it"),
        ("-cpu rv64,sstc=off", "-cpu: 'sstc=off': the hart always has it"),
        ("-cpu rv64,sv57=off", "-cpu: 'sv57=off': the hart always has it"),
        (
            "-cpu rv64,cbom_blocksize=32",
            "-cpu: 'cbom_blocksize=32': the hart's blocks have 64 bytes; it can be 64"
        ),
        ("-cpu rv64,pmu-num=3", "-cpu: unknown property 'pmu-num'"),
        ("-accel kvm", "-accel: 'kvm': only tcg (our own interpreter answers to it)"),
        ("-accel tcg,thread=single", "-accel: 'thread=single': every hart has a thread; it can be multi"),
        (
            "-rtc base=yesterday",
            "-rtc: 'base=yesterday': expected utc, localtime, or a date as 2006-06-17 or 2006-06-17T16:01:21"
        ),
        ("-rtc base=2025-02-29", "-rtc: 'base=2025-02-29': expected utc, localtime"),
        ("-boot menu=on", "-boot: 'menu=on': there is no boot menu"),
        ("-boot order=1", "-boot: 'order=1': drives are letters from a to p"),
        ("-action reboot=sleep", "-action: 'reboot=sleep': expected reset or shutdown"),
        ("-msg timestamp=later", "-msg: 'timestamp=later': expected 'on' or 'off'"),
        ("-sandbox on", "-sandbox: 'enable=on': no system call filter is built"),
        (
            "-overcommit mem-lock=on",
            "-overcommit: 'mem-lock=on': guest memory cannot be locked"
        ),
        ("-audiodev alsa,id=a", "-audiodev: 'driver=alsa': there is no sound; it can be none"),
        ("-global virtio-mmio.force=on", "-global: unknown property 'virtio-mmio.force'"),
        ("-serial chardev:c", "-serial: there is no chardev 'c'"),
        ("-serial tty7", "-serial: 'tty7': not a character device that is built"),
        ("-serial stdoi", "-serial: 'stdoi': not a character device that is built; did you mean 'stdio'?"),
        ("-serial tcp:4444", "-serial: 'tcp:4444': no port"),
        ("-serial unix:a,server=on,colour=1", "-serial: unknown property 'colour'"),
        ("-serial stdio -serial null -serial pty", "-serial: the board has one serial port"),
        ("-chardev null", "-chardev: needs 'id='"),
        (
            "-chardev ringbuf,id=r",
            "-chardev: backend 'ringbuf' is not built: null, stdio, pty, file, socket are"
        ),
        ("-chardev file,id=f", "-chardev: needs 'path='"),
        ("-chardev socket,id=s", "-chardev: needs 'port='"),
        ("-chardev socket,id=s,path=p,wait=off", "-chardev: 'wait=' is for a server"),
        (
            "-chardev socket,id=s,fd=99999999999",
            "-chardev: 'fd=99999999999': expected the number of an open file descriptor"
        ),
        (
            "-chardev socket,id=s,path=p,telnet=on",
            "-chardev: 'telnet=on': only plain sockets are built"
        ),
        (
            "-chardev null,id=a,logfile=l",
            "-chardev: 'logfile=' is not built; have the chardev itself write a file"
        ),
        ("-chardev null,id=a -chardev null,id=a", "-chardev: there is already a chardev 'a'"),
        (
            "-chardev null,id=a -serial chardev:a -mon chardev=a,mode=control",
            "-chardev: 'a' is used twice; it can have one user"
        ),
        (
            "-serial stdio -qmp stdio",
            "stdio: standard input and output have two users, 'serial0' among them; give one of them"
        ),
        ("-serial tcp:127.0.0.1:99999", "-serial: port 99999 is not from 0 to 65535"),
        ("-chardev socket,id=c,host=h,port=-1", "-chardev: port -1 is not from 0 to 65535"),
        ("-qmp unix:,server=on", "-qmp: a unix socket needs a path"),
        ("-nographic -daemonize", "-daemonize: there is no standard input and output in the background"),
        ("-mon chardev=c,mode=control", "-mon: there is no chardev 'c'"),
        ("-mon chardev=c,mode=loud", "-mon: 'mode=loud': expected 'control' or 'readline'"),
        ("-monitor stdio", "-monitor: a prompt is not built; human-monitor-command over -qmp does the same"),
        ("-daemonize -serial stdio", "-daemonize: there is no standard input and output in the background"),
        ("-daemonize -qmp stdio", "-daemonize: there is no standard input and output in the background"),
        ("-drive file=a,format=qcow2", "-drive: 'format=qcow2': not built; it can be raw"),
        ("-drive if=none,id=d", "-drive: needs 'file='; a drive without a medium is not built"),
        ("-drive file=a,if=ide", "-drive: 'if=ide': none, virtio or pflash"),
        ("-drive file=a,if=pflash,unit=2", "-drive: the board has two flash chips"),
        ("-drive file=a,snapshot=on", "-drive: 'snapshot=on': not built"),
        ("-drive file=a,if=none,id=d -drive file=b,if=none,id=d", "-drive: there is already a drive 'd'"),
        (
            "-drive file=a,if=pflash,unit=0 -drive file=b,if=pflash,unit=0",
            "-drive: flash chip 0 has a drive already"
        ),
        ("-pflash a -pflash b -pflash c", "-drive: the board has two flash chips"),
        (
            "-blockdev driver=qcow2,node-name=q",
            "-blockdev: driver 'qcow2' is not built: file, host_device and raw are"
        ),
        ("-blockdev driver=raw,node-name=r,file=f", "-blockdev: there is no node 'f'"),
        (
            #"-blockdev {"driver":"raw","node-name":"r","file":{"driver":"nbd"}}"#,
            "-blockdev: driver 'nbd' is not built"
        ),
        (#"-device {"driver":"virtio-rng-device""#, #"-device: in '{"driver":"virtio-rng-device"': "#),
        (#"-device {"driver":null}"#, "-device: 'driver' is null"),
        (#"-device {"id":"r"}"#, "-device: needs 'driver='"),
        (
            "-device e1000",
            "-device: device 'e1000' is not built: virtio-blk, -net, -rng, -serial and -balloon are"
        ),
        (
            "-device virtio-blk,drive=d",
            "-device: device 'virtio-blk' is not built: virtio-blk, -net, -rng, -serial and -balloon are, each as "
                + "-device and -pci, and virtconsole and virtserialport"
        ),
        ("-device virtio-rng-pci,bus=pci.1", "-device: 'bus=pci.1': the one PCI bus is pcie.0"),
        ("-device virtio-rng-pci,addr=20", "-device: 'addr=20': 1 to 1f, function 0"),
        (
            "-device virtio-rng-pci,disable-modern=on",
            "-device: 'disable-modern=on': devices serve modern drivers"
        ),
        ("-device virtio-blk-device", "-device: needs 'drive='"),
        ("-device virtio-blk-device,drive=d", "-device virtio-blk: there is no drive 'd'"),
        (
            "-device virtio-blk-device,drive=d,num-queues=4",
            "-device: 'num-queues=4': a disk on a slot has one queue; it can be 1"
        ),
        ("-device virtio-net-device,netdev=n", "-device virtio-net: there is no netdev 'n'"),
        (
            "-device virtio-net-device,mac=52:54:00:00:00",
            "-device: 'mac=52:54:00:00:00': expected six bytes in hexadecimal"
        ),
        ("-device virtio-rng-device,rng=r", "-device virtio-rng: there is no object 'r'"),
        (
            "-device virtio-rng-device,id=a -device virtio-rng-device,id=a",
            "-device: there is already a device 'a'"
        ),
        ("-device virtio-rng-device,bus=pci.0", "-device: 'bus=pci.0': virtio-mmio-bus.0 to .7"),
        (
            "-device virtio-rng-device,bus=virtio-mmio-bus.1 -device virtio-rng-device,bus=virtio-mmio-bus.1",
            "-device: 'bus=virtio-mmio-bus.1': there is a device on it already"
        ),
        ("-device virtconsole,chardev=c", "-device: needs a -device virtio-serial-device before it"),
        (
            "-device virtio-serial-device -device virtconsole,chardev=c",
            "-device virtconsole: there is no chardev 'c'"
        ),
        (
            "-device virtio-serial-device,id=s -device virtconsole,chardev=c,bus=t.0",
            "-device: 'bus=t.0': there is no such bus before it; did you mean 's.0'?"
        ),
        (
            "-device virtio-serial-device -device virtserialport,chardev=c,nr=0",
            "-device: 'nr=0': port 0 is for a console"
        ),
        (
            String(repeating: "-device virtio-rng-device ", count: 9),
            "-device: the board has eight virtio-mmio slots"
        ),
        ("-netdev l2tpv3,id=n", "-netdev: type 'l2tpv3' is not built: user, socket and tap are"),
        ("-netdev user,id=n -netdev user,id=n", "-netdev: there is already a netdev 'n'"),
        ("-netdev socket,id=n", "-netdev: needs 'listen=HOST:PORT' or 'connect=HOST:PORT'"),
        ("-netdev tap,id=n,script=up", "-netdev: 'script=up': no script is run; it can be no"),
        ("-nic user", "-nic: 'user': use -netdev and -device; it can be none"),
        ("-object iothread,id=i", "-object: object type 'iothread' is not built"),
        ("-object memory-backend-ram,id=m", "-object: needs 'size='"),
        ("-object memory-backend-file,id=m,size=1M", "-object: needs 'mem-path='"),
        (
            "-object rng-random,id=r,filename=/dev/zero",
            "-object: 'filename=/dev/zero': randomness is the system's"
        ),
        ("-object secret,id=s -object secret,id=s", "-object: there is already an object 's'"),
        ("-initrd x", "-initrd: only with -kernel"),
        ("-append x", "-append: only with -kernel"),
        ("-uuid nonsense", "-uuid: 'nonsense' is not a UUID"),
        ("-display gtk", "-display: 'gtk': there is no display; it can be none"),
        ("disk.img", "disk.img: a disk image without an option is not taken; use -drive file=disk.img"),
    ]

    @Test("what cannot be is said in one line", arguments: mistakes)
    func isRefused(line: String, text: String) {
        let error = #expect(throws: OptionError.self) { try parse(line) }
        #expect(error?.description.hasPrefix(text) == true, "\(error?.description ?? "no error")")
    }

    @Test("no option makes the parser trap, alone or with a strange value")
    func strange() {
        let options = OptionTable.entries.flatMap { $0.names.map { "-\($0)" } }
        for option in options {
            for value in [
                "", ",", "=", ",,,", "=,=", "id=", "{", "{}", "x=y=z", "\u{0}", "fd=99999999999", "🦆",
                #"{"a":[[{"b":1e999}]]}"#, #"{"id":18446744073709551615}"#,
                String(repeating: "{\"a\":", count: 5000),
                String(repeating: "x", count: 100_000), "size=18446744073709551615G",
                "cpus=18446744073709551615",
            ] {
                _ = try? MachineOptions(parsing: [option, value])
            }
        }
    }
}
