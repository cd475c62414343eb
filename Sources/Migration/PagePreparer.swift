import Glibc
import Threads

/// Has the system back memory with pages before they are written: the first touch of a page costs more than
/// filling it.
@safe
final class PagePreparer: @unchecked Sendable {
    // Sendable: what the thread shares is in `state`.

    /// Bytes that are prepared with one call: what the system can back with one large page.
    static let size = 2 << 20

    @safe private struct State {
        var wanted = unsafe [UnsafeMutableRawPointer]()
        /// What the thread is at work on.
        var current: UnsafeMutableRawPointer?
        var isEnded = false
    }

    private let state = SharedState(State())
    /// Of the user's thread only.
    private var thread: OSThread?

    /// Asks for ``size`` bytes from `start` on, which is a multiple of ``size``.
    func prepare(_ start: UnsafeMutableRawPointer) {
        // Without a thread the pages are prepared by being written.
        if thread == nil { thread = OSThread(ifPossible: "mig/dst/pages") { [self] in work() } }
        state.update { unsafe $0.wanted.append(start) }
    }

    /// Takes a request back, done or not; false while the thread is at work on it.
    func forget(_ start: UnsafeMutableRawPointer) -> Bool {
        state.update { state in
            unsafe state.wanted.removeAll { unsafe $0 == start }
            return unsafe state.current != start
        }
    }

    /// Ends the thread: the memory may go after this.
    func end() {
        state.update { $0.isEnded = true }
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
        state.update { unsafe $0.current = nil }
        // The outer nil is a wait without a result, the inner one the end.
        let found = unsafe state.wait { state -> UnsafeMutableRawPointer?? in
            if state.isEnded { return unsafe .some(nil) }
            guard unsafe !state.wanted.isEmpty else { return nil }
            unsafe state.current = state.wanted.removeFirst()
            return unsafe state.current
        }
        return unsafe found ?? nil
    }
}
