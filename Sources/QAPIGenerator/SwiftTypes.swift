/// Writes the schema's types as Swift.
extension SourceWriter {
    mutating func enumeration(_ definition: Definition, _ values: [EnumValue]) {
        line()
        documentation(definition.documentation, qapi: definition.name)
        block("public enum \(definition.name): String, QAPIEnum") { out in
            for value in values {
                if !value.documentation.isEmpty || !value.isBuilt || !value.features.isEmpty
                    || !value.condition.isEmpty
                {
                    out.documentation(
                        value.documentation, qapi: value.name, features: value.features,
                        condition: value.condition, isBuilt: value.isBuilt)
                }
                out.line("case \(SwiftName.member(value.name)) = \"\(value.name)\"")
            }
            let missing = values.filter { !$0.isBuilt }
            guard !missing.isEmpty else { return }
            out.line()
            out.line("public static let notBuilt: Set<Self> = [")
            for value in missing { out.line("    .\(SwiftName.member(value.name)),") }
            out.line("]")
        }
    }

    mutating func structure(_ name: String, qapi: String, documentation text: String, _ members: [Member]) {
        line()
        documentation(text, qapi: qapi)
        block("public struct \(name): QAPIObject, Equatable") { out in
            for member in members {
                out.documentation(
                    member.documentation, qapi: member.name, features: member.features,
                    isBuilt: member.isBuilt)
                out.line("public var \(member.swiftName): \(member.swiftType)")
            }
            out.line()
            out.block("public init(\(members.map(\.swiftParameter).joined(separator: ", ")))") { out in
                for member in members { out.line("self.\(member.swiftName) = \(member.swiftName)") }
            }
            out.line()
            out.block("public init(reading reader: inout MemberReader) throws(QAPIError)") { out in
                out.read(members)
            }
            out.line()
            out.block("public func write(to object: inout JSONObject)") { out in out.write(members) }
        }
    }

    /// Statements that set each member from `reader`.
    mutating func read(_ list: [Member], declare: Bool = false) {
        for member in list {
            let target = declare ? "let \(member.swiftName): \(member.swiftType)" : member.swiftName
            if member.isBuilt {
                let call = member.isOptional ? "optional" : "required"
                line("\(target) = try reader.\(call)(\"\(member.name)\")")
            } else {
                let label = member.type == .named("bool") ? "flag: " : ""
                line("\(target) = try reader.notBuilt(\(label)\"\(member.name)\")")
            }
        }
    }

    mutating func write(_ list: [Member]) {
        for member in list {
            line("object[\"\(member.name)\"] = \(member.swiftName)\(member.isOptional ? "?" : "").json")
        }
    }

    mutating func alternate(_ definition: Definition, _ branches: [Branch]) {
        line()
        documentation(definition.documentation, qapi: definition.name)
        block("public enum \(definition.name): QAPIType, Equatable") { out in
            for branch in branches { out.line("case \(SwiftName.member(branch.name))\(branch.payload)") }
            out.line()
            out.block("public init(json: JSONValue, at path: QAPIPath) throws(QAPIError)") { out in
                out.switchBlock("json") { out in
                    for branch in branches {
                        let name = SwiftName.member(branch.name)
                        if branch.type == "null" {
                            out.line("case .null: self = .\(name)")
                        } else {
                            out.line(
                                "case .\(branch.jsonCase): self = .\(name)(try .init(json: json, at: path))")
                        }
                    }
                    out.line("default: throw .wrongType(path, expected: \"\(definition.name)\")")
                }
            }
            out.line()
            out.block("public var json: JSONValue") { out in
                out.switchBlock("self") { out in
                    for branch in branches {
                        let name = SwiftName.member(branch.name)
                        out.line(
                            branch.type == "null"
                                ? "case .\(name): .null" : "case .\(name)(let value): value.json")
                    }
                }
            }
        }
    }
}

extension Branch {
    fileprivate var payload: String {
        type == "null" ? "" : "(\(TypeReference.named(type).swift))"
    }

    /// The case of `JSONValue` that an alternate's branch is told by.
    fileprivate var jsonCase: String {
        switch Schema.builtins[type]?.json {
        case "string": "string"
        case "boolean": "bool"
        case "int": "integer"
        case "number": "double"
        default: "object"
        }
    }
}
