import CPlatform
import Glibc
public import GuestMemory
import Synchronization
import VMState

/// What a hart reaches that is not RAM: devices and time.
public protocol HartBus: AnyObject, Sendable {
    /// Reads `size` bytes (1, 2, 4, 8; aligned) from a device; nil for an access fault.
    func read(_ address: UInt64, size: Int) -> UInt64?
    /// Writes to a device; false for an access fault.
    func write(_ address: UInt64, size: Int, value: UInt64) -> Bool
    /// `mtime`, in units of 100 ns.
    var ticks: UInt64 { get }
    /// Asks for ``Hart/timerDue()`` once `ticks` reaches `stimecmp`; `.max` asks for nothing any more.
    func stimecmpChanged(hart: Int, stimecmp: UInt64)
}

/// One rv64 hart on a thread of its own: the reference engine, an interpreter of pre-decoded blocks.
///
/// `setInterrupt`, `timerDue`, `pause`, `resume`, `dropWritePermissions` and `stop` may be called from any thread; all
/// else by the hart's thread, or by others while it is paused.
@safe
public final class Hart: @unchecked Sendable {
    // Sendable: shared words are atomics or guarded by `mutex`; the rest is the hart's own while it runs, and the
    // pausing thread's while it does not, with `mutex` between the two.

    /// `mhartid`.
    public let id: Int
    let memory: GuestMemory
    let bus: any HartBus
    /// `marchid` and `mimpid`.
    let implementationID: UInt64 = 0x0001_0000

    let context: UnsafeMutablePointer<HartContext>
    /// x0...x31, and a slot for results that go nowhere.
    let x: UnsafeMutablePointer<UInt64>
    let f: UnsafeMutablePointer<UInt64>
    let tlb: UnsafeMutablePointer<TLBEntry>
    let use: UnsafeMutablePointer<TLBUse>
    let jumpCache: UnsafeMutablePointer<UnsafeMutablePointer<Block>?>
    let decodeScratch: UnsafeMutablePointer<Instruction>
    let decodeOffsets: UnsafeMutablePointer<UInt16>
    let blocks = BlockCache()
    /// The part of `tlb` that loads and stores use now.
    var dataTLB: UnsafeMutablePointer<TLBEntry>
    /// Changes, in steps of 4, whenever a translation may have; the low bits are for the privilege.
    var generation: UInt64 = 4
    var fenceEpoch: UInt64 = 0
    var pmpIsActive = false
    /// WFI found nothing pending.
    var isWaiting = false
    /// State that is carried for other implementations and not used here.
    var carried = CPUState()
    let dirtying = Dirtying()
    var dirtyRing = DirtyRing()

    /// Lines from devices, as bits of `mip`.
    let lines = Atomic<UInt64>(0)
    let requests = Atomic<UInt32>(0)
    /// Until when (monotonic, ns) a hart that is asked to does nothing.
    private let heldUntil = Atomic<Int64>(0)
    private let kernelThread = Atomic<Int32>(0)
    /// Kernel thread id, 0 before the hart first runs.
    public var threadID: Int32 { kernelThread.load(ordering: .relaxed) }

    enum Request {
        static let interrupt: UInt32 = 1
        static let pause: UInt32 = 2
        static let dropWritePermissions: UInt32 = 4
        static let stop: UInt32 = 8
        static let timer: UInt32 = 16
        static let hold: UInt32 = 32
    }

    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    /// True while the thread is not executing guest code and will not before it has taken `mutex`.
    private var isParked = true
    private var isPaused = true
    private var hasEnded = false
    private var thread: pthread_t = 0
    private var hasThread = false

    /// A hart after reset, paused. Its thread starts with the first ``resume()``.
    public init(id: Int, memory: GuestMemory, bus: any HartBus) {
        self.id = id
        self.memory = memory
        self.bus = bus
        unsafe context = .allocate(capacity: 1)
        unsafe context.initialize(to: HartContext())
        unsafe x = .allocate(capacity: 33)
        unsafe x.initialize(repeating: 0, count: 33)
        unsafe f = .allocate(capacity: 32)
        unsafe f.initialize(repeating: 0, count: 32)
        unsafe tlb = .allocate(capacity: TLB.count * TLB.regimes)
        unsafe tlb.initialize(repeating: TLBEntry(), count: TLB.count * TLB.regimes)
        unsafe use = .allocate(capacity: 1)
        unsafe use.initialize(to: TLBUse())
        unsafe dataTLB = tlb
        unsafe jumpCache = .allocate(capacity: Self.jumpCacheCount)
        unsafe jumpCache.initialize(repeating: nil, count: Self.jumpCacheCount)
        unsafe decodeScratch = .allocate(capacity: Self.blockLimit + 1)
        unsafe decodeScratch.initialize(repeating: Instruction(.illegal), count: Self.blockLimit + 1)
        unsafe decodeOffsets = .allocate(capacity: Self.blockLimit + 1)
        unsafe decodeOffsets.initialize(repeating: 0, count: Self.blockLimit + 1)
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe condition.initialize(to: pthread_cond_t())
        unsafe pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(condition, &attributes)
        reset()
    }

    deinit {
        unsafe context.deallocate()
        unsafe x.deallocate()
        unsafe f.deallocate()
        unsafe tlb.deallocate()
        unsafe use.deallocate()
        unsafe jumpCache.deallocate()
        unsafe decodeScratch.deallocate()
        unsafe decodeOffsets.deallocate()
        unsafe pthread_mutex_destroy(mutex)
        unsafe pthread_cond_destroy(condition)
        unsafe mutex.deallocate()
        unsafe condition.deallocate()
    }

    /// The state after power-on: M-mode at the reset vector. Only while paused.
    public func reset() {
        unsafe context.pointee = HartContext()
        unsafe context.pointee.pc = 0x1000
        unsafe x.update(repeating: 0, count: 33)
        unsafe f.update(repeating: 0, count: 32)
        carried = CPUState()
        isWaiting = false
        fenceEpoch &+= 1
        updatePMP()
        updateRegime()
        bus.stimecmpChanged(hart: id, stimecmp: .max)
    }

    // MARK: Control, from any thread

    /// Drives an interrupt input; a sleeping hart wakes.
    public func setInterrupt(_ line: HartInterrupt, _ asserted: Bool) {
        let bit = UInt64(1) << line.rawValue
        if asserted {
            lines.bitwiseOr(bit, ordering: .acquiringAndReleasing)
            wake(Request.interrupt)
        } else {
            lines.bitwiseAnd(~bit, ordering: .acquiringAndReleasing)
        }
    }

    /// Sets SSIP by an ACLINT SSWI.
    public func raiseSupervisorSoftware() { setInterrupt(.supervisorSoftware, true) }

    /// `ticks` has reached `stimecmp`.
    public func timerDue() { wake(Request.timer) }

    /// Has the hart do nothing for so long from now on, in ns; a pause ends that.
    public func hold(nanoseconds: Int64) { hold(until: cplatform_monotonic_ns() &+ nanoseconds) }

    /// Has the hart do nothing until then (monotonic, ns), and not before what else it was told; a pause ends that.
    func hold(until time: Int64) {
        heldUntil.max(time, ordering: .relaxed)
        wake(Request.hold)
    }

    /// Asks the hart to leave guest code; ``waitUntilPaused()`` tells when it has.
    public func pause() { wake(Request.pause) }

    /// Returns when the hart executes no guest code any more. The caller must hold no lock that ``HartBus`` takes.
    public func waitUntilPaused() {
        unsafe pthread_mutex_lock(mutex)
        while hasThread, !isPaused, !hasEnded { unsafe pthread_cond_wait(condition, mutex) }
        unsafe pthread_mutex_unlock(mutex)
    }

    /// Starts the hart's thread, which stands until ``resume()``; without effect when it is there.
    public func startStanding() {
        unsafe pthread_mutex_lock(mutex)
        let mustStart = !hasThread
        if mustStart {
            requests.bitwiseOr(Request.pause, ordering: .relaxed)
            isPaused = false
            hasThread = true
        }
        unsafe pthread_mutex_unlock(mutex)
        guard mustStart else { return }
        startThread()
        waitUntilPaused()
    }

    /// Lets the hart run; starts its thread the first time.
    public func resume() {
        unsafe pthread_mutex_lock(mutex)
        requests.bitwiseAnd(~Request.pause, ordering: .relaxed)
        requests.bitwiseOr(Request.interrupt | Request.timer, ordering: .relaxed)
        isPaused = false
        unsafe pthread_cond_broadcast(condition)
        let mustStart = !hasThread
        hasThread = true
        unsafe pthread_mutex_unlock(mutex)
        if mustStart { startThread() }
    }

    /// Ends the hart's thread. At most once.
    public func stop() {
        guard hasThread else { return }
        wake(Request.stop)
        _ = pthread_join(thread, nil)
    }

    /// On return, every store of the hart to a page goes through the dirty log at least once.
    ///
    /// A running hart does it between two blocks; for one that sleeps or is paused the caller does it. To lose no store,
    /// drain the log first, then call this, then read the pages that were drained: a page is marked before it is
    /// written, and what was written before the return is there to be read. The caller must not hold a lock that
    /// ``HartBus`` takes: a hart that waits for it would not get to its next block.
    public func dropWritePermissions() {
        unsafe pthread_mutex_lock(mutex)
        requests.bitwiseOr(Request.dropWritePermissions, ordering: .releasing)
        while requests.load(ordering: .acquiring) & Request.dropWritePermissions != 0 {
            if isParked {
                clearWriteTags()
                requests.bitwiseAnd(~Request.dropWritePermissions, ordering: .relaxed)
            } else {
                unsafe pthread_cond_wait(condition, mutex)
            }
        }
        unsafe pthread_mutex_unlock(mutex)
    }

    private func wake(_ request: UInt32) {
        if requests.bitwiseOr(request, ordering: .acquiringAndReleasing).oldValue & request != 0 { return }
        unsafe pthread_mutex_lock(mutex)
        if isParked { unsafe pthread_cond_broadcast(condition) }
        unsafe pthread_mutex_unlock(mutex)
    }

    // MARK: The hart's own thread

    private func startThread() {
        let unmanaged = unsafe Unmanaged.passRetained(self)
        let failure = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let hart = unsafe Unmanaged<Hart>.fromOpaque(argument).takeRetainedValue()
                unsafe cplatform_set_thread_name("hart \(hart.id)")
                hart.kernelThread.store(cplatform_gettid(), ordering: .relaxed)
                hart.loop()
                return nil
            }, unmanaged.toOpaque())
        precondition(failure == 0, "the system has no room for a thread")
    }

    private func loop() {
        unsafe pthread_mutex_lock(mutex)
        isParked = false
        unsafe pthread_mutex_unlock(mutex)
        while true {
            if requests.load(ordering: .acquiring) != 0, !serveRequests() { return }
            if isWaiting {
                sleep()
                continue
            }
            if let block = unsafe findBlock() {
                unsafe run(from: block)
            } else {
                unsafe enterTrap(context.pointee.cause, isInterrupt: false, value: context.pointee.trapValue)
            }
        }
    }

    /// Serves what other threads and slow paths have asked for; false when the thread has to end.
    private func serveRequests() -> Bool {
        var pending = requests.load(ordering: .acquiring)
        if pending & Request.hold != 0 {
            sleepWhileHeld()
            pending = requests.load(ordering: .acquiring)
        }
        if pending & (Request.pause | Request.dropWritePermissions | Request.stop) != 0 {
            unsafe pthread_mutex_lock(mutex)
            if requests.load(ordering: .acquiring) & Request.dropWritePermissions != 0 {
                clearWriteTags()
                requests.bitwiseAnd(~Request.dropWritePermissions, ordering: .releasing)
                unsafe pthread_cond_broadcast(condition)
            }
            while requests.load(ordering: .acquiring) & (Request.pause | Request.stop) == Request.pause {
                isParked = true
                isPaused = true
                unsafe pthread_cond_broadcast(condition)
                unsafe pthread_cond_wait(condition, mutex)
            }
            isParked = false
            isPaused = false
            if requests.load(ordering: .acquiring) & Request.stop != 0 {
                hasEnded = true
                isParked = true
                unsafe pthread_cond_broadcast(condition)
                unsafe pthread_mutex_unlock(mutex)
                return false
            }
            unsafe pthread_mutex_unlock(mutex)
        }
        if pending & Request.timer != 0 {
            requests.bitwiseAnd(~Request.timer, ordering: .acquiring)
            updateTimer()
        }
        if requests.load(ordering: .acquiring) & Request.interrupt != 0 {
            requests.bitwiseAnd(~Request.interrupt, ordering: .acquiring)
            takeSoftwareInterrupt()
            if unsafe pendingInterrupts & context.pointee.mie != 0 { isWaiting = false }
            if let number = interruptToTake() { enterTrap(number, isInterrupt: true, value: 0) }
        }
        return true
    }

    /// Does nothing until the time is over that ``hold(nanoseconds:)`` was told, or the hart has to pause or end.
    private func sleepWhileHeld() {
        unsafe pthread_mutex_lock(mutex)
        requests.bitwiseAnd(~Request.hold, ordering: .relaxed)
        let end = heldUntil.load(ordering: .relaxed)
        var time = timespec(tv_sec: Int(end / 1_000_000_000), tv_nsec: Int(end % 1_000_000_000))
        // Who wants write permissions dropped does it for a parked hart.
        isParked = true
        if requests.load(ordering: .acquiring) & Request.dropWritePermissions != 0 {
            unsafe pthread_cond_broadcast(condition)
        }
        while requests.load(ordering: .acquiring) & (Request.pause | Request.stop) == 0 {
            if unsafe pthread_cond_timedwait(condition, mutex, &time) == ETIMEDOUT { break }
        }
        isParked = false
        unsafe pthread_mutex_unlock(mutex)
    }

    /// WFI: waits until there is a request, of which an interrupt is one.
    private func sleep() {
        unsafe pthread_mutex_lock(mutex)
        isParked = true
        while requests.load(ordering: .acquiring) == 0 { unsafe pthread_cond_wait(condition, mutex) }
        isParked = false
        unsafe pthread_mutex_unlock(mutex)
    }
}
