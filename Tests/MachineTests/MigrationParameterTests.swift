import Migration
import QAPI
import Testing
import VMState

@testable import Machine

@Suite("Migration parameters over QMP")
struct MigrationParameterTests {
    private func commands() throws -> MachineCommands {
        let machine = try VirtualMachine(
            MachineOptions(parsing: ["-nodefaults", "-display", "none", "-m", "16M", "-bios", "none"])
                .configuration)
        return MachineCommands(machine, controller: MigrationController(machine))
    }

    @Test("The dialect is qemu-10.0 until x-martlet-dialect says otherwise")
    func dialect() async throws {
        let commands = try commands()
        #expect(try await commands.queryMigrateParameters().xMartletDialect == .qemu100)
        for dialect in Dialect.allCases {
            let name = try #require(
                MartletDialect(rawValue: dialect.rawValue), "the schema has every dialect")
            try await commands.migrateSetParameters(MigrateSetParameters(xMartletDialect: name))
            #expect(commands.controller.settings.dialect == dialect)
            #expect(try await commands.queryMigrateParameters().xMartletDialect == name)
        }
        #expect(MartletDialect.allCases.count == Dialect.allCases.count)
    }
}
