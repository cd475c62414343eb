/// Writes flat unions: an enum if the tag is all they share, else a struct with the branch beside the shared members.
extension SourceWriter {
    mutating func union(
        _ definition: Definition, base: [Member], tag: String, branches: [Branch], in schema: Schema
    ) {
        guard let tagMember = base.first(where: { $0.name == tag }),
            case .enumeration(let values)? = schema.types[tagMember.type.name]?.kind
        else { return }
        let shared = base.filter { $0.name != tag }
        let cases = values.map { value in (value, branches.first { $0.name == value.name }?.type) }
        line()
        documentation(definition.documentation, qapi: definition.name)
        guard !shared.isEmpty else {
            branchEnum(definition.name, tag: tagMember, cases)
            return
        }
        block("public struct \(definition.name): QAPIObject, Equatable") { out in
            for member in shared {
                out.documentation(member.documentation, qapi: member.name, features: member.features)
                out.line("public var \(member.swiftName): \(member.swiftType)")
            }
            out.line("/// What depends on `\(tag)`.")
            out.line("public var branch: Branch")
            out.line()
            let parameters = shared.map(\.swiftParameter) + ["branch: Branch"]
            out.block("public init(\(parameters.joined(separator: ", ")))") { out in
                for member in shared { out.line("self.\(member.swiftName) = \(member.swiftName)") }
                out.line("self.branch = branch")
            }
            out.line()
            out.block("public init(reading reader: inout MemberReader) throws(QAPIError)") { out in
                out.read(shared)
                out.line("branch = try Branch(reading: &reader)")
            }
            out.line()
            out.block("public func write(to object: inout JSONObject)") { out in
                out.write(shared)
                out.line("branch.write(to: &object)")
            }
            out.line()
            out.line("/// The tag `\(tag)` and what it brings with it.")
            out.branchEnum("Branch", tag: tagMember, cases)
        }
    }

    private mutating func branchEnum(_ name: String, tag: Member, _ cases: [(EnumValue, String?)]) {
        block("public enum \(name): QAPIObject, Equatable") { out in
            for (value, type) in cases {
                if !value.isBuilt { out.line("/// Not built.") }
                out.line("case \(SwiftName.member(value.name))\(type.map { "(\($0))" } ?? "")")
            }
            out.line()
            out.line("/// QAPI `\(tag.name)`.")
            out.block("public var \(tag.swiftName): \(tag.swiftType)") { out in
                out.switchBlock("self") { out in
                    for (value, _) in cases {
                        let name = SwiftName.member(value.name)
                        out.line("case .\(name): .\(name)")
                    }
                }
            }
            out.line()
            out.block("public init(reading reader: inout MemberReader) throws(QAPIError)") { out in
                out.line("let tag: \(tag.swiftType) = try reader.required(\"\(tag.name)\")")
                out.switchBlock("tag") { out in
                    for (value, type) in cases {
                        let name = SwiftName.member(value.name)
                        let branch = type.map { "(try \($0)(reading: &reader))" } ?? ""
                        out.line(
                            value.isBuilt
                                ? "case .\(name): self = .\(name)\(branch)"
                                : "case .\(name): throw reader.notBuilt(\"\(tag.name)\", tag)")
                    }
                }
            }
            out.line()
            out.block("public func write(to object: inout JSONObject)") { out in
                out.line("object[\"\(tag.name)\"] = \(tag.swiftName).json")
                out.switchBlock("self") { out in
                    for (value, type) in cases {
                        let name = SwiftName.member(value.name)
                        out.line(
                            type == nil
                                ? "case .\(name): break"
                                : "case .\(name)(let branch): branch.write(to: &object)")
                    }
                }
            }
        }
    }
}
