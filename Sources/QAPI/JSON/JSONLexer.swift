/// One word of JSON text, as it stood in the input.
enum JSONToken: Equatable {
    /// One of `{ } [ ] , :`.
    case structural(UInt8)
    /// A string with its quotes, escapes not yet resolved.
    case string([UInt8])
    case integer([UInt8])
    case float([UInt8])
    /// A run of lower-case letters.
    case keyword([UInt8])
    /// Bytes that begin no word, up to and with the one that broke it.
    case stray([UInt8])
    /// A word longer than ``JSONLexer/tokenLimit``; its text is gone.
    case oversized
}

/// Splits a stream of bytes into words; it can stop and go on at any byte.
///
/// After a broken word it skips ahead to the next structural character, or to a byte that cannot stand in
/// JSON at all (a control character, 0xFE, 0xFF): that is how a client resynchronises.
struct JSONLexer {
    /// Longest text of one word, and of all words of one message, in bytes.
    static let tokenLimit = 64 << 20

    private enum State {
        case start
        case string(quote: UInt8)
        case escape(quote: UInt8)
        case minus, zero, digits
        case point, fraction
        case exponentMark, exponentSign, exponent
        case keyword
        case recovery
    }

    private var state = State.start
    private var text: [UInt8] = []

    /// Whether the last byte ended a word, so that nothing hangs in the air.
    var isBetweenTokens: Bool {
        switch state {
        case .start, .recovery: true
        default: false
        }
    }

    /// Reads on from `position`, which it advances, to the end of the next word.
    /// - Returns: nil when the input ran out first.
    mutating func next(in input: [UInt8], from position: inout Int) -> JSONToken? {
        while position < input.count {
            let byte = input[position]
            switch step(byte) {
            case .take:
                position += 1
                text.append(byte)
                if text.count > Self.tokenLimit { return drop() }
            case .skip: position += 1
            case .again: continue
            case .finish(let make, let inclusive):
                if inclusive {
                    position += 1
                    text.append(byte)
                }
                state = .start
                return make(surrenderText())
            case .structural:
                position += 1
                return .structural(byte)
            case .stray:
                position += 1
                text.append(byte)
                state = .recovery
                return .stray(surrenderText())
            }
        }
        return nil
    }

    private enum Step {
        case take, skip, again, structural, stray
        case finish(([UInt8]) -> JSONToken, inclusive: Bool)
    }

    private mutating func step(_ byte: UInt8) -> Step {
        switch state {
        case .start: return start(byte)
        case .string(let quote):
            if byte == quote { return .finish(JSONToken.string, inclusive: true) }
            guard Self.isText(byte) else { return .stray }
            if byte == UInt8(ascii: "\\") { state = .escape(quote: quote) }
            return .take
        case .escape(let quote):
            guard Self.isText(byte) else { return .stray }
            return go(.string(quote: quote))
        case .minus:
            guard Self.isDigit(byte) else { return .stray }
            return go(byte == UInt8(ascii: "0") ? .zero : .digits)
        case .zero: return Self.isDigit(byte) ? .stray : afterWhole(byte)
        case .digits: return Self.isDigit(byte) ? .take : afterWhole(byte)
        case .point: return Self.isDigit(byte) ? go(.fraction) : .stray
        case .fraction:
            if Self.isDigit(byte) { return .take }
            return Self.isExponentMark(byte) ? go(.exponentMark) : .finish(JSONToken.float, inclusive: false)
        case .exponentMark:
            if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { return go(.exponentSign) }
            return Self.isDigit(byte) ? go(.exponent) : .stray
        case .exponentSign: return Self.isDigit(byte) ? go(.exponent) : .stray
        case .exponent: return Self.isDigit(byte) ? .take : .finish(JSONToken.float, inclusive: false)
        case .keyword: return Self.isLetter(byte) ? .take : .finish(JSONToken.keyword, inclusive: false)
        case .recovery:
            guard !Self.isText(byte) || Self.isStructural(byte) else { return .skip }
            state = .start
            return .again
        }
    }

    private mutating func start(_ byte: UInt8) -> Step {
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"): return .skip
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return go(.string(quote: byte))
        case UInt8(ascii: "-"): return go(.minus)
        case UInt8(ascii: "0"): return go(.zero)
        case _ where Self.isDigit(byte): return go(.digits)
        case _ where Self.isLetter(byte): return go(.keyword)
        case _ where Self.isStructural(byte): return .structural
        default: return .stray
        }
    }

    private mutating func afterWhole(_ byte: UInt8) -> Step {
        if byte == UInt8(ascii: ".") { return go(.point) }
        return Self.isExponentMark(byte) ? go(.exponentMark) : .finish(JSONToken.integer, inclusive: false)
    }

    private mutating func go(_ next: State) -> Step {
        state = next
        return .take
    }

    private mutating func drop() -> JSONToken {
        text = []
        state = .recovery
        return .oversized
    }

    private mutating func surrenderText() -> [UInt8] {
        defer { text = [] }
        return text
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }
    private static func isExponentMark(_ byte: UInt8) -> Bool { byte | 0x20 == UInt8(ascii: "e") }
    /// What may stand inside a string: no control character, and no byte that UTF-8 never uses.
    private static func isText(_ byte: UInt8) -> Bool { (0x20...0xfd).contains(byte) }
    private static func isStructural(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: ","),
            UInt8(ascii: ":"):
            true
        default: false
        }
    }
}
