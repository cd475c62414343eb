/// A JSON value as QMP carries it.
///
/// Integers keep the full range of `Int64` and `UInt64`: a byte count or an `id` comes back digit for digit.
public enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// An integer that fits `Int64`.
    case integer(Int64)
    /// An integer above `Int64.max`; smaller ones are always `.integer` (use ``init(_:)-(UInt64)``).
    case unsigned(UInt64)
    /// A number written with a fraction or an exponent, or an integer beyond 64 bits.
    case double(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// The value of an unsigned integer, in its one canonical case.
    public init(_ value: UInt64) {
        if let signed = Int64(exactly: value) { self = .integer(signed) } else { self = .unsigned(value) }
    }
}

extension JSONValue {
    /// The object's members; nil for any other kind of value.
    public var object: JSONObject? {
        if case .object(let object) = self { object } else { nil }
    }

    /// The array's elements; nil for any other kind of value.
    public var array: [JSONValue]? {
        if case .array(let array) = self { array } else { nil }
    }

    /// The string; nil for any other kind of value.
    public var string: String? {
        if case .string(let string) = self { string } else { nil }
    }

    /// The truth value; nil for any other kind of value.
    public var bool: Bool? {
        if case .bool(let bool) = self { bool } else { nil }
    }

    /// The integer, if it is one and fits `Int64`.
    public var integer: Int64? {
        if case .integer(let integer) = self { integer } else { nil }
    }

    /// The integer, if it is one and not negative.
    public var unsigned: UInt64? {
        switch self {
        case .integer(let value): UInt64(exactly: value)
        case .unsigned(let value): value
        default: nil
        }
    }

    /// The number, integers included (rounded to the nearest `Double`); nil for any other kind of value.
    public var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .unsigned(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    /// Member `key` of an object; nil if this is no object or has no such member.
    public subscript(key: String) -> JSONValue? { object?[key] }

    /// Element `index` of an array; nil if this is no array or too short.
    public subscript(index: Int) -> JSONValue? {
        guard let array, array.indices.contains(index) else { return nil }
        return array[index]
    }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    public init(nilLiteral: ()) { self = .null }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(stringLiteral value: String) { self = .string(value) }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        var object = JSONObject()
        for (key, value) in elements { object[key] = value }
        self = .object(object)
    }
}
