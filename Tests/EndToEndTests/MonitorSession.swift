import CPlatform
import Glibc
import QAPI

/// A client's side of a monitor, byte by byte: for what no well-behaved client would send.
final class MonitorSession {
    private let socket: UnixSocket
    private let lines: Lines
    /// Lines that were read as answers so far.
    private var read = 0

    /// Takes the greeting; negotiates if asked to.
    init(path: String, negotiates: Bool) throws {
        let socket = try waitFor("answer at \(path)", seconds: 120) { UnixSocket(path: path) }
        self.socket = socket
        lines = Lines(socket)
        _ = try answers(1)
        guard negotiates else { return }
        send(Array("{\"execute\":\"qmp_capabilities\"}\n".utf8))
        _ = try answers(1)
    }

    func send(_ bytes: [UInt8]) { socket.write(bytes) }

    /// Sends bytes with a descriptor beside them.
    func send(_ bytes: [UInt8], passing descriptor: Int32) { socket.write(bytes, passing: descriptor) }

    /// The next `count` answers, and what stands behind them already.
    func answers(_ count: Int) throws -> [JSONValue] {
        var found: [JSONValue] = []
        _ = try waitFor("answer number \(count)", seconds: 120) { () throws -> Bool? in
            for line in lines.all(from: read) {
                read = line.index + 1
                let message = try JSONValue(parsing: line.text)
                if message["event"] == nil { found.append(message) }
            }
            return found.count >= count ? true : nil
        }
        answerCount += found.count
        return found
    }

    /// How many answers were read, the greeting included.
    private(set) var answerCount = 0

    /// Events so far, without their time, each with the number of answers before it.
    func events() throws -> [(event: JSONValue, answersBefore: Int)] {
        var result: [(event: JSONValue, answersBefore: Int)] = []
        var answers = 0
        for line in lines.all() {
            let message = try JSONValue(parsing: line.text)
            guard var event = message.object, event["event"] != nil else {
                answers += 1
                continue
            }
            event["timestamp"] = nil
            result.append((.object(event), answers))
        }
        return result
    }
}

extension UnixSocket {
    /// Writes bytes with a descriptor beside them (`SCM_RIGHTS`).
    func write(_ bytes: [UInt8], passing passed: Int32) {
        var bytes = bytes
        var control = [UInt8](repeating: 0, count: cplatform_cmsg_space(MemoryLayout<Int32>.size))
        unsafe bytes.withUnsafeMutableBytes { bytes in
            var piece = unsafe iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
            unsafe control.withUnsafeMutableBytes { control in
                unsafe withUnsafeMutablePointer(to: &piece) { piece in
                    var message = unsafe msghdr()
                    unsafe message.msg_iov = piece
                    unsafe message.msg_iovlen = 1
                    unsafe message.msg_control = control.baseAddress
                    unsafe message.msg_controllen = control.count
                    if let item = unsafe cplatform_cmsg_first(&message) {
                        unsafe item.pointee.cmsg_level = SOL_SOCKET
                        unsafe item.pointee.cmsg_type = Int32(SCM_RIGHTS)
                        unsafe item.pointee.cmsg_len = cplatform_cmsg_length(MemoryLayout<Int32>.size)
                        unsafe memcpy(cplatform_cmsg_data(item), [passed], MemoryLayout<Int32>.size)
                    }
                    _ = unsafe sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL))
                }
            }
        }
    }
}
