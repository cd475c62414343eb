/// virtio-balloon's own part.
public struct VirtioBalloonState: VirtioDeviceState {
    public static var name: String { "virtio-balloon" }
    public static var version: UInt32 { 1 }
    public static func classicQueueSize(_ queue: Int) -> UInt32 { 128 }
    /// QEMU 7.2's has none.
    public static func hasVectors(_ dialect: Dialect) -> Bool { dialect != .qemu7_2 }

    /// 4 KiB pages that the host wants back.
    public var pages: UInt32 = 0
    /// 4 KiB pages that the guest has given.
    public var actual: UInt32 = 0

    public init() {}

    public static func fields() -> [VMStateField<VirtioState<VirtioBalloonState>>] {
        [
            .uint32("num_pages", \.device.pages),
            .uint32("actual", \.device.actual),
        ]
    }
}
