import Bytes

/// A virtio device's place on PCI: the function itself and its message vectors (MSI-X).
public struct VirtioPCIState: Sendable, Equatable {
    public var device = PCIDeviceState()
    /// The MSI-X table, 16 bytes a vector.
    public var vectorTable: [UInt8] = []
    /// A bit for each message that waits.
    public var pendingVectors: [UInt8] = []
    /// The vector that tells of a changed configuration; all ones for none.
    public var configurationVector: UInt16 = noVector

    /// "No vector" in a virtio register.
    public static let noVector: UInt16 = 0xffff
    /// MSI-X in a list of capabilities.
    public static let msixCapability: UInt8 = 0x11

    public init() {}

    /// Vectors that the MSI-X capability speaks of; 0 when there is no such capability.
    public var vectorCount: Int {
        guard let place = device.capability(Self.msixCapability) else { return 0 }
        return (Int(device.config[place + 2]) | Int(device.config[place + 3] & 7) << 8) + 1
    }

    /// The vectors of a device after its reset: masked, at no address.
    public static func resetTable(vectors: Int) -> [UInt8] {
        Array(repeatElement([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0], count: vectors).joined())
    }

    /// The same device without its MSI-X capability, which has to be the first of the list.
    public func withoutVectors() -> Self {
        guard let place = device.capability(Self.msixCapability), place == Int(device.config[0x34]) else {
            return self
        }
        var copy = self
        copy.device.config[0x34] = device.config[place + 1]
        for index in 0..<12 { copy.device.config[place + index] = 0 }
        copy.vectorTable = []
        copy.pendingVectors = []
        copy.configurationVector = Self.noVector
        return copy
    }

    /// The same device with the MSI-X capability that stands first in the list of `own`, and its vectors as after a
    /// reset. A state that has one, or whose list would not go on behind it, comes back as it is.
    public func withVectors(of own: PCIDeviceState) -> Self {
        guard let place = own.capability(Self.msixCapability), place == Int(own.config[0x34]),
            vectorCount == 0,
            device.config[0x34] == own.config[place + 1]
        else { return self }
        var copy = self
        copy.device.config[0x34] = own.config[0x34]
        for index in 0..<12 { copy.device.config[place + index] = own.config[place + index] }
        let count = copy.vectorCount
        copy.vectorTable = Self.resetTable(vectors: count)
        copy.pendingVectors = Array(repeating: 0, count: (count + 7) / 8)
        return copy
    }
}

extension VMStateField {
    /// Table, pending bits and configuration vector: as many as the configuration space before them says.
    static func messageVectors(_ path: any WritableKeyPath<State, VirtioPCIState> & Sendable) -> Self {
        .custom("msix state", type: "msix state") { (state, reader) throws(VMStateError) in
            let count = state[keyPath: path].vectorCount
            state[keyPath: path].vectorTable = try reader.bytes(16 * count)
            state[keyPath: path].pendingVectors = try reader.bytes((count + 7) / 8)
            state[keyPath: path].configurationVector =
                count > 0 ? try reader.uint16() : VirtioPCIState.noVector
        } save: { state, writer in
            let pci = state[keyPath: path]
            let count = pci.vectorCount
            writer.output.append(pci.vectorTable)
            writer.output.append(pci.pendingVectors)
            if count > 0 { writer.output.uint16(pci.configurationVector) }
        }
    }
}
