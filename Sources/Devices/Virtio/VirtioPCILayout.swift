import VMState

/// The configuration space and windows of a virtio function, as QEMU lays them out.
struct VirtioPCILayout {
    static let legacyWindow = 0
    static let vectorWindow = 1
    static let modernWindow = 4

    private static let vendorCapability: UInt8 = 0x09
    /// Where the capability stands through which a driver reaches the windows without mapping them.
    static let accessCapability = 0x84
    static let accessData = 0x94..<0x98

    /// Place, kind (virtio 1.2, 4.1.4), offset in the modern window of each structure.
    private static let structures: [(place: Int, kind: UInt8, offset: UInt32)] = [
        (0x40, 1, 0x0000), (0x50, 3, 0x1000), (0x60, 4, 0x2000), (0x70, 2, 0x3000),
    ]
    private static let msixPlace = 0x98

    let config: [UInt8]
    let windows: [Int: PCIFunction.Window]
    let capabilities: [Range<Int>]
    let writable: [Int: UInt8]
    let vectors: Int

    init(device: VirtioDevice, isTransitional: Bool) {
        var config = [UInt8](repeating: 0, count: PCIDeviceState.configurationSize)
        func put16(_ value: UInt16, _ place: Int) {
            config[place] = UInt8(truncatingIfNeeded: value)
            config[place + 1] = UInt8(truncatingIfNeeded: value >> 8)
        }
        func put32(_ value: UInt32, _ place: Int) {
            put16(UInt16(truncatingIfNeeded: value), place)
            put16(UInt16(truncatingIfNeeded: value >> 16), place + 2)
        }
        let kind = Kind(deviceID: device.deviceID, queues: device.queues.count)
        vectors = kind.vectors
        put16(0x1af4, 0x00)
        put16(
            isTransitional ? kind.transitionalID : 0x1040 + UInt16(truncatingIfNeeded: device.deviceID), 0x02)
        config[PCIFunction.Register.status] = 0x10  // has capabilities
        config[0x08] = isTransitional ? 0 : 1
        put16(kind.classCode, 0x0a)
        put16(0x1af4, 0x2c)
        put16(isTransitional ? UInt16(truncatingIfNeeded: device.deviceID) : 0x1100, 0x2e)
        config[PCIFunction.Register.capabilities] = UInt8(Self.msixPlace)
        config[PCIFunction.Register.interruptPin] = 1

        var next: UInt8 = 0
        for (place, type, offset) in Self.structures {
            let isNotify = type == 2
            config[place] = Self.vendorCapability
            config[place + 1] = next
            config[place + 2] = isNotify ? 0x14 : 0x10
            config[place + 3] = type
            config[place + 4] = UInt8(Self.modernWindow)
            put32(offset, place + 8)
            put32(0x1000, place + 12)
            if isNotify { put32(4, place + 16) }
            next = UInt8(place)
        }
        let access = Self.accessCapability
        config[access] = Self.vendorCapability
        config[access + 1] = next
        config[access + 2] = 0x14
        config[access + 3] = 5
        let msix = Self.msixPlace
        config[msix] = VirtioPCIState.msixCapability
        config[msix + 1] = UInt8(access)
        put16(UInt16(kind.vectors - 1), msix + 2)
        put32(UInt32(Self.vectorWindow), msix + 4)
        put32(0x800 | UInt32(Self.vectorWindow), msix + 8)
        self.config = config

        var windows: [Int: PCIFunction.Window] = [
            Self.vectorWindow: .init(space: .memory32, size: 0x1000),
            Self.modernWindow: .init(space: .memory64Prefetchable, size: 0x4000),
        ]
        if isTransitional {
            // Registers with their vectors, then the device's own: at least 32 bytes, a power of two.
            var size: UInt64 = 32
            while size < UInt64(24 + device.config.count) { size *= 2 }
            windows[Self.legacyWindow] = .init(space: .io, size: size)
        }
        self.windows = windows
        capabilities = [0x40..<0x98, msix..<msix + 12]
        var writable: [Int: UInt8] = [msix + 3: 0xc0, access + 4: 0xff]
        for place in access + 8..<access + 20 { writable[place] = 0xff }
        self.writable = writable
    }

    /// What PCI knows of the kinds of devices.
    private struct Kind {
        let transitionalID: UInt16
        let classCode: UInt16
        /// One for the configuration, the rest for queues.
        let vectors: Int

        init(deviceID: UInt32, queues: Int) {
            switch deviceID {
            case 1: (transitionalID, classCode, vectors) = (0x1000, 0x0200, 4)
            case 2: (transitionalID, classCode, vectors) = (0x1001, 0x0100, queues + 1)
            case 3: (transitionalID, classCode, vectors) = (0x1003, 0x0780, 2)
            case 5: (transitionalID, classCode, vectors) = (0x1002, 0x00ff, 2)
            default: (transitionalID, classCode, vectors) = (0x1005, 0x00ff, 2)
            }
        }
    }
}
