import Synchronization
public import VMState

extension Hart {
    /// The hart's state as a stream carries it, for a receiver whose virtual clock is `mtime`. Only while paused.
    public var state: CPUState {
        var state = carried
        let context = unsafe context
        state.gpr = (0..<32).map { unsafe x[$0] }
        state.fpr = (0..<32).map { unsafe f[$0] }
        unsafe state.pc = context.pointee.pc
        unsafe state.loadRes = context.pointee.reservation
        unsafe state.loadVal = context.pointee.reservationValue
        unsafe state.frm = UInt64(context.pointee.frm)
        unsafe state.fflags = context.pointee.fflags
        unsafe state.priv = context.pointee.privilege
        unsafe state.mstatus = context.pointee.mstatus
        state.mip = pendingInterrupts
        unsafe state.mie = context.pointee.mie
        unsafe state.mideleg = context.pointee.mideleg | carried.mideleg & ~Interrupt.all
        unsafe state.satp = context.pointee.satp
        unsafe state.stval = context.pointee.stval
        unsafe state.medeleg = context.pointee.medeleg
        unsafe state.stvec = context.pointee.stvec
        unsafe state.sepc = context.pointee.sepc
        unsafe state.scause = context.pointee.scause
        unsafe state.mtvec = context.pointee.mtvec
        unsafe state.mepc = context.pointee.mepc
        unsafe state.mcause = context.pointee.mcause
        unsafe state.mtval = context.pointee.mtval
        let upper = UInt64(UInt32.max) << 32
        unsafe state.scounteren = context.pointee.scounteren | carried.scounteren & upper
        unsafe state.mcounteren = context.pointee.mcounteren | carried.mcounteren & upper
        unsafe state.mcountinhibit = context.pointee.mcountinhibit | carried.mcountinhibit & upper
        unsafe state.sscratch = context.pointee.sscratch
        unsafe state.mscratch = context.pointee.mscratch
        unsafe state.stimecmp = context.pointee.stimecmp
        for index in 0..<32 {
            unsafe state.pmuCtrs[index].value = context.pointee.hpmCounter[index]
            unsafe state.mhpmeventVal[index] = context.pointee.hpmEvent[index]
        }
        state.pmuCtrs[0].value = cycleCounter
        state.pmuCtrs[2].value = retiredCounter
        for index in 0..<16 {
            unsafe state.pmp[index].address = context.pointee.pmpAddress[index]
            unsafe state.pmp[index].configuration = context.pointee.pmpConfiguration[index]
        }
        unsafe state.menvcfg = context.pointee.menvcfg | carried.menvcfg & ~Environment.machine
        unsafe state.senvcfg = context.pointee.senvcfg
        unsafe state.triggerCur = context.pointee.triggerSelect
        for index in 0..<2 {
            unsafe state.tdata1[index] = context.pointee.triggerData1[index]
            unsafe state.tdata2[index] = context.pointee.triggerData2[index]
            unsafe state.tdata3[index] = context.pointee.triggerData3[index]
        }
        state.mhartid = UInt64(id)
        if state.misaExt == 0 {
            // QEMU's default CPU has H; a destination with it does not look at these.
            state.misaExt = 0x1411ad
            state.misaExtMask = 0x1411ad
            state.privVer = 3
            state.vextVer = 0x10000
            state.resetvec = 0x1000
            state.miclaim = 0x1000
        }
        state.stimer = -1
        if state.menvcfg & Environment.stce != 0 {
            if bus.ticks >= state.stimecmp {
                // Due, and the timer's thread has not come to say so: the receiver arms nothing for what is past.
                state.mip |= Interrupt.stip
            } else if state.stimecmp <= UInt64(Int64.max) / 100 {
                // Farther than the clock can count is never.
                state.stimer = Int64(state.stimecmp) * 100
            }
        }
        return state
    }

    /// What `cpu_common` says of the hart. Only while paused.
    public var commonState: CPUCommonState {
        var state = CPUCommonState()
        state.halted = isWaiting ? 1 : 0
        state.interruptRequest = pendingInterrupts != 0 ? 2 : 0
        return state
    }

    /// Takes what `cpu_common` brought. Only while paused, before ``setState(_:_:)``.
    public func setCommonState(_ state: CPUCommonState) { isWaiting = state.halted != 0 }

    /// Takes a state from a stream. Only while paused, with the virtual clock set; timers are armed by `stimecmp`
    /// alone, never by what a stream says of them.
    ///
    /// A value that would do harm is refused, or becomes what a write of the register would make of it; other
    /// bits that only somebody else's registers have stay, so that they go on to the next.
    ///
    /// - Throws: `VMStateError` when a hart cannot be in that state.
    public func setState(_ new: CPUState, _ reader: VMStateReader) throws(VMStateError) {
        guard new.misaMxl == 2 else {
            throw reader.invalid("env.misa_mxl", expected: "2 (RV64)", found: "\(new.misaMxl)")
        }
        guard new.mhartid == UInt64(id) else {
            throw reader.invalid("env.mhartid", expected: "\(id)", found: "\(new.mhartid)")
        }
        guard new.priv <= 3, new.priv != 2 else {
            throw reader.invalid("env.priv", expected: "0, 1 or 3", found: "\(new.priv)")
        }
        guard !new.virtEnabled, new.virt & 1 == 0 else {
            throw reader.invalid(
                "env.virt_enabled", expected: "0: a guest that runs no guest of its own", found: "1")
        }
        guard new.satp >> 60 == 0 || (8...10).contains(new.satp >> 60) else {
            throw reader.invalid(
                "env.satp", expected: "mode Bare (0), Sv39 (8), Sv48 (9) or Sv57 (10)",
                found: "mode \(new.satp >> 60)")
        }
        guard new.triggerCur < 2 else {
            throw reader.invalid("env.trigger_cur", expected: "0 or 1", found: "\(new.triggerCur)")
        }
        guard new.frm < 8 else {
            throw reader.invalid("env.frm", expected: "0 to 7", found: "\(new.frm)")
        }
        carried = new
        let context = unsafe context
        for index in 0..<32 {
            unsafe x[index] = index == 0 ? 0 : new.gpr[index]
            unsafe f[index] = new.fpr[index]
        }
        unsafe context.pointee.pc = new.pc & ~1
        unsafe context.pointee.reservation = new.loadRes
        unsafe context.pointee.reservationValue = new.loadVal
        unsafe context.pointee.frm = UInt8(new.frm)
        unsafe context.pointee.fflags = new.fflags & 31
        unsafe context.pointee.privilege = new.priv
        unsafe context.pointee.mstatus = Self.legalStatus(new.mstatus, old: 0)
        // Lines from devices come from the devices; software's bits are the rest.
        unsafe context.pointee.mip = new.mip & (Interrupt.ssip | Interrupt.stip)
        // MSWI has no section of its own, so MSIP is found here alone.
        lines.bitwiseAnd(~(Interrupt.msip | Interrupt.ssip), ordering: .relaxed)
        lines.bitwiseOr(new.mip & Interrupt.msip, ordering: .releasing)
        unsafe context.pointee.mie = new.mie & Interrupt.all
        unsafe context.pointee.mideleg = new.mideleg & Interrupt.supervisor
        unsafe context.pointee.satp = new.satp
        unsafe context.pointee.stval = new.stval
        unsafe context.pointee.medeleg = new.medeleg
        unsafe context.pointee.stvec = new.stvec
        unsafe context.pointee.sepc = new.sepc & ~1
        unsafe context.pointee.scause = new.scause
        unsafe context.pointee.mtvec = new.mtvec
        unsafe context.pointee.mepc = new.mepc & ~1
        unsafe context.pointee.mcause = new.mcause
        unsafe context.pointee.mtval = new.mtval
        unsafe context.pointee.scounteren = new.scounteren & UInt64(UInt32.max)
        unsafe context.pointee.mcounteren = new.mcounteren & UInt64(UInt32.max)
        unsafe context.pointee.mcountinhibit = new.mcountinhibit & UInt64(UInt32.max)
        unsafe context.pointee.sscratch = new.sscratch
        unsafe context.pointee.mscratch = new.mscratch
        unsafe context.pointee.stimecmp = new.stimecmp
        unsafe context.pointee.instret = 0
        unsafe context.pointee.cycleOffset = new.pmuCtrs[0].value
        unsafe context.pointee.instretOffset = new.pmuCtrs[2].value
        for index in 3..<32 {
            unsafe context.pointee.hpmCounter[index] = new.pmuCtrs[index].value
            unsafe context.pointee.hpmEvent[index] = new.mhpmeventVal[index]
        }
        for index in 0..<16 {
            unsafe context.pointee.pmpAddress[index] = new.pmp[index].address
            unsafe context.pointee.pmpConfiguration[index] = new.pmp[index].configuration & 0x9f
        }
        unsafe context.pointee.menvcfg = new.menvcfg & Environment.machine
        unsafe context.pointee.senvcfg = new.senvcfg & Environment.supervisor
        unsafe context.pointee.triggerSelect = new.triggerCur
        for index in 0..<2 {
            unsafe context.pointee.triggerData1[index] = new.tdata1[index]
            unsafe context.pointee.triggerData2[index] = new.tdata2[index]
            unsafe context.pointee.triggerData3[index] = new.tdata3[index]
        }
        fenceEpoch &+= 1
        updatePMP()
        updateRegime()
        updateTimer()
    }
}
