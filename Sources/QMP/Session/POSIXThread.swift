import CPlatform
import Glibc

/// A thread of the operating system.
enum POSIXThread {
    private final class Body: Sendable {
        let name: String
        let run: @Sendable () -> Void

        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// Starts a thread.
    /// - Parameter name: at most 15 bytes.
    /// - Returns: what to join; nil with `errno` set if there can be no further thread.
    static func start(name: String, _ run: @escaping @Sendable () -> Void) -> pthread_t? {
        var thread = pthread_t()
        let body = unsafe Unmanaged.passRetained(Body(name: name, run: run)).toOpaque()
        let status = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let body = unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                unsafe cplatform_set_thread_name(body.name)
                body.run()
                return nil
            }, body)
        guard status == 0 else {
            unsafe Unmanaged<Body>.fromOpaque(body).release()
            errno = status
            return nil
        }
        return thread
    }
}
