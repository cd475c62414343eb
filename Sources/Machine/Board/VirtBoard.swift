import BlockImages
import Devices
import Glibc
import GuestMemory
import RISCV
import Synchronization
import VMState

/// QEMU's `virt` board: memory, harts and devices, wired.
///
/// ``pause()`` and ``resume()`` are called by one thread at a time, which owns the run state.
final class VirtBoard: @unchecked Sendable {
    // Sendable: everything is set up before the harts run; devices have their lock, harts their own.

    /// What a guest asks of the machine.
    enum GuestRequest: Sendable {
        case reset
        case powerOff
        case fail(UInt16)
    }

    let configuration: MachineConfiguration
    let memory: GuestMemory
    let clock = VirtualClock()
    let lock = BoardLock()
    let timers: BoardTimers
    let bus: BoardBus
    private(set) var harts: [Hart] = []
    let serial: UART16550
    private let serialBackend: CharacterBackend
    private var backends: [CharacterBackend] = []
    private(set) var virtio: [VirtioDevice] = []
    private(set) var images: [RawImage] = []
    private let maskROM: RAMBlock
    private let flashBlocks: [RAMBlock]
    private let timerState = Mutex(TimerState())

    /// Extensions that the harts execute, as the device tree names them.
    static let extensions = [
        "i", "m", "a", "f", "d", "c", "zic64b", "zicbom", "zicbop", "zicboz", "ziccamoa", "ziccif", "zicclsm",
        "ziccrse", "zicntr", "zicsr", "zifencei", "zihintntl", "zihintpause", "zihpm", "zmmul", "za64rs",
        "zaamo",
        "zalrsc", "zawrs", "zfa", "zca", "zcd", "zba", "zbb", "zbc", "zbs", "ssccptr", "sscounterenw", "sstc",
        "sstvala", "sstvecd", "ssu64xl", "svadu", "svvptc",
    ]

    init(_ configuration: MachineConfiguration) throws {
        self.configuration = configuration
        let ram = try RAMBlock(name: configuration.memoryName, size: Int(configuration.memorySize))
        flashBlocks = try ["virt.flash0", "virt.flash1"].map {
            try RAMBlock(name: $0, size: VirtAddressMap.flashSize)
        }
        maskROM = try RAMBlock(name: "riscv_virt_board.mrom", size: VirtAddressMap.maskROMSize)
        let tables = try RAMBlock(name: "/rom@etc/acpi/tables", size: 0x20000)
        let loader = try RAMBlock(name: "/rom@etc/table-loader", size: 0x1000)
        let rsdp = try RAMBlock(name: "/rom@etc/acpi/rsdp", size: 0x1000)
        memory = GuestMemory(
            blocks: [ram] + flashBlocks + [tables, loader, maskROM, rsdp],
            regions: [
                .init(address: VirtAddressMap.ram, block: ram, isWritable: true),
                .init(address: VirtAddressMap.maskROM, block: maskROM, isWritable: false),
            ])
        timers = BoardTimers(clock: clock, lock: lock)
        bus = BoardBus(lock: lock)

        let count = configuration.harts
        let hartBox = HartBox()
        let plic = PLIC(harts: count) { context, asserted in
            hartBox.hart(context / 2)?.setInterrupt(
                context & 1 == 0 ? .machineExternal : .supervisorExternal, asserted)
        }
        let aclint = ACLINT(
            harts: (0..<count).map { index in
                .init(
                    software: { hartBox.hart(index)?.setInterrupt(.machineSoftware, $0) },
                    timer: { hartBox.hart(index)?.setInterrupt(.machineTimer, $0) },
                    supervisorTimerDue: { hartBox.hart(index)?.timerDue() })
            }, timers: timers)
        let backend = try CharacterBackend(Self.kind(configuration.serial))
        serialBackend = backend
        serial = UART16550(timers: timers, line: plic.line(VirtAddressMap.uartSource)) { backend.send([$0]) }
        bus.connect(aclint: aclint, hartCount: count)
        bus.map(VirtAddressMap.clint, 0x10000, aclint)
        bus.map(VirtAddressMap.plic, VirtAddressMap.plicSize, plic)
        bus.map(VirtAddressMap.uart, 0x100, serial)
        let rtc = GoldfishRTC(timers: timers, line: plic.line(VirtAddressMap.rtcSource))
        bus.map(VirtAddressMap.rtc, 0x1000, rtc)
        let requests = forwarder
        bus.map(
            VirtAddressMap.test, 0x1000,
            SifiveTest { request in
                switch request {
                case .powerOff: requests.send(.powerOff)
                case .reset: requests.send(.reset)
                case .fail(let code): requests.send(.fail(code))
                }
            })
        let fwCfg = FwCfg(memory: memory, harts: count)
        bus.map(VirtAddressMap.fwCfg, 0x18, fwCfg)
        let pcie = PCIeHost()
        bus.map(VirtAddressMap.ecam, VirtAddressMap.ecamSize, pcie)
        var flash: [PFlashCFI01] = []
        for index in 0..<2 {
            let chip = PFlashCFI01(
                block: flashBlocks[index], instance: UInt32(index),
                isReadOnly: configuration.flash[index]?.isReadOnly ?? false)
            flash.append(chip)
            bus.map(
                VirtAddressMap.flash + UInt64(index * VirtAddressMap.flashSize),
                UInt64(VirtAddressMap.flashSize), chip)
        }
        harts = (0..<count).map { Hart(id: $0, memory: memory, bus: bus) }
        hartBox.set(harts)
        let transports = try makeVirtio(plic)

        parts = BoardSections(
            aclint: aclint, plic: plic, fwCfg: fwCfg, pcie: pcie, serial: serial, rtc: rtc, flash: flash,
            transports: transports)
        resettable = { [uart = serial] in
            aclint.reset()
            plic.reset()
            uart.reset()
            rtc.reset()
            fwCfg.reset()
            pcie.reset()
            for chip in flash { chip.reset() }
            for transport in transports { transport.reset() }
        }
        serial.setRoomHandler { backend.roomChanged() }
        backend.start { [lock, serial] in
            lock.withLock { serial.room }
        } receive: { [lock, serial] bytes in
            lock.withLock { serial.receive(bytes) }
        }
    }

    private let forwarder = RequestForwarder()
    private var parts: BoardSections?
    private var resettable: () -> Void = {}

    /// Who hears what the guest asks for; called on a hart's thread with the board's lock held.
    var onGuestRequest: (@Sendable (GuestRequest) -> Void)? {
        get { nil }
        set { forwarder.set(newValue) }
    }

    // MARK: Boot and reset

    /// Loads firmware, kernel, device tree and reset vector. The guest does not run.
    func boot() throws(BootError) {
        for (index, drive) in configuration.flash {
            flashBlocks[index].fill(at: 0, with: try readFile(drive.path, limit: VirtAddressMap.flashSize))
        }
        let plan = try BootPlan(loading: configuration, into: memory)
        let tree = deviceTree(initrd: plan.initrd)
        let address = try BootPlan.deviceTreeAddress(memorySize: configuration.memorySize, size: tree.count)
        memory.write(tree, at: address)
        maskROM.fill(at: 0, with: plan.resetVector(deviceTree: address))
    }

    /// The device tree that the guest finds.
    func deviceTree(initrd: Range<UInt64>?) -> [UInt8] {
        var tree = VirtDeviceTree()
        tree.harts = configuration.harts
        tree.memorySize = configuration.memorySize
        tree.extensions = Self.extensions
        tree.arguments = configuration.arguments
        tree.initrd = initrd
        var random = SystemRandomNumberGenerator()
        tree.seed = (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }
        return tree.make()
    }

    /// Resets harts and devices; what was loaded at the start is loaded again. Only while paused.
    func reset() throws(BootError) {
        resetDevices()
        if configuration.incoming == nil { try boot() }
    }

    /// Devices and harts as after power-on, memory as it is. Only while paused.
    func resetDevices() {
        lock.withLock { resettable() }
        for hart in harts { hart.reset() }
    }

    // MARK: Run

    /// Stops the harts, then the devices' threads, then time.
    func pause() {
        for hart in harts { hart.pause() }
        for hart in harts { hart.waitUntilPaused() }
        for device in virtio { device.quiesce() }
        clock.stop()
        timers.clockChanged()
    }

    /// Lets time pass, devices serve and harts run.
    func resume() {
        clock.start()
        timers.clockChanged()
        for device in virtio { device.resume() }
        for hart in harts { hart.resume() }
    }

    /// Ends all threads. The guest does not run any more.
    func close() {
        for hart in harts { hart.stop() }
        for device in virtio { device.shutDown() }
        timers.close()
        serialBackend.shutDown()
        for backend in backends { backend.shutDown() }
    }

    // MARK: State

    /// All sections in the order in which QEMU 10.0 sends them.
    var sections: [VMStateSection] {
        let timer = VMStateSection("timer", TimerState.description) { [self] in
            var state = timerState.withLock { $0 }
            // A destination knows no delta of mtime: the clock it gets is mtime itself.
            state.clockOffset = Int64(bitPattern: bus.ticks &* 100)
            return state
        } set: { [self] (new, reader) throws(VMStateError) in
            guard new.clockOffset >= 0 else {
                throw reader.invalid(expected: "a clock of at least 0 ns", found: "\(new.clockOffset)")
            }
            clock.set(new.clockOffset)
            timerState.withLock { $0 = new }
        }
        return [timer] + harts.flatMap(hartSections) + (parts?.inOrder ?? [])
    }

    private func hartSections(_ hart: Hart) -> [VMStateSection] {
        [
            VMStateSection("cpu_common", instance: UInt32(hart.id), CPUCommonState.description) {
                hart.commonState
            } set: { (new, _) throws(VMStateError) in
                hart.setCommonState(new)
            },
            VMStateSection("cpu", instance: UInt32(hart.id), CPUState.description) { [clock] in
                hart.state(clock: clock.now)
            } set: { (new, reader) throws(VMStateError) in
                try hart.setState(new, reader)
            },
        ]
    }

    // MARK: Devices of the command line

    private static func kind(_ character: MachineConfiguration.Character) throws -> CharacterBackend.Kind {
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

    /// A transport on every slot, with a device where the configuration has one: the highest free slot first.
    private func makeVirtio(_ plic: PLIC) throws -> [VirtioMMIOTransport] {
        var placed: [Int: VirtioDevice] = [:]
        var order: [Int] = []
        var ports: [MachineConfiguration.Device] = []
        for device in configuration.devices {
            if case .port = device.kind { ports.append(device) }
        }
        var macs = 0
        for device in configuration.devices {
            if case .port = device.kind { continue }
            guard
                let slot = device.slot ?? (0..<VirtAddressMap.virtioSlots).last(where: { placed[$0] == nil }),
                placed[slot] == nil
            else { throw OptionError("-device", "no free virtio-mmio slot") }
            placed[slot] = try make(device, ports: ports, macs: &macs)
            order.append(slot)
        }
        virtio = order.compactMap { placed[$0] }
        var transports: [VirtioMMIOTransport] = []
        for slot in 0..<VirtAddressMap.virtioSlots {
            let address = VirtAddressMap.virtio + UInt64(slot) * VirtAddressMap.virtioSlotSize
            let transport = VirtioMMIOTransport(
                device: placed[slot], address: address, isModern: configuration.isVirtioModern, lock: lock,
                line: plic.line(VirtAddressMap.virtioSource + slot))
            bus.map(address, VirtioMMIOTransport.size, transport)
            transports.append(transport)
        }
        // Sections go in the order of the command line.
        return order.map { transports[$0] }
            + transports.indices.filter { placed[$0] == nil }.map { transports[$0] }
    }

    private func make(
        _ device: MachineConfiguration.Device, ports: [MachineConfiguration.Device], macs: inout Int
    ) throws -> VirtioDevice {
        let isModern = configuration.isVirtioModern
        switch device.kind {
        case .block(let id):
            guard let drive = configuration.drives.first(where: { $0.id == id }) else {
                throw OptionError("-device virtio-blk-device", "there is no drive '\(id)'")
            }
            let image = try RawImage(
                path: drive.path, isReadOnly: drive.isReadOnly, isDeferred: configuration.incoming != nil)
            images.append(image)
            return VirtioBlk(image: image, isModern: isModern, memory: memory, lock: lock)
        case .network(let id, let mac):
            let backend = try configuration.networkBackends.first { $0.id == id }.map { try network($0.kind) }
            let address =
                try mac.map(Self.hardwareAddress) ?? [0x52, 0x54, 0x00, 0x12, 0x34, 0x56 &+ UInt8(macs)]
            macs += 1
            return VirtioNet(mac: address, backend: backend, isModern: isModern, memory: memory, lock: lock)
        case .rng: return VirtioRng(isModern: isModern, memory: memory, lock: lock)
        case .balloon: return VirtioBalloon(isModern: isModern, memory: memory, lock: lock)
        case .serial, .port:
            return try console(ports)
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

    private func console(_ devices: [MachineConfiguration.Device]) throws -> VirtioConsole {
        var ports: [VirtioConsolePort] = []
        var attached: [(id: Int, backend: CharacterBackend)] = []
        for device in devices {
            guard case .port(let chardev, let name, let isConsole) = device.kind,
                let character = configuration.characters[chardev]
            else { continue }
            let backend = try CharacterBackend(Self.kind(character))
            // Port 0 is for a console.
            let id = isConsole && !ports.contains(where: { $0.id == 0 }) ? 0 : max(1, ports.count)
            ports.append(
                VirtioConsolePort(id: id, isConsole: isConsole, name: name ?? "") { backend.send($0) })
            attached.append((id, backend))
            backends.append(backend)
        }
        let console = VirtioConsole(
            ports: ports, isModern: configuration.isVirtioModern, memory: memory, lock: lock)
        for (id, backend) in attached {
            backend.start { [weak console] in
                console?.room(port: id) ?? 0
            } receive: { [weak console] bytes in
                _ = console?.receive(bytes, port: id)
            }
        }
        return console
    }
}

/// Harts that are made after what drives their inputs.
private final class HartBox: @unchecked Sendable {
    // Sendable: set once, before anything runs.
    private var harts: [Hart] = []
    func set(_ harts: [Hart]) { self.harts = harts }
    func hart(_ index: Int) -> Hart? { harts.indices.contains(index) ? harts[index] : nil }
}

/// Hands a guest's requests to whoever listens by then.
private final class RequestForwarder: Sendable {
    private let sink = Mutex<(@Sendable (VirtBoard.GuestRequest) -> Void)?>(nil)
    func set(_ sink: (@Sendable (VirtBoard.GuestRequest) -> Void)?) { self.sink.withLock { $0 = sink } }
    func send(_ request: VirtBoard.GuestRequest) { sink.withLock { $0 }?(request) }
}
