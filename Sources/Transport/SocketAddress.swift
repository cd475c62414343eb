import CPlatform
import Glibc

/// An address as the system wants it.
struct SocketAddress {
    var storage = sockaddr_storage()
    var length: socklen_t = 0
    var family: Int32 { Int32(storage.ss_family) }

    static func unix(_ path: String) throws(TransportError) -> SocketAddress {
        // A name of the abstract space ends with its last byte, a path with a zero.
        let isAbstract = path.utf8.first == 0
        guard path.utf8.count <= (isAbstract ? 108 : 107) else {
            throw TransportError("UNIX socket path '\(path)' is too long")
        }
        var result = SocketAddress()
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        unsafe withUnsafeBytes(of: address) { source in
            unsafe withUnsafeMutableBytes(of: &result.storage) { unsafe $0.copyMemory(from: source) }
        }
        result.length = socklen_t(
            isAbstract ? MemoryLayout<sa_family_t>.size + path.utf8.count : MemoryLayout<sockaddr_un>.size)
        return result
    }

    /// `struct sockaddr_vm` of Linux: family, two unused bytes, port, cid, four unused bytes.
    static func vsock(cid: UInt32, port: UInt32) -> SocketAddress {
        var result = SocketAddress()
        unsafe withUnsafeMutableBytes(of: &result.storage) { bytes in
            unsafe bytes.storeBytes(of: sa_family_t(AF_VSOCK), as: sa_family_t.self)
            unsafe bytes.storeBytes(of: port, toByteOffset: 4, as: UInt32.self)
            unsafe bytes.storeBytes(of: cid, toByteOffset: 8, as: UInt32.self)
        }
        result.length = 16
        return result
    }

    /// All addresses of a host and port.
    static func resolve(
        host: String, port: String, passive: Bool, family: MigrationAddress.Family = .any
    ) throws(TransportError) -> [SocketAddress] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_family =
            switch family {
            case .any: AF_UNSPEC
            case .ipv4: AF_INET
            case .ipv6: AF_INET6
            }
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = passive ? AI_PASSIVE : 0
        var list: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(host.isEmpty ? nil : host, port, &hints, &list)
        guard code == 0 else {
            throw TransportError(
                "address resolution failed for \(host):\(port): \(unsafe String(cString: gai_strerror(code)))"
            )
        }
        defer { unsafe freeaddrinfo(list) }
        var result: [SocketAddress] = []
        var item = unsafe list
        while let entry = unsafe item {
            var address = SocketAddress()
            if let source = unsafe entry.pointee.ai_addr {
                address.length = unsafe entry.pointee.ai_addrlen
                unsafe withUnsafeMutableBytes(of: &address.storage) {
                    unsafe $0.copyMemory(
                        from: UnsafeRawBufferPointer(start: source, count: Int(entry.pointee.ai_addrlen)))
                }
                result.append(address)
            }
            unsafe item = entry.pointee.ai_next
        }
        return result
    }

    /// Calls `body` with the address as bind and connect take it.
    func call(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var copy = storage
        return unsafe withUnsafePointer(to: &copy) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, length) }
        }
    }

    /// Host and port as numbers, for tcp.
    var numeric: (host: String, port: String)? {
        var host = [CChar](repeating: 0, count: 64)
        var port = [CChar](repeating: 0, count: 16)
        let code = unsafe call { pointer, length in
            unsafe getnameinfo(
                pointer, length, &host, socklen_t(host.count), &port, socklen_t(port.count),
                NI_NUMERICHOST | NI_NUMERICSERV)
        }
        guard code == 0 else { return nil }
        func text(_ characters: [CChar]) -> String {
            String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        return (text(host), text(port))
    }

    /// Where a socket is bound.
    static func bound(_ descriptor: Int32) -> SocketAddress {
        var result = SocketAddress()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        unsafe withUnsafeMutablePointer(to: &result.storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = unsafe getsockname(descriptor, $0, &length)
            }
        }
        result.length = length
        return result
    }
}

/// A new stream socket, closed on exec.
func newSocket(_ family: Int32) throws(TransportError) -> Int32 {
    let descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    if descriptor < 0, family == AF_VSOCK, [EAFNOSUPPORT, EPROTONOSUPPORT, ENODEV].contains(errno) {
        throw .system("vsock is not there: the kernel has no AF_VSOCK (modules vsock, vhost_vsock)")
    }
    guard descriptor >= 0 else { throw .system("Failed to create a socket") }
    return descriptor
}
