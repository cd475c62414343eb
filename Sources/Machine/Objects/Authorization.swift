import Glibc
import QAPI
import Synchronization

/// Who may connect, judged by a name: what `authz-simple`, `authz-list` and `authz-listfile` say.
enum Authorization: Sendable {
    case identity(String)
    case list(AuthZListProperties)
    case file(AuthorizationFile)

    /// - Throws: when that cannot be found out.
    func permits(_ name: String) throws(QAPIError) -> Bool {
        switch self {
        case .identity(let identity): name == identity
        case .list(let list): list.permits(name)
        case .file(let file): try file.list().permits(name)
        }
    }
}

extension AuthZListProperties {
    /// The first rule that matches decides, else the list's policy: deny, if it has none.
    fileprivate func permits(_ name: String) -> Bool {
        let rule = (rules ?? []).first { rule in
            rule.format == .glob
                ? matches(name.utf8[...], pattern: rule.match.utf8[...]) : rule.match == name
        }
        return (rule?.policy ?? policy ?? .deny) == .allow
    }
}

/// Whether a text is of a pattern, in which `*` stands for any bytes and `?` for one character.
func matches(_ given: Substring.UTF8View, pattern: Substring.UTF8View) -> Bool {
    var (text, pattern) = (given, pattern)
    /// Where to go on when what follows the last `*` does not fit.
    var retry: (pattern: Substring.UTF8View, text: Substring.UTF8View)?
    while true {
        if pattern.first == UInt8(ascii: "*") {
            pattern = pattern.dropFirst()
            retry = (pattern, text)
        } else if let expected = pattern.first, let found = text.first,
            expected == found || expected == UInt8(ascii: "?")
        {
            pattern = pattern.dropFirst()
            text = text.dropFirst()
            // The rest of a character of several bytes.
            if expected == UInt8(ascii: "?") { text = text.drop { $0 & 0xc0 == 0x80 } }
        } else if text.isEmpty, pattern.isEmpty {
            return true
        } else if let last = retry, !last.text.isEmpty {
            text = last.text.dropFirst()
            pattern = last.pattern
            retry = (pattern, text)
        } else {
            return false
        }
    }
}

/// A list of rules in a file, as JSON.
final class AuthorizationFile: Sendable {
    private static let limit = 4 << 20
    private let path: String
    /// What it held at the start, if later changes do not count.
    private let fixed: AuthZListProperties?

    /// Reads the file.
    init(_ given: AuthZListFileProperties) throws(QAPIError) {
        path = given.filename.absolutePath
        let list = try Self.read(path)
        fixed = given.refresh ?? true ? nil : list
    }

    /// The rules, as they stand now.
    func list() throws(QAPIError) -> AuthZListProperties {
        if let fixed { return fixed }
        return try Self.read(path)
    }

    private static func read(_ path: String) throws(QAPIError) -> AuthZListProperties {
        let bytes: [UInt8]
        do throws(BootError) { bytes = try readFile(path, limit: limit) } catch {
            throw .generic("Unable to read the list of authorizations: \(error)")
        }
        let json: JSONValue
        do throws(JSONParseError) { json = try JSONValue(parsing: bytes) } catch {
            throw .generic("The list of authorizations in '\(path)' is no JSON: \(error)")
        }
        do throws(QAPIError) { return try AuthZListProperties(json: json) } catch {
            throw .generic("The list of authorizations in '\(path)': \(error)")
        }
    }
}

extension String {
    /// The path from the root, so that it can be found from any working directory.
    var absolutePath: String {
        var buffer = [CChar](repeating: 0, count: 4096)
        guard !hasPrefix("/"), unsafe getcwd(&buffer, buffer.count) != nil else { return self }
        let folder = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return "\(String(decoding: folder, as: UTF8.self))/\(self)"
    }
}
