import CPlatform
import Glibc
import Synchronization
import Threads

/// A thread that runs commands. The shared pool of tasks would do as well, if nothing else in the process ever
/// blocked its few threads; a monitor has to answer even then.
final class CommandThread: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var isStopped = false
    }

    private let state = Mutex(State())
    /// Counts jobs, and the word to stop.
    private let semaphore: Semaphore

    /// - Parameter name: for debuggers; at most 15 bytes.
    init(name: String) {
        semaphore = Semaphore()
        let isRunning = OSThread(ifPossible: name) { self.runAll() } != nil
        state.withLock { $0.isStopped = !isRunning }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let isTaken = state.withLock { state in
            guard !state.isStopped else { return false }
            state.jobs.append(job)
            return true
        }
        if isTaken { semaphore.signal() } else { globalConcurrentExecutor.enqueue(job) }
    }

    /// Ends the thread when its jobs are done; what comes later runs in the shared pool.
    func stop() {
        state.withLock { $0.isStopped = true }
        semaphore.signal()
    }

    private func runAll() {
        while true {
            semaphore.wait()
            let job = state.withLock { $0.jobs.isEmpty ? nil : $0.jobs.removeFirst() }
            // Each job has its own signal; one without a job is the word to stop.
            guard let job else { return }
            unsafe job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}

/// A counting semaphore of the C library.
@safe private final class Semaphore: @unchecked Sendable {
    // Shared by design: sem_post and sem_wait are the synchronisation.
    private let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        unsafe semaphore = .allocate(capacity: 1)
        unsafe semaphore.initialize(to: sem_t())
        unsafe sem_init(semaphore, 0, 0)
    }

    deinit {
        unsafe sem_destroy(semaphore)
        unsafe semaphore.deallocate()
    }

    func signal() { unsafe sem_post(semaphore) }

    func wait() { while unsafe sem_wait(semaphore) != 0 {} }
}
