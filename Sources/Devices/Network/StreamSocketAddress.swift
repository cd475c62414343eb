import CPlatform
import Glibc

/// Where a stream socket listens or connects.
public enum StreamSocketAddress: Equatable, Sendable, CustomStringConvertible {
    /// Host name or address (empty: any, or this host) and port.
    case inet(host: String, port: UInt16)
    case unix(path: String)

    public var description: String {
        switch self {
        case .inet(let host, let port): "\(host):\(port)"
        case .unix(let path): path
        }
    }

    /// `HOST:PORT` of `-netdev socket`.
    public init(hostAndPort text: String) throws(NetworkError) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw NetworkError("host address '\(text)' doesn't contain ':' separating host from port")
        }
        self = .inet(host: String(text[..<colon]), port: port)
    }

    /// A socket on which `use` has succeeded.
    func open(
        _ use: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Bool
    ) throws(NetworkError) -> Int32 {
        switch self {
        case .unix(let path): try unsafe openUnix(path, use)
        case .inet(let host, let port): try unsafe openInternet(host, port, use)
        }
    }

    private func openUnix(
        _ path: String, _ use: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Bool
    ) throws(NetworkError) -> Int32 {
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let fits = unsafe withUnsafeMutableBytes(of: &name.sun_path) { field in
            guard bytes.count < field.count else { return false }
            unsafe field.copyBytes(from: bytes)
            return true
        }
        guard fits else { throw NetworkError("socket path '\(path)' is too long") }
        let isUsed = unsafe withUnsafePointer(to: name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe attempt(AF_UNIX, pointer, socklen_t(MemoryLayout<sockaddr_un>.size), use)
            }
        }
        guard let isUsed else { throw NetworkError("cannot use '\(path)': \(systemError())") }
        return isUsed
    }

    private func openInternet(
        _ host: String, _ port: UInt16, _ use: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Bool
    ) throws(NetworkError) -> Int32 {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_PASSIVE
        var list: UnsafeMutablePointer<addrinfo>?
        let result = unsafe getaddrinfo(host.isEmpty ? "127.0.0.1" : host, String(port), &hints, &list)
        guard result == 0, let first = unsafe list else {
            throw NetworkError("cannot resolve '\(host)': \(unsafe String(cString: gai_strerror(result)))")
        }
        defer { unsafe freeaddrinfo(first) }
        var item: UnsafeMutablePointer<addrinfo>? = unsafe first
        while let info = unsafe item {
            if let name = unsafe info.pointee.ai_addr,
                let descriptor = unsafe attempt(
                    info.pointee.ai_family, name, info.pointee.ai_addrlen, use)
            {
                return descriptor
            }
            unsafe item = info.pointee.ai_next
        }
        throw NetworkError("cannot use '\(host):\(port)': \(systemError())")
    }

    /// A socket of this family, or nil with `errno`.
    private func attempt(
        _ family: Int32, _ name: UnsafePointer<sockaddr>, _ length: socklen_t,
        _ use: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Bool
    ) -> Int32? {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        var one: Int32 = 1
        unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        if unsafe use(descriptor, name, length) { return descriptor }
        let failure = errno
        close(descriptor)
        errno = failure
        return nil
    }
}
