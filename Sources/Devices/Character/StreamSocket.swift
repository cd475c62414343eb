import CPlatform  // SOCK_STREAM: which module shows it depends on what else is compiled
import Glibc

/// Listening and connected stream sockets for character backends. Blocking, close-on-exec.
public enum StreamSocket {
    /// A unix socket. A server replaces a stale socket file; with `waits` it returns
    /// once a peer has come; the descriptor is the listening one, from which the peer is taken.
    ///
    /// - Throws: ``CharacterError`` with the path and the reason.
    public static func unix(_ path: String, isServer: Bool, waits: Bool) throws(CharacterError) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw CharacterError("UNIX socket path '\(path)' is too long")
        }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        if isServer { unsafe unlink(path) }
        return try unsafe withUnsafePointer(to: &address) { (pointer) throws(CharacterError) in
            try unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                (pointer) throws(CharacterError) in
                try unsafe open(
                    "unix:\(path)", AF_UNIX, pointer, socklen_t(MemoryLayout<sockaddr_un>.size), isServer,
                    waits)
            }
        }
    }

    /// A TCP socket; an empty host means all addresses of a server, and this machine for a client.
    public static func tcp(_ host: String, _ port: String, isServer: Bool, waits: Bool) throws(CharacterError)
        -> Int32
    {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = isServer ? AI_PASSIVE : 0
        var found: UnsafeMutablePointer<addrinfo>?
        let failure = unsafe getaddrinfo(host.isEmpty ? nil : host, port, &hints, &found)
        guard failure == 0, let first = unsafe found else {
            throw CharacterError(
                "cannot resolve '\(host):\(port)': \(unsafe String(cString: gai_strerror(failure)))")
        }
        defer { unsafe freeaddrinfo(found) }
        guard let address = unsafe first.pointee.ai_addr else {
            throw CharacterError("cannot resolve '\(host):\(port)'")
        }
        return try unsafe open(
            "tcp:\(host):\(port)", first.pointee.ai_family, address, first.pointee.ai_addrlen, isServer, waits
        )
    }

    private static func open(
        _ name: String, _ family: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t,
        _ isServer: Bool,
        _ waits: Bool
    ) throws(CharacterError) -> Int32 {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw CharacterError("cannot make a socket for '\(name)'", errno) }
        if isServer {
            var yes: Int32 = 1
            unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
            guard unsafe bind(descriptor, address, length) == 0, listen(descriptor, 8) == 0 else {
                let code = errno
                close(descriptor)
                throw CharacterError("cannot listen on '\(name)'", code)
            }
            guard waits else { return descriptor }
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            while unsafe poll(&waiting, 1, -1) < 0 {
                guard errno == EINTR else { throw CharacterError("nobody connected to '\(name)'", errno) }
            }
            return descriptor
        }
        guard unsafe connect(descriptor, address, length) == 0 else {
            let code = errno
            close(descriptor)
            throw CharacterError("cannot connect to '\(name)'", code)
        }
        return descriptor
    }
}
