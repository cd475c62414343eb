import CPlatform
import Files
import Glibc
import Threads

/// Where a serial line or console port leads on the host: a terminal, a file, a socket.
///
/// Any thread may send. Bytes that come in are given to the receiver on the backend's own thread, exactly as many as it
/// has room for: what is not taken stays with the host, for whoever may run the guest next.
@safe
public final class CharacterBackend: @unchecked Sendable {
    // Sendable: mutable state is guarded by `mutex`.

    /// What is at the other end.
    public enum Kind: Sendable, Equatable {
        case null
        case stdio
        case file(path: String, append: Bool)
        case pty
        /// A socket that listens, or one connected from the start.
        case socket(Int32)
    }

    /// Most bytes kept for a peer that does not read; older output is dropped, as a serial line would.
    private static let backlog = 1 << 20

    private let mutex = BoardLock()
    private var input: Int32 = -1
    private var output: Int32 = -1
    private let listener: Int32
    /// Whether a peer comes by a socket, or is there by one.
    public let isSocket: Bool
    private var pending: [UInt8] = []
    private var lock: BoardLock?
    private var room: (@Sendable () -> Int)?
    private var receiver: (@Sendable ([UInt8]) -> Void)?
    private var connectionChanged: (@Sendable (Bool) -> Void)?
    private var wakeRead: Int32 = -1
    private var wakeWrite: Int32 = -1
    private var isClosing = false
    private var thread: OSThread?
    /// The slave's path of a pty.
    public private(set) var ptyPath: String?
    private static let savedTerminal = SavedTerminal()

    /// Opens the backend; nothing is read before ``start(lock:room:receive:connected:)``.
    ///
    /// - Throws: ``CharacterError`` when the file or terminal cannot be opened.
    public init(_ kind: Kind) throws(CharacterError) {
        var listener: Int32 = -1
        switch kind {
        case .null: break
        case .stdio:
            input = 0
            output = 1
            Self.savedTerminal.makeRaw()
        case .file(let path, let append):
            output = openFile(path, O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC), 0o644)
            guard output >= 0 else { throw CharacterError("cannot open '\(path)'", errno) }
        case .pty:
            // TIOCSPTLCK unlocks the slave, TIOCGPTN tells its number.
            let master = unsafe cplatform_open("/dev/ptmx", O_RDWR | O_NOCTTY, 0)
            var unlock: Int32 = 0
            var number: Int32 = 0
            guard master >= 0, unsafe cplatform_ioctl_pointer(master, 0x4004_5431, &unlock) == 0,
                unsafe cplatform_ioctl_pointer(master, 0x8004_5430, &number) == 0
            else { throw CharacterError("cannot open a pseudo terminal", errno) }
            ptyPath = "/dev/pts/\(number)"
            input = master
            output = master
            Self.setNonBlocking(master)
            Self.makeRaw(master)
        case .socket(let descriptor):
            guard let listens = Self.listens(descriptor) else {
                throw CharacterError("file descriptor \(descriptor) cannot be used", errno)
            }
            if listens {
                listener = descriptor
                Self.setNonBlocking(descriptor)
            } else {
                input = descriptor
                output = descriptor
                Self.setNonBlocking(descriptor)
            }
        }
        self.listener = listener
        if case .socket = kind { isSocket = true } else { isSocket = false }
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw CharacterError("cannot make a pipe", errno) }
        (wakeRead, wakeWrite) = (ends[0], ends[1])
        Self.setNonBlocking(wakeRead)
        Self.setNonBlocking(wakeWrite)
    }

    deinit {
        close(wakeRead)
        close(wakeWrite)
    }

    private static func setNonBlocking(_ descriptor: Int32) {
        _ = cplatform_fcntl_int(descriptor, F_SETFL, cplatform_fcntl_int(descriptor, F_GETFL, 0) | O_NONBLOCK)
        _ = cplatform_fcntl_int(descriptor, F_SETFD, FD_CLOEXEC)
    }

    /// nil for what is not a socket.
    private static func listens(_ descriptor: Int32) -> Bool? {
        var answer: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &answer, &size) == 0 else {
            return nil
        }
        return answer != 0
    }

    /// No echo and no lines: what the guest writes must not come back as its input.
    private static func makeRaw(_ descriptor: Int32) {
        var settings = termios()
        guard unsafe tcgetattr(descriptor, &settings) == 0 else { return }
        unsafe cfmakeraw(&settings)
        unsafe _ = tcsetattr(descriptor, TCSANOW, &settings)
    }

    /// False for a backend that leads nowhere.
    private var isOpen: Bool { mutex.withLock { input >= 0 || output >= 0 || listener >= 0 } }

    /// False for a socket that waits for its peer.
    public var isConnected: Bool { mutex.withLock { !isSocket || output >= 0 } }

    /// Begins to read.
    /// - Parameters:
    ///   - lock: held while the two others are called, and not let go between them.
    ///   - room: how many bytes the receiver can take now; ``roomChanged()`` says when to ask again.
    ///   - receive: takes them.
    ///   - connected: hears, without the lock, when a peer has come to a socket or left it.
    public func start(
        lock: BoardLock, room: @escaping @Sendable () -> Int, receive: @escaping @Sendable ([UInt8]) -> Void,
        connected: @escaping @Sendable (Bool) -> Void = { _ in }
    ) {
        self.lock = lock
        self.room = room
        receiver = receive
        connectionChanged = connected
        if isOpen { thread = OSThread("chardev") { [weak self] in self?.serve() } }
    }

    /// The receiver has room again, or may have. From any thread, with or without the lock.
    public func roomChanged() { wake() }

    private func wake() {
        var byte: UInt8 = 0
        unsafe _ = write(wakeWrite, &byte, 1)
    }

    /// Sends bytes without waiting for the peer. Without a peer they are dropped.
    public func send(_ bytes: [UInt8]) {
        let mustWake = mutex.withLock { () -> Bool in
            // A peer whose connection stands gets all that is sent from then on, even before the thread has seen it.
            let isNew = output < 0 && acceptPeer()
            guard output >= 0 else { return false }
            pending += bytes
            flush()
            if pending.count > Self.backlog { pending.removeFirst(pending.count - Self.backlog) }
            return isNew || !pending.isEmpty
        }
        if mustWake { wake() }
    }

    /// Writes what the peer takes now. With `mutex` held.
    private func flush() {
        var done = 0
        defer { pending.removeFirst(done) }
        while done < pending.count {
            var ready = pollfd(fd: output, events: Int16(POLLOUT), revents: 0)
            guard unsafe poll(&ready, 1, 0) > 0 else { return }
            // A pipe or terminal that is ready takes this much at once, though it may be one that blocks.
            let part = min(pending.count - done, 512)
            let count = unsafe pending.withUnsafeBytes { bytes in
                let start = unsafe bytes.baseAddress.map { unsafe $0 + done }
                return unsafe isSocket
                    ? Glibc.send(output, start, part, Int32(MSG_NOSIGNAL))
                    : write(output, start, part)
            }
            if count <= 0 {
                if count < 0, errno == EINTR { continue }
                // A broken end takes nothing any more.
                if count < 0, errno != EAGAIN { done = pending.count }
                return
            }
            done += count
        }
    }

    /// Ends the thread and closes what is open; gives the terminal back as it was.
    public func shutDown() {
        mutex.withLock { isClosing = true }
        wake()
        thread?.join()
        thread = nil
        mutex.withLock {
            flush()
            if input > 2 { close(input) }
            if output > 2, output != input { close(output) }
            if listener >= 0 { close(listener) }
            input = -1
            output = -1
        }
        Self.savedTerminal.restore()
    }

    /// Breaks the connection to the present peer of a socket; what listens takes the next one.
    public func yank() {
        mutex.withLock { if isSocket, input >= 0 { _ = Glibc.shutdown(input, Int32(SHUT_RDWR)) } }
    }

    private func serve() {
        // A peer may be accepted by who sends, with any lock held: it is told of here.
        var isToldConnected = listener < 0
        while true {
            let (closing, input, output, hasPending) = mutex.withLock {
                (isClosing, self.input, self.output, !pending.isEmpty)
            }
            if closing { return }
            if input >= 0, !isToldConnected {
                isToldConnected = true
                connectionChanged?(true)
            }
            let hasRoom = input >= 0 && lock?.withLock { room?() ?? 0 } ?? 0 > 0
            var polls = [pollfd(fd: wakeRead, events: Int16(POLLIN), revents: 0)]
            if input >= 0 {
                let events = (hasRoom ? POLLIN : 0) | (hasPending && output == input ? POLLOUT : 0)
                polls.append(pollfd(fd: input, events: Int16(events), revents: 0))
            } else {
                polls.append(pollfd(fd: listener, events: Int16(POLLIN), revents: 0))
            }
            polls.append(
                pollfd(fd: hasPending && output != input ? output : -1, events: Int16(POLLOUT), revents: 0))
            guard unsafe poll(&polls, nfds_t(polls.count), -1) >= 0 || errno == EINTR else { return }
            if polls[0].revents != 0 {
                var drain = [UInt8](repeating: 0, count: 64)
                while unsafe read(wakeRead, &drain, 64) > 0 {}
            }
            if polls[2].revents != 0 || Int32(polls[1].revents) & POLLOUT != 0 { mutex.withLock { flush() } }
            let events = Int32(polls[1].revents)
            if input < 0 {
                if events & POLLIN != 0 { mutex.withLock { _ = acceptPeer() } }
            } else if events & (POLLIN | POLLHUP | POLLERR) != 0 {
                if hasRoom {
                    if !receive(from: input) {
                        isToldConnected = false
                        connectionChanged?(false)
                    }
                } else {
                    usleep(10_000)  // The peer hung up while the guest has no room: nothing to wait for.
                }
            }
        }
    }

    /// Takes a connection that waits; false when there is none. With `mutex` held.
    private func acceptPeer() -> Bool {
        guard listener >= 0, input < 0, !isClosing else { return false }
        let peer = accept(listener, nil, nil)
        guard peer >= 0 else { return false }
        Self.setNonBlocking(peer)
        input = peer
        output = peer
        pending = []
        return true
    }

    /// Reads what there is room for and hands it over, with the receiver's lock held over both: no byte is taken from
    /// the host by a guest that is stopped meanwhile. The bytes are there, so that reading does not wait.
    ///
    /// - Returns: false when the peer is gone.
    private func receive(from input: Int32) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let (count, code) =
            lock?.withLock { () -> (Int, Int32) in
                let free = min(room?() ?? 0, bytes.count)
                guard free > 0 else { return (-1, EAGAIN) }
                let count = unsafe read(input, &bytes, free)
                let code = errno
                if count > 0 { receiver?(Array(bytes[..<count])) }
                return (count, code)
            } ?? (-1, EAGAIN)
        if count > 0 || count < 0 && (code == EAGAIN || code == EINTR) { return true }
        if ptyPath != nil, count < 0 {
            usleep(100_000)  // Nobody has the terminal's other end open.
            return true
        }
        mutex.withLock {
            self.input = -1
            if input > 2 {
                if output == input { output = -1 }
                close(input)
            }
            pending = []
        }
        return false
    }
}

/// A character backend cannot be had.
public struct CharacterError: Error, Equatable, Sendable, CustomStringConvertible {
    public var description: String

    public init(_ description: String, _ code: Int32 = 0) {
        self.description =
            code == 0 ? description : "\(description): \(unsafe String(cString: strerror(code)))"
    }
}

/// The terminal on standard input as it was before it was made raw.
private final class SavedTerminal: @unchecked Sendable {
    // Sendable: guarded by `lock`.
    private let lock = BoardLock()
    private var saved: termios?

    func makeRaw() {
        lock.withLock {
            var terminal = termios()
            guard saved == nil, isatty(0) == 1, unsafe tcgetattr(0, &terminal) == 0 else { return }
            saved = terminal
            terminal.c_iflag &= ~tcflag_t(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON)
            terminal.c_oflag |= tcflag_t(OPOST)
            terminal.c_lflag &= ~tcflag_t(ECHO | ECHONL | ICANON | IEXTEN)
            terminal.c_cflag |= tcflag_t(CS8)
            unsafe _ = tcsetattr(0, TCSANOW, &terminal)
        }
    }

    func restore() {
        lock.withLock {
            guard var terminal = saved else { return }
            unsafe _ = tcsetattr(0, TCSANOW, &terminal)
            saved = nil
        }
    }
}
