import BlockImages
import Bytes
import CPlatform
import Glibc
import GuestMemory
import Testing

@testable import Devices
@testable import VMState

/// A disk image in a file that is gone when the test is.
final class TestDisk {
    let path: String
    init(size: Int) throws {
        path = "/tmp/martlet-disk-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        let descriptor = unsafe creat(path, 0o600)
        try #require(descriptor >= 0 && ftruncate(descriptor, off_t(size)) == 0)
        close(descriptor)
    }
    deinit { unsafe _ = unlink(path) }

    /// What is in the file now.
    func bytes(_ offset: Int, _ count: Int) -> [UInt8] {
        let descriptor = unsafe cplatform_open(path, O_RDONLY, 0)
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: count)
        let got = unsafe pread(descriptor, &bytes, count, off_t(offset))
        return Array(bytes.prefix(max(got, 0)))
    }
}

@Suite struct VirtioBlkTests {
    let disk: TestDisk
    init() throws { disk = try TestDisk(size: 1 << 20) }

    private func driver(isModern: Bool = false, isReadOnly: Bool = false) throws -> VirtioDriver {
        try VirtioDriver(isModern: isModern) { memory, lock in
            VirtioBlk(
                image: try RawImage(path: disk.path, isReadOnly: isReadOnly), serial: "martlet-0",
                isModern: isModern, memory: memory, lock: lock)
        }
    }

    static let header = VirtioDriver.buffers
    static let data = VirtioDriver.buffers + 0x1000
    static let status = VirtioDriver.buffers + 0xf000

    /// One request; returns the status byte and the used length.
    private func request(
        _ driver: VirtioDriver, type: UInt32, sector: UInt64, data: [VirtioDriver.Buffer],
        indirect: Bool = false
    ) -> (status: UInt8, length: UInt32)? {
        driver.memory.store(type, at: Self.header)
        driver.memory.store(UInt32(0), at: Self.header + 4)
        driver.memory.store(sector, at: Self.header + 8)
        driver.memory.store(UInt8(0xaa), at: Self.status)
        let head = driver.add(
            [.init(address: Self.header, length: 16)] + data
                + [.init(address: Self.status, length: 1, isWritable: true)],
            indirectTable: indirect ? VirtioDriver.buffers + 0x10_0000 : nil)
        driver.notify()
        guard let used = driver.waitUsed(), used.id == UInt32(head),
            let status = driver.memory.load(UInt8.self, at: Self.status)
        else { return nil }
        return (status, used.length)
    }

    @Test(arguments: [false, true]) func `A block written is the block read`(isModern: Bool) throws {
        let driver = try driver(isModern: isModern)
        driver.start()
        #expect(driver.read(0x04) == (isModern ? 2 : 1))
        for round in 0..<40 {
            let bytes = (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 3 &+ round) }
            driver.memory.write(bytes, at: Self.data)
            let sector = UInt64(round) * 8
            let pieces: [VirtioDriver.Buffer] = [
                .init(address: Self.data, length: 1000), .init(address: Self.data + 1000, length: 3096),
            ]
            let written = request(driver, type: 1, sector: sector, data: pieces, indirect: round % 2 == 1)
            #expect(written?.status == 0 && written?.length == 1)
            let room: [VirtioDriver.Buffer] = [
                .init(address: Self.data + 0x2000, length: 4096, isWritable: true)
            ]
            let read = request(driver, type: 0, sector: sector, data: room)
            #expect(read?.status == 0 && read?.length == 4097)
            #expect(driver.memory.read(at: Self.data + 0x2000, count: 4096) == bytes)
        }
        #expect(eventually { driver.recorder.level })
        #expect(driver.read(0x60) == 1)
        driver.write(0x64, 1)
        #expect(!driver.recorder.level)
    }

    /// Type, sector, bytes (negative: to the driver), read-only disk, expected status.
    static let requests: [(UInt32, UInt64, Int, Bool, UInt8)] = [
        (0, 2047, -512, false, 0), (0, 2047, -1024, false, 1), (0, 2048, -512, false, 1),
        (0, UInt64.max, -512, false, 1), (0, 1 << 55, -512, false, 1), (0, 0, -511, false, 1),
        (1, 2047, 512, false, 0), (1, 2048, 512, false, 1), (1, 0, 512, true, 1), (1, 0, 100, false, 1),
        (4, 0, 0, false, 0), (4, 0, 0, true, 0), (8, 0, -20, false, 0), (8, 0, -5, false, 0),
        (2, 0, -512, false, 2), (99, 0, 0, false, 2), (11, 0, 15, false, 1), (11, 0, 32, false, 2),
    ]

    @Test(arguments: requests) func `Each request has its answer`(
        type: UInt32, sector: UInt64, count: Int, isReadOnly: Bool, status: UInt8
    ) throws {
        let driver = try driver(isReadOnly: isReadOnly)
        driver.start()
        let data: [VirtioDriver.Buffer] =
            count == 0
            ? [] : [.init(address: Self.data, length: UInt32(abs(count)), isWritable: count < 0)]
        let answer = request(driver, type: type, sector: sector, data: data)
        #expect(answer?.status == status)
        if type == 8, count == -20 {
            let expected = Array("martlet-0".utf8) + [UInt8](repeating: 0, count: 11)
            #expect(driver.memory.read(at: Self.data, count: 20) == expected)
        }
    }

    @Test func `A request is not longer than QEMU's longest, as a stop waits for it`() throws {
        let large = try TestDisk(size: 4 << 30)
        // Read-only: a write that makes sense fails without having lasted.
        let driver = try VirtioDriver { memory, lock in
            VirtioBlk(
                image: try RawImage(path: large.path, isReadOnly: true), memory: memory, lock: lock)
        }
        driver.start()
        /// The same piece of memory over and over.
        func buffers(sectors: Int, isWritable: Bool) -> [VirtioDriver.Buffer] {
            let (start, room) = (VirtioDriver.buffers + 0x18_0000, 0x28_0000)
            return stride(from: 0, to: sectors * 512, by: room).map { place in
                let length = UInt32(min(room, sectors * 512 - place))
                return VirtioDriver.Buffer(address: start, length: length, isWritable: isWritable)
            }
        }
        let limit = 0x3f_ffff
        for (type, sectors) in [(UInt32(1), limit), (1, limit + 1), (0, limit + 1)] {
            let data = buffers(sectors: sectors, isWritable: type == 0)
            let answer = request(driver, type: type, sector: 0, data: data, indirect: true)
            #expect(answer?.status == 1)
        }
        let statistics = try #require(driver.transport.device as? VirtioBlk).statistics
        #expect(statistics.write.failed == 1 && statistics.write.invalid == 1)
        #expect(statistics.read.invalid == 1)
    }

    /// Type, sector, sectors, flags, expected status.
    static let ranges: [(UInt32, UInt64, UInt32, UInt32, UInt8)] = [
        (13, 8, 8, 0, 0), (13, 8, 8, 1, 0), (13, 8, 8, 2, 2), (13, 2047, 2, 0, 1), (13, 0, 0xffff_ffff, 0, 1),
        (11, 8, 8, 0, 0), (11, 8, 8, 1, 2), (11, UInt64.max, 1, 0, 1),
    ]

    @Test(arguments: ranges) func `Ranges are zeroed and discarded`(
        type: UInt32, sector: UInt64, sectors: UInt32, flags: UInt32, status: UInt8
    ) throws {
        let driver = try driver()
        driver.start()
        driver.memory.write([UInt8](repeating: 0xff, count: 16384), at: Self.data)
        _ = request(driver, type: 1, sector: 0, data: [.init(address: Self.data, length: 16384)])
        driver.memory.store(sector, at: Self.data)
        driver.memory.store(sectors, at: Self.data + 8)
        driver.memory.store(flags, at: Self.data + 12)
        let answer = request(driver, type: type, sector: 0, data: [.init(address: Self.data, length: 16)])
        #expect(answer?.status == status)
        _ = request(
            driver, type: 0, sector: 0, data: [.init(address: Self.data, length: 16384, isWritable: true)])
        let bytes = driver.memory.read(at: Self.data, count: 16384) ?? []
        #expect(bytes[4095] == 0xff && bytes[8192] == 0xff)
        #expect(bytes[4096] == (status == 0 ? 0 : 0xff) && bytes[8191] == bytes[4096])
    }

    @Test func `Registers answer as QEMU's do`() throws {
        let driver = try driver()
        #expect(driver.read(0x00) == 0x7472_6976)
        #expect(driver.read(0x08) == 2)
        #expect(driver.read(0x0c) == 0x554d_4551)
        #expect(driver.read(0x34) == 1024)
        #expect(driver.read(0x00, size: 2) == 0)
        #expect(driver.features & 0x3000_6e54 == 0x3000_6e54)
        #expect(driver.features >> 32 == 0)
        driver.write(0x30, 1)
        #expect(driver.read(0x34) == 0)
        #expect(driver.read(0x100, size: 4) == 2048)
        #expect(driver.read(0x138, size: 1) == 1)
        #expect(driver.read(0x139, size: 1) == 0xff)
        #expect(driver.read(0x120, size: 1) == 1)
        driver.start()
        #expect(driver.read(0x40) == VirtioDriver.base >> 12)
        driver.write(0x120, 0, size: 1)
        #expect(driver.read(0x120, size: 1) == 0)
        driver.write(0x40, 0)
        #expect(driver.read(0x70) == 0 && driver.read(0x40) == 0)
        let empty = VirtioMMIOTransport(
            device: nil, address: 0x1000_1000, lock: BoardLock(), line: .unconnected)
        #expect(empty.read(0, size: 4) == 0x7472_6976 && empty.read(4, size: 4) == 1)
        #expect(empty.read(8, size: 4) == 0 && empty.sections.isEmpty)
    }

    @Test func `A modern driver's features must be a subset and have VERSION_1`() throws {
        let driver = try driver(isModern: true)
        for (high, isTaken) in [(UInt64(1), true), (0, false), (0x8000_0001, false)] {
            driver.write(0x70, 0)
            driver.write(0x24, 1)
            driver.write(0x20, high)
            driver.write(0x70, 11)
            #expect((driver.read(0x70) & 8 != 0) == isTaken)
        }
    }

    @Test func `State moves to another device, which goes on with what waits in the ring`() throws {
        for isModern in [false, true] {
            for dialect in Dialect.allCases {
                let source = try driver(isModern: isModern)
                source.start(num: 64)
                _ = request(
                    source, type: 1, sector: 0, data: [.init(address: Self.data, length: 512)])
                source.transport.device?.quiesce()
                source.memory.store(UInt32(4), at: Self.header)
                source.memory.store(UInt8(0xaa), at: Self.status)
                source.add([
                    .init(address: Self.header, length: 16),
                    .init(address: Self.status, length: 1, isWritable: true),
                ])
                source.notify()
                #expect(source.waitUsed(milliseconds: 20) == nil)
                let section = try #require(source.transport.sections.first)
                #expect(section.name == "virtio-mmio@0000000010008000/virtio-blk")
                var writer = VMStateWriter(dialect: dialect, version: section.version(dialect))
                _ = section.save(&writer)

                let image = (source.transport.device as? VirtioBlk)?.image
                try image?.inactivate()
                let destination = try VirtioDriver(isModern: isModern, memory: source.memory) {
                    memory, lock in
                    VirtioBlk(
                        image: try RawImage(path: disk.path), isModern: isModern, memory: memory, lock: lock)
                }
                let target = try #require(destination.transport.sections.first)
                try target.load(
                    VMStateReader(InputBuffer(bytes: writer.output.bytes), version: section.version(dialect)))
                destination.rings = source.rings
                #expect(destination.recorder.level == source.recorder.level)
                #expect(destination.waitUsed(milliseconds: 20) == nil)
                destination.transport.device?.resume()
                #expect(destination.waitUsed() != nil)
                #expect(destination.memory.load(UInt8.self, at: Self.status) == 0)
                var again = VMStateWriter(dialect: dialect, version: section.version(dialect))
                destination.transport.device?.quiesce()
                _ = target.save(&again)
                #expect(again.output.count == writer.output.count)
            }
        }
    }

    @Test func `A state that does not fit its rings or features is refused`() throws {
        let driver = try driver()
        driver.start()
        let section = try #require(driver.transport.sections.first)
        var writer = VMStateWriter(dialect: .martlet, version: 2)
        _ = section.save(&writer)
        // Offsets of a blk body: last_avail_idx at 101, num at 85, the high half of desc at 93.
        let damages: [(Int, [UInt8], String)] = [
            (101, [0x10, 0], "vq[0]: expected consistent rings"),
            (93, [0, 0, 0, 1, 0, 0, 0, 0], "outside of RAM"),
            (131, [0x80, 0, 0, 0], "a subset of the features"),
        ]
        for (offset, bytes, message) in damages {
            var body = writer.output.bytes
            body.replaceSubrange(offset..<offset + bytes.count, with: bytes)
            let error = #expect(throws: VMStateError.self) {
                try section.load(VMStateReader(InputBuffer(bytes: body), version: 2))
            }
            #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
        }
    }
}
