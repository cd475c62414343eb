import Synchronization

/// Runs the in-band commands of all sessions: one at a time, the sessions in turn.
final class Dispatcher: Sendable {
    private struct State {
        var waiting: [QMPSession] = []
        var isRunning = false
    }

    private let state = Mutex(State())
    private let inBand: (any TaskExecutor)?
    private let outOfBand: (any TaskExecutor)?

    /// - Parameters:
    ///   - inBand: where in-band commands run; nil for the shared pool.
    ///   - outOfBand: where those run that overtake.
    init(inBand: (any TaskExecutor)? = nil, outOfBand: (any TaskExecutor)? = nil) {
        self.inBand = inBand
        self.outOfBand = outOfBand
    }

    /// Whether no command runs and none waits.
    var isIdle: Bool { state.withLock { !$0.isRunning } }

    /// Says that the first command of `session` wants to run. A session is added once at a time: it comes again when
    /// that command is done.
    func add(_ session: QMPSession) {
        let isFirst = state.withLock { state in
            state.waiting.append(session)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard isFirst else { return }
        Task(executorPreference: inBand) { await self.runAll() }
    }

    /// Runs an out-of-band command, ahead of all that wait.
    func overtake(_ command: @escaping @Sendable () async -> Void) {
        Task(executorPreference: outOfBand, operation: command)
    }

    private func runAll() async {
        while let session = next() { await session.runFirst() }
    }

    private func next() -> QMPSession? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.isRunning = false
                return nil
            }
            return state.waiting.removeFirst()
        }
    }
}
