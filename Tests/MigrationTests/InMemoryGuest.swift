import Bytes
import GuestMemory
import Migration
import Synchronization
import Threads
import Transport
import VMState

/// What a disk image is to the tests: one lock that two guests cannot have together.
final class SharedDisk: Sendable {
    let owner = Mutex<Int?>(nil)
    /// More than one guest ran at the same time.
    let running = Mutex((count: 0, worst: 0))

    func started() {
        running.withLock {
            $0.count += 1
            $0.worst = max($0.worst, $0.count)
        }
    }
    func stopped() { running.withLock { $0.count -= 1 } }
}

/// The state of the guest's one device: where its program is.
struct CounterState: Sendable, Equatable {
    var counter: UInt64 = 0

    static func description() -> VMStateDescription<CounterState> {
        VMStateDescription("counter", version: 1, fields: [.value("counter", \.counter, .uint64)])
    }
}

/// A guest without a hart: a thread that writes its memory by a rule that the memory can be checked with.
///
/// Step n writes n at page n mod pages; so with the counter at c, page p holds the last n < c with n mod pages = p.
final class InMemoryGuest: MigratableGuest {
    enum RunState: Sendable { case running, paused, inmigrate, finishMigrate, postmigrate }
    private struct State {
        var run: RunState
        var before = RunState.paused
        var counter = CounterState()
        var hasDisk = false
        var announcements = 0
        var dirtyLimit: DirtyLimit?
    }

    let machineName: String
    let uuid: [UInt8]?
    let memory: GuestMemory
    private let block: RAMBlock
    private let state: Mutex<State>
    private let disk: SharedDisk
    private let number: Int
    private let wantsEnd = Atomic<Bool>(false)
    /// Steps between two sleeps of 1 ms.
    private let pace: Int
    let refusesDisks = Atomic<Bool>(false)
    let runsAfterIncoming: Bool

    init(
        _ number: Int, disk: SharedDisk, incoming: Bool, pages: Int = 64, pace: Int = 8,
        machine: String = "virt", uuid: [UInt8]? = nil, runsAfterIncoming: Bool = true,
        backing: RAMBacking = .anonymous
    ) throws {
        self.uuid = uuid
        self.runsAfterIncoming = runsAfterIncoming
        self.number = number
        self.disk = disk
        self.pace = pace
        machineName = machine
        block = try RAMBlock(name: "ram", size: pages * guestPageSize, backing: backing)
        memory = GuestMemory(
            blocks: [block], regions: [.init(address: 0, block: block, isWritable: true)])
        state = Mutex(State(run: incoming ? .inmigrate : .paused))
        _ = OSThread("guest") { [self] in
            let clock = Wake()
            while !wantsEnd.load(ordering: .relaxed) {
                work()
                _ = clock.sleep(milliseconds: 1)
            }
        }
        if !incoming {
            try takeDisks()
            start()
        }
    }

    func end() {
        pause(.paused)
        wantsEnd.store(true, ordering: .relaxed)
    }

    private func work() {
        state.withLock { state in
            guard state.run == .running else { return }
            for _ in 0..<pace {
                let page = Int(state.counter.counter) % (block.pageCount - 8)
                memory.store(state.counter.counter &+ 1, at: UInt64(page * guestPageSize + 64))
                state.counter.counter &+= 1
            }
        }
    }

    /// True when every page holds what the counter says.
    func verifies() -> Bool {
        state.withLock { state in
            let pages = UInt64(block.pageCount - 8)
            for page in 0..<pages {
                let found = memory.load(UInt64.self, at: page * UInt64(guestPageSize) + 64) ?? .max
                let counter = state.counter.counter
                let expected =
                    counter <= page ? 0 : (counter - 1 - page) / pages * pages + page + 1
                if found != expected { return false }
            }
            return true
        }
    }

    var runState: RunState { state.withLock { $0.run } }
    var counter: UInt64 { state.withLock { $0.counter.counter } }
    var announcements: Int { state.withLock { $0.announcements } }
    var isRunning: Bool { runState == .running }

    /// QMP `cont`.
    func start() {
        state.withLock { state in
            guard state.run != .running else { return }
            state.run = .running
            disk.started()
        }
    }

    private func pause(_ run: RunState) {
        state.withLock { state in
            state.before = state.run
            if state.run == .running { disk.stopped() }
            state.run = run
        }
    }

    var deviceSections: [VMStateSection] {
        [
            VMStateSection("counter", CounterState.description()) { [self] in
                state.withLock { $0.counter }
            } set: { [self] (value, _) throws(VMStateError) in
                state.withLock { $0.counter = value }
            }
        ]
    }

    var outgoingRefusal: String? {
        switch runState {
        case .inmigrate: "Guest is waiting for an incoming migration"
        case .postmigrate: "Can't migrate the vm that was paused due to previous migration"
        default: nil
        }
    }
    var incomingRefusal: String? {
        runState == .inmigrate ? nil : "'-incoming' was not specified on the command line"
    }

    func stopForMigration() { pause(.finishMigrate) }
    func resumeAfterFailure() {
        let before = state.withLock { $0.before }
        if before == .running {
            start()
        } else {
            state.withLock { $0.run = before }
        }
    }
    func becomePostmigrate() { state.withLock { $0.run = .postmigrate } }
    func setDirtyLogging(_ on: Bool) { memory.setLogging(on) }
    func dropWritePermissions() { state.withLock { _ in } }
    func giveUpDisks() throws(MigrationError) {
        disk.owner.withLock { if $0 == number { $0 = nil } }
    }
    func takeDisks() throws(MigrationError) {
        let isMine = disk.owner.withLock { owner in
            if owner == nil, !refusesDisks.load(ordering: .relaxed) { owner = number }
            return owner == number
        }
        if !isMine { throw MigrationError("the disk is locked by another process") }
    }
    func resetForIncoming(keepingSharedFiles: Bool) {
        if !keepingSharedFiles || !block.isSharedFile { block.discardAll() }
        state.withLock { $0.counter = CounterState() }
    }
    func startAfterIncoming() {
        if runsAfterIncoming { start() } else { state.withLock { $0.run = .paused } }
    }
    func announceSelf() { state.withLock { $0.announcements += 1 } }
    /// Its only writer is like a hart that never writes a page twice.
    var dirtiedPages: [UInt64] { [counter] }
    func limitDirtying(_ limit: DirtyLimit?) { state.withLock { $0.dirtyLimit = limit } }
    var dirtyLimit: DirtyLimit? { state.withLock { $0.dirtyLimit } }
    var dirtyLimitStatistics: DirtyLimitStatistics? {
        dirtyLimit.map { _ in DirtyLimitStatistics(throttleTime: 7, ringFullTime: 9) }
    }
}

/// Waits until `condition`, at most two minutes: threads starve while tests run beside each other.
func eventually(_ condition: () -> Bool) -> Bool {
    let wake = Wake()
    for _ in 0..<120_000 {
        if condition() { return true }
        _ = wake.sleep(milliseconds: 1)
    }
    return false
}
