import RISCV
import Synchronization
import Testing
import VMState

@Suite("Control and status registers")
struct CSRTests {
    /// Writes x5 to the CSR and reads it back to x6, in M-mode.
    private func writeAndRead(_ csr: UInt32, _ value: UInt64, _ change: (inout CPUState) -> Void = { _ in })
        throws -> CPUState
    {
        let hart = TestHart(try TestBoard())
        defer { hart.end() }
        return try hart.run([RV.csrrw(0, csr, 5), RV.csrrs(6, csr, 0)]) {
            $0.gpr[5] = value
            change(&$0)
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var csr: UInt32
        var written: UInt64
        var read: UInt64
        var testDescription: String { name }
    }

    @Test(
        "a register keeps of what is written what it has",
        arguments: [
            Case(name: "mstatus", csr: 0x300, written: .max, read: 0x8000_000a_007e_79aa),
            Case(name: "sstatus", csr: 0x100, written: .max, read: 0x8000_0002_000c_6122),
            Case(name: "mtvec, vectored", csr: 0x305, written: 0x8000_0f01, read: 0x8000_0f01),
            Case(name: "mtvec, reserved mode", csr: 0x305, written: 0x8000_0f02, read: 0x8000_0f00),
            Case(name: "mepc", csr: 0x341, written: 0x1235, read: 0x1234),
            Case(name: "medeleg", csr: 0x302, written: .max, read: 0xb3ff),
            Case(name: "mideleg", csr: 0x303, written: .max, read: 0x222),
            Case(name: "mie", csr: 0x304, written: .max, read: 0xaaa),
            Case(name: "satp, Sv57", csr: 0x180, written: 0xa000_0000_0008_0000, read: 0xa000_0000_0008_0000),
            Case(name: "satp, a mode that is not there", csr: 0x180, written: 0xb000_0000_0008_0000, read: 0),
            Case(name: "menvcfg", csr: 0x30a, written: .max, read: 0xa000_0000_0000_00f1),
            Case(name: "mcounteren", csr: 0x306, written: .max, read: 0xffff_ffff),
            Case(name: "misa is not writable", csr: 0x301, written: 0, read: 0x8000_0000_0014_112d),
            Case(name: "pmpcfg0 has no W without R", csr: 0x3a0, written: 0x0f0a, read: 0x0f00),
            Case(name: "pmpaddr0 has 54 bits", csr: 0x3b0, written: .max, read: 0x3f_ffff_ffff_ffff),
            Case(name: "tselect counts two triggers", csr: 0x7a0, written: 2, read: 0),
            Case(name: "tdata1 is of type 2", csr: 0x7a1, written: 0, read: 0x2000_0000_0000_0000),
            Case(name: "mhpmcounter3", csr: 0xb03, written: 9, read: 9),
            Case(name: "mhpmcounter31 reads zero", csr: 0xb1f, written: 9, read: 0),
        ])
    func legalization(_ test: Case) throws {
        let state = try writeAndRead(test.csr, test.written)
        #expect(state.gpr[6] == test.read)
    }

    @Test("fcsr is frm and fflags, and makes the state dirty")
    func floatingPoint() throws {
        let state = try writeAndRead(0x003, 0xfff) { $0.mstatus |= 1 << 13 }
        #expect(state.gpr[6] == 0xff)
        #expect(state.frm == 7 && state.fflags == 31)
        #expect(state.mstatus >> 13 & 3 == 3)
    }

    @Test("minstret counts the instructions between two reads and stands still when told to")
    func counters() throws {
        let hart = TestHart(try TestBoard())
        defer { hart.end() }
        let state = try hart.run([
            RV.csrrs(6, 0xb02, 0), RV.nop, RV.nop, RV.csrrs(7, 0xb02, 0),
            RV.addi(5, 0, 4), RV.csrrw(0, 0x320, 5), RV.csrrs(8, 0xb02, 0), RV.nop, RV.csrrs(9, 0xb02, 0),
            RV.csrrw(0, 0xb02, 5), RV.csrrs(10, 0xb02, 0), RV.csrrw(0, 0x320, 0), RV.csrrs(11, 0xb02, 0),
        ])
        #expect(state.gpr[7] == state.gpr[6] + 3)
        #expect(state.gpr[8] == state.gpr[9])
        #expect(state.gpr[10] == 4)
        #expect(state.gpr[11] == 4)
    }

    @Test("stimecmp drives STIP and has the bus watch it")
    func supervisorTimer() throws {
        let hart = TestHart(try TestBoard())
        defer { hart.end() }
        hart.board.time.store(1000, ordering: .relaxed)
        var state = try hart.run([RV.csrrw(0, 0x14d, 5), RV.csrrs(6, 0x344, 0)]) {
            $0.menvcfg = 1 << 63
            $0.gpr[5] = 2000
        }
        #expect(state.gpr[6] == 0)
        #expect(hart.board.stimecmp.load(ordering: .relaxed) == 2000)
        #expect(state.stimer == 2000 * 100, "expiry for cpu/timer")
        hart.board.time.store(2000, ordering: .relaxed)
        hart.hart.timerDue()
        hart.hart.resume()
        state = hart.wait()
        #expect(state.mip == 0x20)
        // A state that says otherwise is not believed.
        state.mip = 0
        try hart.set(state)
        #expect(hart.hart.state.mip == 0x20)
    }

    @Test(
        "a guest that has seen H finds registers to read at its traps, another does not",
        arguments: [true, false])
    func hypervisor(_ hasSeen: Bool) throws {
        let hart = TestHart(try TestBoard())
        defer { hart.end() }
        var first = hart.hart.state
        first.misaExt = hasSeen ? 0x1411ad : 0x14112d
        let state = try hart.run([RV.csrrs(6, 0x34b, 0), RV.csrrs(7, 0x301, 0)]) {
            $0.misaExt = first.misaExt
            $0.mideleg = hasSeen ? 0x1666 : 0x222
        }
        #expect(state.mcause == (hasSeen ? 0 : 2))
        if hasSeen { #expect(state.gpr[7] == 0x8000_0000_0014_11ad) }
    }
}
