public import GuestMemory
public import VMState

/// virtio over PCI (virtio 1.2, 4.1): a function with the registers of legacy drivers in an I/O window and those of
/// modern ones in a memory window. Interrupts go over INTA: the board has nothing that would take a message.
public final class VirtioPCITransport: PCIFunction, VirtioTransport, @unchecked Sendable {
    // Sendable: touched with the board's lock held.

    public let device: VirtioDevice
    private let isTransitional: Bool
    private var deviceFeatureSelect: UInt32 = 0
    private var driverFeatureSelect: UInt32 = 0
    private var registers: VirtioModernRegisters
    private var vectorTable: [UInt8]
    private var pendingVectors: [UInt8]
    private var configurationVector = VirtioPCIState.noVector
    private let vectorCount: Int

    /// - Parameters:
    ///   - device: was made with `isModern`.
    ///   - isTransitional: whether legacy drivers are served too, QEMU's default (`disable-legacy=off`).
    ///   - rom: the option ROM, one of the guest's blocks.
    public init(device: VirtioDevice, isTransitional: Bool = true, rom: RAMBlock? = nil) {
        precondition(device.isModern, "a device made for another transport")
        self.device = device
        self.isTransitional = isTransitional
        device.isTransitional = isTransitional
        registers = VirtioModernRegisters(queueCount: device.queues.count)
        let layout = VirtioPCILayout(device: device, isTransitional: isTransitional)
        vectorCount = layout.vectors
        vectorTable = VirtioPCIState.resetTable(vectors: layout.vectors)
        pendingVectors = Array(repeating: 0, count: (layout.vectors + 7) / 8)
        super.init(
            config: layout.config, windows: layout.windows, capabilities: layout.capabilities,
            writable: layout.writable, rom: rom)
        device.line = InterruptLine { [weak self] asserted in
            guard let self else { return }
            setInterrupt(asserted && !hasMessages)
        }
    }

    /// The board's reset.
    public override func reset() {
        restoreInitial()
        vectorTable = VirtioPCIState.resetTable(vectors: vectorCount)
        pendingVectors = Array(repeating: 0, count: (vectorCount + 7) / 8)
        resetRegisters()
        device.setDisabled(false)
    }

    /// The driver's reset.
    private func resetRegisters() {
        device.resetRegisters()
        deviceFeatureSelect = 0
        driverFeatureSelect = 0
        registers = VirtioModernRegisters(queueCount: device.queues.count)
        configurationVector = VirtioPCIState.noVector
    }

    /// Index of the selected queue, nil when it does not exist.
    private var selected: Int? {
        Int(device.queueSelect) < device.queues.count ? Int(device.queueSelect) : nil
    }

    /// Whether the driver has asked for messages instead of the pin.
    private var hasMessages: Bool {
        guard let place = state.capability(VirtioPCIState.msixCapability) else { return false }
        return state.config[place + 3] & 0x80 != 0
    }

    // MARK: Windows

    override func read(window: Int, offset: UInt64, size: Int) -> UInt64 {
        switch window {
        case VirtioPCILayout.legacyWindow: readLegacy(offset, size: size)
        case VirtioPCILayout.vectorWindow: readVectors(offset, size: size)
        default:
            switch offset >> 12 {
            case 0: readCommon(offset)
            case 1: offset & 0xfff == 0 ? readISR() : 0
            case 2: device.readConfig(offset & 0xfff, size: size)
            default: 0
            }
        }
    }

    override func write(window: Int, offset: UInt64, size: Int, value: UInt64) {
        let word = UInt32(truncatingIfNeeded: value)
        switch window {
        case VirtioPCILayout.legacyWindow: writeLegacy(offset, size: size, word)
        case VirtioPCILayout.vectorWindow: writeVectors(offset, size: size, value)
        default:
            switch offset >> 12 {
            case 0: writeCommon(offset, word)
            case 2: device.writeConfig(offset & 0xfff, size: size, value: word)
            case 3: device.notify(Int(offset & 0xfff) / 4)
            default: break
            }
        }
    }

    private func readISR() -> UInt64 {
        let isr = device.isr
        device.acknowledge(0xff)
        return UInt64(isr)
    }

    private func writeStatus(_ value: UInt8) {
        if value == 0 { resetRegisters() } else { device.writeStatus(value) }
    }

    /// A vector that the device has, or none.
    private func vector(_ word: UInt32) -> UInt16 {
        word & 0xffff < UInt32(vectorCount) ? UInt16(word & 0xffff) : VirtioPCIState.noVector
    }

    // MARK: Legacy registers (virtio 1.2, 4.1.4.8)

    private func readLegacy(_ offset: UInt64, size: Int) -> UInt64 {
        switch offset {
        case 0: return device.hostFeatures & 0xffff_ffff
        case 4: return device.guestFeatures & 0xffff_ffff
        case 8: return selected.map { device.queues[$0].state.desc >> 12 & 0xffff_ffff } ?? 0
        case 12: return selected.map { UInt64(device.queues[$0].state.num) } ?? 0
        case 14: return UInt64(device.queueSelect)
        case 18: return UInt64(device.status)
        case 19: return readISR()
        case 20 where hasMessages: return UInt64(configurationVector)
        case 22 where hasMessages: return queueVector
        default:
            let start = hasMessages ? 24 : 20
            return offset >= UInt64(start) ? device.readConfig(offset - UInt64(start), size: size) : 0
        }
    }

    private func writeLegacy(_ offset: UInt64, size: Int, _ word: UInt32) {
        switch offset {
        case 4: device.setFeatures(UInt64(word))
        case 8:
            guard let selected else { return }
            if word == 0 { return resetRegisters() }
            device.queues[selected].setLegacyAddress(UInt64(word) << 12)
        case 14:
            if word < UInt32(virtioQueueMax) { device.queueSelect = UInt16(word) }
        case 16: device.notify(Int(word & 0xffff))
        case 18: writeStatus(UInt8(truncatingIfNeeded: word))
        case 20 where hasMessages: configurationVector = vector(word)
        case 22 where hasMessages: setQueueVector(word)
        default:
            let start = hasMessages ? 24 : 20
            if offset >= UInt64(start) {
                device.writeConfig(offset - UInt64(start), size: size, value: word)
            }
        }
    }

    // MARK: Common configuration (virtio 1.2, 4.1.4.3)

    private var queueVector: UInt64 {
        UInt64(selected.map { device.queues[$0].state.vector } ?? VirtioPCIState.noVector)
    }

    private func setQueueVector(_ word: UInt32) {
        if let selected { device.queues[selected].vector = vector(word) }
    }

    private func readCommon(_ offset: UInt64) -> UInt64 {
        switch offset {
        case 0x00: return UInt64(deviceFeatureSelect)
        case 0x04:
            let features = device.hostFeatures & ~(device.legacyFeatures | VirtioFeature.legacy)
            return deviceFeatureSelect < 2 ? features >> UInt64(32 * deviceFeatureSelect) & 0xffff_ffff : 0
        case 0x08: return UInt64(driverFeatureSelect)
        case 0x0c:
            return driverFeatureSelect < 2
                ? registers.guestFeatures >> UInt64(32 * driverFeatureSelect) & 0xffff_ffff : 0
        case 0x10: return UInt64(configurationVector)
        case 0x12: return UInt64(device.queues.count)
        case 0x14: return UInt64(device.status)
        case 0x15: return UInt64(device.configGeneration & 0xff)
        case 0x16: return UInt64(device.queueSelect)
        default: break
        }
        guard let selected else { return offset == 0x1a ? UInt64(VirtioPCIState.noVector) : 0 }
        let (queue, pending) = (device.queues[selected].state, registers.queues[selected])
        switch offset {
        case 0x18: return UInt64(queue.num)
        case 0x1a: return UInt64(queue.vector)
        case 0x1c: return pending.isEnabled ? 1 : 0
        case 0x1e: return UInt64(selected)
        case 0x20: return pending.desc & 0xffff_ffff
        case 0x24: return pending.desc >> 32
        case 0x28: return pending.avail & 0xffff_ffff
        case 0x2c: return pending.avail >> 32
        case 0x30: return pending.used & 0xffff_ffff
        case 0x34: return pending.used >> 32
        default: return 0
        }
    }

    private func writeCommon(_ offset: UInt64, _ word: UInt32) {
        switch offset {
        case 0x00: deviceFeatureSelect = word
        case 0x08: driverFeatureSelect = word
        case 0x0c:
            guard driverFeatureSelect < 2 else { return }
            let shift = UInt64(32 * driverFeatureSelect)
            registers.guestFeatures =
                registers.guestFeatures & ~(0xffff_ffff << shift) | UInt64(word) << shift
            if device.status & VirtioStatus.featuresOK == 0 { device.setFeatures(registers.guestFeatures) }
        case 0x10: configurationVector = vector(word)
        case 0x14: writeModernStatus(UInt8(truncatingIfNeeded: word))
        case 0x16:
            if word < UInt32(virtioQueueMax) { device.queueSelect = UInt16(word) }
        default:
            if let selected { writeQueue(selected, offset, word) }
        }
    }

    private func writeModernStatus(_ value: UInt8) {
        var value = value
        if value & VirtioStatus.featuresOK != 0, device.status & VirtioStatus.featuresOK == 0 {
            let isModernDriver = registers.guestFeatures & VirtioFeature.version1 != 0
            if !device.setFeatures(registers.guestFeatures) || !isModernDriver {
                value &= ~VirtioStatus.featuresOK
            }
        }
        writeStatus(value)
    }

    private func writeQueue(_ index: Int, _ offset: UInt64, _ word: UInt32) {
        let queue = device.queues[index]
        switch offset {
        case 0x18:
            queue.setSize(word & 0xffff)
            registers.queues[index].num = UInt16(truncatingIfNeeded: word)
        case 0x1a: setQueueVector(word)
        case 0x1c where word & 0xffff == 1:
            let pending = registers.queues[index]
            registers.queues[index].isEnabled = true
            registers.queues[index].num = UInt16(truncatingIfNeeded: queue.state.num)
            queue.setAddresses(desc: pending.desc, avail: pending.avail, used: pending.used)
        case 0x20: registers.queues[index].desc.setLow(word)
        case 0x24: registers.queues[index].desc.setHigh(word)
        case 0x28: registers.queues[index].avail.setLow(word)
        case 0x2c: registers.queues[index].avail.setHigh(word)
        case 0x30: registers.queues[index].used.setLow(word)
        case 0x34: registers.queues[index].used.setHigh(word)
        case 0x3a where word & 0xffff == 1:
            device.resetQueue(index)
            registers.queues[index] = .init()
        default: break
        }
    }

    // MARK: Message vectors

    private static let pendingOffset: UInt64 = 0x800

    private func readVectors(_ offset: UInt64, size: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<size {
            let place = offset &+ UInt64(index)
            let byte: UInt8
            if place < UInt64(vectorTable.count) {
                byte = vectorTable[Int(place)]
            } else if place >= Self.pendingOffset, place - Self.pendingOffset < UInt64(pendingVectors.count) {
                byte = pendingVectors[Int(place - Self.pendingOffset)]
            } else {
                byte = 0
            }
            value |= UInt64(byte) << UInt64(8 * index)
        }
        return value
    }

    private func writeVectors(_ offset: UInt64, size: Int, _ value: UInt64) {
        for index in 0..<size where offset &+ UInt64(index) < UInt64(vectorTable.count) {
            vectorTable[Int(offset) + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
        }
    }

    // MARK: Configuration space

    override func configurationWritten(_ range: Range<Int>) {
        if range.overlaps(Register.command..<Register.command + 2) {
            device.setDisabled(!isMaster && isRunning)
        }
        if range.overlaps(VirtioPCILayout.accessData), let access {
            let bytes = state.config[VirtioPCILayout.accessData]
            var value: UInt64 = 0
            for (index, byte) in bytes.prefix(access.size).enumerated() {
                value |= UInt64(byte) << UInt64(8 * index)
            }
            write(window: access.window, offset: access.offset, size: access.size, value: value)
        }
    }

    override func configurationWillBeRead(_ range: Range<Int>) {
        guard range.overlaps(VirtioPCILayout.accessData), let access else { return }
        let value = read(window: access.window, offset: access.offset, size: access.size)
        setConfiguration(
            VirtioPCILayout.accessData.lowerBound,
            (0..<access.size).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) })
    }

    private var isRunning: Bool { device.status & VirtioStatus.driverOK != 0 }

    /// What the access capability points to (virtio 1.2, 4.1.4.9); nil when it makes no sense.
    private var access: (window: Int, offset: UInt64, size: Int)? {
        let start = VirtioPCILayout.accessCapability
        let window = Int(state.config[start + 4])
        func word(_ place: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(state.config[place + $1]) << UInt32(8 * $1) }
        }
        let (offset, size) = (word(start + 8), word(start + 12))
        guard [1, 2, 4].contains(size), let place = windows[window], offset % size == 0,
            UInt64(offset) + UInt64(size) <= place.size
        else { return nil }
        return (window, UInt64(offset), Int(size))
    }

    // MARK: State

    public override func sections(at place: String) -> [VMStateSection] {
        device.section(named: place, transport: self).map { [$0] } ?? []
    }

    func save<Device>(_ state: inout VirtioState<Device>) {
        state.kind = .pci
        state.pci.device = self.state
        state.pci.vectorTable = vectorTable
        state.pci.pendingVectors = pendingVectors
        state.pci.configurationVector = configurationVector
        state.hostFeaturesSelect = deviceFeatureSelect
        state.guestFeaturesSelect = driverFeatureSelect
        state.transport = registers
    }

    func restore<Device>(_ state: VirtioState<Device>, _ reader: VMStateReader) throws(VMStateError) {
        // The device of a release that knows it without vectors gets them, as other releases refuse it without.
        var own = PCIDeviceState()
        own.config = initial
        let isOptional = Dialect.allCases.contains { !Device.hasVectors($0) }
        let pci = isOptional ? state.pci.withVectors(of: own) : state.pci
        try restore(pci.device, reader)
        vectorTable = pci.vectorTable
        pendingVectors = pci.pendingVectors
        configurationVector = pci.configurationVector
        deviceFeatureSelect = state.hostFeaturesSelect
        driverFeatureSelect = state.guestFeaturesSelect
        registers = state.transport
    }
}

extension UInt64 {
    /// Half of a register that is written in two.
    mutating func setLow(_ word: UInt32) { self = self & ~0xffff_ffff | UInt64(word) }
    mutating func setHigh(_ word: UInt32) { self = self & 0xffff_ffff | UInt64(word) << 32 }
}
