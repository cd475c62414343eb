import Bytes
import Testing

@testable import VMState

@Suite struct VirtioStateTests {
    /// A device as Linux leaves it: started, rings of 1024 entries.
    static func started<Device>(_ device: Device, queues: Int, config: Int) -> VirtioState<Device> {
        var state = VirtioState(device: device)
        state.queues = (0..<queues).map { index in
            var queue = VirtQueueState(num: 1024)
            queue.desc = 0x8000_0000 + UInt64(index) * 0x10000
            queue.lastAvailIndex = UInt16(index)
            return queue
        }
        state.config = (0..<config).map { UInt8($0 & 0xff) }
        state.status = 7
        state.isStarted = true
        state.guestFeatures = 0x3000_0000
        state.transport = VirtioModernRegisters(queueCount: queues)
        return state
    }

    static func save<Device>(_ state: VirtioState<Device>, for dialect: Dialect) -> [UInt8] {
        let description = VirtioState<Device>.description()
        var writer = VMStateWriter(dialect: dialect, version: description.version(for: dialect))
        let layout = description.save(state, to: &writer)
        #expect(layout.fields.map(\.name) == ["virtio"])
        #expect(layout.fields.map(\.size) == [writer.output.count])
        return writer.output.bytes
    }

    static func load<Device>(_ bytes: [UInt8], into state: VirtioState<Device>) throws -> VirtioState<Device>
    {
        let description = VirtioState<Device>.description()
        let input = InputBuffer(bytes: bytes)
        var state = state
        try description.load(&state, from: VMStateReader(input, version: Device.version))
        #expect(try input.isAtEnd())
        return state
    }

    /// Bytes that QEMU's sections of a started device have: 7.2 and 10.0.2, 10.0.13, and a modern transport.
    static func sizes<Device>(_ state: VirtioState<Device>) -> [Int] {
        var modern = state
        modern.kind = .modernMMIO
        return [
            save(state, for: .qemu7_2).count, save(state, for: .qemu10_0).count,
            save(state, for: .qemu10_0_11).count, save(state, for: .martlet).count,
            save(modern, for: .qemu10_0).count,
        ]
    }

    @Test func `Sections are as long as QEMU's`() {
        var net = Self.started(VirtioNetState(), queues: 3, config: 8)
        net.guestFeatures |= VirtioNetState.ctrlGuestOffloads
        #expect(
            Self.sizes(Self.started(VirtioBlkState(), queues: 1, config: 57)) == [
                4277, 4277, 160, 160, 48387,
            ])
        #expect(Self.sizes(net).prefix(4) == [4816, 4816, 699, 699])
        #expect(
            Self.sizes(Self.started(VirtioRngState(), queues: 1, config: 0)) == [4219, 4219, 102, 102, 48329])
        #expect(
            Self.sizes(Self.started(VirtioConsoleState(), queues: 64, config: 12))
                == [5381, 5381, 1264, 1264, 49491])
        #expect(Self.sizes(Self.started(VirtioBalloonState(), queues: 3, config: 16)).last == 48389)
    }

    static func roundTrip<Device>(_ state: VirtioState<Device>) throws {
        for isModern in [false, true] {
            for dialect in Dialect.allCases {
                var state = state.adapted(to: dialect)
                state.kind = isModern ? .modernMMIO : .legacyMMIO
                if isModern {
                    for index in state.queues.indices {
                        state.queues[index].avail = 0x8100_0000 + UInt64(index)
                        state.transport.queues[index].used = 0x1_2345_6789
                    }
                    state.transport.guestFeatures = 0x1_3000_0000
                }
                var empty = state
                empty.status = 0
                empty.config = Array(repeating: 0, count: state.config.count)
                empty.queues = state.queues.map {
                    var queue = VirtQueueState(num: 1024)
                    queue.defaultNum = $0.defaultNum
                    return queue
                }
                empty.isStarted = false
                empty.transport = VirtioModernRegisters(queueCount: state.queues.count)
                let bytes = save(state, for: dialect)
                let loaded = try load(bytes, into: empty)
                #expect(loaded == state)
                #expect(save(loaded, for: dialect) == bytes)
            }
        }
    }

    @Test func `What is saved is what is loaded`() throws {
        var blk = VirtioBlkState()
        blk.requests = [
            .init(
                queue: 0,
                element: .init(
                    index: 5, readable: [.init(address: 0x8000_1000, length: 16)],
                    writable: [
                        .init(address: 0x8000_2000, length: 4096), .init(address: 0x8000_3000, length: 1),
                    ]))
        ]
        try Self.roundTrip(Self.started(blk, queues: 1, config: 57))
        var net = VirtioNetState()
        net.mac = [0x52, 0x54, 0, 0x12, 0x34, 0x56]
        net.macTable = [0x33, 0x33, 0, 0, 0, 1]
        try Self.roundTrip(Self.started(net, queues: 3, config: 8))
        var broken = Self.started(VirtioRngState(), queues: 1, config: 0)
        broken.isBroken = true
        broken.isDisabled = true
        try Self.roundTrip(broken)
        var console = VirtioConsoleState()
        console.portsMap = [0b11]
        console.ports = [.init(id: 1)]
        console.ports[0].isGuestConnected = true
        try Self.roundTrip(Self.started(console, queues: 64, config: 12))
        var balloon = VirtioBalloonState()
        balloon.actual = 17
        try Self.roundTrip(Self.started(balloon, queues: 3, config: 16))
    }

    // Bodies of QEMU 10.0.2's sections, devices that no driver has touched.
    private static let features64 = "051576697274696f2f36346269745f6665617475726573000000010000000000000000"

    static let captured: [(String, [UInt8])] = [
        (
            "virtio-blk",
            hex(
                zeros(20) + "00000039" + zeros(57) + "000000010000010000001000" + zeros(10) + "00"
                    + features64)
        ),
        ("virtio-rng", hex(zeros(20) + "00000000" + "000000010000000800001000" + zeros(10) + features64)),
        (
            "virtio-balloon",
            hex(
                zeros(20) + "00000010" + zeros(16) + "00000003"
                    + String(repeating: "0000008000001000" + zeros(10), count: 3) + zeros(8) + features64)
        ),
        (
            "virtio-console",
            hex(
                zeros(20) + "0000000c" + zeros(12) + "00000040"
                    + String(repeating: "0000008000001000" + zeros(10), count: 2)
                    + String(repeating: "0000002000001000" + zeros(10), count: 2)
                    + String(repeating: "0000008000001000" + zeros(10), count: 60)
                    + "000000000000001f0000000100000000" + features64)
        ),
    ]

    private static func zeros(_ count: Int) -> String { String(repeating: "00", count: count) }

    private static func hex(_ text: String) -> [UInt8] {
        let digits = Array(text.utf8)
        return stride(from: 0, to: digits.count - 1, by: 2).map { index in
            UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16) ?? 0
        }
    }

    static func reencode<Device: VirtioDeviceState>(
        _ device: Device, queues: Int, config: Int, _ bytes: [UInt8], _ dialect: Dialect = .qemu10_0
    ) throws {
        var own = VirtioState(device: device)
        own.queues = Array(repeating: VirtQueueState(num: 1024), count: queues)
        own.config = Array(repeating: 1, count: config)
        let loaded = try load(bytes, into: own)
        #expect(save(loaded, for: dialect) == bytes)
    }

    @Test(arguments: captured) func `QEMU's own sections come out again byte for byte`(
        name: String, bytes: [UInt8]
    ) throws {
        switch name {
        case "virtio-blk": try Self.reencode(VirtioBlkState(), queues: 1, config: 57, bytes)
        case "virtio-rng": try Self.reencode(VirtioRngState(), queues: 1, config: 0, bytes)
        case "virtio-balloon": try Self.reencode(VirtioBalloonState(), queues: 3, config: 16, bytes)
        default: try Self.reencode(VirtioConsoleState(), queues: 64, config: 12, bytes)
        }
    }

    @Test func `Sections of a running Linux come out again byte for byte`() throws {
        try Self.reencode(VirtioBlkState(), queues: 1, config: 57, VirtioFixtures.blk, .qemu7_2)
        try Self.reencode(VirtioNetState(), queues: 3, config: 8, VirtioFixtures.net, .qemu7_2)
        try Self.reencode(VirtioRngState(), queues: 1, config: 0, VirtioFixtures.rng, .qemu7_2)
        var console = VirtioConsoleState()
        console.portsMap = [3]
        console.ports = [.init(id: 0), .init(id: 1)]
        try Self.reencode(console, queues: 64, config: 12, VirtioFixtures.console, .qemu7_2)
        try Self.reencode(VirtioBalloonState(), queues: 3, config: 16, VirtioFixtures.balloon, .qemu7_2)
    }

    /// Offset and replacement in a saved blk section, and the error.
    static let hostile: [(Int, [UInt8], String)] = [
        (8, [0, 0, 0, 32], "expected at most 31, found 32"),
        (14, [4, 0], "expected at most 1023, found 1024"),
        (20, [0, 1, 0, 0], "expected at most 4096 bytes, found 65536"),
        (81, [0, 0, 0, 2], "expected at most 1 queues, found 2"),
        (85, [0, 0, 4, 1], "expected a queue of at most 1024 entries, found 1025"),
        (89, [0, 0, 0, 3], "expected an alignment of a power of two, found 3"),
        (93, [0, 0, 0, 0, 0, 0, 0, 0, 0, 1], "expected index 0 in a queue without an address, found 1"),
        (103, [1], "expected at most 1024 segments"),
        (106, [0x77], "unknown subsection"),
    ]

    @Test(arguments: hostile) func `A section that cannot be is refused`(
        offset: Int, replacement: [UInt8], message: String
    ) throws {
        let own = Self.started(VirtioBlkState(), queues: 1, config: 57)
        var bytes = Self.save(own, for: .martlet)
        if offset == 106 {
            bytes.replaceSubrange(113..<114, with: [0x7a])
        } else {
            bytes.replaceSubrange(offset..<offset + replacement.count, with: replacement)
        }
        let error = #expect(throws: VMStateError.self) { try Self.load(bytes, into: own) }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }
}
