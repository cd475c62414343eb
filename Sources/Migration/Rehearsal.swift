import Bytes
public import MigrationStream
public import VMState

extension MigratableGuest {
    /// Writes the devices' state and forgets it, before the guest first runs; where a guest is to arrive, the devices
    /// load it, too.
    ///
    /// The first time takes milliseconds longer than later ones (pages of code, look-ups of the runtime), and would
    /// otherwise be in the guest's pause.
    ///
    /// - Throws: what a device does not take of its own state.
    public func rehearse(_ dialect: Dialect, loading: Bool) throws(StreamError) {
        var writer = DeviceWriter(dialect: dialect)
        for (id, section) in deviceSections.enumerated() { writer.write(section, id: UInt32(id)) }
        writer.finish(configuration: StreamConfiguration(machine: machineName))
        guard loading else { return }
        let reader = StreamReader(InputBuffer(bytes: writer.output.bytes))
        var devices = DeviceLoader(deviceSections)
        while case .section = try reader.next() {
            try devices.load(reader)
            try reader.endSection()
        }
        try devices.requireAll(reader)
        _ = try reader.skipDescription()
    }
}
