import BlockImages
import Bytes
import CPlatform
import Glibc
import GuestMemory
import Testing
import VMState

@testable import Devices

@Suite struct GoldfishRTCTests {
    private static func time(_ rtc: GoldfishRTC) -> Int64 {
        let low = rtc.read(0, size: 4)
        return Int64(bitPattern: rtc.read(4, size: 4) << 32 | low)
    }

    private static let second: Int64 = 1_000_000_000

    @Test("The time is the host's, and stays what it was set to across a move")
    func time() throws {
        let board = BoardFixture()
        let rtc = GoldfishRTC(timers: board.timers, line: .unconnected)
        #expect(abs(Self.time(rtc) - cplatform_realtime_ns()) < Self.second)
        let wanted = UInt64(bitPattern: cplatform_realtime_ns() - 1000 * Self.second)
        rtc.write(4, size: 4, value: wanted >> 32)
        rtc.write(0, size: 4, value: wanted & 0xffff_ffff)
        let target = GoldfishRTC(timers: board.timers, line: .unconnected)
        try load(save(rtc.sections[0]), into: target.sections[0])
        #expect(abs(Self.time(target) - Int64(bitPattern: wanted)) < Self.second)
    }

    @Test("Version 2 counts from the virtual clock")
    func version2() throws {
        let board = BoardFixture()
        board.clock.set(5 * Self.second)
        let rtc = GoldfishRTC(timers: board.timers, line: .unconnected)
        var writer = ByteWriter()
        writer.uint64(UInt64(1_000 * Self.second))
        writer.zeros(24)
        try load(writer.bytes, into: rtc.sections[0], version: 2)
        #expect(abs(Self.time(rtc) - 1_005 * Self.second) < Self.second)
    }

    @Test("An alarm rings once it is due, and is silent until interrupts are on")
    func alarm() {
        let board = BoardFixture(running: true)
        let wire = Wire()
        let rtc = GoldfishRTC(timers: board.timers, line: wire.line)
        let due = UInt64(bitPattern: cplatform_realtime_ns() + Self.second / 50)
        board.lock.withLock {
            rtc.write(0x10, size: 4, value: 1)
            rtc.write(0x0c, size: 4, value: due >> 32)
            rtc.write(0x08, size: 4, value: due & 0xffff_ffff)
            #expect(rtc.read(0x18, size: 4) == 1)
        }
        #expect(wire.becomes(true))
        board.lock.withLock {
            #expect(rtc.read(0x18, size: 4) == 0)
            rtc.write(0x1c, size: 4, value: 1)
        }
        #expect(!wire.isUp)
    }
}

@Suite struct PFlashCFI01Tests {
    private static func make(image: RawImage? = nil) throws -> (PFlashCFI01, RAMBlock) {
        let block = try RAMBlock(name: "virt.flash0", size: 32 << 20)
        block.fill(at: 0, with: [0x11, 0x22, 0x33, 0x44])
        return (PFlashCFI01(block: block, instance: 0, image: image), block)
    }

    @Test("A new chip shows its contents")
    func contents() throws {
        let (flash, _) = try Self.make()
        #expect(flash.read(0, size: 4) == 0x4433_2211)
        #expect(flash.read(2, size: 2) == 0x4433)
        #expect(flash.read(UInt64(32 << 20) - 4, size: 4) == 0)
    }

    @Test(
        "The query table says what the chips are",
        arguments: [(0x10, "Q"), (0x11, "R"), (0x12, "Y")] as [(UInt64, Character)])
    func query(index: UInt64, letter: Character) throws {
        let (flash, _) = try Self.make()
        flash.write(0x55 * 4, size: 4, value: 0x98_0098)
        let answer = UInt64(letter.asciiValue ?? 0)
        #expect(flash.read(index * 4, size: 4) == answer << 16 | answer)
        // 2^24 bytes a chip; 128 sectors of 128 KiB a chip.
        #expect(
            [0x27, 0x2d, 0x2e, 0x2f, 0x30].map { flash.read($0 * 4, size: 4) & 0xff } == [24, 127, 0, 0, 2])
        flash.write(0, size: 4, value: 0xff_00ff)
        #expect(flash.read(0, size: 4) == 0x4433_2211)
    }

    @Test("Erase, then program a word, as a driver does it, and log the pages")
    func program() throws {
        let (flash, block) = try Self.make()
        flash.write(0x40000, size: 4, value: 0x20_0020)
        flash.write(0x40000, size: 4, value: 0xd0_00d0)
        #expect(flash.read(0x40000, size: 4) == 0x80_0080)
        flash.write(0x40008, size: 4, value: 0x40_0040)
        flash.write(0x40008, size: 4, value: 0x1234_5678)
        flash.write(0, size: 4, value: 0xff_00ff)
        #expect(flash.read(0x40008, size: 4) == 0x1234_5678)
        #expect(flash.read(0x7fffc, size: 4) == 0xffff_ffff)
        #expect(flash.read(0x80000, size: 4) == 0)
        var dirty = Bitmap(count: block.pageCount)
        #expect(block.dirtyLog.drain(into: &dirty) == 64)
    }

    @Test("A buffered write takes as many words as it was told")
    func buffered() throws {
        let (flash, _) = try Self.make()
        flash.write(0x40000, size: 4, value: 0x20_0020)
        flash.write(0x40000, size: 4, value: 0xd0_00d0)
        flash.write(0x40000, size: 4, value: 0xe8_00e8)
        #expect(flash.read(0x40000, size: 4) & 0x80 != 0)
        flash.write(0x40000, size: 4, value: 0x01_0001)
        flash.write(0x40000, size: 4, value: 0x0101_0101)
        flash.write(0x40004, size: 4, value: 0x0202_0202)
        flash.write(0x40000, size: 4, value: 0xd0_00d0)
        flash.write(0x40000, size: 4, value: 0xff_00ff)
        #expect(flash.read(0x40000, size: 8) == 0x0202_0202_0101_0101)
        #expect(flash.read(0x40008, size: 4) == 0xffff_ffff)
    }

    @Test("What is programmed and erased is in the image, too")
    func image() throws {
        let file = try TestDisk(size: 32 << 20)
        let image = try RawImage(path: file.path)
        try unsafe [UInt8](repeating: 0x55, count: 1 << 20).withUnsafeBytes {
            try unsafe image.write($0, at: 0)
        }
        let (flash, block) = try Self.make(image: image)
        try flash.loadImage()
        #expect(flash.read(0, size: 4) == 0x5555_5555)
        flash.write(0x40000, size: 4, value: 0x20_0020)
        flash.write(0x40000, size: 4, value: 0xd0_00d0)
        flash.write(0x40008, size: 4, value: 0x40_0040)
        flash.write(0x40008, size: 4, value: 0x1234_5678)
        #expect(file.bytes(0x3fffc, 4) == [0x55, 0x55, 0x55, 0x55])
        #expect(file.bytes(0x40000, 4) == [0xff, 0xff, 0xff, 0xff])
        #expect(file.bytes(0x40008, 4) == [0x78, 0x56, 0x34, 0x12])
        #expect(file.bytes(0x80000, 4) == [0x55, 0x55, 0x55, 0x55])
        // What comes with a stream is written where it differs, once.
        block.fill(at: 0xc0000, with: [1, 2, 3])
        try flash.saveArrived()
        #expect(file.bytes(0xc0000, 3) == [0x55, 0x55, 0x55])
        try load(save(flash.sections[0]), into: flash.sections[0])
        try flash.saveArrived()
        #expect(file.bytes(0xc0000, 4) == [1, 2, 3, 0x55])
    }

    @Test("A read-only chip keeps its contents and says so")
    func readOnly() throws {
        let file = try TestDisk(size: 512)
        let (flash, _) = try Self.make(image: RawImage(path: file.path, isReadOnly: true))
        flash.write(0, size: 4, value: 0x40_0040)
        flash.write(0, size: 4, value: 0)
        #expect(flash.read(0, size: 4) & 0x10 != 0)
        flash.write(0, size: 4, value: 0xff_00ff)
        #expect(flash.read(0, size: 4) == 0x4433_2211)
    }

    @Test("No order of writes traps, and read-array always leads back")
    func chance() throws {
        let (flash, _) = try Self.make()
        var random = SystemRandomNumberGenerator()
        let commands: [UInt64] = [
            0, 0x10, 0x20, 0x28, 0x40, 0x50, 0x60, 0x70, 0x90, 0x98, 0xd0, 0xe8, 0xf0, 0xff,
        ]
        for _ in 0..<20_000 {
            let offset = UInt64.random(in: 0..<32 << 18, using: &random) * 4
            flash.write(offset, size: 4, value: commands.randomElement(using: &random) ?? 0)
            _ = flash.read(offset, size: 4)
        }
        flash.reset()
        #expect(flash.isReadingArray)
    }
}

@Suite struct FwCfgTests {
    private static let address: UInt64 = 0x8000_0000

    private static func make() throws -> (FwCfg, GuestMemory) {
        let block = try RAMBlock(name: "ram", size: 1 << 20)
        let memory = GuestMemory(
            blocks: [block], regions: [.init(address: address, block: block, isWritable: true)])
        let device = FwCfg(memory: memory, harts: 2)
        device.add("opt/greeting", Array("hello".utf8))
        return (device, memory)
    }

    private static func select(_ device: FwCfg, _ key: UInt16) {
        device.write(8, size: 2, value: UInt64(key.byteSwapped))
    }

    private static func bytes(_ device: FwCfg, _ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(device.read(0, size: 1)) }
    }

    /// Does a DMA request and returns its control word afterwards.
    private static func transfer(
        _ device: FwCfg, _ memory: GuestMemory, control: UInt32, length: UInt32, to target: UInt64
    ) -> UInt32? {
        var request = ByteWriter()
        request.uint32(control)
        request.uint32(length)
        request.uint64(target)
        memory.write(request.bytes, at: address)
        device.write(16, size: 4, value: 0)
        device.write(20, size: 4, value: UInt64(UInt32(address).byteSwapped))
        return memory.load(UInt32.self, at: address)?.byteSwapped
    }

    @Test("Linux finds the device by its signature, its interface and its directory")
    func directory() throws {
        let (device, _) = try Self.make()
        Self.select(device, 0)
        #expect(device.read(0, size: 4) == 0x554d_4551)
        Self.select(device, 1)
        #expect(Self.bytes(device, 5) == [3, 0, 0, 0, 0])
        Self.select(device, 0x19)
        #expect(Self.bytes(device, 12) == [0, 0, 0, 1, 0, 0, 0, 5, 0, 0x20, 0, 0])
        #expect(Self.bytes(device, 13) == Array("opt/greeting".utf8) + [0])
        Self.select(device, 0x20)
        #expect(Self.bytes(device, 7) == Array("hello".utf8) + [0, 0])
        #expect(device.read(16, size: 8).byteSwapped == 0x5145_4d55_2043_4647)
    }

    @Test("DMA selects, skips and reads, with zeros behind an item's end")
    func dma() throws {
        let (device, memory) = try Self.make()
        let target = Self.address + 0x1000
        memory.write([UInt8](repeating: 0xff, count: 8), at: target)
        #expect(Self.transfer(device, memory, control: 0x20_000a, length: 2, to: target) == 0)
        #expect(Self.transfer(device, memory, control: 4, length: 1, to: 0) == 0)
        #expect(Self.transfer(device, memory, control: 2, length: 4, to: target + 2) == 0)
        #expect(memory.read(at: target, count: 8) == Array("helo".utf8) + [0, 0, 0xff, 0xff])
    }

    @Test(
        "A request that cannot be served says so",
        arguments: [(0x20_000a, 8, 0x10), (0x20_0018, 1, 0x8000_1000), (0x20_000a, 0xffff_ffff, 0x8000_1000)]
            as [(UInt32, UInt32, UInt64)])
    func failures(control: UInt32, length: UInt32, target: UInt64) throws {
        let (device, memory) = try Self.make()
        #expect(Self.transfer(device, memory, control: control, length: length, to: target) == 1)
    }

    @Test("Where a reader stands travels")
    func moves() throws {
        let (source, _) = try Self.make()
        Self.select(source, 0x20)
        _ = Self.bytes(source, 2)
        source.write(16, size: 4, value: 0x0102_0304)
        let (target, _) = try Self.make()
        try load(save(source.sections[0]), into: target.sections[0])
        #expect(Self.bytes(target, 3) == Array("llo".utf8))
        #expect(save(target.sections[0]).count == save(source.sections[0]).count)
    }

    @Test("A position far behind every item reads zeros")
    func hostilePosition() throws {
        let (device, memory) = try Self.make()
        try load([0xff, 0xff, 0xff, 0xff, 0xff, 0xff], into: device.sections[0])
        #expect(device.read(0, size: 8) == 0)
        #expect(Self.transfer(device, memory, control: 4, length: .max, to: 0) == 0)
    }
}

@Suite struct SupervisorSoftwareInterruptsTests {
    @Test("Writing 1 raises the hart's interrupt, and nothing else does anything")
    func raises() {
        let heard = Collected()
        let device = SupervisorSoftwareInterrupts(
            raise: (UInt8(0)..<3).map { hart in { heard.append([hart]) } })
        for (offset, size, value) in [
            (8, 4, 1), (0, 4, 3), (4, 4, 0), (4, 4, 2), (4, 8, 1), (4, 1, 1), (12, 4, 1), (0x3ffc, 4, 1),
        ] as [(UInt64, Int, UInt64)] { device.write(offset, size: size, value: value) }
        #expect(heard.bytes == [2, 0])
        #expect(device.read(8, size: 4) == 0)
    }
}

@Suite struct ACPITablesTests {
    @Test("What a stream says of ACPI tables is carried until the board is reset")
    func carried() throws {
        let tables = ACPITables(lock: BoardLock())
        #expect(save(tables.sections[0]) == [0])
        try load([1], into: tables.sections[0])
        #expect(save(tables.sections[0]) == [1])
        #expect(!tables.sections[0].isKnown(.qemu7_2))
        tables.reset()
        #expect(save(tables.sections[0]) == [0])
    }
}

@Suite struct PCIeHostTests {
    @Test(
        "The root device is QEMU's host bridge",
        arguments: [(0x00, 4, 0x0008_1b36), (0x08, 4, 0x0600_0000), (0x2c, 4, 0x1100_1af4), (0x0e, 1, 0)]
            as [(UInt64, Int, UInt64)])
    func root(offset: UInt64, size: Int, value: UInt64) {
        #expect(PCIeHost().read(offset, size: size) == value)
    }

    @Test(
        "Where no function is, all bits are ones",
        arguments: [(1, 0xff), (2, 0xffff), (4, 0xffff_ffff), (8, .max)] as [(Int, UInt64)])
    func empty(size: Int, ones: UInt64) {
        for offset: UInt64 in [0x1000, 0x8000, 0x10_0000, 0xfff_fff8] {
            #expect(PCIeHost().read(offset, size: size) == ones)
        }
    }

    @Test("A driver's command register travels, and another device is refused")
    func moves() throws {
        let source = PCIeHost()
        source.write(4, size: 2, value: 0x0107)
        var bytes = save(source.sections[0])
        #expect(bytes.count == 276)
        let target = PCIeHost()
        try load(bytes, into: target.sections[0])
        #expect(target.read(4, size: 2) == 0x0107 & 0x0547)
        bytes[4] = 0x37
        #expect(throws: VMStateError.self) { try load(bytes, into: target.sections[0]) }
        #expect(target.read(0, size: 4) == 0x0008_1b36)
    }

    @Test("A bus with other than four lines is refused")
    func lines() throws {
        var bytes = save(PCIeHost().sections[2])
        #expect(bytes.count == 20)
        bytes[3] = 5
        #expect(throws: VMStateError.self) { try load(bytes, into: PCIeHost().sections[2]) }
    }
}

@Suite struct SifiveTestTests {
    @Test(
        "The test finisher powers off, resets and fails",
        arguments: [(0x5555, .powerOff), (0x7777, .reset), (0x2a_3333, .fail(code: 42)), (0x1234, nil)]
            as [(UInt64, SifiveTest.Request?)])
    func requests(value: UInt64, request: SifiveTest.Request?) {
        let heard = Heard()
        let device = SifiveTest { heard.requests.append($0) }
        device.write(0, size: 4, value: value)
        device.write(8, size: 4, value: 0x5555)
        #expect(heard.requests == (request.map { [$0] } ?? []))
        #expect(device.read(0, size: 4) == 0)
    }

    private final class Heard: @unchecked Sendable {
        // Sendable: one thread.
        var requests: [SifiveTest.Request] = []
    }
}
