import CPlatform
import Glibc
import QAPI

/// Stream sockets for monitors: made, bound, connected. All are closed on exec.
enum Socket {
    private static let stream = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)

    /// A listening socket. A file that a dead server left behind is replaced; a live one keeps its name.
    static func listen(_ address: MonitorAddress) throws(QAPIError) -> Int32 {
        switch address {
        case .unix(let path):
            let descriptor = socket(AF_UNIX, stream, 0)
            guard descriptor >= 0 else { throw failure("create socket for", address) }
            removeStale(path)
            try check(descriptor, "bind socket to", address) { descriptor throws(QAPIError) in
                try unsafe withUnixAddress(path) { unsafe bind(descriptor, $0, $1) }
            }
            try check(descriptor, "listen on socket", address) { descriptor in Glibc.listen(descriptor, 16) }
            return descriptor
        case .tcp(let host, let port):
            return try unsafe withInternetAddresses(host, port, passive: true, "bind socket to") {
                descriptor, info in
                var yes: Int32 = 1
                unsafe setsockopt(
                    descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
                guard unsafe bind(descriptor, info.pointee.ai_addr, info.pointee.ai_addrlen) == 0 else {
                    return false
                }
                return Glibc.listen(descriptor, 16) == 0
            }
        }
    }

    /// A socket connected to `address`; blocks until it is.
    static func connect(_ address: MonitorAddress) throws(QAPIError) -> Int32 {
        switch address {
        case .unix(let path):
            let descriptor = socket(AF_UNIX, stream, 0)
            guard descriptor >= 0 else { throw failure("create socket for", address) }
            try check(descriptor, "connect to", address) { descriptor throws(QAPIError) in
                try unsafe withUnixAddress(path) { unsafe Glibc.connect(descriptor, $0, $1) }
            }
            return descriptor
        case .tcp(let host, let port):
            return try unsafe withInternetAddresses(host, port, passive: false, "connect to") {
                descriptor, info in
                unsafe Glibc.connect(descriptor, info.pointee.ai_addr, info.pointee.ai_addrlen) == 0
            }
        }
    }

    /// The next client of a listening socket.
    /// - Returns: nil with `errno` set if there is none.
    static func accept(_ listener: Int32) -> Int32? {
        let descriptor = Glibc.accept(listener, nil, nil)
        guard descriptor >= 0 else { return nil }
        _ = cplatform_fcntl_int(descriptor, F_SETFD, FD_CLOEXEC)
        var yes: Int32 = 1
        // Fails on a Unix-domain socket, where there is nothing to switch off.
        unsafe setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        return descriptor
    }

    /// The port a TCP socket is bound to.
    static func port(of descriptor: Int32) -> UInt16? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let isKnown = unsafe withUnsafeMutableBytes(of: &storage) { bytes in
            guard let address = unsafe bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else {
                return false
            }
            return unsafe getsockname(descriptor, address, &length) == 0
        }
        guard isKnown, [AF_INET, AF_INET6].contains(Int32(storage.ss_family)) else { return nil }
        // The port stands at the same place in both families, in network order.
        return unsafe withUnsafeBytes(of: &storage) { unsafe UInt16($0[2]) << 8 | UInt16($0[3]) }
    }

    static func isSocket(_ descriptor: Int32) -> Bool {
        var information = stat()
        return unsafe fstat(descriptor, &information) == 0 && information.st_mode & S_IFMT == S_IFSOCK
    }

    /// Makes a socket of the parent process this one's own, so that no program that is started inherits it.
    ///
    /// - Throws: when it is no socket, or listens although a connection is asked for, or the other way round.
    static func own(_ descriptor: Int32, isListening: Bool) throws(QAPIError) {
        guard isSocket(descriptor) else { throw .generic("File descriptor \(descriptor) is not a socket") }
        var listens: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        _ = unsafe getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size)
        guard isListening == (listens != 0) else {
            throw .generic(
                isListening
                    ? "File descriptor \(descriptor) is a connection, not a socket that listens: leave out 'server=on'"
                    : "File descriptor \(descriptor) listens: add 'server=on'")
        }
        _ = cplatform_fcntl_int(descriptor, F_SETFD, FD_CLOEXEC)
    }

    private static func removeStale(_ path: String) {
        var information = stat()
        guard unsafe lstat(path, &information) == 0, information.st_mode & S_IFMT == S_IFSOCK else { return }
        if let live = try? connect(.unix(path: path)) {
            close(live)
        } else {
            unsafe unlink(path)
        }
    }

    private static func failure(_ verb: String, _ address: MonitorAddress) -> QAPIError {
        .generic("Failed to \(verb) \(address): \(unsafe String(cString: strerror(errno)))")
    }

    private static func check(
        _ descriptor: Int32, _ verb: String, _ address: MonitorAddress,
        _ call: (Int32) throws(QAPIError) -> Int32
    ) throws(QAPIError) {
        do throws(QAPIError) {
            guard try call(descriptor) == 0 else { throw failure(verb, address) }
        } catch {
            close(descriptor)
            throw error
        }
    }

    private static func withUnixAddress(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(QAPIError) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty else { throw .generic("invalid Unix socket address") }
        let isTooLong = unsafe withUnsafeMutableBytes(of: &address.sun_path) { target in
            guard bytes.count < target.count else { return true }
            unsafe target.copyBytes(from: bytes)
            return false
        }
        if isTooLong { throw .generic("UNIX socket path '\(path)' is too long") }
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    /// Tries the host's addresses in turn until `use` succeeds on one.
    private static func withInternetAddresses(
        _ host: String, _ port: String, passive: Bool, _ verb: String,
        _ use: (Int32, UnsafeMutablePointer<addrinfo>) -> Bool
    ) throws(QAPIError) -> Int32 {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = passive ? AI_PASSIVE : 0
        var list: UnsafeMutablePointer<addrinfo>?
        let status = unsafe getaddrinfo(host.isEmpty ? nil : host, port, &hints, &list)
        guard status == 0 else {
            let reason = unsafe String(cString: gai_strerror(status))
            throw .generic("address resolution failed for \(host):\(port): \(reason)")
        }
        defer { unsafe freeaddrinfo(list) }
        var next = unsafe list
        while let info = unsafe next {
            let descriptor = unsafe socket(info.pointee.ai_family, stream, info.pointee.ai_protocol)
            if descriptor >= 0 {
                if unsafe use(descriptor, info) { return descriptor }
                let code = errno
                close(descriptor)
                errno = code
            }
            unsafe next = info.pointee.ai_next
        }
        throw failure(verb, .tcp(host: host, port: port))
    }
}
