import Migration
import QAPI
import Testing
import VMState

@testable import Machine

@Suite("Migration parameters over QMP")
struct MigrationParameterTests {
    @Test("The dialect is qemu-10.0 until x-martlet-dialect says otherwise")
    func dialect() async throws {
        let commands = try MachineCommands.stopped()
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

@Suite("Migration settings on the command line")
struct MigrationPropertyTests {
    @Test("a capability or a parameter is set by its name, with x- or without")
    func set() throws {
        let options = try MachineOptions(parsing: [
            "-nodefaults", "-display", "none", "-m", "16M", "-bios", "none", "-global",
            "migration.x-events=on",
            "-global", "migration.max-bandwidth=1G", "-global", "migration.x-downtime-limit=7",
        ])
        let machine = try VirtualMachine(options.configuration)
        let controller = MigrationController(machine)
        for property in options.configuration.migrationProperties {
            try controller.setProperty(property.name, property.value)
        }
        #expect(controller.settings.events)
        #expect(controller.settings.maxBandwidth == 1 << 30)
        #expect(controller.settings.downtimeLimit == 7)
        for (name, value, text) in [
            ("nosuch", "1", "migrations have no such property"),
            ("events", "perhaps", "'perhaps': expected 'on' or 'off'"),
            ("x-multifd", "on", "The capability 'multifd' is known but not built in this version of Martlet"),
            ("announce-step", "0", "Parameter 'announce_step' expects a value between 0 and 10000"),
        ] where name != "x-multifd" || !MigrationCapability.multifd.isBuilt {
            #expect(throws: OptionError("-global migration.\(name)", text)) {
                try controller.setProperty(name, value)
            }
        }
    }
}
