/// What the guest is doing; names and meaning are QAPI's `RunState`.
public enum RunState: String, Sendable {
    case prelaunch
    case inmigrate
    case running
    case paused
    case finishMigrate = "finish-migrate"
    case postmigrate
    case internalError = "internal-error"
    case shutdown

    /// True when the guest's harts execute.
    public var isRunning: Bool { self == .running }

    /// What a destination makes of the state in the stream's `globalstate`: a live guest is started, any other
    /// state is taken as it is. nil for a name that is not a run state.
    public static func incoming(_ name: String, autostart: Bool) -> RunState? {
        switch name {
        case "running", "suspended": autostart ? .running : .paused
        case "colo", "debug", "io-error", "watchdog", "guest-panicked", "restore-vm", "save-vm": .paused
        default: RunState(rawValue: name)
        }
    }
}
