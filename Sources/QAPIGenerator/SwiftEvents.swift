/// Writes the events: one enum whose cases carry the data.
extension SourceWriter {
    mutating func events(_ events: [(Definition, Payload)]) {
        line()
        line("/// Something that happened, as it is told to every client.")
        block("public enum Event: Sendable, Equatable") { out in
            for (definition, payload) in events {
                out.documentation(
                    definition.documentation, qapi: definition.name, features: definition.features)
                for member in payload.builtMembers where !member.documentation.isEmpty {
                    out.line("/// - \(member.name): \(member.documentation)")
                }
                out.line("case \(SwiftName.member(definition.name))\(payload.associatedValues)")
            }
            out.line()
            out.line("/// Its name on the wire.")
            out.block("public var name: String") { out in
                out.switchBlock("self") { out in
                    for (definition, _) in events {
                        out.line("case .\(SwiftName.member(definition.name)): \"\(definition.name)\"")
                    }
                }
            }
            out.line()
            out.line("/// What goes with it; nil if the event has no data.")
            out.block("public var data: JSONObject?") { out in
                out.switchBlock("self") { out in
                    for (definition, payload) in events { out.eventData(definition, payload) }
                }
            }
        }
    }

    private mutating func eventData(_ definition: Definition, _ payload: Payload) {
        let name = SwiftName.member(definition.name)
        let members = payload.builtMembers
        switch payload {
        case .none: line("case .\(name): return nil")
        case .type: line("case .\(name)(let data): return data.json.object")
        case .members:
            let bindings = members.map { "let \($0.swiftName)" }.joined(separator: ", ")
            line("case .\(name)(\(bindings)):")
            line("    var object = JSONObject()")
            for member in members {
                line(
                    "    object[\"\(member.name)\"] = \(member.swiftName)\(member.isOptional ? "?" : "").json"
                )
            }
            line("    return object")
        }
    }
}

extension Payload {
    fileprivate var builtMembers: [Member] {
        if case .members(let members) = self { members.filter(\.isBuilt) } else { [] }
    }

    fileprivate var associatedValues: String {
        switch self {
        case .none: ""
        case .type(let name): "(\(name))"
        case .members: "(\(builtMembers.map(\.swiftParameter).joined(separator: ", ")))"
        }
    }
}
