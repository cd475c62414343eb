public import VMState

/// A 16550A serial port with 16-byte FIFOs. Source: National Semiconductor PC16550D.
public final class UART16550: MMIODevice, @unchecked Sendable {
    // Sendable: touched with the board's lock held.

    private var state = SerialState()
    private let line: InterruptLine
    private let clock: VirtualClock
    private let lock: BoardLock
    private var timeout: BoardTimer?
    /// Takes what the guest sends.
    private let send: @Sendable (UInt8) -> Void
    /// Asked for more when there is room again.
    private var roomHandler: (@Sendable () -> Void)?

    private enum IER {
        static let receive: UInt8 = 1
        static let transmit: UInt8 = 2
        static let lineStatus: UInt8 = 4
        static let modemStatus: UInt8 = 8
    }
    private enum LSR {
        static let dataReady: UInt8 = 1
        static let overrun: UInt8 = 2
        static let errors: UInt8 = 0x1e
        static let transmitEmpty: UInt8 = 0x20
        static let idle: UInt8 = 0x40
    }

    public init(timers: BoardTimers, line: InterruptLine, send: @escaping @Sendable (UInt8) -> Void) {
        self.line = line
        self.send = send
        clock = timers.clock
        lock = timers.lock
        timeout = BoardTimer(timers) { [weak self] in
            guard let self else { return }
            state.timeoutPending = state.receiveFIFO.count > 0 ? 1 : 0
            update()
        }
    }

    /// Called with the board's lock held whenever more can be received.
    public func setRoomHandler(_ handler: @escaping @Sendable () -> Void) { roomHandler = handler }

    public func reset() {
        state = SerialState()
        timeout?.deadline = nil
        update()
    }

    private var hasFIFO: Bool { state.fcr & 1 != 0 }
    private var isLooping: Bool { state.mcr & 0x10 != 0 }

    /// How many bytes can be received now; none while time stands still, for what comes then may belong to another host.
    public var room: Int {
        guard clock.isRunning, !isLooping else { return 0 }
        return hasFIFO ? 16 - Int(state.receiveFIFO.count) : state.lsr & LSR.dataReady == 0 ? 1 : 0
    }

    /// Takes bytes from outside, at most ``room``; the rest would be an overrun.
    public func receive(_ bytes: [UInt8]) {
        for byte in bytes { take(byte) }
        update()
    }

    private func take(_ byte: UInt8) {
        if hasFIFO {
            guard state.receiveFIFO.count < 16 else {
                state.lsr |= LSR.overrun
                return
            }
            let place = Int(state.receiveFIFO.head + state.receiveFIFO.count) % 16
            state.receiveFIFO.data[place] = byte
            state.receiveFIFO.count += 1
            state.lsr |= LSR.dataReady
            armTimeout()
        } else {
            if state.lsr & LSR.dataReady != 0 { state.lsr |= LSR.overrun }
            state.rbr = byte
            state.lsr |= LSR.dataReady
        }
    }

    /// Four character times of silence raise an interrupt even below the trigger level.
    private func armTimeout() {
        let divider = max(Int64(state.divider), 1)
        timeout?.deadline = clock.now &+ 4 * 10 * 16 * divider * 1_000_000_000 / 1_843_200
    }

    private var triggerLevel: UInt32 { [1, 4, 8, 14][Int(state.fcr >> 6)] }

    /// Finds the cause to show, by priority, and drives the line.
    private func update() {
        var cause: UInt8 = 1
        if state.ier & IER.lineStatus != 0, state.lsr & LSR.errors != 0 {
            cause = 6
        } else if state.ier & IER.receive != 0, state.timeoutPending != 0 {
            cause = 0x0c
        } else if state.ier & IER.receive != 0, state.lsr & LSR.dataReady != 0,
            !hasFIFO || state.receiveFIFO.count >= triggerLevel
        {
            cause = 4
        } else if state.ier & IER.transmit != 0, state.thrInterruptPending != 0 {
            cause = 2
        } else if state.ier & IER.modemStatus != 0, state.msr & 0x0f != 0 {
            cause = 0
        }
        state.iir = cause | state.iir & 0xf0
        line.set(cause != 1)
    }

    public func read(_ offset: UInt64, size: Int) -> UInt64 {
        guard size == 1 else { return 0 }
        switch offset {
        case 0:
            if state.lcr & 0x80 != 0 { return UInt64(state.divider & 0xff) }
            return UInt64(takeReceived())
        case 1: return state.lcr & 0x80 != 0 ? UInt64(state.divider >> 8) : UInt64(state.ier)
        case 2:
            let value = state.iir
            if value & 0x0f == 2 {
                state.thrInterruptPending = 0
                update()
            }
            return UInt64(value)
        case 3: return UInt64(state.lcr)
        case 4: return UInt64(state.mcr)
        case 5:
            let value = state.lsr
            if value & LSR.errors != 0 {
                state.lsr &= ~LSR.errors
                update()
            }
            return UInt64(value)
        case 6:
            if isLooping {
                // The outputs come back as the inputs they are wired to.
                return UInt64((state.mcr & 0x0c) << 4 | (state.mcr & 2) << 3 | (state.mcr & 1) << 5)
            }
            let value = state.msr
            if value & 0x0f != 0 {
                state.msr &= 0xf0
                update()
            }
            return UInt64(value)
        case 7: return UInt64(state.scr)
        default: return 0
        }
    }

    private func takeReceived() -> UInt8 {
        let value: UInt8
        if hasFIFO {
            guard state.receiveFIFO.count > 0 else { return 0 }
            value = state.receiveFIFO.data[Int(state.receiveFIFO.head) % 16]
            state.receiveFIFO.head = (state.receiveFIFO.head + 1) % 16
            state.receiveFIFO.count -= 1
            if state.receiveFIFO.count == 0 {
                state.lsr &= ~LSR.dataReady
                timeout?.deadline = nil
            } else {
                armTimeout()
            }
            state.timeoutPending = 0
        } else {
            value = state.rbr
            state.lsr &= ~LSR.dataReady
        }
        update()
        if !isLooping { roomHandler?() }
        return value
    }

    public func write(_ offset: UInt64, size: Int, value wide: UInt64) {
        guard size == 1 else { return }
        let value = UInt8(truncatingIfNeeded: wide)
        switch offset {
        case 0:
            if state.lcr & 0x80 != 0 {
                state.divider = state.divider & 0xff00 | UInt16(value)
                return
            }
            state.thr = value
            if isLooping { take(value) } else { send(value) }
            // The other side takes it at once: the register is empty again.
            state.lsr |= LSR.transmitEmpty | LSR.idle
            state.thrInterruptPending = 1
            update()
        case 1:
            if state.lcr & 0x80 != 0 {
                state.divider = state.divider & 0x00ff | UInt16(value) << 8
                return
            }
            let changed = (state.ier ^ value) & 0x0f
            state.ier = value & 0x0f
            if changed & IER.transmit != 0, state.ier & IER.transmit != 0, state.lsr & LSR.transmitEmpty != 0
            {
                state.thrInterruptPending = 1
            }
            update()
        case 2: writeFIFOControl(value)
        case 3: state.lcr = value
        case 4:
            state.mcr = value & 0x1f
            if !isLooping { roomHandler?() }
        case 7: state.scr = value
        default: break
        }
    }

    private func writeFIFOControl(_ value: UInt8) {
        var new = value
        if (new ^ state.fcr) & 1 != 0 { new |= 6 }
        if new & 2 != 0 {
            state.lsr &= ~LSR.dataReady
            timeout?.deadline = nil
            state.timeoutPending = 0
            state.receiveFIFO = .init()
        }
        if new & 4 != 0 {
            state.lsr |= LSR.transmitEmpty
            state.thrInterruptPending = 1
            state.transmitFIFO = .init()
        }
        state.fcr = new & 0xc9
        state.iir = state.iir & 0x0f | (new & 1 != 0 ? 0xc0 : 0)
        update()
        if new & 2 != 0 { roomHandler?() }
    }

    public var sections: [VMStateSection] {
        [
            VMStateSection("serial", SerialState.description) { [self] in
                lock.lock()
                defer { lock.unlock() }
                var now = state
                now.timeoutTimer = timeout?.deadline ?? -1
                return now
            } set: { [self] (new, reader) throws(VMStateError) in
                lock.lock()
                defer { lock.unlock() }
                guard (new.lsr & LSR.idle == 0) == (new.transmitRetry != 0) else {
                    throw reader.invalid(
                        "lsr", expected: "LSR.TEMT clear exactly when a transmit is retried (serial/tsr)",
                        found: "lsr \(new.lsr), tsr_retry \(new.transmitRetry)")
                }
                state = new
                if new.transmitRetry != 0 {
                    // The byte that the source could not send yet goes out here.
                    send(new.tsr)
                    state.transmitRetry = 0
                    state.lsr |= LSR.transmitEmpty | LSR.idle
                    state.thrInterruptPending = 1
                }
                for index in 0..<new.transmitFIFO.count {
                    send(new.transmitFIFO.data[Int(new.transmitFIFO.head + index) % 16])
                }
                state.transmitFIFO = .init()
                timeout?.deadline = new.timeoutTimer >= 0 ? new.timeoutTimer : nil
                update()
            }
        ]
    }
}
