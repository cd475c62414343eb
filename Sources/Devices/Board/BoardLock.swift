import Glibc

/// The one lock over all device state: registers, rings, interrupt lines, timers' callbacks.
///
/// Not recursive. Harts hold it during an MMIO access, workers and timers while they touch a device; nobody waits for
/// the host with it.
@safe
public final class BoardLock: @unchecked Sendable {
    // Sendable: a mutex is made to be shared.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>

    public init() {
        unsafe mutex = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe pthread_mutex_init(mutex, nil)
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    public func lock() { unsafe _ = pthread_mutex_lock(mutex) }
    public func unlock() { unsafe _ = pthread_mutex_unlock(mutex) }

    /// Runs `body` with the lock held.
    @inline(__always)
    public func withLock<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure)
        -> Result
    {
        lock()
        defer { unlock() }
        return try body()
    }
}
