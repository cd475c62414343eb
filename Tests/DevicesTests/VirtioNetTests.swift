import Bytes
import Glibc
import GuestMemory
import Synchronization
import Testing

@testable import Devices
@testable import VMState

/// A network that keeps what is sent, and delivers what a test gives it.
final class TestNetwork: NetworkBackend {
    private struct State {
        var receive: (@Sendable ([UInt8]) -> Void)?
        var sent: [[UInt8]] = []
    }
    private let state = Mutex(State())

    func start(_ receive: @escaping @Sendable ([UInt8]) -> Void) { state.withLock { $0.receive = receive } }
    func send(_ frame: [UInt8]) { state.withLock { $0.sent.append(frame) } }
    func stop() {}
    func deliver(_ frame: [UInt8]) { state.withLock { $0.receive }?(frame) }
    var sent: [[UInt8]] { state.withLock { $0.sent } }
}

@Suite struct VirtioNetTests {
    static let mac: [UInt8] = [0x52, 0x54, 0, 0x12, 0x34, 0x56]
    static let buffers = VirtioDriver.buffers
    let network = TestNetwork()

    private func driver(isModern: Bool = false, memory: GuestMemory? = nil) throws -> VirtioDriver {
        try VirtioDriver(isModern: isModern, memory: memory) { memory, lock in
            VirtioNet(mac: Self.mac, backend: network, isModern: isModern, memory: memory, lock: lock)
        }
    }

    private static func frame(
        to: [UInt8] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff], count: Int = 60, vlan: UInt16? = nil
    ) -> [UInt8] {
        var frame = to + [2, 0, 0, 0, 0, 1]
        if let vlan { frame += [0x81, 0, UInt8(vlan >> 8), UInt8(vlan & 0xff)] }
        frame += [0x08, 0]
        return frame + (frame.count..<max(count, frame.count)).map { UInt8(truncatingIfNeeded: $0) }
    }

    private func addBuffers(_ driver: VirtioDriver, count: Int, size: UInt32) {
        for index in 0..<count {
            let address = Self.buffers + UInt64(index) * 0x1000
            driver.add([.init(address: address, length: size, isWritable: true)], to: 0)
        }
        driver.notify(0)
    }

    @Test func `Offers what Debian takes on QEMU's legacy transport`() throws {
        #expect(try driver().features & 0x38af_8064 == 0x38af_8064)
        let modern = try driver(isModern: true).features
        #expect(modern & 0x1_30af_8024 == 0x1_30af_8024 && modern & 1 << 6 == 0)
        let driver = try driver()
        #expect((0..<6).map { UInt8(driver.read(0x100 + $0, size: 1)) } == Self.mac)
        #expect(driver.read(0x106, size: 2) == 1)
        #expect(driver.read(0x108, size: 1) == 0xff)
    }

    @Test(arguments: [(false, UInt64.max, 12), (false, ~(1 << 15), 10), (true, UInt64.max, 12)])
    func `Frames go out without their header`(isModern: Bool, features: UInt64, header: Int) throws {
        let driver = try driver(isModern: isModern)
        driver.start(features: features, queues: 3)
        let frame = Self.frame(count: 1000)
        driver.memory.write([UInt8](repeating: 0, count: header) + frame, at: Self.buffers)
        driver.add(
            [
                .init(address: Self.buffers, length: UInt32(header)),
                .init(address: Self.buffers + UInt64(header), length: 1000),
            ], to: 1)
        driver.notify(1)
        #expect(driver.waitUsed(1)?.length == 0)
        #expect(network.sent == [frame])
    }

    @Test(arguments: [(UInt64.max, 12), (~(1 << 15), 10)])
    func `Frames come in behind a header`(features: UInt64, header: Int) throws {
        let driver = try driver()
        driver.start(features: features, queues: 3)
        let frame = Self.frame(count: 300)
        network.deliver(frame)
        #expect(driver.waitUsed(0, milliseconds: 20) == nil)
        addBuffers(driver, count: 1, size: 1600)
        let used = driver.waitUsed(0)
        #expect(used?.length == UInt32(300 + header))
        #expect(driver.memory.read(at: Self.buffers + UInt64(header), count: 300) == frame)
        if header == 12 { #expect(driver.memory.load(UInt16.self, at: Self.buffers + 10) == 1) }
        #expect(eventually { driver.recorder.level })
    }

    @Test func `A long frame is spread over mergeable buffers, all or none`() throws {
        let driver = try driver()
        driver.start(queues: 3)
        addBuffers(driver, count: 2, size: 500)
        let frame = Self.frame(count: 1400)
        network.deliver(frame)
        #expect(driver.waitUsed(0, milliseconds: 20) == nil)
        driver.add([.init(address: Self.buffers + 0x2000, length: 500, isWritable: true)], to: 0)
        driver.notify(0)
        let lengths = (0..<3).map { _ in driver.waitUsed(0)?.length }
        #expect(lengths == [500, 500, 412])
        #expect(driver.memory.load(UInt16.self, at: Self.buffers + 10) == 3)
        var got = driver.memory.read(at: Self.buffers + 12, count: 488) ?? []
        got += driver.memory.read(at: Self.buffers + 0x1000, count: 500) ?? []
        got += driver.memory.read(at: Self.buffers + 0x2000, count: 412) ?? []
        #expect(got == frame)
    }

    /// Sends a control command; returns the acknowledgement.
    private func control(_ driver: VirtioDriver, _ command: [UInt8]) -> UInt8? {
        let at = Self.buffers + 0x8000
        driver.memory.write(command, at: at)
        driver.memory.store(UInt8(0xaa), at: at + 0x1000)
        driver.add(
            [
                .init(address: at, length: UInt32(command.count)),
                .init(address: at + 0x1000, length: 1, isWritable: true),
            ], to: 2)
        driver.notify(2)
        guard driver.waitUsed(2) != nil else { return nil }
        return driver.memory.load(UInt8.self, at: at + 0x1000)
    }

    /// Commands, then a frame's address and VLAN, and whether it comes in.
    static let filters: [([[UInt8]], [UInt8], UInt16?, Bool)] = {
        let off: [UInt8] = [0, 0, 0]
        let other: [UInt8] = [2, 0, 0, 0, 0, 9]
        let group: [UInt8] = [0x33, 0x33, 0, 0, 0, 1]
        let all: [UInt8] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff]
        let table: [UInt8] = [1, 0, 1, 0, 0, 0] + other + [1, 0, 0, 0] + group
        let full: [UInt8] = [1, 0, 0, 0, 0, 0, 65, 0, 0, 0] + [UInt8](repeating: 1, count: 390)
        return [
            ([], other, nil, true), ([off], other, nil, false), ([off], mac, nil, true),
            ([off], all, nil, true), ([off, [0, 5, 1]], all, nil, false), ([off], group, nil, false),
            ([off, [0, 1, 1]], group, nil, true), ([off, table], group, nil, true),
            ([off, table], other, nil, true), ([off, full], group, nil, true),
            ([off, table, [0, 3, 1]], group, nil, false), ([off, [0, 4, 1]], mac, nil, false),
            ([off, [0, 2, 1]], other, nil, true), ([off], all, 5, false),
            ([off, [2, 0, 5, 0]], all, 5, true),
            ([off, [2, 0, 5, 0], [2, 1, 5, 0]], all, 5, false), ([off, [1, 1] + other], other, nil, true),
        ]
    }()

    @Test(arguments: filters) func `The filter lets in what the driver asked for`(
        commands: [[UInt8]], address: [UInt8], vlan: UInt16?, comes: Bool
    ) throws {
        let driver = try driver()
        driver.start(queues: 3)
        for command in commands { #expect(control(driver, command) == 0) }
        addBuffers(driver, count: 1, size: 1600)
        network.deliver(Self.frame(to: address, vlan: vlan))
        #expect((driver.waitUsed(0, milliseconds: comes ? 2000 : 30) != nil) == comes)
    }

    @Test(
        arguments: [
            [9, 0], [0, 0], [0, 9, 1], [1, 0, 0xff, 0xff, 0xff, 0xff], [1, 1, 2], [2, 0, 0, 0x10], [3, 0],
            [5, 0, 2, 0, 0, 0, 0, 0, 0, 0], [4, 0, 2, 0],
        ] as [[UInt8]])
    func `A command that cannot be is answered with an error`(command: [UInt8]) throws {
        let driver = try driver()
        driver.start(queues: 3)
        #expect(control(driver, command) == 1)
    }

    @Test func `After a move it announces itself`() throws {
        let driver = try driver()
        driver.start(queues: 3)
        let net = try #require(driver.transport.device as? VirtioNet)
        net.announce()
        let frame = try #require(network.sent.first)
        #expect(frame.count == 60)
        var head = [UInt8](repeating: 0xff, count: 6)
        head += Self.mac
        head += [0x80, 0x35]
        #expect(Array(frame.prefix(14)) == head)
        #expect(Array(frame[14..<22]) == [0, 1, 8, 0, 6, 4, 0, 3])
        #expect(driver.read(0x106, size: 2) == 3)
        #expect(driver.read(0x60) & 2 == 2)
        #expect(control(driver, [3, 0]) == 0)
        #expect(driver.read(0x106, size: 2) == 1)
    }

    @Test func `A guest that stands still is not asked to announce itself before it runs`() throws {
        let driver = try driver()
        driver.start(queues: 3)
        let net = try #require(driver.transport.device as? VirtioNet)
        net.quiesce()
        let section = try #require(driver.transport.sections.first)
        func saved() -> [UInt8] {
            var writer = VMStateWriter(dialect: .qemu10_0, version: section.version(.qemu10_0))
            _ = section.save(&writer)
            return writer.output.bytes
        }
        let before = saved()
        net.announce()
        #expect(network.sent.count == 1, "the network is told at once")
        #expect(saved() == before)
        net.resume()
        #expect(driver.read(0x106, size: 2) == 3 && driver.read(0x60) & 2 == 2)
        #expect(control(driver, [3, 0]) == 0)
        net.quiesce()
        net.resume()
        #expect(driver.read(0x106, size: 2) == 1, "asked once")
    }

    @Test func `State moves, and frames wait while the device stands still`() throws {
        let source = try driver()
        source.start(queues: 3)
        #expect(control(source, [0, 0, 0]) == 0)
        #expect(control(source, [2, 0, 7, 0]) == 0)
        addBuffers(source, count: 3, size: 1600)
        source.transport.device?.quiesce()
        network.deliver(Self.frame())
        #expect(source.waitUsed(0, milliseconds: 20) == nil)
        let section = try #require(source.transport.sections.first)
        #expect(section.name == "virtio-mmio@0000000010008000/virtio-net")
        var writer = VMStateWriter(dialect: .qemu10_0, version: section.version(.qemu10_0))
        _ = section.save(&writer)
        #expect(writer.output.count == 4816)

        let destination = try driver(memory: source.memory)
        let target = try #require(destination.transport.sections.first)
        try target.load(VMStateReader(InputBuffer(bytes: writer.output.bytes), version: 11))
        destination.rings = source.rings
        destination.transport.device?.resume()
        network.deliver(Self.frame(to: [2, 0, 0, 0, 0, 9]))
        network.deliver(Self.frame(vlan: 7))
        #expect(destination.waitUsed(0)?.length == 72)
        #expect(destination.memory.read(at: Self.buffers + 24, count: 4) == [0x81, 0, 0, 7])
        var again = VMStateWriter(dialect: .qemu10_0, version: 11)
        destination.transport.device?.quiesce()
        _ = target.save(&again)
        #expect(again.output.count == writer.output.count)
    }
}
