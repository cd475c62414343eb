import Bytes
import Glibc
import GuestMemory
import RISCV
import Testing
import VMState

@Suite("Atomics and harts side by side")
struct AtomicTests {
    @Test("SC succeeds after LR, once, and only where LR was", arguments: [false, true])
    func reservation(_ wide: Bool) throws {
        let board = try TestBoard()
        let hart = TestHart(board)
        defer { hart.end() }
        board.store(0xffff_ffff_8000_0000, 0x4000)
        let state = try hart.run([
            RV.sc(5, 10, 11, wide: wide),
            RV.lr(6, 10, wide: wide), RV.sc(7, 10, 11, wide: wide), RV.sc(8, 10, 12, wide: wide),
            RV.lr(0, 10, wide: wide), RV.sc(9, 13, 12, wide: wide),
            RV.lr(0, 10, wide: wide), RV.sd(12, 10), RV.sc(14, 10, 11, wide: wide),
        ]) {
            $0.gpr[10] = 0x8000_4000
            $0.gpr[11] = 5
            $0.gpr[12] = 6
            $0.gpr[13] = 0x8000_4008
        }
        #expect(state.gpr[5] == 1, "no reservation")
        #expect(state.gpr[6] == 0xffff_ffff_8000_0000, "LR.W extends the sign")
        #expect(state.gpr[7] == 0)
        #expect(state.gpr[8] == 1, "the reservation is used up")
        #expect(state.gpr[9] == 1, "another address")
        #expect(state.gpr[14] == 1, "memory was changed in between")
        #expect(board.load(0x4000) == 6)
    }

    @Test(
        "each AMO gives the old value and stores the new one",
        arguments: [
            (0, 0x8000_0004, 0x8000_0001), (1, 3, 3), (4, 0x8000_0002, 0x8000_0001 ^ 3),
            (8, 0x8000_0003, 0x8000_0001 | 3),
            (12, 1, 1), (16, 0x8000_0001, 0x8000_0001), (20, 3, 0x8000_0001), (24, 3, 3),
            (28, 0x8000_0001, 0x8000_0001),
        ] as [(UInt32, UInt64, UInt64)])
    func operations(_ test: (funct5: UInt32, word: UInt64, _: UInt64)) throws {
        let board = try TestBoard()
        let hart = TestHart(board)
        defer { hart.end() }
        board.store(0x7777_7777_8000_0001, 0x4000)
        let state = try hart.run([RV.amo(test.funct5, wide: false, 5, 10, 11)]) {
            $0.gpr[10] = 0x8000_4000
            $0.gpr[11] = 3
        }
        #expect(state.gpr[5] == 0xffff_ffff_8000_0001)
        #expect(board.load(0x4000) == 0x7777_7777_0000_0000 | test.word)
    }

    @Test("harts that count by AMO, by LR and SC, and under a lock lose nothing")
    func counting() throws {
        let board = try TestBoard()
        let rounds: UInt64 = 20_000
        let harts = (0..<4).map { TestHart(board, id: $0) }
        defer { for hart in harts { hart.end() } }
        for hart in harts {
            let program: [UInt32] = [
                // x12 times: amoadd.d, then an LR/SC loop, then a lock by amoswap around a plain increment.
                RV.amo(0, 0, 10, 11),
                RV.lr(5, 13), RV.addi(5, 5, 1), RV.sc(6, 13, 5), RV.bne(6, 0, -12),
                RV.amo(1, 6, 14, 11), RV.bne(6, 0, -4),
                RV.ld(5, 15), RV.addi(5, 5, 1), RV.sd(5, 15), 0x0330_000f, RV.amo(1, 0, 14, 0),
                RV.addi(12, 12, -1), RV.bne(12, 0, -52),
                RV.wfi, RV.wfi,
            ]
            board.place(program, at: 0x100)
            var state = hart.hart.state
            state.pc = TestBoard.base + 0x100
            state.gpr[10] = 0x8000_4000
            state.gpr[11] = 1
            state.gpr[12] = rounds
            state.gpr[13] = 0x8000_4040
            state.gpr[14] = 0x8000_4080
            state.gpr[15] = 0x8000_40c0
            try hart.set(state)
        }
        for hart in harts { hart.hart.resume() }
        for hart in harts { #expect(hart.wait(60).gpr[12] == 0) }
        #expect(board.load(0x4000) == 4 * rounds)
        #expect(board.load(0x4040) == 4 * rounds)
        #expect(board.load(0x40c0) == 4 * rounds)
    }

    @Test("no store is lost to the log while write permissions are dropped again and again")
    func dirtyLog() throws {
        let board = try TestBoard(size: 2 << 20)
        let pages = 64
        let first: UInt64 = 0x10_0000
        let hart = TestHart(board)
        defer { hart.end() }
        // Counts a word in each of the pages, one after the other, for ever.
        let program: [UInt32] = [
            RV.add(5, 10, 0), RV.addi(6, 0, Int32(pages)), RV.addi(7, 7, 1),
            RV.sd(7, 5, 0), RV.add(5, 5, 11), RV.addi(6, 6, -1), RV.bne(6, 0, -12), RV.b(0, 0, 0, -28),
        ]
        board.place(program, at: 0x100)
        var state = hart.hart.state
        state.pc = TestBoard.base + 0x100
        state.gpr[10] = TestBoard.base + first
        state.gpr[11] = 4096
        try hart.set(state)
        var copy = [UInt64](repeating: 0, count: pages)
        var bitmap = Bitmap(count: board.ram.pageCount)
        func sync() {
            bitmap.clearAll()
            _ = board.ram.dirtyLog.drain(into: &bitmap)
            hart.hart.dropWritePermissions()
            for page in 0..<pages where bitmap[Int(first / 4096) + page] {
                copy[page] = board.load(first + UInt64(page) * 4096)
            }
        }
        hart.hart.resume()
        usleep(2000)
        board.memory.setLogging(true)
        hart.hart.dropWritePermissions()
        for page in 0..<pages { copy[page] = board.load(first + UInt64(page) * 4096) }
        for _ in 0..<500 {
            for _ in 0..<20 { sync() }
            hart.hart.pause()
            hart.hart.waitUntilPaused()
            sync()
            let now = (0..<pages).map { board.load(first + UInt64($0) * 4096) }
            #expect(now == copy)
            hart.hart.resume()
        }
        hart.hart.pause()
        hart.hart.waitUntilPaused()
        #expect(copy[0] > 500)
    }

    @Test("pause, resume and stop never hang, whatever the hart does", arguments: [RV.wfi, RV.nop])
    func control(_ word: UInt32) throws {
        let hart = TestHart(try TestBoard())
        hart.board.place([word, RV.b(0, 0, 0, -4)], at: 0x100)
        var state = hart.hart.state
        state.pc = TestBoard.base + 0x100
        try hart.set(state)
        for round in 0..<2000 {
            hart.hart.resume()
            if round & 1 != 0 { hart.hart.dropWritePermissions() }
            hart.hart.setInterrupt(.machineTimer, round & 2 != 0)
            hart.hart.pause()
            hart.hart.waitUntilPaused()
            let pc = hart.hart.state.pc
            hart.hart.dropWritePermissions()
            #expect(hart.hart.state.pc == pc)
        }
        hart.hart.resume()
        hart.end()
    }
}
