import CPlatform
public import VMState

/// The goldfish real-time clock: nanoseconds since 1970 by the host's wall clock, and an alarm.
public final class GoldfishRTC: MMIODevice, @unchecked Sendable {
    // Sendable: touched with the board's lock held.

    private var state = GoldfishRTCState()
    private let line: InterruptLine
    private let clock: VirtualClock
    private let lock: BoardLock
    private var alarm: BoardTimer?

    /// What the guest finds beyond the host's clock after a reset, in nanoseconds.
    private let offset: Int64

    /// - Parameter offset: nanoseconds that the clock is ahead of the host's after a reset.
    public init(timers: BoardTimers, line: InterruptLine, offset: Int64 = 0) {
        self.offset = offset
        state.tickOffset = UInt64(bitPattern: offset)
        self.line = line
        clock = timers.clock
        lock = timers.lock
        alarm = BoardTimer(timers) { [weak self] in self?.ring() }
    }

    private var time: UInt64 { UInt64(bitPattern: cplatform_realtime_ns()) &+ state.tickOffset }

    private func update() { line.set(state.irqPending & state.irqEnabled & 1 != 0) }

    private func ring() {
        guard state.alarmRunning != 0 else { return }
        state.alarmRunning = 0
        state.irqPending = 1
        update()
    }

    private func arm() {
        guard state.alarmRunning != 0 else {
            alarm?.deadline = nil
            return
        }
        let now = time
        if state.alarmNext <= now { return ring() }
        let wait = min(state.alarmNext - now, UInt64(Int64.max) / 4)
        alarm?.deadline = clock.now &+ Int64(wait)
    }

    public func reset() {
        state = GoldfishRTCState()
        state.tickOffset = UInt64(bitPattern: offset)
        alarm?.deadline = nil
        update()
    }

    public func read(_ offset: UInt64, size: Int) -> UInt64 {
        guard size == 4 else { return 0 }
        switch offset {
        case 0x00:
            let now = time
            state.timeHigh = UInt32(truncatingIfNeeded: now >> 32)
            return now & 0xffff_ffff
        case 0x04: return UInt64(state.timeHigh)
        case 0x08: return state.alarmNext & 0xffff_ffff
        case 0x0c: return state.alarmNext >> 32
        case 0x10: return UInt64(state.irqEnabled)
        case 0x18: return UInt64(state.alarmRunning)
        default: return 0
        }
    }

    public func write(_ offset: UInt64, size: Int, value: UInt64) {
        guard size == 4 else { return }
        let word = value & 0xffff_ffff
        switch offset {
        case 0x00: state.tickOffset &+= (time & ~0xffff_ffff | word) &- time
        case 0x04: state.tickOffset &+= (time & 0xffff_ffff | word << 32) &- time
        case 0x08:
            state.alarmNext = state.alarmNext & ~0xffff_ffff | word
            state.alarmRunning = 1
            arm()
        case 0x0c: state.alarmNext = state.alarmNext & 0xffff_ffff | word << 32
        case 0x10:
            state.irqEnabled = UInt32(word & 1)
            update()
        case 0x14:
            state.alarmRunning = 0
            alarm?.deadline = nil
        case 0x1c:
            state.irqPending = 0
            update()
        default: break
        }
    }

    public var sections: [VMStateSection] {
        [
            VMStateSection("goldfish_rtc", GoldfishRTCState.description) { [self] in
                lock.withLock { state }
            } set: { [self] (new, reader) throws(VMStateError) in
                lock.lock()
                defer { lock.unlock() }
                state = new
                if reader.version < 3 {
                    // Version 2 counts from the virtual clock, which the stream has set before.
                    state.tickOffset =
                        new.tickOffsetVMState &+ UInt64(bitPattern: clock.now)
                        &- UInt64(bitPattern: cplatform_realtime_ns())
                }
                state.tickOffsetVMState = 0
                arm()
                update()
            }
        ]
    }
}
