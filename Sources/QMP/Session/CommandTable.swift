import QAPI

/// A command as a session sees it: whether it may overtake others, and how it is done.
struct MonitorCommand: Sendable {
    var allowsOutOfBand = false
    var run: @Sendable (JSONObject, QMPSession) async throws(QAPIError) -> JSONValue
}

/// The commands that a server knows, by name.
struct CommandTable: Sendable {
    private var commands: [String: MonitorCommand] = [:]

    /// The commands that are built: the monitor's own and those of `handler`.
    init(version: VersionInfo, handler: any CommandHandler) {
        for name in CommandName.allCases where name.isBuilt && !name.isAnsweredByMonitor {
            self[name.rawValue] = MonitorCommand(allowsOutOfBand: name.allowsOutOfBand) {
                arguments, session throws(QAPIError) in
                try await name.run(arguments, by: handler, descriptors: session.descriptors)
            }
        }
        addMonitorCommands(version: version)
    }

    subscript(name: String) -> MonitorCommand? {
        get { commands[name] }
        set { commands[name] = newValue }
    }

    /// The command of that name.
    /// - Throws: `CommandNotFound`, which tells what is not built from what nobody knows.
    func command(_ name: String) throws(QAPIError) -> MonitorCommand {
        if let command = commands[name] { return command }
        if let known = CommandName(rawValue: name) { throw .notBuilt(known) }
        throw .commandNotFound(name)
    }

    private mutating func addMonitorCommands(version: VersionInfo) {
        add(.queryVersion) { arguments, _ throws(QAPIError) in
            _ = try NoArguments(json: .object(arguments))
            return version.json
        }
        add(.queryCommands) { arguments, _ throws(QAPIError) in
            _ = try NoArguments(json: .object(arguments))
            return CommandName.allCases.filter(\.isBuilt).map { CommandInfo(name: $0.rawValue) }.json
        }
        add(.queryQmpSchema) { arguments, _ throws(QAPIError) in
            _ = try NoArguments(json: .object(arguments))
            return Introspection.schema
        }
        add(.getfd) { arguments, session throws(QAPIError) in
            try session.descriptors.name(GetfdArguments(json: .object(arguments)).fdname)
            return .object([:])
        }
        add(.closefd) { arguments, session throws(QAPIError) in
            try session.descriptors.close(ClosefdArguments(json: .object(arguments)).fdname)
            return .object([:])
        }
        add(.qmpCapabilities) { _, _ throws(QAPIError) in
            // Reached in command mode only; the session negotiates by itself.
            throw QAPIError(
                .commandNotFound, "Capabilities negotiation is already complete, command ignored")
        }
    }

    private mutating func add(
        _ name: CommandName,
        _ run: @escaping @Sendable (JSONObject, QMPSession) async throws(QAPIError) -> JSONValue
    ) {
        self[name.rawValue] = MonitorCommand(allowsOutOfBand: name.allowsOutOfBand, run: run)
    }
}
