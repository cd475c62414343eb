import CPlatform
import Files
import Glibc
import Synchronization

/// Waits for the source of a migration: bound sockets, or a channel that exists from the start.
public final class Listener: Sendable {
    private let sockets: [Int32]
    private let ready: Mutex<Channel?>
    private let path: String?
    private let wake = Wake()
    private let turns = Atomic<Int>(0)
    /// Addresses really bound, with the port that the system chose for port 0; empty for fd, exec and file.
    public let addresses: [MigrationAddress]
    /// True when a further connection can come after the first.
    public var canAcceptAgain: Bool { !sockets.isEmpty }

    /// Opens `address` for receiving.
    public init(_ address: MigrationAddress, descriptor: (String) -> Int32? = { Int32($0) })
        throws(TransportError)
    {
        switch address {
        case .tcp(let host, let port, let to, let family):
            let bound = try Self.bindTCP(host, port, to, family)
            sockets = bound
            addresses = bound.compactMap { SocketAddress.bound($0).numeric }
                .map { .tcp(host: $0.host, port: $0.port, to: nil) }
            ready = Mutex(nil)
            path = nil
        case .vsock(let cid, let port):
            let socket = try newSocket(AF_VSOCK)
            do throws(TransportError) {
                try Self.bind(socket, .vsock(cid: cid, port: port), address.uri)
            } catch {
                _ = Glibc.close(socket)
                throw error
            }
            (sockets, addresses, path) = ([socket], [address], nil)
            ready = Mutex(nil)
        case .unix(let path):
            let socket = try newSocket(AF_UNIX)
            let isFile = path.utf8.first != 0
            // What an earlier process left; as QEMU does.
            if isFile { _ = unsafe unlink(path) }
            do throws(TransportError) {
                try Self.bind(socket, try .unix(path), path)
            } catch {
                _ = Glibc.close(socket)
                throw error
            }
            sockets = [socket]
            addresses = [address]
            ready = Mutex(nil)
            self.path = isFile ? path : nil
        case .fd(let name):
            (sockets, addresses, path) = ([], [], nil)
            ready = Mutex(try Channel.named(name, descriptor))
        case .exec(let arguments):
            (sockets, addresses, path) = ([], [], nil)
            ready = Mutex(try Channel.spawn(arguments))
        case .file(let name, let offset):
            (sockets, addresses, path) = ([], [], nil)
            let file = openFile(name, O_RDONLY | O_NONBLOCK)
            guard file >= 0 else { throw .system("Could not open '\(name)'") }
            guard let position = off_t(exactly: offset), lseek(file, position, SEEK_SET) == position else {
                _ = Glibc.close(file)
                throw TransportError("Could not seek in '\(name)'")
            }
            ready = Mutex(Channel(taking: file))
        }
    }

    deinit { close() }

    /// What has come.
    public enum Arrival: Sendable {
        case connection(Channel)
        /// The channels at these places of those that were given have something to read.
        case readable([Int])
        /// Nothing, for as long as was asked for.
        case nothing
    }

    /// Waits for the next connection. Throws when ``cancel()`` was called.
    public func accept() throws(TransportError) -> Channel {
        while true {
            if case .connection(let channel) = try accept(orReadable: []) { return channel }
        }
    }

    /// Waits for the next connection, or for one of `channels` to have something to read.
    ///
    /// - Parameter milliseconds: how long at most, nil: without end.
    public func accept(
        orReadable channels: [Channel], milliseconds: Int? = nil
    ) throws(TransportError) -> Arrival {
        let waiting = ready.withLock { channel in
            defer { channel = nil }
            return channel
        }
        if let waiting { return .connection(waiting) }
        guard !sockets.isEmpty || !channels.isEmpty else {
            throw TransportError("no further connection can come")
        }
        while true {
            let descriptors = sockets + channels.map(\.descriptor)
            let found: [Int]
            switch wake.wait(descriptors, POLLIN, milliseconds: milliseconds) {
            case .woken: throw TransportError(errno: ECANCELED, "the listener was closed")
            case .failed(let code): throw .system("Unable to accept a connection", code)
            case .timedOut: return .nothing
            case .ready(let ready): found = ready
            }
            let readable = found.filter { $0 >= sockets.count }.map { $0 - sockets.count }
            // In turn: neither who sends without end nor who connects without end keeps the others waiting.
            let turn = turns.wrappingAdd(1, ordering: .relaxed).newValue
            if !readable.isEmpty, readable.count == found.count || turn % 2 == 0 {
                return .readable(readable)
            }
            for index in found where index < sockets.count {
                let descriptor = Glibc.accept(sockets[index], nil, nil)
                guard descriptor >= 0 else {
                    if [EINTR, EAGAIN, ECONNABORTED].contains(errno) { continue }
                    throw .system("Unable to accept a connection")
                }
                Channel.tune(descriptor, SocketAddress.bound(sockets[index]).family)
                return .connection(Channel(taking: descriptor))
            }
        }
    }

    /// Ends a wait in ``accept()``, from any thread.
    public func cancel() { wake.set() }

    private let isClosed = Mutex(false)

    /// Closes the sockets and removes the socket file. Not while another thread is in ``accept()``.
    public func close() {
        wake.set()
        let first = isClosed.withLock { closed in
            defer { closed = true }
            return !closed
        }
        guard first else { return }
        for socket in sockets { _ = Glibc.close(socket) }
        if let path { _ = unsafe unlink(path) }
    }

    private static func bindTCP(
        _ host: String, _ port: String, _ to: UInt16?, _ family: MigrationAddress.Family
    ) throws(TransportError) -> [Int32] {
        let start = UInt16(port)
        let ports = start.flatMap { first in to.flatMap { $0 >= first ? (first...$0).map { "\($0)" } : nil } }
        var last = TransportError("no address for \(host):\(port)")
        nextPort: for port in ports ?? [port] {
            let candidates = try SocketAddress.resolve(host: host, port: port, passive: true, family: family)
            var bound: [Int32] = []
            // A name may have an address of each family, and a source comes by either. With port 0 they would get
            // different ports.
            for candidate in candidates.prefix(start == 0 ? 1 : candidates.count) {
                do throws(TransportError) {
                    bound.append(try listenTCP(candidate, "\(host):\(port)"))
                } catch {
                    last = error
                    // Somebody else's: the source would come to them. A family that is not there is no loss.
                    guard error.errno == EADDRINUSE else { continue }
                    for socket in bound { _ = Glibc.close(socket) }
                    continue nextPort
                }
            }
            if !bound.isEmpty { return bound }
        }
        throw last
    }

    private static func listenTCP(_ address: SocketAddress, _ name: String) throws(TransportError) -> Int32 {
        let socket = try newSocket(address.family)
        var on: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        _ = unsafe setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, size)
        if address.family == AF_INET6 {
            // IPv4 has a socket of its own.
            _ = unsafe setsockopt(socket, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &on, size)
        }
        do throws(TransportError) {
            try bind(socket, address, name)
        } catch {
            _ = Glibc.close(socket)
            throw error
        }
        return socket
    }

    /// Connections that wait to be accepted: a migration has up to 256.
    private static let backlog: Int32 = 256

    private static func bind(
        _ socket: Int32, _ address: SocketAddress, _ name: String
    ) throws(TransportError) {
        guard unsafe address.call({ unsafe Glibc.bind(socket, $0, $1) }) == 0 else {
            throw .system("Failed to bind socket to \(name)")
        }
        guard listen(socket, backlog) == 0 else { throw .system("Failed to listen on socket") }
        _ = cplatform_fcntl_int(socket, F_SETFL, O_NONBLOCK)
    }
}
