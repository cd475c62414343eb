import RISCV
import Synchronization
import Threads

/// Holds the harts of a machine for a part of the time: a guest that writes too fast to be moved becomes slower.
final class HartThrottle: Sendable {
    /// How long harts run between two holds, ns.
    private static let slice: Int64 = 10_000_000

    private struct State {
        /// Percent of the time; 0: not at all.
        var percentage: Int64 = 0
        var isRunning = false
    }

    private let harts: [Hart]
    private let state = SharedState(State())

    init(_ harts: [Hart]) { self.harts = harts }

    /// - Parameter percentage: 0 to 99.
    func set(_ percentage: UInt8) {
        let mustStart = state.update { state in
            state.percentage = Int64(min(percentage, 99))
            guard state.percentage > 0, !state.isRunning else { return false }
            state.isRunning = true
            return true
        }
        guard mustStart else { return }
        let (harts, state) = (harts, state)
        _ = OSThread("throttle") { Self.work(harts, state) }
    }

    private static func work(_ harts: [Hart], _ state: SharedState<State>) {
        while true {
            let percentage = state.update { state in
                if state.percentage == 0 { state.isRunning = false }
                return state.percentage
            }
            guard percentage > 0 else { return }
            let hold = slice * percentage / (100 - percentage)
            for hart in harts { hart.hold(nanoseconds: hold) }
            let wait = Int((hold + slice) / 1_000_000)
            _ = state.wait(milliseconds: wait) { $0.percentage == 0 ? true : nil }
        }
    }
}
