import Devices
import RISCV

/// What a hart reaches that is not RAM: devices by address, under the board's lock.
@safe
final class BoardBus: HartBus, @unchecked Sendable {
    // Sendable: the map is fixed before the first hart runs; devices are called with the lock held.

    private struct Window {
        var start: UInt64
        var end: UInt64
        var device: any MMIODevice
    }

    private var windows: [Window] = []
    private let lock: BoardLock
    private var aclint: ACLINT?
    private var clock: Unmanaged<ACLINT>?

    init(lock: BoardLock) { self.lock = lock }

    func map(_ start: UInt64, _ size: UInt64, _ device: any MMIODevice) {
        windows.append(Window(start: start, end: start + size, device: device))
        windows.sort { $0.start < $1.start }
    }

    func connect(aclint: ACLINT, hartCount: Int) {
        self.aclint = aclint
        unsafe clock = Unmanaged.passUnretained(aclint)
    }

    private func window(_ address: UInt64, _ size: Int) -> Window? {
        var (low, high) = (0, windows.count)
        while low < high {
            let middle = (low + high) / 2
            if windows[middle].end <= address { low = middle + 1 } else { high = middle }
        }
        guard low < windows.count, windows[low].start <= address, windows[low].end - address >= UInt64(size)
        else {
            return nil
        }
        return windows[low]
    }

    func read(_ address: UInt64, size: Int) -> UInt64? {
        guard let window = window(address, size) else { return nil }
        return lock.withLock { window.device.read(address - window.start, size: size) }
    }

    func write(_ address: UInt64, size: Int, value: UInt64) -> Bool {
        guard let window = window(address, size) else { return false }
        lock.withLock { window.device.write(address - window.start, size: size, value: value) }
        return true
    }

    /// Read as often as a guest likes: the board keeps the object, and counting references to one that timers
    /// refer to weakly takes longer than the clock does.
    var ticks: UInt64 {
        guard let clock = unsafe clock else { return 0 }
        return unsafe clock._withUnsafeGuaranteedRef { $0.ticks }
    }

    func stimecmpChanged(hart: Int, stimecmp: UInt64) {
        aclint?.stimecmpChanged(hart: hart, stimecmp: stimecmp)
    }
}
