import Devices
import VMState

/// The virtio devices, plugged in.
struct VirtioSlots {
    /// In the order of the command line.
    let devices: [VirtioDevice]
    /// All eight, those without a device too.
    let transports: [VirtioMMIOTransport]
    /// The devices' sections, in the order of the command line.
    let sections: [VMStateSection]

    init(
        _ places: VirtioPlaces, isModern: Bool, _ factory: inout DeviceFactory, bus: BoardBus, plic: PLIC,
        pcie: PCIeHost, lock: BoardLock
    ) throws {
        var slots: [Int: VirtioDevice] = [:]
        var devices: [VirtioDevice] = []
        for entry in places.entries {
            let device = try factory.make(entry.device, entry.index)
            devices.append(device)
            switch entry.place {
            case .mmio(let slot): slots[slot] = device
            case .pci(let number, let isTransitional):
                let transport = VirtioPCITransport(
                    device: device, isTransitional: isTransitional, rom: entry.rom)
                pcie.plug(transport, at: number)
            }
        }
        self.devices = devices
        let transports = (0..<VirtAddressMap.virtioSlots).map { slot in
            VirtioMMIOTransport(
                device: slots[slot],
                address: VirtAddressMap.virtio + UInt64(slot) * VirtAddressMap.virtioSlotSize,
                isModern: isModern, lock: lock, line: plic.line(VirtAddressMap.virtioSource + slot))
        }
        for transport in transports { bus.map(transport.address, VirtioMMIOTransport.size, transport) }
        self.transports = transports
        sections = places.entries.flatMap { entry in
            switch entry.place {
            case .mmio(let slot): transports[slot].sections
            case .pci(let number, _): pcie.sections(of: number)
            }
        }
    }
}
