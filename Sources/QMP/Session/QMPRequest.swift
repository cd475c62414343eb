import QAPI

/// One command as a client wrote it: `{"execute": …, "arguments": …, "id": …}`.
struct QMPRequest: Equatable, Sendable {
    var command: String
    var arguments: JSONObject
    var isOutOfBand: Bool

    /// Reads the envelope; the arguments are looked at by the command.
    /// - Throws: what is wrong with the envelope, in QEMU's words.
    init(_ object: JSONObject, allowsOutOfBand: Bool) throws(QAPIError) {
        var command: String?
        isOutOfBand = false
        arguments = [:]
        for (key, value) in object {
            switch key {
            case "execute",
                "exec-oob" where allowsOutOfBand:
                guard case .string(let name) = value else {
                    throw .generic("QMP input member '\(key)' must be a string")
                }
                if command != nil { throw .generic("QMP input member 'execute' clashes with 'exec-oob'") }
                command = name
                isOutOfBand = key == "exec-oob"
            case "arguments":
                guard case .object(let members) = value else {
                    throw .generic("QMP input member 'arguments' must be an object")
                }
                arguments = members
            case "id": break
            default: throw .generic("QMP input member '\(key)' is unexpected")
            }
        }
        guard let command else { throw .generic("QMP input lacks member 'execute'") }
        self.command = command
    }

    /// Whether the command is to overtake those that wait.
    static func overtakes(_ object: JSONObject) -> Bool {
        object["exec-oob"] != nil && object["execute"] == nil
    }
}

/// What the server says.
enum QMPMessage {
    /// The bytes of a message on the wire: ASCII, ended by CR LF.
    static func bytes(_ message: JSONObject) -> [UInt8] {
        JSONValue.object(message).encoded + [UInt8(ascii: "\r"), UInt8(ascii: "\n")]
    }

    static func greeting(_ version: VersionInfo) -> JSONObject {
        ["QMP": ["version": version.json, "capabilities": QMPCapability.allCases.map(\.self).json]]
    }

    /// A reply; `id` is what the command carried, of whatever type.
    static func reply(_ result: Result<JSONValue, QAPIError>, id: JSONValue?) -> JSONObject {
        var message: JSONObject
        switch result {
        case .success(let value): message = ["return": value]
        case .failure(let error): message = ["error": error.json]
        }
        message["id"] = id
        return message
    }

    static func event(_ event: Event, seconds: Int64, microseconds: Int64) -> JSONObject {
        var message: JSONObject = [
            "timestamp": ["seconds": .integer(seconds), "microseconds": .integer(microseconds)],
            "event": .string(event.name),
        ]
        message["data"] = event.data.map { .object($0) }
        return message
    }
}
