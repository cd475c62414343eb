import CPlatform  // SOCK_STREAM: which module shows it depends on what else is compiled
import Glibc

/// A socket that listens and takes no more connections: one waits in its queue, the next never gets an answer.
func fullListener() throws -> ([UnixSocket], UInt16) {
    let port = try freePort()
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    address.sin_port = port.bigEndian
    let sockets = (0..<2).map { _ in
        UnixSocket(descriptor: socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
    }
    let length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let done = unsafe withUnsafePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
            unsafe bind(sockets[0].descriptor, generic, length) == 0
                && listen(sockets[0].descriptor, 0) == 0
                && connect(sockets[1].descriptor, generic, length) == 0
        }
    }
    guard done else { throw Failure("no full listener") }
    return (sockets, port)
}
