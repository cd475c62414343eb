import CPlatform
import Glibc
import Synchronization
import Threads

/// Two connected channels with a hand on the wire between them: for tests of everything that a network can do.
public final class CuttingLink: Sendable {
    /// What happens to the connection at a chosen byte.
    public enum Fault: Sendable, CaseIterable {
        /// Both directions end at once, unread bytes are lost.
        case reset
        /// The receiver reads an orderly end; the sender finds the connection closed.
        case end
        /// Nothing moves any more, and nobody is told.
        case stall
    }
    public enum Direction: Sendable, CaseIterable { case toDestination, toSource }
    /// Where and how to cut.
    public struct Cut: Sendable {
        public var direction: Direction
        /// This many bytes pass.
        public var byte: Int
        public var fault: Fault

        public init(_ direction: Direction, byte: Int, _ fault: Fault) {
            self.direction = direction
            self.byte = byte
            self.fault = fault
        }
    }

    /// The ends that the two sides use.
    public let source: Channel
    public let destination: Channel
    private let inner: (source: Int32, destination: Int32)
    private let passed = Mutex((toDestination: 0, toSource: 0))
    private let threads = Mutex<[OSThread]>([])
    private let stop = Wake()

    /// - Parameter cut: nil only counts.
    public init(cut: Cut? = nil) throws(TransportError) {
        let (outerSource, innerSource) = try Channel.socketPair()
        let (outerDestination, innerDestination) = try Channel.socketPair()
        source = Channel(taking: outerSource)
        destination = Channel(taking: outerDestination)
        inner = (innerSource, innerDestination)
        let forward = OSThread("link-out") { [self] in
            pump(innerSource, innerDestination, .toDestination, cut)
        }
        let back = OSThread("link-back") { [self] in
            pump(innerDestination, innerSource, .toSource, cut)
        }
        threads.withLock { $0 = [forward, back] }
    }

    /// Bytes that have passed so far.
    public var bytes: (toDestination: Int, toSource: Int) { passed.withLock { $0 } }

    /// Ends the link; both sides are closed.
    public func finish() {
        stop.set()
        source.shutdown()
        destination.shutdown()
        let all = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in all { thread.join() }
        if !all.isEmpty {
            _ = Glibc.close(inner.source)
            _ = Glibc.close(inner.destination)
        }
    }

    private func pump(_ from: Int32, _ to: Int32, _ direction: Direction, _ cut: Cut?) {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        var count = 0
        let limit = cut.flatMap { $0.direction == direction ? $0.byte : nil }
        while true {
            if let limit, count >= limit, let cut {
                fail(cut.fault, to)
                return
            }
            guard case .ready = stop.wait(from, POLLIN, milliseconds: nil) else { return }
            let wanted = min(buffer.count, limit.map { $0 - count } ?? buffer.count)
            let got = unsafe recv(from, &buffer, wanted, 0)
            guard got > 0 else {
                _ = shutdown(to, Int32(SHUT_WR))
                return
            }
            var sent = 0
            while sent < got {
                let room = got - sent
                let done = unsafe buffer.withUnsafeBytes { bytes in
                    unsafe send(
                        to, bytes.baseAddress.map { unsafe $0 + sent }, room,
                        Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
                }
                if done > 0 {
                    sent += done
                } else if errno == EAGAIN {
                    guard case .ready = stop.wait(to, POLLOUT, milliseconds: nil) else { return }
                } else {
                    // The receiver is gone: the sender must find that out, and hear what was said before.
                    _ = shutdown(from, Int32(SHUT_RD))
                    return
                }
            }
            count += got
            passed.withLock {
                if direction == .toDestination { $0.toDestination = count } else { $0.toSource = count }
            }
        }
    }

    private func fail(_ fault: Fault, _ to: Int32) {
        switch fault {
        case .reset:
            _ = shutdown(inner.source, Int32(SHUT_RDWR))
            _ = shutdown(inner.destination, Int32(SHUT_RDWR))
        case .end:
            _ = shutdown(to, Int32(SHUT_WR))
            let from = to == inner.destination ? inner.source : inner.destination
            _ = shutdown(from, Int32(SHUT_RD))
        case .stall: break
        }
    }
}
