import CPlatform
import Glibc

/// A named thread of the operating system, for work that blocks.
@safe
public final class WorkerThread: @unchecked Sendable {
    // Sendable: only `join` touches the handle, once.
    private var handle: pthread_t = 0
    private let name: String
    private let body: @Sendable () -> Void

    /// Starts a thread at once. `name` is cut at 15 characters by the kernel.
    public init(_ name: String, _ body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
        let unmanaged = unsafe Unmanaged.passRetained(self)
        let failure = unsafe pthread_create(
            &handle, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let thread = unsafe Unmanaged<WorkerThread>.fromOpaque(argument).takeRetainedValue()
                unsafe cplatform_set_thread_name(thread.name)
                thread.body()
                return nil
            }, unmanaged.toOpaque())
        precondition(failure == 0, "the system has no room for a thread")
    }

    /// Waits until the thread has ended. At most once.
    public func join() { _ = pthread_join(handle, nil) }
}
