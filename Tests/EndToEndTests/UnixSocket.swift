import CPlatform  // SOCK_STREAM: which module shows it depends on what else is compiled
import Glibc

/// A blocking stream socket, read by one thread and written by others.
final class UnixSocket: Sendable {
    let descriptor: Int32

    init(descriptor: Int32) { self.descriptor = descriptor }

    /// Connects to a unix socket at `path`; nil when nobody listens there (yet).
    init?(path: String) {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        self.descriptor = descriptor
        let connected = unsafe withUnixAddress(path) { address, length in
            unsafe connect(descriptor, address, length) == 0
        }
        // A failed initialiser of a class runs `deinit`, which closes.
        guard connected else { return nil }
    }

    deinit { close(descriptor) }

    /// Ends both directions, so that a thread which reads wakes up.
    func end() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// The next bytes, or none at the end of the stream.
    func read(atMost limit: Int = 65536) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            let got = unsafe recv(descriptor, buffer.baseAddress, limit, 0)
            count = max(got, 0)
        }
    }

    /// Writes all bytes; false when the other side is gone.
    @discardableResult
    func write(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let got = unsafe bytes.withUnsafeBytes { buffer in
                unsafe send(
                    descriptor, buffer.baseAddress?.advanced(by: sent), bytes.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            if got <= 0 { return false }
            sent += got
        }
        return true
    }

    /// A socket that listens at `path`, taking the place of what was there.
    static func listening(at path: String) throws -> UnixSocket {
        unsafe unlink(path)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let bound = unsafe withUnixAddress(path) { address, length in
            unsafe bind(descriptor, address, length) == 0
        }
        guard bound, listen(descriptor, 4) == 0 else { throw Failure("cannot listen at \(path)") }
        return UnixSocket(descriptor: descriptor)
    }

    /// The next connection of a listening socket; nil once it was ended.
    func accepted() -> UnixSocket? {
        let next = accept(descriptor, nil, nil)
        return next < 0 ? nil : UnixSocket(descriptor: next)
    }
}

private func withUnixAddress<Result>(
    _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
) -> Result {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8.prefix(107))
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { field in
        unsafe field.copyBytes(from: bytes)
    }
    return unsafe withUnsafePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
            unsafe body(generic, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
}
