import Glibc
import Threads

extension OSThread {
    /// Why a thread could not be started.
    static var noRoom: MigrationError {
        MigrationError("the system has no room for a thread: \(unsafe String(cString: strerror(errno)))")
    }

    /// Starts a thread for each of `names`, or none: then `stop` ends those that have begun.
    static func group(
        _ names: [String], stop: () -> Void, _ body: @escaping @Sendable (Int) -> Void
    ) throws(MigrationError) -> [OSThread] {
        var threads: [OSThread] = []
        for (number, name) in names.enumerated() {
            guard let thread = OSThread(ifPossible: name, { body(number) }) else {
                let error = noRoom
                stop()
                for thread in threads { thread.join() }
                throw error
            }
            threads.append(thread)
        }
        return threads
    }
}
