import CPlatform
import Glibc
import Synchronization

/// Ends the waits of other threads, once and for all: a pipe whose reading end is ready after ``set()``. Where the
/// system has no room for one, waits look every few ms.
public final class Wake: Sendable {
    private let reader: Int32
    private let writer: Int32
    private let flag = Atomic<Bool>(false)

    public init() {
        var ends: [Int32] = [-1, -1]
        unsafe _ = pipe(&ends)
        reader = ends[0]
        writer = ends[1]
        for end in ends where end >= 0 {
            _ = cplatform_fcntl_int(end, F_SETFD, FD_CLOEXEC)
            _ = cplatform_fcntl_int(end, F_SETFL, O_NONBLOCK)
        }
    }

    deinit {
        for end in [reader, writer] where end >= 0 { close(end) }
    }

    /// True after ``set()``.
    public var isSet: Bool { flag.load(ordering: .acquiring) }

    /// Any thread, any number of times.
    public func set() {
        guard !flag.exchange(true, ordering: .acquiringAndReleasing) else { return }
        var byte: UInt8 = 1
        _ = unsafe write(writer, &byte, 1)
    }

    /// How long a wait may be at a time, ms.
    private var slice: Int32 { reader < 0 ? 10 : .max }

    enum Outcome { case ready, woken, timedOut, failed(Int32) }

    /// Waits until `descriptor` is ready for `events`, the wake is set, or the time is over.
    ///
    /// - Parameters:
    ///   - milliseconds: nil waits without end.
    ///   - other: ends the wait as this one does.
    func wait(_ descriptor: Int32, _ events: Int32, milliseconds: Int?, or other: Wake? = nil) -> Outcome {
        switch wait([descriptor], events, milliseconds: milliseconds, or: other) {
        case .ready: .ready
        case .woken: .woken
        case .timedOut: .timedOut
        case .failed(let code): .failed(code)
        }
    }

    enum OutcomeOfMany { case ready([Int]), woken, timedOut, failed(Int32) }

    /// The same for several descriptors; says which of them are ready, by their places.
    func wait(
        _ descriptors: [Int32], _ events: Int32, milliseconds: Int?, or other: Wake? = nil
    ) -> OutcomeOfMany {
        let end = milliseconds.map { cplatform_monotonic_ns() + Int64($0) * 1_000_000 }
        while true {
            if isSet || other?.isSet == true { return .woken }
            var limit = min(slice, other?.slice ?? .max)
            if let end {
                let left = end - cplatform_monotonic_ns()
                if left <= 0 { return .timedOut }
                limit = min(limit, Int32(clamping: (left + 999_999) / 1_000_000))
            }
            var items = descriptors.map { pollfd(fd: $0, events: Int16(events), revents: 0) }
            items.append(pollfd(fd: reader, events: Int16(POLLIN), revents: 0))
            if let other { items.append(pollfd(fd: other.reader, events: Int16(POLLIN), revents: 0)) }
            let count = unsafe poll(&items, nfds_t(items.count), limit == .max ? -1 : limit)
            if count < 0 {
                if errno == EINTR { continue }
                return .failed(errno)
            }
            if items[descriptors.count...].contains(where: { $0.revents != 0 }) { return .woken }
            let ready = descriptors.indices.filter { items[$0].revents != 0 }
            if !ready.isEmpty { return .ready(ready) }
        }
    }

    /// Sleeps; true when it was woken.
    public func sleep(milliseconds: Int) -> Bool {
        if case .woken = wait(-1, 0, milliseconds: milliseconds) { return true }
        return false
    }
}
