import VMState

/// What stands between a driver and its device: registers in a window of the guest's address space.
///
/// Its state is the first part of the device's section.
protocol VirtioTransport: AnyObject {
    /// Fills the transport's part of a section, with the board's lock held.
    func save<Device>(_ state: inout VirtioState<Device>)
    /// Takes the transport's part of a section, with the board's lock held.
    func restore<Device>(_ state: VirtioState<Device>, _ reader: VMStateReader) throws(VMStateError)
}

extension VirtioDevice {
    /// The section of a device whose own part is `Device`.
    ///
    /// - Parameters:
    ///   - place: the transport's name, before the slash.
    ///   - get: the device's own part, with the board's lock held.
    ///   - set: takes it, after the common part, with the board's lock held.
    func section<Device: VirtioDeviceState>(
        at place: String, transport: any VirtioTransport,
        get: @escaping @Sendable () -> Device,
        set: @escaping @Sendable (VirtioState<Device>, VMStateReader) throws(VMStateError) -> Void
    ) -> VMStateSection {
        let transport = TransportReference(transport: transport)
        return VMStateSection(
            "\(place)/\(Device.name)", VirtioState<Device>.description(),
            get: { [self] in
                lock.withLock {
                    var state = VirtioState(device: get())
                    transport.transport.save(&state)
                    save(&state)
                    return state
                }
            },
            set: { [self] (state, reader) throws(VMStateError) in
                lock.lock()
                defer { lock.unlock() }
                try restore(state, reader)
                try transport.transport.restore(state, reader)
                try set(state, reader)
            })
    }
}

/// A transport in a section's closures, which touch it with the board's lock held.
private struct TransportReference: @unchecked Sendable {
    let transport: any VirtioTransport
}
