/// Where in a command's arguments a value stands, for error texts: `capabilities[0].state`.
public struct QAPIPath: Sendable, CustomStringConvertible {
    /// The way from the arguments down; empty at the arguments themselves.
    public let description: String
    /// The name of the member; nil at the top and for an element of a list.
    let leaf: String?

    /// The arguments themselves.
    public static let root = QAPIPath(description: "", leaf: nil)

    func member(_ name: String) -> QAPIPath {
        QAPIPath(description: description.isEmpty ? name : "\(description).\(name)", leaf: name)
    }

    func element(_ index: Int) -> QAPIPath { QAPIPath(description: "\(description)[\(index)]", leaf: nil) }
}
