/// Options about devices, networks and objects.
extension MachineOptions {
    /// What `-device` takes first, but for the `-device` (on an mmio slot) or `-pci` that follows most of them.
    enum Driver: String, CaseIterable {
        case block = "virtio-blk"
        case network = "virtio-net"
        case random = "virtio-rng"
        case balloon = "virtio-balloon"
        case serial = "virtio-serial"
        case console = "virtconsole"
        case port = "virtserialport"

        var isPort: Bool { self == .console || self == .port }
        static var names: [String] {
            allCases.flatMap { driver in
                driver.isPort ? [driver.rawValue] : ["-device", "-pci"].map { driver.rawValue + $0 }
            }
        }
    }

    mutating func readDevice(_ given: KeyValueOption) throws(OptionError) {
        var option = given
        let name = try option.takeName("driver", title: "Devices", of: Driver.names)
        let stem =
            name.hasSuffix("-device")
            ? name.dropLast(7) : name.hasSuffix("-pci") ? name.dropLast(4) : name[...]
        guard let driver = Driver(rawValue: String(stem)), Driver.names.contains(name) else {
            throw OptionError(
                option.option,
                "device '\(name)' is not built: virtio-blk, -net, -rng, -serial and -balloon are, each as -device "
                    + "and -pci, and virtconsole and virtserialport" + hint(name, among: Driver.names))
        }
        let id = option.take("id")
        if let id, configuration.devices.contains(where: { $0.id == id }) {
            throw OptionError(option.option, "there is already a device '\(id)'")
        }
        let place = driver.isPort ? .mmio(slot: nil) : try place(isPCI: name.hasSuffix("-pci"), &option)
        let kind = try kind(driver, place, &option)
        try option.finish()
        configuration.devices.append(.init(id: id, kind: kind, place: place))
    }

    /// Where `bus=` and `addr=` put a device.
    private func place(isPCI: Bool, _ option: inout KeyValueOption) throws(OptionError)
        -> MachineConfiguration.Device.Place
    {
        let bus = option.take("bus")
        guard isPCI else {
            guard let bus else { return .mmio(slot: nil) }
            let prefix = "virtio-mmio-bus."
            guard bus.hasPrefix(prefix), let number = Int(bus.dropFirst(prefix.count)),
                (0...7).contains(number)
            else { throw OptionError(option.option, "'bus=\(bus)': virtio-mmio-bus.0 to .7") }
            guard !configuration.devices.contains(where: { $0.place == .mmio(slot: number) }) else {
                throw OptionError(option.option, "'bus=\(bus)': there is a device on it already")
            }
            return .mmio(slot: number)
        }
        guard bus == nil || bus == "pcie.0" else {
            throw OptionError(option.option, "'bus=\(bus ?? "")': the one PCI bus is pcie.0")
        }
        try option.expectBool("disable-modern", false, reason: "devices serve modern drivers")
        try option.expectBool("multifunction", false, reason: "a device has one function")
        let legacy = option.take("disable-legacy") ?? "auto"
        guard ["on", "off", "auto", "true", "false"].contains(legacy) else {
            throw OptionError(option.option, "'disable-legacy=\(legacy)': on, off or auto")
        }
        return .pci(device: try deviceNumber(&option), isTransitional: legacy != "on" && legacy != "true")
    }

    /// `addr=DEVICE[.FUNCTION]`, hexadecimal.
    private func deviceNumber(_ option: inout KeyValueOption) throws(OptionError) -> Int? {
        guard let given = option.take("addr") else { return nil }
        let parts = (given.hasPrefix("0x") ? given.dropFirst(2) : given[...]).split(
            separator: ".", omittingEmptySubsequences: false)
        guard let first = parts.first, let number = Int(first, radix: 16), (1...31).contains(number),
            parts.count == 1 || parts.count == 2 && (parts[1] == "0" || parts[1] == "0x0")
        else { throw OptionError(option.option, "'addr=\(given)': 1 to 1f, function 0") }
        return number
    }

    private mutating func kind(
        _ driver: Driver, _ place: MachineConfiguration.Device.Place, _ option: inout KeyValueOption
    ) throws(OptionError) -> MachineConfiguration.Device.Kind {
        option.ignore("bootindex")
        switch driver {
        case .block:
            let drive = try option.require("drive")
            let serial = option.take("serial") ?? ""
            guard serial.utf8.count <= 20 else {
                throw OptionError(option.option, "'serial=\(serial)': at most 20 bytes")
            }
            if case .pci = place {
                try option.expect("num-queues", reason: "a disk on PCI has a queue for each hart")
            } else {
                try option.expect("num-queues", "1", reason: "a disk on a slot has one queue")
            }
            for key in ["logical_block_size", "physical_block_size"] {
                try option.expect(key, "512", reason: "a block has 512 bytes")
            }
            try option.expect("write-cache", "on", "auto", reason: "the guest may switch it off")
            try option.expectBool("share-rw", false, reason: "images are locked")
            return .block(drive: drive, serial: serial)
        case .network:
            let mac = option.take("mac")
            let address = try mac.map { (text) throws(OptionError) in
                guard let bytes = Self.hardwareAddress(text) else {
                    throw OptionError(option.option, "'mac=\(text)': expected six bytes in hexadecimal")
                }
                return bytes
            }
            try option.expectBool("mq", false, reason: "a card has one pair of queues")
            try option.expect("host_mtu", "0")
            let rom = if case .pci = place { option.take("romfile") } else { String?.none }
            return .network(netdev: option.take("netdev"), mac: address, rom: rom == "" ? nil : rom)
        case .random:
            if let source = option.take("rng") { randomSources.append(source) }
            for key in ["max-bytes", "period"] { try option.expect(key, reason: "the rate is not limited") }
            return .rng
        case .balloon:
            for key in ["deflate-on-oom", "free-page-reporting", "free-page-hint", "page-poison"] {
                try option.expectBool(key, false)
            }
            return .balloon
        case .serial:
            try option.expect("max_ports", "31", reason: "a device always has 31")
            return .serial
        case .console, .port:
            let chardev = try option.require("chardev")
            let name = option.take("name")
            let port = try option.takeInteger("nr")
            let bus = option.take("bus")
            try option.finish()
            if let port, port > 30 { throw OptionError(option.option, "'nr=\(port)': 0 to 30") }
            if driver == .port, port == 0 {
                throw OptionError(option.option, "'nr=0': port 0 is for a console")
            }
            return .port(
                .init(
                    chardev: chardev, name: name ?? "", isConsole: driver == .console,
                    number: port.map { Int($0) }, device: try serialDevice(bus, option)))
        }
    }

    /// The virtio-serial device of a port: the one that `bus=ID.0` names, else the last one before it.
    private func serialDevice(_ bus: String?, _ option: KeyValueOption) throws(OptionError) -> Int {
        let candidates = configuration.devices.indices.filter { configuration.devices[$0].kind == .serial }
        guard let bus else {
            guard let last = candidates.last else {
                throw OptionError(option.option, "needs a -device virtio-serial-device before it")
            }
            return last
        }
        func name(_ index: Int) -> String {
            configuration.devices[index].id.map { "\($0).0" } ?? "virtio-serial-bus.\(index)"
        }
        guard let index = candidates.first(where: { name($0) == bus }) else {
            throw OptionError(
                option.option,
                "'bus=\(bus)': there is no such bus before it" + hint(bus, among: candidates.map(name)))
        }
        return index
    }

    static func hardwareAddress(_ text: String) -> [UInt8]? {
        let bytes = text.split(separator: ":", omittingEmptySubsequences: false).map { UInt8($0, radix: 16) }
        let address = bytes.compactMap { $0 }
        return bytes.count == 6 && address.count == 6 ? address : nil
    }

    // MARK: Networks

    /// What `-netdev` takes first.
    enum NetdevType: String, CaseIterable {
        case user, socket, tap
    }

    mutating func readNetdev(_ given: KeyValueOption) throws(OptionError) {
        var option = given
        let names = NetdevType.allCases.map(\.rawValue)
        let name = try option.takeName("type", title: "Networks", of: names)
        guard let type = NetdevType(rawValue: name) else {
            throw OptionError(
                option.option,
                "type '\(name)' is not built: user, socket and tap are" + hint(name, among: names))
        }
        let id = try option.require("id")
        guard !configuration.networkBackends.contains(where: { $0.id == id }) else {
            throw OptionError(option.option, "there is already a netdev '\(id)'")
        }
        let kind: MachineConfiguration.NetworkBackend.Kind
        switch type {
        case .user:
            kind = .user(
                hostForwards: option.takeAll("hostfwd"), restrict: try option.takeBool("restrict") ?? false)
        case .socket:
            let listen = option.take("listen")
            let connect = option.take("connect")
            try option.finish()
            guard let address = listen ?? connect, let colon = address.lastIndex(of: ":")
            else { throw OptionError(option.option, "needs 'listen=HOST:PORT' or 'connect=HOST:PORT'") }
            let host = String(address[..<colon])
            let port = String(address[address.index(after: colon)...])
            kind =
                listen != nil ? .socketListen(host: host, port: port) : .socketConnect(host: host, port: port)
        case .tap:
            for key in ["script", "downscript"] { try option.expect(key, "no", reason: "no script is run") }
            try option.expectBool("vhost", false)
            kind = .tap(interface: option.take("ifname"), descriptor: try option.takeDescriptor("fd"))
        }
        try option.finish()
        configuration.networkBackends.append(.init(id: id, kind: kind))
    }

    // MARK: Objects

    /// What `-object` takes first.
    enum ObjectType: String, CaseIterable {
        case ram = "memory-backend-ram"
        case file = "memory-backend-file"
        case memfd = "memory-backend-memfd"
        case random = "rng-random"
        case builtinRandom = "rng-builtin"
        case secret
        case anonymousCredentials = "tls-creds-anon"
        case presharedCredentials = "tls-creds-psk"
        case certificateCredentials = "tls-creds-x509"
        case simpleAuthorization = "authz-simple"
        case authorizationList = "authz-list"
        case authorizationFile = "authz-listfile"

        /// Takes QEMU's other name for a type, too.
        init?(name: String) { self.init(rawValue: name == "authz-list-file" ? "authz-listfile" : name) }
    }

    mutating func readObject(_ given: KeyValueOption) throws(OptionError) {
        var option = given
        let names = ObjectType.allCases.map(\.rawValue)
        let name = try option.takeName("qom-type", title: "Objects", of: names)
        guard let type = ObjectType(name: name) else {
            throw OptionError(option.option, "object type '\(name)' is not built" + hint(name, among: names))
        }
        let id = try option.require("id")
        guard objects.insert(id).inserted else {
            throw OptionError(option.option, "there is already an object '\(id)'")
        }
        switch type {
        case .ram, .file, .memfd: try readMemoryBackend(type, id, &option)
        case .random:
            try option.expect(
                "filename", "/dev/urandom", "/dev/random", reason: "randomness is the system's")
        case .builtinRandom: break
        case .secret, .anonymousCredentials, .presharedCredentials, .certificateCredentials,
            .simpleAuthorization, .authorizationList, .authorizationFile:
            return try readUserObject(type, id, &option)
        }
        configuration.fixedObjects.insert(id)
        try option.finish()
    }

    // MARK: What follows from all options together

    func checkDevices() throws(OptionError) {
        for source in randomSources {
            try check(source, isAmong: objects.sorted(), "object", "-device virtio-rng")
        }
        for device in configuration.devices {
            switch device.kind {
            case .block(let drive, _):
                try check(drive, isAmong: configuration.drives.map(\.id), "drive", "-device virtio-blk")
            case .network(let netdev?, _, _):
                let netdevs = configuration.networkBackends.map(\.id)
                try check(netdev, isAmong: netdevs, "netdev", "-device virtio-net")
            case .port(let port): try check(port.chardev, isAmong: chardevs, "chardev", "-device virtconsole")
            default: break
            }
        }
        let slots = configuration.devices.count { device in
            if case .port = device.kind { return false }
            if case .mmio = device.place { return true }
            return false
        }
        if slots > 8 { throw OptionError("-device", "the board has eight virtio-mmio slots") }
    }
}
