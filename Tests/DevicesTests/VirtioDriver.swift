import Glibc
import Synchronization

@testable import Devices
@testable import GuestMemory

/// What a test's interrupt line has seen.
final class LineRecorder: Sendable {
    private let events = Mutex<[Bool]>([])
    var line: InterruptLine { InterruptLine { [self] level in events.withLock { $0.append(level) } } }
    var raises: Int { events.withLock { $0.count { $0 } } }
    var level: Bool { events.withLock { $0.last ?? false } }
}

/// A guest driver in miniature: rings in guest memory, registers of a virtio-mmio slot.
final class VirtioDriver {
    static let base: UInt64 = 0x8000_0000
    /// Where a test may put its buffers.
    static let buffers: UInt64 = base + 0x40_0000
    static let memorySize = 8 << 20

    struct Buffer {
        var address: UInt64
        var length: UInt32
        var isWritable = false
    }

    struct Ring {
        var desc: UInt64 = 0
        var avail: UInt64 = 0
        var used: UInt64 = 0
        var num: UInt16 = 0
        var nextDescriptor: UInt16 = 0
        var available: UInt16 = 0
        var seen: UInt16 = 0
    }

    let memory: GuestMemory
    let lock: BoardLock
    let transport: VirtioMMIOTransport
    let recorder = LineRecorder()
    let isModern: Bool
    var rings: [Ring] = []

    static func makeMemory() throws -> GuestMemory {
        let ram = try RAMBlock(name: "ram", size: memorySize)
        let rom = try RAMBlock(name: "rom", size: 4096)
        return GuestMemory(
            blocks: [ram, rom],
            regions: [
                .init(address: base, block: ram, isWritable: true),
                .init(address: 0x1000, block: rom, isWritable: false),
            ])
    }

    /// - Parameter make: the device under test.
    init(
        isModern: Bool = false, memory: GuestMemory? = nil,
        _ make: (GuestMemory, BoardLock) throws -> VirtioDevice
    ) throws {
        let memory = try memory ?? VirtioDriver.makeMemory()
        self.memory = memory
        self.isModern = isModern
        lock = BoardLock()
        transport = VirtioMMIOTransport(
            device: try make(memory, lock), address: 0x1000_8000, isModern: isModern, lock: lock,
            line: recorder.line)
    }

    deinit { transport.device?.shutDown() }

    // MARK: Registers

    func read(_ offset: UInt64, size: Int = 4) -> UInt64 {
        lock.withLock { transport.read(offset, size: size) }
    }
    func write(_ offset: UInt64, _ value: UInt64, size: Int = 4) {
        lock.withLock { transport.write(offset, size: size, value: value) }
    }

    var features: UInt64 {
        write(0x14, 0)
        let low = read(0x10)
        write(0x14, 1)
        return low | read(0x10) << 32
    }

    /// Reset, features, queues of `num` entries, DRIVER_OK.
    func start(features wanted: UInt64 = .max, queues: Int = 1, num: UInt16 = 16) {
        write(0x70, 0)
        write(0x70, 1)
        write(0x70, 3)
        let accepted = features & wanted & ~(1 << 24)
        write(0x24, 0)
        write(0x20, accepted & 0xffff_ffff)
        if isModern {
            write(0x24, 1)
            write(0x20, (accepted | 1 << 32) >> 32)
            write(0x70, 11)
        } else {
            write(0x28, 4096)
        }
        rings = []
        for index in 0..<queues {
            var ring = Ring()
            ring.num = num
            ring.desc = VirtioDriver.base + UInt64(index) * 0x1_0000
            ring.avail = ring.desc + 16 * UInt64(num)
            ring.used = isModern ? ring.desc + 0x8000 : (ring.avail + 4 + 2 * UInt64(num) + 4095) & ~4095
            rings.append(ring)
            memory.write([UInt8](repeating: 0, count: 0x1_0000), at: ring.desc)
            write(0x30, UInt64(index))
            write(0x38, UInt64(num))
            if isModern {
                for (register, address) in [(0x80, ring.desc), (0x90, ring.avail), (0xa0, ring.used)] {
                    write(UInt64(register), address & 0xffff_ffff)
                    write(UInt64(register) + 4, address >> 32)
                }
                write(0x44, 1)
            } else {
                write(0x3c, 4096)
                write(0x40, ring.desc >> 12)
            }
        }
        write(0x70, isModern ? 15 : 7)
    }

    // MARK: Requests

    func setDescriptor(
        table: UInt64, _ index: UInt16, address: UInt64, length: UInt32, flags: UInt16, next: UInt16 = 0
    ) {
        let entry = table + 16 * UInt64(index)
        memory.store(address, at: entry)
        memory.store(length, at: entry + 8)
        memory.store(flags, at: entry + 12)
        memory.store(next, at: entry + 14)
    }

    /// Puts a chain into a queue; returns its head.
    @discardableResult
    func add(_ buffers: [Buffer], to queue: Int = 0, indirectTable: UInt64? = nil) -> UInt16 {
        let first = rings[queue].nextDescriptor
        let table = indirectTable ?? rings[queue].desc
        for (index, buffer) in buffers.enumerated() {
            let isLast = index == buffers.count - 1
            let number = (indirectTable == nil ? first : 0) + UInt16(index)
            setDescriptor(
                table: table, number, address: buffer.address, length: buffer.length,
                flags: (isLast ? 0 : 1) | (buffer.isWritable ? 2 : 0), next: isLast ? 0 : number + 1)
        }
        var taken = UInt16(buffers.count)
        if let indirectTable {
            setDescriptor(
                table: rings[queue].desc, first, address: indirectTable, length: 16 * UInt32(buffers.count),
                flags: 4)
            taken = 1
        }
        rings[queue].nextDescriptor = (first + taken) % rings[queue].num
        if rings[queue].nextDescriptor + 8 > rings[queue].num { rings[queue].nextDescriptor = 0 }
        publish(first, to: queue)
        return first
    }

    func publish(_ head: UInt16, to queue: Int = 0) {
        let ring = rings[queue]
        memory.store(head, at: ring.avail + 4 + 2 * UInt64(ring.available % ring.num))
        rings[queue].available &+= 1
        memory.store(rings[queue].available, at: ring.avail + 2)
    }

    func notify(_ queue: Int = 0) { write(0x50, UInt64(queue)) }

    /// Waits for the next used entry; nil after two seconds without one.
    func waitUsed(_ queue: Int = 0, milliseconds: Int = 2000) -> (id: UInt32, length: UInt32)? {
        let ring = rings[queue]
        for _ in 0..<milliseconds * 5 {
            if let index = memory.load(UInt16.self, at: ring.used + 2), index != ring.seen {
                let entry = ring.used + 4 + 8 * UInt64(ring.seen % ring.num)
                rings[queue].seen &+= 1
                guard let id = memory.load(UInt32.self, at: entry),
                    let length = memory.load(UInt32.self, at: entry + 4)
                else { return nil }
                return (id, length)
            }
            usleep(200)
        }
        return nil
    }
}

/// Waits up to two seconds for something that another thread does.
func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<10000 {
        if condition() { return true }
        usleep(200)
    }
    return condition()
}
