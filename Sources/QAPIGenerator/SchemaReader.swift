import QAPI

extension Schema {
    /// Reads a schema.
    /// - Throws: ``SchemaError`` if it is not JSON in QAPI's dialect, has a key that nobody knows, or names a type
    ///   that it does not define.
    public init(text: String) throws(SchemaError) {
        definitions = []
        for block in SchemaReader.blocks(of: text) {
            let value: JSONValue
            do { value = try JSONValue(parsing: block.json) } catch {
                throw SchemaError(description: "line \(block.line): \(error)")
            }
            guard case .object(let object) = value else {
                throw SchemaError(description: "line \(block.line): a definition is an object")
            }
            var reader = SchemaReader(object: object, comment: block.comment, line: block.line)
            definitions.append(try reader.definition())
        }
        try applyMarks()
        try check()
    }

    private mutating func applyMarks() throws(SchemaError) {
        let types = types
        for index in definitions.indices {
            guard let name = definitions[index].marks,
                case .structure(var members) = definitions[index].kind
            else { continue }
            guard case .enumeration(let values)? = types[name]?.kind else {
                throw SchemaError(
                    description: "'\(definitions[index].name)' has its marks of '\(name)', which is no enum")
            }
            for member in members.indices {
                guard let value = values.first(where: { $0.name == members[member].name }) else {
                    throw SchemaError(description: "'\(name)' has no value '\(members[member].name)'")
                }
                members[member].isBuilt = value.isBuilt
                members[member].features = value.features
            }
            definitions[index].kind = .structure(members)
        }
    }

    private func check() throws(SchemaError) {
        var seen: Set<String> = []
        let types = types
        for definition in definitions {
            guard seen.insert(definition.name).inserted else {
                throw SchemaError(description: "'\(definition.name)' is defined twice")
            }
            for reference in definition.references
            where Schema.builtins[reference] == nil && types[reference] == nil {
                throw SchemaError(
                    description: "'\(definition.name)' uses '\(reference)', which is not defined")
            }
        }
    }
}

extension Definition {
    /// Names of all types it uses.
    var references: [String] {
        switch kind {
        case .enumeration: []
        case .structure(let members): members.map(\.type.name)
        case .union(let base, _, let branches): base.map(\.type.name) + branches.map(\.type)
        case .alternate(let branches): branches.map(\.type)
        case .command(let command): command.arguments.references + (command.returns.map { [$0.name] } ?? [])
        case .event(let payload): payload.references
        }
    }
}

extension Payload {
    var references: [String] {
        switch self {
        case .none: []
        case .members(let members): members.map(\.type.name)
        case .type(let name): [name]
        }
    }
}

/// Reads one definition.
struct SchemaReader {
    struct Block {
        var line: Int
        var comment: [String]
        var json: String
    }

    private var object: JSONObject
    private let line: Int
    private let summary: String
    private let memberDocumentation: [String: String]

    init(object: JSONObject, comment: [String], line: Int) {
        self.object = object
        self.line = line
        var summary: [String] = []
        var members: [String: String] = [:]
        var member: String?
        for text in comment {
            if text.hasPrefix("@"), let colon = text.firstIndex(of: ":") {
                let name = String(text[text.index(after: text.startIndex)..<colon])
                members[name] = String(text[text.index(after: colon)...].drop { $0 == " " })
                member = name
            } else if let member {
                members[member, default: ""] += " " + text.drop { $0 == " " }
            } else {
                summary.append(text)
            }
        }
        self.summary = summary.joined(separator: " ")
        memberDocumentation = members
    }

    /// Cuts the text into definitions: each begins in the first column and runs to the line where its brackets
    /// balance. Comments directly before one are its own.
    static func blocks(of text: String) -> [Block] {
        var blocks: [Block] = []
        var comment: [String] = []
        var json = ""
        var start = 0
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if json.isEmpty, line.hasPrefix("#") {
                comment.append(String(line.dropFirst().drop { $0 == " " }))
            } else if json.isEmpty, line.allSatisfy({ $0 == " " }) {
                comment = []
            } else {
                if json.isEmpty { start = number + 1 }
                json += line + "\n"
                guard (try? JSONValue(parsing: json)) != nil else { continue }
                blocks.append(Block(line: start, comment: comment, json: json))
                (comment, json) = ([], "")
            }
        }
        if !json.isEmpty { blocks.append(Block(line: start, comment: comment, json: json)) }
        return blocks
    }

    mutating func definition() throws(SchemaError) -> Definition {
        let built = try flag("built", default: true)
        let features = try strings("features")
        let condition = take("if")?.string ?? ""
        let marks = take("marks")?.string
        let (name, kind) = try nameAndKind()
        if let stray = object.first { throw error("key '\(stray.key)' is not known") }
        return Definition(
            name: name, documentation: summary, features: features, isBuilt: built, condition: condition,
            marks: marks, kind: kind)
    }

    private mutating func nameAndKind() throws(SchemaError) -> (String, Definition.Kind) {
        if let name = take("enum")?.string {
            return (
                name,
                .enumeration(try (array("data")).map { value throws(SchemaError) in try enumValue(value) })
            )
        }
        if let name = take("struct")?.string { return (name, .structure(try members("data"))) }
        if let name = take("alternate")?.string { return (name, .alternate(try branches())) }
        if let name = take("union")?.string {
            guard let tag = take("discriminator")?.string else {
                throw error("a union needs a discriminator")
            }
            return (name, .union(base: try members("base"), tag: tag, branches: try branches()))
        }
        if let name = take("event")?.string { return (name, .event(try payload())) }
        guard let name = take("command")?.string else {
            throw error("neither a type nor a command nor an event")
        }
        let command = Command(
            arguments: try payload(),
            returns: try take("returns").map { value throws(SchemaError) in try type(value) },
            allowsOutOfBand: try flag("allow-oob", default: false),
            isAnsweredByMonitor: take("by")?.string == "monitor",
            takesDescriptors: try flag("takes-fds", default: false))
        return (name, .command(command))
    }

    private mutating func payload() throws(SchemaError) -> Payload {
        _ = take("boxed")
        switch object["data"] {
        case nil: return .none
        case .string(let name)?:
            _ = take("data")
            return .type(name)
        default: return .members(try members("data"))
        }
    }

    private mutating func members(_ key: String) throws(SchemaError) -> [Member] {
        guard let members = take(key)?.object else { throw error("'\(key)' should be an object") }
        return try members.map { member throws(SchemaError) in
            let isOptional = member.key.hasPrefix("*")
            let name = isOptional ? String(member.key.dropFirst()) : member.key
            let details = member.value.object
            let built = details?["built"]?.bool ?? true
            if !built, !isOptional { throw error("'\(name)' must be there, so it must be built") }
            return Member(
                name: name,
                type: try type(details?["type"] ?? member.value),
                isOptional: isOptional,
                features: Self.strings(details?["features"]),
                isBuilt: built,
                documentation: memberDocumentation[name] ?? "")
        }
    }

    private func enumValue(_ value: JSONValue) throws(SchemaError) -> EnumValue {
        guard let name = value.string ?? value["name"]?.string else {
            throw error("an enumeration has names")
        }
        return EnumValue(
            name: name,
            features: Self.strings(value["features"]),
            isBuilt: value["built"]?.bool ?? true,
            condition: value["if"]?.string ?? "",
            documentation: memberDocumentation[name] ?? "")
    }

    private mutating func branches() throws(SchemaError) -> [Branch] {
        guard let branches = take("data")?.object else { throw error("'data' should be an object") }
        return try branches.map { branch throws(SchemaError) in
            guard let type = branch.value.string else { throw error("a branch names a type") }
            return Branch(name: branch.key, type: type)
        }
    }

    private func type(_ value: JSONValue) throws(SchemaError) -> TypeReference {
        if let name = value.string { return .named(name) }
        if let element = value.array, element.count == 1 { return .array(try type(element[0])) }
        throw error("\(value) is no type")
    }

    private mutating func array(_ key: String) throws(SchemaError) -> [JSONValue] {
        guard let array = take(key)?.array else { throw error("'\(key)' should be a list") }
        return array
    }

    private mutating func flag(_ key: String, default value: Bool) throws(SchemaError) -> Bool {
        guard let json = take(key) else { return value }
        guard let flag = json.bool else { throw error("'\(key)' should be true or false") }
        return flag
    }

    private mutating func strings(_ key: String) throws(SchemaError) -> [String] { Self.strings(take(key)) }

    private static func strings(_ value: JSONValue?) -> [String] { (value?.array ?? []).compactMap(\.string) }

    private mutating func take(_ key: String) -> JSONValue? {
        defer { object[key] = nil }
        return object[key]
    }

    private func error(_ text: String) -> SchemaError { SchemaError(description: "line \(line): \(text)") }
}
