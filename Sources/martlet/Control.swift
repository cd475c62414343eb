import Logging
import Machine
import Migration
import QAPI
import QMP
import Synchronization
import Transport

/// Who may tell a machine what to do: its monitors, and the migration that it arrives by.
final class Control: Sendable {
    let migrations: MigrationController
    private let server: QMPServer

    /// Opens the monitors and, with `-incoming URI`, the listener.
    ///
    /// - Throws: `OptionError` or `QAPIError` with what could not be opened.
    init(_ machine: VirtualMachine) throws {
        let events = EventRelay()
        let migrations = MigrationController(machine, objects: machine.userObjects) { event in
            switch event {
            case .status(let phase):
                if let status = MigrationStatus(rawValue: phase.rawValue) {
                    events.send(.migration(status: status))
                }
            case .failed(let text): warn("migration: \(text)")
            case .pass(let number): events.send(.migrationPass(pass: Int64(clamping: number)))
            }
        }
        self.migrations = migrations
        for property in machine.configuration.migrationProperties {
            try migrations.setProperty(property.name, property.value)
        }
        let version = VersionInfo(
            qemu: VersionTriple(major: 8, minor: 2, micro: 0), package: "martlet-\(martletVersion)")
        server = try QMPServer(
            version: version,
            handler: MachineCommands(machine, controller: migrations, version: version),
            logger: Logger(label: "martlet"))
        events.connect(server)
        machine.setEventSink { event in
            switch event {
            case .stop: events.send(.stop)
            case .resume: events.send(.resume)
            case .reset(let byGuest):
                events.send(.reset(guest: byGuest, reason: byGuest ? .guestReset : .hostQmpSystemReset))
            case .shutdown(let byGuest, let reason): events.send(.shutdown(guest: byGuest, reason: reason))
            case .powerdown: events.send(.powerdown)
            case .balloonChange(let actual):
                events.send(.balloonChange(actual: Int64(clamping: actual)))
            case .failure(let text): warn(text)
            }
        }
        if let incoming = machine.configuration.incoming, incoming != "defer" {
            do {
                try migrations.migrateIncoming(from: .init(uri: incoming))
            } catch {
                throw OptionError("-incoming \(incoming)", "\(error)")
            }
        }
        // Who can ask is told where the guest is awaited.
        for monitor in machine.configuration.monitors { try server.serve(Self.endpoint(monitor.character)) }
    }

    /// Says farewell to the clients.
    func stop() { server.stop() }

    private static func endpoint(_ character: MachineConfiguration.Character) throws(OptionError)
        -> MonitorEndpoint
    {
        switch character {
        case .unix(let path, true, let wait): .listen(.unix(path: path), wait: wait)
        case .unix(let path, false, _): .connect(.unix(path: path))
        case .tcp(let host, let port, true, let wait): .listen(.tcp(host: host, port: port), wait: wait)
        case .tcp(let host, let port, false, _): .connect(.tcp(host: host, port: port))
        case .stdio: .standardStreams
        case .descriptor(let number, false): .descriptor(number)
        case .descriptor(let number, true): .listeningDescriptor(number)
        case .null, .file, .pty:
            throw OptionError(
                "a monitor", "'\(character.description)': only a socket or stdio can be one")
        }
    }
}

/// Hands events to a server that is made after those who send them.
private final class EventRelay: Sendable {
    private let server = Mutex<QMPServer?>(nil)
    func connect(_ server: QMPServer) { self.server.withLock { $0 = server } }
    func send(_ event: Event) { server.withLock { $0 }?.emit(event) }
}
