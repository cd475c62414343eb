import CPlatform
import Glibc

/// What several threads share: a value under a lock, and a way to wait for it to change.
///
/// For hand-overs between threads that block. Every ``update(_:)`` wakes all who wait, so it is for a few threads and
/// for events that are some microseconds of work apart.
@safe
public final class SharedState<State>: @unchecked Sendable {
    // Sendable: the value is only touched under `mutex`.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var state: State

    public init(_ state: sending State) {
        self.state = state
        unsafe pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(condition, &attributes)
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe pthread_cond_destroy(condition)
        unsafe mutex.deallocate()
        unsafe condition.deallocate()
    }

    /// Looks at the value.
    public func read<Result>(_ body: (State) -> Result) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return body(state)
    }

    /// Changes the value and wakes those who wait for that.
    @discardableResult
    public func update<Result>(_ body: (inout State) -> Result) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer {
            unsafe pthread_cond_broadcast(condition)
            unsafe pthread_mutex_unlock(mutex)
        }
        return body(&state)
    }

    /// Calls `body`, now and after each change, until it gives something; it may change the value then.
    ///
    /// - Parameter milliseconds: how long at most, nil: without end.
    /// - Returns: what `body` gave; nil when the time was over.
    @discardableResult
    public func wait<Result>(milliseconds: Int? = nil, _ body: (inout State) -> Result?) -> Result? {
        let end = cplatform_monotonic_ns() &+ Int64(milliseconds ?? 0) * 1_000_000
        var time = timespec(tv_sec: Int(end / 1_000_000_000), tv_nsec: Int(end % 1_000_000_000))
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&state) {
                unsafe pthread_cond_broadcast(condition)
                return result
            }
            if milliseconds == nil {
                unsafe pthread_cond_wait(condition, mutex)
            } else if unsafe pthread_cond_timedwait(condition, mutex, &time) == ETIMEDOUT {
                return body(&state)
            }
        }
    }
}
