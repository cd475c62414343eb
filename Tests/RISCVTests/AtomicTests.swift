import Bytes
import Glibc
import GuestMemory
import RISCV
import Synchronization
import Testing
import Threads
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

    /// What measures and limits the hart, over and over.
    private func disturb(_ board: TestBoard, _ hart: Hart, until isOver: borrowing Atomic<Bool>) {
        while !isOver.load(ordering: .relaxed) {
            board.memory.setLogging(true, for: .measurement)
            hart.dropWritePermissions()
            board.memory.setLogging(true, for: .count)
            hart.limitDirtying(1_000_000)
            hart.dropWritePermissions()
            board.memory.clear(.count)
            hart.dropWritePermissions()
            board.memory.setLogging(false, for: .measurement)
            hart.limitDirtying(nil)
            board.memory.setLogging(false, for: .count)
        }
    }

    @Test(
        "no store is lost to the log while write permissions are dropped again and again, alone and beside measurements",
        arguments: [false, true])
    func dirtyLog(isDisturbed: Bool) throws {
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
        let isOver = Flag()
        let other =
            isDisturbed
            ? OSThread("disturb") { [board, hart = hart.hart] in disturb(board, hart, until: isOver.value) }
            : nil
        defer {
            isOver.value.store(true, ordering: .relaxed)
            other?.join()
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

    /// A hart that writes a word to each of `pages` pages from offset 1 MiB on, over and over or once.
    private func writer(pages: Int, repeats: Bool) throws -> (TestBoard, TestHart) {
        let board = try TestBoard(size: 8 << 20)
        let hart = TestHart(board)
        board.place(
            [
                RV.add(5, 10, 0), RV.add(6, 12, 0), RV.sd(7, 5, 0), RV.add(5, 5, 11), RV.addi(6, 6, -1),
                RV.bne(6, 0, -12), repeats ? RV.b(0, 0, 0, -24) : RV.wfi, RV.wfi,
            ], at: 0x100)
        try restart(hart, pages)
        return (board, hart)
    }

    private func restart(_ hart: TestHart, _ pages: Int) throws {
        var state = hart.hart.state
        state.pc = TestBoard.base + 0x100
        state.gpr[10] = TestBoard.base + 0x10_0000
        state.gpr[11] = 4096
        state.gpr[12] = UInt64(pages)
        try hart.set(state)
    }

    @Test("a page counts once for a hart, and again when it counts anew or has to be sent again")
    func counts() throws {
        let pages = 1500
        let (board, hart) = try writer(pages: pages, repeats: false)
        defer { hart.end() }
        func run() throws -> Int {
            let before = hart.hart.dirtiedPages
            try restart(hart, pages)
            hart.hart.resume()
            _ = hart.wait(60)
            return Int(hart.hart.dirtiedPages - before)
        }
        #expect(try run() == 0)
        board.memory.setLogging(true, for: .count)
        hart.hart.dropWritePermissions()
        #expect(try run() == pages)
        // More pages than the TLB holds: the same page is looked up again and is still no new one.
        #expect(try run() == 0)
        board.memory.clear(.count)
        hart.hart.dropWritePermissions()
        #expect(try run() == pages)
        board.memory.setLogging(true)
        hart.hart.dropWritePermissions()
        #expect(try run() == pages)
        var bitmap = Bitmap(count: board.ram.pageCount)
        #expect(board.ram.dirtyLog.drain(into: &bitmap) == pages)
        hart.hart.dropWritePermissions()
        #expect(try run() == pages)
        board.memory.setLogging(false, for: .count)
        hart.hart.dropWritePermissions()
        #expect(try run() == 0)
    }

    @Test("a hart with a limit dirties no more, and without one it is as fast as ever")
    func limit() throws {
        let (board, hart) = try writer(pages: 1500, repeats: true)
        defer { hart.end() }
        board.memory.setLogging(true, for: .count)
        hart.hart.dropWritePermissions()
        hart.hart.limitDirtying(2000)
        let clock = ContinuousClock()
        let start = clock.now
        hart.hart.resume()
        usleep(400_000)
        let count = hart.hart.dirtiedPages
        let seconds = (clock.now - start) / .seconds(1)
        #expect(Double(count) <= 2000 * seconds + 64, "\(count) in \(seconds) s")
        #expect(count > 0 && hart.hart.dirtyHold > 0)
        hart.hart.limitDirtying(nil)
        for _ in 0..<120_000 where hart.hart.dirtiedPages < 1500 { usleep(1000) }
        #expect(hart.hart.dirtiedPages == 1500 && hart.hart.dirtyHold == 0)
        hart.hart.pause()
        hart.hart.waitUntilPaused()
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

/// A word for another thread.
private final class Flag: Sendable {
    let value = Atomic<Bool>(false)
}
