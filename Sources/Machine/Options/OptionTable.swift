/// One option of the command line.
public struct OptionEntry: Sendable {
    /// Under what heading the help lists it.
    public enum Group: String, CaseIterable, Sendable {
        case machine = "MACHINE"
        case boot = "BOOT"
        case console = "CONSOLE AND CONTROL"
        case process = "PROCESS"
        case devices = "DEVICES (virtio, on the eight mmio slots or on PCI)"
        case neutral = "TAKEN FROM MANAGEMENT PROGRAMS"
    }

    /// Without the dash; the first one is the one that the help gives.
    public var names: [String]
    /// How the help names its value; nil for an option without one.
    public var argument: String?
    public var group: Group
    public var help: String
    private let action: Action
    typealias Action = @Sendable (inout MachineOptions, _ option: String, _ value: String) throws -> Void

    init(_ names: String..., argument: String?, _ group: Group, _ help: String, action: @escaping Action) {
        self.names = names
        self.argument = argument
        self.group = group
        self.help = help
        self.action = action
    }

    func read(_ options: inout MachineOptions, _ option: String, _ value: String) throws(OptionError) {
        do {
            try action(&options, option, value)
        } catch let error as OptionError {
            throw error
        } catch {
            throw OptionError(option, "\(error)")
        }
    }
}

/// All options that are taken.
public enum OptionTable {
    static func entry(_ option: String) throws(OptionError) -> OptionEntry {
        let name = String(option.dropFirst())
        if let entry = entries.first(where: { $0.names.contains(name) }) { return entry }
        if let reason = notBuilt[name] { throw OptionError(option, "an option of QEMU that \(reason)") }
        throw OptionError(
            option,
            "unknown option" + hint(option, among: entries.flatMap { $0.names.map { "-\($0)" } })
                + "; 'martlet run --help' lists those that are known")
    }

    public static let entries: [OptionEntry] = machine + boot + console + process + devices + neutral

    private static let machine: [OptionEntry] = [
        .init(
            "M", "machine", argument: "virt[,PROP=VALUE...]", .machine,
            "the board: aclint=on|off, acpi=auto|off, dumpdtb=FILE (writes the device tree and ends), "
                + "memory-backend=ID, pflash0=NODE, pflash1=NODE"
        ) { try $0.readMachine(KeyValueOption($1, $2, implied: "type")) },
        .init("cpu", argument: "rv64[,PROP=on|off...]", .machine, "the hart") {
            try $0.readCPU(KeyValueOption($1, $2, implied: "model"))
        },
        .init("accel", argument: "tcg", .machine, "the interpreter answers to this name") {
            try $0.readAccelerator(KeyValueOption($1, $2, implied: "accel"))
        },
        .init("smp", argument: "N", .machine, "1 to 8 harts (1)") {
            try $0.readHarts(KeyValueOption($1, $2, implied: "cpus"))
        },
        .init("m", argument: "SIZE", .machine, "RAM, in MiB without a suffix (128M)") {
            try $0.readMemory(KeyValueOption($1, $2, implied: "size"))
        },
        .init(
            "mem-path", argument: "FILE", .machine, "RAM in a file, or in one without a name in a directory"
        ) { $0.memoryPath = $2 },
        .init("mem-prealloc", argument: nil, .machine, "have the system give all of RAM at the start") {
            (options, _, _) in
            options.preallocatesMemory = true
        },
        .init(
            "object", argument: "TYPE,id=ID,...", .machine,
            "memory-backend-ram|-file|-memfd (size=, share=, prealloc=, mem-path=), rng-random, rng-builtin, "
                + "secret (data= or file=), tls-creds-x509|-psk|-anon (endpoint=, dir=), authz-simple|-list|-listfile"
        ) { try $0.readObject(KeyValueOption($1, $2, implied: "qom-type")) },
        .init(
            "global", argument: "virtio-mmio.force-legacy=false", .machine,
            "virtio 1.0 on the mmio slots; migration.NAME=VALUE: a capability or parameter of migrations"
        ) { try $0.readGlobal(KeyValueOption($1, $2, implied: nil)) },
        .init(
            "rtc", argument: "base=utc|localtime|DATE", .machine,
            "what the real-time clock shows at the start"
        ) { try $0.readClock(KeyValueOption($1, $2, implied: nil)) },
        .init("name", argument: "NAME", .machine, "what query-name answers") {
            try $0.readName(KeyValueOption($1, $2, implied: "guest"))
        },
        .init("uuid", argument: "UUID", .machine, "what query-uuid answers") { try $0.readUUID($1, $2) },
    ]

    private static let boot: [OptionEntry] = [
        .init(
            "bios", argument: "default|none|FILE", .boot,
            "firmware, raw or ELF (default: OpenSBI, where the system has it)"
        ) { (options, _, name) in options.readFirmware(name) },
        .init("kernel", argument: "FILE", .boot, "a kernel, raw or ELF") { $0.configuration.kernel = $2 },
        .init("initrd", argument: "FILE", .boot, "its initial RAM disk") { $0.configuration.initrd = $2 },
        .init("append", argument: "TEXT", .boot, "its command line") { $0.configuration.arguments = $2 },
        .init("pflash", argument: "FILE", .boot, "a flash chip's contents; as -drive if=pflash") {
            try $0.readDrive(KeyValueOption($1, "if=pflash,format=raw,file=\($2)", implied: nil))
        },
        .init("boot", argument: "[strict=on|off]", .boot, "taken; this board has no boot menu") {
            try $0.readBoot(KeyValueOption($1, $2, implied: "order"))
        },
    ]

    private static let console: [OptionEntry] = [
        .init(
            "serial", argument: "WHERE", .console,
            "none, null, stdio, pty, file:PATH, unix:PATH[,server=on,wait=off], tcp:HOST:PORT[,...], chardev:ID"
        ) { try $0.readSerial($1, $2) },
        .init(
            "chardev", argument: "KIND,id=ID,...", .console,
            "null, stdio, pty, file (path=, append=), socket (path= or host=, port= or fd=, server=, wait=)"
        ) { try $0.readChardev(KeyValueOption($1, $2, implied: "backend")) },
        .init("qmp", "qmp-pretty", argument: "WHERE", .console, "a QMP monitor; may be repeated") {
            try $0.readMonitor($1, $2, .control)
        },
        .init("mon", argument: "chardev=ID,mode=control", .console, "a monitor on a character device") {
            try $0.readMonitor(KeyValueOption($1, $2, implied: "chardev"))
        },
        .init("monitor", argument: "none", .console, "for people: human-monitor-command of QMP") {
            try $0.readMonitor($1, $2, .readline)
        },
        .init("display", argument: "none", .console, "there is no display") {
            try OptionTable.expectNone($1, $2, "there is no display")
            $0.hasDisplayOption = true
        },
        .init("vga", argument: "none", .console, "there is no display") {
            try OptionTable.expectNone($1, $2, "there is no display")
        },
        .init("nographic", argument: nil, .console, "the serial port on standard input and output") {
            (options, _, _) in
            options.isNographic = true
            options.hasDisplayOption = true
        },
        .init("S", argument: nil, .console, "do not start the harts; `cont` does") { (options, _, _) in
            options.configuration.startsPaused = true
        },
        .init("incoming", argument: "URI|defer", .console, "wait for a guest to arrive") {
            $0.configuration.incoming = $2
        },
        .init("no-reboot", argument: nil, .console, "end when the guest reboots") { (options, _, _) in
            options.configuration.endsOnReset = true
        },
        .init("no-shutdown", argument: nil, .console, "stay, paused, when the guest powers off") {
            (options, _, _) in
            options.configuration.staysAfterShutdown = true
        },
        .init(
            "action", argument: "reboot=reset|shutdown,shutdown=poweroff|pause", .console,
            "the same two, as one option"
        ) { try $0.readAction(KeyValueOption($1, $2, implied: nil)) },
    ]

    private static let process: [OptionEntry] = [
        .init(
            "daemonize", argument: nil, .process, "go to the background once everything is open and listens"
        ) { (options, _, _) in options.configuration.isDaemon = true },
        .init("pidfile", argument: "FILE", .process, "write the process id there") {
            $0.configuration.pidFile = $2
        },
        .init(
            "add-fd", argument: "fd=FD,set=N[,opaque=TEXT]", .process,
            "an open descriptor that /dev/fdset/N stands for where a file is named"
        ) { try $0.readDescriptor(KeyValueOption($1, $2, implied: nil)) },
        .init("msg", argument: "timestamp=on|off", .process, "time in front of messages") {
            try $0.readMessages(KeyValueOption($1, $2, implied: nil))
        },
        .init("nodefaults", argument: nil, .process, "no devices that were not asked for") {
            (options, _, _) in
            options.hasDefaults = false
        },
    ]

    private static let devices: [OptionEntry] = [
        .init(
            "drive", argument: "file=FILE,format=raw,if=none|virtio|pflash,id=ID", .devices, "a disk image"
        ) { try $0.readDrive(KeyValueOption($1, $2, implied: "file")) },
        .init(
            "blockdev", argument: "driver=raw|file,node-name=ID,...", .devices, "a disk image, by its nodes"
        ) { try $0.readBlockdev(KeyValueOption($1, $2, implied: "driver")) },
        .init("netdev", argument: "user|socket|tap,id=ID,...", .devices, "a network") {
            try $0.readNetdev(KeyValueOption($1, $2, implied: "type"))
        },
        .init(
            "device", argument: "NAME,...", .devices,
            "virtio-blk-device (drive=), virtio-net-device (netdev=, mac=), virtio-rng-device, "
                + "virtio-balloon-device and virtio-serial-device on an mmio slot (bus=virtio-mmio-bus.N), or ...-pci "
                + "on PCI (addr=N); virtconsole and virtserialport (chardev=)"
        ) { try $0.readDevice(KeyValueOption($1, $2, implied: "driver")) },
    ]

    /// Options that libvirt and others pass, of which only the values that mean nothing here are taken.
    private static let neutral: [OptionEntry] = [
        .init("no-user-config", argument: nil, .neutral, "no configuration is read anyway") { (_, _, _) in },
        .init("only-migratable", argument: nil, .neutral, "every device migrates") { (_, _, _) in },
        .init("nic", "net", argument: "none", .neutral, "use -netdev and -device") {
            try OptionTable.expectNone($1, $2, "use -netdev and -device")
        },
        .init("sandbox", argument: "off", .neutral, "no system call filter is built") {
            (_, option, value) in
            var given = try KeyValueOption(option, value, implied: "enable")
            try given.expectBool("enable", false, reason: "no system call filter is built")
            try given.finish()
        },
        .init("overcommit", argument: "mem-lock=off", .neutral, "memory is not locked") {
            (_, option, value) in
            var given = try KeyValueOption(option, value, implied: nil)
            try given.expectBool("mem-lock", false, reason: "guest memory cannot be locked")
            try given.expectBool("cpu-pm", false, reason: "a waiting hart always sleeps")
            try given.finish()
        },
        .init("audiodev", argument: "none,id=ID", .neutral, "there is no sound") {
            (_, option, value) in
            var given = try KeyValueOption(option, value, implied: "driver")
            try given.expect("driver", "none", reason: "there is no sound")
            given.ignore("id")
            try given.finish()
        },
    ]

    private static func expectNone(_ option: String, _ value: String, _ reason: String) throws(OptionError) {
        guard value == "none" else { throw OptionError(option, "'\(value)': \(reason); it can be none") }
    }

    /// Options of QEMU that are refused with more than "unknown", and why.
    private static let notBuilt: [String: String] = {
        var reasons: [String: String] = [:]
        for name in ["hda", "hdb", "hdc", "hdd", "cdrom", "fda", "fdb", "sd", "mtdblock"] {
            reasons[name] = "the board has no drive for; use -drive and -device virtio-blk-device"
        }
        for name in ["vnc", "spice", "full-screen", "k", "g", "usb", "usbdevice", "sound", "audio"] {
            reasons[name] = "needs a device that is not built"
        }
        reasons["enable-kvm"] = "is not built: guests are interpreted (-accel tcg)"
        for name in [
            "gdb", "s", "d", "D", "dfilter", "trace", "jitdump", "perfmap", "enable-sync-profile",
            "semihosting", "semihosting-config", "icount", "record",
        ] {
            reasons[name] = "is not built: no debugger, trace or replay"
        }
        for name in ["loadvm", "snapshot"] { reasons[name] = "is not built: disk images are raw" }
        for name in [
            "dtb", "L", "set", "readconfig", "writeconfig", "compat", "run-with", "numa", "fsdev",
            "virtfs", "tpmdev", "parallel", "debugcon", "watchdog", "watchdog-action", "fw_cfg", "smbios",
            "acpitable", "preconfig", "plugin", "chroot", "runas", "seed",
            "cpu-pm", "iscsi", "option-rom", "no-fd-bootchk", "echr", "show-cursor", "tb-size", "xen-domid",
            "dump-vmstate", "shim",
        ] { reasons[name] = "is not built" }
        return reasons
    }()
}
