/// Puts the words of one message together to a value; the first error wins and ends its interest.
struct JSONBuilder {
    private enum Container { case array, object }

    private enum Expectation {
        case value
        case valueOrEnd, arraySeparator
        case keyOrEnd, key, colon, objectSeparator
        case nothing
    }

    /// The containers begun, outermost first; their contents stand in the stacks below, and grow in place.
    private var open: [Container] = []
    private var arrays: [[JSONValue]] = []
    private var objects: [JSONObject] = []
    /// The keys whose values are being read, one for each object.
    private var keys: [String] = []
    private var expectation = Expectation.value
    private var result: JSONValue?
    private var error: JSONParseError?

    /// The value, or why there is none.
    var outcome: Result<JSONValue, JSONParseError> {
        if let error { return .failure(error) }
        return result.map(Result.success) ?? .failure(.syntax("premature EOI"))
    }

    mutating func take(_ token: JSONToken) {
        guard error == nil else { return }
        do {
            try accept(token)
        } catch {
            self = JSONBuilder()
            self.error = error
        }
    }

    private mutating func accept(_ token: JSONToken) throws(JSONParseError) {
        switch (expectation, token) {
        case (.valueOrEnd, .structural(UInt8(ascii: "]"))), (.arraySeparator, .structural(UInt8(ascii: "]"))),
            (.keyOrEnd, .structural(UInt8(ascii: "}"))), (.objectSeparator, .structural(UInt8(ascii: "}"))):
            try close()
        case (.value, _), (.valueOrEnd, _): try begin(token)
        case (.arraySeparator, .structural(UInt8(ascii: ","))): expectation = .value
        case (.arraySeparator, _): throw .syntax("expected separator in list")
        case (.keyOrEnd, _), (.key, _): try setKey(token)
        case (.colon, .structural(UInt8(ascii: ":"))): expectation = .value
        case (.colon, _): throw .syntax("missing : in object pair")
        case (.objectSeparator, .structural(UInt8(ascii: ","))): expectation = .key
        case (.objectSeparator, _): throw .syntax("expected separator in dict")
        case (.nothing, _): throw .syntax("expecting value")
        }
    }

    private mutating func begin(_ token: JSONToken) throws(JSONParseError) {
        switch token {
        case .structural(UInt8(ascii: "[")):
            open.append(.array)
            arrays.append([])
            expectation = .valueOrEnd
        case .structural(UInt8(ascii: "{")):
            open.append(.object)
            objects.append(JSONObject())
            keys.append("")
            expectation = .keyOrEnd
        default: try add(Self.scalar(token))
        }
    }

    private mutating func setKey(_ token: JSONToken) throws(JSONParseError) {
        guard case .string(let text) = token else {
            if case .structural(let byte) = token, byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                throw .syntax("key is not a string in object")
            }
            _ = try Self.scalar(token)
            throw .syntax("key is not a string in object")
        }
        keys[keys.count - 1] = try JSONStringText.decode(text)
        expectation = .colon
    }

    private mutating func add(_ value: JSONValue) throws(JSONParseError) {
        switch open.last {
        case nil:
            result = value
            expectation = .nothing
        case .array?:
            arrays[arrays.count - 1].append(value)
            expectation = .arraySeparator
        case .object?:
            guard objects[objects.count - 1].insert(keys[keys.count - 1], value) else {
                throw .syntax("duplicate key")
            }
            expectation = .objectSeparator
        }
    }

    private mutating func close() throws(JSONParseError) {
        switch open.popLast() {
        case .array?: try add(.array(arrays.removeLast()))
        case .object?:
            keys.removeLast()
            try add(.object(objects.removeLast()))
        case nil: throw .syntax("expecting value")
        }
    }

    private static func scalar(_ token: JSONToken) throws(JSONParseError) -> JSONValue {
        switch token {
        case .string(let text): return .string(try JSONStringText.decode(text))
        case .integer(let text):
            let digits = String(decoding: text, as: UTF8.self)
            if let value = Int64(digits) { return .integer(value) }
            if let value = UInt64(digits) { return .unsigned(value) }
            return .double(Double(digits) ?? .infinity)
        case .float(let text): return .double(Double(String(decoding: text, as: UTF8.self)) ?? .infinity)
        case .keyword(let text):
            switch String(decoding: text, as: UTF8.self) {
            case "null": return .null
            case "true": return .bool(true)
            case "false": return .bool(false)
            case let word: throw .syntax("invalid keyword '\(word)'")
            }
        case .structural, .stray, .oversized: throw .syntax("expecting value")
        }
    }
}
