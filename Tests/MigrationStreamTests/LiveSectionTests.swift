import Bytes
import MigrationStream
import Testing

@Suite("Sections of disks and their bitmaps")
struct LiveSectionTests {
    @Test("dirty bitmaps are read chunk by chunk, and their names are remembered")
    func bitmaps() throws {
        var writer = ByteWriter()
        writer.uint8(0x1C)
        writer.string8("n0")
        writer.string8("b0")
        writer.uint32(65536)
        writer.uint8(3)
        writer.uint8(0x01)
        writer.uint8(0x40)
        writer.uint64(0)
        writer.uint32(2048)
        writer.uint64(4)
        writer.append([0xFF, 0xFF, 0, 0])
        writer.uint8(0x42)
        writer.uint64(2048)
        writer.uint32(64)
        writer.uint8(0x20)
        writer.uint8(0x01)
        let input = InputBuffer(bytes: writer.bytes)
        var reader = DirtyBitmapReader()
        var seen: [DirtyBitmapChunk.Content] = []
        var copy = ByteWriter()
        while try !input.isAtEnd() {
            let chunk = try reader.next(input)
            #expect(chunk.node == "n0" && chunk.bitmap == "b0")
            #expect(chunk.isLast == (chunk.content == .none))
            seen.append(chunk.content)
            chunk.encode(to: &copy)
        }
        #expect(copy.bytes == writer.bytes)
        #expect(
            seen == [
                .start(granularity: 65536, isEnabled: true, isPersistent: true, isIgnored: false), .none,
                .bits(firstSector: 0, sectors: 2048, data: [0xFF, 0xFF, 0, 0]),
                .bits(firstSector: 2048, sectors: 64, data: nil), .complete, .none,
            ])
    }

    @Test(
        "dirty bitmaps that are wrong are refused",
        arguments: [
            ([0x80], "chunk.flags: expected one of START, COMPLETE, BITS, or the end, found 0x80, at byte 0"),
            ([0x30], "chunk.flags: expected one of START, COMPLETE, BITS, or the end, found 0x30, at byte 0"),
            ([0x12], "chunk.flags: expected one of START, COMPLETE, BITS, or the end, found 0x12, at byte 0"),
            ([0x20], "chunk: expected the name of a bitmap before its first chunk, found none, at byte 0"),
            ([0x1C, 2, 0x6E, 0xFF], "chunk: expected a text in UTF-8, found other bytes, at byte 2"),
            (
                [0x14, 1, 0x62, 0, 0, 0, 3, 0],
                "chunk.granularity: expected a power of two from 512 on, found 3, at byte 3"
            ),
            (
                [0x14, 1, 0x62, 0, 1, 0, 0, 8],
                "chunk.bitmap flags: expected flags below 8, found 0x08, at byte 7"
            ),
            (
                [0x44, 1, 0x62, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0x40, 0],
                "chunk.size: expected at most 10240 bytes of bits, found 16384, at byte 15"
            ),
        ] as [([UInt8], String)])
    func damaged(_ bytes: [UInt8], _ text: String) {
        var reader = DirtyBitmapReader()
        do throws(StreamError) {
            _ = try reader.next(InputBuffer(bytes: bytes))
            Issue.record("it was taken")
        } catch {
            #expect(error.problem == text)
        }
    }

    @Test("disks are read record by record")
    func disks() throws {
        var writer = ByteWriter()
        writer.uint64(1)
        writer.string8("d0")
        writer.zeros(1 << 20)
        writer.uint64(2048 << 9 | 9)
        writer.string8("d0")
        writer.uint64(0xC804)
        writer.uint64(2)
        writer.uint64(0)
        let input = InputBuffer(ArraySource(writer.bytes, chunk: 60000))
        #expect(try BlockDeviceRecord.decode(from: input) == .chunk(device: "d0", offset: 0, isZero: false))
        #expect(
            try BlockDeviceRecord.decode(from: input) == .chunk(device: "d0", offset: 1 << 20, isZero: true))
        #expect(try BlockDeviceRecord.decode(from: input) == .progress(100))
        #expect(try BlockDeviceRecord.decode(from: input) == .end)
        #expect(throws: StreamError.self) { try BlockDeviceRecord.decode(from: input) }
    }
}
