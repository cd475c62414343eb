import QAPI

extension Schema {
    /// The Swift files made from this schema, by name.
    public func swiftFiles() -> [String: String] {
        var enums = SourceWriter()
        var structs = SourceWriter()
        var unions = SourceWriter()
        for definition in definitions {
            switch definition.kind {
            case .enumeration(let values): enums.enumeration(definition, values)
            case .structure(let members):
                structs.structure(
                    definition.name, qapi: definition.name, documentation: definition.documentation, members)
            case .union(let base, let tag, let branches):
                unions.union(definition, base: base, tag: tag, branches: branches, in: self)
            case .alternate(let branches): unions.alternate(definition, branches)
            case .command, .event: break
            }
        }
        var names = SourceWriter()
        names.commandNames(commands)
        var arguments = SourceWriter()
        arguments.arguments(commands)
        var handler = SourceWriter()
        handler.handler(commands)
        var events = SourceWriter()
        events.events(self.events)
        var introspection = SourceWriter()
        introspection.introspection(Introspection(self).entries)
        return [
            "Enums.swift": enums.text, "Structs.swift": structs.text, "Unions.swift": unions.text,
            "CommandName.swift": names.text, "CommandArguments.swift": arguments.text,
            "CommandHandler.swift": handler.text, "Event.swift": events.text,
            "IntrospectionText.swift": introspection.text,
        ]
    }

    private var commands: [(Definition, Command)] {
        definitions.compactMap { if case .command(let command) = $0.kind { ($0, command) } else { nil } }
    }

    private var events: [(Definition, Payload)] {
        definitions.compactMap { definition in
            guard definition.isBuilt, case .event(let payload) = definition.kind else { return nil }
            return (definition, payload)
        }
    }
}

extension SourceWriter {
    fileprivate mutating func introspection(_ entries: [JSONValue]) {
        line()
        block("extension Introspection") { out in
            out.line("/// What `query-qmp-schema` answers, as JSON text.")
            out.line("static let text = #\"\"\"")
            for (index, entry) in entries.enumerated() {
                let opening = index == 0 ? "[" : " "
                out.line("    \(opening)\(entry)\(index == entries.count - 1 ? "]" : ",")")
            }
            out.line("    \"\"\"#")
        }
    }
}
