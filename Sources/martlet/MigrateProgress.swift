import QAPI

/// What `query-migrate` says, in words for a terminal. The answers may come from any server: no number in them is
/// trusted to be a sane one.
struct MigrateProgress {
    let info: JSONValue

    var status: String { info["status"]?.string ?? "none" }
    var hasEnded: Bool { ["completed", "failed", "cancelled"].contains(status) }
    /// Why it failed, or what it waits for.
    var reason: String? { info["error-desc"]?.string }

    private func sane(_ value: JSONValue?) -> Double {
        let number = value?.number ?? 0
        return number.isFinite ? min(max(number, 0), 1e18) : 0
    }

    /// A figure of the memory's statistics, 0 when there is none.
    private func ram(_ name: String) -> Double { sane(info["ram"]?[name]) }

    private func megabytes(_ bytes: Double) -> String { "\(Int(bytes / 1e6)) MB" }

    private func milliseconds(_ name: String) -> String { "\(Int(sane(info[name]))) ms" }

    /// Bytes a second.
    private var rate: Double { ram("mbps") * 1e6 / 8 }
    private var dirtyRate: Double { ram("dirty-pages-rate") * max(ram("page-size"), 4096) }

    /// One line: how far, how fast, how long still.
    var line: String {
        let share = ram("total") > 0 ? min(max(1 - ram("remaining") / ram("total"), 0), 1) : 0
        let full = Int(share * 28)
        let bar = String(repeating: "#", count: full) + String(repeating: ".", count: 28 - full)
        var text = "[\(bar)] \(status), sent \(megabytes(ram("transferred"))), \(megabytes(rate))/s, "
        text += "dirtied \(megabytes(dirtyRate))/s, left \(megabytes(ram("remaining")))"
        if let estimate { text += ", \(estimate)" }
        if let reason { text += " (\(reason))" }
        return text
    }

    /// When the rest will have gone at the present rates.
    private var estimate: String? {
        guard rate > 0, status == "active" else { return nil }
        guard rate > dirtyRate else { return "does not converge at this rate" }
        let seconds = Int(min(ram("remaining") / (rate - dirtyRate), 1e6))
        return "about \(seconds) s, pause of \(milliseconds("expected-downtime"))"
    }

    /// The last word.
    var summary: String {
        guard status == "completed" else {
            return "The guest has not moved, \(status)" + (reason.map { ": \($0)" } ?? "")
        }
        return "The guest has moved: paused \(milliseconds("downtime")) of \(milliseconds("total-time")), "
            + megabytes(ram("transferred")) + " sent" + (reason.map { ". \($0)" } ?? "")
    }
}
