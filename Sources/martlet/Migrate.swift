import ArgumentParser
import Glibc
import QAPI
import QMP

/// `martlet migrate`: drives a migration from a terminal, of a Martlet or of a QEMU.
struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Migrate a running guest, and watch it go.",
        discussion: """
            SOCKET is the QMP socket of the source (a path, or HOST:PORT). URI says where the guest goes:
            tcp:HOST:PORT, unix:PATH, exec:COMMAND or file:PATH. The exit status is 0 when the guest has moved.
            Ctrl-C cancels the migration; the guest stays where it is.

            EXAMPLES
              martlet migrate vm.sock tcp:127.0.0.1:4444
              martlet migrate vm.sock unix:/run/new.sock --downtime-limit 100 --json
              martlet migrate vm.sock tcp:127.0.0.1:4444 --dialect qemu-7.2
            """)

    @Argument(help: "QMP socket of the source.")
    var socket: String
    @Argument(help: "Where the guest goes.")
    var uri: String
    @Option(help: "Bytes a second while the guest runs; 0 for no limit.")
    var maxBandwidth: UInt64 = 0
    @Option(help: "Longest pause to aim for, in milliseconds.")
    var downtimeLimit: UInt64?
    @Flag(
        inversion: .prefixedNo,
        help: """
            Have the destination confirm, so that a failure there is known here (default: where the channel goes both \
            ways, not for exec: and file:).
            """)
    var returnPath: Bool?
    @Option(
        help: """
            Whose layout of the devices' state a Martlet at the source writes: qemu-7.2, qemu-10.0 (which it does \
            without being told), qemu-10.0.11, martlet. Two Martlets find it out themselves.
            """)
    var dialect: String?
    @Flag(help: "Print the outcome as JSON, as query-migrate gives it, and no progress.")
    var json = false

    func run() async throws {
        do {
            let client = try await QMPClient.connect(to: address)
            let failed = try await migrate(client)
            await client.close()
            if failed { Glibc.exit(1) }
        } catch {
            fail("\(error)")
        }
    }

    private var address: MonitorAddress {
        let parts = socket.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, UInt16(parts[1]) != nil, !socket.contains("/") else {
            return .unix(path: socket)
        }
        return .tcp(host: String(parts[0]), port: String(parts[1]))
    }

    private var confirms: Bool { returnPath ?? !(uri.hasPrefix("exec:") || uri.hasPrefix("file:")) }

    /// True when the guest has not moved.
    private func migrate(_ client: QMPClient) async throws -> Bool {
        let capability: JSONValue = ["capability": .string("return-path"), "state": .bool(confirms)]
        try await client.execute("migrate-set-capabilities", ["capabilities": .array([capability])])
        var parameters: JSONObject = ["max-bandwidth": JSONValue(maxBandwidth)]
        if let downtimeLimit { parameters["downtime-limit"] = JSONValue(downtimeLimit) }
        if let dialect { parameters["x-martlet-dialect"] = .string(dialect) }
        try await client.execute("migrate-set-parameters", parameters)
        InterruptFlag.catchInterrupts()
        try await client.execute("migrate", ["uri": .string(uri)])
        return try await watch(client)
    }

    private func watch(_ client: QMPClient) async throws -> Bool {
        var cancels = 0
        var round = 0
        while true {
            let progress = MigrateProgress(info: try await client.execute("query-migrate"))
            if progress.hasEnded {
                show("")
                print(json ? progress.info.description : progress.summary)
                return progress.status != "completed"
            }
            if !json, isatty(2) == 1 || round % 10 == 0 { show(progress.line) }
            if InterruptFlag.value > cancels {
                cancels = InterruptFlag.value
                try await client.execute("migrate_cancel")
            }
            round += 1
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// A line that the next one replaces on a terminal, and follows elsewhere.
    private func show(_ text: String) {
        let line = isatty(2) == 1 ? "\r\u{1b}[K\(text)" : text.isEmpty ? "" : "\(text)\n"
        unsafe _ = write(2, line, line.utf8.count)
    }
}
