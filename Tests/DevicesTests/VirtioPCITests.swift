import BlockImages
import Foundation
import Testing
import VMState

@testable import Devices
@testable import GuestMemory

/// A guest's view of virtio on PCI.
@Suite struct VirtioPCITests {
    private let disk: TestDisk
    private let bus = PCIBus()
    private let memory: GuestMemory
    private let device: VirtioDevice

    init() throws {
        disk = try TestDisk(size: 64 * 512)
        memory = try VirtioDriver.makeMemory()
        device = try PCIDevices.make("virtio-blk", disk: disk, memory: memory, lock: bus.lock)
        bus.host.plug(VirtioPCITransport(device: device), at: 3)
    }

    @Test func `The bus shows the bridge, the device and nothing else`() {
        #expect(bus.config(0, 0) == 0x0008_1b36)
        #expect(bus.config(3, 0) == 0x1001_1af4)
        #expect(bus.config(3, 0x2c) == 0x0002_1af4)
        #expect(bus.config(3, 0x3d, size: 1) == 1)
        for empty in [1, 2, 4, 31] { #expect(bus.config(empty, 0) == 0xffff_ffff) }
        #expect(bus.host.read(3 << 15 | 1 << 12, size: 4) == 0xffff_ffff)
        #expect(bus.host.read(1 << 20, size: 8) == .max)
        #expect(bus.config(3, 0x100) == 0)
    }

    @Test func `Windows tell their size and can be placed`() {
        for (place, mask) in [(0x10, 0xffff_ff81), (0x14, 0xffff_f000), (0x20, 0xffff_c00c), (0x18, 0)] {
            bus.setConfig(3, place, 0xffff_ffff)
            #expect(bus.config(3, place) == UInt64(mask))
        }
        #expect(bus.readIO(PCIBus.io, size: 4) == 0xffff_ffff)
        bus.enable(3)
        #expect(bus.readIO(PCIBus.io, size: 4) & 0x1000_0000 != 0)
        bus.setConfig(3, 4, 2, size: 2)
        #expect(bus.readIO(PCIBus.io, size: 4) == 0xffff_ffff)
    }

    @Test func `An option ROM tells its size and is read where the guest has placed it`() throws {
        let rom = try RAMBlock(name: "rom", size: 0, capacity: 1 << 20)
        let card = try PCIDevices.make("virtio-net", disk: disk, memory: memory, lock: bus.lock)
        defer { card.shutDown() }
        bus.host.plug(VirtioPCITransport(device: card, rom: rom), at: 5)
        bus.setConfig(5, 0x30, 0xffff_ffff)
        #expect(bus.config(5, 0x30) == 0, "nothing there before a stream has brought it")
        // Three pages in a window of four.
        rom.resize(to: 0x3000)
        rom.fill(at: 0, with: [0x55, 0xaa, 1, 2])
        bus.setConfig(5, 0x30, 0xffff_f800)
        #expect(bus.config(5, 0x30) == 0xffff_c000)
        bus.enable(5)
        bus.setConfig(5, 0x30, 0x5000_0001)
        #expect(bus.config(5, 0x30) == 0x5000_0001)
        bus.write(0x5000_0000, 0, size: 8)
        #expect(bus.read(0x5000_0000, size: 4) == 0x0201_aa55)
        #expect(bus.read(0x5000_0001, size: 1) == 0xaa)
        #expect(bus.read(0x5000_3000, size: 4) == 0)
        #expect(bus.read(0x5000_4000, size: 4) == 0xffff_ffff)
        bus.setConfig(5, 0x30, 0x5000_0000)
        #expect(bus.read(0x5000_0000, size: 4) == 0xffff_ffff)
    }

    /// Rings as a driver lays them out, the same for both kinds.
    private static let ring = VirtioDriver.base
    private static let used = VirtioDriver.base + 0x2000

    /// Asks for the disk's first sector; the rings are at ``ring``.
    private func readSector(available: UInt16, notify: () -> Void) throws -> [UInt8] {
        let buffer = VirtioDriver.buffers
        memory.write([UInt8](repeating: 0, count: 16), at: buffer)
        for (index, entry) in [(buffer, 16, 1, 1), (buffer + 4096, 512, 3, 2), (buffer + 8192, 1, 2, 0)]
            .enumerated()
        {
            let place = Self.ring + 16 * UInt64(index)
            memory.store(entry.0, at: place)
            memory.store(UInt32(entry.1), at: place + 8)
            memory.store(UInt16(entry.2), at: place + 12)
            memory.store(UInt16(entry.3), at: place + 14)
        }
        let ring = Self.ring + 16 * 256
        memory.store(UInt16(0), at: ring + 4 + 2 * UInt64(available &- 1))
        memory.store(available, at: ring + 2)
        notify()
        #expect(eventually { memory.load(UInt16.self, at: Self.used + 2) == available })
        return memory.read(at: buffer + 4096, count: 512) ?? []
    }

    private func fill(_ disk: TestDisk) throws {
        let file = try #require(FileHandle(forWritingAtPath: disk.path))
        try file.write(contentsOf: Data(pattern))
        try file.close()
    }

    private var pattern: [UInt8] { (0..<512).map { UInt8(truncatingIfNeeded: $0 * 7) } }

    @Test func `A modern driver reads a block and gets INTA`() throws {
        try fill(disk)
        bus.enable(3)
        let common = PCIBus.modern
        func write(_ offset: UInt64, _ value: UInt64, _ size: Int) {
            bus.write(common + offset, value, size: size)
        }
        write(0x14, 0, 1)
        write(0x14, 3, 1)
        write(0x00, 1, 4)
        #expect(bus.read(common + 4, size: 4) == 0x101)
        write(0x08, 1, 4)
        write(0x0c, 1, 4)
        write(0x14, 11, 1)
        #expect(bus.read(common + 0x14, size: 1) == 11)
        #expect(bus.read(common + 0x12, size: 2) == 2)
        write(0x16, 0, 2)
        #expect(bus.read(common + 0x18, size: 2) == 1024)
        write(0x18, 256, 2)
        bus.write(common + 0x20, Self.ring, size: 8)
        bus.write(common + 0x28, Self.ring + 4096, size: 8)
        bus.write(common + 0x30, Self.used, size: 8)
        write(0x1c, 1, 2)
        write(0x14, 15, 1)
        let notify = { bus.write(common + 0x3000, 0, size: 2) }
        #expect(try readSector(available: 1, notify: notify) == pattern)
        let line = bus.recorders[3]
        #expect(eventually { line.level })
        #expect(bus.config(3, 6, size: 1) & 8 != 0)
        #expect(bus.read(common + 0x1000, size: 1) == 1)
        #expect(!line.level)
        #expect(bus.read(common + 0x1000, size: 1) == 0)

        // With the pin switched off nothing is heard; switched on again, the level is still there.
        bus.setConfig(3, 4, 0x407, size: 2)
        #expect(try readSector(available: 2, notify: notify) == pattern)
        #expect(eventually { bus.config(3, 6, size: 1) & 8 != 0 })
        #expect(!line.level)
        bus.setConfig(3, 4, 7, size: 2)
        #expect(line.level)
        #expect(bus.read(common + 0x1000, size: 1) == 1)

        // The driver resets the queue alone.
        write(0x3a, 1, 2)
        #expect(bus.read(common + 0x1c, size: 2) == 0)
        device.shutDown()
    }

    @Test func `A legacy driver reads a block`() throws {
        try fill(disk)
        bus.enable(3)
        bus.writeIO(PCIBus.io + 18, 0, size: 1)
        bus.writeIO(PCIBus.io + 18, 3, size: 1)
        bus.writeIO(PCIBus.io + 4, 0, size: 4)
        bus.writeIO(PCIBus.io + 14, 0, size: 2)
        #expect(bus.readIO(PCIBus.io + 12, size: 2) == 1024)
        // 1024 entries: descriptors 16 KiB, the available ring behind them.
        bus.writeIO(PCIBus.io + 8, Self.ring >> 12, size: 4)
        #expect(bus.readIO(PCIBus.io + 8, size: 4) == Self.ring >> 12)
        bus.writeIO(PCIBus.io + 18, 7, size: 1)
        #expect(bus.readIO(PCIBus.io + 20, size: 4) == 64)
        let queue = device.queues[0].state
        #expect(queue.avail == Self.ring + 0x4000)
        #expect(queue.used == Self.ring + 0x5000)
        bus.writeIO(PCIBus.io + 18, 0, size: 1)
        #expect(device.queues[0].state.desc == 0)
        device.shutDown()
    }

    @Test func `A driver without a mapping reaches registers through the configuration space`() {
        bus.setConfig(3, 0x88, 4, size: 1)
        bus.setConfig(3, 0x8c, 0x2000)
        bus.setConfig(3, 0x90, 4)
        #expect(bus.config(3, 0x94) == 64)
        bus.setConfig(3, 0x8c, 0x14)
        bus.setConfig(3, 0x90, 1)
        bus.setConfig(3, 0x94, 3, size: 1)
        #expect(bus.config(3, 0x94, size: 1) == 3)
        for (window, offset, size) in [(7, 0, 4), (4, 0xffff_fffc, 4), (4, 1, 4), (4, 0, 3), (4, 0x4000, 1)] {
            bus.setConfig(3, 0x88, UInt64(window), size: 1)
            bus.setConfig(3, 0x8c, UInt64(offset))
            bus.setConfig(3, 0x90, UInt64(size))
            _ = bus.config(3, 0x94)
            bus.setConfig(3, 0x94, 0xffff_ffff)
        }
        #expect(device.status == 3)
        device.shutDown()
    }

    @Test func `No write anywhere brings the board down`() {
        bus.enable(3)
        var random = SeededGenerator(seed: 3)
        for _ in 0..<20000 {
            let size = [1, 2, 4, 8][Int.random(in: 0..<4, using: &random)]
            let value =
                UInt64.random(in: 0...UInt64.max, using: &random) >> UInt64.random(in: 0..<64, using: &random)
            let offset = UInt64.random(in: 0..<0x4000, using: &random) & ~UInt64(size - 1)
            switch Int.random(in: 0..<8, using: &random) {
            case 0: bus.setConfig(3, Int(offset & 0xfff), value, size: min(size, 4))
            case 1: _ = bus.config(3, Int(offset & 0xfff), size: min(size, 4))
            case 2: bus.writeIO(PCIBus.io + (offset & 0x7f), value, size: min(size, 4))
            case 3: _ = bus.readIO(PCIBus.io + (offset & 0x7f), size: min(size, 4))
            case 4: bus.write(PCIBus.vectors + (offset & 0xfff), value, size: size)
            case 5: _ = bus.read(PCIBus.vectors + (offset & 0xfff), size: size)
            case 6: bus.write(PCIBus.modern + offset, value, size: size)
            default: _ = bus.read(PCIBus.modern + offset, size: size)
            }
            if Int.random(in: 0..<100, using: &random) == 0 { bus.enable(3) }
        }
        bus.lock.withLock { bus.host.reset() }
        #expect(bus.config(3, 0) == 0x1001_1af4)
        #expect(device.status == 0)
        device.shutDown()
    }
}
