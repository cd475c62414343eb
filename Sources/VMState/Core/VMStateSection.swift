import Bytes

/// A device as the migration sees it: a named section, its bytes in both directions, nothing about the device.
public struct VMStateSection: Sendable {
    /// The section's name in the stream, e.g. `cpu`, `0000:00:01.0/virtio-net`.
    public let name: String
    /// Instance id: which of several equal names.
    public let instance: UInt32
    /// False for sections that a dialect does not know (`virt_acpi_build` in 7.2).
    public let isKnown: @Sendable (Dialect) -> Bool
    /// Version id to announce for a dialect.
    public let version: @Sendable (Dialect) -> UInt32
    /// Versions that can be loaded.
    public let versions: ClosedRange<UInt32>
    /// Writes the body; returns its description.
    public let save: @Sendable (inout VMStateWriter) -> VMStateLayout
    /// Reads the body and gives it to the device.
    public let load: @Sendable (VMStateReader) throws(VMStateError) -> Void

    /// - Parameters:
    ///   - get: the device's present state; called with the guest stopped. Also the state that a load starts from.
    ///   - set: takes a loaded state; throws when the device cannot be in it.
    public init<State: Sendable>(
        _ name: String, instance: UInt32 = 0, _ description: VMStateDescription<State>,
        knownTo isKnown: @escaping @Sendable (Dialect) -> Bool = { _ in true },
        get: @escaping @Sendable () -> State,
        set: @escaping @Sendable (State, VMStateReader) throws(VMStateError) -> Void
    ) {
        self.name = name
        self.instance = instance
        self.isKnown = isKnown
        versions = description.versions
        version = { description.version(for: $0) }
        save = { writer in description.save(get(), to: &writer) }
        load = { (reader) throws(VMStateError) in
            var state = get()
            try description.load(&state, from: reader)
            do throws(VMStateError) { try set(state, reader) } catch {
                throw error.inside(description.name)
            }
        }
    }
}
