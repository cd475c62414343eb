import QAPI

/// Options for objects that clients can make, too.
extension MachineOptions {
    /// Reads what `object-add` takes of the type, by the same names.
    mutating func readUserObject(
        _ type: ObjectType, _ id: String, _ option: inout KeyValueOption
    ) throws(OptionError) {
        var members: JSONObject = ["qom-type": .string(type.rawValue), "id": .string(id)]
        for property in TypeCatalogue.properties(of: type) {
            let name = property.name
            switch property.type {
            case "bool": members[name] = try option.takeBool(name).map(JSONValue.bool)
            case "QAuthZListRules":
                let rules = Self.takeRules(name, &option)
                if !rules.isEmpty { members[name] = .array(rules) }
            default: members[name] = option.take(name).map(JSONValue.string)
            }
        }
        try option.finish()
        do throws(QAPIError) {
            configuration.objects.append(try ObjectOptions(json: .object(members)))
        } catch {
            throw OptionError(option.option, error.description)
        }
    }

    /// `rules.0.match=…,rules.0.policy=…` and so on; in JSON an array of objects.
    private static func takeRules(_ name: String, _ option: inout KeyValueOption) -> [JSONValue] {
        var rules: [JSONValue] = []
        while true {
            var rule = JSONObject()
            for key in ["match", "policy", "format"] {
                rule[key] = option.take("\(name).\(rules.count).\(key)").map(JSONValue.string)
            }
            if rule.isEmpty { return rules }
            rules.append(.object(rule))
        }
    }
}
