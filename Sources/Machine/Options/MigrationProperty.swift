public import Migration
import QAPI

/// Settings of migrations from text: `-global migration.NAME=VALUE`, and the monitor for people.
extension MigrationController {
    /// Sets what `-global migration.NAME=` names: a capability or a parameter, with QEMU's `x-` before it or without.
    ///
    /// - Throws: ``OptionError`` if there is none of that name, it is not built, or the value is wrong.
    public func setProperty(_ name: String, _ text: String) throws(OptionError) {
        let option = "-global migration.\(name)"
        let names = [name, name.hasPrefix("x-") ? String(name.dropFirst(2)) : name]
        do {
            for name in names {
                if let capability = MigrationCapability(rawValue: name) {
                    guard let isOn = ["on": true, "true": true, "off": false, "false": false][text] else {
                        throw OptionError(option, "'\(text)': expected 'on' or 'off'")
                    }
                    guard !isOn || capability.isBuilt else {
                        throw QAPIError.notBuilt("The capability '\(name)'")
                    }
                    return try setCapabilities { $0[capability] = isOn }
                }
                if let parameter = MigrationParameter(rawValue: name) {
                    let json: JSONValue = [name: try parameter.value(reading: text)]
                    let given = try MigrateSetParameters(json: json)
                    return try updateSettings { $0.take(given) }
                }
            }
        } catch let error as OptionError {
            throw error
        } catch {
            throw OptionError(option, "\(error)")
        }
        throw OptionError(option, "migrations have no such property")
    }
}

extension MigrationParameter {
    /// A value from text, of the kind that the parameter has.
    func value(reading text: String) throws -> JSONValue {
        switch kind {
        case .flag:
            switch text {
            case "on", "true", "yes", "y": return true
            case "off", "false", "no", "n": return false
            default: throw QAPIError.generic("Parameter '\(rawValue)' expects 'on' or 'off'")
            }
        case .text: return .string(text)
        case .number:
            // Those two have a unit of their own.
            let unit: UInt64 = self == .maxBandwidth || self == .availSwitchoverBandwidth ? 1 << 20 : 1
            guard let number = KeyValueOption.size(text, unit: unit) else {
                throw QAPIError.generic("Parameter '\(rawValue)' expects a number")
            }
            return JSONValue(number)
        case .list:
            throw QAPIError.generic(
                "The \(rawValue) parameter can only be set through QMP")
        }
    }
}
