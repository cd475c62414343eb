/// What went wrong with a line before its command began: said as it is, without the word "Error".
struct HumanMistake: Error {
    var text: String
    init(_ text: String) { self.text = text }
}

/// One argument of a command of the human monitor, as its help shows it.
enum HumanParameter: Sendable {
    /// `-d`
    case flag(Character)
    case text(String)
    case optionalText(String)
    /// Everything that is left of the line.
    case rest(String)
    /// Decimal, or hexadecimal after `0x`.
    case number(String)
    case optionalNumber(String)
    /// `on` or `off`.
    case flagValue(String)

    var description: String {
        switch self {
        case .flag(let letter): "[-\(letter)]"
        case .text(let name), .rest(let name), .number(let name): name
        case .optionalText(let name), .optionalNumber(let name): "[\(name)]"
        case .flagValue(let name): "\(name)"
        }
    }
}

/// The arguments of one line, by their names.
struct HumanArguments: Sendable {
    private var flags: Set<Character> = []
    private var texts: [String: String] = [:]
    private var numbers: [String: Int64] = [:]

    func has(_ flag: Character) -> Bool { flags.contains(flag) }
    subscript(text name: String) -> String { texts[name] ?? "" }
    subscript(optionalText name: String) -> String? { texts[name] }
    subscript(number name: String) -> Int64 { numbers[name] ?? 0 }
    subscript(optionalNumber name: String) -> Int64? { numbers[name] }
    subscript(isOn name: String) -> Bool { texts[name] == "on" }

    /// - Throws: ``HumanMistake`` for what is missing, malformed or too much.
    init(_ command: String, _ parameters: [HumanParameter], _ line: Substring) throws {
        var words = HumanWords(line)
        func mistake(_ text: String) -> HumanMistake {
            HumanMistake("\(command): \(text)\nTry \"help \(command)\" for more information")
        }
        let known = parameters.compactMap { if case .flag(let letter) = $0 { letter } else { nil } }
        while let word = words.peek, word.first == "-", word.count == 2, let letter = word.last,
            !known.isEmpty
        {
            guard known.contains(letter) else { throw mistake("unsupported option -\(letter)") }
            flags.insert(letter)
            _ = try words.next()
        }
        for parameter in parameters {
            switch parameter {
            case .flag: break
            case .text(let name):
                guard let word = try words.next() else { throw mistake("string expected") }
                texts[name] = word
            case .optionalText(let name): texts[name] = try words.next()
            case .rest(let name):
                guard let rest = words.takeRest() else { throw mistake("string expected") }
                texts[name] = rest
            case .number(let name):
                guard let word = try words.next(), let number = Self.number(word) else {
                    throw mistake("number expected")
                }
                numbers[name] = number
            case .optionalNumber(let name):
                guard let word = try words.next() else { break }
                guard let number = Self.number(word) else { throw mistake("number expected") }
                numbers[name] = number
            case .flagValue(let name):
                guard let word = try words.next(), ["on", "off"].contains(word) else {
                    throw mistake("Expected 'on' or 'off'")
                }
                texts[name] = word
            }
        }
        if try words.next() != nil { throw mistake("extraneous characters at the end of line") }
    }

    /// An address above the signed range is taken as its bits.
    private static func number(_ word: String) -> Int64? {
        if word.hasPrefix("0x") || word.hasPrefix("0X") {
            return UInt64(word.dropFirst(2), radix: 16).map { Int64(bitPattern: $0) }
        }
        return Int64(word) ?? UInt64(word).map { Int64(bitPattern: $0) }
    }
}

/// Cuts a line into words; one with blanks stands in double quotes, where `\` takes the meaning from what follows.
struct HumanWords {
    private var rest: Substring

    init(_ line: Substring) { rest = line.drop { $0 == " " || $0 == "\t" } }

    /// The next word as it stands there, quotes and all.
    var peek: Substring? { rest.isEmpty ? nil : rest.prefix { $0 != " " && $0 != "\t" } }

    mutating func next() throws -> String? {
        guard rest.first == "\"" else {
            guard let word = peek else { return nil }
            advance(past: word.endIndex)
            return String(word)
        }
        var word = ""
        var index = rest.index(after: rest.startIndex)
        while index < rest.endIndex, rest[index] != "\"" {
            if rest[index] == "\\" {
                index = rest.index(after: index)
                guard index < rest.endIndex else { break }
            }
            word.append(rest[index] == "n" && rest[rest.index(before: index)] == "\\" ? "\n" : rest[index])
            index = rest.index(after: index)
        }
        guard index < rest.endIndex else { throw HumanMistake("unterminated string literal") }
        advance(past: rest.index(after: index))
        return word
    }

    mutating func takeRest() -> String? {
        guard !rest.isEmpty else { return nil }
        defer { rest = rest[rest.endIndex...] }
        return String(rest)
    }

    private mutating func advance(past index: Substring.Index) {
        rest = rest[index...].drop { $0 == " " || $0 == "\t" }
    }
}
