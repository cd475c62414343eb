public import VMState

/// virtio over MMIO (virtio 1.2, 4.2): the register window of one slot, with or without a device in it.
///
/// Legacy (version 1) is what QEMU's boards default to; modern (version 2) is `virtio-mmio.force-legacy=false`.
public final class VirtioMMIOTransport: MMIODevice, VirtioTransport {
    /// Bytes that are decoded.
    public static let size: UInt64 = 0x200

    /// Guest physical address of the window, part of the section's name.
    public let address: UInt64
    /// What is plugged into the slot.
    public let device: VirtioDevice?
    private let isModern: Bool

    private var hostFeaturesSelect: UInt32 = 0
    private var guestFeaturesSelect: UInt32 = 0
    private var guestPageShift: UInt32 = 0
    /// Registers of a modern transport that take effect later.
    private var pending: VirtioModernRegisters

    /// - Parameters:
    ///   - device: was made for the same kind of transport (`isModern`), or nil for an empty slot.
    public init(
        device: VirtioDevice?, address: UInt64, isModern: Bool = false, lock: BoardLock, line: InterruptLine
    ) {
        precondition(device == nil || device?.isModern == isModern, "a device made for another transport")
        self.device = device
        self.address = address
        self.isModern = isModern
        pending = VirtioModernRegisters(queueCount: device?.queues.count ?? 0)
        device?.line = line
    }

    /// The board's reset.
    public func reset() {
        softReset()
        guestPageShift = 0
    }

    /// The driver's reset; the page size stays, as drivers write it only once.
    private func softReset() {
        device?.resetRegisters()
        hostFeaturesSelect = 0
        guestFeaturesSelect = 0
        pending = VirtioModernRegisters(queueCount: device?.queues.count ?? 0)
    }

    /// The migration's sections: one, named after slot and device.
    public var sections: [VMStateSection] {
        guard let device else { return [] }
        let digits = String(address, radix: 16)
        let place = "virtio-mmio@" + String(repeating: "0", count: 16 - digits.count) + digits
        return device.section(named: place, transport: self).map { [$0] } ?? []
    }

    // MARK: Registers

    private enum Register: UInt64 {
        case magic = 0x000
        case version = 0x004
        case deviceID = 0x008
        case vendorID = 0x00c
        case deviceFeatures = 0x010
        case deviceFeaturesSelect = 0x014
        case driverFeatures = 0x020
        case driverFeaturesSelect = 0x024
        case guestPageSize = 0x028
        case queueSelect = 0x030
        case queueNumMax = 0x034
        case queueNum = 0x038
        case queueAlign = 0x03c
        case queuePFN = 0x040
        case queueReady = 0x044
        case queueNotify = 0x050
        case interruptStatus = 0x060
        case interruptACK = 0x064
        case status = 0x070
        case queueDescLow = 0x080
        case queueDescHigh = 0x084
        case queueAvailLow = 0x090
        case queueAvailHigh = 0x094
        case queueUsedLow = 0x0a0
        case queueUsedHigh = 0x0a4
        case shmLengthLow = 0x0b0
        case shmLengthHigh = 0x0b4
        case configGeneration = 0x0fc
    }

    private static let configOffset: UInt64 = 0x100

    /// Index of the selected queue, nil when it does not exist.
    private var selected: Int? {
        guard let device, Int(device.queueSelect) < device.queues.count else { return nil }
        return Int(device.queueSelect)
    }

    public func read(_ offset: UInt64, size: Int) -> UInt64 {
        if offset >= VirtioMMIOTransport.configOffset {
            return device?.readConfig(offset &- VirtioMMIOTransport.configOffset, size: size) ?? 0
        }
        guard size == 4, let register = Register(rawValue: offset) else { return 0 }
        switch register {
        case .magic: return 0x7472_6976
        case .version: return isModern ? 2 : 1
        case .vendorID: return 0x554d_4551
        default: break
        }
        guard let device else { return 0 }
        switch register {
        case .deviceID: return UInt64(device.deviceID)
        case .deviceFeatures:
            switch hostFeaturesSelect {
            case 0: return device.hostFeatures & 0xffff_ffff
            case 1 where isModern: return device.hostFeatures >> 32
            default: return 0
            }
        case .queueNumMax: return selected == nil ? 0 : UInt64(virtioQueueMax)
        case .queuePFN:
            guard !isModern, let selected else { return 0 }
            return device.queues[selected].state.desc >> UInt64(guestPageShift) & 0xffff_ffff
        case .queueReady:
            guard isModern, let selected else { return 0 }
            return pending.queues[selected].isEnabled ? 1 : 0
        case .interruptStatus: return UInt64(device.isr)
        case .status: return UInt64(device.status)
        case .shmLengthLow, .shmLengthHigh: return 0xffff_ffff
        case .configGeneration: return isModern ? UInt64(device.configGeneration) : 0
        default: return 0
        }
    }

    public func write(_ offset: UInt64, size: Int, value: UInt64) {
        guard let device else { return }
        let word = UInt32(truncatingIfNeeded: value)
        if offset >= VirtioMMIOTransport.configOffset {
            return device.writeConfig(offset &- VirtioMMIOTransport.configOffset, size: size, value: word)
        }
        guard size == 4, let register = Register(rawValue: offset) else { return }
        switch register {
        case .deviceFeaturesSelect: hostFeaturesSelect = word
        case .driverFeaturesSelect: guestFeaturesSelect = word
        case .driverFeatures: writeFeatures(word)
        case .guestPageSize where !isModern:
            guestPageShift = word == 0 ? 0 : UInt32(word.trailingZeroBitCount)
        case .queueSelect:
            if word < UInt32(virtioQueueMax) { device.queueSelect = UInt16(word) }
        case .queueNotify:
            device.notify(Int(isModern ? word & 0xffff : word))
        case .interruptACK: device.acknowledge(UInt8(truncatingIfNeeded: word))
        case .status: writeStatus(UInt8(truncatingIfNeeded: word))
        default:
            if let selected { writeQueue(selected, register, word) }
        }
    }

    private func writeFeatures(_ word: UInt32) {
        if isModern {
            guard guestFeaturesSelect < 2 else { return }
            let shift = UInt64(guestFeaturesSelect) * 32
            pending.guestFeatures =
                pending.guestFeatures & ~(0xffff_ffff << shift) | UInt64(word) << shift
        } else if guestFeaturesSelect == 0, let device, device.status & VirtioStatus.driverOK == 0 {
            device.setFeatures(UInt64(word))
        }
    }

    private func writeStatus(_ value: UInt8) {
        guard let device else { return }
        if value == 0 { return softReset() }
        var value = value
        if isModern, value & VirtioStatus.featuresOK != 0, device.status & VirtioStatus.featuresOK == 0 {
            let isModernDriver = pending.guestFeatures & VirtioFeature.version1 != 0
            if !device.setFeatures(pending.guestFeatures) || !isModernDriver {
                value &= ~VirtioStatus.featuresOK
            }
        }
        device.writeStatus(value)
    }

    private func writeQueue(_ index: Int, _ register: Register, _ word: UInt32) {
        guard let queue = device?.queues[index] else { return }
        switch register {
        case .queueNum:
            queue.setSize(word)
            if isModern { pending.queues[index].num = UInt16(truncatingIfNeeded: word) }
        case .queueAlign where !isModern: queue.setAlignment(word)
        case .queuePFN where !isModern:
            if word == 0 { return softReset() }
            queue.setAddresses(desc: UInt64(word) << UInt64(guestPageShift))
        case .queueReady where isModern:
            let registers = pending.queues[index]
            pending.queues[index].isEnabled = word & 1 != 0
            if word & 1 != 0 {
                queue.setSize(UInt32(registers.num))
                queue.setAddresses(desc: registers.desc, avail: registers.avail, used: registers.used)
            }
        case .queueDescLow: pending.queues[index].desc.setLow(word)
        case .queueDescHigh: pending.queues[index].desc.setHigh(word)
        case .queueAvailLow: pending.queues[index].avail.setLow(word)
        case .queueAvailHigh: pending.queues[index].avail.setHigh(word)
        case .queueUsedLow: pending.queues[index].used.setLow(word)
        case .queueUsedHigh: pending.queues[index].used.setHigh(word)
        default: break
        }
    }

    // MARK: State

    func save<Device>(_ state: inout VirtioState<Device>) {
        state.kind = isModern ? .modernMMIO : .legacyMMIO
        state.hostFeaturesSelect = hostFeaturesSelect
        state.guestFeaturesSelect = guestFeaturesSelect
        state.guestPageShift = guestPageShift
        state.transport = pending
    }

    func restore<Device>(_ state: VirtioState<Device>, _ reader: VMStateReader) {
        hostFeaturesSelect = state.hostFeaturesSelect
        guestFeaturesSelect = state.guestFeaturesSelect
        guestPageShift = state.guestPageShift
        pending = state.transport
    }
}
