public import VMState

/// Whether a guest has had its ACPI tables fitted to its memory map, as a stream says. None are made here: what comes
/// with a guest of QEMU is carried for it.
public final class ACPITables: @unchecked Sendable {
    // Sendable: touched with the board's lock held.

    private var state = ACPIBuildState()
    private let lock: BoardLock

    public init(lock: BoardLock) { self.lock = lock }

    public func reset() { state = ACPIBuildState() }

    public var sections: [VMStateSection] {
        [
            VMStateSection("virt_acpi_build", ACPIBuildState.description, knownTo: { $0 != .qemu7_2 }) {
                [self] in
                lock.withLock { state }
            } set: { [self] (new, _) throws(VMStateError) in
                lock.withLock { state = new }
            }
        ]
    }
}
