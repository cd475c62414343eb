import BlockImages
import Devices
import GuestMemory

/// Makes the devices that the command line names, and opens what stands behind them.
struct DeviceFactory {
    private let configuration: MachineConfiguration
    private let memory: GuestMemory
    private let lock: BoardLock
    private var networkCards = 0
    /// What has been opened; images by the name of their drive or node.
    private(set) var images: [String: RawImage] = [:]
    private(set) var characters: [OpenCharacter] = []

    init(configuration: MachineConfiguration, memory: GuestMemory, lock: BoardLock) {
        self.configuration = configuration
        self.memory = memory
        self.lock = lock
    }

    /// A drive's image, opened once.
    mutating func open(_ drive: MachineConfiguration.Drive) throws(BlockImageError) -> RawImage {
        if let image = images[drive.id] { return image }
        let image = try RawImage(
            path: drive.path, isReadOnly: drive.isReadOnly, isDeferred: configuration.incoming != nil)
        images[drive.id] = image
        return image
    }

    /// Makes the device that is number `index` of the configuration.
    ///
    /// - Throws: `OptionError` when it leads to nothing, or what opening an image or a backend throws.
    mutating func make(_ device: MachineConfiguration.Device, _ index: Int) throws -> VirtioDevice {
        let isModern =
            switch device.place {
            case .mmio: configuration.isVirtioModern
            case .pci: true
            }
        switch device.kind {
        case .block(let id, let serial):
            guard let drive = configuration.drives.first(where: { $0.id == id }) else {
                throw OptionError("-device virtio-blk-device", "there is no drive '\(id)'")
            }
            // As in QEMU: one queue on a slot, one for each hart on PCI.
            let queues = if case .pci = device.place { configuration.harts } else { 1 }
            return VirtioBlk(
                image: try open(drive), serial: serial, queueCount: queues, isModern: isModern,
                memory: memory, lock: lock)
        case .network(let id, let mac, _):
            let backend = try configuration.networkBackends.first { $0.id == id }.map { try network($0.kind) }
            let address =
                mac ?? [0x52, 0x54, 0x00, 0x12, 0x34, 0x56 &+ UInt8(truncatingIfNeeded: networkCards)]
            networkCards += 1
            return VirtioNet(mac: address, backend: backend, isModern: isModern, memory: memory, lock: lock)
        case .rng: return VirtioRng(isModern: isModern, memory: memory, lock: lock)
        case .balloon: return VirtioBalloon(isModern: isModern, memory: memory, lock: lock)
        case .serial, .port:
            return try console(index, isModern: isModern)
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

    /// The virtio-serial device that is number `index` of the configuration, with its ports.
    private mutating func console(_ index: Int, isModern: Bool) throws -> VirtioConsole {
        var ports: [VirtioConsolePort] = []
        var attached: [(id: Int, backend: CharacterBackend)] = []
        for case .port(let port) in configuration.devices.map(\.kind) where port.device == index {
            guard let character = configuration.characters[port.chardev] else { continue }
            // Port 0 is for a console.
            func isFree(_ number: Int) -> Bool { !ports.contains { $0.id == number } }
            let numbers = (port.isConsole ? 0 : 1)..<VirtioConsole.maxPorts
            guard let id = port.number ?? numbers.first(where: isFree), isFree(id) else {
                throw OptionError(
                    "-device virtserialport", "no free port on its bus for chardev '\(port.chardev)'")
            }
            let open = try OpenCharacter(label: port.chardev, character)
            let backend = open.backend
            ports.append(
                VirtioConsolePort(
                    id: id, isConsole: port.isConsole, name: port.name, isHostConnected: backend.isConnected,
                    roomChanged: { backend.roomChanged() }
                ) { backend.send($0) })
            attached.append((id, backend))
            characters.append(open)
        }
        let console = VirtioConsole(ports: ports, isModern: isModern, memory: memory, lock: lock)
        for (id, backend) in attached {
            backend.start(lock: lock) { [weak console] in
                console?.room(port: id) ?? 0
            } receive: { [weak console] bytes in
                _ = console?.receive(bytes, port: id)
            } connected: { [weak console] isConnected in
                console?.setHostConnected(isConnected, port: id)
            }
        }
        return console
    }
}
