import Bytes
import Glibc
import MigrationStream
import Testing

@Suite("Multifd channels")
struct MultifdTests {
    /// A page of 0xAA, then pages of 0x55 and 0xAA, packed by zlib and by zstd as one stream with two flushes.
    private static let zlib: [[UInt8]] = [
        [
            0x78, 0x01, 0xec, 0xd0, 0x81, 0x10, 0x00, 0x00, 0x00, 0x03, 0x21, 0x7f, 0x95, 0xa7, 0x9c, 0xc7,
            0xae,
            0x10, 0x2a, 0x0c, 0x18, 0x30, 0x60, 0xc0, 0x80, 0x01, 0x03, 0x06, 0x0c, 0x18, 0x30, 0x60, 0xc0,
            0x80,
            0x81, 0xf7, 0x81, 0x01, 0x00, 0x00, 0xff, 0xff,
        ],
        [
            0xec, 0xd8, 0x41, 0x11, 0x00, 0x00, 0x00, 0x01, 0xc1, 0x94, 0x4a, 0x4a, 0xa9, 0x87,
            0x59, 0x0d, 0x6e, 0x9f, 0x62, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x00, 0x01, 0x02,
            0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xc0, 0xbd, 0xc0, 0xfb, 0xbf, 0xa1, 0x8f, 0x00,
            0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x00, 0x01, 0x02, 0x04, 0x08, 0x10,
            0x68, 0x07, 0x00, 0x00, 0xff, 0xff,
        ],
    ]
    private static let zstd: [[UInt8]] = [
        [
            0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, 0x4c, 0x00, 0x00, 0x10, 0xaa, 0xaa, 0x01, 0x00, 0xfb, 0xf7,
            0x01,
            0x16,
        ],
        [0x64, 0x00, 0x00, 0x10, 0x55, 0xaa, 0x02, 0x00, 0xfc, 0x07, 0xbe, 0xf0, 0xdf, 0x07, 0x57],
    ]

    private func reader(_ bytes: [UInt8], chunk: Int = 1000) -> MultifdReader {
        let input = InputBuffer(ArraySource(bytes, chunk: chunk), capacity: MultifdReader.bufferCapacity)
        return MultifdReader(input, pageSize: 4096)
    }

    /// A channel of two packets with pages, one of SYNC, and the payloads given.
    private func channel(_ compression: MultifdPacket.Compression, _ payloads: [[UInt8]]) -> [UInt8] {
        var writer = ByteWriter()
        MultifdHandshake(channel: 1).encode(to: &writer)
        MultifdPacket(
            compression: compression, capacity: 128, payloadLength: UInt32(payloads[0].count), number: 1,
            block: "ram", normal: [0x3000], zero: [0x1000]
        ).encode(to: &writer, pageSize: 4096)
        writer.append(payloads[0])
        MultifdPacket(isSync: true, capacity: 0, number: 2).encode(to: &writer, pageSize: 4096)
        MultifdPacket(
            compression: compression, capacity: 128, payloadLength: UInt32(payloads[1].count), number: 3,
            block: "ram", normal: [0, 0x5000]
        ).encode(to: &writer, pageSize: 4096)
        writer.append(payloads[1])
        return writer.bytes
    }

    @Test(
        "are read packet by packet with their pages",
        arguments: [MultifdPacket.Compression.none, .zlib, .zstd])
    func read(_ compression: MultifdPacket.Compression) throws {
        let page = { (value: UInt8) in [UInt8](repeating: value, count: 4096) }
        let payloads: [[UInt8]] =
            switch compression {
            case .none: [page(0xAA), page(0x55) + page(0xAA)]
            case .zlib: Self.zlib
            case .zstd: Self.zstd
            }
        let reader = reader(channel(compression, payloads))
        #expect(try reader.handshake() == MultifdHandshake(channel: 1))
        guard case .packet(let first) = try reader.next() else {
            Issue.record("no packet")
            return
        }
        #expect(first.block == "ram" && first.normal == [0x3000] && first.zero == [0x1000])
        #expect(first.number == 1 && !first.isSync && first.compression == compression)
        #expect(unsafe Array(reader.page(0)) == page(0xAA))
        guard case .packet(let sync) = try reader.next() else {
            Issue.record("no packet")
            return
        }
        #expect(sync.isSync && sync.normal.isEmpty && sync.block.isEmpty)
        guard case .packet(let last) = try reader.next() else {
            Issue.record("no packet")
            return
        }
        #expect(last.normal == [0, 0x5000])
        #expect(unsafe Array(reader.page(0)) == page(0x55))
        #expect(unsafe Array(reader.page(1)) == page(0xAA))
        #expect(try reader.next() == nil)
    }

    @Test(
        "are packed the smaller the higher the level, from the lowest to the highest",
        arguments: [
            (MultifdPacket.Compression.zlib, [UInt8(0), 1, 6, 9]), (.zstd, [1, 3, 10, 20]),
        ])
    func levels(_ compression: MultifdPacket.Compression, _ levels: [UInt8]) throws {
        // Words out of a few, in an order that repeats late.
        var value: UInt64 = 88_172_645_463_325_252
        let words = (0..<16 * 512).map { _ -> UInt64 in
            value = value &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (value >> 60) &* 0x0101_0407_1013_1925
        }
        let sizes = try levels.map { level -> Int in
            let writer = try #require(MultifdWriter(compression, level: level))
            var size = 0
            unsafe words.withUnsafeBytes { pages in
                unsafe writer.pages(
                    number: 1, block: "ram", base: pages.baseAddress.unsafelyUnwrapped,
                    offsets: (0..<16).map { $0 * 4096 }
                ) { vectors in size += unsafe vectors.reduce(0) { unsafe $0 + $1.iov_len } }
            }
            return size
        }
        #expect(sizes == sizes.sorted(by: >) && Set(sizes).count == sizes.count, "\(sizes)")
    }

    @Test(
        "are written as they are read, runs of pages in one piece",
        arguments: [MultifdPacket.Compression.none, .zlib, .zstd])
    func written(_ compression: MultifdPacket.Compression) throws {
        let size = 4096
        let source = UnsafeMutableRawBufferPointer.allocate(byteCount: 200 * size, alignment: size)
        let target = UnsafeMutableRawBufferPointer.allocate(byteCount: 200 * size, alignment: size)
        defer {
            unsafe source.deallocate()
            unsafe target.deallocate()
        }
        for index in 0..<source.count {
            unsafe source[index] = UInt8(truncatingIfNeeded: index &* 7 ^ index >> 9)
        }
        let writer = try #require(MultifdWriter(compression, level: 1))
        let packets = [[0, 1, 2, 7, 6, 100], Array(64..<192), [199]].map { $0.map { UInt64($0 * size) } }
        var bytes: [UInt8] = []
        for (number, offsets) in packets.enumerated() {
            var pieces = 0
            unsafe writer.pages(
                number: UInt64(number), block: "ram",
                base: UnsafeRawPointer(source.baseAddress.unsafelyUnwrapped), offsets: offsets
            ) { vectors in
                pieces = vectors.count
                for index in vectors.indices {
                    let vector = unsafe vectors[index]
                    unsafe bytes += UnsafeRawBufferPointer(start: vector.iov_base, count: vector.iov_len)
                }
            }
            #expect(pieces == (compression == .none ? [5, 2, 2][number] : 2))
            unsafe writer.sync(number: 9) { vectors in
                for index in vectors.indices {
                    let vector = unsafe vectors[index]
                    unsafe bytes += UnsafeRawBufferPointer(start: vector.iov_base, count: vector.iov_len)
                }
            }
        }
        let reader = reader(bytes)
        for offsets in packets {
            for index in target.indices { unsafe target[index] = 0 }
            let item = unsafe try reader.next { packet in
                unsafe packet.normal.map { unsafe .init(rebasing: target[Int($0)..<Int($0) + size]) }
            }
            guard case .packet(let packet) = item else {
                Issue.record("no packet")
                return
            }
            #expect(packet.normal == offsets && packet.block == "ram" && !packet.isSync)
            for offset in offsets.map(Int.init) {
                #expect(unsafe source[offset..<offset + size].elementsEqual(target[offset..<offset + size]))
            }
            guard case .packet(let sync) = unsafe try reader.next(into: { _ in unsafe [] }) else {
                Issue.record("no packet")
                return
            }
            #expect(sync.isSync)
        }
        #expect(try reader.next() == nil)
    }

    /// What is changed in the first packet of a zlib channel, at a byte of the packet, and what is said about it.
    struct Change: CustomTestStringConvertible, Sendable {
        var at: Int
        var bytes: [UInt8]
        var error: String
        var testDescription: String { error }
    }

    @Test(
        "with a damaged packet are refused",
        arguments: [
            Change(
                at: 0, bytes: [0x12], error: "packet.magic: expected 0x11223344, found 0x12223344, at byte 64"
            ),
            Change(
                at: 7, bytes: [2],
                error: "packet.version: version 2 is not understood, only 1, at byte 68"),
            Change(
                at: 10, bytes: [1],
                error: "packet.flags: expected no bits but SYNC and the compression, found 0x102, at byte 72"),
            Change(
                at: 11, bytes: [8],
                error: "packet.flags: multifd compression 0x8 is not supported here, at byte 72"),
            Change(
                at: 15, bytes: [129],
                error: "packet.pages_alloc: expected room for at most 128 pages, found 129, at byte 76"),
            Change(
                at: 19, bytes: [200],
                error:
                    "packet.normal_pages: expected at most the 128 there is room for, found 200, at byte 80"),
            Change(
                at: 20, bytes: [0x7F],
                error: "packet.payload length: expected 1 to 1048576 bytes, found 2130706474, at byte 84"),
            Change(
                at: 32, bytes: [0xFF],
                error: "packet.zero_pages: expected at most the 127 there is still room for, "
                    + "found 4278190081, at byte 96"),
            Change(
                at: 64, bytes: [0],
                error: "packet.block: expected the name of a block and a 0, found none, at byte 128"),
            Change(
                at: 1344, bytes: [0x79],
                error:
                    "packet.pages: expected pages packed with zlib, found incorrect header check, at byte 1408"
            ),
            Change(
                at: 11, bytes: [4],
                error:
                    "packet.pages: expected pages packed with zstd, found Unknown frame descriptor, at byte 1408"
            ),
            Change(
                at: 19, bytes: [2],
                error: "packet.pages: expected 8192 bytes from 42, found 4096 from 42, at byte 1408"),
        ])
    func damaged(_ change: Change) throws {
        var bytes = channel(.zlib, Self.zlib)
        bytes.replaceSubrange(64 + change.at..<64 + change.at + change.bytes.count, with: change.bytes)
        let reader = reader(bytes)
        _ = try reader.handshake()
        do throws(StreamError) {
            _ = try reader.next()
            Issue.record("it was taken")
        } catch {
            #expect(error.problem == change.error)
        }
    }

    @Test("that end inside a packet are refused at every byte, and end in peace between two")
    func truncations() {
        let bytes = channel(.zstd, Self.zstd)
        let ends = [64, 64 + 1344 + 18, 64 + 2 * 1344 + 18, bytes.count]
        for length in stride(from: 64, through: bytes.count, by: 5) {
            let reader = reader(Array(bytes[..<length]))
            do throws(StreamError) {
                _ = try reader.handshake()
                while try reader.next() != nil {}
                #expect(ends.contains(length))
            } catch {
                #expect(error.offset == UInt64(length))
            }
        }
    }
}
