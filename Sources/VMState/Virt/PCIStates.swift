import Bytes

/// What every PCI device has in common (QEMU's `PCIDevice`): configuration space and interrupt levels.
public struct PCIDeviceState: Sendable, Equatable {
    /// Bytes of a configuration space, and of what a section carries of it.
    public static let configurationSize = 256

    /// The configuration space as the guest reads it, little-endian.
    public var config: [UInt8] = Array(repeating: 0, count: configurationSize)
    /// Level of INTA…INTD, 0 or 1.
    public var irqState: [UInt32] = [0, 0, 0, 0]

    public init() {}

    public static let description = VMStateDescription<PCIDeviceState>(
        "PCIDevice", version: 2,
        fields: [
            .custom("version_id", type: "int32 le") { (_, reader) throws(VMStateError) in
                let version = try reader.uint32()
                guard version == 2 else { throw reader.invalid(expected: "2", found: "\(version)") }
            } save: { _, writer in
                writer.output.uint32(2)
            },
            .buffer("config[0]", \.config, type: "pci config", count: configurationSize),
            .custom("irq_state", type: "pci irq state") { (state, reader) throws(VMStateError) in
                for pin in 0..<4 {
                    let level = try reader.uint32()
                    guard level <= 1 else { throw reader.invalid(expected: "0 or 1", found: "\(level)") }
                    state.irqState[pin] = level
                }
            } save: { state, writer in
                for level in state.irqState { writer.output.uint32(level) }
            },
        ])

    /// Where a capability begins in the configuration space; nil when there is none (PCI 3.0, 6.7).
    public func capability(_ id: UInt8) -> Int? {
        var place = Int(config[0x34] & 0xfc)
        // Forty-eight capabilities fit behind the header: a list that goes on is a ring.
        for _ in 0..<48 where place >= 0x40 {
            if config[place] == id { return place }
            place = Int(config[place + 1] & 0xfc)
        }
        return nil
    }
}

/// The host bridge as a device on its own bus.
public struct PCIeRootState: Sendable, Equatable {
    public var device = PCIDeviceState()

    public init() {}

    public static let description = VMStateDescription<PCIeRootState>(
        "gpex_root", version: 1, fields: [.structure("parent_obj", \.device, PCIDeviceState.description)])
}

public struct PCIHostState: Sendable, Equatable {
    public var configRegister: UInt32 = 0

    public init() {}

    public static let description = VMStateDescription<PCIHostState>(
        "PCIHost", version: 1, fields: [.uint32("config_reg", \.configRegister)])
}

public struct PCIBusState: Sendable, Equatable {
    public var nirq: Int32 = 4
    /// How many devices assert each of the four lines.
    public var irqCount: [Int32] = [0, 0, 0, 0]

    public init() {}

    public static let description = VMStateDescription<PCIBusState>(
        "PCIBUS", version: 1,
        fields: [.equal("nirq", \.nirq, .int32), .array("irq_count", \.irqCount, .int32, count: 4)])
}
