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
    /// The serial line and the ports of consoles.
    private(set) var characters: [OpenCharacter] = []
    private(set) var virtio: [VirtioDevice] = []
    private(set) var images: [RawImage] = []
    private let maskROM: RAMBlock
    private(set) var flash: [PFlashCFI01] = []
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
        let given = configuration.memoryBackend
        let ram = try RAMBlock(
            name: given?.id ?? MachineConfiguration.defaultMemoryName, size: Int(configuration.memorySize),
            backing: given?.backing ?? .anonymous)
        if configuration.isMemoryPreallocated { try ram.populate() }
        let flashBlocks = try ["virt.flash0", "virt.flash1"].map {
            try RAMBlock(name: $0, size: VirtAddressMap.flashSize)
        }
        maskROM = try RAMBlock(name: "riscv_virt_board.mrom", size: VirtAddressMap.maskROMSize)
        let places = try VirtioPlaces(configuration)
        var blocks = [ram] + flashBlocks + places.entries.compactMap(\.rom)
        if configuration.hasACPI {
            blocks.append(try RAMBlock(name: "/rom@etc/acpi/tables", size: 0x20000))
            blocks.append(try RAMBlock(name: "/rom@etc/table-loader", size: 0x1000))
        }
        blocks.append(maskROM)
        if configuration.hasACPI { blocks.append(try RAMBlock(name: "/rom@etc/acpi/rsdp", size: 0x1000)) }
        memory = GuestMemory(
            blocks: blocks,
            regions: [
                .init(address: VirtAddressMap.ram, block: ram, isWritable: true),
                .init(address: VirtAddressMap.maskROM, block: maskROM, isWritable: false),
            ],
            codeRegions: flashBlocks.enumerated().map { index, block in
                .init(
                    address: VirtAddressMap.flash + UInt64(index * VirtAddressMap.flashSize), block: block,
                    isWritable: false)
            })
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
        let line = try OpenCharacter(label: configuration.serialLabel, configuration.serial)
        let backend = line.backend
        serial = UART16550(timers: timers, line: plic.line(VirtAddressMap.uartSource)) { backend.send([$0]) }
        bus.connect(aclint: aclint, hartCount: count)
        bus.map(VirtAddressMap.clint, 0x10000, aclint)
        if configuration.hasACLINT {
            bus.map(
                VirtAddressMap.sswi, 0x4000,
                SupervisorSoftwareInterrupts(
                    raise: (0..<count).map { index in { hartBox.hart(index)?.raiseSupervisorSoftware() } }))
        }
        bus.map(VirtAddressMap.plic, VirtAddressMap.plicSize, plic)
        bus.map(VirtAddressMap.uart, 0x100, serial)
        let rtc = GoldfishRTC(
            timers: timers, line: plic.line(VirtAddressMap.rtcSource), offset: configuration.clockBase.offset)
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
        let fwCfg = FwCfg(memory: memory, harts: count, hasACPI: configuration.hasACPI)
        bus.map(VirtAddressMap.fwCfg, 0x18, fwCfg)
        let pcie = PCIeHost(lines: (0..<4).map { plic.line(VirtAddressMap.pciSource + $0) })
        bus.map(VirtAddressMap.ecam, VirtAddressMap.ecamSize, pcie)
        bus.map(VirtAddressMap.pciIO, VirtAddressMap.pciIOSize, pcie.ioWindow(base: 0))
        let high = VirtAddressMap.pciHigh(memorySize: configuration.memorySize)
        for (start, size) in [(VirtAddressMap.pciMemory, VirtAddressMap.pciMemorySize), high] {
            bus.map(start, size, pcie.memoryWindow(base: start))
        }
        var factory = DeviceFactory(configuration: configuration, memory: memory, lock: lock)
        for index in 0..<2 {
            let image = try configuration.flash[index].map { try factory.open($0) }
            let chip = PFlashCFI01(block: flashBlocks[index], instance: UInt32(index), image: image)
            flash.append(chip)
            bus.map(
                VirtAddressMap.flash + UInt64(index * VirtAddressMap.flashSize),
                UInt64(VirtAddressMap.flashSize), chip)
        }
        harts = (0..<count).map { Hart(id: $0, memory: memory, bus: bus) }
        hartBox.set(harts)
        for drive in configuration.drives where !drive.isInner { _ = try factory.open(drive) }
        let slots = try VirtioSlots(
            places, isModern: configuration.isVirtioModern, &factory, bus: bus, plic: plic, pcie: pcie,
            lock: lock)
        virtio = slots.devices
        images = Array(factory.images.values)
        characters = [line] + factory.characters
        let acpi = configuration.hasACPI ? ACPITables(lock: lock) : nil

        parts = BoardSections(
            aclint: aclint, plic: plic, fwCfg: fwCfg, pcie: pcie, serial: serial, rtc: rtc, flash: flash,
            virtio: slots.sections, acpi: acpi)
        resettable = { [uart = serial, flash] in
            acpi?.reset()
            aclint.reset()
            plic.reset()
            uart.reset()
            rtc.reset()
            fwCfg.reset()
            pcie.reset()
            for chip in flash { chip.reset() }
            for transport in slots.transports { transport.reset() }
        }
        serial.setRoomHandler { backend.roomChanged() }
        backend.start(lock: lock) { [serial] in
            serial.room
        } receive: { [serial] bytes in
            serial.receive(bytes)
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

    /// Loads the flash chips from their images.
    func loadFlash() throws(BlockImageError) {
        for chip in flash { try chip.loadImage() }
    }

    /// Loads firmware, kernel, device tree and reset vector. The guest does not run.
    ///
    /// - Returns: the device tree.
    @discardableResult
    func boot() throws(BootError) -> [UInt8] {
        let plan = try BootPlan(loading: configuration, into: memory)
        let tree = deviceTree(initrd: plan.initrd)
        let address = try plan.deviceTreeAddress(memorySize: configuration.memorySize, size: tree.count)
        memory.write(tree, at: address)
        maskROM.fill(at: 0, with: plan.resetVector(deviceTree: address))
        return tree
    }

    /// The device tree that the guest finds.
    func deviceTree(initrd: Range<UInt64>?) -> [UInt8] {
        var tree = VirtDeviceTree()
        tree.harts = configuration.harts
        tree.memorySize = configuration.memorySize
        tree.hasSSWI = configuration.hasACLINT
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
        if configuration.incoming == nil, !configuration.isNone { try boot() }
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
        // With the lock: what a timer or the host's input was about to change has been changed, or will not be.
        lock.withLock { clock.stop() }
        timers.clockChanged()
    }

    /// Lets time pass, devices serve and harts run.
    func resume() {
        clock.start()
        timers.clockChanged()
        for device in virtio { device.resume() }
        for open in characters { open.backend.roomChanged() }
        for hart in harts { hart.resume() }
    }

    /// Ends all threads and gives the disks up, all written. The guest does not run any more.
    func close() {
        for hart in harts { hart.stop() }
        for device in virtio { device.shutDown() }
        timers.close()
        for open in characters { open.backend.shutDown() }
        for image in images { try? image.inactivate() }
    }

    // MARK: State

    /// All sections in the order in which QEMU 10.0 sends them.
    var sections: [VMStateSection] {
        let timer = VMStateSection("timer", TimerState.description) { [self] in
            var state = timerState.withLock { $0 }
            // A destination knows no delta of mtime: the clock it gets is mtime itself, to the nanosecond.
            state.clockOffset = Int64(bitPattern: bus.ticks &* 100) &+ clock.now % 100
            return state
        } set: { [self] (new, reader) throws(VMStateError) in
            guard new.clockOffset >= 0 else {
                throw reader.invalid(
                    "cpu_clock_offset", expected: "a clock of at least 0 ns", found: "\(new.clockOffset)")
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
            VMStateSection("cpu", instance: UInt32(hart.id), CPUState.description) {
                hart.state
            } set: { (new, reader) throws(VMStateError) in
                try hart.setState(new, reader)
            },
        ]
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
