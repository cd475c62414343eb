import GuestMemory
import RISCV
import Testing
import VMState

@Suite("Traps")
struct TrapTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var word: UInt32
        var privilege: UInt64 = 3
        var cause: UInt64
        var value: UInt64
        var status: UInt64 = 0
        var testDescription: String { name }
    }

    /// x10 is a good address, x11 an address where nothing is, x12 a misaligned one.
    static let cases: [Case] = [
        Case(name: "ecall from M", word: RV.ecall, cause: 11, value: 0),
        Case(name: "ecall from S", word: RV.ecall, privilege: 1, cause: 9, value: 0),
        Case(name: "ecall from U", word: RV.ecall, privilege: 0, cause: 8, value: 0),
        Case(name: "ebreak", word: RV.ebreak, cause: 3, value: 0x8000_0000),
        Case(name: "all zeros", word: 0, cause: 2, value: 0),
        Case(name: "all ones", word: 0xffff_ffff, cause: 2, value: 0xffff_ffff),
        Case(name: "load of nothing", word: RV.ld(5, 11), cause: 5, value: 0x10),
        Case(name: "store to nothing", word: RV.sd(5, 11), cause: 7, value: 0x10),
        Case(name: "AMO on nothing", word: RV.amo(0, 5, 11, 5), cause: 7, value: 0x10),
        Case(name: "misaligned AMO", word: RV.amo(0, 5, 12, 5), cause: 6, value: 0x8000_8004),
        Case(name: "misaligned LR", word: RV.lr(5, 12), cause: 4, value: 0x8000_8004),
        Case(name: "mret in S", word: RV.mret, privilege: 1, cause: 2, value: 0x3020_0073),
        Case(name: "sret in U", word: RV.sret, privilege: 0, cause: 2, value: 0x1020_0073),
        Case(
            name: "sret in S with TSR", word: RV.sret, privilege: 1, cause: 2, value: 0x1020_0073,
            status: 1 << 22),
        Case(
            name: "wfi in S with TW", word: RV.wfi, privilege: 1, cause: 2, value: 0x1050_0073,
            status: 1 << 21),
        Case(
            name: "sfence.vma in S with TVM", word: RV.sfence, privilege: 1, cause: 2, value: 0x1200_0073,
            status: 1 << 20),
        Case(name: "mstatus from S", word: 0x3000_2573, privilege: 1, cause: 2, value: 0x3000_2573),
        Case(name: "a CSR that is not there", word: 0x5c00_2573, cause: 2, value: 0x5c00_2573),
        Case(name: "a write to a read-only CSR", word: 0xf140_1573, cause: 2, value: 0xf140_1573),
        Case(name: "floating point that is off", word: 0x0200_0053, cause: 2, value: 0x0200_0053),
        Case(
            name: "time from U without the counter enables", word: 0xc010_2573, privilege: 0, cause: 2,
            value: 0xc010_2573),
    ]

    @Test("an exception goes to M-mode with its cause, address and value", arguments: cases)
    func exception(_ test: Case) throws {
        let board = try TestBoard()
        let hart = TestHart(board)
        defer { hart.end() }
        let state = try hart.run([test.word]) {
            $0.priv = test.privilege
            $0.mstatus |= test.status | 8
            $0.gpr[10] = 0x8000_8000
            $0.gpr[11] = 0x10
            $0.gpr[12] = 0x8000_8004
        }
        #expect(state.mcause == test.cause)
        #expect(state.mtval == test.value)
        #expect(state.mepc == TestBoard.base)
        #expect(state.priv == 3)
        #expect(state.pc == TestBoard.base + TestHart.handler + 8)
        #expect(state.mstatus >> 11 & 3 == test.privilege, "MPP")
        #expect(state.mstatus & 0x88 == 0x80, "MIE moved to MPIE")
    }

    @Test("a delegated exception goes to S-mode, but not from M-mode", arguments: [0, 1, 3] as [UInt64])
    func delegation(_ privilege: UInt64) throws {
        let hart = TestHart(try TestBoard())
        defer { hart.end() }
        let state = try hart.run([0xffff_ffff]) {
            $0.priv = privilege
            $0.medeleg = 4
            $0.mstatus |= 2
        }
        #expect((privilege == 3 ? state.mcause : state.scause) == 2)
        #expect((privilege == 3 ? state.mepc : state.sepc) == TestBoard.base)
        #expect((privilege == 3 ? state.mtval : state.stval) == 0xffff_ffff)
        #expect(state.priv == (privilege == 3 ? 3 : 1))
        if privilege < 3 {
            #expect(state.mstatus >> 8 & 1 == privilege, "SPP")
            #expect(state.mstatus & 0x22 == 0x20, "SIE moved to SPIE")
        }
    }

    @Test("an exception in the middle of a block counts and writes only what came before it")
    func precise() throws {
        let hart = TestHart(try TestBoard())
        defer { hart.end() }
        let state = try hart.run([
            RV.addi(5, 0, 1), RV.addi(6, 0, 2), RV.ld(7, 11), RV.addi(8, 0, 4), RV.addi(9, 0, 5),
        ]) {
            $0.gpr[11] = 0x10
            $0.gpr[7] = 77
            $0.pmuCtrs[2].value = 0
        }
        #expect(state.mepc == TestBoard.base + 8)
        #expect(state.gpr[5...9] == [1, 2, 77, 0, 0])
        // Two instructions, and two of the handler.
        #expect(state.pmuCtrs[2].value == 4)
    }

    @Test(
        "the interrupt of highest priority that is enabled is taken, where it is delegated to",
        arguments: [
            (0xa00, 0, 0xa00, 3, 11), (0x888, 0, 0x888, 3, 11), (0x088, 0, 0x088, 3, 3),
            (0x222, 0x222, 0x222, 1, 9),
            (0x222, 0x200, 0x222, 3, 1), (0x222, 0x222, 0x020, 1, 5), (0x022, 0x020, 0x022, 3, 1),
        ] as [(UInt64, UInt64, UInt64, UInt64, UInt64)])
    func interrupts(_ test: (pending: UInt64, delegated: UInt64, enabled: UInt64, to: UInt64, number: UInt64))
        throws
    {
        let hart = TestHart(try TestBoard())
        defer { hart.end() }
        for line: HartInterrupt in [.machineSoftware, .machineTimer, .supervisorExternal, .machineExternal]
        where test.pending >> line.rawValue & 1 != 0 {
            hart.hart.setInterrupt(line, true)
        }
        let state = try hart.run([RV.nop, RV.nop]) {
            $0.priv = 0
            $0.mip = test.pending
            $0.mie = test.enabled
            $0.mideleg = test.delegated
        }
        #expect(state.priv == test.to)
        #expect((test.to == 3 ? state.mcause : state.scause) == test.number | 1 << 63)
        #expect((test.to == 3 ? state.mepc : state.sepc) == TestBoard.base)
    }

    @Test("vectored mode spreads interrupts, not exceptions")
    func vectored() throws {
        let hart = TestHart(try TestBoard())
        defer { hart.end() }
        hart.board.place([RV.csrrw(0, 0x304, 0), RV.wfi, RV.wfi], at: TestHart.handler + 0x10c)
        hart.hart.setInterrupt(.machineSoftware, true)
        let state = try hart.run([RV.nop]) {
            $0.priv = 0
            $0.mip = 8
            $0.mie = 8
            $0.mtvec = TestBoard.base + TestHart.handler + 0x100 | 1
        }
        #expect(state.mcause == 0x8000_0000_0000_0003)
        #expect(state.pc == TestBoard.base + TestHart.handler + 0x114)
    }

    @Test("WFI wakes for an interrupt that is enabled though the hart does not take interrupts")
    func wake() throws {
        let hart = TestHart(try TestBoard())
        defer { hart.end() }
        var state = try hart.run([RV.wfi, RV.addi(5, 0, 7), RV.csrrw(0, 0x304, 0)]) { $0.mie = 8 }
        #expect(state.gpr[5] == 0)
        hart.hart.resume()
        hart.hart.setInterrupt(.machineSoftware, true)
        state = hart.wait()
        #expect(state.gpr[5] == 7)
    }

    @Test("a supervisor software interrupt that was raised from outside is cleared through sip")
    func softwareInterrupt() throws {
        let hart = TestHart(try TestBoard())
        defer { hart.end() }
        hart.hart.raiseSupervisorSoftware()
        let state = try hart.run([
            RV.nop, RV.csrrs(5, 0x144, 0), RV.addi(6, 0, 2), RV.csrrc(0, 0x144, 6), RV.csrrs(7, 0x144, 0),
        ]) {
            $0.mideleg = 0x222
            $0.mip = 2
        }
        #expect(state.gpr[5] == 2)
        #expect(state.gpr[7] == 0)
        #expect(state.mip == 0)
    }

    @Test(
        "sret and mret go where the saved privilege says and restore the interrupt enable",
        arguments: [0, 1] as [UInt64])
    func returns(_ privilege: UInt64) throws {
        let hart = TestHart(try TestBoard())
        defer { hart.end() }
        hart.board.place([RV.ecall], at: 0x100)
        let state = try hart.run([RV.mret]) {
            $0.mepc = TestBoard.base + 0x100
            $0.mstatus |= privilege << 11 | 1 << 7 | 1 << 17
        }
        #expect(state.mcause == 8 + privilege)
        #expect(state.mstatus & 1 << 17 == 0, "MPRV is cleared")
        #expect(state.mstatus >> 11 & 3 == privilege)
    }
}
