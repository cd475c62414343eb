import Bytes
import MigrationStream
import Testing

@Suite("Return path")
struct ReturnPathTests {
    static let messages: [(ReturnPathMessage, [UInt8])] = [
        (.shut(0), [0, 1, 0, 4, 0, 0, 0, 0]),
        (.shut(1), [0, 1, 0, 4, 0, 0, 0, 1]),
        (.pong(0x4D41_524C), [0, 2, 0, 4, 0x4D, 0x41, 0x52, 0x4C]),
        (
            .requestPages(block: "ab", start: 0x1000, length: 0x2000),
            [0, 3, 0, 15, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0x20, 0, 2, 0x61, 0x62]
        ),
        (
            .requestPages(block: nil, start: 0x1000, length: 0x2000),
            [0, 4, 0, 12, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0x20, 0]
        ),
        (.receivedBitmap(block: "ab"), [0, 5, 0, 3, 2, 0x61, 0x62]),
        (.resumeAcknowledged, [0, 6, 0, 4, 0, 0, 0, 1]),
        (.switchoverAcknowledged, [0, 7, 0, 0]),
        (.failure("no"), [0x4D, 0x01, 0, 2, 0x6E, 0x6F]),
    ]

    @Test("each message has its bytes in both directions", arguments: messages)
    func roundTrip(_ message: ReturnPathMessage, _ bytes: [UInt8]) throws {
        var writer = ByteWriter()
        message.encode(to: &writer)
        #expect(writer.bytes == bytes)
        let input = InputBuffer(bytes: bytes)
        #expect(try ReturnPathMessage.decode(from: input) == message)
        #expect(try ReturnPathMessage.decode(from: input) == nil)
        for length in 1..<bytes.count {
            #expect(throws: StreamError.self) {
                try ReturnPathMessage.decode(
                    from: InputBuffer(bytes: Array(bytes[..<length])))
            }
        }
    }

    @Test(
        "wrong messages are refused",
        arguments: [
            ([0, 0, 0, 0], "return path: expected a message of 1 to 7, found 0, at byte 0"),
            ([0, 8, 0, 0], "return path: expected a message of 1 to 7, found 8, at byte 0"),
            ([0x4D, 2, 0, 0], "return path: expected a message of 1 to 7, found 19714, at byte 0"),
            (
                [0, 1, 0, 2, 0, 0],
                "return path SHUT: expected a payload of 4 bytes, found 2 bytes, at byte 2"
            ),
            ([0, 2, 0, 8], "return path PONG: expected a payload of 4 bytes, found 8 bytes, at byte 2"),
            (
                [0, 2, 2, 1],
                "return path PONG: expected a payload of at most 512 bytes, found 513 bytes, at byte 2"
            ),
            (
                [0, 3, 0, 12],
                "return path REQ_PAGES_ID: expected a payload of at least 13 bytes, found 12 bytes, at byte 2"
            ),
            (
                [0, 3, 0, 14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0x61, 0x62],
                "return path REQ_PAGES_ID: expected a payload of 15 bytes, found 14 bytes, at byte 2"
            ),
            (
                [0, 5, 0, 0],
                "return path RECV_BITMAP: expected a payload of at least 1 byte, found 0 bytes, at byte 2"
            ),
            (
                [0, 5, 0, 3, 1, 0x61],
                "return path RECV_BITMAP: expected a payload of 2 bytes, found 3 bytes, at byte 2"
            ),
            (
                [0, 5, 0, 2, 1, 0xFF],
                "return path RECV_BITMAP: expected a text in UTF-8, found other bytes, at byte 5"
            ),
            ([0, 6, 0, 4, 0, 0, 0, 2], "return path RESUME_ACK: expected 1, found 2, at byte 4"),
            (
                [0, 7, 0, 4],
                "return path SWITCHOVER_ACK: expected a payload of 0 bytes, found 4 bytes, at byte 2"
            ),
        ] as [([UInt8], String)])
    func refused(_ bytes: [UInt8], _ text: String) {
        do throws(StreamError) {
            let message = try ReturnPathMessage.decode(from: InputBuffer(bytes: bytes))
            Issue.record("\(String(describing: message)) was taken")
        } catch {
            #expect(error.problem == text)
        }
    }

    @Test("a failure's text is cut to the longest payload")
    func longFailure() throws {
        var writer = ByteWriter()
        ReturnPathMessage.failure(String(repeating: "x", count: 20000)).encode(to: &writer)
        #expect(writer.count == 4 + 16384)
        let message = try ReturnPathMessage.decode(from: InputBuffer(bytes: writer.bytes))
        #expect(message == .failure(String(repeating: "x", count: 16384)))
    }

    @Test("a bitmap of received pages has the wire's bit order", arguments: [1, 63, 64, 65, 200])
    func bitmap(pages: Int) throws {
        var bitmap = Bitmap(count: pages)
        bitmap[0] = true
        bitmap[pages - 1] = true
        var writer = ByteWriter()
        ReceivedBitmap.encode(bitmap, to: &writer)
        #expect(writer.count == 8 + (pages + 63) / 64 * 8 + 8)
        #expect(writer.bytes[8] & 1 == 1)
        #expect(writer.bytes[8 + (pages - 1) / 8] >> UInt8((pages - 1) % 8) & 1 == 1)
        let copy = try ReceivedBitmap.decode(pages: pages, from: InputBuffer(bytes: writer.bytes))
        #expect(copy.words == bitmap.words)
        #expect(throws: StreamError.self) {
            try ReceivedBitmap.decode(pages: pages + 64, from: InputBuffer(bytes: writer.bytes))
        }
        var damaged = writer.bytes
        damaged[damaged.count - 1] ^= 1
        #expect(throws: StreamError.self) {
            try ReceivedBitmap.decode(pages: pages, from: InputBuffer(bytes: damaged))
        }
    }

    @Test(
        "a bitmap of more pages than came takes no memory for them", arguments: [1 << 38, 1 << 50, Int.max])
    func hugeBitmap(pages: Int) throws {
        var writer = ByteWriter()
        writer.uint64(8)
        #expect(throws: StreamError.self) {
            try ReceivedBitmap.decode(pages: pages, from: InputBuffer(bytes: writer.bytes))
        }
        writer.removeAll()
        writer.uint64((UInt64(pages) / 64 + (pages % 64 == 0 ? 0 : 1)) * 8)
        writer.uint64(.max)
        let length = UInt64(writer.count)
        do throws(StreamError) {
            _ = try ReceivedBitmap.decode(pages: pages, from: InputBuffer(bytes: writer.bytes))
            Issue.record("it was taken")
        } catch {
            #expect(error.reason == .bytes(.endOfStream(offset: length, missing: 8)))
        }
    }

    @Test("the handshake tells a Martlet from a QEMU")
    func handshake() {
        #expect(MartletHandshake.answer([.handOver, .reason]) == 0x4D41_0003)
        #expect(MartletHandshake.features(fromPong: 0x4D41_0003) == [.handOver, .reason])
        #expect(MartletHandshake.features(fromPong: 0x4D41_0000) == [])
        // A QEMU gives back what it was asked with.
        for value in [MartletHandshake.pingValue, MartletHandshake.prepared, MartletHandshake.go, 1, 0] {
            #expect(MartletHandshake.features(fromPong: value) == nil)
        }
        #expect(MartletHandshake.answer(.init(rawValue: 0xFFFF)) == 0x4D41_0FFF)
    }
}
