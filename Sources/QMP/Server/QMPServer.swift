import CPlatform
import Glibc
public import Logging
public import QAPI
import Synchronization
import Threads

/// The control interface of a machine: serves any number of clients at any number of monitors.
///
///     let server = try QMPServer(version: version, handler: machine, logger: logger)
///     try server.serve(.listen(.unix(path: "/tmp/qmp.sock"), wait: false))
///     server.emit(.resume)
///     server.stop()
///
/// Every client has a session of its own: negotiation, `id`s, passed file descriptors. In-band commands of all of them
/// are run one at a time, in turn; every event goes to all that have negotiated. Calls may come from any thread.
public final class QMPServer: Sendable {
    private let version: VersionInfo
    private let commands: CommandTable
    private let threads = [CommandThread(name: "qmp-command"), CommandThread(name: "qmp-oob")]
    private let sessions: Sessions
    private let throttle = EventThrottle()
    private let loop: MonitorLoop
    private let state = Mutex(State())

    private struct State {
        var thread: OSThread?
        var isStopped = false
        /// Unix-domain sockets to remove at the end.
        var paths: [String] = []
    }

    /// The sessions that events go to.
    private final class Sessions: Sendable {
        private let list = Mutex<[ObjectIdentifier: QMPSession]>([:])

        var all: [QMPSession] { list.withLock { Array($0.values) } }
        func add(_ session: QMPSession) { list.withLock { $0[ObjectIdentifier(session)] = session } }
        func remove(_ session: QMPSession) {
            list.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(session)) }
        }
    }

    /// - Parameters:
    ///   - version: what the greeting and `query-version` say.
    ///   - handler: does the commands.
    /// - Throws: if the process is out of file descriptors.
    public convenience init(
        version: VersionInfo, handler: any CommandHandler, logger: Logger
    ) throws(QAPIError) {
        try self.init(
            version: version, commands: CommandTable(version: version, handler: handler), logger: logger)
    }

    init(version: VersionInfo, commands: CommandTable, logger: Logger) throws(QAPIError) {
        let sessions = Sessions()
        let dispatcher = Dispatcher(inBand: threads[0], outOfBand: threads[1])
        let budget = DescriptorBudget()
        self.version = version
        self.commands = commands
        self.sessions = sessions
        loop = try MonitorLoop(
            makeSession: { connection in
                let session = QMPSession(
                    commands: commands, dispatcher: dispatcher, version: version, output: connection,
                    budget: budget)
                sessions.add(session)
                return session
            },
            forget: { sessions.remove($0) },
            isIdle: { dispatcher.isIdle },
            logger: logger)
    }

    /// Opens a monitor.
    /// - Returns: the address that is listened at, with the real port if 0 was asked for; nil if nothing listens.
    /// - Throws: if the socket cannot be made, bound or connected. With `wait`, blocks until the first client is there.
    @discardableResult
    public func serve(_ endpoint: MonitorEndpoint) throws(QAPIError) -> MonitorAddress? {
        try start()
        switch endpoint {
        case .listen(let address, let wait):
            let listener = try Socket.listen(address)
            var actual = address
            switch address {
            case .unix(let path): state.withLock { $0.paths.append(path) }
            case .tcp(let host, _):
                if let port = Socket.port(of: listener) { actual = .tcp(host: host, port: "\(port)") }
            }
            if wait { waitForClient(at: listener) }
            loop.listen(listener)
            return actual
        case .connect(let address):
            let descriptor = try Socket.connect(address)
            loop.serve(input: descriptor, output: descriptor)
        case .standardStreams:
            let (input, output) = (dup(STDIN_FILENO), dup(STDOUT_FILENO))
            guard input >= 0, output >= 0 else {
                throw .generic(
                    "Failed to open standard input and output: \(unsafe String(cString: strerror(errno)))")
            }
            loop.serve(input: input, output: output)
        case .descriptor(let descriptor):
            try Socket.own(descriptor, isListening: false)
            loop.serve(input: descriptor, output: descriptor)
        case .listeningDescriptor(let descriptor):
            try Socket.own(descriptor, isListening: true)
            loop.listen(descriptor)
        }
        return nil
    }

    /// Tells every client that has negotiated. Never blocks. Events that come often are told once a second, the last
    /// one of each.
    public func emit(_ event: Event) {
        let now = cplatform_realtime_ns()
        let bytes = QMPMessage.bytes(
            QMPMessage.event(event, seconds: now / 1_000_000_000, microseconds: now % 1_000_000_000 / 1000))
        throttle.admit(event.name, bytes) { [sessions] bytes in
            for session in sessions.all { session.send(event: bytes) }
        }
    }

    /// Says farewell: waits for the command that runs, sends what is queued (for at most a second), closes all
    /// connections and listening sockets. The server cannot be used again. Blocks; not to be called by a command.
    public func stop() {
        let (thread, paths) = state.withLock { state in
            defer { state = State(isStopped: true) }
            return (state.thread, state.paths)
        }
        guard let thread else { return }
        loop.stop()
        thread.join()
        for thread in threads { thread.stop() }
        for path in paths { unsafe unlink(path) }
    }

    deinit {
        loop.stop()
        for thread in threads { thread.stop() }
    }

    private func waitForClient(at listener: Int32) {
        while true {
            if let descriptor = Socket.accept(listener) {
                return loop.serve(input: descriptor, output: descriptor)
            }
            guard [EINTR, ECONNABORTED].contains(errno) else { return }
        }
    }

    private func start() throws(QAPIError) {
        try state.withLock { state throws(QAPIError) in
            guard !state.isStopped else { throw .generic("The QMP server has stopped") }
            guard state.thread == nil else { return }
            guard let thread = OSThread(ifPossible: "qmp", { [loop] in loop.run() }) else {
                throw .generic("Failed to create a thread: \(unsafe String(cString: strerror(errno)))")
            }
            state.thread = thread
        }
    }
}
