/// The inside of a JSON string: resolves escapes and checks the encoding.
enum JSONStringText {
    /// The string that `token` (with its quotes) stands for.
    static func decode(_ token: [UInt8]) throws(JSONParseError) -> String {
        let text = token.dropFirst().dropLast()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var position = text.startIndex
        while position < text.endIndex {
            let byte = text[position]
            position += 1
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            guard position < text.endIndex else { throw .syntax("invalid escape sequence in string") }
            let escape = text[position]
            position += 1
            switch escape {
            case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"), UInt8(ascii: "/"):
                bytes.append(escape)
            case UInt8(ascii: "b"): bytes.append(0x08)
            case UInt8(ascii: "f"): bytes.append(0x0c)
            case UInt8(ascii: "n"): bytes.append(0x0a)
            case UInt8(ascii: "r"): bytes.append(0x0d)
            case UInt8(ascii: "t"): bytes.append(0x09)
            case UInt8(ascii: "u"):
                bytes.append(contentsOf: try character(in: text, after: &position).utf8)
            default: throw .syntax("invalid escape sequence in string")
            }
        }
        guard let string = String(validating: bytes, as: UTF8.self) else {
            throw .syntax("invalid UTF-8 sequence in string")
        }
        return string
    }

    /// Reads `XXXX`, or `XXXX\uXXXX` if that is a surrogate pair; `position` stands behind the first `\u`.
    private static func character(
        in text: ArraySlice<UInt8>, after position: inout Int
    ) throws(JSONParseError) -> Character {
        let start = position - 2
        let first = hexUnit(in: text, at: position)
        position = min(position + 4, text.endIndex)
        var code = first.map(UInt32.init)
        if let first, UTF16.isLeadSurrogate(first), text[position...].starts(with: "\\u".utf8),
            let second = hexUnit(in: text, at: position + 2), UTF16.isTrailSurrogate(second)
        {
            position += 6
            code = 0x1_0000 + (UInt32(first & 0x3ff) << 10 | UInt32(second & 0x3ff))
        }
        guard let code, let scalar = Unicode.Scalar(code) else {
            let escape = String(decoding: text[start..<position], as: UTF8.self)
            throw .syntax("\(escape) is not a valid Unicode character")
        }
        return Character(scalar)
    }

    private static func hexUnit(in text: ArraySlice<UInt8>, at position: Int) -> UInt16? {
        guard position + 4 <= text.endIndex else { return nil }
        var unit: UInt16 = 0
        for byte in text[position..<position + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }
}
