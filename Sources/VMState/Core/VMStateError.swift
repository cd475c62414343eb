public import Bytes

/// Why the bytes of a device cannot be its state: where, what was expected, what was found.
public struct VMStateError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Reason: Equatable, Sendable {
        /// The channel ended or broke.
        case bytes(ByteError)
        /// A version outside of what is understood.
        case version(found: UInt32, supported: ClosedRange<UInt32>)
        /// The stream has a subsection that this device does not know.
        case unknownSubsection(String)
        /// A value that cannot be.
        case value(expected: String, found: String)
    }

    public var reason: Reason
    /// Names from the section's description down to the field, e.g. `["cpu", "pmp", "cfg_reg[3]"]`.
    public var path: [String]
    /// Bytes from the start of the stream to the value that is wrong; for an early end, to what is missing.
    public var offset: UInt64

    public init(_ reason: Reason, path: [String] = [], offset: UInt64) {
        self.reason = reason
        self.path = path
        self.offset = offset
    }

    func inside(_ name: String) -> VMStateError {
        VMStateError(reason, path: [name] + path, offset: offset)
    }

    public var description: String {
        var place = ""
        for name in path { place += place.isEmpty || name.hasPrefix("[") ? name : ".\(name)" }
        if !path.isEmpty { place += ": " }
        let what =
            switch reason {
            case .bytes(let error): error.description
            case .version(let found, let supported):
                "version \(found) is not understood, only "
                    + (supported.count == 1
                        ? "\(supported.lowerBound)" : "\(supported.lowerBound) to \(supported.upperBound)")
            case .unknownSubsection(let name): "unknown subsection '\(name)'"
            case .value(let expected, let found): "expected \(expected), found \(found)"
            }
        return "\(place)\(what) (at byte \(offset))"
    }
}
