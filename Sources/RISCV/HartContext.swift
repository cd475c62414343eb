/// A hart's architectural state outside of its x registers, in raw memory: the interpreter and its slow paths share it
/// without exclusivity checks. Touched by the hart's own thread, or by others while it is parked.
struct HartContext {
    /// Address of the next instruction; current only between blocks and in slow paths.
    var pc: UInt64 = 0
    /// 0 U, 1 S, 3 M.
    var privilege: UInt64 = 3
    /// Instructions retired, counted when a block starts.
    var instret: UInt64 = 0

    // Exception raised by a slow path.
    var cause: UInt64 = 0
    var trapValue: UInt64 = 0

    var mstatus: UInt64 = 0xa_0000_0000
    /// Pending bits that software or `stimecmp` set; lines from devices are held apart.
    var mip: UInt64 = 0
    var mie: UInt64 = 0
    var mideleg: UInt64 = 0
    var medeleg: UInt64 = 0
    var mtvec: UInt64 = 0
    var mepc: UInt64 = 0
    var mcause: UInt64 = 0
    var mtval: UInt64 = 0
    var mscratch: UInt64 = 0
    var stvec: UInt64 = 0
    var sepc: UInt64 = 0
    var scause: UInt64 = 0
    var stval: UInt64 = 0
    var sscratch: UInt64 = 0
    var satp: UInt64 = 0
    /// With Svadu and no Svade, A and D bits are the hart's from the start.
    var menvcfg: UInt64 = Environment.adue
    var senvcfg: UInt64 = 0
    var mcounteren: UInt64 = 0
    var scounteren: UInt64 = 0
    var mcountinhibit: UInt64 = 0
    var stimecmp: UInt64 = 0
    /// Written values of `mcycle` and `minstret` minus what `instret` was then; the values themselves while
    /// `mcountinhibit` lets them stand still.
    var cycleOffset: UInt64 = 0
    var instretOffset: UInt64 = 0
    var pmpConfiguration: [16 of UInt8] = .init(repeating: 0)
    var pmpAddress: [16 of UInt64] = .init(repeating: 0)
    var triggerSelect: UInt64 = 0
    var triggerData1: [2 of UInt64] = .init(repeating: 0x2000_0000_0000_0000)
    var triggerData2: [2 of UInt64] = .init(repeating: 0)
    var triggerData3: [2 of UInt64] = .init(repeating: 0)
    var hpmCounter: [32 of UInt64] = .init(repeating: 0)
    var hpmEvent: [32 of UInt64] = .init(repeating: 0)
    /// Rounding mode and accrued exceptions.
    var frm: UInt8 = 0
    var fflags: UInt8 = 0

    /// Reserved address, all ones for none, and the value that was loaded.
    var reservation: UInt64 = .max
    var reservationValue: UInt64 = 0
}

/// Bits of `mstatus`. Source: privileged manual, 3.1.6.
enum Status {
    static let sie: UInt64 = 1 << 1
    static let mie: UInt64 = 1 << 3
    static let spie: UInt64 = 1 << 5
    static let mpie: UInt64 = 1 << 7
    static let spp: UInt64 = 1 << 8
    static let mpp: UInt64 = 3 << 11
    static let fs: UInt64 = 3 << 13
    static let mprv: UInt64 = 1 << 17
    static let sum: UInt64 = 1 << 18
    static let mxr: UInt64 = 1 << 19
    static let tvm: UInt64 = 1 << 20
    static let tw: UInt64 = 1 << 21
    static let tsr: UInt64 = 1 << 22
    static let widths: UInt64 = 0xa_0000_0000
    static let sd: UInt64 = 1 << 63

    /// What `sstatus` shows and what may be written through it.
    static let supervisor: UInt64 = sie | spie | spp | fs | sum | mxr
    static let machine: UInt64 = supervisor | mie | mpie | mpp | mprv | tvm | tw | tsr
}

/// Exception codes. Source: privileged manual, table of `mcause`.
enum Cause {
    static let fetchMisaligned: UInt64 = 0
    static let fetchAccess: UInt64 = 1
    static let illegalInstruction: UInt64 = 2
    static let breakpoint: UInt64 = 3
    static let loadAccess: UInt64 = 5
    static let storeMisaligned: UInt64 = 6
    static let storeAccess: UInt64 = 7
    static let userCall: UInt64 = 8
    static let fetchPage: UInt64 = 12
    static let loadPage: UInt64 = 13
    static let storePage: UInt64 = 15
}

/// Interrupt inputs of a hart that devices drive; raw values are bits of `mip`.
public enum HartInterrupt: UInt64, Sendable {
    case supervisorSoftware = 1
    case machineSoftware = 3
    case machineTimer = 7
    case supervisorExternal = 9
    case machineExternal = 11
}

/// Bits of `mip` and `mie`.
enum Interrupt {
    static let ssip: UInt64 = 1 << 1
    static let msip: UInt64 = 1 << 3
    static let stip: UInt64 = 1 << 5
    static let mtip: UInt64 = 1 << 7
    static let seip: UInt64 = 1 << 9
    static let meip: UInt64 = 1 << 11
    static let supervisor: UInt64 = ssip | stip | seip
    static let all: UInt64 = supervisor | msip | mtip | meip
}

/// Bits of `menvcfg`.
enum Environment {
    static let fiom: UInt64 = 1
    static let cbie: UInt64 = 3 << 4
    static let cbcfe: UInt64 = 1 << 6
    static let cbze: UInt64 = 1 << 7
    static let adue: UInt64 = 1 << 61
    static let stce: UInt64 = 1 << 63
    static let machine: UInt64 = fiom | cbie | cbcfe | cbze | adue | stce
    static let supervisor: UInt64 = fiom | cbie | cbcfe | cbze
}
