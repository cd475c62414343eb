/// Turns names of the schema into names of Swift.
enum SwiftName {
    private static let keywords: Set<String> = [
        "as", "associatedtype", "break", "case", "catch", "class", "continue", "default", "defer", "do",
        "else",
        "enum", "extension", "fallthrough", "false", "for", "func", "guard", "if", "import", "in", "init",
        "inout",
        "internal", "is", "let", "nil", "operator", "private", "protocol", "public", "repeat", "return",
        "self",
        "static", "struct", "subscript", "super", "switch", "throw", "throws", "true", "try", "typealias",
        "var",
        "where", "while",
    ]

    /// `dirty-sync-count` → `dirtySyncCount`, `MIGRATION_PASS` → `migrationPass`, `UUID` → `uuid`.
    static func member(_ name: String) -> String {
        let camel = camelCase(name)
        return keywords.contains(camel) ? "`\(camel)`" : camel
    }

    /// `migrate-incoming` → `MigrateIncoming`.
    static func type(_ name: String) -> String {
        let camel = camelCase(name)
        return camel.prefix(1).uppercased() + camel.dropFirst()
    }

    private static func camelCase(_ name: String) -> String {
        let isUpper = !name.contains { $0.isLowercase }
        let words = (isUpper ? name.lowercased() : name).split { $0 == "-" || $0 == "_" || $0 == "." }
        let rest = words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }
        let camel = words.prefix(1).joined() + rest.joined()
        return camel.first?.isNumber == true ? "_\(camel)" : camel
    }
}

extension TypeReference {
    /// The type as Swift writes it.
    var swift: String {
        switch self {
        case .named(let name): Schema.builtins[name]?.swift ?? name
        case .array(let element): "[\(element.swift)]"
        }
    }
}

extension Member {
    var swiftName: String { SwiftName.member(name) }
    var swiftType: String { type.swift + (isOptional ? "?" : "") }
    var swiftParameter: String { "\(swiftName): \(swiftType)" + (isOptional ? " = nil" : "") }
}
