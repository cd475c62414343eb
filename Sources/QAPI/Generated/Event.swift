// Written by qapi-gen from Schema/martlet.json; change that and run `swift run qapi-gen`.
// swift-format-ignore-file

/// Something that happened, as it is told to every client.
public enum Event: Sendable, Equatable {
    /// The machine was shut down. QAPI `SHUTDOWN`.
    /// - guest: the guest asked for it
    case shutdown(guest: Bool, reason: ShutdownCause)
    /// The power button was pressed. QAPI `POWERDOWN`.
    case powerdown
    /// The machine was reset. QAPI `RESET`.
    /// - guest: the guest asked for it
    case reset(guest: Bool, reason: ShutdownCause)
    /// The harts were stopped. QAPI `STOP`.
    case stop
    /// The harts were started. QAPI `RESUME`.
    case resume
    /// The guest has reported a panic. QAPI `GUEST_PANICKED`.
    case guestPanicked(action: GuestPanicAction)
    /// The guest has another amount of memory than before. QAPI `BALLOON_CHANGE`.
    /// - actual: bytes
    case balloonChange(actual: Int64)
    /// A migration has changed its status; sent if capability events is on. QAPI `MIGRATION`.
    case migration(status: MigrationStatus)
    /// The source has begun a pass over RAM; sent if capability events is on. QAPI `MIGRATION_PASS`.
    /// - pass: from 1
    case migrationPass(pass: Int64)

    /// Its name on the wire.
    public var name: String {
        switch self {
        case .shutdown: "SHUTDOWN"
        case .powerdown: "POWERDOWN"
        case .reset: "RESET"
        case .stop: "STOP"
        case .resume: "RESUME"
        case .guestPanicked: "GUEST_PANICKED"
        case .balloonChange: "BALLOON_CHANGE"
        case .migration: "MIGRATION"
        case .migrationPass: "MIGRATION_PASS"
        }
    }

    /// What goes with it; nil if the event has no data.
    public var data: JSONObject? {
        switch self {
        case .shutdown(let guest, let reason):
            var object = JSONObject()
            object["guest"] = guest.json
            object["reason"] = reason.json
            return object
        case .powerdown: return nil
        case .reset(let guest, let reason):
            var object = JSONObject()
            object["guest"] = guest.json
            object["reason"] = reason.json
            return object
        case .stop: return nil
        case .resume: return nil
        case .guestPanicked(let action):
            var object = JSONObject()
            object["action"] = action.json
            return object
        case .balloonChange(let actual):
            var object = JSONObject()
            object["actual"] = actual.json
            return object
        case .migration(let status):
            var object = JSONObject()
            object["status"] = status.json
            return object
        case .migrationPass(let pass):
            var object = JSONObject()
            object["pass"] = pass.json
            return object
        }
    }
}
