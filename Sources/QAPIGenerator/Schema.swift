/// A schema in QAPI's notation, read and checked for undefined names.
public struct Schema: Sendable {
    var definitions: [Definition]

    /// The types by name.
    var types: [String: Definition] {
        Dictionary(
            definitions.filter(\.isType).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The types built into QAPI: their names in Swift, and in introspection with the kind of JSON they are.
    static let builtins: [String: (swift: String, name: String, json: String)] = [
        "str": ("String", "str", "string"), "bool": ("Bool", "bool", "boolean"),
        "number": ("Double", "number", "number"), "any": ("JSONValue", "any", "value"),
        "null": ("JSONValue", "null", "null"), "int": ("Int64", "int", "int"),
        "size": ("UInt64", "int", "int"),
        "int8": ("Int8", "int", "int"), "int16": ("Int16", "int", "int"), "int32": ("Int32", "int", "int"),
        "int64": ("Int64", "int", "int"), "uint8": ("UInt8", "int", "int"),
        "uint16": ("UInt16", "int", "int"),
        "uint32": ("UInt32", "int", "int"), "uint64": ("UInt64", "int", "int"),
    ]
}

/// One definition of the schema.
struct Definition: Sendable {
    var name: String
    var documentation: String
    var features: [String]
    var isBuilt: Bool
    /// What QEMU must be configured with to have it; empty if nothing.
    var condition = ""
    /// The enumeration that says of each member, by its name, whether it is built and which features it has.
    var marks: String?
    var kind: Kind

    enum Kind {
        case enumeration([EnumValue])
        case structure([Member])
        case union(base: [Member], tag: String, branches: [Branch])
        case alternate([Branch])
        case command(Command)
        case event(Payload)
    }

    var isType: Bool {
        switch kind {
        case .enumeration, .structure, .union, .alternate: true
        case .command, .event: false
        }
    }
}

/// A reference to a type.
indirect enum TypeReference: Equatable, Sendable {
    case named(String)
    case array(TypeReference)

    /// The name at the bottom.
    var name: String {
        switch self {
        case .named(let name): name
        case .array(let element): element.name
        }
    }
}

/// A member of a struct, of a union's base or of a command's arguments.
struct Member: Sendable {
    var name: String
    var type: TypeReference
    var isOptional: Bool
    var features: [String]
    var isBuilt: Bool
    var documentation: String
}

struct EnumValue: Sendable {
    var name: String
    var features: [String]
    var isBuilt: Bool
    var condition = ""
    var documentation: String
}

/// A branch of a union (by the tag's value) or of an alternate (by a name of its own).
struct Branch: Sendable {
    var name: String
    var type: String
}

/// What a command takes or an event carries.
enum Payload: Sendable {
    case none
    case members([Member])
    case type(String)
}

struct Command: Sendable {
    var arguments: Payload
    var returns: TypeReference?
    var allowsOutOfBand: Bool
    var isAnsweredByMonitor: Bool
    var takesDescriptors: Bool
}

/// What is wrong with a schema, and in which definition.
public struct SchemaError: Error, Equatable, CustomStringConvertible {
    public var description: String
}
