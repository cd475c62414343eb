import Synchronization
public import VMState

/// MSWI and MTIMER of the CLINT, and the deadlines of the harts' own `stimecmp`. Source: ACLINT specification.
public final class ACLINT: MMIODevice, @unchecked Sendable {
    // Sendable: registers are touched with the board's lock held; `delta` is atomic.

    /// What happens to a hart. May be called with or without the board's lock.
    public struct HartOutputs: Sendable {
        public var software: @Sendable (Bool) -> Void
        public var timer: @Sendable (Bool) -> Void
        /// `mtime` has reached the hart's `stimecmp`.
        public var supervisorTimerDue: @Sendable () -> Void

        public init(
            software: @escaping @Sendable (Bool) -> Void, timer: @escaping @Sendable (Bool) -> Void,
            supervisorTimerDue: @escaping @Sendable () -> Void
        ) {
            self.software = software
            self.timer = timer
            self.supervisorTimerDue = supervisorTimerDue
        }
    }

    private let clock: VirtualClock
    private let lock: BoardLock
    private let harts: [HartOutputs]
    private var state: MTimerState
    private var software: [Bool]
    private var machineTimers: [BoardTimer] = []
    private let supervisorTimers: [BoardTimer]
    /// `mtime` minus the clock, from writes to `mtime` and from resets.
    private let delta = Atomic<UInt64>(0)

    public init(harts: [HartOutputs], timers: BoardTimers) {
        self.harts = harts
        clock = timers.clock
        lock = timers.lock
        state = MTimerState(harts: harts.count)
        software = harts.map { _ in false }
        supervisorTimers = harts.map { hart in BoardTimer(timers) { hart.supervisorTimerDue() } }
        machineTimers = harts.indices.map { index in
            BoardTimer(timers) { [weak self] in self?.update(index) }
        }
    }

    /// `mtime`: 10 MHz. Any thread.
    public var ticks: UInt64 { UInt64(bitPattern: clock.now) / 100 &+ delta.load(ordering: .relaxed) }

    /// Guest nanoseconds at which `mtime` reaches `ticks`; nil when that is farther than the clock can count.
    private func deadline(_ ticks: UInt64) -> Int64? {
        let now = clock.now
        let present = UInt64(bitPattern: now) / 100
        // Counted from now: after a reset `mtime` is behind the clock, and a far deadline of it would wrap around.
        let mtime = present &+ delta.load(ordering: .relaxed)
        if ticks <= mtime { return now }
        let (wanted, isTooFar) = present.addingReportingOverflow(ticks - mtime)
        return isTooFar || wanted > UInt64(Int64.max) / 100 ? nil : Int64(wanted) * 100
    }

    /// Watches a hart's `stimecmp`; `.max` for none. Any thread.
    public func stimecmpChanged(hart: Int, stimecmp: UInt64) {
        guard supervisorTimers.indices.contains(hart) else { return }
        supervisorTimers[hart].deadline = stimecmp == .max ? nil : deadline(stimecmp)
    }

    private func update(_ hart: Int) {
        let isDue = ticks >= state.timecmp[hart]
        harts[hart].timer(isDue)
        machineTimers[hart].deadline = isDue ? nil : deadline(state.timecmp[hart])
    }

    /// The board's reset: `mtime` is 0 again, `mtimecmp` keeps its value.
    public func reset() {
        delta.store(0 &- UInt64(bitPattern: clock.now) / 100, ordering: .relaxed)
        for hart in harts.indices {
            software[hart] = false
            harts[hart].software(false)
            harts[hart].timer(false)
            machineTimers[hart].deadline = nil
        }
    }

    public func read(_ offset: UInt64, size: Int) -> UInt64 {
        switch offset {
        case 0..<0x4000:
            let hart = Int(offset / 4)
            return software.indices.contains(hart) && software[hart] ? 1 : 0
        case 0xbff8..<0xc000: return part(ticks, offset - 0xbff8, size)
        default:
            let hart = Int((offset - 0x4000) / 8)
            return harts.indices.contains(hart) ? part(state.timecmp[hart], offset & 7, size) : 0
        }
    }

    public func write(_ offset: UInt64, size: Int, value: UInt64) {
        switch offset {
        case 0..<0x4000:
            let hart = Int(offset / 4)
            guard software.indices.contains(hart) else { return }
            software[hart] = value & 1 != 0
            harts[hart].software(value & 1 != 0)
        case 0xbff8..<0xc000:
            let time = merge(ticks, offset - 0xbff8, size, value)
            delta.store(time &- UInt64(bitPattern: clock.now) / 100, ordering: .relaxed)
            for hart in harts.indices { update(hart) }
        default:
            let hart = Int((offset - 0x4000) / 8)
            guard harts.indices.contains(hart) else { return }
            state.timecmp[hart] = merge(state.timecmp[hart], offset & 7, size, value)
            update(hart)
        }
    }

    private func part(_ value: UInt64, _ byte: UInt64, _ size: Int) -> UInt64 {
        size == 8 ? value : value >> (byte * 8) & 0xffff_ffff
    }

    private func merge(_ old: UInt64, _ byte: UInt64, _ size: Int, _ value: UInt64) -> UInt64 {
        if size == 8 { return value }
        let shift = byte * 8
        return old & ~(0xffff_ffff << shift) | (value & 0xffff_ffff) << shift
    }

    /// The section `riscv_mtimer`. Timers are armed from the registers, never from the stream's word.
    public var sections: [VMStateSection] {
        [
            VMStateSection("riscv_mtimer", MTimerState.description(harts: harts.count)) { [self] in
                lock.withLock { state }
            } set: { [self] (new, _) throws(VMStateError) in
                lock.lock()
                defer { lock.unlock() }
                state = new
                // The stream's clock is `mtime` itself.
                delta.store(0, ordering: .relaxed)
                for hart in harts.indices { update(hart) }
            }
        ]
    }
}
