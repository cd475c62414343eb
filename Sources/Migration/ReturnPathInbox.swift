import Bytes
import CPlatform
import Glibc
import MigrationStream
import Transport

/// What the destination has said over the return path, read by a thread of its own.
@safe
final class ReturnPathInbox: @unchecked Sendable {
    // Sendable: everything mutable is under `mutex`.
    struct Heard {
        /// Values of PONG.
        var pongs: Set<UInt32> = []
        /// Answer to the Martlet's PING; empty for a QEMU, nil while it has not come.
        var features: MartletHandshake.Features?
        /// Status of SHUT.
        var shut: UInt32?
        /// Why the destination failed, in its own words.
        var failure: String?
        /// Why no more can come.
        var ended: String?

        /// The destination says that it does not run.
        var refusal: String? {
            if let shut, shut != 0 { return failure ?? "the destination reported failure \(shut)" }
            return nil
        }
    }

    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var heard = Heard()
    private var thread: WorkerThread?
    private let channel: Channel

    init(_ channel: Channel) {
        self.channel = channel
        unsafe pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(condition, &attributes)
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe pthread_cond_destroy(condition)
        unsafe mutex.deallocate()
        unsafe condition.deallocate()
    }

    func start() { thread = WorkerThread("mig/src/rp") { [self] in readAll() } }

    /// After the channel was shut down.
    func join() {
        thread?.join()
        thread = nil
    }

    private func update(_ change: (inout Heard) -> Void) {
        unsafe pthread_mutex_lock(mutex)
        change(&heard)
        unsafe pthread_cond_broadcast(condition)
        unsafe pthread_mutex_unlock(mutex)
    }

    private func readAll() {
        let input = InputBuffer(channel, capacity: 4096)
        var isMartlet = false
        while true {
            do throws(StreamError) {
                guard let message = try ReturnPathMessage.decode(from: input, isMartlet: isMartlet) else {
                    update { $0.ended = "the destination closed the connection" }
                    return
                }
                switch message {
                case .pong(let value):
                    let features = MartletHandshake.features(fromPong: value)
                    if features != nil { isMartlet = true }
                    update {
                        $0.pongs.insert(value)
                        if let features { $0.features = features }
                        if value == MartletHandshake.pingValue { $0.features = [] }
                    }
                case .shut(let status):
                    update { $0.shut = status }
                    return
                case .failure(let text): update { $0.failure = text }
                case .switchoverAcknowledged: break
                default:
                    update { $0.ended = "the destination sent a message that is only for postcopy" }
                    return
                }
            } catch {
                update { $0.ended = "return path: \(error)" }
                return
            }
        }
    }

    /// What has been heard so far.
    var now: Heard {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return heard
    }

    /// Waits until `isDone`, the path's end, SHUT, or the time's end.
    func wait(milliseconds: Int, until isDone: (Heard) -> Bool) -> Heard {
        let end = cplatform_monotonic_ns() &+ Int64(milliseconds) * 1_000_000
        var time = timespec(tv_sec: Int(end / 1_000_000_000), tv_nsec: Int(end % 1_000_000_000))
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while !isDone(heard), heard.shut == nil, heard.ended == nil {
            if unsafe pthread_cond_timedwait(condition, mutex, &time) == ETIMEDOUT { break }
        }
        return heard
    }
}
