import Migration

@testable import Machine

extension MachineCommands {
    /// The commands of a small machine that has not started: no devices but the board's, no firmware.
    static func stopped(_ extra: [String] = []) throws -> MachineCommands {
        let machine = try VirtualMachine(
            MachineOptions(
                parsing: ["-nodefaults", "-display", "none", "-m", "16M", "-bios", "none", "-S"] + extra
            ).configuration)
        return MachineCommands(
            machine, controller: MigrationController(machine, objects: machine.userObjects))
    }
}
