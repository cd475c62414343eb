/// An option's value in QEMU's notation `first,key=value,flag=on`, where a comma in a value is doubled.
///
/// Every key that is asked for is taken out; what is left at the end is unknown, and ``finish()`` says so.
public struct KeyValueOption: Sendable {
    /// The option with its dash, for errors.
    public let option: String
    private var pairs: [(key: String, value: String)] = []

    /// - Parameter implied: key of the first part when it has no `=`, e.g. `driver` in `-device`.
    public init(_ option: String, _ text: String, implied: String?) throws(OptionError) {
        self.option = option
        guard text.first != "{" else {
            throw OptionError(option, "the JSON notation is not built yet; use key=value")
        }
        for (index, part) in Self.split(text).enumerated() {
            if let equals = part.firstIndex(of: "=") {
                pairs.append((String(part[..<equals]), String(part[part.index(after: equals)...])))
            } else if index == 0, let implied {
                pairs.append((implied, part))
            } else if part.hasPrefix("no"), part.count > 2 {
                pairs.append((String(part.dropFirst(2)), "off"))
            } else if !part.isEmpty {
                pairs.append((part, "on"))
            }
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

    /// The value of a key, taken out.
    public mutating func take(_ key: String) -> String? {
        guard let index = pairs.lastIndex(where: { $0.key == key }) else { return nil }
        let value = pairs[index].value
        pairs.removeAll { $0.key == key }
        return value
    }

    public mutating func require(_ key: String) throws(OptionError) -> String {
        guard let value = take(key) else { throw OptionError(option, "needs '\(key)='") }
        return value
    }

    /// `on`, `yes`, `true`, `off`, `no`, `false`.
    public mutating func takeBool(_ key: String) throws(OptionError) -> Bool? {
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

    /// Bytes with an optional suffix K, M, G, T (powers of 1024).
    public mutating func takeSize(_ key: String, unit: UInt64 = 1) throws(OptionError) -> UInt64? {
        guard let value = take(key) else { return nil }
        guard let size = Self.size(value, unit: unit) else {
            throw OptionError(option, "'\(key)=\(value)': expected a size such as 512M or 2G")
        }
        return size
    }

    /// Everything that nobody asked for is an error.
    public func finish() throws(OptionError) {
        guard let pair = pairs.first else { return }
        throw OptionError(option, "unknown property '\(pair.key)'")
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
