import BlockImages
import Devices
import GuestMemory

/// Makes the devices that the command line names, and opens what stands behind them.
struct DeviceFactory {
    private let configuration: MachineConfiguration
    private let memory: GuestMemory
    private let lock: BoardLock
    private var networkCards = 0
    /// What has been opened.
    private(set) var images: [RawImage] = []
    private(set) var backends: [CharacterBackend] = []

    init(configuration: MachineConfiguration, memory: GuestMemory, lock: BoardLock) {
        self.configuration = configuration
        self.memory = memory
        self.lock = lock
    }

    /// - Throws: `OptionError` when it leads to nothing, or what opening an image or a backend throws.
    mutating func make(_ device: MachineConfiguration.Device) throws -> VirtioDevice {
        let isModern =
            switch device.place {
            case .mmio: configuration.isVirtioModern
            case .pci: true
            }
        switch device.kind {
        case .block(let id):
            guard let drive = configuration.drives.first(where: { $0.id == id }) else {
                throw OptionError("-device virtio-blk-device", "there is no drive '\(id)'")
            }
            let image = try RawImage(
                path: drive.path, isReadOnly: drive.isReadOnly, isDeferred: configuration.incoming != nil)
            images.append(image)
            // As in QEMU: one queue on a slot, one for each hart on PCI.
            let queues = if case .pci = device.place { configuration.harts } else { 1 }
            return VirtioBlk(image: image, queueCount: queues, isModern: isModern, memory: memory, lock: lock)
        case .network(let id, let mac):
            let backend = try configuration.networkBackends.first { $0.id == id }.map { try network($0.kind) }
            let address =
                try mac.map(Self.hardwareAddress) ?? [
                    0x52, 0x54, 0x00, 0x12, 0x34, 0x56 &+ UInt8(truncatingIfNeeded: networkCards),
                ]
            networkCards += 1
            return VirtioNet(mac: address, backend: backend, isModern: isModern, memory: memory, lock: lock)
        case .rng: return VirtioRng(isModern: isModern, memory: memory, lock: lock)
        case .balloon: return VirtioBalloon(isModern: isModern, memory: memory, lock: lock)
        case .serial, .port:
            return try console(isModern: isModern)
        }
    }

    private func network(_ kind: MachineConfiguration.NetworkBackend.Kind) throws -> any NetworkBackend {
        switch kind {
        case .user(let forwards, let restrict):
            var options = SlirpBackend.Options()
            options.forwards = try forwards.map { try HostForward(parsing: $0) }
            options.isRestricted = restrict
            return try SlirpBackend(options)
        case .socketListen(let host, let port):
            return try StreamSocketBackend(listen: StreamSocketAddress(hostAndPort: "\(host):\(port)"))
        case .socketConnect(let host, let port):
            return try StreamSocketBackend(connect: StreamSocketAddress(hostAndPort: "\(host):\(port)"))
        case .tap(let interface, let descriptor):
            if let descriptor { return try TapBackend(descriptor: descriptor) }
            return try TapBackend(interface: interface ?? "tap0")
        }
    }

    private static func hardwareAddress(_ text: String) throws -> [UInt8] {
        let bytes = text.split(separator: ":", omittingEmptySubsequences: false).compactMap {
            UInt8($0, radix: 16)
        }
        guard bytes.count == 6 else {
            throw OptionError("-device virtio-net-device", "'mac=\(text)': expected six bytes in hexadecimal")
        }
        return bytes
    }

    private mutating func console(isModern: Bool) throws -> VirtioConsole {
        var ports: [VirtioConsolePort] = []
        var attached: [(id: Int, backend: CharacterBackend)] = []
        for device in configuration.devices {
            guard case .port(let chardev, let name, let isConsole) = device.kind,
                let character = configuration.characters[chardev]
            else { continue }
            let backend = try CharacterBackend(Self.kind(character))
            // Port 0 is for a console.
            let id = isConsole && !ports.contains(where: { $0.id == 0 }) ? 0 : max(1, ports.count)
            ports.append(
                VirtioConsolePort(
                    id: id, isConsole: isConsole, name: name ?? "", roomChanged: { backend.roomChanged() }
                ) { backend.send($0) })
            attached.append((id, backend))
            backends.append(backend)
        }
        let console = VirtioConsole(
            ports: ports, isModern: isModern, memory: memory, lock: lock)
        for (id, backend) in attached {
            backend.start(lock: lock) { [weak console] in
                console?.room(port: id) ?? 0
            } receive: { [weak console] bytes in
                _ = console?.receive(bytes, port: id)
            }
        }
        return console
    }

    /// The way to a serial line, a console port or a monitor.
    static func kind(_ character: MachineConfiguration.Character) throws -> CharacterBackend.Kind {
        switch character {
        case .null: .null
        case .stdio: .stdio
        case .file(let path, let append): .file(path: path, append: append)
        case .pty: .pty
        case .unix(let path, let server, let wait):
            .socket(try StreamSocket.unix(path, isServer: server, waits: wait), isListening: server && !wait)
        case .tcp(let host, let port, let server, let wait):
            .socket(
                try StreamSocket.tcp(host, port, isServer: server, waits: wait), isListening: server && !wait)
        case .descriptor(let descriptor, let server): .socket(descriptor, isListening: server)
        }
    }
}
