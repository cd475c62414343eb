import VMState

extension Hart {
    /// True for a guest that has seen a CPU with H.
    ///
    /// H code is not executed here. But firmware that found H at its boot reads `mtval2` and `mtinst` at every trap, so
    /// for a guest that comes from such a CPU the registers are there and keep what is written to them.
    /// QEMU delegates the interrupts of VS-mode from the start, which tells its guests from ours.
    var hasHypervisorState: Bool { carried.misaExt & 1 << 7 != 0 && carried.mideleg & 0x444 != 0 }

    /// Where a register of the hypervisor extension is kept. Source: privileged manual, chapter 2.
    static func hypervisorRegister(_ number: Int)
        -> (any WritableKeyPath<CPUState.Hypervisor, UInt64> & Sendable)?
    {
        switch number {
        case 0x200: return \CPUState.Hypervisor.vsstatus
        case 0x204: return \CPUState.Hypervisor.vsie
        case 0x205: return \CPUState.Hypervisor.vstvec
        case 0x240: return \CPUState.Hypervisor.vsscratch
        case 0x241: return \CPUState.Hypervisor.vsepc
        case 0x242: return \CPUState.Hypervisor.vscause
        case 0x243: return \CPUState.Hypervisor.vstval
        case 0x24d: return \CPUState.Hypervisor.vstimecmp
        case 0x280: return \CPUState.Hypervisor.vsatp
        case 0x34a: return \CPUState.Hypervisor.mtinst
        case 0x34b: return \CPUState.Hypervisor.mtval2
        case 0x600: return \CPUState.Hypervisor.hstatus
        case 0x602: return \CPUState.Hypervisor.hedeleg
        case 0x603: return \CPUState.Hypervisor.hideleg
        case 0x605: return \CPUState.Hypervisor.htimedelta
        case 0x607: return \CPUState.Hypervisor.hgeie
        case 0x643: return \CPUState.Hypervisor.htval
        case 0x645: return \CPUState.Hypervisor.hvip
        case 0x64a: return \CPUState.Hypervisor.htinst
        case 0x680: return \CPUState.Hypervisor.hgatp
        case 0xe12: return \CPUState.Hypervisor.hgeip
        default: return nil
        }
    }
}
