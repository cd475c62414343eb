import CPlatform
import Glibc
import Synchronization

/// A client's descriptors and what waits to be sent to it. Reading and writing happen on the loop's thread; queueing
/// is allowed from any.
final class Connection: MonitorOutput {
    /// From this many unsent bytes on, no further command is begun.
    static let congestionLimit = 256 << 10
    /// From this many unsent bytes on, an event ends the connection: the client does not read.
    static let eventLimit = 4 << 20
    /// Longest piece written to what is no socket, so that a pipe that is ready never blocks.
    private static let pieceLimit = 4096
    /// Descriptors taken out of one message.
    private static let descriptorLimit = 16

    let input: Int32
    let output: Int32
    let isSocket: Bool
    /// Wakes the loop.
    private let wake: @Sendable () -> Void

    private struct Outgoing {
        var messages: [[UInt8]] = []
        /// How many messages at the front are gone, and how much of the one behind them.
        var sentMessages = 0
        var sentBytes = 0
        var count = 0
        var isClosing = false
        var isOverflowing = false
        var wantsProcessing = false
    }

    private let outgoing = Mutex(Outgoing())

    /// Takes both descriptors over; they may be one.
    init(input: Int32, output: Int32, wake: @escaping @Sendable () -> Void) {
        self.input = input
        self.output = output
        self.wake = wake
        isSocket = Socket.isSocket(input)
    }

    deinit {
        close(input)
        if output != input { close(output) }
    }

    // MARK: From any thread

    func send(_ bytes: [UInt8], isEvent: Bool) {
        outgoing.withLock { outgoing in
            if isEvent, outgoing.count + bytes.count > Self.eventLimit {
                outgoing.isOverflowing = true
            } else {
                outgoing.messages.append(bytes)
                outgoing.count += bytes.count
            }
        }
        wake()
    }

    var isCongested: Bool { outgoing.withLock { $0.count > Self.congestionLimit } }

    func resumeInput() {
        outgoing.withLock { $0.wantsProcessing = true }
        wake()
    }

    func closeWhenSent() {
        guard isSocket else { return }
        outgoing.withLock { $0.isClosing = true }
        wake()
    }

    // MARK: On the loop's thread

    var hasOutput: Bool { outgoing.withLock { $0.count > 0 } }
    /// Whether everything is sent and the connection was to close then.
    var isFinished: Bool { outgoing.withLock { $0.isClosing && $0.count == 0 } }
    /// Whether the client has let too many events pile up.
    var isOverflowing: Bool { outgoing.withLock { $0.isOverflowing } }

    /// Whether the session asked to be called; asking once is answered once.
    func takeProcessingRequest() -> Bool {
        outgoing.withLock { outgoing in
            defer { outgoing.wantsProcessing = false }
            return outgoing.wantsProcessing
        }
    }

    enum Input {
        case bytes(Int, descriptors: [Int32])
        case nothingYet
        case end
        case failed
    }

    /// Reads what is there.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Input {
        var descriptors: [Int32] = []
        let count =
            unsafe isSocket
            ? receive(into: buffer, &descriptors)
            : Glibc.read(input, buffer.baseAddress, buffer.count)
        switch count {
        case 0: return .end
        case 1...: return .bytes(count, descriptors: descriptors)
        default: return [EAGAIN, EWOULDBLOCK, EINTR].contains(errno) ? .nothingYet : .failed
        }
    }

    /// `recvmsg` with room for file descriptors.
    private func receive(into buffer: UnsafeMutableRawBufferPointer, _ descriptors: inout [Int32]) -> Int {
        var piece = unsafe iovec(iov_base: buffer.baseAddress, iov_len: buffer.count)
        let controlSize = cplatform_cmsg_space(Self.descriptorLimit * MemoryLayout<Int32>.size)
        let count = unsafe withUnsafeTemporaryAllocation(byteCount: controlSize, alignment: 16) { control in
            unsafe withUnsafeMutablePointer(to: &piece) { piece in
                var message = unsafe msghdr()
                unsafe message.msg_iov = piece
                unsafe message.msg_iovlen = 1
                unsafe message.msg_control = control.baseAddress
                unsafe message.msg_controllen = control.count
                let flags = Int32(MSG_DONTWAIT) | Int32(MSG_CMSG_CLOEXEC)
                let count = unsafe recvmsg(input, &message, flags)
                if count >= 0 { unsafe descriptors = Self.descriptors(in: &message) }
                return count
            }
        }
        if count <= 0 {
            for descriptor in descriptors { close(descriptor) }
            descriptors = []
        }
        return count
    }

    private static func descriptors(in message: UnsafeMutablePointer<msghdr>) -> [Int32] {
        var descriptors: [Int32] = []
        var next = unsafe cplatform_cmsg_first(message)
        while let item = unsafe next {
            if unsafe item.pointee.cmsg_level == SOL_SOCKET,
                unsafe item.pointee.cmsg_type == Int32(SCM_RIGHTS)
            {
                let length = unsafe Int(item.pointee.cmsg_len) - Int(cplatform_cmsg_length(0))
                let data = unsafe UnsafeRawBufferPointer(
                    start: cplatform_cmsg_data(item), count: max(length, 0))
                for offset in stride(from: 0, through: length - 4, by: 4) {
                    unsafe descriptors.append(data.loadUnaligned(fromByteOffset: offset, as: Int32.self))
                }
            }
            unsafe next = cplatform_cmsg_next(message, item)
        }
        return descriptors
    }

    /// Sends as much as the other end takes now.
    /// - Returns: false if the connection is broken.
    func flush() -> Bool {
        while let piece = nextPiece() {
            let count = unsafe piece.withUnsafeBytes { bytes in
                unsafe isSocket
                    ? Glibc.send(
                        output, bytes.baseAddress, bytes.count,
                        Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
                    : Glibc.write(output, bytes.baseAddress, bytes.count)
            }
            guard count > 0 else { return [EAGAIN, EWOULDBLOCK, EINTR].contains(errno) }
            consume(count)
            // Whether a pipe takes more is for poll to say.
            if !isSocket { return true }
        }
        return true
    }

    private func nextPiece() -> ArraySlice<UInt8>? {
        outgoing.withLock { outgoing in
            guard outgoing.sentMessages < outgoing.messages.count else { return nil }
            let rest = outgoing.messages[outgoing.sentMessages].dropFirst(outgoing.sentBytes)
            return isSocket ? rest : rest.prefix(Self.pieceLimit)
        }
    }

    private func consume(_ count: Int) {
        outgoing.withLock { outgoing in
            outgoing.count -= count
            outgoing.sentBytes += count
            guard outgoing.sentBytes == outgoing.messages[outgoing.sentMessages].count else { return }
            outgoing.messages[outgoing.sentMessages] = []
            outgoing.sentMessages += 1
            outgoing.sentBytes = 0
            if outgoing.sentMessages == outgoing.messages.count || outgoing.sentMessages >= 1024 {
                outgoing.messages.removeFirst(outgoing.sentMessages)
                outgoing.sentMessages = 0
            }
        }
    }
}
