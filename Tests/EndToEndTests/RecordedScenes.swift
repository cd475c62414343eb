import Testing

/// The scenes of Tests/Fixtures/qmp/conversations.jsonl, and what the recording does not tell: how each was set up.
extension RecordedConversations {
    struct Scene: Sendable, CustomTestStringConvertible {
        var name: String
        /// Options of the process that is there from the start, and of the one that the guest goes to.
        var source: [String] = []
        var destination: [String] = []
        var negotiates = true
        /// Whether the guest runs at the start.
        var runs = false
        /// Whether what the destination tells is waited for.
        var destinationTells = true
        /// So slow that the guest does not move before it is allowed to, in bytes a second.
        var bandwidth = 0
        /// What both have switched on.
        var capabilities: [String] = []
        /// The address is one at which nobody takes the connection.
        var connectsToNobody = false
        var testDescription: String { name }
    }

    private static let deferred = ["-incoming", "defer"]
    static let scenes = [
        Scene(name: "negotiation", negotiates: false),
        Scene(name: "exec-oob without oob", negotiates: false),
        Scene(name: "protocol", negotiates: false),
        Scene(name: "idle"),
        Scene(name: "listening", source: ["-incoming", "tcp:127.0.0.1:0"]),
        Scene(name: "deferred", source: ["-incoming", "defer"]),
        Scene(name: "objects"),
        Scene(name: "two monitors"),
        Scene(name: "monitor for people"),
        Scene(name: "precopy", destination: deferred, runs: true, bandwidth: 100_000),
        Scene(name: "precopy of a paused guest", destination: deferred),
        Scene(name: "precopy to a paused destination", destination: deferred + ["-S"], runs: true),
        Scene(name: "cancel", destination: deferred, runs: true, bandwidth: 100_000),
        Scene(name: "descriptors", destination: deferred, runs: true),
        Scene(
            name: "save", destination: ["-incoming", "file:/tmp/vm/state.bin,offset=4096"], runs: true,
            destinationTells: false),
        Scene(
            name: "exec", destination: ["-incoming", "exec:cat /tmp/vm/state.bin"], runs: true,
            destinationTells: false),
    ]
}
