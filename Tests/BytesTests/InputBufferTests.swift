import Bytes
import Testing

@Suite("Input buffer")
struct InputBufferTests {
    private func buffer(_ bytes: [UInt8], chunk: Int, capacity: Int = 512) -> InputBuffer {
        InputBuffer(ArraySource(bytes, chunk: chunk), capacity: capacity)
    }

    @Test("integers are big-endian, whatever the reads of the source", arguments: [1, 2, 3, 100])
    func integers(chunk: Int) throws {
        let input = buffer(Array(1...15), chunk: chunk)
        #expect(try input.uint8() == 1)
        #expect(try input.uint16() == 0x0203)
        #expect(try input.uint32() == 0x0405_0607)
        #expect(try input.uint64() == 0x0809_0A0B_0C0D_0E0F)
        #expect(input.offset == 15)
        #expect(try input.isAtEnd())
        #expect(throws: ByteError.endOfStream(offset: 15, missing: 1)) { try input.uint8() }
    }

    @Test("an early end tells what is missing and consumes nothing")
    func earlyEnd() throws {
        let input = buffer([1, 2, 3], chunk: 1)
        #expect(throws: ByteError.endOfStream(offset: 3, missing: 5)) { try input.uint64() }
        #expect(try input.uint8() == 1)
        #expect(throws: ByteError.endOfStream(offset: 3, missing: 2)) { try input.bytes(4) }
        #expect(try input.bytes(2) == [2, 3])
        #expect(
            ByteError.endOfStream(offset: 3, missing: 1).description
                == "the stream ended at byte 3 with 1 more byte expected")
    }

    @Test("offsets count from where the source begins")
    func offsets() throws {
        let input = InputBuffer(ArraySource([1, 2, 3]), offset: 1000)
        #expect(input.offset == 1000)
        _ = try input.uint16()
        #expect(input.offset == 1002)
        #expect(throws: ByteError.endOfStream(offset: 1003, missing: 1)) { try input.uint16() }
    }

    @Test("looking ahead consumes nothing")
    func peek() throws {
        let input = buffer([1, 2, 3], chunk: 1)
        #expect(try input.peek() == 1)
        #expect(try input.peek(2) == [1, 2])
        #expect(try input.peek(9) == [1, 2, 3])
        #expect(input.offset == 0)
        _ = try input.bytes(3)
        #expect(try input.peek() == nil)
        #expect(try input.peek(3) == [])
    }

    @Test("strings have a length of one byte")
    func strings() throws {
        #expect(try buffer([2, 0x68, 0x69], chunk: 9).string8() == "hi")
        #expect(try buffer([0], chunk: 9).string8() == "")
        #expect(try buffer([2, 0xC3, 0xA9], chunk: 9).string8() == "\u{E9}")
        let others: [[UInt8]] = [[1, 0xFF], [1, 0xC3], [3, 0x68, 0xED, 0xA0]]
        for bytes in others {
            #expect(throws: ByteError.notUTF8(offset: 1)) { try buffer(bytes, chunk: 9).string8() }
        }
        #expect(ByteError.notUTF8(offset: 1).description == "the text at byte 1 is not UTF-8")
        #expect(throws: ByteError.endOfStream(offset: 2, missing: 1)) {
            try buffer([2, 0x68], chunk: 9).string8()
        }
    }

    @Test(
        "long pieces are read, skipped and placed exactly", arguments: [1, 100, 511, 512, 513, 5000],
        [7, 600, 10000])
    func long(length: Int, chunk: Int) throws {
        let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let stream = [0xEE] + bytes + [0xEF]
        for way in 0..<3 {
            let input = buffer(stream, chunk: chunk)
            #expect(try input.uint8() == 0xEE)
            switch way {
            case 0: #expect(try input.bytes(length) == bytes)
            case 1: try input.skip(UInt64(length))
            default:
                let room = UnsafeMutableRawBufferPointer.allocate(byteCount: length, alignment: 16)
                defer { unsafe room.deallocate() }
                unsafe try input.read(exactly: room)
                let copy = unsafe Array(room)
                #expect(copy == bytes)
            }
            #expect(input.offset == UInt64(1 + length))
            #expect(try input.uint8() == 0xEF)
            #expect(try input.isAtEnd())
        }
    }

    @Test("placed bytes that end early tell where", arguments: [0, 10, 200, 4000])
    func placedEarlyEnd(available: Int) {
        let input = buffer([UInt8](repeating: 1, count: available), chunk: 99)
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)
        defer { unsafe room.deallocate() }
        do throws(ByteError) {
            unsafe try input.read(exactly: room)
            Issue.record("read beyond the end")
        } catch {
            #expect(error == .endOfStream(offset: UInt64(available), missing: 4096 - available))
        }
    }

    @Test("a source that breaks is told apart from one that ends")
    func broken() {
        final class Broken: ByteSource {
            func read(into buffer: UnsafeMutableRawBufferPointer) throws(ByteSourceError) -> Int {
                throw ByteSourceError(errno: 104, "Connection reset by peer")
            }
        }
        let error = ByteError.source(offset: 9, ByteSourceError(errno: 104, "Connection reset by peer"))
        #expect(throws: error) { try InputBuffer(Broken(), offset: 9).uint8() }
        #expect(error.description == "reading failed at byte 9: Connection reset by peer")
        #expect(error.offset == 9)
    }
}
