/// A device that answers in a window of the physical address space. Called with the ``BoardLock`` held.
public protocol MMIODevice: AnyObject {
    /// - Parameters:
    ///   - offset: bytes from the start of the window.
    ///   - size: 1, 2, 4 or 8 bytes; `offset` is a multiple of it.
    func read(_ offset: UInt64, size: Int) -> UInt64
    func write(_ offset: UInt64, size: Int, value: UInt64)
}

/// An input of an interrupt controller, as the device that drives it sees it. Called with the ``BoardLock`` held.
public struct InterruptLine: Sendable {
    private let drive: @Sendable (Bool) -> Void

    public init(_ drive: @escaping @Sendable (Bool) -> Void) { self.drive = drive }

    /// A line that leads nowhere.
    public static let unconnected = InterruptLine { _ in }

    /// Raises or lowers the line; a level, so repeating it is harmless.
    public func set(_ asserted: Bool) { drive(asserted) }
}
