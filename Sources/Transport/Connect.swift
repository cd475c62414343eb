import CPlatform
import Files
import Glibc

extension Channel {
    /// Opens the way to `address` for sending.
    ///
    /// - Parameters:
    ///   - wake: set it to give up while the connection is being made.
    ///   - descriptor: finds and hands over the descriptor of an `fd:` name; nil when there is none.
    public static func outgoing(
        to address: MigrationAddress, wake: Wake, descriptor: (String) -> Int32? = { Int32($0) }
    ) throws(TransportError) -> Channel {
        switch address {
        case .tcp(let host, let port, _, let family):
            var last = TransportError("no address for \(host):\(port)")
            for candidate in try SocketAddress.resolve(
                host: host, port: port, passive: false, family: family)
            {
                do throws(TransportError) {
                    return try connect(candidate, "\(host):\(port)", wake)
                } catch {
                    last = error
                    if wake.isSet { break }
                }
            }
            throw last
        case .unix(let path): return try connect(try .unix(path), path, wake)
        case .vsock(let cid, let port): return try connect(.vsock(cid: cid, port: port), address.uri, wake)
        case .fd(let name): return try named(name, descriptor)
        case .exec(let arguments): return try spawn(arguments)
        case .file(let path, let offset):
            // Not blocking: a named pipe that nobody reads is an error.
            let file = openFile(path, O_WRONLY | O_CREAT | O_NONBLOCK, 0o600)
            guard file >= 0 else { throw .system("Could not create '\(path)'") }
            guard let position = off_t(exactly: offset), ftruncate(file, position) == 0,
                lseek(file, position, SEEK_SET) == position
            else {
                let code = errno
                _ = Glibc.close(file)
                throw .system("Could not set the size of '\(path)'", code)
            }
            return Channel(taking: file)
        }
    }

    static func named(
        _ name: String, _ descriptor: (String) -> Int32?
    ) throws(TransportError) -> Channel {
        guard let number = descriptor(name), cplatform_fcntl_int(number, F_GETFD, 0) >= 0 else {
            throw TransportError("File descriptor named '\(name)' has not been found")
        }
        return Channel(taking: number)
    }

    private static func connect(
        _ address: SocketAddress, _ name: String, _ wake: Wake
    ) throws(TransportError) -> Channel {
        let descriptor = try newSocket(address.family)
        _ = cplatform_fcntl_int(descriptor, F_SETFL, O_NONBLOCK)
        var code: Int32 = 0
        if unsafe address.call({ unsafe Glibc.connect(descriptor, $0, $1) }) != 0 {
            code = errno
            if code == EINPROGRESS {
                switch wake.wait(descriptor, POLLOUT, milliseconds: nil) {
                case .ready:
                    var length = socklen_t(MemoryLayout<Int32>.size)
                    _ = unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
                case .woken, .timedOut: code = ECANCELED
                case .failed(let error): code = error
                }
            }
        }
        guard code == 0 else {
            _ = Glibc.close(descriptor)
            throw .system("Failed to connect to '\(name)'", code)
        }
        tune(descriptor, address.family)
        return Channel(taking: descriptor)
    }

    /// Small messages go at once; the kernel notices a dead peer.
    static func tune(_ descriptor: Int32, _ family: Int32) {
        guard family == AF_INET || family == AF_INET6 else { return }
        var on: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        _ = unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, size)
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, size)
    }

    /// Runs a program whose standard input and output are the other end.
    static func spawn(_ arguments: [String]) throws(TransportError) -> Channel {
        guard let program = arguments.first else { throw TransportError("no program to execute") }
        let (ours, theirs) = try socketPair()
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, theirs, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, theirs, 1)
        var texts: [UnsafeMutablePointer<CChar>?] = unsafe arguments.map { unsafe strdup($0) }
        unsafe texts.append(nil)
        defer { unsafe texts.forEach { unsafe free($0) } }
        var child: pid_t = 0
        let code = unsafe posix_spawn(&child, program, &actions, nil, texts, environ)
        _ = Glibc.close(theirs)
        guard code == 0 else {
            _ = Glibc.close(ours)
            throw TransportError(
                errno: code, "Failed to execute child process “\(program)” (\(errorText(code)))")
        }
        return Channel(taking: ours, child: child)
    }

    /// Two connected sockets.
    static func socketPair() throws(TransportError) -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw .system("Failed to create a socket pair")
        }
        return (ends[0], ends[1])
    }

    /// Two channels in this process that are each other's peer.
    public static func pair() throws(TransportError) -> (Channel, Channel) {
        let (one, other) = try socketPair()
        return (Channel(taking: one), Channel(taking: other))
    }
}
