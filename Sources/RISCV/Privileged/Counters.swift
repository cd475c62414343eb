extension Hart {
    /// `mcycle`: an instruction takes one cycle.
    var cycleCounter: UInt64 {
        let counts = unsafe context.pointee.mcountinhibit & 1 == 0
        return unsafe (counts ? context.pointee.instret : 0) &+ context.pointee.cycleOffset
    }

    /// `minstret`, with the instruction that runs now.
    var retiredCounter: UInt64 {
        let counts = unsafe context.pointee.mcountinhibit & 4 == 0
        return unsafe (counts ? context.pointee.instret : 0) &+ context.pointee.instretOffset
    }

    /// Writes `mcountinhibit`: a counter that stops or starts again keeps its value.
    func inhibitCounters(_ value: UInt64) {
        let (cycle, retired) = (cycleCounter, retiredCounter)
        let context = unsafe context
        unsafe context.pointee.mcountinhibit = value
        let instret = unsafe context.pointee.instret
        unsafe context.pointee.cycleOffset = value & 1 != 0 ? cycle : cycle &- instret
        unsafe context.pointee.instretOffset = value & 4 != 0 ? retired : retired &- instret
    }
}
