import CPlatform
import Glibc
import Logging
import QAPI
import Synchronization

/// The thread that serves all clients of a server: accepts, reads and writes, and never runs a command.
///
/// It is a `poll` loop of our own and not a NIO channel because file descriptors come beside the bytes
/// (`SCM_RIGHTS`), which NIO does not hand out, and because standard input may be a plain file.
final class MonitorLoop: Sendable {
    /// Most clients at one listening socket.
    static let clientLimit = 64
    /// For how long a farewell may take, in ms.
    static let farewellLimit: Int64 = 1000

    /// What other threads want of the loop.
    private enum Order {
        case listen(Int32)
        case serve(Connection, QMPSession)
        case stop
    }

    private struct Inbox {
        var orders: [Order] = []
        var isWoken = false
    }

    private let inbox = Mutex(Inbox())
    private let wakeReader: Int32
    private let wakeWriter: Int32
    private let makeSession: @Sendable (Connection) -> QMPSession
    private let forget: @Sendable (QMPSession) -> Void
    private let isIdle: @Sendable () -> Bool
    private let logger: Logger

    /// - Parameters:
    ///   - makeSession: begins the session of a new client.
    ///   - forget: is told when a client is gone.
    ///   - isIdle: whether no command runs; the farewell waits for that.
    init(
        makeSession: @escaping @Sendable (Connection) -> QMPSession,
        forget: @escaping @Sendable (QMPSession) -> Void,
        isIdle: @escaping @Sendable () -> Bool, logger: Logger
    ) throws(QAPIError) {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else {
            throw .generic("Failed to create a pipe: \(unsafe String(cString: strerror(errno)))")
        }
        (wakeReader, wakeWriter) = (ends[0], ends[1])
        for end in ends {
            _ = cplatform_fcntl_int(end, F_SETFD, FD_CLOEXEC)
            _ = cplatform_fcntl_int(end, F_SETFL, O_NONBLOCK)
        }
        self.makeSession = makeSession
        self.forget = forget
        self.isIdle = isIdle
        self.logger = logger
    }

    deinit {
        close(wakeReader)
        close(wakeWriter)
    }

    // MARK: From any thread

    /// Accepts clients at a listening socket, which the loop owns from here on.
    func listen(_ descriptor: Int32) { give(.listen(descriptor)) }

    /// Serves one client.
    func serve(input: Int32, output: Int32) {
        let connection = Connection(input: input, output: output) { [weak self] in self?.wake() }
        give(.serve(connection, makeSession(connection)))
    }

    /// Ends the loop: sends what is queued, for at most ``farewellLimit``.
    func stop() { give(.stop) }

    private func give(_ order: Order) {
        inbox.withLock { $0.orders.append(order) }
        wake()
    }

    private func wake() {
        let isNeeded = inbox.withLock { inbox in
            defer { inbox.isWoken = true }
            return !inbox.isWoken
        }
        guard isNeeded else { return }
        var byte: UInt8 = 0
        unsafe write(wakeWriter, &byte, 1)
    }

    // MARK: On the loop's thread

    private struct Listener {
        var descriptor: Int32
        var pausedUntil: Int64 = 0
    }

    private struct Client {
        var connection: Connection
        var session: QMPSession
        var hasInput = true
    }

    /// What the thread works with; nobody else sees it.
    private struct Work {
        var listeners: [Listener] = []
        var clients: [Client] = []
        /// When the farewell ends, in ms; nil before it has begun.
        var deadline: Int64?
    }

    /// Serves until ``stop()``; the body of the thread.
    func run() {
        Self.blockBrokenPipeSignal()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        defer { unsafe buffer.deallocate() }
        var work = Work()
        while true {
            for order in takeOrders() { follow(order, &work) }
            if isFarewellOver(work) { break }
            let polled = wait(work)
            drainWake()
            unsafe serve(&work, polled, buffer)
        }
        for listener in work.listeners { close(listener.descriptor) }
        for client in work.clients { end(client, "the server stops") }
    }

    private func takeOrders() -> [Order] {
        inbox.withLock { inbox in
            defer { inbox.orders = [] }
            return inbox.orders
        }
    }

    private func follow(_ order: Order, _ work: inout Work) {
        switch order {
        case .listen(let descriptor):
            // Who was there when poll said so may be gone, or somebody else's.
            _ = cplatform_fcntl_int(
                descriptor, F_SETFL, cplatform_fcntl_int(descriptor, F_GETFL, 0) | O_NONBLOCK)
            work.listeners.append(Listener(descriptor: descriptor))
        case .serve(let connection, let session):
            work.clients.append(Client(connection: connection, session: session))
        case .stop: work.deadline = Self.now() + Self.farewellLimit
        }
    }

    private func isFarewellOver(_ work: Work) -> Bool {
        guard let deadline = work.deadline else { return false }
        if Self.now() >= deadline { return true }
        return isIdle() && !work.clients.contains { $0.connection.hasOutput }
    }

    /// Waits until something happens.
    /// - Returns: the wake pipe, then one entry a listener, then two a client (input, output).
    private func wait(_ work: Work) -> [pollfd] {
        var list = [pollfd(fd: wakeReader, events: Int16(POLLIN), revents: 0)]
        let now = Self.now()
        var timeout: Int64 = work.deadline == nil ? -1 : 10
        for listener in work.listeners {
            let isPaused = listener.pausedUntil > now
            if isPaused, timeout < 0 { timeout = listener.pausedUntil - now }
            let isOpen = !isPaused && work.deadline == nil
            list.append(pollfd(fd: isOpen ? listener.descriptor : -1, events: Int16(POLLIN), revents: 0))
        }
        for client in work.clients {
            let connection = client.connection
            let wantsInput = client.hasInput && work.deadline == nil && client.session.wantsInput
            // A socket is watched even when nothing is wanted of it: its client may hang up.
            let input = wantsInput || connection.isSocket ? connection.input : -1
            list.append(pollfd(fd: input, events: Int16(wantsInput ? POLLIN : 0), revents: 0))
            let output = connection.hasOutput ? connection.output : -1
            list.append(pollfd(fd: output, events: Int16(POLLOUT), revents: 0))
        }
        let count = nfds_t(list.count)
        if unsafe poll(&list, count, Int32(truncatingIfNeeded: timeout)) < 0 {
            for index in list.indices { list[index].revents = 0 }
        }
        return list
    }

    private func drainWake() {
        var bytes = [UInt8](repeating: 0, count: 64)
        while unsafe read(wakeReader, &bytes, bytes.count) == bytes.count {}
        inbox.withLock { $0.isWoken = false }
    }

    private func serve(_ work: inout Work, _ polled: [pollfd], _ buffer: UnsafeMutableRawBufferPointer) {
        let base = 1 + work.listeners.count
        var gone: [Int] = []
        for index in work.clients.indices {
            let input = polled[base + 2 * index].revents
            let output = polled[base + 2 * index + 1].revents
            if let reason = unsafe serve(&work.clients[index], input, output, buffer) {
                end(work.clients[index], reason)
                gone.append(index)
            }
        }
        for index in gone.reversed() { work.clients.remove(at: index) }
        for index in work.listeners.indices where polled[1 + index].revents != 0 {
            accept(&work, at: index)
        }
    }

    /// - Returns: why the client is to be let go; nil if it stays.
    private func serve(
        _ client: inout Client, _ input: Int16, _ output: Int16, _ buffer: UnsafeMutableRawBufferPointer
    ) -> String? {
        let connection = client.connection
        if input & Int16(POLLIN) != 0 || (input != 0 && !connection.isSocket) {
            switch unsafe connection.read(into: buffer) {
            case .bytes(let count, let descriptors):
                unsafe client.session.receive(
                    UnsafeRawBufferPointer(rebasing: buffer[..<count]), descriptors: descriptors)
            case .nothingYet: break
            case .end:
                client.hasInput = false
                client.session.endInput()
            case .failed: return "reading failed"
            }
        } else if input & Int16(POLLHUP | POLLERR | POLLNVAL) != 0 {
            return "the client has gone"
        }
        if connection.takeProcessingRequest() { client.session.process() }
        // What is no socket may be written to only when poll has said so: it would block otherwise.
        if output != 0 || (connection.isSocket && connection.hasOutput) {
            let wasCongested = connection.isCongested
            if !connection.flush() { return "writing failed" }
            if wasCongested, !connection.isCongested { client.session.process() }
        }
        if connection.isOverflowing {
            logger.warning("A QMP client does not read its events and is disconnected")
            return "it does not read"
        }
        return connection.isFinished ? "the client is done" : nil
    }

    private func end(_ client: Client, _ reason: String) {
        client.session.close()
        forget(client.session)
        logger.debug("QMP client gone", metadata: ["reason": "\(reason)"])
    }

    private func accept(_ work: inout Work, at index: Int) {
        guard let descriptor = Socket.accept(work.listeners[index].descriptor) else {
            // Out of descriptors, most likely: the client stays in the kernel's queue for a while.
            if [EMFILE, ENFILE, ENOMEM, ENOBUFS].contains(errno) {
                logger.warning("Cannot accept a QMP client: \(unsafe String(cString: strerror(errno)))")
                work.listeners[index].pausedUntil = Self.now() + 1000
            }
            return
        }
        if work.clients.count >= Self.clientLimit {
            // Whoever has connected and said nothing must not keep an operator out.
            guard let silent = work.clients.firstIndex(where: { $0.session.isNegotiating }) else {
                logger.warning("Too many QMP clients; one more is turned away")
                close(descriptor)
                return
            }
            end(work.clients.remove(at: silent), "its place is needed, and it has not negotiated")
        }
        let connection = Connection(input: descriptor, output: descriptor) { [weak self] in self?.wake() }
        work.clients.append(Client(connection: connection, session: makeSession(connection)))
        logger.debug("QMP client connected")
    }

    /// The monotonic clock, in ms.
    private static func now() -> Int64 { cplatform_monotonic_ns() / 1_000_000 }

    /// A broken pipe is an error of `write` here; the process's other threads are none of our business.
    private static func blockBrokenPipeSignal() {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, SIGPIPE)
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    }
}
