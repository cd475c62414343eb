/// The members of a JSON object, in the order in which they were added.
///
/// Keys are compared byte for byte, as QEMU does: `String`'s own equality would take two spellings of the
/// same accented letter for one key.
public struct JSONObject: Sendable {
    /// A member's name and value.
    public typealias Member = (key: String, value: JSONValue)

    private var members: [Member] = []
    /// Positions by key, kept once the object is too large for a linear search.
    private var positions: [ExactString: Int]?

    /// Objects up to this size are searched linearly.
    private static let indexThreshold = 16

    public init() {}

    /// The value of member `key`. Setting nil removes the member (linear time); setting a value replaces
    /// an existing one in its place.
    public subscript(key: String) -> JSONValue? {
        get { position(of: key).map { members[$0].value } }
        set {
            switch (position(of: key), newValue) {
            case (let position?, let value?): members[position].value = value
            case (let position?, nil): remove(at: position)
            case (nil, let value?): add(key, value)
            case (nil, nil): break
            }
        }
    }

    /// Adds a member unless there is one of that name.
    /// - Returns: false if the name was taken, and nothing changed.
    public mutating func insert(_ key: String, _ value: JSONValue) -> Bool {
        guard position(of: key) == nil else { return false }
        add(key, value)
        return true
    }

    private func position(of key: String) -> Int? {
        if let positions { return positions[ExactString(key)] }
        return members.firstIndex { ExactString($0.key) == ExactString(key) }
    }

    private mutating func add(_ key: String, _ value: JSONValue) {
        positions?[ExactString(key)] = members.count
        members.append((key, value))
        if positions == nil, members.count > Self.indexThreshold { reindex() }
    }

    private mutating func remove(at position: Int) {
        members.remove(at: position)
        if positions != nil { reindex() }
    }

    private mutating func reindex() {
        var index: [ExactString: Int] = [:]
        index.reserveCapacity(members.count)
        for (position, member) in members.enumerated() { index[ExactString(member.key)] = position }
        positions = index
    }
}

extension JSONObject: RandomAccessCollection {
    public var startIndex: Int { 0 }
    public var endIndex: Int { members.count }
    public subscript(position: Int) -> Member { members[position] }
}

extension JSONObject: Equatable {
    /// Whether both hold the same members; their order does not matter.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.count == right.count && left.allSatisfy { right[$0.key] == $0.value }
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        for (key, value) in elements { self[key] = value }
    }
}

/// A string whose equality is that of its bytes.
private struct ExactString: Hashable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (left: ExactString, right: ExactString) -> Bool {
        left.text.utf8.count == right.text.utf8.count && left.text.utf8.elementsEqual(right.text.utf8)
    }

    func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
        hasher.combine(text.utf8.count)
    }
}
