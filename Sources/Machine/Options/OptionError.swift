/// Why the reading of options ended early: a mistake, or a list that was asked for.
public struct OptionError: Error, Equatable, Sendable, CustomStringConvertible {
    /// For a mistake one line for people, beginning with the option as it was given.
    public var description: String
    /// Not a mistake: ``description`` is the list that `help` asked for.
    public var isListing = false

    public init(_ option: String, _ reason: String) { description = "\(option): \(reason)" }

    /// What `help` lists, under a title.
    init(listing title: String, _ lines: [String]) {
        description = ([title + ":"] + lines).joined(separator: "\n  ")
        isListing = true
    }
}
