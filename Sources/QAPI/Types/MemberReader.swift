/// Takes members out of a JSON object one by one and knows which nobody asked for.
public struct MemberReader {
    private let object: JSONObject
    private let path: QAPIPath
    private var known: Set<String> = []

    init(_ object: JSONObject, at path: QAPIPath) {
        self.object = object
        self.path = path
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

    /// Refuses member `name` if it is there: QEMU knows it, this version of Martlet does nothing with it.
    public mutating func refuseNotBuilt(_ name: String) throws(QAPIError) {
        known.insert(name)
        if object[name] != nil { throw .notBuilt("Parameter '\(path.member(name))'") }
    }

    /// Refuses flag `name` if it is on: QEMU knows it, this version of Martlet does nothing with it. Off asks for
    /// nothing, and clients that write every flag out need not know.
    public mutating func refuseNotBuilt(flag name: String) throws(QAPIError) {
        let isOn: Bool? = try optional(name)
        if isOn == true { throw .notBuilt("Parameter '\(path.member(name))'") }
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
