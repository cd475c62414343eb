import GuestMemory
import MigrationStream
import Threads

/// Packed pages at the destination (capability `compress`): threads that unpack them to where they belong. One thread
/// gives them, and waits at the end of each body.
@safe
final class PageUnpackers {
    private struct Task: Sendable {
        var target: UInt
        var length: Int
        /// Where the packed page stands in the stream.
        var offset: UInt64
    }

    private struct State: Sendable {
        /// By slot, what is to be done there; nil: nothing, or it has been taken.
        var tasks: [Task?]
        /// Slots that nobody uses.
        var free: [Int]
        var failure: StreamError?
        var isOver = false
    }

    @safe
    private final class Shared: @unchecked Sendable {
        // Sendable: a slot's room is written while it is nobody's, and read by the one thread that has taken it.
        let state: SharedState<State>
        private let input: UnsafeMutableRawPointer
        private let room = PageDecompressor.bound(guestPageSize)

        init(_ slots: Int) {
            state = SharedState(
                State(tasks: Array(repeating: nil, count: slots), free: Array(0..<slots)))
            unsafe input = .allocate(byteCount: slots * room, alignment: 64)
        }

        deinit { unsafe input.deallocate() }

        func room(_ slot: Int) -> UnsafeMutableRawBufferPointer {
            unsafe UnsafeMutableRawBufferPointer(start: input + slot * room, count: room)
        }
    }

    /// What a thread has for itself.
    private final class Worker: @unchecked Sendable {
        // Sendable: only its thread uses it.
        private let unpacker: PageUnpacker

        init?() {
            guard let unpacker = PageUnpacker(pageSize: guestPageSize) else { return nil }
            self.unpacker = unpacker
        }

        func work(_ shared: Shared) {
            while let (slot, task) = next(shared) {
                var failure: StreamError?
                do throws(StreamError) {
                    let room = unsafe UnsafeRawBufferPointer(shared.room(slot))
                    let page = unsafe try unpacker.unpack(
                        UnsafeRawBufferPointer(rebasing: room[..<task.length]), at: task.offset)
                    unsafe UnsafeMutableRawPointer(bitPattern: task.target)?.copyMemory(
                        from: page.baseAddress.unsafelyUnwrapped, byteCount: page.count)
                } catch {
                    failure = error
                }
                shared.state.update { state in
                    // Of several, the first in the stream.
                    if let failure, failure.offset < state.failure?.offset ?? .max { state.failure = failure }
                    state.free.append(slot)
                }
            }
        }

        private func next(_ shared: Shared) -> (Int, Task)? {
            let found = shared.state.wait { state -> (Int, Task)?? in
                if state.isOver { return .some(nil) }
                guard let slot = state.tasks.firstIndex(where: { $0 != nil }), let task = state.tasks[slot]
                else { return nil }
                state.tasks[slot] = nil
                return (slot, task)
            }
            return found ?? nil
        }
    }

    private let shared: Shared
    private let slots: Int
    private let threads: [OSThread]
    /// Pages that were given since the last ``finish()``, by their addresses.
    private var given: Set<UInt> = []

    /// - Returns: nil when there is no memory, or no room for the threads.
    init?(threads count: Int) {
        slots = count * 8
        let shared = Shared(slots)
        var workers: [Worker] = []
        for _ in 0..<count {
            guard let worker = Worker() else { return nil }
            workers.append(worker)
        }
        self.shared = shared
        let ready = workers
        let started = try? OSThread.group(
            workers.indices.map { "decompress_\($0)" }, stop: { shared.state.update { $0.isOver = true } }
        ) { ready[$0].work(shared) }
        guard let started else { return nil }
        threads = started
    }

    deinit { end() }

    /// Ends the threads: nothing is written to guest memory after this.
    func end() {
        let isFirst = shared.state.update { state in
            defer { state.isOver = true }
            return !state.isOver
        }
        if isFirst { for thread in threads { thread.join() } }
    }

    /// Gives a packed page to a thread, once one has room.
    func unpack(_ packed: UnsafeRawBufferPointer, at offset: UInt64, to page: UnsafeMutableRawPointer) {
        unsafe settle(page)
        let slot = shared.state.wait { $0.isOver ? -1 : $0.free.popLast() } ?? -1
        guard slot >= 0 else { return }
        unsafe shared.room(slot).copyMemory(from: packed)
        let task = Task(target: UInt(bitPattern: page), length: packed.count, offset: offset)
        given.insert(task.target)
        shared.state.update { $0.tasks[slot] = task }
    }

    /// Something else is about to be written to a page: what was given for it is there first.
    func settle(_ page: UnsafeMutableRawPointer) {
        if given.contains(UInt(bitPattern: page)) { wait() }
    }

    private func wait() {
        let slots = slots
        _ = shared.state.wait { $0.free.count == slots || $0.isOver ? true : nil }
        given.removeAll(keepingCapacity: true)
    }

    /// Everything that was given is in place, or was wrong.
    func finish() throws(StreamError) {
        if !given.isEmpty { wait() }
        if let failure = shared.state.read({ $0.failure }) { throw failure }
    }
}
