import CPlatform
import Devices
import Glibc
public import GuestMemory
import Migration
public import QAPI
import RISCV
import Synchronization
import Threads
import VMState

/// A guest and who may run it: the board with its harts, and the run state that every face of the VMM changes.
///
/// Any thread may call any method; changes of the run state happen one at a time.
public final class VirtualMachine: Sendable {
    /// Something that monitors tell their clients.
    public enum Event: Sendable, Equatable {
        case stop
        case resume
        case reset(byGuest: Bool)
        case shutdown(byGuest: Bool, reason: ShutdownCause)
        case powerdown
        /// The guest has another amount of memory than before, in bytes.
        case balloonChange(actual: UInt64)
        /// Something went wrong that no command is waiting for; for the log.
        case failure(String)
    }

    /// What the machine is made of.
    public let configuration: MachineConfiguration
    let board: VirtBoard
    /// What clients make and end while the machine stands.
    public let userObjects: UserObjects
    private let state: Mutex<RunState>
    let migration: Mutex<MigrationMemory>
    private let eventSink = Mutex<(@Sendable (Event) -> Void)?>(nil)
    private let endOfLife: Mutex<(@Sendable (Int32) -> Void)?> = Mutex(nil)
    private let requests = RequestThread()
    let throttle: HartThrottle
    let dirtyMeter: HartDirtyMeter
    let dirtyLimiter: DirtyLimiter

    public var memory: GuestMemory { board.memory }

    /// The guest's RAM less what it has given to its balloon, in bytes; nil without one.
    public var balloonedMemory: UInt64? {
        for case let balloon as VirtioBalloon in board.virtio {
            return memorySize(givenPages: balloon.givenPages)
        }
        return nil
    }

    private func memorySize(givenPages: UInt32) -> UInt64 {
        configuration.memorySize - min(UInt64(givenPages) * 4096, configuration.memorySize)
    }

    /// The present run state.
    public var runState: RunState { state.withLock { $0 } }

    /// Builds the machine and loads its firmware; nothing runs yet.
    ///
    /// - Throws: ``OptionError``, ``BootError`` or `GuestMemoryError` with the reason.
    public init(_ configuration: MachineConfiguration) throws {
        self.configuration = configuration
        userObjects = try UserObjects(configuration)
        state = Mutex(configuration.incoming == nil ? .prelaunch : .inmigrate)
        migration = Mutex(MigrationMemory(autostart: !configuration.startsPaused))
        board = try VirtBoard(configuration)
        throttle = HartThrottle(board.harts)
        dirtyMeter = HartDirtyMeter(board.memory, board.harts)
        dirtyLimiter = DirtyLimiter(board.harts, dirtyMeter)
        board.onGuestRequest = { [weak self] request in
            guard let self else { return }
            requests.perform { self.serve(request) }
        }
        for case let balloon as VirtioBalloon in board.virtio {
            balloon.onChange = { [weak self] pages in
                guard let self else { return }
                emit(.balloonChange(actual: memorySize(givenPages: pages)))
            }
        }
        guard !configuration.isNone else { return }
        do {
            try rehearse(.martlet, loading: configuration.incoming != nil)
            guard configuration.incoming == nil else { return }
            try board.loadFlash()
            try board.boot()
        } catch {
            board.close()
            throw error
        }
    }

    /// Who hears of events, from any thread. It must not call the machine.
    public func setEventSink(_ sink: @escaping @Sendable (Event) -> Void) { eventSink.withLock { $0 = sink } }

    /// Who ends the process when the guest has powered off or a client quits.
    public func setEndOfLife(_ end: @escaping @Sendable (Int32) -> Void) { endOfLife.withLock { $0 = end } }

    private func emit(_ event: Event) { eventSink.withLock { $0 }?(event) }

    /// Pseudo terminals that were opened: label and path of each.
    public var terminals: [(label: String, path: String)] {
        board.characters.compactMap { open in open.backend.ptyPath.map { (open.label, $0) } }
    }

    /// Starts the harts' threads, which stand until the guest runs: whoever wants to place them on processors of the host
    /// finds them before.
    public func startHarts() { for hart in board.harts { hart.startStanding() } }

    // MARK: Run control

    /// Lets the harts run, from `prelaunch`, `paused` or, on the operator's word, `postmigrate`. No effect when running,
    /// and in the middle of a switchover.
    public func resume() {
        state.withLock { if $0 != .finishMigrate { run(&$0) } }
    }

    /// Lets the harts run if the run state is `seen`, after `body`, which keeps them from it if it throws.
    ///
    /// - Returns: false when the state is another by now.
    func resume<Failure: Error>(
        from seen: RunState, after body: () throws(Failure) -> Void
    ) throws(Failure) -> Bool {
        try state.withLock { (state) throws(Failure) in
            guard state == seen else { return false }
            try body()
            run(&state)
            return true
        }
    }

    private func run(_ state: inout RunState) {
        guard !state.isRunning else { return }
        // Before the guest can bring about another one.
        emit(.resume)
        board.resume()
        state = .running
    }

    /// Stops the harts and settles the devices; the run state becomes `new`. No effect when not running, but for the
    /// name of the state.
    ///
    /// - Parameter isTold: whether clients hear of it.
    public func stop(as new: RunState = .paused, isTold: Bool = true) {
        let stopped = state.withLock { state -> Bool in
            guard state.isRunning else {
                if new != .paused { state = new }
                return false
            }
            board.pause()
            state = new
            return true
        }
        if stopped, isTold { emit(.stop) }
    }

    /// Calls `body` while no hart runs. Nobody is told, and the run state cannot change meanwhile.
    func standing<Result>(_ body: () throws(QAPIError) -> Result) throws(QAPIError) -> Result {
        try state.withLock { (state) throws(QAPIError) in
            if state.isRunning { board.pause() }
            defer { if state.isRunning { board.resume() } }
            return try body()
        }
    }

    /// Calls `body` if the guest runs; it is not stopped meanwhile.
    func whileRunning<Result>(_ body: () -> Result) -> Result? {
        state.withLock { $0.isRunning ? body() : nil }
    }

    /// Names the state of a guest that does not run.
    public func setState(_ new: RunState) {
        state.withLock { if !$0.isRunning { $0 = new } }
    }

    /// Resets board and harts and, unless the guest waits for a migration, loads the firmware again. With `-no-reboot`
    /// it ends the guest instead.
    ///
    /// - Returns: false, and nothing is done, in the middle of a switchover, whose stream must be of one piece.
    @discardableResult
    public func reset(byGuest: Bool) -> Bool {
        if configuration.endsOnReset {
            shutdown(byGuest: byGuest, reason: byGuest ? .guestReset : .hostQmpSystemReset)
            return true
        }
        var failure: BootError?
        let isDone = state.withLock { state -> Bool in
            guard state != .finishMigrate else { return false }
            let wasRunning = state.isRunning
            if wasRunning { board.pause() }
            do throws(BootError) {
                try board.reset()
            } catch {
                failure = error
                state = .internalError
                return true
            }
            switch state {
            case .running: board.resume()
            case .inmigrate: break
            default: state = .prelaunch
            }
            return true
        }
        guard isDone else { return false }
        if let failure {
            // A file that was there at the start is not any more: the guest stays as it is, stopped.
            emit(.failure("reset: \(failure)"))
        } else {
            emit(.reset(byGuest: byGuest))
        }
        return true
    }

    /// Presses the power button. The board has none that its guests hear of, as QEMU's: only the event is sent.
    public func powerdown() { emit(.powerdown) }

    /// Ends the guest and the process; with `-no-shutdown` only an operator ends the process, and the guest stands.
    public func shutdown(byGuest: Bool, reason: ShutdownCause, status: Int32 = 0) {
        emit(.shutdown(byGuest: byGuest, reason: reason))
        let stays = configuration.staysAfterShutdown && reason != .hostQmpQuit && reason != .hostSignal
        stop(as: .shutdown, isTold: stays)
        if stays { return }
        dirtyLimiter.setLimit(nil, hart: nil)
        board.close()
        endOfLife.withLock { $0 }?(status)
    }

    private func serve(_ request: VirtBoard.GuestRequest) {
        // A guest that has moved is not this side's any more.
        while runState == .finishMigrate { usleep(1000) }
        if runState == .postmigrate { return }
        switch request {
        case .reset: if !reset(byGuest: true) { serve(request) }
        case .powerOff: shutdown(byGuest: true, reason: .guestShutdown)
        case .fail(let code): shutdown(byGuest: true, reason: .guestPanic, status: Int32(code))
        }
    }
}

/// One thread at a time for what a hart asks for but cannot do itself, such as resetting all harts.
private final class RequestThread: Sendable {
    private struct State {
        var pending: [@Sendable () -> Void] = []
        var isRunning = false
    }
    private let state = Mutex(State())

    /// Runs `body` on another thread, after what was asked for before. Requests of a guest are rare.
    func perform(_ body: @escaping @Sendable () -> Void) {
        let mustStart = state.withLock { state -> Bool in
            state.pending.append(body)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard mustStart else { return }
        _ = OSThread("requests") { [self] in
            while let next = next() { next() }
        }
    }

    private func next() -> (@Sendable () -> Void)? {
        state.withLock { state in
            state.isRunning = !state.pending.isEmpty
            return state.pending.isEmpty ? nil : state.pending.removeFirst()
        }
    }
}

extension VirtualMachine {
    /// Writes the board's device tree to a file, for `-machine dumpdtb=`: the one that the guest would find.
    ///
    /// - Throws: ``BootError`` when the file cannot be written, or what the machine needs is missing.
    public static func writeDeviceTree(_ configuration: MachineConfiguration, to path: String) throws {
        let board = try VirtBoard(configuration)
        let tree = try board.boot()
        board.close()
        let descriptor = unsafe cplatform_open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0, unsafe write(descriptor, tree, tree.count) == tree.count else {
            throw BootError("cannot write '\(path)': \(unsafe String(cString: strerror(errno)))")
        }
        close(descriptor)
    }
}
