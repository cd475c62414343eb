public import Bytes
public import CPlatform
import Glibc
import Synchronization
import Threads

/// One connection of a migration: bytes both ways over a socket, one way over a pipe or a file.
///
/// Blocking for its callers: one thread reads, one writes, any thread may call ``shutdown()`` to end both. The
/// descriptor itself does not block, so that every wait can be ended and bounded.
public final class Channel: ByteSource, Sendable {
    public enum Kind: Sendable, Equatable { case socket, pipe, file }

    let descriptor: Int32
    public let kind: Kind
    let wake = Wake()
    /// Ends reads only.
    private let readWake = Wake()
    /// What makes the connection secure, once it was asked for.
    let tls = AtomicLazyReference<TLSSession>()
    private let child: pid_t?
    private let isClosed = Mutex(false)
    /// Milliseconds that a read and a write may wait without a byte moving; 0: without end.
    private let readPatience = Atomic<Int>(0)
    private let writePatience = Atomic<Int>(0)
    /// When the read, and the write, that is waiting began to wait (monotonic, ns); 0: none waits.
    private let readWaitsSince = Atomic<Int64>(0)
    private let writeWaitsSince = Atomic<Int64>(0)

    /// Takes over `descriptor`: it is closed with the channel.
    ///
    /// - Parameter child: process that serves the other end, reaped when the channel ends.
    public init(taking descriptor: Int32, child: pid_t? = nil) {
        self.descriptor = descriptor
        self.child = child
        var status = stat()
        _ = unsafe fstat(descriptor, &status)
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFSOCK: .socket
            case S_IFREG, S_IFBLK: .file
            default: .pipe
            }
        _ = cplatform_fcntl_int(descriptor, F_SETFD, FD_CLOEXEC)
        let flags = cplatform_fcntl_int(descriptor, F_GETFL, 0)
        _ = cplatform_fcntl_int(descriptor, F_SETFL, flags | O_NONBLOCK)
    }

    deinit { close() }

    /// Bounds every later wait of reads without progress, ms. nil: no bound.
    public func setReadPatience(milliseconds: Int?) {
        readPatience.store(milliseconds ?? 0, ordering: .releasing)
    }

    /// Bounds every later wait of writes without progress, ms. nil: no bound.
    public func setWritePatience(milliseconds: Int?) {
        writePatience.store(milliseconds ?? 0, ordering: .releasing)
    }

    /// Waits until there is something in the error queue of a socket, which a write waits for.
    func waitForErrorQueue() throws(TransportError) {
        try waitToWrite(0)
    }

    /// Sleeps, unless the channel is shut down.
    func sleep(milliseconds: Int) throws(TransportError) {
        guard wake.sleep(milliseconds: milliseconds) else { return }
        throw TransportError(errno: ESHUTDOWN, "Unable to write to socket: the channel was shut down")
    }

    private func wait(
        _ events: Int32, _ doing: String, _ limit: Int, or other: Wake? = nil
    ) throws(TransportError) {
        switch wake.wait(descriptor, events, milliseconds: limit == 0 ? nil : limit, or: other) {
        case .ready: return
        case .woken: throw TransportError(errno: ESHUTDOWN, "Unable to \(doing): the channel was shut down")
        case .timedOut:
            throw TransportError(errno: ETIMEDOUT, "Unable to \(doing): no byte moved for \(limit) ms")
        case .failed(let code): throw .system("Unable to \(doing)", code)
        }
    }

    func requireReads() throws(ByteSourceError) {
        guard wake.isSet || readWake.isSet else { return }
        throw ByteSourceError(errno: ESHUTDOWN, "Unable to read from socket: the channel was shut down")
    }

    func requireWrites() throws(TransportError) {
        guard wake.isSet else { return }
        throw TransportError(errno: ESHUTDOWN, "Unable to write to socket: the channel was shut down")
    }

    /// - Parameter events: what poll has to see before it can be read on.
    func waitToRead(_ events: Int32 = POLLIN) throws(ByteSourceError) {
        readWaitsSince.store(cplatform_monotonic_ns(), ordering: .relaxed)
        defer { readWaitsSince.store(0, ordering: .relaxed) }
        do throws(TransportError) {
            try wait(events, "read from socket", readPatience.load(ordering: .acquiring), or: readWake)
        } catch {
            throw ByteSourceError(errno: error.errno, error.description)
        }
    }

    func waitToWrite(_ events: Int32 = POLLOUT) throws(TransportError) {
        writeWaitsSince.store(cplatform_monotonic_ns(), ordering: .relaxed)
        defer { writeWaitsSince.store(0, ordering: .relaxed) }
        try wait(events, "write to socket", writePatience.load(ordering: .acquiring))
    }

    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(ByteSourceError) -> Int {
        if let session = tls.load() { return unsafe try read(session, into: buffer) }
        while true {
            try requireReads()
            let count = unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            let code = errno
            switch code {
            case EINTR: continue
            case EAGAIN: try waitToRead()
            default:
                throw ByteSourceError(errno: code, "Unable to read from socket: \(errorText(code))")
            }
        }
    }

    /// Writes all of `vectors`, which it changes. Throws with the bytes that were taken before the failure.
    public func write(_ vectors: UnsafeMutableBufferPointer<iovec>) throws(TransportError) {
        unsafe try write(vectors, by: nil)
    }

    /// The same without copying, where there is a sender for that.
    func write(
        _ vectors: UnsafeMutableBufferPointer<iovec>, by zeroCopy: ZeroCopySender?
    ) throws(TransportError) {
        if let session = tls.load() { return unsafe try write(session, vectors) }
        let flags = Int32(MSG_NOSIGNAL) | (zeroCopy == nil ? 0 : ZeroCopySender.messageFlag)
        var index = 0
        var accepted = 0
        while index < vectors.count {
            if unsafe vectors[index].iov_len == 0 {
                index += 1
                continue
            }
            do throws(TransportError) { try requireWrites() } catch { throw error.after(accepted) }
            guard let start = vectors.baseAddress else { return }
            var count: Int
            let pieces = min(vectors.count - index, 1024)
            if kind == .socket {
                var message = unsafe msghdr()
                unsafe message.msg_iov = start + index
                unsafe message.msg_iovlen = pieces
                count = unsafe sendmsg(descriptor, &message, flags)
            } else {
                count = unsafe writev(descriptor, start + index, Int32(pieces))
            }
            if count < 0 {
                let code = errno
                if code == EINTR { continue }
                if code == ENOBUFS, let zeroCopy {
                    try zeroCopy.makeRoom()
                    continue
                }
                guard code == EAGAIN else {
                    throw TransportError(
                        errno: code, "Unable to write to socket: \(errorText(code))", accepted: accepted)
                }
                do throws(TransportError) { try waitToWrite() } catch { throw error.after(accepted) }
                continue
            }
            zeroCopy?.count()
            accepted += count
            while count > 0 {
                let length = unsafe vectors[index].iov_len
                if count >= length {
                    count -= length
                    index += 1
                } else {
                    unsafe vectors[index].iov_base = vectors[index].iov_base + count
                    unsafe vectors[index].iov_len = length - count
                    count = 0
                }
            }
        }
    }

    /// Writes all of `bytes`.
    public func write(_ bytes: [UInt8]) throws(TransportError) {
        var copy = bytes
        var failure: TransportError?
        unsafe copy.withUnsafeMutableBytes { buffer in
            var vector = unsafe [iovec(iov_base: buffer.baseAddress, iov_len: buffer.count)]
            unsafe vector.withUnsafeMutableBufferPointer { vectors in
                do throws(TransportError) {
                    unsafe try write(vectors)
                } catch {
                    failure = error
                }
            }
        }
        if let failure { throw failure }
    }

    /// Ends this side's bytes: the peer reads the end. A file is brought to the disk.
    ///
    /// - Parameter saysFarewell: with TLS's own words for it, where there is TLS.
    public func finishWriting(saysFarewell: Bool = true) throws(TransportError) {
        switch kind {
        case .socket:
            if saysFarewell, let session = tls.load() {
                while case .wants(let events) = session.sayFarewell() { try waitToWrite(events) }
            }
            guard Glibc.shutdown(descriptor, Int32(SHUT_WR)) == 0 else {
                throw .system("Unable to close the sending side")
            }
        case .file:
            guard fdatasync(descriptor) == 0 || errno == EINVAL else {
                throw .system("Unable to write the file")
            }
        case .pipe: break
        }
    }

    /// Reads and forgets what comes, until the channel ends or `milliseconds` are over; also after ``endReads()``.
    public func drain(milliseconds: Int) {
        let end = cplatform_monotonic_ns() &+ Int64(milliseconds) * 1_000_000
        let size = 64 << 10
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        defer { unsafe room.deallocate() }
        while true {
            let left = end &- cplatform_monotonic_ns()
            guard left > 0 else { return }
            let count = unsafe Glibc.read(descriptor, room.baseAddress, room.count)
            if count > 0 || count < 0 && errno == EINTR { continue }
            guard count < 0, errno == EAGAIN,
                case .ready = wake.wait(descriptor, POLLIN, milliseconds: Int(left / 1_000_000) + 1)
            else { return }
        }
    }

    /// The first bytes that wait to be read, at most `count`, without taking them: nil at the end, none when nothing
    /// has come yet. Of sockets.
    public func peek(_ count: Int) throws(TransportError) -> [UInt8]? {
        if let session = tls.load() {
            do throws(ByteSourceError) { return try session.peek(count) } catch {
                throw TransportError(errno: error.errno, error.description)
            }
        }
        var bytes = [UInt8](repeating: 0, count: count)
        let found = unsafe recv(descriptor, &bytes, count, Int32(MSG_PEEK))
        guard found < 0 else { return found == 0 ? nil : Array(bytes[..<found]) }
        guard errno == EAGAIN || errno == EINTR else { throw .system("Unable to read from socket") }
        return []
    }

    /// Ends every read, the one that waits and all that come; writes go on. Any thread, any number of times.
    public func endReads() { readWake.set() }

    /// How long the channel has taken no byte of a write that waits for it, ms; nil when none waits.
    public var writeStandstill: Int? { Self.milliseconds(since: writeWaitsSince) }

    /// How long no byte has come for a read that waits for it, ms; nil when none waits.
    public var readStandstill: Int? { Self.milliseconds(since: readWaitsSince) }

    private static func milliseconds(since moment: borrowing Atomic<Int64>) -> Int? {
        let since = moment.load(ordering: .relaxed)
        return since == 0 ? nil : Int(max(0, cplatform_monotonic_ns() &- since) / 1_000_000)
    }

    /// Bytes that the peer's system has not acknowledged (tcp) or the peer not read (unix); nil when that cannot be
    /// known.
    public var unsentBytes: Int? {
        guard kind == .socket else { return nil }
        var count: Int32 = 0
        let result = unsafe cplatform_ioctl_pointer(descriptor, UInt(TIOCOUTQ), &count)
        return result == 0 ? Int(count) : nil
    }

    /// Bytes that the peer of a tcp connection has room for, as it last said; nil when that cannot be known.
    ///
    /// It grows while the peer reads what its system has already acknowledged.
    public var peerWindow: Int? {
        let window = cplatform_tcp_send_window(descriptor)
        return window < 0 ? nil : Int(window)
    }

    /// Ends every wait on this channel and cuts the connection. Any thread, any number of times.
    public func shutdown() {
        wake.set()
        isClosed.withLock { closed in
            if !closed, kind == .socket { _ = Glibc.shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }

    /// Gives the descriptor back, once. Not while another thread reads or writes: ``shutdown()`` it first.
    ///
    /// - Parameter abruptly: the peer of a tcp socket sees a reset, not an end.
    public func close(abruptly: Bool = false) {
        isClosed.withLock { closed in
            guard !closed else { return }
            closed = true
            if !abruptly, !wake.isSet { _ = tls.load()?.sayFarewell() }
            if abruptly, kind == .socket {
                var option = linger(l_onoff: 1, l_linger: 0)
                _ = unsafe setsockopt(
                    descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
            }
            _ = Glibc.close(descriptor)
            if let child { Self.reap(child) }
        }
    }
}

extension Channel {
    /// Takes note of the end of a process, now or when it comes.
    private static func reap(_ child: pid_t) {
        var status: Int32 = 0
        guard unsafe waitpid(child, &status, WNOHANG) == 0 else { return }
        _ = OSThread(ifPossible: "exec") {
            var status: Int32 = 0
            while unsafe waitpid(child, &status, 0) < 0, errno == EINTR {}
        }
    }
}

extension ZeroCopySender {
    /// Writes all of `vectors`, which it changes.
    public func write(_ vectors: UnsafeMutableBufferPointer<iovec>) throws(TransportError) {
        unsafe try channel.write(vectors, by: self)
        // What is done takes room in the socket.
        if pending > 32 { try reap() }
    }
}
