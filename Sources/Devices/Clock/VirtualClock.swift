import CPlatform
import Synchronization

/// The guest's clock: nanoseconds that pass only while the guest runs, and that travel with it.
///
/// Any thread may read it. `mtime` is this clock in units of 100 ns.
public final class VirtualClock: Sendable {
    /// Host time minus guest time while running, guest time while stopped.
    private let offset = Atomic<Int64>(0)
    private let running = Atomic<Bool>(false)

    public init() {}

    public var isRunning: Bool { running.load(ordering: .acquiring) }

    /// Guest nanoseconds.
    public var now: Int64 {
        running.load(ordering: .acquiring)
            ? cplatform_monotonic_ns() &- offset.load(ordering: .relaxed) : offset.load(ordering: .relaxed)
    }

    /// Lets time pass. Harts and devices do not run yet.
    public func start() {
        guard !isRunning else { return }
        offset.store(cplatform_monotonic_ns() &- offset.load(ordering: .relaxed), ordering: .relaxed)
        running.store(true, ordering: .releasing)
    }

    /// Holds time. Harts and devices do not run any more.
    public func stop() {
        guard isRunning else { return }
        let time = now
        running.store(false, ordering: .relaxed)
        offset.store(time, ordering: .releasing)
    }

    /// Sets guest time while the clock is stopped: what a stream brings.
    public func set(_ time: Int64) {
        if !isRunning { offset.store(time, ordering: .releasing) }
    }
}
