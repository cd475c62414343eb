/// SSWI of the ACLINT, which the board has with `aclint=on`: a register for each hart, where writing 1 raises its
/// supervisor software interrupt and reading gives 0. It has no state: the interrupt is the hart's. Source: ACLINT
/// specification, chapter 4.
public final class SupervisorSoftwareInterrupts: MMIODevice {
    private let raise: [@Sendable () -> Void]

    /// - Parameter raise: for each hart, sets SSIP; called with the board's lock held.
    public init(raise: [@Sendable () -> Void]) { self.raise = raise }

    public func read(_ offset: UInt64, size: Int) -> UInt64 { 0 }

    public func write(_ offset: UInt64, size: Int, value: UInt64) {
        guard size == 4, value & 1 != 0, offset / 4 < UInt64(raise.count) else { return }
        raise[Int(offset / 4)]()
    }
}
