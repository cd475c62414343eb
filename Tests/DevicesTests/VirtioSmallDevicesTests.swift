import Bytes
import Glibc
import GuestMemory
import Synchronization
import Testing
import Threads

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
        // A legacy driver of Linux writes byte by byte.
        for (index, byte) in [UInt64(3), 2, 1, 0].enumerated() {
            driver.write(0x104 + UInt64(index), byte, size: 1)
        }
        #expect(balloon.givenPages == 0x0001_0203 && driver.read(0x104) == 0x0001_0203)
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
        // Sent on before it runs, it is what it was; the request counts as taken.
        #expect(moved.queues[2].inUse == 1)
        var again = VMStateWriter(dialect: .martlet, version: 1)
        _ = try #require(destination.transport.sections.first).save(&again)
        #expect(again.output.bytes == writer.output.bytes)
        moved.resume()
        #expect(eventually { destination.lock.withLock { moved.queues[2].inUse == 1 } })
        #expect(moved.statistics().values == [4: 12345])
        #expect(moved.requestStatistics() != nil)
        #expect(destination.waitUsed(2) != nil)
    }
}

@Suite struct VirtioConsoleTests {
    /// What the guest wrote to each port, and how often it may have made room.
    private final class Output: Sendable {
        private let bytes = Mutex<[Int: [UInt8]]>([:])
        private let rooms = Mutex<[Int: Int]>([:])
        func port(_ id: Int, isConsole: Bool, name: String = "") -> VirtioConsolePort {
            VirtioConsolePort(id: id, isConsole: isConsole, name: name, isHostConnected: false) { [self] in
                rooms.withLock { $0[id, default: 0] += 1 }
            } write: { [self] more in
                bytes.withLock { $0[id, default: []] += more }
            }
        }
        func changes(_ id: Int) -> Int { rooms.withLock { $0[id] ?? 0 } }
        func text(_ id: Int) -> String { String(decoding: bytes.withLock { $0[id] ?? [] }, as: UTF8.self) }
    }

    private let output = Output()

    private func driver(memory: GuestMemory? = nil) throws -> VirtioDriver {
        try VirtioDriver(memory: memory) { memory, lock in
            VirtioConsole(
                ports: [
                    output.port(0, isConsole: true),
                    output.port(1, isConsole: false, name: "org.martlet.test"),
                ], memory: memory, lock: lock)
        }
    }

    /// Gives a queue buffers of 64 bytes in a place of its own.
    private func addBuffers(_ driver: VirtioDriver, _ queue: Int, count: Int = 4) {
        for index in 0..<count {
            let address = VirtioDriver.buffers + UInt64(queue) * 0x1000 + UInt64(index) * 64
            driver.add([.init(address: address, length: 64, isWritable: true)], to: queue)
        }
        driver.notify(queue)
    }

    private func received(_ driver: VirtioDriver, _ queue: Int) -> [UInt8]? {
        guard let used = driver.waitUsed(queue) else { return nil }
        let address = driver.memory.load(UInt64.self, at: driver.rings[queue].desc + 16 * UInt64(used.id))
        return address.flatMap { driver.memory.read(at: $0, count: Int(used.length)) }
    }

    private func write(_ driver: VirtioDriver, _ queue: Int, _ bytes: [UInt8]) {
        let at = VirtioDriver.buffers + 0x20_0000
        driver.memory.write(bytes, at: at)
        driver.add([.init(address: at, length: UInt32(bytes.count))], to: queue)
        driver.notify(queue)
        #expect(driver.waitUsed(queue) != nil)
    }

    private func connect(_ driver: VirtioDriver) {
        addBuffers(driver, 2, count: 6)
        write(driver, 3, [0xff, 0xff, 0xff, 0xff, 0, 0, 1, 0])
        #expect(received(driver, 2) == [0, 0, 0, 0, 1, 0, 1, 0])
        #expect(received(driver, 2) == [1, 0, 0, 0, 1, 0, 1, 0])
        write(driver, 3, [0, 0, 0, 0, 3, 0, 1, 0])
        #expect(received(driver, 2) == [0, 0, 0, 0, 4, 0, 1, 0])
        #expect(received(driver, 2) == [0, 0, 0, 0, 6, 0, 1, 0])
        write(driver, 3, [1, 0, 0, 0, 3, 0, 1, 0])
        #expect(received(driver, 2) == [1, 0, 0, 0, 7, 0, 1, 0] + Array("org.martlet.test".utf8))
        write(driver, 3, [0, 0, 0, 0, 6, 0, 1, 0])
        write(driver, 3, [1, 0, 0, 0, 6, 0, 1, 0])
    }

    @Test func `A console and a port carry bytes both ways`() throws {
        let driver = try driver()
        driver.start(queues: 6)
        let console = try #require(driver.transport.device as? VirtioConsole)
        #expect(driver.read(0x104) == 31)
        write(driver, 1, Array("lost".utf8))
        connect(driver)
        write(driver, 1, Array("hello".utf8))
        write(driver, 5, Array("port".utf8))
        #expect(output.text(0) == "hello" && output.text(1) == "port")
        let text = Array(repeating: Array("0123456789".utf8), count: 10).flatMap { $0 }
        #expect(driver.lock.withLock { console.receive(text, port: 1) } == 0)
        addBuffers(driver, 4)
        #expect(eventually { output.changes(1) > 0 })
        #expect(driver.lock.withLock { console.room(port: 1) } == 64)
        #expect(driver.lock.withLock { console.receive(text, port: 1) } == 64)
        #expect(driver.lock.withLock { console.receive(Array(text[64...]), port: 1) } == 36)
        #expect((received(driver, 4) ?? []) + (received(driver, 4) ?? []) == text)
        console.setHostConnected(true, port: 1)
        #expect(received(driver, 2) == [1, 0, 0, 0, 6, 0, 1, 0])
        driver.write(0x108, 0x21)
        #expect(eventually { output.text(0) == "hello!" })
    }

    @Test func `A console that stands still takes nothing from the host, and goes on afterwards`() throws {
        let driver = try driver()
        driver.start(queues: 6)
        let console = try #require(driver.transport.device as? VirtioConsole)
        connect(driver)
        addBuffers(driver, 0)
        #expect(driver.lock.withLock { console.room(port: 0) } == 64)
        console.quiesce()
        #expect(driver.lock.withLock { console.room(port: 0) } == 0)
        #expect(driver.lock.withLock { console.receive([65], port: 0) } == 0)
        let before = output.changes(0)
        console.resume()
        #expect(eventually { output.changes(0) > before })
        #expect(driver.lock.withLock { console.receive([65], port: 0) } == 1)
        #expect(received(driver, 0) == [65])
    }

    @Test func `What a console has room for it takes, also when it is about to stand still`() throws {
        let driver = try driver()
        driver.start(queues: 6)
        let console = try #require(driver.transport.device as? VirtioConsole)
        connect(driver)
        addBuffers(driver, 0)
        let pauser = driver.lock.withLock {
            #expect(console.room(port: 0) == 64)
            let pauser = OSThread("pauser") { console.quiesce() }
            usleep(50_000)
            #expect(console.receive([65], port: 0) == 1)
            return pauser
        }
        pauser.join()
        #expect(driver.lock.withLock { console.room(port: 0) } == 0)
    }

    @Test func `A driver without multiport has the console at once`() throws {
        let driver = try driver()
        driver.start(features: ~2, queues: 2)
        write(driver, 1, Array("hello".utf8))
        #expect(output.text(0) == "hello")
        addBuffers(driver, 0)
        driver.lock.withLock { _ = (driver.transport.device as? VirtioConsole)?.receive([65], port: 0) }
        #expect(received(driver, 0) == [65])
    }

    @Test func `A driver may reset a console that is about to write, at any moment`() throws {
        let driver = try driver()
        for round in 0..<2000 {
            driver.start(features: ~2, queues: 2)
            for _ in 0..<8 { driver.add([.init(address: VirtioDriver.buffers, length: 1)], to: 1) }
            driver.notify(1)
            // The reset that begins the next round falls into another moment each time.
            for _ in 0..<round % 200 { _ = driver.read(0x70) }
        }
        #expect(driver.read(0x70) == 7)
    }

    @Test func `State moves with open ports and a half-written request`() throws {
        let source = try driver()
        source.start(queues: 6)
        connect(source)
        source.transport.device?.quiesce()
        let section = try #require(source.transport.sections.first)
        #expect(section.name == "virtio-mmio@0000000010008000/virtio-console")
        var state = VirtioState(device: VirtioConsoleState())
        state.queues = (0..<64).map { _ in VirtQueueState(num: 1024) }
        state.device.portsMap = [3]
        state.device.ports = [.init(id: 0), .init(id: 1)]
        var writer = VMStateWriter(dialect: .martlet, version: 3)
        _ = section.save(&writer)
        let description = VirtioState<VirtioConsoleState>.description()
        try description.load(&state, from: VMStateReader(InputBuffer(bytes: writer.output.bytes), version: 3))
        #expect(state.device.ports.map(\.isGuestConnected) == [true, true])
        // As if the first 3 of 8 bytes had been written: the guest waits for its request.
        let at = VirtioDriver.buffers + 0x30_0000
        source.memory.write(Array("abcdefgh".utf8), at: at)
        let head = source.add([.init(address: at, length: 4), .init(address: at + 4, length: 4)], to: 1)
        state.queues[1].lastAvailIndex &+= 1
        state.device.ports[0].element = .init(
            segment: 0, offset: 3,
            element: .init(
                index: UInt32(head),
                readable: [.init(address: at, length: 4), .init(address: at + 4, length: 4)], writable: []))
        var changed = VMStateWriter(dialect: .martlet, version: 3)
        description.save(state, to: &changed)
        let destination = try driver(memory: source.memory)
        try destination.transport.sections.first?.load(
            VMStateReader(InputBuffer(bytes: changed.output.bytes), version: 3))
        destination.rings = source.rings
        destination.transport.device?.resume()
        #expect(destination.waitUsed(1)?.id == UInt32(head))
        #expect(output.text(0) == "defgh")
        // Other ports than the sender's are refused.
        let other = try VirtioDriver { VirtioConsole(ports: [], memory: $0, lock: $1) }
        let error = #expect(throws: VMStateError.self) {
            try other.transport.sections.first?.load(
                VMStateReader(InputBuffer(bytes: writer.output.bytes), version: 3))
        }
        #expect(error?.description.contains("expected the ports 0x1, found 0x3") == true)
    }
}
