/// Writes the commands: their names and traits, the arguments of each, and the protocol that a machine implements.
extension SourceWriter {
    mutating func commandNames(_ commands: [(Definition, Command)]) {
        line()
        line("/// A command of the schema, built or not.")
        block("public enum CommandName: String, Sendable, CaseIterable, Hashable") { out in
            for (definition, _) in commands {
                out.documentation(
                    definition.documentation, qapi: definition.name, features: definition.features,
                    condition: definition.condition, isBuilt: definition.isBuilt)
                out.line("case \(SwiftName.member(definition.name)) = \"\(definition.name)\"")
            }
            out.line()
            out.line("/// Whether this version of Martlet has the command.")
            out.trait("isBuilt", of: commands, not: true) { definition, _ in !definition.isBuilt }
            out.line()
            out.line("/// Whether `exec-oob` may run it.")
            out.trait("allowsOutOfBand", of: commands) { _, command in command.allowsOutOfBand }
            out.line()
            out.line("/// Whether the QMP server answers it without asking the machine.")
            out.trait("isAnsweredByMonitor", of: commands) { _, command in command.isAnsweredByMonitor }
        }
    }

    private mutating func trait(
        _ name: String, of commands: [(Definition, Command)], not inverted: Bool = false,
        _ holds: (Definition, Command) -> Bool
    ) {
        let cases = commands.filter { holds($0.0, $0.1) }.map { ".\(SwiftName.member($0.0.name))" }
        block("public var \(name): Bool") { out in
            out.switchBlock("self") { out in
                if !cases.isEmpty { out.line("case \(cases.joined(separator: ", ")): \(!inverted)") }
                out.line("default: \(inverted)")
            }
        }
    }

    mutating func arguments(_ commands: [(Definition, Command)]) {
        for (definition, command) in commands where definition.isBuilt {
            guard case .members(let members) = command.arguments else { continue }
            structure(
                command.argumentType(of: definition), qapi: definition.name,
                documentation: "What `\(definition.name)` takes.", members)
        }
    }

    mutating func handler(_ commands: [(Definition, Command)]) {
        let handled = commands.filter { $0.0.isBuilt && !$0.1.isAnsweredByMonitor }
        line()
        line(
            "/// What a machine does for each command. In-band commands come one at a time, whatever the number of"
        )
        line("/// clients; the next one waits for the answer.")
        block("public protocol CommandHandler: Sendable") { out in
            for (definition, command) in handled {
                out.documentation(
                    definition.documentation, qapi: definition.name, features: definition.features)
                let returns = command.returns.map { " -> \($0.swift)" } ?? ""
                let parameters = command.handlerParameters(of: definition)
                let name = SwiftName.member(definition.name)
                out.line("func \(name)(\(parameters)) async throws(QAPIError)\(returns)")
            }
        }
        line()
        line(
            "/// A machine need not have all of them: what it does not implement answers that it is not built."
        )
        block("extension CommandHandler") { out in
            for (definition, command) in handled {
                let returns = command.returns.map { " -> \($0.swift)" } ?? ""
                let name = SwiftName.member(definition.name)
                out.line(
                    "public func \(name)(\(command.handlerParameters(of: definition))) "
                        + "async throws(QAPIError)\(returns) { throw .notBuilt(.\(name)) }")
            }
        }
        line()
        block("extension CommandName") { out in
            out.line("/// Reads the arguments, has `handler` do the work, and writes its answer.")
            out.line("/// - Throws: what is wrong with the arguments, or what the handler throws.")
            out.line("public func run(")
            out.line(
                "    _ arguments: JSONObject, by handler: any CommandHandler, descriptors: any PassedDescriptors"
            )
            out.block(") async throws(QAPIError) -> JSONValue") { out in
                out.switchBlock("self") { out in
                    for (definition, command) in handled { out.run(definition, command) }
                    out.line("default: throw .notBuilt(self)")
                }
            }
        }
    }

    private mutating func run(_ definition: Definition, _ command: Command) {
        let name = SwiftName.member(definition.name)
        var parameters: [String] = []
        line("case .\(name):")
        switch command.arguments {
        case .none: line("    _ = try NoArguments(json: .object(arguments))")
        case .members, .type: parameters.append("try .init(json: .object(arguments))")
        }
        if command.takesDescriptors { parameters.append("descriptors: descriptors") }
        let call = "try await handler.\(name)(\(parameters.joined(separator: ", ")))"
        if command.returns == nil {
            line("    \(call)")
            line("    return .object([:])")
        } else {
            line("    return \(call).json")
        }
    }
}

extension Command {
    func argumentType(of definition: Definition) -> String {
        if case .type(let name) = arguments { return name }
        return SwiftName.type(definition.name) + "Arguments"
    }

    fileprivate func handlerParameters(of definition: Definition) -> String {
        var parameters: [String] = []
        if case .none = arguments {
        } else {
            parameters.append("_ arguments: \(argumentType(of: definition))")
        }
        if takesDescriptors { parameters.append("descriptors: any PassedDescriptors") }
        return parameters.joined(separator: ", ")
    }
}
