/// The command line of `qemu-system-riscv64 -M virt`, read into a ``MachineConfiguration``.
public struct MachineOptions {
    public private(set) var configuration = MachineConfiguration()
    private var arguments: ArraySlice<String>
    private var serials: [MachineConfiguration.Character] = []
    private var hasSerialOption = false
    private var hasDisplayOption = false
    private var hasDefaults = true
    private var isNographic = false
    private var monitorOption: String?
    private var chardevMonitors: [(chardev: String, mode: MachineConfiguration.Monitor.Mode)] = []
    private var pendingDrives: [(interface: String, drive: MachineConfiguration.Drive)] = []

    /// - Throws: ``OptionError`` for what is unknown, malformed or not built.
    public init(parsing arguments: [String]) throws(OptionError) {
        self.arguments = arguments[...]
        while let argument = self.arguments.popFirst() {
            guard argument.hasPrefix("-"), argument.count > 1 else {
                throw OptionError(
                    argument, "a disk image without an option is not taken; use -drive file=\(argument)")
            }
            let option = argument.hasPrefix("--") ? String(argument.dropFirst(1)) : argument
            try read(option)
        }
        try finish()
    }

    private mutating func value(_ option: String) throws(OptionError) -> String {
        guard let value = arguments.popFirst() else { throw OptionError(option, "requires an argument") }
        return value
    }

    private mutating func read(_ option: String) throws(OptionError) {
        switch option {
        case "-M", "-machine": try readMachine(KeyValueOption(option, try value(option), implied: "type"))
        case "-cpu": try readCPU(KeyValueOption(option, try value(option), implied: "model"))
        case "-accel":
            let accelerator = try value(option)
            guard accelerator.hasPrefix("tcg") else {
                throw OptionError(option, "'\(accelerator)': only tcg (our own interpreter answers to it)")
            }
        case "-m": try readMemory(KeyValueOption(option, try value(option), implied: "size"))
        case "-smp": try readHarts(KeyValueOption(option, try value(option), implied: "cpus"))
        case "-bios":
            let name = try value(option)
            configuration.firmware = name == "default" ? .standard : name == "none" ? .none : .file(name)
        case "-kernel": configuration.kernel = try value(option)
        case "-initrd": configuration.initrd = try value(option)
        case "-append": configuration.arguments = try value(option)
        case "-serial":
            hasSerialOption = true
            serials.append(try character(option, try value(option)))
        case "-chardev": try readChardev(KeyValueOption(option, try value(option), implied: "backend"))
        case "-qmp", "-qmp-pretty":
            configuration.monitors.append(
                .init(mode: .control, character: try character(option, try value(option))))
        case "-mon": try readMonitor(KeyValueOption(option, try value(option), implied: "chardev"))
        case "-monitor": try readMonitorCharacter(try value(option))
        case "-display":
            let display = try value(option)
            guard display == "none" else {
                throw OptionError(option, "'\(display)': there is no display, only 'none'")
            }
            hasDisplayOption = true
        case "-vga":
            let adapter = try value(option)
            guard adapter == "none" else {
                throw OptionError(option, "'\(adapter)': there is no display, only 'none'")
            }
        case "-nographic":
            isNographic = true
            hasDisplayOption = true
        case "-nodefaults": hasDefaults = false
        case "-no-user-config", "-enable-fips", "-no-hpet": break
        case "-no-reboot", "-no-shutdown":
            throw OptionError(option, "not built yet")
        case "-S": configuration.startsPaused = true
        case "-incoming": configuration.incoming = try value(option)
        case "-drive": try readDrive(KeyValueOption(option, try value(option), implied: "file"))
        case "-blockdev": try readBlockdev(KeyValueOption(option, try value(option), implied: "driver"))
        case "-pflash":
            let path = try value(option)
            pendingDrives.append(("pflash", .init(id: "pflash", path: path, isReadOnly: false)))
        case "-device": try readDevice(KeyValueOption(option, try value(option), implied: "driver"))
        case "-netdev": try readNetdev(KeyValueOption(option, try value(option), implied: "type"))
        case "-nic", "-net":
            let text = try value(option)
            guard text == "none" else {
                throw OptionError(option, "'\(text)': use -netdev and -device, or 'none'")
            }
        case "-object": try readObject(KeyValueOption(option, try value(option), implied: "qom-type"))
        case "-global": try readGlobal(try value(option))
        case "-name": try readName(KeyValueOption(option, try value(option), implied: "guest"))
        case "-uuid":
            let text = try value(option)
            guard let uuid = Self.uuid(text) else { throw OptionError(option, "'\(text)' is not a UUID") }
            configuration.uuid = uuid
            configuration.hasUUID = true
        case "-pidfile": configuration.pidFile = try value(option)
        case "-daemonize": configuration.isDaemon = true
        case "-rtc", "-boot", "-msg", "-sandbox", "-overcommit", "-D", "-d", "-L", "-icount", "-semihosting":
            let text = try value(option)
            guard option == "-rtc" && text.hasPrefix("base=utc") || option == "-boot" || option == "-msg"
            else {
                throw OptionError(option, "not built yet")
            }
        default: throw OptionError(option, "unknown option; 'martlet run --help' lists those that are known")
        }
    }

    // MARK: The machine itself

    private mutating func readMachine(_ given: KeyValueOption) throws(OptionError) {
        var option = given
        let type = option.take("type") ?? "virt"
        guard type == "virt" else { throw OptionError(option.option, "'\(type)': only 'virt' is built") }
        if let aclint = try option.takeBool("aclint") { configuration.hasACLINT = aclint }
        configuration.deviceTreeDump = option.take("dumpdtb")
        if let accelerator = option.take("accel"), !accelerator.hasPrefix("tcg") {
            throw OptionError(
                option.option, "'accel=\(accelerator)': only tcg (our own interpreter answers to it)")
        }
        if let aia = option.take("aia"), aia != "none" {
            throw OptionError(option.option, "'aia=\(aia)' is not built")
        }
        if let backend = option.take("memory-backend") { configuration.memoryName = backend }
        for ignored in ["usb", "dump-guest-core", "acpi", "graphics", "mem-merge", "suppress-vmdesc"] {
            _ = option.take(ignored)
        }
        try option.finish()
    }

    private func readCPU(_ given: KeyValueOption) throws(OptionError) {
        var option = given
        let model = option.take("model") ?? "rv64"
        guard ["rv64", "max", "rva22s64"].contains(model) else {
            throw OptionError(option.option, "'\(model)': only 'rv64' is built")
        }
        try option.finish()
    }

    private mutating func readMemory(_ given: KeyValueOption) throws(OptionError) {
        var option = given
        if let size = try option.takeSize("size", unit: 1 << 20) {
            guard size >= 1 << 20, size <= 1 << 40, size % 4096 == 0 else {
                throw OptionError(option.option, "RAM size must be a multiple of 4 KiB from 1 MiB to 1 TiB")
            }
            configuration.memorySize = size
        }
        _ = option.take("slots")
        _ = option.take("maxmem")
        try option.finish()
    }

    private mutating func readHarts(_ given: KeyValueOption) throws(OptionError) {
        var option = given
        let topology = try ["sockets", "dies", "clusters", "cores", "threads"].map {
            (key) throws(OptionError) in
            try option.takeInteger(key) ?? 1
        }
        let cpus = try option.takeInteger("cpus")
        let maximum = try option.takeInteger("maxcpus")
        let harts = cpus ?? topology.reduce(1, { $0.multipliedReportingOverflow(by: $1).partialValue })
        guard (1...8).contains(harts) else { throw OptionError(option.option, "1 to 8 harts, not \(harts)") }
        if let maximum, maximum != harts {
            throw OptionError(option.option, "'maxcpus=\(maximum)': harts cannot be added later")
        }
        configuration.harts = Int(harts)
        try option.finish()
    }

    private mutating func readGlobal(_ text: String) throws(OptionError) {
        switch text {
        case "virtio-mmio.force-legacy=false", "virtio-mmio.force-legacy=off":
            configuration.isVirtioModern = true
        case "virtio-mmio.force-legacy=true", "virtio-mmio.force-legacy=on":
            configuration.isVirtioModern = false
        default: throw OptionError("-global", "'\(text)': not known")
        }
    }

    private mutating func readName(_ given: KeyValueOption) throws(OptionError) {
        var option = given
        configuration.name = option.take("guest")
        _ = option.take("process")
        _ = option.take("debug-threads")
        try option.finish()
    }

    private mutating func readObject(_ given: KeyValueOption) throws(OptionError) {
        var option = given
        let type = try option.require("qom-type")
        guard type == "memory-backend-ram" || type == "rng-random" || type == "rng-builtin" else {
            throw OptionError(option.option, "object type '\(type)' is not built")
        }
        let id = try option.require("id")
        if type == "memory-backend-ram", let size = try option.takeSize("size") {
            _ = id
            configuration.memorySize = size
        }
        for ignored in ["filename", "share", "prealloc", "merge", "dump"] { _ = option.take(ignored) }
        try option.finish()
    }

    // MARK: Character devices and monitors

    private mutating func readChardev(_ given: KeyValueOption) throws(OptionError) {
        var option = given
        let backend = try option.require("backend")
        let id = try option.require("id")
        let server = try option.takeBool("server") ?? false
        let wait = try option.takeBool("wait") ?? server
        for ignored in ["mux", "signal", "logfile", "logappend", "nodelay", "reconnect", "telnet"] {
            _ = option.take(ignored)
        }
        let character: MachineConfiguration.Character
        switch backend {
        case "null": character = .null
        case "stdio": character = .stdio
        case "pty": character = .pty
        case "file":
            character = .file(
                path: try option.require("path"), append: try option.takeBool("append") ?? false)
        case "socket":
            if let descriptor = try option.takeInteger("fd") {
                guard descriptor <= 1 << 20 else { throw OptionError(option.option, "'fd=\(descriptor)'") }
                character = .descriptor(Int32(descriptor), server: server)
            } else if let path = option.take("path") {
                character = .unix(path: path, server: server, wait: wait)
            } else {
                character = .tcp(
                    host: option.take("host") ?? "", port: try option.require("port"), server: server,
                    wait: wait)
                for ignored in ["ipv4", "ipv6", "to"] { _ = option.take(ignored) }
            }
        default: throw OptionError(option.option, "backend '\(backend)' is not built")
        }
        try option.finish()
        guard configuration.characters.updateValue(character, forKey: id) == nil else {
            throw OptionError(option.option, "there is already a chardev '\(id)'")
        }
    }

    /// The short notation of `-serial`, `-qmp` and `-monitor`.
    private func character(_ option: String, _ text: String) throws(OptionError)
        -> MachineConfiguration.Character
    {
        switch text {
        case "none", "null": return .null
        case "stdio", "mon:stdio": return .stdio
        case "pty": return .pty
        default: break
        }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw OptionError(option, "'\(text)': not a character device") }
        let rest = String(parts[1])
        switch parts[0] {
        case "chardev":
            guard let character = configuration.characters[rest] else {
                throw OptionError(option, "there is no chardev '\(rest)' before it")
            }
            return character
        case "file": return .file(path: rest, append: false)
        case "unix", "tcp":
            var keys = try KeyValueOption(option, rest, implied: "address")
            let address = try keys.require("address")
            let server = try keys.takeBool("server") ?? false
            let waitDefault = try keys.takeBool("wait") ?? server
            _ = keys.take("nodelay")
            try keys.finish()
            if parts[0] == "unix" { return .unix(path: address, server: server, wait: waitDefault) }
            guard let colon = address.lastIndex(of: ":") else {
                throw OptionError(option, "'\(text)': no port")
            }
            return .tcp(
                host: String(address[..<colon]), port: String(address[address.index(after: colon)...]),
                server: server, wait: waitDefault)
        default: throw OptionError(option, "'\(text)': not a character device that is built")
        }
    }

    private mutating func readMonitor(_ given: KeyValueOption) throws(OptionError) {
        var option = given
        let id = try option.require("chardev")
        let mode = option.take("mode") ?? "readline"
        _ = option.take("pretty")
        _ = option.take("id")
        try option.finish()
        guard mode == "control" || mode == "readline" else {
            throw OptionError(option.option, "'mode=\(mode)': expected 'control' or 'readline'")
        }
        chardevMonitors.append((id, mode == "control" ? .control : .readline))
    }

    private mutating func readMonitorCharacter(_ text: String) throws(OptionError) {
        guard text != "none" else { return monitorOption = text }
        configuration.monitors.append(.init(mode: .readline, character: try character("-monitor", text)))
    }

    // MARK: Disks, networks, devices

    private mutating func readDrive(_ given: KeyValueOption) throws(OptionError) {
        var option = given
        let path = try option.require("file")
        let format = option.take("format") ?? "raw"
        guard format == "raw" else {
            throw OptionError(option.option, "'format=\(format)': only raw is built")
        }
        let interface = option.take("if") ?? "virtio"
        guard ["none", "virtio", "pflash"].contains(interface) else {
            throw OptionError(option.option, "'if=\(interface)': none, virtio or pflash")
        }
        let id = option.take("id") ?? "\(interface)\(pendingDrives.count)"
        let isReadOnly = try option.takeBool("readonly")
        let isReadOnlyToo = try option.takeBool("read-only")
        let readOnly = isReadOnly ?? isReadOnlyToo ?? false
        for ignored in ["cache", "aio", "discard", "media", "index", "unit", "werror", "rerror", "snapshot"] {
            guard let value = option.take(ignored) else { continue }
            if ignored == "snapshot", value == "on" {
                throw OptionError(option.option, "'snapshot=on' is not built")
            }
        }
        try option.finish()
        pendingDrives.append((interface, .init(id: id, path: path, isReadOnly: readOnly)))
    }

    private mutating func readBlockdev(_ given: KeyValueOption) throws(OptionError) {
        var option = given
        let driver = try option.require("driver")
        let node = try option.require("node-name")
        let readOnly = try option.takeBool("read-only") ?? false
        for ignored in [
            "auto-read-only", "discard", "cache.direct", "cache.no-flush", "aio", "locking", "detect-zeroes",
        ] {
            _ = option.take(ignored)
        }
        switch driver {
        case "file", "host_device":
            let path = try option.require("filename")
            try option.finish()
            pendingDrives.append(("none", .init(id: node, path: path, isReadOnly: readOnly)))
        case "raw":
            if let below = option.take("file") {
                try option.finish()
                guard let drive = pendingDrives.first(where: { $0.drive.id == below })?.drive else {
                    throw OptionError(option.option, "there is no node '\(below)' before it")
                }
                pendingDrives.append(
                    ("none", .init(id: node, path: drive.path, isReadOnly: readOnly || drive.isReadOnly)))
            } else {
                let below = option.take("file.driver") ?? "file"
                guard below == "file" else {
                    throw OptionError(option.option, "driver '\(below)' is not built")
                }
                let path = try option.require("file.filename")
                for ignored in ["file.node-name", "file.locking", "file.aio"] { _ = option.take(ignored) }
                try option.finish()
                pendingDrives.append(("none", .init(id: node, path: path, isReadOnly: readOnly)))
            }
        default: throw OptionError(option.option, "driver '\(driver)' is not built: file and raw are")
        }
    }

    private mutating func readDevice(_ given: KeyValueOption) throws(OptionError) {
        var option = given
        let driver = try option.require("driver")
        let id = option.take("id")
        let place = try Self.place(of: driver, &option)
        // The rest is the same for both transports.
        let model =
            driver.hasPrefix("virtio-") && driver.hasSuffix("-pci")
            ? driver.dropLast(3) + "device" : driver[...]
        let kind: MachineConfiguration.Device.Kind
        switch model {
        case "virtio-blk-device":
            kind = .block(drive: try option.require("drive"))
            for ignored in ["bootindex", "write-cache", "serial", "num-queues"] { _ = option.take(ignored) }
        case "virtio-net-device":
            kind = .network(netdev: option.take("netdev"), mac: option.take("mac"))
            for ignored in ["bootindex", "romfile", "host_mtu"] { _ = option.take(ignored) }
        case "virtio-rng-device":
            kind = .rng
            for ignored in ["rng", "max-bytes", "period"] { _ = option.take(ignored) }
        case "virtio-serial-device":
            kind = .serial
            _ = option.take("max_ports")
        case "virtio-balloon-device":
            kind = .balloon
            for ignored in ["deflate-on-oom", "free-page-reporting"] { _ = option.take(ignored) }
        case "virtconsole", "virtserialport":
            kind = .port(
                chardev: try option.require("chardev"), name: option.take("name"),
                isConsole: driver == "virtconsole")
            for ignored in ["bus", "nr"] { _ = option.take(ignored) }
        default:
            throw OptionError(
                option.option,
                "device '\(driver)' is not built: virtio-blk, -net, -rng, -serial and -balloon are, each as "
                    + "-device and -pci, and virtconsole and virtserialport")
        }
        try option.finish()
        configuration.devices.append(.init(id: id, kind: kind, place: place))
    }

    /// Where `bus=`, `addr=` and the name of the driver put a device.
    private static func place(
        of driver: String, _ option: inout KeyValueOption
    ) throws(OptionError) -> MachineConfiguration.Device.Place {
        guard driver.hasPrefix("virtio-") else { return .mmio(slot: nil) }
        let bus = option.take("bus")
        guard driver.hasSuffix("-pci") else {
            guard let bus else { return .mmio(slot: nil) }
            guard bus.hasPrefix("virtio-mmio-bus."), let number = Int(bus.dropFirst(16)),
                (0...7).contains(number)
            else { throw OptionError(option.option, "'bus=\(bus)': virtio-mmio-bus.0 to .7") }
            return .mmio(slot: number)
        }
        guard bus == nil || bus == "pcie.0" else {
            throw OptionError(option.option, "'bus=\(bus ?? "")': the one PCI bus is pcie.0")
        }
        if try option.takeBool("disable-modern") ?? false {
            throw OptionError(option.option, "'disable-modern=on' is not built: devices serve modern drivers")
        }
        let legacy = option.take("disable-legacy") ?? "auto"
        guard ["on", "off", "auto"].contains(legacy) else {
            throw OptionError(option.option, "'disable-legacy=\(legacy)': on, off or auto")
        }
        return .pci(device: try deviceNumber(&option), isTransitional: legacy != "on")
    }

    /// `addr=DEVICE[.FUNCTION]`, hexadecimal.
    private static func deviceNumber(_ option: inout KeyValueOption) throws(OptionError) -> Int? {
        guard let given = option.take("addr") else { return nil }
        let parts = (given.hasPrefix("0x") ? given.dropFirst(2) : given[...]).split(
            separator: ".", omittingEmptySubsequences: false)
        guard let first = parts.first, let number = Int(first, radix: 16), (1...31).contains(number),
            parts.count == 1 || parts.count == 2 && (parts[1] == "0" || parts[1] == "0x0")
        else { throw OptionError(option.option, "'addr=\(given)': 1 to 1f, function 0") }
        return number
    }

    private mutating func readNetdev(_ given: KeyValueOption) throws(OptionError) {
        var option = given
        let type = try option.require("type")
        let id = try option.require("id")
        let kind: MachineConfiguration.NetworkBackend.Kind
        switch type {
        case "user":
            var forwards: [String] = []
            if let forward = option.take("hostfwd") { forwards.append(forward) }
            kind = .user(hostForwards: forwards, restrict: try option.takeBool("restrict") ?? false)
        case "socket":
            let isListen = option.take("listen")
            guard let address = isListen ?? option.take("connect"),
                let colon = address.lastIndex(of: ":")
            else { throw OptionError(option.option, "needs 'listen=HOST:PORT' or 'connect=HOST:PORT'") }
            let host = String(address[..<colon])
            let port = String(address[address.index(after: colon)...])
            kind =
                isListen != nil
                ? .socketListen(host: host, port: port) : .socketConnect(host: host, port: port)
        case "tap":
            let descriptor = try option.takeInteger("fd").map { Int32(truncatingIfNeeded: $0) }
            kind = .tap(interface: option.take("ifname"), descriptor: descriptor)
            for ignored in ["script", "downscript", "vhost"] { _ = option.take(ignored) }
        default: throw OptionError(option.option, "type '\(type)' is not built: user, socket and tap are")
        }
        try option.finish()
        configuration.networkBackends.append(.init(id: id, kind: kind))
    }

    // MARK: What follows from all options together

    private mutating func finish() throws(OptionError) {
        for (id, mode) in chardevMonitors {
            guard let character = configuration.characters[id] else {
                throw OptionError("-mon", "there is no chardev '\(id)'")
            }
            configuration.monitors.append(.init(mode: mode, character: character))
        }
        if configuration.monitors.contains(where: { $0.mode == .readline }) {
            throw OptionError("-monitor", "the human monitor is not built yet; use -qmp, or -monitor none")
        }
        if hasSerialOption {
            configuration.serial = serials.first ?? .null
            if serials.dropFirst().contains(where: { $0 != .null }) {
                throw OptionError("-serial", "the board has one serial port")
            }
        } else if hasDefaults, isNographic || !hasDisplayOption {
            configuration.serial = .stdio
        }
        for (interface, drive) in pendingDrives {
            switch interface {
            case "pflash":
                guard configuration.flash.count < 2 else {
                    throw OptionError("-drive", "the board has two flash chips")
                }
                configuration.flash[configuration.flash.count] = drive
            case "virtio":
                configuration.drives.append(drive)
                configuration.devices.append(
                    .init(id: nil, kind: .block(drive: drive.id), place: .mmio(slot: nil)))
            default: configuration.drives.append(drive)
            }
        }
        try checkReferences()
        if configuration.kernel == nil, configuration.initrd != nil || configuration.arguments != nil {
            throw OptionError(configuration.initrd != nil ? "-initrd" : "-append", "only with -kernel")
        }
        if configuration.isDaemon, configuration.serial == .stdio {
            throw OptionError("-daemonize", "cannot be used with the serial port on stdio; add -serial null")
        }
    }

    private func checkReferences() throws(OptionError) {
        var slots = 0
        for device in configuration.devices {
            switch device.kind {
            case .block(let drive):
                guard configuration.drives.contains(where: { $0.id == drive }) else {
                    throw OptionError("-device virtio-blk-device", "there is no drive '\(drive)'")
                }
            case .network(let netdev?, _):
                guard configuration.networkBackends.contains(where: { $0.id == netdev }) else {
                    throw OptionError("-device virtio-net-device", "there is no netdev '\(netdev)'")
                }
            case .port(let chardev, _, _):
                guard configuration.characters[chardev] != nil else {
                    throw OptionError("-device virtconsole", "there is no chardev '\(chardev)'")
                }
                continue
            default: break
            }
            if case .mmio = device.place { slots += 1 }
        }
        if slots > 8 { throw OptionError("-device", "the board has eight virtio-mmio slots") }
    }

    static func uuid(_ text: String) -> [UInt8]? {
        let digits = text.filter { $0 != "-" }
        guard digits.count == 32, text.count == 32 || text.count == 36 else { return nil }
        var bytes: [UInt8] = []
        var rest = Substring(digits)
        while !rest.isEmpty {
            guard let byte = UInt8(rest.prefix(2), radix: 16) else { return nil }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        return bytes
    }
}
