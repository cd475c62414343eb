public import Bytes

/// What the destination says to the source, in the channel's other direction (MIG_RP_MSG_…).
///
/// ```text
/// u16 number   u16 payload length   payload
/// ```
public enum ReturnPathMessage: Equatable, Sendable {
    /// Longest payload, in bytes.
    public static let maximumLength = 512
    /// Longest payload of ``failure(_:)``, in bytes.
    public static let maximumFailureLength = 16384

    /// 1: the last message; 0 when the guest is loaded, anything else when it is not.
    case shut(UInt32)
    /// 2: the answer to PING.
    case pong(UInt32)
    /// 3 (with a block), 4 (without: that of the last request): these bytes are wanted first.
    case requestPages(block: String?, start: UInt64, length: UInt32)
    /// 5: a bitmap of what has arrived follows the message, see ``ReceivedBitmap``.
    case receivedBitmap(block: String)
    /// 6: ready to go on after a break.
    case resumeAcknowledged
    /// 7: the source may switch over.
    case switchoverAcknowledged
    /// 0x4D01, only from a Martlet: why the destination failed, QMP's `MartletError` as JSON or a text for people. Comes
    /// before SHUT.
    case failure(String)

    /// Writes the message. A failure's text is cut to the longest payload.
    public func encode(to writer: inout ByteWriter) {
        var payload = ByteWriter()
        let number: UInt16
        switch self {
        case .shut(let status):
            number = 1
            payload.uint32(status)
        case .pong(let value):
            number = 2
            payload.uint32(value)
        case .requestPages(let block, let start, let length):
            number = block == nil ? 4 : 3
            payload.uint64(start)
            payload.uint32(length)
            if let block { payload.string8(block) }
        case .receivedBitmap(let block):
            number = 5
            payload.string8(block)
        case .resumeAcknowledged:
            number = 6
            payload.uint32(1)
        case .switchoverAcknowledged: number = 7
        case .failure(let text):
            number = MartletHandshake.failureMessage
            payload.append(text.utf8.prefix(Self.maximumFailureLength))
        }
        writer.uint16(number)
        writer.uint16(UInt16(payload.count))
        writer.append(payload.bytes)
    }

    /// Reads the next message, nil when the channel ended between two messages.
    public static func decode(from input: InputBuffer) throws(StreamError) -> ReturnPathMessage? {
        let start = input.offset
        if try input.field("return path", { (i) throws(ByteError) in try i.isAtEnd() }) { return nil }
        let number = try input.field("return path") { (i) throws(ByteError) in try i.uint16() }
        guard let name = names[number] else {
            throw StreamError(
                .value(expected: "a message of 1 to 7", found: "\(number)"), path: ["return path"],
                offset: start)
        }
        let lengthOffset = input.offset
        let length = Int(try input.field("return path") { (i) throws(ByteError) in try i.uint16() })
        func wrong(_ expected: String) -> StreamError {
            StreamError(
                .value(expected: "a payload of \(expected)", found: bytes(length)),
                path: ["return path \(name)"], offset: lengthOffset)
        }
        let most = number == MartletHandshake.failureMessage ? maximumFailureLength : maximumLength
        guard length <= most else { throw wrong("at most \(most) bytes") }
        let rule: (isRight: Bool, text: String) =
            switch number {
            case 1, 2, 6: (length == 4, "4 bytes")
            case 3: (length >= 13, "at least 13 bytes")
            case 4: (length == 12, "12 bytes")
            case 5: (length >= 1, "at least 1 byte")
            case 7: (length == 0, "0 bytes")
            default: (true, "")
            }
        guard rule.isRight else { throw wrong(rule.text) }
        let at = input.offset
        switch number {
        case 1: return .shut(try input.field("return path SHUT") { (i) throws(ByteError) in try i.uint32() })
        case 2: return .pong(try input.field("return path PONG") { (i) throws(ByteError) in try i.uint32() })
        case 3, 4:
            let (first, count, block) = try input.field("return path REQ_PAGES") { (i) throws(ByteError) in
                (
                    try i.uint64(), try i.uint32(),
                    number == 3 ? try i.string8() : nil
                )
            }
            if let block, length != 13 + block.utf8.count { throw wrong(bytes(13 + block.utf8.count)) }
            return .requestPages(block: block, start: first, length: count)
        case 5:
            let block = try input.field("return path RECV_BITMAP") { (i) throws(ByteError) in
                try i.string8()
            }
            guard length == 1 + block.utf8.count else { throw wrong(bytes(1 + block.utf8.count)) }
            return .receivedBitmap(block: block)
        case 6:
            let value = try input.field("return path RESUME_ACK") { (i) throws(ByteError) in try i.uint32() }
            guard value == 1 else {
                throw StreamError(
                    .value(expected: "1", found: "\(value)"), path: ["return path RESUME_ACK"], offset: at)
            }
            return .resumeAcknowledged
        case 7: return .switchoverAcknowledged
        default:
            let text = try input.field("return path FAILURE") { (i) throws(ByteError) in try i.bytes(length) }
            return .failure(String(decoding: text, as: UTF8.self))
        }
    }

    private static let names: [UInt16: String] = [
        1: "SHUT", 2: "PONG", 3: "REQ_PAGES_ID", 4: "REQ_PAGES", 5: "RECV_BITMAP", 6: "RESUME_ACK",
        7: "SWITCHOVER_ACK", MartletHandshake.failureMessage: "FAILURE",
    ]
}
