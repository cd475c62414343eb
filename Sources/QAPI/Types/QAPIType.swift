/// A type of the schema: what it looks like in JSON and how it is read from there.
public protocol QAPIType: Sendable {
    /// Reads the value that stands at `path` in a command's arguments.
    /// - Throws: ``QAPIError`` in QEMU's words if the value has another type, lacks a member, has one too many,
    ///   or is out of range.
    init(json: JSONValue, at path: QAPIPath) throws(QAPIError)

    var json: JSONValue { get }
}

/// A type of the schema that is an object in JSON: a struct or a flat union.
public protocol QAPIObject: QAPIType {
    /// Takes its own members out of `reader` and leaves others alone.
    init(reading reader: inout MemberReader) throws(QAPIError)

    func write(to object: inout JSONObject)
}

extension QAPIObject {
    public init(json: JSONValue, at path: QAPIPath = .root) throws(QAPIError) {
        guard case .object(let object) = json else { throw .wrongType(path, expected: "object") }
        var reader = MemberReader(object, at: path)
        try self.init(reading: &reader)
        try reader.finish()
    }

    public var json: JSONValue {
        var object = JSONObject()
        write(to: &object)
        return .object(object)
    }
}

/// An enumeration of the schema: a fixed set of strings.
public protocol QAPIEnum: QAPIType, RawRepresentable, CaseIterable, Hashable where RawValue == String {
    /// The values that QEMU's schema has and this version of Martlet cannot act on. They can be read, so that
    /// the command may say what is the matter.
    static var notBuilt: Set<Self> { get }
}

extension QAPIEnum {
    public static var notBuilt: Set<Self> { [] }

    /// Whether this version of Martlet can act on the value.
    public var isBuilt: Bool { !Self.notBuilt.contains(self) }

    public init(json: JSONValue, at path: QAPIPath) throws(QAPIError) {
        guard case .string(let text) = json else { throw .wrongType(path, expected: "string") }
        guard let value = Self(rawValue: text) else { throw .badValue(path, text) }
        self = value
    }

    public var json: JSONValue { .string(rawValue) }
}
