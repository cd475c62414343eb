import CPlatform
import Glibc
import Synchronization

/// A named thread of the operating system, for work that blocks.
@safe
public final class OSThread: @unchecked Sendable {
    // Sendable: the handle is written before anybody else has the object; only `join`, called once, and `deinit` use
    // what follows.
    private var handle: pthread_t = 0
    /// False once nobody has to give the thread's stack back.
    private var ownsStack = true
    /// As asked for; the kernel's is cut.
    public let name: String
    private let kernelID = Atomic<Int32>(0)
    /// The kernel's number of the thread, 0 before it runs.
    public var id: Int32 { kernelID.load(ordering: .relaxed) }
    private let body: @Sendable () -> Void

    /// Starts a thread at once, where the program cannot go on without it.
    ///
    /// - Parameter name: is cut at 15 characters by the kernel.
    public init(_ name: String, _ body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
        let failure = start()
        precondition(failure == 0, "the system has no room for a thread")
    }

    /// Starts a thread at once; nil with `errno` set when the system has no room for one.
    ///
    /// - Parameter name: is cut at 15 characters by the kernel.
    public init?(ifPossible name: String, _ body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
        let failure = start()
        guard failure == 0 else {
            ownsStack = false
            errno = failure
            return nil
        }
    }

    /// The thread holds the object while it runs.
    private func start() -> Int32 {
        let unmanaged = unsafe Unmanaged.passRetained(self)
        let failure = unsafe pthread_create(
            &handle, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let thread = unsafe Unmanaged<OSThread>.fromOpaque(argument).takeRetainedValue()
                unsafe cplatform_set_thread_name(thread.name)
                thread.kernelID.store(cplatform_gettid(), ordering: .relaxed)
                thread.body()
                return nil
            }, unmanaged.toOpaque())
        if failure != 0 { unsafe unmanaged.release() }
        return failure
    }

    /// When nobody has joined the thread, the system takes back its stack now.
    deinit { if ownsStack { pthread_detach(handle) } }

    /// Waits until the thread has ended. At most once.
    public func join() {
        ownsStack = false
        _ = pthread_join(handle, nil)
    }
}
