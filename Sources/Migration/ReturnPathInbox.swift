import Bytes
import MigrationStream
import Threads
import Transport

import struct QAPI.MartletError

/// What the destination has said in the channel's other direction, read by a thread of its own.
///
/// Without the capability return-path a QEMU says nothing there, and a Martlet that fails says so (FAILURE, SHUT);
/// anything else, such as what a program of `exec:` prints, is read and ignored.
final class ReturnPathInbox: @unchecked Sendable {
    // Sendable: what the threads share is in `state`.
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

    private struct State {
        var heard = Heard()
        var asked: Set<UInt32> = []
    }

    private let state = SharedState(State())
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
    }

    func start() throws(OutgoingMigration.Failure) {
        thread = OSThread(ifPossible: "mig/src/rp") { [self] in readAll() }
        if thread == nil { throw .kept(OSThread.noRoom.description) }
    }

    /// Before a PING with `value` is sent: a PONG that nobody has asked for ends the path.
    func expect(pong value: UInt32) {
        state.update { _ = $0.asked.insert(value) }
    }

    /// After the channel was shut down.
    func join() {
        thread?.join()
        thread = nil
    }

    private func update(_ change: (inout Heard) -> Void) { state.update { change(&$0.heard) } }

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
            return state.update { state in
                guard state.asked.remove(question) != nil else {
                    state.heard.ended = "the destination answered a PING that was not sent (\(value))"
                    return false
                }
                state.heard.pongs.insert(value)
                if question == MartletHandshake.pingValue { state.heard.features = features ?? [] }
                return true
            }
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
    var now: Heard { state.read { $0.heard } }

    /// Waits until `isDone`, the path's end, SHUT, or the time's end.
    func wait(milliseconds: Int, until isDone: (Heard) -> Bool) -> Heard {
        let found = state.wait(milliseconds: milliseconds) { state -> Heard? in
            let heard = state.heard
            return isDone(heard) || heard.shut != nil || heard.ended != nil ? heard : nil
        }
        return found ?? now
    }
}
