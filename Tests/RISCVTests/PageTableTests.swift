import RISCV
import Testing
import VMState

@Suite("Page tables and protection")
struct PageTableTests {
    /// Valid, readable, writable, executable, user, global, accessed, dirty.
    enum PTE {
        static let v: UInt64 = 1
        static let r: UInt64 = 2
        static let w: UInt64 = 4
        static let x: UInt64 = 8
        static let u: UInt64 = 16
        static let a: UInt64 = 64
        static let d: UInt64 = 128
        static let all: UInt64 = v | r | w | x | a | d
    }

    /// Offsets in RAM: the root table and those below it, one a page from here.
    static let root: UInt64 = 0x10000
    static let data: UInt64 = 0x40000

    static func entry(_ offset: UInt64, _ flags: UInt64) -> UInt64 { (TestBoard.base + offset) >> 2 | flags }

    /// Maps `address` by a leaf of the given level (0 for 4 KiB); returns the offset of the leaf.
    @discardableResult
    static func map(
        _ board: TestBoard, _ address: UInt64, to physical: UInt64, levels: Int, leaf: Int, _ flags: UInt64,
        tables: UInt64 = root
    ) -> UInt64 {
        var table = tables
        for level in stride(from: levels - 1, to: leaf, by: -1) {
            let slot = table + (address >> UInt64(12 + 9 * level) & 511) * 8
            if board.load(slot) == 0 {
                board.store(entry(tables + UInt64(level) * 0x1000 + (address >> 63) * 0x8000, PTE.v), slot)
            }
            table = (board.load(slot) >> 10) * 4096 - TestBoard.base
        }
        let slot = table + (address >> UInt64(12 + 9 * leaf) & 511) * 8
        board.store(physical >> 2 | flags, slot)
        return slot
    }

    /// Runs in S-mode with the program's own page mapped one to one for code.
    static func run(
        _ hart: TestHart, _ program: [UInt32], levels: Int = 3, _ change: (inout CPUState) -> Void
    ) throws -> CPUState {
        map(hart.board, TestBoard.base, to: TestBoard.base, levels: levels, leaf: 0, PTE.all)
        return try hart.run(program) {
            $0.priv = 1
            $0.satp = UInt64(levels + 5) << 60 | (TestBoard.base + root) >> 12
            change(&$0)
        }
    }

    @Test(
        "each page size of each mode leads to its place",
        arguments: [
            (3, 0), (3, 1), (3, 2), (4, 0), (4, 1), (4, 2), (4, 3), (5, 0), (5, 1), (5, 2), (5, 3), (5, 4),
        ])
    func sizes(_ test: (levels: Int, leaf: Int)) throws {
        let board = try TestBoard()
        let hart = TestHart(board)
        defer { hart.end() }
        // The upper half of the address space, so that it meets no table of the program's.
        let bits = UInt64(12 + 9 * test.levels)
        let address = ~((UInt64(1) << (bits - 1)) - 1) | Self.data
        let size = UInt64(1) << UInt64(12 + 9 * test.leaf)
        let physical = test.leaf == 0 ? TestBoard.base + Self.data : TestBoard.base & ~(size - 1)
        let virtual =
            test.leaf == 0 ? address : address & ~(size - 1) | (TestBoard.base + Self.data) & (size - 1)
        Self.map(board, virtual, to: physical, levels: test.levels, leaf: test.leaf, PTE.all)
        board.store(0x1234, Self.data + 8)
        let state = try Self.run(hart, [RV.ld(5, 10, 8), RV.sd(11, 10, 16)], levels: test.levels) {
            $0.gpr[10] = virtual
            $0.gpr[11] = 0x5678
        }
        #expect(state.mcause == 0)
        #expect(state.gpr[5] == 0x1234)
        #expect(board.load(Self.data + 16) == 0x5678)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var flags: UInt64
        var word: UInt32
        var status: UInt64 = 0
        var privilege: UInt64 = 1
        var adue = false
        var cause: UInt64 = 0
        var after: UInt64?
        var testDescription: String { name }
    }
    static let load = RV.ld(5, 10)
    static let store = RV.sd(11, 10)
    static let sum: UInt64 = 1 << 18
    static let mxr: UInt64 = 1 << 19

    static let cases: [Case] = [
        Case(name: "not valid", flags: 0, word: load, cause: 13),
        Case(name: "writable but not readable", flags: PTE.v | PTE.w | PTE.a | PTE.d, word: load, cause: 13),
        Case(name: "load from a read-only page", flags: PTE.v | PTE.r | PTE.a, word: load),
        Case(name: "store to a read-only page", flags: PTE.v | PTE.r | PTE.a | PTE.d, word: store, cause: 15),
        Case(name: "LR from a read-only page", flags: PTE.v | PTE.r | PTE.a, word: RV.lr(5, 10)),
        Case(
            name: "AMO on a read-only page", flags: PTE.v | PTE.r | PTE.a | PTE.d, word: RV.amo(0, 5, 10, 11),
            cause: 15),
        Case(name: "load from an executable page", flags: PTE.v | PTE.x | PTE.a, word: load, cause: 13),
        Case(
            name: "load from an executable page with MXR", flags: PTE.v | PTE.x | PTE.a, word: load,
            status: mxr),
        Case(name: "jump to a page without X", flags: PTE.v | PTE.r | PTE.a, word: RV.jalr(1, 10), cause: 12),
        Case(name: "S to a user page", flags: PTE.all | PTE.u, word: load, cause: 13),
        Case(name: "S to a user page with SUM", flags: PTE.all | PTE.u, word: store, status: sum),
        Case(
            name: "S runs no user page, even with SUM", flags: PTE.all | PTE.u, word: RV.jalr(1, 10),
            status: sum, cause: 12),
        Case(name: "reserved bits", flags: PTE.all | 1 << 54, word: load, cause: 13),
        Case(name: "A clear without Svadu", flags: PTE.v | PTE.r | PTE.w | PTE.d, word: load, cause: 13),
        Case(name: "D clear without Svadu", flags: PTE.v | PTE.r | PTE.w | PTE.a, word: store, cause: 15),
        Case(
            name: "A is set by a load", flags: PTE.v | PTE.r | PTE.w, word: load, adue: true,
            after: PTE.v | PTE.r | PTE.w | PTE.a),
        Case(
            name: "A and D are set by a store", flags: PTE.v | PTE.r | PTE.w, word: store, adue: true,
            after: PTE.all & ~PTE.x),
        Case(
            name: "no D for a store that may not be", flags: PTE.v | PTE.r, word: store, adue: true,
            cause: 15, after: PTE.v | PTE.r),
    ]

    @Test("a leaf's bits decide about an access", arguments: cases)
    func permissions(_ test: Case) throws {
        let board = try TestBoard()
        let hart = TestHart(board)
        defer { hart.end() }
        let virtual = UInt64(bitPattern: -0x4000)
        let slot = Self.map(board, virtual, to: TestBoard.base + Self.data, levels: 3, leaf: 0, test.flags)
        let state = try Self.run(hart, [test.word]) {
            $0.gpr[10] = virtual
            $0.mstatus |= test.status
            $0.menvcfg = test.adue ? 1 << 61 : 0
        }
        #expect(state.mcause == test.cause)
        if test.cause != 0 { #expect(state.mtval == virtual) }
        if let after = test.after { #expect(board.load(slot) & 0x3ff == after) }
    }

    @Test("a superpage must be aligned, an address canonical, the last level a leaf, a table in RAM")
    func malformed() throws {
        for kind in 0..<4 {
            let board = try TestBoard()
            let hart = TestHart(board)
            defer { hart.end() }
            var virtual = UInt64(bitPattern: -0x4000)
            switch kind {
            case 0: Self.map(board, virtual, to: TestBoard.base + 0x1000, levels: 3, leaf: 1, PTE.all)
            case 1: Self.map(board, virtual, to: TestBoard.base + Self.data, levels: 3, leaf: 0, PTE.v)
            case 2: Self.map(board, virtual, to: 0x5_0000, levels: 3, leaf: 1, PTE.v)  // nothing is there
            default: virtual = 0x8000_0000_0000
            }
            let state = try Self.run(hart, [Self.load]) { $0.gpr[10] = virtual }
            #expect(state.mcause == (kind == 2 ? 5 : 13))
            #expect(state.mtval == virtual)
        }
    }

    @Test(
        "sfence.vma makes a changed page visible, for all addresses, for one, and inside a superpage",
        arguments: [
            (0, 0), (10, 0), (0, 1), (10, 1),
        ] as [(UInt32, Int)])
    func fence(_ test: (register: UInt32, leaf: Int)) throws {
        let board = try TestBoard(size: 8 << 20)
        let hart = TestHart(board)
        defer { hart.end() }
        let virtual = UInt64(bitPattern: -0x20_0000)
        let (from, to): (UInt64, UInt64) =
            test.leaf == 0 ? (Self.data, Self.data + 0x1000) : (0x20_0000, 0x40_0000)
        let slot = Self.map(board, virtual, to: TestBoard.base + from, levels: 3, leaf: test.leaf, PTE.all)
        board.store(1, from)
        board.store(2, to)
        // The table itself is mapped behind the superpage's neighbour.
        let tables = UInt64(bitPattern: -0x3fff_f000)
        Self.map(board, tables, to: TestBoard.base + slot & ~4095, levels: 3, leaf: 0, PTE.all)
        let state = try Self.run(
            hart,
            [RV.ld(5, 10), RV.sd(12, 11), RV.sfence | test.register << 15, RV.ld(6, 10)]
        ) {
            $0.gpr[10] = virtual
            $0.gpr[11] = tables | slot & 4095
            $0.gpr[12] = Self.entry(to, PTE.all)
        }
        #expect(state.mcause == 0)
        #expect(state.gpr[5] == 1)
        #expect(state.gpr[6] == 2)
    }

    @Test("code on a page that is mapped anew is run after sfence.vma of its address")
    func codeFence() throws {
        let board = try TestBoard()
        let hart = TestHart(board)
        defer { hart.end() }
        let virtual = UInt64(bitPattern: -0x20_0000)
        let slot = Self.map(board, virtual, to: TestBoard.base + Self.data, levels: 3, leaf: 0, PTE.all)
        board.place([RV.addi(5, 5, 1), RV.jalr(0, 1)], at: Self.data)
        board.place([RV.addi(5, 5, 16), RV.jalr(0, 1)], at: Self.data + 0x1000)
        let tables = UInt64(bitPattern: -0x3fff_f000)
        Self.map(board, tables, to: TestBoard.base + slot & ~4095, levels: 3, leaf: 0, PTE.all)
        let state = try Self.run(
            hart,
            [RV.jalr(1, 10), RV.jalr(1, 10), RV.sd(12, 11), RV.sfence | 10 << 15, RV.jalr(1, 10)]
        ) {
            $0.gpr[10] = virtual
            $0.gpr[11] = tables | slot & 4095
            $0.gpr[12] = Self.entry(Self.data + 0x1000, PTE.all)
        }
        #expect(state.gpr[5] == 18)
    }

    @Test("instructions that were written are run after fence.i")
    func codeCoherence() throws {
        let board = try TestBoard()
        let hart = TestHart(board)
        defer { hart.end() }
        board.place([RV.addi(5, 5, 1), RV.jalr(0, 1)], at: Self.data)
        let state = try hart.run([RV.jalr(1, 10), RV.sw(11, 10), RV.fenceI, RV.jalr(1, 10)]) {
            $0.gpr[10] = TestBoard.base + Self.data
            $0.gpr[11] = UInt64(RV.addi(5, 5, 16))
        }
        #expect(state.gpr[5] == 17)
    }

    @Test("accesses that cross a page work, and store nothing when the second page faults")
    func crossing() throws {
        let board = try TestBoard()
        let hart = TestHart(board)
        defer { hart.end() }
        let virtual = UInt64(bitPattern: -0x4000)
        // Neighbours in virtual memory, not in RAM; the third is missing.
        Self.map(board, virtual, to: TestBoard.base + Self.data, levels: 3, leaf: 0, PTE.all)
        Self.map(
            board, virtual + 0x1000, to: TestBoard.base + Self.data + 0x8000, levels: 3, leaf: 0, PTE.all)
        let state = try Self.run(hart, [RV.sd(11, 10, -4), RV.ld(5, 10, -4), RV.sd(11, 12, -4)]) {
            $0.gpr[10] = virtual + 0x1000
            $0.gpr[11] = 0x1122_3344_5566_7788
            $0.gpr[12] = virtual + 0x2000
        }
        #expect(state.gpr[5] == 0x1122_3344_5566_7788)
        #expect(board.load(Self.data + 0xff8) == 0x5566_7788_0000_0000)
        #expect(board.load(Self.data + 0x8000) == 0x1122_3344)
        #expect(state.mcause == 15)
        #expect(state.mtval == virtual + 0x2000)
        #expect(board.load(Self.data + 0x8ff8) == 0)
    }

    @Test("of a store's two pages that both fault, the first is reported")
    func crossingOrder() throws {
        let hart = TestHart(try TestBoard())
        defer { hart.end() }
        let virtual = UInt64(bitPattern: -0x4000)
        let state = try Self.run(hart, [RV.sd(11, 10, -4)]) { $0.gpr[10] = virtual + 0x1000 }
        #expect(state.mcause == 15)
        #expect(state.mtval == virtual + 0xffc)
    }

    struct PMPCase: Sendable, CustomTestStringConvertible {
        var name: String
        var entries: [(configuration: UInt8, address: UInt64)]
        var word: UInt32
        var privilege: UInt64 = 1
        var cause: UInt64
        var testDescription: String { name }
    }
    /// The page of `data`, as `pmpaddr` holds it.
    static let page = (TestBoard.base + data) >> 2
    static let everything = (configuration: UInt8(0x1f), address: UInt64.max >> 10)
    static let protections: [PMPCase] = [
        PMPCase(name: "nothing set up", entries: [], word: store, cause: 0),
        PMPCase(
            name: "no match in S", entries: [(0x1f, (TestBoard.base >> 2) | 0x1ff)], word: load, cause: 5),
        PMPCase(
            name: "no match in M", entries: [(0x1f, (TestBoard.base >> 2) | 0x1ff)], word: load, privilege: 3,
            cause: 0),
        PMPCase(
            name: "NAPOT, read only, store", entries: [(0x19, page | 0x1ff), everything], word: store,
            cause: 7),
        PMPCase(
            name: "NAPOT, read only, load", entries: [(0x19, page | 0x1ff), everything], word: load, cause: 0),
        PMPCase(
            name: "NA4 does not hold eight bytes", entries: [(0x17, page), everything], word: load, cause: 5),
        PMPCase(
            name: "TOR, store", entries: [(0, page), (0x09, page + 0x400), everything], word: store, cause: 7),
        PMPCase(
            name: "TOR, behind it", entries: [(0, page - 0x400), (0x09, page), everything], word: store,
            cause: 0),
        PMPCase(
            name: "M ignores what is not locked", entries: [(0x18, page | 0x1ff), everything], word: store,
            privilege: 3, cause: 0),
        PMPCase(
            name: "M obeys what is locked", entries: [(0x98, page | 0x1ff), everything], word: store,
            privilege: 3, cause: 7),
        PMPCase(
            name: "jump to what may not be run", entries: [(0x1b, page | 0x1ff), everything],
            word: RV.jalr(1, 10), cause: 1),
        PMPCase(
            name: "a part of the page that is shut leaves the rest",
            entries: [(0x18, page + 0x100 | 0x1f), everything], word: store, cause: 0),
    ]

    @Test("PMP decides by its first match", arguments: protections)
    func protection(_ test: PMPCase) throws {
        let hart = TestHart(try TestBoard())
        defer { hart.end() }
        let state = try hart.run([test.word]) {
            $0.priv = test.privilege
            $0.gpr[10] = TestBoard.base + Self.data
            for (index, entry) in test.entries.enumerated() {
                $0.pmp[index].configuration = entry.configuration
                $0.pmp[index].address = entry.address
            }
        }
        // A jump that is allowed ends in an illegal instruction.
        #expect(state.mcause == test.cause)
        if test.cause != 0 { #expect(state.mtval == TestBoard.base + Self.data) }
    }

    @Test("MPRV lets M-mode load with the eyes of S-mode")
    func modifiedPrivilege() throws {
        let board = try TestBoard()
        let hart = TestHart(board)
        defer { hart.end() }
        let virtual = UInt64(bitPattern: -0x4000)
        Self.map(board, virtual, to: TestBoard.base + Self.data, levels: 3, leaf: 0, PTE.all)
        board.store(99, Self.data)
        let state = try hart.run([RV.csrrs(0, 0x300, 11), RV.ld(5, 10), RV.csrrc(0, 0x300, 11), RV.ld(6, 10)])
        {
            $0.satp = 8 << 60 | (TestBoard.base + Self.root) >> 12
            $0.mstatus |= 1 << 11
            $0.gpr[10] = virtual
            $0.gpr[11] = 1 << 17
        }
        #expect(state.gpr[5] == 99)
        #expect(state.mcause == 5, "without MPRV the address is physical")
    }
}
