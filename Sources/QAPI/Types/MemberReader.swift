/// Takes members out of a JSON object one by one and knows which nobody asked for.
public struct MemberReader {
    private let object: JSONObject
    private let path: QAPIPath
    private var known: Set<String> = []
    /// False to read what no command could act on, such as for a check of its rules.
    private let refusesNotBuilt: Bool

    init(_ object: JSONObject, at path: QAPIPath, refusesNotBuilt: Bool = true) {
        self.object = object
        self.path = path
        self.refusesNotBuilt = refusesNotBuilt
    }

    /// Member `name`, which must be there.
    public mutating func required<Value: QAPIType>(_ name: String) throws(QAPIError) -> Value {
        guard let value: Value = try optional(name) else { throw .missing(path.member(name)) }
        return value
    }

    /// Member `name`; nil if it is absent.
    public mutating func optional<Value: QAPIType>(_ name: String) throws(QAPIError) -> Value? {
        known.insert(name)
        guard let json = object[name] else { return nil }
        return try Value(json: json, at: path.member(name))
    }

    /// Member `name`, which QEMU knows and this version of Martlet does nothing with: refused if it is there.
    public mutating func notBuilt<Value: QAPIType>(_ name: String) throws(QAPIError) -> Value? {
        let value: Value? = try optional(name)
        if value != nil, refusesNotBuilt { throw .notBuilt("Parameter '\(path.member(name))'") }
        return value
    }

    /// Flag `name`, which is refused if it is on. Off asks for nothing, and clients that write every flag out need
    /// not know.
    public mutating func notBuilt(flag name: String) throws(QAPIError) -> Bool? {
        let isOn: Bool? = try optional(name)
        if isOn == true, refusesNotBuilt { throw .notBuilt("Parameter '\(path.member(name))'") }
        return refusesNotBuilt ? nil : isOn
    }

    /// The error for a union whose tag `name` picks a branch that is not built.
    public func notBuilt<Tag: QAPIEnum>(_ name: String, _ tag: Tag) -> QAPIError {
        .notBuilt("Value '\(tag.rawValue)' of parameter '\(path.member(name))'")
    }

    /// Refuses members that were not asked for.
    func finish() throws(QAPIError) {
        guard object.count > known.count || object.contains(where: { !known.contains($0.key) }) else {
            return
        }
        for member in object where !known.contains(member.key) { throw .unexpected(path.member(member.key)) }
    }
}
