import CPlatform
import Glibc
import Threads

/// The thread that fires timers on the guest's clock.
///
/// Timers fire only while the clock runs, with the ``BoardLock`` held. A timer's deadline may be changed from any
/// thread, with or without the lock.
@safe
public final class BoardTimers: @unchecked Sendable {
    // Sendable: everything below is guarded by `mutex`.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var armed: [ObjectIdentifier: (timer: BoardTimer, deadline: Int64)] = [:]
    private var isClosing = false
    private var thread: OSThread?
    public let clock: VirtualClock
    let lock: BoardLock

    public init(clock: VirtualClock, lock: BoardLock) {
        self.clock = clock
        self.lock = lock
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe condition.initialize(to: pthread_cond_t())
        unsafe pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(condition, &attributes)
    }

    /// With `mutex` held. The thread is not there before something is to be timed.
    private func startThread() {
        guard thread == nil, !isClosing else { return }
        thread = OSThread("timers") { [weak self] in self?.serve() }
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe pthread_cond_destroy(condition)
        unsafe mutex.deallocate()
        unsafe condition.deallocate()
    }

    /// Ends the thread.
    public func close() {
        unsafe pthread_mutex_lock(mutex)
        isClosing = true
        armed = [:]
        unsafe pthread_cond_signal(condition)
        unsafe pthread_mutex_unlock(mutex)
        thread?.join()
        thread = nil
    }

    /// The clock was started, stopped or set: looks at all deadlines again.
    public func clockChanged() {
        unsafe pthread_mutex_lock(mutex)
        if !armed.isEmpty { startThread() }
        unsafe pthread_cond_signal(condition)
        unsafe pthread_mutex_unlock(mutex)
    }

    func set(_ timer: BoardTimer, _ deadline: Int64?) {
        unsafe pthread_mutex_lock(mutex)
        let key = ObjectIdentifier(timer)
        if let deadline {
            armed[key] = (timer, deadline)
            startThread()
            unsafe pthread_cond_signal(condition)
        } else {
            armed[key] = nil
        }
        unsafe pthread_mutex_unlock(mutex)
    }

    func deadline(of timer: BoardTimer) -> Int64? {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return armed[ObjectIdentifier(timer)]?.deadline
    }

    private func disarmIfDue(_ timer: BoardTimer) -> Bool {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        let key = ObjectIdentifier(timer)
        guard let deadline = armed[key]?.deadline, clock.isRunning, deadline <= clock.now else {
            return false
        }
        armed[key] = nil
        return true
    }

    private func serve() {
        unsafe pthread_mutex_lock(mutex)
        while !isClosing {
            let next = armed.values.min { $0.deadline < $1.deadline }
            guard let next, clock.isRunning else {
                unsafe pthread_cond_wait(condition, mutex)
                continue
            }
            let wait = next.deadline &- clock.now
            if wait > 0 {
                let end = cplatform_monotonic_ns() &+ min(wait, 3_600_000_000_000)
                var time = timespec(tv_sec: Int(end / 1_000_000_000), tv_nsec: Int(end % 1_000_000_000))
                unsafe pthread_cond_timedwait(condition, mutex, &time)
                continue
            }
            unsafe pthread_mutex_unlock(mutex)
            // The clock stops with the lock held: until it is ours the guest may have been stopped, and its timer
            // has to stay armed, to be saved or to fire later.
            lock.withLock { if disarmIfDue(next.timer) { next.timer.fire() } }
            unsafe pthread_mutex_lock(mutex)
        }
        unsafe pthread_mutex_unlock(mutex)
    }
}

/// A deadline on the guest's clock and what to do then.
public final class BoardTimer: Sendable {
    private let timers: BoardTimers
    private let handler: @Sendable () -> Void

    /// - Parameter handler: called once a deadline has passed, with the ``BoardLock`` held; it must look whether
    ///   there still is a reason, for the deadline may have been changed meanwhile.
    public init(_ timers: BoardTimers, _ handler: @escaping @Sendable () -> Void) {
        self.timers = timers
        self.handler = handler
    }

    /// Guest nanoseconds at which to fire, nil for never.
    public var deadline: Int64? {
        get { timers.deadline(of: self) }
        set { timers.set(self, newValue) }
    }

    func fire() { handler() }
}
