import CPlatform
import Glibc
import QAPI

@testable import QMP

/// A client made of bare system calls: it can pass descriptors, hang up halfway and refuse to read.
final class RawClient {
    let descriptor: Int32
    private var text: [UInt8] = []

    init(_ address: MonitorAddress) throws { descriptor = try Socket.connect(address) }

    init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    func send(_ text: String, passing passed: [Int32] = []) {
        var bytes = Array(text.utf8)
        unsafe bytes.withUnsafeMutableBytes { bytes in
            var piece = unsafe iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
            var control = [UInt8](repeating: 0, count: cplatform_cmsg_space(passed.count * 4))
            unsafe control.withUnsafeMutableBytes { control in
                unsafe withUnsafeMutablePointer(to: &piece) { piece in
                    var message = unsafe msghdr()
                    unsafe message.msg_iov = piece
                    unsafe message.msg_iovlen = 1
                    if !passed.isEmpty {
                        unsafe message.msg_control = control.baseAddress
                        unsafe message.msg_controllen = control.count
                        if let item = unsafe cplatform_cmsg_first(&message) {
                            unsafe item.pointee.cmsg_level = SOL_SOCKET
                            unsafe item.pointee.cmsg_type = Int32(SCM_RIGHTS)
                            unsafe item.pointee.cmsg_len = cplatform_cmsg_length(passed.count * 4)
                            unsafe memcpy(cplatform_cmsg_data(item), passed, passed.count * 4)
                        }
                    }
                    _ = unsafe sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL))
                }
            }
        }
    }

    /// Writes to what need not be a socket.
    func write(_ text: String) { _ = unsafe Glibc.write(descriptor, text, text.utf8.count) }

    /// The next line, without its end; nil when the server has closed or nothing comes for two minutes.
    func line() -> String? {
        while true {
            if let end = text.firstIndex(of: UInt8(ascii: "\n")) {
                defer { text.removeSubrange(...end) }
                return String(decoding: text[..<end].filter { $0 != UInt8(ascii: "\r") }, as: UTF8.self)
            }
            var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&ready, 1, 120_000) == 1 else { return nil }
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = unsafe read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return nil }
            text += buffer[..<count]
        }
    }

    /// Sends a command and reads one line.
    func ask(_ text: String, passing passed: [Int32] = []) -> String? {
        send(text, passing: passed)
        return line()
    }

    func negotiate() -> Bool {
        line() != nil && ask(#"{"execute":"qmp_capabilities"}"#) == #"{"return": {}}"#
    }
}
