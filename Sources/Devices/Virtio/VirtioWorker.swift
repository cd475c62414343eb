import Glibc
import Synchronization
import Threads

/// The thread of a device's requests: sleeps until a queue is kicked, can be told to stand still.
///
/// Its lock is the innermost one: nothing else is taken while it is held, so that ``kick(_:)`` and
/// ``beginTransfer()`` may be called with the board's lock held.
@safe
final class VirtioWorker: @unchecked Sendable {
    // Sendable: all stored properties are under `mutex`, or atomic, or constant.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    private var pending: UInt64 = 0
    private var isRunning = false
    private var isTransferring = false
    private var isStopping = false
    private var thread: OSThread?
    private var identity: pthread_t?
    private let pausing = Atomic<Bool>(false)
    private let name: String
    private let body: @Sendable (UInt64) -> UInt64

    /// - Parameters:
    ///   - name: the thread's, at most 15 bytes.
    ///   - body: serves the queues whose bits are set; returns those it left because of ``isPausing``.
    init(name: String, body: @escaping @Sendable (UInt64) -> UInt64) {
        self.name = name
        self.body = body
        unsafe mutex = .allocate(capacity: 1)
        unsafe changed = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(changed, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(changed)
        unsafe pthread_mutex_destroy(mutex)
        unsafe changed.deallocate()
        unsafe mutex.deallocate()
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return body()
    }

    private func wait() { unsafe pthread_cond_wait(changed, mutex) }
    private func wakeAll() { unsafe pthread_cond_broadcast(changed) }

    /// True when the body should return after its present request.
    var isPausing: Bool { pausing.load(ordering: .acquiring) }

    /// Has these queues served. Starts the thread when it is the first time.
    func kick(_ queues: UInt64) {
        locked {
            pending |= queues
            if thread == nil, !isStopping, queues != 0 { thread = OSThread(name) { [self] in run() } }
            wakeAll()
        }
    }

    private func run() {
        locked { identity = pthread_self() }
        while true {
            let queues: UInt64? = locked {
                while !isStopping, pending == 0 || isPausing { wait() }
                if isStopping { return nil }
                isRunning = true
                defer { pending = 0 }
                return pending
            }
            guard let queues else { return }
            let left = body(queues)
            locked {
                pending |= left
                isRunning = false
                wakeAll()
            }
        }
    }

    /// Returns when the body is not running; it is not started again before ``resume()``.
    /// Not with the board's lock held, which the body may be waiting for.
    func pause() {
        pausing.store(true, ordering: .sequentiallyConsistent)
        locked { while isRunning { wait() } }
    }

    /// Keeps the body from being started, without waiting for one that runs.
    func holdBack() { pausing.store(true, ordering: .sequentiallyConsistent) }

    func resume() {
        locked {
            pausing.store(false, ordering: .sequentiallyConsistent)
            wakeAll()
        }
    }

    /// The body is about to use guest memory without the board's lock.
    func beginTransfer() { locked { isTransferring = true } }

    func endTransfer() {
        locked {
            isTransferring = false
            wakeAll()
        }
    }

    /// Returns when no guest memory is in use; for a reset, with the board's lock held so that none begins.
    func waitForTransfer() { locked { while isTransferring { wait() } } }

    /// Ends the thread. Not with the board's lock held. On the thread itself it only asks for the end.
    func stop() {
        let (thread, identity) = locked {
            isStopping = true
            wakeAll()
            defer { self.thread = nil }
            return (self.thread, self.identity)
        }
        if let identity, pthread_equal(identity, pthread_self()) != 0 { return }
        thread?.join()
    }
}
