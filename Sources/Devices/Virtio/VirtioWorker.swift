import Glibc
import Synchronization
import Threads

/// The thread of a device's requests: sleeps until a queue is kicked, can be told to stand still.
///
/// Its lock is the innermost one: nothing else is taken while it is held, so that ``kick(_:)`` and
/// ``beginTransfer()`` may be called with the board's lock held.
final class VirtioWorker: Sendable {
    private struct State {
        /// Queues that were kicked.
        var pending: UInt64 = 0
        var isRunning = false
        var isTransferring = false
        var isStopping = false
        var thread: OSThread?
        var identity: pthread_t?
    }

    private let shared = SharedState(State())
    private let pausing = Atomic<Bool>(false)
    private let name: String
    private let body: @Sendable (UInt64) -> UInt64

    /// - Parameters:
    ///   - name: the thread's, at most 15 bytes.
    ///   - body: serves the queues whose bits are set; returns those it left because of ``isPausing``.
    init(name: String, body: @escaping @Sendable (UInt64) -> UInt64) {
        self.name = name
        self.body = body
    }

    /// True when the body should return after its present request.
    var isPausing: Bool { pausing.load(ordering: .acquiring) }

    /// Has these queues served. Starts the thread when it is the first time.
    func kick(_ queues: UInt64) {
        shared.update { state in
            state.pending |= queues
            guard state.thread == nil, !state.isStopping, queues != 0 else { return }
            state.thread = OSThread(name) { [self] in run() }
        }
    }

    private func run() {
        shared.update { $0.identity = pthread_self() }
        while let queues = next() {
            let left = body(queues)
            shared.update { state in
                state.pending |= left
                state.isRunning = false
            }
        }
    }

    /// Waits for queues to serve; nil at the end.
    private func next() -> UInt64? {
        // The outer nil is a wait that goes on, the inner one the end.
        let found = shared.wait { state -> UInt64?? in
            if state.isStopping { return .some(nil) }
            guard state.pending != 0, !isPausing else { return nil }
            state.isRunning = true
            defer { state.pending = 0 }
            return state.pending
        }
        return found ?? nil
    }

    /// Returns when the body is not running; it is not started again before ``resume()``.
    /// Not with the board's lock held, which the body may be waiting for.
    func pause() {
        pausing.store(true, ordering: .sequentiallyConsistent)
        shared.wait { $0.isRunning ? nil : () }
    }

    /// Keeps the body from being started, without waiting for one that runs.
    func holdBack() { pausing.store(true, ordering: .sequentiallyConsistent) }

    func resume() { shared.update { _ in pausing.store(false, ordering: .sequentiallyConsistent) } }

    /// The body is about to use guest memory without the board's lock.
    func beginTransfer() { shared.update { $0.isTransferring = true } }

    func endTransfer() { shared.update { $0.isTransferring = false } }

    /// Returns when no guest memory is in use; for a reset, with the board's lock held so that none begins.
    func waitForTransfer() { shared.wait { $0.isTransferring ? nil : () } }

    /// Ends the thread. Not with the board's lock held. On the thread itself it only asks for the end.
    func stop() {
        let (thread, identity) = shared.update { state in
            state.isStopping = true
            defer { state.thread = nil }
            return (state.thread, state.identity)
        }
        if let identity, pthread_equal(identity, pthread_self()) != 0 { return }
        thread?.join()
    }
}
