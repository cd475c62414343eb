import BlockImages
import VMState

@testable import Devices
@testable import GuestMemory

/// A root bus in miniature, and what a guest does with it.
final class PCIBus {
    /// Where the tests place the windows of the device under test.
    static let io: UInt64 = 0x1000
    static let vectors: UInt64 = 0x4000_0000
    static let modern: UInt64 = 0x4_0000_0000

    let host: PCIeHost
    let lock = BoardLock()
    let recorders: [LineRecorder]
    private let ioWindow: any MMIODevice
    private let memoryWindow: any MMIODevice

    init() {
        recorders = (0..<4).map { _ in LineRecorder() }
        host = PCIeHost(lines: recorders.map(\.line))
        ioWindow = host.ioWindow(base: 0)
        memoryWindow = host.memoryWindow(base: 0)
    }

    /// ECAM.
    func config(_ device: Int, _ offset: Int, size: Int = 4) -> UInt64 {
        lock.withLock { host.read(UInt64(device << 15 | offset), size: size) }
    }
    func setConfig(_ device: Int, _ offset: Int, _ value: UInt64, size: Int = 4) {
        lock.withLock { host.write(UInt64(device << 15 | offset), size: size, value: value) }
    }

    func readIO(_ address: UInt64, size: Int) -> UInt64 {
        lock.withLock { ioWindow.read(address, size: size) }
    }
    func writeIO(_ address: UInt64, _ value: UInt64, size: Int) {
        lock.withLock { ioWindow.write(address, size: size, value: value) }
    }
    func read(_ address: UInt64, size: Int) -> UInt64 {
        lock.withLock { memoryWindow.read(address, size: size) }
    }
    func write(_ address: UInt64, _ value: UInt64, size: Int) {
        lock.withLock { memoryWindow.write(address, size: size, value: value) }
    }

    /// Places the windows and switches the device on.
    func enable(_ device: Int) {
        setConfig(device, 0x10, Self.io)
        setConfig(device, 0x14, Self.vectors)
        setConfig(device, 0x20, Self.modern & 0xffff_ffff)
        setConfig(device, 0x24, Self.modern >> 32)
        setConfig(device, 0x04, 7, size: 2)
    }
}

/// The devices of the fixtures, as QEMU had them: two harts.
enum PCIDevices {
    static let kinds = ["virtio-blk", "virtio-net", "virtio-rng", "virtio-console", "virtio-balloon"]

    static func make(
        _ kind: String, disk: TestDisk, memory: GuestMemory, lock: BoardLock
    ) throws -> VirtioDevice {
        switch kind {
        case "virtio-blk":
            VirtioBlk(
                image: try RawImage(path: disk.path), queueCount: 2, isModern: true, memory: memory,
                lock: lock)
        case "virtio-net":
            VirtioNet(
                mac: [0x52, 0x54, 0, 0x12, 0x34, 0x56], backend: nil, isModern: true, memory: memory,
                lock: lock)
        case "virtio-rng": VirtioRng(isModern: true, memory: memory, lock: lock)
        case "virtio-console": VirtioConsole(ports: [], isModern: true, memory: memory, lock: lock)
        default: VirtioBalloon(isModern: true, memory: memory, lock: lock)
        }
    }
}
