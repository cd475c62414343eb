import VMState

/// Numbers of the control and status registers that are implemented. Source: privileged manual, chapter 2.
enum CSR {
    static let fflags = 0x001
    static let frm = 0x002
    static let fcsr = 0x003
    static let sstatus = 0x100
    static let sie = 0x104
    static let stvec = 0x105
    static let scounteren = 0x106
    static let senvcfg = 0x10a
    static let sscratch = 0x140
    static let sepc = 0x141
    static let scause = 0x142
    static let stval = 0x143
    static let sip = 0x144
    static let stimecmp = 0x14d
    static let satp = 0x180
    static let mstatus = 0x300
    static let misa = 0x301
    static let medeleg = 0x302
    static let mideleg = 0x303
    static let mie = 0x304
    static let mtvec = 0x305
    static let mcounteren = 0x306
    static let menvcfg = 0x30a
    static let mcountinhibit = 0x320
    static let mscratch = 0x340
    static let mepc = 0x341
    static let mcause = 0x342
    static let mtval = 0x343
    static let mip = 0x344
    static let tselect = 0x7a0
    static let tdata1 = 0x7a1
    static let tdata2 = 0x7a2
    static let tdata3 = 0x7a3
    static let tinfo = 0x7a4
    static let mcycle = 0xb00
    static let minstret = 0xb02
    static let cycle = 0xc00
    static let time = 0xc01
    static let instret = 0xc02
}

extension Hart {
    /// A, C, D, F, I, M, S, U on RV64; H is carried in the state but not executed, so not shown.
    static let misa: UInt64 = 2 << 62 | 0x14112d
    /// Exceptions that may be delegated.
    static let delegableExceptions: UInt64 = 0xb3ff

    /// The value of a CSR; nil when the access is illegal.
    func readCSR(_ number: Int) -> UInt64? {
        guard mayAccess(number) else { return nil }
        let context = unsafe context
        switch number {
        case CSR.fflags: return unsafe floatIsOff ? nil : UInt64(context.pointee.fflags)
        case CSR.frm: return unsafe floatIsOff ? nil : UInt64(context.pointee.frm)
        case CSR.fcsr:
            return unsafe floatIsOff ? nil : UInt64(context.pointee.frm) << 5 | UInt64(context.pointee.fflags)
        case CSR.sstatus: return unsafe withSD(context.pointee.mstatus & Status.supervisor) | 2 << 32
        case CSR.sie: return unsafe context.pointee.mie & context.pointee.mideleg
        case CSR.sip: return unsafe pendingInterrupts & context.pointee.mideleg
        case CSR.stvec: return unsafe context.pointee.stvec
        case CSR.scounteren: return unsafe context.pointee.scounteren
        case CSR.senvcfg: return unsafe context.pointee.senvcfg
        case CSR.sscratch: return unsafe context.pointee.sscratch
        case CSR.sepc: return unsafe context.pointee.sepc
        case CSR.scause: return unsafe context.pointee.scause
        case CSR.stval: return unsafe context.pointee.stval
        case CSR.stimecmp: return mayUseStimecmp ? unsafe context.pointee.stimecmp : nil
        case CSR.satp: return trapsVirtualMemory ? nil : unsafe context.pointee.satp
        case CSR.mstatus: return unsafe withSD(context.pointee.mstatus)
        case CSR.misa: return hasHypervisorState ? Self.misa | 1 << 7 : Self.misa
        case CSR.medeleg: return unsafe context.pointee.medeleg
        case CSR.mideleg: return unsafe context.pointee.mideleg
        case CSR.mie: return unsafe context.pointee.mie
        case CSR.mtvec: return unsafe context.pointee.mtvec
        case CSR.mcounteren: return unsafe context.pointee.mcounteren
        case CSR.menvcfg: return unsafe context.pointee.menvcfg
        case CSR.mcountinhibit: return unsafe context.pointee.mcountinhibit
        case CSR.mscratch: return unsafe context.pointee.mscratch
        case CSR.mepc: return unsafe context.pointee.mepc
        case CSR.mcause: return unsafe context.pointee.mcause
        case CSR.mtval: return unsafe context.pointee.mtval
        case CSR.mip: return pendingInterrupts
        case 0x323...0x33f: return unsafe context.pointee.hpmEvent[number - 0x320]
        case 0x3a0, 0x3a2:
            let first = (number - 0x3a0) * 4
            return (0..<8).reduce(0) {
                unsafe $0 | UInt64(context.pointee.pmpConfiguration[first + $1]) << UInt64(8 * $1)
            }
        case 0x3b0...0x3bf: return unsafe context.pointee.pmpAddress[number - 0x3b0]
        case CSR.tselect: return unsafe context.pointee.triggerSelect
        case CSR.tdata1: return unsafe context.pointee.triggerData1[Int(context.pointee.triggerSelect)]
        case CSR.tdata2: return unsafe context.pointee.triggerData2[Int(context.pointee.triggerSelect)]
        case CSR.tdata3: return unsafe context.pointee.triggerData3[Int(context.pointee.triggerSelect)]
        case CSR.tinfo: return 4
        // The instruction that reads has been counted already, but has not retired.
        case CSR.mcycle, CSR.cycle: return unsafe cycleCounter &- (~context.pointee.mcountinhibit & 1)
        case CSR.minstret, CSR.instret:
            return unsafe retiredCounter &- (~context.pointee.mcountinhibit >> 2 & 1)
        case CSR.time: return bus.ticks
        case 0xb03...0xb1f: return unsafe context.pointee.hpmCounter[number - 0xb00]
        case 0xc03...0xc1f: return unsafe context.pointee.hpmCounter[number - 0xc00]
        case 0xf11: return 0
        case 0xf12, 0xf13: return implementationID
        case 0xf14: return UInt64(id)
        case 0xf15: return 0
        default:
            guard hasHypervisorState, let path = Self.hypervisorRegister(number) else { return nil }
            return carried.hyper[keyPath: path]
        }
    }

    /// Writes a CSR; false when the access is illegal. The caller has checked that it is not read-only.
    func writeCSR(_ number: Int, _ value: UInt64) -> Bool {
        let context = unsafe context
        switch number {
        case CSR.fflags:
            if floatIsOff { return false }
            unsafe context.pointee.fflags = UInt8(truncatingIfNeeded: value) & 31
            markFloatDirty()
        case CSR.frm:
            if floatIsOff { return false }
            unsafe context.pointee.frm = UInt8(truncatingIfNeeded: value) & 7
            markFloatDirty()
        case CSR.fcsr:
            if floatIsOff { return false }
            unsafe context.pointee.fflags = UInt8(truncatingIfNeeded: value) & 31
            unsafe context.pointee.frm = UInt8(truncatingIfNeeded: value >> 5) & 7
            markFloatDirty()
        case CSR.sstatus:
            writeStatus(unsafe context.pointee.mstatus & ~Status.supervisor | value & Status.supervisor)
        case CSR.mstatus: writeStatus(value)
        case CSR.sie:
            let mask = unsafe context.pointee.mideleg & Interrupt.all
            unsafe context.pointee.mie = context.pointee.mie & ~mask | value & mask
            interruptsChanged()
        case CSR.mie:
            unsafe context.pointee.mie = value & Interrupt.all
            interruptsChanged()
        case CSR.sip: writePending(value, unsafe context.pointee.mideleg & Interrupt.ssip)
        case CSR.mip:
            let stimer: UInt64 = unsafe context.pointee.menvcfg & Environment.stce != 0 ? 0 : Interrupt.stip
            writePending(value, Interrupt.ssip | Interrupt.seip | stimer)
        case CSR.stvec: if value & 2 == 0 { unsafe context.pointee.stvec = value }
        case CSR.mtvec: if value & 2 == 0 { unsafe context.pointee.mtvec = value }
        case CSR.scounteren: unsafe context.pointee.scounteren = value & 0xffff_ffff
        case CSR.mcounteren: unsafe context.pointee.mcounteren = value & 0xffff_ffff
        case CSR.senvcfg: unsafe context.pointee.senvcfg = value & Environment.supervisor
        case CSR.menvcfg:
            unsafe context.pointee.menvcfg = value & Environment.machine
            flushTranslations()
            updateTimer()
        case CSR.sscratch: unsafe context.pointee.sscratch = value
        case CSR.sepc: unsafe context.pointee.sepc = value & ~1
        case CSR.scause: unsafe context.pointee.scause = value
        case CSR.stval: unsafe context.pointee.stval = value
        case CSR.stimecmp:
            guard mayUseStimecmp else { return false }
            unsafe context.pointee.stimecmp = value
            updateTimer()
        case CSR.satp:
            if trapsVirtualMemory { return false }
            let mode = value >> 60
            guard mode == 0 || (8...10).contains(mode) else { return true }
            let new = value
            if unsafe new != context.pointee.satp {
                unsafe context.pointee.satp = new
                flushTranslations()
            }
        case CSR.misa: break
        case CSR.medeleg: unsafe context.pointee.medeleg = value & Self.delegableExceptions
        case CSR.mideleg:
            unsafe context.pointee.mideleg = value & Interrupt.supervisor
            interruptsChanged()
        case CSR.mcountinhibit: inhibitCounters(value & 0x7_fffd)
        case CSR.mscratch: unsafe context.pointee.mscratch = value
        case CSR.mepc: unsafe context.pointee.mepc = value & ~1
        case CSR.mcause: unsafe context.pointee.mcause = value
        case CSR.mtval: unsafe context.pointee.mtval = value
        case 0x323...0x332: unsafe context.pointee.hpmEvent[number - 0x320] = value
        case 0x333...0x33f: break
        case 0x3a0, 0x3a2: writePMPConfiguration((number - 0x3a0) * 4, value)
        case 0x3b0...0x3bf: writePMPAddress(number - 0x3b0, value)
        case CSR.tselect: if value < 2 { unsafe context.pointee.triggerSelect = value }
        case CSR.tdata1:
            // Type 2 only, and without an action: kept, never fires.
            unsafe context.pointee.triggerData1[Int(context.pointee.triggerSelect)] =
                0x2000_0000_0000_0000 | value & 0x7ff_ffff & ~0xf03f
        case CSR.tdata2: unsafe context.pointee.triggerData2[Int(context.pointee.triggerSelect)] = value
        case CSR.tdata3: unsafe context.pointee.triggerData3[Int(context.pointee.triggerSelect)] = value
        case CSR.tinfo: break
        case CSR.mcycle:
            let stands = unsafe context.pointee.mcountinhibit & 1 != 0
            unsafe context.pointee.cycleOffset = stands ? value : value &- context.pointee.instret
        case CSR.minstret:
            let stands = unsafe context.pointee.mcountinhibit & 4 != 0
            unsafe context.pointee.instretOffset = stands ? value : value &- context.pointee.instret
        case 0xb03...0xb12: unsafe context.pointee.hpmCounter[number - 0xb00] = value
        case 0xb13...0xb1f: break
        default:
            guard hasHypervisorState, let path = Self.hypervisorRegister(number) else { return false }
            carried.hyper[keyPath: path] = value
        }
        return true
    }

    // MARK: Rules of access

    private func mayAccess(_ number: Int) -> Bool {
        let privilege = unsafe context.pointee.privilege
        let needed = UInt64(number >> 8 & 3)
        // The hypervisor's and the virtual supervisor's registers are for HS-mode, which is S-mode here.
        guard privilege >= (needed == 2 ? 1 : needed) else { return false }
        if (0xc00...0xc1f).contains(number), privilege < 3 {
            let bit = UInt64(1) << UInt64(number & 31)
            if unsafe context.pointee.mcounteren & bit == 0 { return false }
            if privilege == 0, unsafe context.pointee.scounteren & bit == 0 { return false }
        }
        return true
    }

    var floatIsOff: Bool { unsafe context.pointee.mstatus & Status.fs == 0 }

    func markFloatDirty() { unsafe context.pointee.mstatus |= Status.fs }

    private var mayUseStimecmp: Bool {
        if unsafe context.pointee.privilege == 3 { return true }
        return unsafe context.pointee.mcounteren & 2 != 0 && context.pointee.menvcfg & Environment.stce != 0
    }

    private var trapsVirtualMemory: Bool {
        unsafe context.pointee.privilege == 1 && context.pointee.mstatus & Status.tvm != 0
    }

    private func withSD(_ status: UInt64) -> UInt64 {
        status & Status.fs == Status.fs ? status | Status.sd : status
    }

    /// What `mstatus` becomes when `value` is put in the place of `old`: MPP stays when it would name a mode
    /// that there is not. Source: privileged manual, 3.1.6.
    static func legalStatus(_ value: UInt64, old: UInt64) -> UInt64 {
        let new = value & Status.machine | Status.widths
        return new & Status.mpp == 2 << 11 ? new & ~Status.mpp | old & Status.mpp : new
    }

    func writeStatus(_ value: UInt64) {
        let old = unsafe context.pointee.mstatus
        let new = Self.legalStatus(value, old: old)
        unsafe context.pointee.mstatus = new
        if (old ^ new) & Status.mxr != 0 { flushTranslations() }
        updateRegime()
        interruptsChanged()
    }

    private func writePending(_ value: UInt64, _ mask: UInt64) {
        unsafe context.pointee.mip = context.pointee.mip & ~mask | value & mask
        interruptsChanged()
    }

    private func writePMPConfiguration(_ first: Int, _ value: UInt64) {
        for index in 0..<8 where unsafe context.pointee.pmpConfiguration[first + index] & 0x80 == 0 {
            let byte = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) & 0x9f
            // W without R is reserved.
            if byte & 3 != 2 { unsafe context.pointee.pmpConfiguration[first + index] = byte }
        }
        updatePMP()
    }

    private func writePMPAddress(_ index: Int, _ value: UInt64) {
        if unsafe context.pointee.pmpConfiguration[index] & 0x80 != 0 { return }
        if index < 15, unsafe context.pointee.pmpConfiguration[index + 1] & 0x98 == 0x88 { return }
        unsafe context.pointee.pmpAddress[index] = value & 0x3f_ffff_ffff_ffff
        updatePMP()
    }
}
