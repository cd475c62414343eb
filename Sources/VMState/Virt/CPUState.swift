import Bytes

/// A hart as QEMU's `cpu` section holds it: version 10 of QEMU 10.0, version 5 of 7.2.
///
/// Names are QEMU's. Values that Martlet's harts do not use are carried from stream to stream.
public struct CPUState: Sendable, Equatable {
    public struct Counter: Sendable, Equatable {
        public var value: UInt64 = 0
        public var valueHigh: UInt64 = 0
        public var previous: UInt64 = 0
        public var previousHigh: UInt64 = 0
        public var started = false
        public init() {}

        static func table(hasStarted: Bool) -> VMStateDescription<Counter> {
            let values: [VMStateField<Counter>] = [
                .uint64("mhpmcounter_val", \.value), .uint64("mhpmcounterh_val", \.valueHigh),
                .uint64("mhpmcounter_prev", \.previous), .uint64("mhpmcounterh_prev", \.previousHigh),
            ]
            let version: UInt32 = hasStarted ? 1 : 2
            return VMStateDescription(
                "cpu/pmu", version: version,
                fields: hasStarted ? values + [.bool("started", \.started)] : values)
        }
    }

    public struct Protection: Sendable, Equatable {
        public var address: UInt64 = 0
        public var configuration: UInt8 = 0
        public init() {}
    }

    /// Hypervisor state: always sent by a CPU with H, never executed here.
    public struct Hypervisor: Sendable, Equatable {
        public var hstatus: UInt64 = 0
        public var hedeleg: UInt64 = 0
        public var hideleg: UInt64 = 0
        public var hcounteren: UInt64 = 0
        public var htval: UInt64 = 0
        public var htinst: UInt64 = 0
        public var hgatp: UInt64 = 0
        public var hgeie: UInt64 = 0
        public var hgeip: UInt64 = 0
        public var hvien: UInt64 = 0
        public var hvip: UInt64 = 0
        public var htimedelta: UInt64 = 0
        public var vstimecmp: UInt64 = 0
        public var hvictl: UInt64 = 0
        public var hviprio: [UInt8] = Array(repeating: 0, count: 64)
        public var vsstatus: UInt64 = 0
        public var vstvec: UInt64 = 0
        public var vsscratch: UInt64 = 0
        public var vsepc: UInt64 = 0
        public var vscause: UInt64 = 0
        public var vstval: UInt64 = 0
        public var vsatp: UInt64 = 0
        public var vsiselect: UInt64 = 0
        public var vsie: UInt64 = 0
        public var mtval2: UInt64 = 0
        public var mtinst: UInt64 = 0
        public var stvecHs: UInt64 = 0
        public var sscratchHs: UInt64 = 0
        public var sepcHs: UInt64 = 0
        public var scauseHs: UInt64 = 0
        public var stvalHs: UInt64 = 0
        public var satpHs: UInt64 = 0
        public var mstatusHs: UInt64 = 0
        public init() {}
    }

    public var gpr: [UInt64] = Array(repeating: 0, count: 32)
    public var fpr: [UInt64] = Array(repeating: 0, count: 32)
    public var miprio: [UInt8] = Array(repeating: 0, count: 64)
    public var siprio: [UInt8] = Array(repeating: 0, count: 64)
    public var pc: UInt64 = 0
    public var loadRes: UInt64 = 0
    public var loadVal: UInt64 = 0
    public var frm: UInt64 = 0
    public var badaddr: UInt64 = 0
    public var guestPhysFaultAddr: UInt64 = 0
    public var privVer: UInt64 = 0
    public var vextVer: UInt64 = 0
    public var misaMxl: UInt32 = 2
    public var misaExt: UInt32 = 0
    public var misaMxlMax: UInt32 = 2
    public var misaExtMask: UInt32 = 0
    public var features: UInt32 = 0x13
    public var priv: UInt64 = 0
    public var virtEnabled: Bool = false
    public var virt: UInt64 = 0
    public var resetvec: UInt64 = 0
    public var mhartid: UInt64 = 0
    public var mstatus: UInt64 = 0
    public var mip: UInt64 = 0
    public var miclaim: UInt64 = 0
    public var mie: UInt64 = 0
    public var mvien: UInt64 = 0
    public var mvip: UInt64 = 0
    public var sie: UInt64 = 0
    public var mideleg: UInt64 = 0
    public var satp: UInt64 = 0
    public var stval: UInt64 = 0
    public var medeleg: UInt64 = 0
    public var stvec: UInt64 = 0
    public var sepc: UInt64 = 0
    public var scause: UInt64 = 0
    public var mtvec: UInt64 = 0
    public var mepc: UInt64 = 0
    public var mcause: UInt64 = 0
    public var mtval: UInt64 = 0
    public var miselect: UInt64 = 0
    public var siselect: UInt64 = 0
    /// The upper halves of these are QEMU 7.2's alone, which keeps what was written.
    public var scounteren: UInt64 = 0
    public var mcounteren: UInt64 = 0
    public var scountinhibit: UInt32 = 0
    public var mcountinhibit: UInt64 = 0
    public var pmuCtrs: [Counter] = Array(repeating: Counter(), count: 32)
    public var mhpmeventVal: [UInt64] = Array(repeating: 0, count: 32)
    public var mhpmeventhVal: [UInt64] = Array(repeating: 0, count: 32)
    public var sscratch: UInt64 = 0
    public var mscratch: UInt64 = 0
    public var mfromhost: UInt64 = 0
    public var mtohost: UInt64 = 0
    public var stimecmp: UInt64 = 0
    public var pmp: [Protection] = Array(repeating: Protection(), count: 16)
    public var hyper = Hypervisor()
    public var menvcfg: UInt64 = 0
    public var senvcfg: UInt64 = 0
    public var henvcfg: UInt64 = 0
    public var triggerCur: UInt64 = 0
    public var tdata1: [UInt64] = [0x2000_0000_0000_0000, 0x2000_0000_0000_0000]
    public var tdata2: [UInt64] = [0, 0]
    public var tdata3: [UInt64] = [0, 0]
    /// Expiry of the sstc timers on the virtual clock in nanoseconds, -1 when not running.
    public var stimer: Int64 = -1
    public var vstimer: Int64 = -1
    /// Accrued floating-point exceptions: not in QEMU's stream, sent to another Martlet only.
    public var fflags: UInt8 = 0

    public init() {}
}

extension CPUState {
    /// The table of the `cpu` section.
    public static let description = VMStateDescription<CPUState>(
        "cpu", versions: 5...10,
        fields: [
            .array("env.gpr", \.gpr, .uint64, count: 32),
            .array("env.fpr", \.fpr, .uint64, count: 32),
            .array("env.miprio", \.miprio, .uint8, count: 64),
            .array("env.siprio", \.siprio, .uint8, count: 64),
            .uint64("env.pc", \.pc),
            .uint64("env.load_res", \.loadRes),
            .uint64("env.load_val", \.loadVal),
            .uint64("env.frm", \.frm),
            .uint64("env.badaddr", \.badaddr),
            .uint64("env.guest_phys_fault_addr", \.guestPhysFaultAddr),
            .uint64("env.priv_ver", \.privVer),
            .uint64("env.vext_ver", \.vextVer),
            .uint32("env.misa_mxl", \.misaMxl),
            .uint32("env.misa_ext", \.misaExt),
            .uint32("env.misa_mxl_max", \.misaMxlMax).versions(5...5),
            .unused(4).versions(10...10),
            .uint32("env.misa_ext_mask", \.misaExtMask),
            .uint32("env.features", \.features).versions(5...5),
            .uint64("env.priv", \.priv),
            .bool("env.virt_enabled", \.virtEnabled).versions(10...10),
            .uint64("env.virt", \.virt).versions(5...5),
            .uint64("env.resetvec", \.resetvec),
            .uint64("env.mhartid", \.mhartid),
            .uint64("env.mstatus", \.mstatus),
            .custom("env.mip", type: "uint64") { (state, reader) throws(VMStateError) in
                state.mip = try reader.uint64()
            } save: { state, writer in
                let isLost = writer.dialect.losesTimers(stce: state.menvcfg >> 63 != 0)
                writer.output.uint64(isLost ? state.mip | 0x20 : state.mip)
            },
            .uint64("env.miclaim", \.miclaim),
            .uint64("env.mie", \.mie),
            .uint64("env.mvien", \.mvien).versions(10...10),
            .uint64("env.mvip", \.mvip).versions(10...10),
            .uint64("env.sie", \.sie).versions(10...10),
            .uint64("env.mideleg", \.mideleg),
            .uint64("env.satp", \.satp),
            .uint64("env.stval", \.stval),
            .uint64("env.medeleg", \.medeleg),
            .uint64("env.stvec", \.stvec),
            .uint64("env.sepc", \.sepc),
            .uint64("env.scause", \.scause),
            .uint64("env.mtvec", \.mtvec),
            .uint64("env.mepc", \.mepc),
            .uint64("env.mcause", \.mcause),
            .uint64("env.mtval", \.mtval),
            .uint64("env.miselect", \.miselect),
            .uint64("env.siselect", \.siselect),
            .value("env.scounteren", \.scounteren, .lowerHalf).versions(10...10),
            .uint64("env.scounteren", \.scounteren).versions(5...5),
            .value("env.mcounteren", \.mcounteren, .lowerHalf).versions(10...10),
            .uint64("env.mcounteren", \.mcounteren).versions(5...5),
            .uint32("env.scountinhibit", \.scountinhibit).versions(10...10),
            .value("env.mcountinhibit", \.mcountinhibit, .lowerHalf).versions(10...10),
            .uint64("env.mcountinhibit", \.mcountinhibit).versions(5...5),
            .structures("env.pmu_ctrs", \.pmuCtrs, Counter.table(hasStarted: false)).versions(10...10),
            .structures("env.pmu_ctrs", \.pmuCtrs, Counter.table(hasStarted: true)).versions(5...5),
            .array("env.mhpmevent_val", \.mhpmeventVal, .uint64, count: 32),
            .array("env.mhpmeventh_val", \.mhpmeventhVal, .uint64, count: 32),
            .uint64("env.sscratch", \.sscratch),
            .uint64("env.mscratch", \.mscratch),
            .uint64("env.mfromhost", \.mfromhost).versions(5...5),
            .uint64("env.mtohost", \.mtohost).versions(5...5),
            .uint64("env.stimecmp", \.stimecmp),
        ],
        subsections: [
            VMStateSubsection(
                VMStateDescription(
                    "cpu/pmp", version: 1,
                    fields: [
                        .structures(
                            "env.pmp_state.pmp", \.pmp,
                            VMStateDescription(
                                "cpu/pmp/entry", version: 1,
                                fields: [
                                    .uint64("addr_reg", \.address), .uint8("cfg_reg", \.configuration),
                                ]))
                    ])
            ) { _, _ in true },
            VMStateSubsection(\.hyper, hypervisor) { _, _ in true },
            VMStateSubsection(
                VMStateDescription(
                    "cpu/envcfg", version: 1,
                    fields: [
                        .uint64("env.menvcfg", \.menvcfg), .uint64("env.senvcfg", \.senvcfg),
                        .uint64("env.henvcfg", \.henvcfg),
                    ])
            ) { _, _ in true },
            VMStateSubsection(
                VMStateDescription(
                    "cpu/debug", version: 2,
                    fields: [
                        .uint64("env.trigger_cur", \.triggerCur),
                        .array("env.tdata1", \.tdata1, .uint64, count: 2),
                        .array("env.tdata2", \.tdata2, .uint64, count: 2),
                        .array("env.tdata3", \.tdata3, .uint64, count: 2),
                    ])
            ) { _, _ in true },
            VMStateSubsection(
                VMStateDescription(
                    "cpu/timer", version: 1,
                    fields: [
                        .timer("env.stimer", \.stimer), .timer("env.vstimer", \.vstimer),
                    ])
            ) { _, dialect in dialect == .qemu10_0_11 || dialect == .martlet },
            VMStateSubsection(
                VMStateDescription("cpu/martlet", version: 1, fields: [.uint8("fflags", \.fflags)])
            ) { _, dialect in dialect == .martlet },
        ],
        versionFor: { $0 == .qemu7_2 ? 5 : 10 })

    private static let hypervisor = VMStateDescription<Hypervisor>(
        "cpu/hyper", versions: 2...4,
        fields: [
            .uint64("env.hstatus", \.hstatus),
            .uint64("env.hedeleg", \.hedeleg),
            .uint64("env.hideleg", \.hideleg),
            .value("env.hcounteren", \.hcounteren, .lowerHalf).versions(3...),
            .uint64("env.hcounteren", \.hcounteren).versions(2...2),
            .uint64("env.htval", \.htval),
            .uint64("env.htinst", \.htinst),
            .uint64("env.hgatp", \.hgatp),
            .uint64("env.hgeie", \.hgeie),
            .uint64("env.hgeip", \.hgeip),
            .uint64("env.hvien", \.hvien).versions(4...),
            .uint64("env.hvip", \.hvip).versions(4...),
            .uint64("env.htimedelta", \.htimedelta),
            .uint64("env.vstimecmp", \.vstimecmp),
            .uint64("env.hvictl", \.hvictl),
            .array("env.hviprio", \.hviprio, .uint8, count: 64),
            .uint64("env.vsstatus", \.vsstatus),
            .uint64("env.vstvec", \.vstvec),
            .uint64("env.vsscratch", \.vsscratch),
            .uint64("env.vsepc", \.vsepc),
            .uint64("env.vscause", \.vscause),
            .uint64("env.vstval", \.vstval),
            .uint64("env.vsatp", \.vsatp),
            .uint64("env.vsiselect", \.vsiselect),
            .uint64("env.vsie", \.vsie).versions(4...),
            .uint64("env.mtval2", \.mtval2),
            .uint64("env.mtinst", \.mtinst),
            .uint64("env.stvec_hs", \.stvecHs),
            .uint64("env.sscratch_hs", \.sscratchHs),
            .uint64("env.sepc_hs", \.sepcHs),
            .uint64("env.scause_hs", \.scauseHs),
            .uint64("env.stval_hs", \.stvalHs),
            .uint64("env.satp_hs", \.satpHs),
            .uint64("env.mstatus_hs", \.mstatusHs),
        ],
        versionFor: { $0 == .qemu7_2 ? 2 : 4 })
}

extension Dialect {
    /// QEMU loads `stimecmp` and `mtimecmp` without arming a timer by them (from 10.0.11 on, `stimecmp` by `cpu/timer`).
    /// A guest that gets STIP with the state looks for itself what is due and programs its timer anew; without it, an
    /// idle one would never run again.
    func losesTimers(stce: Bool) -> Bool {
        switch self {
        case .qemu7_2, .qemu10_0: true
        case .qemu10_0_11: !stce
        case .martlet: false
        }
    }
}

/// The `cpu_common` section.
public struct CPUCommonState: Sendable, Equatable {
    /// 1 in WFI.
    public var halted: UInt32 = 0
    /// 2 when an interrupt is pending.
    public var interruptRequest: UInt32 = 0
    public var exceptionIndex: Int32 = -1

    public init() {}

    public static let description = VMStateDescription<CPUCommonState>(
        "cpu_common", version: 1,
        fields: [
            .uint32("halted", \.halted),
            .custom("interrupt_request", type: "uint32") { (state, reader) throws(VMStateError) in
                state.interruptRequest = try reader.uint32()
            } save: { state, writer in
                let request = writer.dialect == .martlet ? state.interruptRequest : state.interruptRequest | 2
                writer.output.uint32(request)
            },
        ],
        subsections: [
            VMStateSubsection(
                VMStateDescription(
                    "cpu_common/exception_index", version: 1,
                    fields: [
                        .int32("exception_index", \.exceptionIndex)
                    ])
            ) { state, _ in state.exceptionIndex != -1 }
        ])
}
