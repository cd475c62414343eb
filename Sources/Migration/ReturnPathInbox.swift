import Bytes
import CPlatform
import Glibc
import MigrationStream
import Threads
import Transport

import struct QAPI.MartletError

/// What the destination has said in the channel's other direction, read by a thread of its own.
///
/// Without the capability return-path a QEMU says nothing there, and a Martlet that fails says so (FAILURE, SHUT);
/// anything else, such as what a program of `exec:` prints, is read and ignored.
@safe
final class ReturnPathInbox: @unchecked Sendable {
    // Sendable: everything mutable is under `mutex`.
    struct Heard {
        /// Values of PONG, of those that were asked for.
        var pongs: Set<UInt32> = []
        /// Answer to the Martlet's PING; empty for a QEMU, nil while it has not come.
        var features: MartletHandshake.Features?
        /// All devices of the destination are ready for the switchover (capability switchover-ack).
        var isReady = false
        /// Status of SHUT.
        var shut: UInt32?
        /// Why the destination failed, in its own words.
        var failure: MartletError?
        /// Why no more can come.
        var ended: String?
        /// The destination closed the channel in order.
        var endedInOrder = false

        /// The destination says that it does not run: the guest is the source's.
        var refusal: OutgoingMigration.Failure? {
            guard let shut, shut != 0 else { return nil }
            guard let failure else { return .kept("The destination failed: it reported failure \(shut)") }
            return .kept("The destination failed: \(failure.text)", there: failure)
        }
    }

    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var heard = Heard()
    private var asked: Set<UInt32> = []
    private var thread: OSThread?
    private let channel: Channel
    /// The capability return-path is on: the destination is to answer.
    let isOpen: Bool

    /// Capability switchover-ack.
    private let awaitsReady: Bool

    init(_ channel: Channel, isOpen: Bool, awaitsReady: Bool) {
        self.channel = channel
        self.isOpen = isOpen
        self.awaitsReady = awaitsReady
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

    func start() { thread = OSThread("mig/src/rp") { [self] in readAll() } }

    /// Before a PING with `value` is sent: a PONG that nobody has asked for ends the path.
    func expect(pong value: UInt32) {
        unsafe pthread_mutex_lock(mutex)
        asked.insert(value)
        unsafe pthread_mutex_unlock(mutex)
    }

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
        while true {
            do throws(StreamError) {
                guard let message = try ReturnPathMessage.decode(from: input) else {
                    update {
                        $0.ended = "the destination closed the connection"
                        $0.endedInOrder = true
                    }
                    return
                }
                guard take(message) else { return }
            } catch {
                if case .bytes = error.reason {
                    update { $0.ended = error.description }
                } else if isOpen {
                    update { $0.ended = error.description }
                } else {
                    ignoreRest(of: input)
                }
                return
            }
        }
    }

    /// False when no more is to be read.
    private func take(_ message: ReturnPathMessage) -> Bool {
        switch message {
        case .pong(let value):
            let features = MartletHandshake.features(fromPong: value)
            let question = features == nil ? value : MartletHandshake.pingValue
            var wasAsked = false
            update { heard in
                wasAsked = asked.remove(question) != nil
                guard wasAsked else {
                    heard.ended = "the destination answered a PING that was not sent (\(value))"
                    return
                }
                heard.pongs.insert(value)
                if question == MartletHandshake.pingValue { heard.features = features ?? [] }
            }
            return wasAsked
        case .failure(let text):
            update { if $0.failure == nil { $0.failure = MartletError(said: text) } }
            return true
        case .switchoverAcknowledged where awaitsReady:
            update { $0.isReady = true }
            return true
        case .shut(let status):
            update { $0.shut = status }
            return false
        default:
            update { $0.ended = "the destination sent a message that belongs to no capability in use" }
            return false
        }
    }

    private func ignoreRest(of input: InputBuffer) {
        do throws(ByteError) {
            while try input.peek() != nil { try input.skip(1) }
            update {
                $0.ended = "the destination closed the connection"
                $0.endedInOrder = true
            }
        } catch {
            update { $0.ended = "\(error)" }
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
