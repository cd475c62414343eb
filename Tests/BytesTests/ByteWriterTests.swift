import Bytes
import Testing

@Suite("Byte writer")
struct ByteWriterTests {
    @Test("integers are big-endian")
    func integers() {
        var writer = ByteWriter()
        writer.uint8(1)
        writer.uint16(0x0203)
        writer.uint32(0x0405_0607)
        writer.uint64(0x0809_0A0B_0C0D_0E0F)
        #expect(writer.bytes == Array(1...15))
        writer.removeAll()
        writer.string8("hi")
        writer.zeros(2)
        writer.append([9])
        #expect(writer.bytes == [2, 0x68, 0x69, 0, 0, 9])
        #expect(writer.count == 6)
    }
}
