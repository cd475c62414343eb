import Bytes
import Glibc
import GuestMemory
import Synchronization
import VMState

@testable import Devices

/// Clock, timers and lock of a board, and lines that remember their level.
final class BoardFixture: Sendable {
    let clock = VirtualClock()
    let lock = BoardLock()
    let timers: BoardTimers

    init(running: Bool = false) {
        timers = BoardTimers(clock: clock, lock: lock)
        if running { clock.start() }
    }

    deinit { timers.close() }
}

/// A level that a device drives.
final class Wire: Sendable {
    private let level = Mutex(false)

    var isUp: Bool { level.withLock { $0 } }
    func set(_ up: Bool) { level.withLock { $0 = up } }
    var line: InterruptLine { InterruptLine { self.set($0) } }

    /// True once the level is `up`, false after `seconds` without.
    func becomes(_ up: Bool, within seconds: Int = 5) -> Bool { waitFor(seconds) { self.isUp == up } }
}

/// Collected bytes of a backend or a device.
final class Collected: Sendable {
    private let storage = Mutex<[UInt8]>([])

    var bytes: [UInt8] { storage.withLock { $0 } }
    var text: String { String(decoding: bytes, as: UTF8.self) }
    func append(_ more: [UInt8]) { storage.withLock { $0 += more } }
}

/// Polls a condition every millisecond.
func waitFor(_ seconds: Int = 5, _ condition: () -> Bool) -> Bool {
    for _ in 0..<seconds * 1000 {
        if condition() { return true }
        usleep(1000)
    }
    return condition()
}

/// A section's bytes for a dialect.
func save(_ section: VMStateSection, for dialect: Dialect = .qemu10_0) -> [UInt8] {
    var writer = VMStateWriter(dialect: dialect, version: section.version(dialect))
    _ = section.save(&writer)
    return writer.output.bytes
}

func load(_ bytes: [UInt8], into section: VMStateSection, version: UInt32? = nil) throws(VMStateError) {
    try section.load(
        VMStateReader(InputBuffer(bytes: bytes), version: version ?? section.versions.upperBound))
}
