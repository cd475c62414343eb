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

            EXAMPLES
              martlet migrate vm.sock tcp:127.0.0.1:4444
              martlet migrate vm.sock unix:/run/new.sock --return-path --downtime-limit 100 --json
            """)

    @Argument(help: "QMP socket of the source.")
    var socket: String
    @Argument(help: "Where the guest goes.")
    var uri: String
    @Option(help: "Bytes a second while the guest runs; 0 for no limit.")
    var maxBandwidth: UInt64 = 0
    @Option(help: "Longest pause to aim for, in milliseconds.")
    var downtimeLimit: UInt64?
    @Flag(help: "Have the destination confirm: a failure there is known here.")
    var returnPath = false
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

    /// True when the guest has not moved.
    private func migrate(_ client: QMPClient) async throws -> Bool {
        if returnPath {
            let capability: JSONValue = ["capability": .string("return-path"), "state": .bool(true)]
            try await client.execute("migrate-set-capabilities", ["capabilities": .array([capability])])
        }
        var parameters: JSONObject = ["max-bandwidth": JSONValue(maxBandwidth)]
        if let downtimeLimit { parameters["downtime-limit"] = JSONValue(downtimeLimit) }
        try await client.execute("migrate-set-parameters", parameters)
        try await client.execute("migrate", ["uri": .string(uri)])
        while true {
            let info = try await client.execute("query-migrate")
            let status = info["status"]?.string ?? "none"
            if ["completed", "failed", "cancelled"].contains(status) {
                report(info, status)
                return status != "completed"
            }
            if !json { progress(info, status) }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private func progress(_ info: JSONValue, _ status: String) {
        func number(_ name: String) -> Double { info["ram"]?[name]?.number ?? 0 }
        let (total, left) = (number("total"), number("remaining"))
        let share = total > 0 ? 1 - left / total : 0
        let full = Int(share * 28)
        let bar = String(repeating: "#", count: full) + String(repeating: ".", count: 28 - full)
        let text =
            "[\(bar)] \(status), sent \(Int(number("transferred") / 1e6)) MB, \(Int(number("mbps") / 8)) MB/s, "
            + "dirtied \(Int(number("dirty-pages-rate") * 4096 / 1e6)) MB/s, left \(Int(left / 1e6)) MB, "
            + "pause expected \(Int(info["expected-downtime"]?.number ?? 0)) ms"
        let line = isatty(2) == 1 ? "\r\u{1b}[K\(text)" : "\(text)\n"
        unsafe _ = write(2, line, line.utf8.count)
    }

    private func report(_ info: JSONValue, _ status: String) {
        if json { return print(info.description) }
        if isatty(2) == 1 { unsafe _ = write(2, "\r\u{1b}[K", 4) }
        let reason = info["error-desc"]?.string.map { ": \($0)" } ?? ""
        guard status == "completed" else { return print("The guest has not moved: \(status)\(reason)") }
        func number(_ name: String) -> Int { Int(info[name]?.number ?? 0) }
        let sent = Int((info["ram"]?["transferred"]?.number ?? 0) / 1e6)
        print(
            "The guest has moved: paused \(number("downtime")) ms of \(number("total-time")) ms, \(sent) MB sent"
        )
    }
}
