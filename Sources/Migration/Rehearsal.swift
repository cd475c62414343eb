import Bytes
import MigrationStream
public import VMState

extension MigratableGuest {
    /// Writes the devices' state and forgets it, before the guest first runs.
    ///
    /// The first time takes milliseconds longer than later ones (pages of code, look-ups of the runtime), and would
    /// otherwise be in the guest's pause.
    public func rehearse(_ dialect: Dialect) {
        var writer = DeviceWriter(dialect: dialect)
        for section in deviceSections { writer.write(section, id: 0) }
        writer.finish(configuration: StreamConfiguration(machine: machineName))
    }
}
