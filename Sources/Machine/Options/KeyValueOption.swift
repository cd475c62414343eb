import QAPI

/// An option's value in QEMU's notation `first,key=value,flag=on`, where a comma in a value is doubled, or as a JSON
/// object, whose inner objects and arrays become dotted keys (`file.filename`, `hostfwd.0.str`).
///
/// Every key that is asked for is taken out; what is left at the end is unknown, and ``finish()`` says so.
public struct KeyValueOption: Sendable {
    /// The option with its dash, for errors.
    public let option: String
    private var pairs: [(key: String, value: String)] = []
    /// Keys that somebody asked for, with the values that are possible where those are few.
    private var known: [(key: String, values: [String])] = []
    /// `help` stands among the properties: what there is shall be listed.
    private var isQuestion = false
    /// What the properties are of, for their list.
    private var subject = ""

    /// - Parameter implied: key of the first part when it has no `=`, e.g. `driver` in `-device`.
    public init(_ option: String, _ text: String, implied: String?) throws(OptionError) {
        self.option = option
        if text.first == "{" {
            let value: JSONValue
            do throws(JSONParseError) {
                value = try JSONValue(parsing: text)
            } catch {
                throw OptionError(option, "in '\(text)': \(error)")
            }
            try flatten(value, as: "")
            return
        }
        for (index, part) in Self.split(text).enumerated() {
            if let equals = part.firstIndex(of: "=") {
                pairs.append((String(part[..<equals]), String(part[part.index(after: equals)...])))
            } else if part == "help" || part == "?" {
                isQuestion = true
            } else if index == 0, let implied {
                pairs.append((implied, part))
            } else if part.hasPrefix("no"), part.count > 2, part != "nodelay" {
                pairs.append((String(part.dropFirst(2)), "off"))
            } else if !part.isEmpty {
                pairs.append((part, "on"))
            }
        }
    }

    private mutating func flatten(_ value: JSONValue, as key: String) throws(OptionError) {
        switch value {
        case .object(let members):
            for member in members {
                try flatten(member.value, as: key.isEmpty ? member.key : "\(key).\(member.key)")
            }
        case .array(let items):
            for (index, item) in items.enumerated() { try flatten(item, as: "\(key).\(index)") }
        case .bool(let isOn): pairs.append((key, isOn ? "on" : "off"))
        case .string(let text): pairs.append((key, text))
        case .integer, .unsigned, .double: pairs.append((key, value.description))
        case .null: throw OptionError(option, "'\(key)' is null")
        }
    }

    /// Splits at single commas; a doubled one stands for itself.
    static func split(_ text: String) -> [String] {
        var parts: [String] = []
        var part = ""
        var rest = Substring(text)
        while let character = rest.popFirst() {
            if character != "," {
                part.append(character)
            } else if rest.first == "," {
                part.append(",")
                rest.removeFirst()
            } else {
                parts.append(part)
                part = ""
            }
        }
        return parts + [part]
    }

    /// Keys that nobody has taken yet.
    public var names: [String] { pairs.map(\.key) }

    /// Adds a pair that was written in another way.
    mutating func add(_ key: String, _ value: String) { pairs.append((key, value)) }

    /// The value of a key, which stays.
    public func value(_ key: String) -> String? { pairs.last { $0.key == key }?.value }

    private mutating func note(_ key: String, _ values: [String] = []) {
        if !known.contains(where: { $0.key == key }) { known.append((key, values)) }
    }

    /// The value of a key, taken out; of several the last.
    public mutating func take(_ key: String) -> String? {
        note(key)
        guard let index = pairs.lastIndex(where: { $0.key == key }) else { return nil }
        let value = pairs[index].value
        pairs.removeAll { $0.key == key }
        return value
    }

    /// All values of a key that may be repeated; in JSON an array, of texts or of objects with a text `str`.
    public mutating func takeAll(_ key: String) -> [String] {
        note(key)
        func belongs(_ name: String) -> Bool {
            guard name != key else { return true }
            let parts = name.split(separator: ".", omittingEmptySubsequences: false)
            return parts.count >= 2 && parts.count <= 3 && parts[0] == key && Int(parts[1]) != nil
                && (parts.count == 2 || parts[2] == "str")
        }
        let values = pairs.filter { belongs($0.key) }.map(\.value)
        pairs.removeAll { belongs($0.key) }
        return values
    }

    /// The value of a key that must be there; empty where ``finish()`` will end the reading with a list.
    public mutating func require(_ key: String) throws(OptionError) -> String {
        if let value = take(key) { return value }
        guard isQuestion else { throw OptionError(option, "needs '\(key)='") }
        return ""
    }

    /// The name that decides which other properties there are; `help` in its place lists the names.
    ///
    /// - Parameter usual: the name where none is given; nil when there has to be one.
    public mutating func takeName(_ key: String, usual: String? = nil, title: String, of names: [String])
        throws(OptionError) -> String
    {
        let given = take(key)
        if given == nil, isQuestion { throw OptionError(listing: title, names) }
        guard let name = given ?? usual else { throw OptionError(option, "needs '\(key)='") }
        subject = name
        return name
    }

    /// `on`, `yes`, `true`, `off`, `no`, `false`.
    public mutating func takeBool(_ key: String) throws(OptionError) -> Bool? {
        note(key, ["on", "off"])
        guard let value = take(key) else { return nil }
        switch value {
        case "on", "yes", "true", "y": return true
        case "off", "no", "false", "n": return false
        default: throw OptionError(option, "'\(key)=\(value)': expected 'on' or 'off'")
        }
    }

    public mutating func takeInteger(_ key: String) throws(OptionError) -> UInt64? {
        guard let value = take(key) else { return nil }
        guard let number = Self.integer(value) else {
            throw OptionError(option, "'\(key)=\(value)': expected a number")
        }
        return number
    }

    /// A file descriptor that the parent process left open.
    public mutating func takeDescriptor(_ key: String) throws(OptionError) -> Int32? {
        guard let number = try takeInteger(key) else { return nil }
        guard number <= 1 << 20 else {
            throw OptionError(option, "'\(key)=\(number)': expected the number of an open file descriptor")
        }
        return Int32(number)
    }

    /// Bytes with an optional suffix K, M, G, T (powers of 1024).
    public mutating func takeSize(_ key: String, unit: UInt64 = 1) throws(OptionError) -> UInt64? {
        guard let value = take(key) else { return nil }
        guard let size = Self.size(value, unit: unit) else {
            throw OptionError(option, "'\(key)=\(value)': expected a size such as 512M or 2G")
        }
        return size
    }

    /// A property that is built with these values only.
    ///
    /// - Parameter reason: why not with others.
    public mutating func expect(_ key: String, _ values: String..., reason: String = "not built")
        throws(OptionError)
    {
        note(key, values)
        guard let value = take(key), !values.contains(value) else { return }
        let choice = values.isEmpty ? "" : "; it can be \(values.joined(separator: " or "))"
        throw OptionError(option, "'\(key)=\(value)': \(reason)\(choice)")
    }

    /// A flag that has one state only.
    public mutating func expectBool(_ key: String, _ only: Bool, reason: String = "not built")
        throws(OptionError)
    {
        note(key, [only ? "on" : "off"])
        guard let isOn = try takeBool(key), isOn != only else { return }
        throw OptionError(option, "'\(key)=\(isOn ? "on" : "off")': \(reason)")
    }

    /// Properties that change nothing that a guest or a client could see here.
    public mutating func ignore(_ keys: String...) {
        for key in keys { _ = take(key) }
    }

    /// Everything that nobody asked for is an error. Called before it is judged what is missing, so that `help` lists
    /// what was asked for.
    public func finish() throws(OptionError) {
        if isQuestion {
            let lines = known.map {
                $0.values.isEmpty ? $0.key : "\($0.key)=\($0.values.joined(separator: "|"))"
            }
            throw OptionError(
                listing: "Properties of \(option)" + (subject.isEmpty ? "" : " \(subject)"), lines)
        }
        guard let pair = pairs.first else { return }
        throw OptionError(option, "unknown property '\(pair.key)'" + hint(pair.key, among: known.map(\.key)))
    }

    static func integer(_ text: String) -> UInt64? {
        text.hasPrefix("0x") || text.hasPrefix("0X") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text)
    }

    /// A size with suffix; `unit` is what a bare number counts.
    static func size(_ text: String, unit: UInt64) -> UInt64? {
        var digits = Substring(text)
        if digits.last == "B", digits.count > 1 { digits.removeLast() }
        var factor = unit
        switch digits.last {
        case "k", "K": factor = 1 << 10
        case "m", "M": factor = 1 << 20
        case "g", "G": factor = 1 << 30
        case "t", "T": factor = 1 << 40
        case "b": factor = 1
        default: factor = unit
        }
        if let last = digits.last, "kKmMgGtTb".contains(last) { digits.removeLast() }
        guard let number = integer(String(digits)) else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : product
    }
}
