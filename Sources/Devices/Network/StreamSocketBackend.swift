import CPlatform
import CSlirp  // for sockaddr_in, which comes with its header
import Glibc
import Synchronization
import Threads

/// `-netdev socket` and `-netdev stream`: frames over a stream socket, each behind its length in 4 bytes,
/// big-endian. A server serves one peer after the other; a client has its one connection.
public final class StreamSocketBackend: NetworkBackend {
    private struct Link {
        var listener: Int32 = -1
        var peer: Int32 = -1
        var isStopping = false
        var thread: OSThread?
    }

    private let link: Mutex<Link>
    /// Frames of the guest, one at a time.
    private let sending = Mutex<Void>(())
    /// Longest frame that is taken from a peer.
    private static let frameMax = 69632
    /// How long a peer may be slow, in microseconds; then frames are lost.
    private static let sendTimeout = 50_000

    /// Waits for peers at an address.
    public convenience init(listen address: StreamSocketAddress) throws(NetworkError) {
        let descriptor = try unsafe address.open { descriptor, name, length in
            unsafe bind(descriptor, name, length) == 0 && listen(descriptor, 1) == 0
        }
        self.init(Link(listener: descriptor))
    }

    /// Connects to a peer, which must be there.
    public convenience init(connect address: StreamSocketAddress) throws(NetworkError) {
        let descriptor = try unsafe address.open { descriptor, name, length in
            unsafe connect(descriptor, name, length) == 0
        }
        self.init(Link(peer: descriptor))
    }

    /// A connected stream socket, owned from here on.
    public convenience init(connected descriptor: Int32) { self.init(Link(peer: descriptor)) }

    private init(_ link: Link) {
        self.link = Mutex(link)
        if link.peer >= 0 { StreamSocketBackend.prepare(link.peer) }
    }

    deinit {
        link.withLock { link in
            if link.listener >= 0 { close(link.listener) }
            if link.peer >= 0 { close(link.peer) }
        }
    }

    /// The port that a TCP server was given, when it asked for 0.
    public var port: UInt16? {
        link.withLock { link in
            var name = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let result = unsafe withUnsafeMutablePointer(to: &name) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe getsockname(link.listener, $0, &length)
                }
            }
            return result == 0 && name.sin_family == sa_family_t(AF_INET)
                ? UInt16(bigEndian: name.sin_port) : nil
        }
    }

    private static func prepare(_ descriptor: Int32) {
        var one: Int32 = 1
        unsafe setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        var timeout = timeval(tv_sec: 0, tv_usec: sendTimeout)
        unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    }

    public func start(_ receive: @escaping @Sendable ([UInt8]) -> Void) {
        let thread = OSThread("net-socket") { [self] in run(receive) }
        link.withLock { $0.thread = thread }
    }

    private func run(_ receive: @Sendable ([UInt8]) -> Void) {
        while true {
            let (listener, peer, isStopping) = link.withLock { ($0.listener, $0.peer, $0.isStopping) }
            if isStopping { return }
            if peer >= 0 {
                serve(peer, receive)
                dropPeer(peer)
                if listener < 0 { return }
            } else {
                let accepted = accept(listener, nil, nil)
                if accepted < 0 {
                    if errno == EINTR || errno == ECONNABORTED { continue }
                    return
                }
                _ = cplatform_fcntl_int(accepted, F_SETFD, FD_CLOEXEC)
                StreamSocketBackend.prepare(accepted)
                link.withLock { $0.peer = accepted }
            }
        }
    }

    private func serve(_ peer: Int32, _ receive: @Sendable ([UInt8]) -> Void) {
        while let header = StreamSocketBackend.receive(peer, count: 4) {
            let length = header.reduce(0) { $0 << 8 | Int($1) }
            guard length <= StreamSocketBackend.frameMax,
                let frame = StreamSocketBackend.receive(peer, count: length)
            else { return }
            if length > 0 { receive(frame) }
        }
    }

    private static func receive(_ peer: Int32, count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = unsafe bytes.withUnsafeMutableBytes {
                unsafe recv(peer, $0.baseAddress.map { unsafe $0 + filled }, count - filled, 0)
            }
            if got > 0 {
                filled += got
            } else if got == 0 || errno != EINTR {
                return nil
            }
        }
        return bytes
    }

    private func dropPeer(_ peer: Int32) {
        // Nobody may be sending to the number when it is given to something else.
        sending.withLock { _ in
            link.withLock { if $0.peer == peer { $0.peer = -1 } }
            close(peer)
        }
    }

    public func send(_ frame: [UInt8]) {
        let count = UInt32(clamping: frame.count)
        let packet = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) } + frame
        sending.withLock { _ in
            let peer = link.withLock { $0.peer }
            guard peer >= 0 else { return }
            var sent = 0
            while sent < packet.count {
                let got = unsafe packet.withUnsafeBytes {
                    unsafe Glibc.send(
                        peer, $0.baseAddress.map { unsafe $0 + sent }, packet.count - sent,
                        Int32(MSG_NOSIGNAL))
                }
                if got > 0 {
                    sent += got
                } else if errno != EINTR {
                    // Part of a frame cannot be taken back: the connection is of no use any more.
                    if sent > 0 || errno != EAGAIN { shutdown(peer, Int32(SHUT_RDWR)) }
                    return
                }
            }
        }
    }

    public func stop() {
        let thread = link.withLock { link in
            link.isStopping = true
            if link.listener >= 0 { shutdown(link.listener, Int32(SHUT_RDWR)) }
            if link.peer >= 0 { shutdown(link.peer, Int32(SHUT_RDWR)) }
            defer { link.thread = nil }
            return link.thread
        }
        thread?.join()
    }
}
