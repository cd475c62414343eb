import Bytes
import Synchronization
import Testing
import VMState

@testable import RISCV

@Suite("Hart state in a stream")
struct StateTests {
    private func save(_ state: CPUState, _ dialect: Dialect) -> (
        bytes: [UInt8], layout: VMStateLayout, version: UInt32
    ) {
        let table = CPUState.description
        let version = table.version(for: dialect)
        var writer = VMStateWriter(dialect: dialect, version: version)
        let layout = table.save(state, to: &writer)
        return (writer.output.bytes, layout, version)
    }

    @Test(
        "the main part has the size that QEMU gives it",
        arguments: [
            (.qemu7_2, 5, 2524), (.qemu10_0, 10, 2481), (.qemu10_0_11, 10, 2481), (.martlet, 10, 2481),
        ] as [(Dialect, UInt32, Int)])
    func sizes(_ test: (dialect: Dialect, version: UInt32, size: Int)) throws {
        let saved = save(CPUState(), test.dialect)
        #expect(saved.version == test.version)
        let name = Array("\u{5}\u{7}cpu/pmp".utf8)
        let end = saved.bytes.indices.first { saved.bytes[$0...].starts(with: name) }
        #expect(end == test.size)
    }

    @Test(
        "each dialect gets its subsections",
        arguments: [
            (.qemu7_2, ["cpu/pmp", "cpu/hyper", "cpu/envcfg", "cpu/debug"]),
            (.qemu10_0, ["cpu/pmp", "cpu/hyper", "cpu/envcfg", "cpu/debug"]),
            (.qemu10_0_11, ["cpu/pmp", "cpu/hyper", "cpu/envcfg", "cpu/debug", "cpu/timer"]),
            (.martlet, ["cpu/pmp", "cpu/hyper", "cpu/envcfg", "cpu/debug", "cpu/timer", "cpu/martlet"]),
        ] as [(Dialect, [String])])
    func subsections(_ test: (dialect: Dialect, names: [String])) {
        #expect(save(CPUState(), test.dialect).layout.subsections.map(\.name) == test.names)
    }

    /// A state in which no two values are equal.
    static var distinct: CPUState {
        var state = CPUState()
        state.gpr = (0..<32).map { $0 == 0 ? 0 : 0x1000 + $0 }
        state.fpr = (0..<32).map { 0xffff_ffff_0000_2000 + $0 }
        state.pc = 0x8000_1234
        state.loadRes = 0x8000_4000
        state.loadVal = 77
        state.frm = 3
        state.priv = 1
        state.mstatus = 0xa_0000_6122
        state.mip = 2
        state.mie = 0x22a
        state.mideleg = 0x1666
        state.misaExt = 0x1411ad
        state.misaExtMask = 0x1411ad
        state.satp = 10 << 60 | 5 << 44 | 0x80123
        state.stval = 101
        state.medeleg = 0xb109
        state.stvec = 0x8000_5000
        state.sepc = 0x8000_5100
        state.scause = 102
        state.mtvec = 0x8000_5200
        state.mepc = 0x8000_5300
        state.mcause = 103
        state.mtval = 104
        state.scounteren = 7
        state.mcounteren = 0x7ffff
        state.mcountinhibit = 0x10
        state.pmuCtrs[0].value = 105
        state.pmuCtrs[2].value = 106
        state.pmuCtrs[3].value = 107
        state.mhpmeventVal[3] = 108
        state.sscratch = 109
        state.mscratch = 110
        state.stimecmp = 111_000
        for index in 0..<16 {
            state.pmp[index].address = 0x2000_0000 + UInt64(index)
            state.pmp[index].configuration = 0x18
        }
        state.hyper.hstatus = 2 << 32
        state.hyper.mtval2 = 112
        state.menvcfg = 0xa000_0000_0000_00f0
        state.senvcfg = 0xf0
        state.triggerCur = 1
        state.tdata2 = [113, 114]
        state.miprio[5] = 9
        state.mhartid = 0
        state.fflags = 21
        return state
    }

    @Test("a state that a hart took in is what it gives out", arguments: Dialect.allCases)
    func roundTrip(_ dialect: Dialect) throws {
        let state = Self.distinct
        let saved = save(state, dialect)
        var loaded = CPUState()
        let reader = VMStateReader(InputBuffer(bytes: saved.bytes), version: saved.version)
        try CPUState.description.load(&loaded, from: reader)

        let hart = TestHart(try TestBoard())
        try hart.set(loaded)
        var out = hart.hart.state
        #expect(out.stimer == 111_000 * 100)
        out.stimer = -1
        var expected = state
        // What a dialect does not carry comes back as the default; what it gets on top is taken back by `stimecmp`.
        if dialect != .martlet { expected.fflags = 0 }
        if dialect == .qemu7_2 { expected.features = out.features }
        #expect(out == expected)
    }

    /// `mtime`, `menvcfg` and `stimecmp`; STIP and the expiry that a receiver is given.
    static let timers: [(ticks: UInt64, menvcfg: UInt64, stimecmp: UInt64, isPending: Bool, stimer: Int64)] =
        [
            (1000, 1 << 63, 2000, false, 200_000),
            // Due while the hart stood, with nobody to set STIP: a receiver arms nothing for what is past.
            (2000, 1 << 63, 2000, true, -1),
            (1 << 40, 1 << 63, 2000, true, -1),
            (1000, 1 << 63, .max, false, -1),
            (1000, 1 << 63, 1 << 57, false, -1),
            (2000, 0, 2000, false, -1),
        ]

    @Test("a timer leaves as armed or as pending, never as neither", arguments: timers)
    func timer(_ test: (ticks: UInt64, menvcfg: UInt64, stimecmp: UInt64, isPending: Bool, stimer: Int64))
        throws
    {
        let hart = TestHart(try TestBoard())
        var state = Self.distinct
        state.mip = 0
        state.menvcfg = test.menvcfg
        state.stimecmp = test.stimecmp
        try hart.set(state)
        hart.board.time.store(test.ticks, ordering: .relaxed)
        #expect(hart.hart.state.mip == (test.isPending ? 0x20 : 0))
        #expect(hart.hart.state.stimer == test.stimer)
    }

    @Test(
        "what QEMU 7.2 keeps of registers beyond what they mean goes back to it, and 10.0 gets what it knows")
    func wideRegisters() throws {
        // As a Debian guest of 7.2.22 brings them.
        var state = Self.distinct
        state.mcounteren = .max
        state.hyper.hcounteren = .max
        state.menvcfg = 0xc000_0000_0000_00f0
        for (dialect, counteren) in [(Dialect.qemu7_2, UInt64.max), (.qemu10_0, 0xffff_ffff)] {
            let hart = TestHart(try TestBoard())
            for _ in 0..<2 {
                let saved = save(state, dialect)
                var loaded = CPUState()
                try CPUState.description.load(
                    &loaded, from: VMStateReader(InputBuffer(bytes: saved.bytes), version: saved.version))
                try hart.set(loaded)
                state = hart.hart.state
                #expect(state.mcounteren == counteren && state.hyper.hcounteren == counteren)
                #expect(state.menvcfg == 0xc000_0000_0000_00f0)
            }
        }
    }

    @Test("a receiver that arms no timer gets STIP and an interrupt request", arguments: Dialect.allCases)
    func lostTimer(_ dialect: Dialect) throws {
        var state = CPUState()
        state.menvcfg = 1 << 63
        let saved = save(state, dialect)
        var loaded = CPUState()
        try CPUState.description.load(
            &loaded, from: VMStateReader(InputBuffer(bytes: saved.bytes), version: saved.version))
        #expect(loaded.mip == (dialect == .qemu7_2 || dialect == .qemu10_0 ? 0x20 : 0))

        var writer = VMStateWriter(dialect: dialect, version: 1)
        CPUCommonState.description.save(CPUCommonState(), to: &writer)
        #expect(writer.output.bytes == [0, 0, 0, 0, 0, 0, 0, dialect == .martlet ? 0 : 2])
    }

    /// The last byte of RAM: half an instruction there would reach out of the block.
    private static let lastByte = TestBoard.base + (1 << 20) - 1

    @Test(
        "return addresses and MPP are taken as a write would, and a return comes to where code may be",
        arguments: [RV.mret, RV.sret])
    func returns(_ word: UInt32) throws {
        let hart = TestHart(try TestBoard())
        defer { hart.end() }
        var state = hart.hart.state
        state.mepc = Self.lastByte
        state.sepc = Self.lastByte
        state.mstatus |= 2 << 11
        try hart.set(state)
        let taken = hart.hart.state
        try #require(taken.mepc == Self.lastByte - 1 && taken.sepc == Self.lastByte - 1)
        #expect(taken.mstatus >> 11 & 3 == 0)
        // Zeros stand there, which are illegal.
        let out = try hart.run([word])
        #expect(out.mcause == 2 && out.mepc == Self.lastByte - 1)
        #expect(out.mstatus >> 11 & 3 == 0)
        try hart.set(out)
    }

    @Test("there is no code at an odd address")
    func oddAddress() throws {
        let hart = TestHart(try TestBoard()).hart
        unsafe hart.context.pointee.pc = Self.lastByte
        unsafe hart.context.pointee.cause = 99
        let hasCode = unsafe hart.findBlock() != nil
        #expect(!hasCode)
        let (cause, value) = unsafe (hart.context.pointee.cause, hart.context.pointee.trapValue)
        #expect(cause == 0 && value == Self.lastByte)
    }

    @Test("a state that no hart can be in is refused")
    func refused() throws {
        let changes: [(name: String, change: (inout CPUState) -> Void)] = [
            ("another hart", { $0.mhartid = 3 }), ("RV32", { $0.misaMxl = 1 }),
            ("privilege 2", { $0.priv = 2 }),
            ("privilege 9", { $0.priv = 9 }), ("inside a nested guest", { $0.virtEnabled = true }),
            ("satp mode 11", { $0.satp = 11 << 60 }), ("trigger 2", { $0.triggerCur = 2 }),
            ("frm 8", { $0.frm = 8 }),
        ]
        let hart = TestHart(try TestBoard())
        for (name, change) in changes {
            var state = Self.distinct
            change(&state)
            #expect(throws: VMStateError.self, "\(name)") { try hart.set(state) }
        }
    }
}
