import Foundation
import Synchronization

/// Stands between two unix sockets and breaks the connection once so many bytes went from the first to the second.
final class CuttingProxy: Sendable {
    private let listener: UnixSocket
    private let forwarded = Mutex(0)

    /// Listens at `path` for one connection, passes it on to `target`, and cuts after `limit` bytes (nil: never).
    init(listenAt path: String, target: String, limit: Int?) throws {
        let listener = try UnixSocket.listening(at: path)
        self.listener = listener
        Thread { [self] in
            guard let near = listener.accepted(), let far = UnixSocket(path: target) else { return }
            Thread {
                while true {
                    let bytes = far.read()
                    if bytes.isEmpty || !near.write(bytes) { break }
                }
                near.end()
            }.start()
            while true {
                var bytes = near.read()
                if bytes.isEmpty { break }
                let left = limit.map { $0 - bytesForwarded } ?? .max
                if bytes.count > left { bytes.removeLast(bytes.count - left) }
                if !bytes.isEmpty, !far.write(bytes) { break }
                let total = forwarded.withLock { count in
                    count += bytes.count
                    return count
                }
                if let limit, total >= limit { break }
            }
            near.end()
            far.end()
        }.start()
    }

    deinit { listener.end() }

    var bytesForwarded: Int { forwarded.withLock { $0 } }
}
