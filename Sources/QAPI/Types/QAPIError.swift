/// The classes of error that QMP tells apart; QAPI `QapiErrorClass`. Everything is `GenericError` unless a client has
/// a reason to act on the difference.
public enum QAPIErrorClass: String, Sendable, CaseIterable {
    case genericError = "GenericError"
    case commandNotFound = "CommandNotFound"
    case deviceNotActive = "DeviceNotActive"
    case deviceNotFound = "DeviceNotFound"
    case kvmMissingCap = "KVMMissingCap"
}

/// Why a command was refused, as its client gets to read it.
public struct QAPIError: Error, Equatable, Sendable, CustomStringConvertible {
    public var errorClass: QAPIErrorClass
    /// For people; one sentence, QEMU's words where QEMU has the case. QMP's `desc`.
    public var description: String

    public init(_ errorClass: QAPIErrorClass = .genericError, _ description: String) {
        self.errorClass = errorClass
        self.description = description
    }

    /// An error of class `GenericError`.
    public static func generic(_ description: String) -> QAPIError { QAPIError(.genericError, description) }

    /// Something that QEMU's schema knows and this version of Martlet does not do; `what` begins the sentence.
    public static func notBuilt(_ what: String) -> QAPIError {
        .generic("\(what) is known but not built in this version of Martlet")
    }

    /// The object that stands behind `"error"` in a reply.
    public var json: JSONValue {
        ["class": .string(errorClass.rawValue), "desc": .string(description)]
    }
}

extension QAPIError {
    static func missing(_ path: QAPIPath) -> QAPIError { .generic("Parameter '\(path)' is missing") }

    static func unexpected(_ path: QAPIPath) -> QAPIError { .generic("Parameter '\(path)' is unexpected") }

    static func wrongType(_ path: QAPIPath, expected: String) -> QAPIError {
        .generic("Invalid parameter type for '\(path)', expected: \(expected)")
    }

    /// `path` is named by its last part only, as in QEMU; an element of a list has no name there and is 'null'.
    static func badValue(_ path: QAPIPath, _ value: String) -> QAPIError {
        .generic("Parameter '\(path.leaf ?? "null")' does not accept value '\(value)'")
    }

    static func outOfRange(_ path: QAPIPath, expected: String) -> QAPIError {
        .generic("Parameter '\(path)' expects \(expected)")
    }
}
