public import VMState

/// The generic PCIe host: configuration space through ECAM. Only the host bridge itself sits on the bus.
public final class PCIeHost: MMIODevice, @unchecked Sendable {
    // Sendable: touched with the board's lock held.

    private var root = PCIeRootState()
    private var host = PCIHostState()
    private var bus = PCIBusState()

    public init() { reset() }

    public func reset() {
        root = PCIeRootState()
        host = PCIHostState()
        bus = PCIBusState()
        // Vendor and device, class 0600, subsystem.
        for (offset, byte) in [
            (0x00, 0x36), (0x01, 0x1b), (0x02, 0x08), (0x0b, 0x06), (0x2c, 0xf4), (0x2d, 0x1a), (0x2f, 0x11),
        ] { root.config[offset] = UInt8(byte) }
    }

    public func read(_ offset: UInt64, size: Int) -> UInt64 {
        guard offset < 0x1000 else { return size == 8 ? .max : (1 << UInt64(8 * size)) - 1 }
        var value: UInt64 = 0
        for index in 0..<size where Int(offset) + index < 256 {
            value |= UInt64(root.config[Int(offset) + index]) << UInt64(8 * index)
        }
        return value
    }

    public func write(_ offset: UInt64, size: Int, value: UInt64) {
        // Of the host bridge, the command register and the interrupt line can be written.
        for index in 0..<size {
            let place = Int(truncatingIfNeeded: offset) &+ index
            let byte = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
            switch place {
            case 0x04: root.config[place] = byte & 0x47
            case 0x05: root.config[place] = byte & 0x05
            case 0x0c, 0x3c: root.config[place] = byte
            default: break
            }
        }
    }

    public var sections: [VMStateSection] {
        [
            VMStateSection("0000:00:00.0/gpex_root", PCIeRootState.description) { [self] in
                root
            } set: { [self] (new, reader) throws(VMStateError) in
                guard new.config.prefix(4) == root.config.prefix(4) else {
                    throw reader.invalid(
                        expected: "the configuration space of 1b36:0008", found: "another device")
                }
                root = new
            },
            VMStateSection("PCIHost", PCIHostState.description) { [self] in
                host
            } set: { [self] (new, _) throws(VMStateError) in
                host = new
            },
            VMStateSection("PCIBUS", PCIBusState.description) { [self] in
                bus
            } set: { [self] (new, _) throws(VMStateError) in
                bus = new
            },
        ]
    }
}
