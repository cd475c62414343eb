import Bytes
import GuestMemory
import Testing

@testable import Devices
@testable import VMState

@Suite struct VirtioRngTests {
    @Test func `Requests are filled with random bytes`() throws {
        let driver = try VirtioDriver { VirtioRng(memory: $0, lock: $1) }
        driver.start()
        let at = VirtioDriver.buffers
        driver.add([
            .init(address: at, length: 64, isWritable: true),
            .init(address: at + 0x1000, length: 64, isWritable: true),
        ])
        driver.notify()
        #expect(driver.waitUsed()?.length == 128)
        var bytes = driver.memory.read(at: at, count: 64) ?? []
        bytes += driver.memory.read(at: at + 0x1000, count: 64) ?? []
        #expect(Set(bytes).count > 30)
        driver.add([.init(address: at, length: 1 << 20, isWritable: true)])
        driver.notify()
        #expect(driver.waitUsed()?.length == 64 << 10)
        driver.add([.init(address: at, length: 64)])
        driver.notify()
        #expect(driver.waitUsed()?.length == 0)
        let section = driver.transport.sections.first
        #expect(section?.name == "virtio-mmio@0000000010008000/virtio-rng" && section?.versions == 1...1)
    }
}

@Suite struct VirtioBalloonTests {
    private func numbers(_ driver: VirtioDriver, _ queue: Int, _ pages: [UInt32]) -> Bool {
        let at = VirtioDriver.buffers
        for (index, page) in pages.enumerated() { driver.memory.store(page, at: at + 4 * UInt64(index)) }
        driver.add([.init(address: at, length: UInt32(4 * pages.count))], to: queue)
        driver.notify(queue)
        return driver.waitUsed(queue) != nil
    }

    @Test func `Given pages read as zero and are logged; others are left alone`() throws {
        let driver = try VirtioDriver { VirtioBalloon(memory: $0, lock: $1) }
        driver.start(queues: 3)
        let balloon = try #require(driver.transport.device as? VirtioBalloon)
        balloon.setTarget(pages: 2)
        #expect(driver.read(0x100) == 2 && driver.read(0x60) & 2 == 2)
        let page = VirtioDriver.buffers + 0x10_0000
        for index in 0..<4 {
            driver.memory.write([UInt8](repeating: 0xee, count: 4096), at: page + UInt64(index) * 4096)
        }
        driver.memory.setLogging(true)
        let number = UInt32(page >> 12)
        // The second and third page; one nowhere, one in ROM, the last possible number.
        #expect(numbers(driver, 0, [number + 1, number + 2, 0x12345, 1, .max]))
        for (index, byte) in [UInt8(0xee), 0, 0, 0xee].enumerated() {
            let found = driver.memory.read(at: page + UInt64(index) * 4096, count: 4096)
            #expect(found == [UInt8](repeating: byte, count: 4096))
        }
        var dirty = Bitmap(count: VirtioDriver.memorySize / 4096)
        _ = driver.memory.blocks.first?.dirtyLog.drain(into: &dirty)
        let index = Int(number) - 0x80000
        #expect([index, index + 1, index + 2, index + 3].map { dirty[$0] } == [false, true, true, false])
        driver.write(0x104, 2)
        #expect(balloon.givenPages == 2)
        #expect(numbers(driver, 1, [number + 1, number + 2]))
    }

    @Test func `Statistics are held, given back on demand, and taken again after a move`() throws {
        let source = try VirtioDriver { VirtioBalloon(memory: $0, lock: $1) }
        source.start(queues: 3)
        let at = VirtioDriver.buffers
        source.memory.write([4, 0, 0x39, 0x30, 0, 0, 0, 0, 0, 0], at: at)
        source.add([.init(address: at, length: 10)], to: 2)
        source.notify(2)
        let balloon = try #require(source.transport.device as? VirtioBalloon)
        #expect(source.waitUsed(2, milliseconds: 20) == nil)
        #expect(eventually { source.lock.withLock { source.transport.device?.queues[2].inUse == 1 } })
        balloon.quiesce()
        let section = try #require(source.transport.sections.first)
        var writer = VMStateWriter(dialect: .martlet, version: 1)
        _ = section.save(&writer)
        let destination = try VirtioDriver(memory: source.memory) { VirtioBalloon(memory: $0, lock: $1) }
        try destination.transport.sections.first?.load(
            VMStateReader(InputBuffer(bytes: writer.output.bytes), version: 1))
        destination.rings = source.rings
        let moved = try #require(destination.transport.device as? VirtioBalloon)
        #expect(destination.transport.device?.queues[2].inUse == 0)
        moved.resume()
        #expect(eventually { destination.lock.withLock { moved.queues[2].inUse == 1 } })
        #expect(moved.statistics() == [4: 12345])
        #expect(destination.waitUsed(2) != nil)
    }
}
