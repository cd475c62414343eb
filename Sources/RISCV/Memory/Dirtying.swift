import CPlatform
import GuestMemory
import Synchronization

/// How many pages a hart dirties, and how many it may.
struct Dirtying: ~Copyable {
    /// Only the hart adds.
    let pages = Atomic<UInt64>(0)
    /// Pages a second, 0: no limit.
    let limit = Atomic<UInt64>(0)
    /// For how long the hart was held when its ring was last full, ns.
    let held = Atomic<Int64>(0)
}

extension Hart {
    /// Pages that the hart has dirtied since its start, as far as `DirtyLogs/count` was on: those that it was the first
    /// to write since that log was cleared, or a migration's was drained. Any thread.
    public var dirtiedPages: UInt64 { dirtying.pages.load(ordering: .relaxed) }

    /// For how long the hart was held when it had last filled its ring of dirty pages, in ns. Any thread.
    public var dirtyHold: Int64 { dirtying.held.load(ordering: .relaxed) }

    /// Holds the hart back when it dirties more, as long as `DirtyLogs/count` is on. Any thread.
    ///
    /// - Parameter pages: a second; nil: no limit.
    public func limitDirtying(_ pages: UInt64?) {
        dirtying.limit.store(pages.map { max($0, 1) } ?? 0, ordering: .relaxed)
        if pages == nil { dirtying.held.store(0, ordering: .relaxed) }
    }

    /// Marks a page that the hart is about to write, or has written, in the logs that are kept.
    @inline(__always)
    func noteWrite(_ region: GuestMemory.Region, _ offset: Int) {
        let logs = memory.logs
        if !logs.isEmpty { mark(region.block, offset / guestPageSize, logs) }
    }

    @inline(never)
    private func mark(_ block: RAMBlock, _ page: Int, _ logs: DirtyLogs) {
        // What has to be sent again counts again, whatever the period.
        let isResent = logs.contains(.migration) && block.dirtyLog.markAwaited(page)
        if logs.contains(.measurement) { _ = block.measuredLog.markAwaited(page) }
        guard logs.contains(.count) else { return }
        let isFirst = block.countedLog.markAwaited(page)
        if isFirst || isResent { countDirtied() }
    }

    private func countDirtied() {
        dirtying.pages.store(dirtying.pages.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
        let limit = dirtying.limit.load(ordering: .relaxed)
        guard limit != 0, dirtyRing.take(limit: limit) else { return }
        let now = cplatform_monotonic_ns()
        let time = dirtyRing.empty(at: now)
        dirtying.held.store(time, ordering: .relaxed)
        if time > 0 { hold(until: now &+ time) }
    }
}
