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
    private static let tlsSource = tls("client")
    private static let tlsDestination = deferred + tls("server")

    private static func tls(_ endpoint: String) -> [String] {
        ["-object", "tls-creds-anon,id=t0,endpoint=\(endpoint)", "-global", "migration.tls-creds=t0"]
    }

    static let scenes: [Scene] = [
        Scene(name: "negotiation", negotiates: false),
        Scene(name: "exec-oob without oob", negotiates: false),
        Scene(name: "protocol", negotiates: false),
        Scene(name: "idle"),
        Scene(name: "listening", source: ["-incoming", "tcp:127.0.0.1:0"]),
        Scene(name: "deferred", source: deferred),
        Scene(name: "objects"),
        Scene(name: "two monitors"),
        Scene(name: "monitor for people"),
        Scene(name: "precopy", destination: deferred, runs: true, bandwidth: 100_000),
        Scene(name: "precopy of a paused guest", destination: deferred),
        Scene(
            name: "precopy to a paused destination", destination: ["-incoming", "defer", "-S"], runs: true),
        Scene(name: "cancel", destination: deferred, runs: true, bandwidth: 100_000),
        Scene(name: "descriptors", destination: deferred, runs: true),
        Scene(
            name: "save", destination: ["-incoming", "file:/tmp/vm/state.bin,offset=4096"], runs: true,
            destinationTells: false),
        Scene(
            name: "exec", destination: ["-incoming", "exec:cat /tmp/vm/state.bin"], runs: true,
            destinationTells: false),
        Scene(name: "pause-before-switchover", destination: deferred, runs: true),
        Scene(name: "RAM of another size", destination: ["-incoming", "defer", "-m", "128M"]),
        Scene(
            name: "validate-uuid", source: ["-uuid", "11111111-1111-1111-1111-111111111111"],
            destination: deferred),
        Scene(name: "multifd at the source only", destination: deferred),
        Scene(name: "multifd none", destination: deferred, runs: true, capabilities: ["multifd"]),
        Scene(name: "multifd zlib", destination: deferred, runs: true, capabilities: ["multifd"]),
        Scene(name: "multifd zstd", destination: deferred, runs: true, capabilities: ["multifd"]),
        Scene(name: "xbzrle", destination: deferred, runs: true, bandwidth: 10_000_000),
        Scene(name: "auto-converge", destination: deferred, runs: true, bandwidth: 8_000_000),
        Scene(name: "switchover-ack", destination: deferred, runs: true),
        Scene(name: "return-path over exec"),
        Scene(name: "multifd over one channel", capabilities: ["multifd"]),
        Scene(name: "cpr-reboot", runs: true),
        Scene(name: "TLS without certificates", destination: deferred, runs: true),
        Scene(name: "TLS at the source only", source: tlsSource, destination: deferred, runs: true),
        Scene(name: "TLS at the destination only", destination: tlsDestination, runs: true),
        Scene(name: "TLS: no such credentials", source: tlsSource, destination: deferred, runs: true),
        Scene(name: "TLS: host name of the address", destination: deferred, runs: true),
        Scene(name: "TLS: tls-hostname", destination: deferred, runs: true),
        Scene(name: "TLS: no host name", destination: deferred, runs: true),
        Scene(name: "TLS: another host name", destination: deferred, runs: true),
        Scene(name: "TLS: identity in another order", destination: deferred, runs: true),
        Scene(name: "TLS: another identity", destination: deferred, runs: true),
        Scene(name: "TLS: the right identity", destination: deferred, runs: true),
        Scene(name: "TLS: tls-authz names no object", destination: deferred, runs: true),
        Scene(name: "TLS: tls-authz is empty", destination: deferred, runs: true),
        Scene(name: "TLS: tls-authz is null", destination: deferred, runs: true),
        Scene(name: "TLS: a client without certificate", destination: deferred, runs: true),
        Scene(name: "TLS: no certificate asked for", destination: deferred, runs: true),
        Scene(name: "yank", destination: deferred, runs: true, bandwidth: 100_000),
        Scene(name: "cancel of a connection", connectsToNobody: true),
        Scene(name: "calc-dirty-rate", runs: true),
        Scene(name: "the destination dies", destination: deferred, runs: true, bandwidth: 100_000),
        Scene(name: "the source dies", destination: deferred, runs: true, bandwidth: 100_000),
        Scene(name: "compress of 7.2", destination: deferred, runs: true, bandwidth: 40_000_000),
    ]
}
