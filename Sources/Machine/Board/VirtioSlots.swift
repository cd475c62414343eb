import Devices
import VMState

/// Where the virtio devices are plugged in: the eight mmio slots and the root bus of PCI.
struct VirtioSlots {
    /// In the order of the command line.
    let devices: [VirtioDevice]
    let transports: [VirtioMMIOTransport]
    /// The devices' sections, in the order of the command line.
    let sections: [VMStateSection]

    /// A device on an mmio slot takes the highest free one, a PCI device the lowest free number.
    init(
        _ configuration: MachineConfiguration, _ factory: inout DeviceFactory, bus: BoardBus, plic: PLIC,
        pcie: PCIeHost, lock: BoardLock
    ) throws {
        var slots: [Int: VirtioDevice] = [:]
        var functions: Set<Int> = [0]
        var places: [MachineConfiguration.Device.Place] = []
        var devices: [VirtioDevice] = []
        let named = Set(
            configuration.devices.compactMap { if case .mmio(let slot) = $0.place { slot } else { nil } })
        for (index, given) in configuration.devices.enumerated() {
            if case .port = given.kind { continue }
            switch given.place {
            case .mmio(let wanted):
                let free = (0..<VirtAddressMap.virtioSlots).last { slots[$0] == nil && !named.contains($0) }
                guard let slot = wanted ?? free, slots[slot] == nil else {
                    throw OptionError("-device", "no free virtio-mmio slot")
                }
                let device = try factory.make(given, index)
                slots[slot] = device
                devices.append(device)
                places.append(.mmio(slot: slot))
            case .pci(let wanted, let isTransitional):
                guard let number = wanted ?? (0..<32).first(where: { !functions.contains($0) }),
                    functions.insert(number).inserted
                else {
                    throw OptionError(
                        "-device",
                        wanted.map { "'addr=\($0)' of bus pcie.0 is taken" } ?? "the PCI bus is full")
                }
                let device = try factory.make(given, index)
                pcie.plug(VirtioPCITransport(device: device, isTransitional: isTransitional), at: number)
                devices.append(device)
                places.append(.pci(device: number, isTransitional: isTransitional))
            }
        }
        self.devices = devices
        let transports = (0..<VirtAddressMap.virtioSlots).map { slot in
            VirtioMMIOTransport(
                device: slots[slot],
                address: VirtAddressMap.virtio + UInt64(slot) * VirtAddressMap.virtioSlotSize,
                isModern: configuration.isVirtioModern, lock: lock,
                line: plic.line(VirtAddressMap.virtioSource + slot))
        }
        for transport in transports { bus.map(transport.address, VirtioMMIOTransport.size, transport) }
        self.transports = transports
        sections = places.flatMap { place in
            switch place {
            case .mmio(let slot): slot.map { transports[$0].sections } ?? []
            case .pci(let number, _): number.map { pcie.sections(of: $0) } ?? []
            }
        }
    }
}
