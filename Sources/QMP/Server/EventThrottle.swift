import Synchronization

/// Holds events back that could come in masses: after one of a name, the next is told a second later, and of several
/// only the last.
final class EventThrottle: Sendable {
    /// Those of QEMU's list that there are.
    private static let limited: Set<String> = ["BALLOON_CHANGE"]

    private let interval: Duration
    /// Events whose second is running, with what is to be told at its end.
    private let waiting = Mutex<[String: [UInt8]]>([:])

    init(interval: Duration = .seconds(1)) { self.interval = interval }

    /// Hands `bytes` to `send`, now or later.
    func admit(_ name: String, _ bytes: [UInt8], send: @escaping @Sendable ([UInt8]) -> Void) {
        guard Self.limited.contains(name) else { return send(bytes) }
        let isFirst = waiting.withLock { waiting in
            let isFirst = waiting[name] == nil
            waiting[name] = isFirst ? [] : bytes
            return isFirst
        }
        guard isFirst else { return }
        send(bytes)
        Task {
            while true {
                try? await Task.sleep(for: interval)
                let next: [UInt8] = waiting.withLock { waiting in
                    let next = waiting[name] ?? []
                    waiting[name] = next.isEmpty ? nil : []
                    return next
                }
                if next.isEmpty { return }
                send(next)
            }
        }
    }
}
