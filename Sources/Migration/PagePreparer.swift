import Glibc
import Threads
import Transport

/// Has the system back memory with pages before they are written: the first touch of a page costs more than
/// filling it.
@safe
final class PagePreparer: @unchecked Sendable {
    // Sendable: everything mutable is under `mutex`.

    /// Bytes that are prepared with one call: what the system can back with one large page.
    static let size = 2 << 20

    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var wanted = unsafe [UnsafeMutableRawPointer]()
    /// What the thread is at work on.
    private var current: UnsafeMutableRawPointer?
    private var isEnded = false
    private var thread: OSThread?

    init() {
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(condition, nil)
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe pthread_cond_destroy(condition)
        unsafe mutex.deallocate()
        unsafe condition.deallocate()
    }

    /// Asks for ``size`` bytes from `start` on, which is a multiple of ``size``.
    func prepare(_ start: UnsafeMutableRawPointer) {
        if thread == nil { thread = OSThread("mig/dst/pages") { [self] in work() } }
        unsafe pthread_mutex_lock(mutex)
        unsafe wanted.append(start)
        unsafe pthread_cond_signal(condition)
        unsafe pthread_mutex_unlock(mutex)
    }

    /// Takes a request back, done or not; false while the thread is at work on it.
    func forget(_ start: UnsafeMutableRawPointer) -> Bool {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        unsafe wanted.removeAll { unsafe $0 == start }
        return unsafe current != start
    }

    /// Ends the thread: the memory may go after this.
    func end() {
        unsafe pthread_mutex_lock(mutex)
        isEnded = true
        unsafe pthread_cond_signal(condition)
        unsafe pthread_mutex_unlock(mutex)
        thread?.join()
        thread = nil
    }

    private func work() {
        while let start = unsafe next() {
            // Without large pages, or on a kernel before 5.14 (MADV_POPULATE_WRITE, 23), the writer's touch does it.
            unsafe _ = madvise(start, Self.size, MADV_HUGEPAGE)
            unsafe _ = madvise(start, Self.size, 23)
        }
    }

    /// Waits for the next request; nil at the end.
    private func next() -> UnsafeMutableRawPointer? {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        unsafe current = nil
        while unsafe wanted.isEmpty, !isEnded { unsafe pthread_cond_wait(condition, mutex) }
        unsafe current = isEnded ? nil : wanted.removeFirst()
        return unsafe current
    }
}
