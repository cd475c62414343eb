import Glibc
import Threads
import Transport

/// Has the system back memory with pages before they are written: the first touch of a page costs more than
/// filling it.
@safe
final class PagePreparer: @unchecked Sendable {
    // Sendable: everything mutable is under `mutex`.

    /// Pages that are prepared with one call.
    static let chunk = 256
    /// How many chunks beyond the one that is being filled.
    static let ahead = 8

    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var next: UnsafeMutableRawPointer?
    private var count = 0
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

    /// Asks for `count` bytes from `start` on; what was asked for before and is not done is forgotten.
    func prepare(_ start: UnsafeMutableRawPointer, count: Int) {
        if thread == nil { thread = OSThread("mig/dst/pages") { [self] in work() } }
        unsafe pthread_mutex_lock(mutex)
        unsafe next = start
        self.count = count
        unsafe pthread_cond_signal(condition)
        unsafe pthread_mutex_unlock(mutex)
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
        var done: UnsafeMutableRawPointer?
        while true {
            unsafe pthread_mutex_lock(mutex)
            while count <= 0, !isEnded { unsafe pthread_cond_wait(condition, mutex) }
            if isEnded {
                unsafe pthread_mutex_unlock(mutex)
                return
            }
            let length = min(count, Self.chunk * 4096)
            guard let start = unsafe next else {
                count = 0
                unsafe pthread_mutex_unlock(mutex)
                continue
            }
            unsafe next = start + length
            count -= length
            unsafe pthread_mutex_unlock(mutex)
            // What the last requests covered already is not asked for again.
            if let done = unsafe done, unsafe start < done, unsafe done < start + (Self.ahead * length) {
                continue
            }
            // MADV_POPULATE_WRITE; a kernel before 5.14 does nothing, and the writer's touch does it.
            if unsafe madvise(start, length, 23) == 0 { unsafe done = start + length }
        }
    }
}
