/// Features that are not one device's own (virtio 1.2, 6).
enum VirtioFeature {
    static let notifyOnEmpty: UInt64 = 1 << 24
    static let anyLayout: UInt64 = 1 << 27
    static let indirectDescriptors: UInt64 = 1 << 28
    static let eventIndex: UInt64 = 1 << 29
    static let version1: UInt64 = 1 << 32
    static let ringReset: UInt64 = 1 << 40

    /// What every device offers on any transport.
    static let common = notifyOnEmpty | anyLayout | indirectDescriptors | eventIndex
    /// Of these, what drivers that know VERSION_1 are not told of.
    static let legacy = notifyOnEmpty | anyLayout
    /// What it offers besides on a modern one.
    static let modern = version1 | ringReset
}

/// Bits of the device status (virtio 1.2, 2.1).
enum VirtioStatus {
    static let driverOK: UInt8 = 4
    static let featuresOK: UInt8 = 8
    static let needsReset: UInt8 = 64
}

/// Bits of the interrupt status.
enum VirtioInterrupt {
    static let queue: UInt8 = 1
    static let configuration: UInt8 = 2
}
