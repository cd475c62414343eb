// The built-in types of QAPI. `int` is `Int64`, `size` and `uint64` are `UInt64`, `number` is `Double`, `any` is
// `JSONValue`.

extension String: QAPIType {
    public init(json: JSONValue, at path: QAPIPath) throws(QAPIError) {
        guard case .string(let value) = json else { throw .wrongType(path, expected: "string") }
        self = value
    }

    public var json: JSONValue { .string(self) }
}

extension Bool: QAPIType {
    public init(json: JSONValue, at path: QAPIPath) throws(QAPIError) {
        guard case .bool(let value) = json else { throw .wrongType(path, expected: "boolean") }
        self = value
    }

    public var json: JSONValue { .bool(self) }
}

extension Double: QAPIType {
    public init(json: JSONValue, at path: QAPIPath) throws(QAPIError) {
        guard let value = json.number else { throw .wrongType(path, expected: "number") }
        self = value
    }

    public var json: JSONValue { .double(self) }
}

extension Int64: QAPIType {
    public init(json: JSONValue, at path: QAPIPath) throws(QAPIError) {
        guard case .integer(let value) = json else { throw .wrongType(path, expected: "integer") }
        self = value
    }

    public var json: JSONValue { .integer(self) }
}

extension UInt64: QAPIType {
    /// Unlike QEMU, a negative number is refused here instead of wrapping to a huge one.
    public init(json: JSONValue, at path: QAPIPath) throws(QAPIError) {
        guard let value = json.unsigned else { throw .outOfRange(path, expected: "uint64") }
        self = value
    }

    public var json: JSONValue { JSONValue(self) }
}

/// An integer of the schema narrower than 64 bits; errors name its C type.
public protocol QAPISmallInteger: QAPIType, FixedWidthInteger {}

extension QAPISmallInteger {
    public init(json: JSONValue, at path: QAPIPath) throws(QAPIError) {
        switch json {
        case .integer(let value):
            guard let exact = Self(exactly: value) else { throw Self.outOfRange(path) }
            self = exact
        case .unsigned: throw Self.outOfRange(path)
        default:
            throw Self.isSigned
                ? .wrongType(path, expected: "integer") : .outOfRange(path, expected: "uint64")
        }
    }

    public var json: JSONValue { .integer(Int64(truncatingIfNeeded: self)) }

    private static func outOfRange(_ path: QAPIPath) -> QAPIError {
        .outOfRange(path, expected: "\(isSigned ? "int" : "uint")\(bitWidth)_t")
    }
}

extension Int8: QAPISmallInteger {}
extension Int16: QAPISmallInteger {}
extension Int32: QAPISmallInteger {}
extension UInt8: QAPISmallInteger {}
extension UInt16: QAPISmallInteger {}
extension UInt32: QAPISmallInteger {}

extension Array: QAPIType where Element: QAPIType {
    public init(json: JSONValue, at path: QAPIPath) throws(QAPIError) {
        guard case .array(let values) = json else { throw .wrongType(path, expected: "array") }
        self = []
        reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            append(try Element(json: value, at: path.element(index)))
        }
    }

    public var json: JSONValue { .array(map(\.json)) }
}

extension JSONValue: QAPIType {
    public init(json: JSONValue, at path: QAPIPath) { self = json }

    public var json: JSONValue { self }
}
