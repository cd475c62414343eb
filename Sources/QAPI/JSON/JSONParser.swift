/// What was wrong with a piece of JSON text.
public struct JSONParseError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The text a QMP client sees, in QEMU's words.
    public let description: String

    static func syntax(_ detail: String) -> JSONParseError {
        JSONParseError(description: "JSON parse error, \(detail)")
    }
    static func limit(_ what: String) -> JSONParseError {
        JSONParseError(description: "JSON \(what) limit exceeded")
    }
}

/// Reads a stream of JSON values in which nothing separates one from the next, as on a QMP connection.
///
/// Strings may also stand in single quotes, with the escape `\'`. A broken message gives one error and the
/// parser goes on behind it; a message counts as over when its brackets balance. Memory is bounded by the limits below,
/// and nesting never reaches the stack of the thread.
///
///     var parser = JSONParser()
///     parser.append(bytes)
///     while let outcome = parser.next() { … }
public struct JSONParser: Sendable {
    /// Most words in one message.
    static let tokenCountLimit = 2_097_152
    /// Deepest nesting of `{` and `[`.
    static let nestingLimit = 1024

    private var lexer = JSONLexer()
    private var builder = JSONBuilder()
    private var input: [UInt8] = []
    private var position = 0

    // Of the message being read.
    private var braces = 0
    private var brackets = 0
    private var tokenCount = 0
    private var tokenBytes = 0

    public init() {}

    /// Bytes appended but not looked at yet.
    public var unreadCount: Int { input.count - position }

    /// Adds input behind what is still unread.
    public mutating func append(_ bytes: some Sequence<UInt8>) {
        if position == input.count {
            input.removeAll(keepingCapacity: input.capacity <= 1 << 16)
            position = 0
        }
        input.append(contentsOf: bytes)
    }

    /// The next value or error.
    /// - Returns: nil when the input so far holds no further whole message.
    public mutating func next() -> Result<JSONValue, JSONParseError>? {
        while let token = lexer.next(in: input, from: &position) {
            if let outcome = take(token) { return outcome }
        }
        return nil
    }

    /// Says that no more input will come.
    /// - Returns: the error if a message was left unfinished.
    public mutating func finish() -> JSONParseError? {
        let unfinished = !lexer.isBetweenTokens || tokenCount > 0
        self = JSONParser()
        return unfinished ? .syntax("premature EOI") : nil
    }

    private mutating func take(_ token: JSONToken) -> Result<JSONValue, JSONParseError>? {
        switch token {
        case .stray(let text): return abandon(.syntax("stray '\(String(decoding: text, as: UTF8.self))'"))
        case .oversized: return abandon(.limit("token size"))
        case .structural(UInt8(ascii: "{")): braces += 1
        case .structural(UInt8(ascii: "}")): braces -= 1
        case .structural(UInt8(ascii: "[")): brackets += 1
        case .structural(UInt8(ascii: "]")): brackets -= 1
        case .structural, .keyword, .integer, .float, .string: break
        }
        tokenBytes += token.size + 1
        tokenCount += 1
        if tokenBytes > JSONLexer.tokenLimit { return abandon(.limit("token size")) }
        if tokenCount > Self.tokenCountLimit { return abandon(.limit("token count")) }
        if braces + brackets > Self.nestingLimit { return abandon(.limit("nesting depth")) }

        builder.take(token)
        if braces >= 0, brackets >= 0, braces > 0 || brackets > 0 { return nil }
        defer { startMessage() }
        return builder.outcome
    }

    private mutating func abandon(_ error: JSONParseError) -> Result<JSONValue, JSONParseError> {
        startMessage()
        return .failure(error)
    }

    private mutating func startMessage() {
        builder = JSONBuilder()
        (braces, brackets, tokenCount, tokenBytes) = (0, 0, 0, 0)
    }
}

extension JSONToken {
    /// Length of the word's text, in bytes.
    var size: Int {
        switch self {
        case .structural: 1
        case .string(let text), .integer(let text), .float(let text), .keyword(let text), .stray(let text):
            text.count
        case .oversized: 0
        }
    }
}

extension JSONValue {
    /// Reads text that holds exactly one value.
    public init(parsing text: some Sequence<UInt8>) throws(JSONParseError) {
        var parser = JSONParser()
        parser.append(text)
        parser.append(CollectionOfOne(UInt8(ascii: "\n")))
        guard let outcome = parser.next() else { throw parser.finish() ?? .syntax("premature EOI") }
        let value = try outcome.get()
        if parser.next() != nil || parser.finish() != nil { throw .syntax("expected one value") }
        self = value
    }

    /// Reads text that holds exactly one value.
    public init(parsing text: String) throws(JSONParseError) { try self.init(parsing: text.utf8) }
}
