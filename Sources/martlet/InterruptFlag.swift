import Glibc
import Synchronization

/// Counts Ctrl-C instead of dying of it.
enum InterruptFlag {
    private static let count = Atomic<Int>(0)

    /// How often the user has asked to stop.
    static var value: Int { count.load(ordering: .relaxed) }

    /// From now on the third one kills, as all did before.
    static func catchInterrupts() {
        _ = signal(SIGINT) { _ in
            if InterruptFlag.count.add(1, ordering: .relaxed).newValue >= 3 { _exit(130) }
        }
    }
}
