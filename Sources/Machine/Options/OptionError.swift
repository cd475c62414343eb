/// An option that cannot be: which, and what to do about it.
public struct OptionError: Error, Equatable, Sendable, CustomStringConvertible {
    /// One line for people, beginning with the option as it was given.
    public var description: String

    public init(_ option: String, _ reason: String) { description = "\(option): \(reason)" }
}
