import GuestMemory
import Migration
import RISCV
import Synchronization

/// Who may dirty how much: limits of harts, from an operator and from a migration. The lower of both holds.
final class DirtyLimiter: Sendable {
    private struct State {
        /// MiB a second for each hart, from the operator.
        var operators: [UInt64?]
        /// The same for all harts, from a migration.
        var migrations: DirtyLimit?
        var isMetering = false

        func limit(_ hart: Int) -> UInt64? {
            [operators[hart], migrations?.rate].compactMap { $0 }.min()
        }
    }

    /// Pages of a MiB.
    private static let pagesOfMiB = UInt64((1 << 20) / guestPageSize)

    private let harts: [Hart]
    private let meter: HartDirtyMeter
    private let state: Mutex<State>

    init(_ harts: [Hart], _ meter: HartDirtyMeter) {
        self.harts = harts
        self.meter = meter
        state = Mutex(State(operators: harts.map { _ in nil }))
    }

    /// The operator's limit, in MiB a second, of one hart or of all (nil); nil ends it.
    func setLimit(_ rate: UInt64?, hart: Int?) {
        change { state in
            for index in state.operators.indices where hart == nil || hart == index {
                state.operators[index] = rate
            }
        }
    }

    /// A migration's limit of all harts; nil ends it, and the operator's hold again.
    func setLimit(ofMigration limit: DirtyLimit?) { change { $0.migrations = limit } }

    private func change(_ body: (inout State) -> Void) {
        state.withLock { state in
            body(&state)
            meter.setPeriod(state.migrations?.period ?? HartDirtyMeter.usualPeriod)
            let limits = harts.indices.map { state.limit($0) }
            let isMetering = limits.contains { $0 != nil }
            if isMetering, !state.isMetering { meter.begin() }
            for (hart, limit) in zip(harts, limits) { hart.limitDirtying(limit.map(Self.pages)) }
            if !isMetering, state.isMetering { meter.end() }
            state.isMetering = isMetering
        }
    }

    private static func pages(_ rate: UInt64) -> UInt64 {
        let (pages, overflow) = rate.multipliedReportingOverflow(by: pagesOfMiB)
        return overflow ? .max : pages
    }

    /// The harts with limits: the limit, and how much each dirties, both in MiB a second.
    var limits: [(hart: Int, limit: UInt64, rate: UInt64)] {
        let rates = meter.rates
        return state.withLock { state in
            harts.indices.compactMap { hart in
                state.limit(hart).map { (hart, $0, (rates[hart] + Self.pagesOfMiB / 2) / Self.pagesOfMiB) }
            }
        }
    }

    /// How the limits are felt; nil without any.
    var statistics: DirtyLimitStatistics? {
        let limits = state.withLock { state in harts.indices.compactMap { state.limit($0) } }
        guard let lowest = limits.min() else { return nil }
        let rates = meter.rates
        let average = rates.reduce(0, +) / UInt64(rates.count)
        let ring = DirtyRing.size(limit: Self.pages(lowest))
        let hold = harts.map(\.dirtyHold).max() ?? 0
        return DirtyLimitStatistics(
            throttleTime: UInt64(max(0, hold)) / 1000,
            ringFullTime: average == 0 ? 0 : ring * 1_000_000 / average)
    }
}
