import CPlatform
import GuestMemory
import RISCV
import Threads

/// Counts how many pages each hart dirties while somebody wants to know: our own ring of dirty pages. A page counts once in
/// a period, for the hart that writes it first, and again when a migration has to send it again.
final class HartDirtyMeter: Sendable {
    /// How long a period is when nobody asks for another, ms.
    static let usualPeriod = 1000

    private struct State {
        var users = 0
        var isRunning = false
        /// ms.
        var period = HartDirtyMeter.usualPeriod
        /// Pages a second of each hart, in the last period.
        var rates: [UInt64]
    }

    private let memory: GuestMemory
    private let harts: [Hart]
    private let state: SharedState<State>

    init(_ memory: GuestMemory, _ harts: [Hart]) {
        self.memory = memory
        self.harts = harts
        state = SharedState(State(rates: harts.map { _ in 0 }))
    }

    /// Pages that each hart has dirtied while they were counted.
    var counts: [UInt64] { harts.map(\.dirtiedPages) }

    /// Pages a second that each hart has dirtied in the last period.
    var rates: [UInt64] { state.read { $0.rates } }

    /// Takes effect with the next period.
    func setPeriod(_ milliseconds: Int) { state.update { $0.period = milliseconds } }

    /// One user more; on return pages are counted.
    func begin() {
        let mustStart = state.update { state in
            state.users += 1
            guard !state.isRunning else { return false }
            state.isRunning = true
            memory.setLogging(true, for: .count)
            return true
        }
        guard mustStart else { return }
        for hart in harts { hart.dropWritePermissions() }
        _ = OSThread("dirty-meter") { [self] in
            var last = (time: cplatform_monotonic_ns(), counts: counts)
            while waitForPeriod() {
                let now = (time: cplatform_monotonic_ns(), counts: counts)
                let seconds = Double(now.time - last.time) / 1e9
                let rates = zip(now.counts, last.counts).map { UInt64(Double($0 &- $1) / seconds) }
                state.update { $0.rates = rates }
                last = now
                // What is written from here on counts again.
                memory.clear(.count)
                for hart in harts { hart.dropWritePermissions() }
            }
        }
    }

    /// One user less.
    func end() { state.update { $0.users -= 1 } }

    /// False when nobody wants to know any more.
    private func waitForPeriod() -> Bool {
        let period = state.read { $0.period }
        let isOver = state.wait(milliseconds: period) { [memory] state in
            guard state.users == 0 else { return nil as Bool? }
            state.isRunning = false
            state.rates = state.rates.map { _ in 0 }
            memory.setLogging(false, for: .count)
            return true
        }
        return isOver == nil
    }
}
