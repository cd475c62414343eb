/// virtio-rng has nothing of its own to carry.
public struct VirtioRngState: VirtioDeviceState {
    public static var name: String { "virtio-rng" }
    public static var version: UInt32 { 1 }
    public static func classicQueueSize(_ queue: Int) -> UInt32 { 8 }

    public init() {}

    public static func fields() -> [VMStateField<VirtioState<VirtioRngState>>] { [] }
}
