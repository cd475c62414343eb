import Synchronization

extension Hart {
    /// All of `mip`: what software set, what devices drive, and the timer's level.
    var pendingInterrupts: UInt64 {
        unsafe context.pointee.mip | lines.load(ordering: .acquiring)
    }

    /// A raised SSIP is an edge: from here on the bit is software's, which clears it through `sip`.
    func takeSoftwareInterrupt() {
        guard lines.load(ordering: .relaxed) & Interrupt.ssip != 0 else { return }
        lines.bitwiseAnd(~Interrupt.ssip, ordering: .acquiringAndReleasing)
        unsafe context.pointee.mip |= Interrupt.ssip
    }

    /// Called after a change of what is pending, enabled or delegated: the loop looks before the next block.
    func interruptsChanged() { requests.bitwiseOr(Request.interrupt, ordering: .relaxed) }

    /// The interrupt to take now: its number, or nil. Source: privileged manual, 3.1.9.
    func interruptToTake() -> UInt64? {
        let enabled = unsafe pendingInterrupts & context.pointee.mie
        guard enabled != 0 else { return nil }
        let privilege = unsafe context.pointee.privilege
        let status = unsafe context.pointee.mstatus
        let delegated = unsafe context.pointee.mideleg
        var taken: UInt64 = 0
        if privilege < 3 || status & Status.mie != 0 { taken = enabled & ~delegated }
        if taken == 0, privilege < 1 || privilege == 1 && status & Status.sie != 0 {
            taken = enabled & delegated
        }
        guard taken != 0 else { return nil }
        for number: UInt64 in [11, 3, 7, 9, 1, 5] where taken >> number & 1 != 0 { return number }
        return nil
    }

    /// Enters a trap handler. `context.pc` is the address to come back to.
    func enterTrap(_ cause: UInt64, isInterrupt: Bool, value: UInt64) {
        let context = unsafe context
        let delegation = unsafe isInterrupt ? context.pointee.mideleg : context.pointee.medeleg
        let privilege = unsafe context.pointee.privilege
        let status = unsafe context.pointee.mstatus
        let code = isInterrupt ? cause | 1 << 63 : cause
        if privilege <= 1, delegation >> cause & 1 != 0 {
            unsafe context.pointee.scause = code
            unsafe context.pointee.sepc = context.pointee.pc
            unsafe context.pointee.stval = value
            var new = status & ~(Status.spie | Status.spp | Status.sie)
            if status & Status.sie != 0 { new |= Status.spie }
            if privilege == 1 { new |= Status.spp }
            unsafe context.pointee.mstatus = new
            unsafe context.pointee.privilege = 1
            unsafe context.pointee.pc = Self.handler(context.pointee.stvec, cause, isInterrupt)
        } else {
            unsafe context.pointee.mcause = code
            unsafe context.pointee.mepc = context.pointee.pc
            unsafe context.pointee.mtval = value
            var new = status & ~(Status.mpie | Status.mpp | Status.mie)
            if status & Status.mie != 0 { new |= Status.mpie }
            new |= privilege << 11
            unsafe context.pointee.mstatus = new
            unsafe context.pointee.privilege = 3
            unsafe context.pointee.pc = Self.handler(context.pointee.mtvec, cause, isInterrupt)
        }
        updateRegime()
        interruptsChanged()
    }

    private static func handler(_ vector: UInt64, _ cause: UInt64, _ isInterrupt: Bool) -> UInt64 {
        let base = vector & ~3
        return vector & 1 != 0 && isInterrupt ? base &+ 4 &* cause : base
    }

    func returnFromSupervisor() {
        let context = unsafe context
        let status = unsafe context.pointee.mstatus
        let privilege: UInt64 = status & Status.spp != 0 ? 1 : 0
        var new = status & ~(Status.sie | Status.spp) | Status.spie
        if status & Status.spie != 0 { new |= Status.sie }
        new &= ~Status.mprv
        unsafe context.pointee.mstatus = new
        unsafe context.pointee.privilege = privilege
        unsafe context.pointee.pc = context.pointee.sepc
        updateRegime()
        interruptsChanged()
    }

    func returnFromMachine() {
        let context = unsafe context
        let status = unsafe context.pointee.mstatus
        let privilege = status >> 11 & 3
        var new = status & ~(Status.mie | Status.mpp) | Status.mpie
        if status & Status.mpie != 0 { new |= Status.mie }
        if privilege != 3 { new &= ~Status.mprv }
        unsafe context.pointee.mstatus = new
        unsafe context.pointee.privilege = privilege
        unsafe context.pointee.pc = context.pointee.mepc
        updateRegime()
        interruptsChanged()
    }

    /// `stimecmp`, `menvcfg` or time has changed: sets STIP to what it is and has the bus watch the next deadline.
    func updateTimer() {
        guard unsafe context.pointee.menvcfg & Environment.stce != 0 else {
            bus.stimecmpChanged(hart: id, stimecmp: .max)
            return
        }
        let deadline = unsafe context.pointee.stimecmp
        if bus.ticks >= deadline {
            unsafe context.pointee.mip |= Interrupt.stip
            bus.stimecmpChanged(hart: id, stimecmp: .max)
        } else {
            unsafe context.pointee.mip &= ~Interrupt.stip
            bus.stimecmpChanged(hart: id, stimecmp: deadline)
        }
        interruptsChanged()
    }
}
