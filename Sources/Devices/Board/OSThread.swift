import CPlatform
import Glibc

/// A named thread of the operating system, for work that blocks.
@safe
public final class OSThread: @unchecked Sendable {
    // Sendable: the handle is written before anybody else has the object; only `join`, called once, and `deinit` use
    // what follows.
    private var handle: pthread_t = 0
    private var isJoined = false
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
                let thread = unsafe Unmanaged<OSThread>.fromOpaque(argument).takeRetainedValue()
                unsafe cplatform_set_thread_name(thread.name)
                thread.body()
                return nil
            }, unmanaged.toOpaque())
        precondition(failure == 0, "the system has no room for a thread")
    }

    /// The thread holds the object while it runs. When nobody has joined it, the system takes back its stack now.
    deinit { if !isJoined { pthread_detach(handle) } }

    /// Waits until the thread has ended. At most once.
    public func join() {
        isJoined = true
        _ = pthread_join(handle, nil)
    }
}
