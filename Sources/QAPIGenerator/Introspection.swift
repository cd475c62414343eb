import QAPI

/// Works out what `query-qmp-schema` answers: commands and events as they are, types under numbers, and nothing
/// that is not built.
struct Introspection {
    private let schema: Schema
    private let types: [String: Definition]
    private var numbers: [String: Int] = [:]
    private var queue: [Entry] = []
    private(set) var entries: [JSONValue] = []

    private enum Entry {
        case type(String)
        case array(TypeReference)
        /// A command's or an event's own list of members.
        case members(Int, [Member])
    }

    init(_ schema: Schema) {
        self.schema = schema
        types = schema.types
        numbers[""] = 0
        for definition in schema.definitions where definition.isBuilt { add(definition) }
        entries.append(["name": "0", "meta-type": "object", "members": []])
        // Describing a type may call for more of them.
        var next = 0
        while next < queue.count {
            describe(queue[next])
            next += 1
        }
    }

    private mutating func add(_ definition: Definition) {
        var entry: JSONObject = ["name": .string(definition.name)]
        switch definition.kind {
        case .command(let command):
            entry["meta-type"] = "command"
            entry["arg-type"] = .string(name(of: command.arguments, in: definition))
            entry["ret-type"] = .string(command.returns.map { name(of: $0) } ?? "0")
            if command.allowsOutOfBand { entry["allow-oob"] = true }
        case .event(let payload):
            entry["meta-type"] = "event"
            entry["arg-type"] = .string(name(of: payload, in: definition))
        case .enumeration, .structure, .union, .alternate: return
        }
        add(features: definition.features, to: &entry)
        entries.append(.object(entry))
    }

    private mutating func name(of payload: Payload, in definition: Definition) -> String {
        switch payload {
        case .none: return "0"
        case .type(let name): return self.name(of: .named(name))
        case .members(let members):
            let number = number(for: "arguments of \(definition.name)")
            queue.append(.members(number, members))
            return "\(number)"
        }
    }

    private mutating func name(of type: TypeReference) -> String {
        switch type {
        case .array(let element):
            let name = "[\(self.name(of: element))]"
            if numbers[name] == nil {
                numbers[name] = -1
                queue.append(.array(element))
            }
            return name
        case .named(let name):
            if let builtin = Schema.builtins[name] {
                if numbers[builtin.name] == nil {
                    numbers[builtin.name] = -1
                    queue.append(.type(name))
                }
                return builtin.name
            }
            if let number = numbers[name] { return "\(number)" }
            queue.append(.type(name))
            return "\(number(for: name))"
        }
    }

    private mutating func number(for key: String) -> Int {
        let number = numbers.values.reduce(0, max) + 1
        numbers[key] = number
        return number
    }

    private mutating func describe(_ entry: Entry) {
        switch entry {
        case .array(let element):
            let element = name(of: element)
            entries.append([
                "name": .string("[\(element)]"), "meta-type": "array", "element-type": .string(element),
            ])
        case .members(let number, let members):
            entries.append([
                "name": .string("\(number)"), "meta-type": "object", "members": describe(members),
            ])
        case .type(let name):
            if let builtin = Schema.builtins[name] {
                entries.append([
                    "name": .string(builtin.name), "meta-type": "builtin", "json-type": .string(builtin.json),
                ])
            } else if let definition = types[name] {
                describe(definition)
            }
        }
    }

    private mutating func describe(_ definition: Definition) {
        var entry: JSONObject = ["name": .string(name(of: .named(definition.name)))]
        switch definition.kind {
        case .enumeration(let values):
            let built = values.filter(\.isBuilt)
            entry["meta-type"] = "enum"
            entry["members"] = .array(
                built.map { value in
                    var member: JSONObject = ["name": .string(value.name)]
                    add(features: value.features, to: &member)
                    return .object(member)
                })
            entry["values"] = .array(built.map { .string($0.name) })
        case .structure(let members):
            entry["meta-type"] = "object"
            entry["members"] = describe(members)
        case .union(let base, let tag, let branches):
            entry["meta-type"] = "object"
            entry["members"] = describe(base)
            entry["tag"] = .string(tag)
            entry["variants"] = variants(tag: base.first { $0.name == tag }, branches)
        case .alternate(let branches):
            entry["meta-type"] = "alternate"
            entry["members"] = .array(branches.map { ["type": .string(name(of: .named($0.type)))] })
        case .command, .event: return
        }
        add(features: definition.features, to: &entry)
        entries.append(.object(entry))
    }

    private mutating func variants(tag: Member?, _ branches: [Branch]) -> JSONValue {
        guard let tag, case .enumeration(let values)? = types[tag.type.name]?.kind else { return [] }
        return .array(
            values.filter(\.isBuilt).map { value in
                let branch = branches.first { $0.name == value.name }
                return [
                    "case": .string(value.name),
                    "type": .string(branch.map { name(of: .named($0.type)) } ?? "0"),
                ]
            })
    }

    private mutating func describe(_ members: [Member]) -> JSONValue {
        .array(
            members.filter(\.isBuilt).map { member in
                var entry: JSONObject = [
                    "name": .string(member.name), "type": .string(name(of: member.type)),
                ]
                if member.isOptional { entry["default"] = .null }
                add(features: member.features, to: &entry)
                return .object(entry)
            })
    }

    private func add(features: [String], to entry: inout JSONObject) {
        if !features.isEmpty { entry["features"] = .array(features.map { .string($0) }) }
    }
}
