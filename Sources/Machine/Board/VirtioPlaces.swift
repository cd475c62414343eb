import Devices
import GuestMemory

/// Where the virtio devices of the command line come to sit: the eight mmio slots and the root bus of PCI.
struct VirtioPlaces {
    enum Place {
        case mmio(slot: Int)
        case pci(device: Int, isTransitional: Bool)
    }

    struct Entry {
        /// Place on the command line, among all devices.
        let index: Int
        let device: MachineConfiguration.Device
        let place: Place
        /// The option ROM of a network card on PCI.
        let rom: RAMBlock?
    }

    /// In the order of the command line, without the ports of consoles.
    let entries: [Entry]

    /// Most bytes of an option ROM. QEMU's cards have 256 KiB.
    private static let romLimit = 1 << 20

    /// A device on an mmio slot takes the highest that no other takes or names, a PCI device the lowest free number.
    init(_ configuration: MachineConfiguration) throws {
        let named = configuration.devices.compactMap {
            if case .mmio(let slot) = $0.place { slot } else { nil }
        }
        var slots = Set(0..<VirtAddressMap.virtioSlots).subtracting(named)
        var functions = Set(1..<32)
        var entries: [Entry] = []
        for (index, device) in configuration.devices.enumerated() {
            if case .port = device.kind { continue }
            let place: Place
            var rom: RAMBlock?
            switch device.place {
            case .mmio(let wanted):
                guard let slot = wanted ?? slots.max() else {
                    throw OptionError("-device", "no free virtio-mmio slot")
                }
                slots.remove(slot)
                place = .mmio(slot: slot)
            case .pci(let wanted, let isTransitional):
                guard let number = wanted ?? functions.min(), functions.remove(number) != nil else {
                    throw OptionError(
                        "-device",
                        wanted.map { "'addr=\($0)' of bus pcie.0 is taken" } ?? "the PCI bus is full")
                }
                place = .pci(device: number, isTransitional: isTransitional)
                rom = try Self.rom(device.kind, at: number)
            }
            entries.append(Entry(index: index, device: device, place: place, rom: rom))
        }
        self.entries = entries
    }

    /// The block that QEMU has for a network card's ROM. It has no bytes when there is no file, unless a guest that
    /// arrives brings some: one that was started in QEMU usually does.
    private static func rom(_ kind: MachineConfiguration.Device.Kind, at number: Int) throws -> RAMBlock? {
        guard case .network(_, _, let file) = kind else { return nil }
        let bytes = try file.map { path throws(BootError) in try readFile(path, limit: romLimit) } ?? []
        // The window's size, so that it is also the block's.
        var size = bytes.isEmpty ? 0 : guestPageSize
        while size < bytes.count { size *= 2 }
        let block = try RAMBlock(
            name: "\(PCIeHost.place(of: number))/virtio-net-pci.rom", size: size, capacity: romLimit)
        block.fill(at: 0, with: bytes)
        return block
    }
}
