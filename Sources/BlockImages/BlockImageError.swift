/// An image could not be opened, locked, read or written.
public struct BlockImageError: Error, Equatable, Sendable, CustomStringConvertible {
    /// `errno` of the failed call, 0 when there was none.
    public var errno: Int32
    /// What failed and why, for people.
    public var description: String

    public init(errno: Int32 = 0, _ description: String) {
        self.errno = errno
        self.description = description
    }
}
