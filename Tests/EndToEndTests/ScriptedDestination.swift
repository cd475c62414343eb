import Foundation
import Synchronization

/// Takes the place of a destination: reads what a source sends and says over the return path what a test has it say.
final class ScriptedDestination: Sendable {
    /// A message of the return path.
    enum Message {
        /// The answer to a PING.
        case pong(UInt32)
        /// The end: 0 when the guest runs at the destination.
        case shut(UInt32)

        var bytes: [UInt8] {
            func message(_ kind: UInt8, _ value: UInt32) -> [UInt8] {
                [0, kind, 0, 4] + (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
            }
            return switch self {
            case .pong(let value): message(2, value)
            case .shut(let status): message(1, status)
            }
        }
    }

    /// What is answered to a PING of this value.
    struct Answer {
        let ping: UInt32
        let message: Message

        /// A Martlet's to the source's first question: it knows the hand-over.
        static let martlet = Answer(ping: 0x4D41_524C, message: .pong(0x4D41_0003))
        /// A QEMU's to the same: the value that it was sent.
        static let qemu = Answer(ping: 0x4D41_524C, message: .pong(0x4D41_524C))
        /// All is loaded.
        static let prepared = Answer(ping: 0x4D41_5001, message: .pong(0x4D41_5001))

        /// The command as it stands in the stream.
        var question: [UInt8] { [8] + Message.pong(ping).bytes }
    }

    private let listener: UnixSocket
    private let peer = Mutex<UnixSocket?>(nil)

    /// Listens at `path` and gives `answers`. Unless it `reads`, nothing is taken from the channel, so that it fills.
    init(listenAt path: String, answers: [Answer] = [], reads: Bool = true) throws {
        let listener = try UnixSocket.listening(at: path)
        self.listener = listener
        Thread { [self] in
            guard let source = listener.accepted() else { return }
            peer.withLock { $0 = source }
            var last: [UInt8] = []
            while reads {
                let bytes = source.read()
                if bytes.isEmpty { return }
                // A question may come in two pieces.
                let seen = Data(last + bytes)
                for answer in answers where seen.range(of: Data(answer.question)) != nil {
                    source.write(answer.message.bytes)
                }
                last = bytes.suffix(8)
            }
        }.start()
    }

    deinit { hangUp() }

    func say(_ message: Message) { peer.withLock { $0 }?.write(message.bytes) }

    /// Ends the connection in order.
    func hangUp() {
        listener.end()
        peer.withLock { $0 }?.end()
    }
}
