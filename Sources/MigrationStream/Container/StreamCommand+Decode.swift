import Bytes

extension StreamCommand {
    /// Reads what follows the item's type byte.
    static func decode(from input: InputBuffer) throws(StreamError) -> StreamCommand {
        let start = input.offset
        let number = try input.field("command") { (i) throws(ByteError) in try i.uint16() }
        guard number >= 1, Int(number) < names.count else {
            throw StreamError(
                .value(expected: "a command of 1 to \(names.count - 1)", found: "\(number)"),
                path: ["command"], offset: start)
        }
        let lengthOffset = input.offset
        let length = Int(try input.field("command") { (i) throws(ByteError) in try i.uint16() })
        let isRight =
            switch number {
            case 1, 4, 5, 8, 9, 11: length == 0
            case 2, 7: length == 4
            case 3: length == 0 || length == 16
            case 6: length >= 3
            default: length >= 1
            }
        guard isRight else {
            throw payloadError(number, expected: payloadRule(number), found: length, at: lengthOffset)
        }
        switch number {
        case 1: return .openReturnPath
        case 2: return .ping(try input.field("command PING") { (i) throws(ByteError) in try i.uint32() })
        case 3:
            guard length == 16 else { return .postcopyAdviseBitmaps }
            return try input.field("command POSTCOPY_ADVISE") { (i) throws(ByteError) in
                .postcopyAdvise(blockPageSizes: try i.uint64(), targetPageSize: try i.uint64())
            }
        case 4: return .postcopyListen
        case 5: return .postcopyRun
        case 6: return try decodeDiscard(length: length, lengthOffset: lengthOffset, from: input)
        case 7:
            return .packaged(
                length: try input.field("command PACKAGED") { (i) throws(ByteError) in try i.uint32() })
        case 8: return .enableCOLO
        case 9: return .postcopyResume
        case 10:
            let name = try input.field("command RECV_BITMAP") { (i) throws(ByteError) in
                try i.string8()
            }
            guard length == 1 + name.utf8.count else {
                throw payloadError(
                    number, expected: bytes(1 + name.utf8.count), found: length, at: lengthOffset)
            }
            return .receivedBitmap(block: name)
        default: return .switchoverStart
        }
    }

    private static func decodeDiscard(
        length: Int, lengthOffset: UInt64, from input: InputBuffer
    ) throws(StreamError) -> StreamCommand {
        let at = input.offset
        let version = try input.field("command POSTCOPY_RAM_DISCARD") { (i) throws(ByteError) in
            try i.uint8()
        }
        guard version == 0 else {
            throw StreamError(
                .version(found: UInt32(version), supported: 0...0), path: ["command POSTCOPY_RAM_DISCARD"],
                offset: at)
        }
        let (name, end) = try input.field("command POSTCOPY_RAM_DISCARD") { (i) throws(ByteError) in
            (try i.string8(), try i.uint8())
        }
        let rest = length - 3 - name.utf8.count
        guard end == 0, rest >= 0, rest % 16 == 0 else {
            throw payloadError(
                6, expected: "version 0, name, 0 and ranges of 16 bytes", found: length, at: lengthOffset)
        }
        var ranges: [Range] = []
        for _ in 0..<rest / 16 {
            ranges.append(
                try input.field("command POSTCOPY_RAM_DISCARD") { (i) throws(ByteError) in
                    Range(start: try i.uint64(), length: try i.uint64())
                })
        }
        return .postcopyRAMDiscard(block: name, ranges: ranges)
    }

    private static func payloadRule(_ number: UInt16) -> String {
        switch number {
        case 1, 4, 5, 8, 9, 11: "0 bytes"
        case 2, 7: "4 bytes"
        case 3: "0 or 16 bytes"
        case 6: "at least 3 bytes"
        default: "at least 1 byte"
        }
    }

    private static func payloadError(
        _ number: UInt16, expected: String, found: Int, at offset: UInt64
    ) -> StreamError {
        StreamError(
            .value(expected: "a payload of \(expected)", found: bytes(found)),
            path: ["command \(names[Int(number)])"], offset: offset)
    }
}
