import Glibc
import Synchronization
import Testing
import VMState

@testable import Devices

@Suite struct PLICTests {
    private final class Outputs: Sendable {
        private let levels = Mutex<[Int: Bool]>([:])
        subscript(context: Int) -> Bool { levels.withLock { $0[context] ?? false } }
        func set(_ context: Int, _ up: Bool) { levels.withLock { $0[context] = up } }
    }

    private static func make(harts: Int = 2) -> (PLIC, Outputs) {
        let outputs = Outputs()
        return (PLIC(harts: harts) { outputs.set($0, $1) }, outputs)
    }

    private static func claim(_ context: UInt64) -> UInt64 { 0x20_0004 + 0x1000 * context }

    @Test("A source reaches the contexts that enable it, until it is claimed")
    func claimAndComplete() {
        let (plic, outputs) = Self.make()
        plic.write(4 * 10, size: 4, value: 1)
        plic.write(0x2000 + 0x80 * 3, size: 4, value: 1 << 10)
        plic.line(10).set(true)
        #expect((0..<4).map { outputs[$0] } == [false, false, false, true])
        #expect(plic.read(0x1000, size: 4) == 1 << 10)
        #expect(plic.read(Self.claim(3), size: 4) == 10)
        #expect(!outputs[3])
        #expect(plic.read(Self.claim(3), size: 4) == 0)
        // Raised again before it is completed: offered after that.
        plic.line(10).set(true)
        #expect(!outputs[3])
        plic.write(Self.claim(3), size: 4, value: 10)
        #expect(outputs[3])
    }

    @Test("A line that falls leaves its source pending")
    func falls() {
        let (plic, outputs) = Self.make()
        plic.write(4, size: 4, value: 1)
        plic.write(0x2000, size: 4, value: 2)
        plic.line(1).set(true)
        plic.line(1).set(false)
        #expect(outputs[0])
    }

    @Test("The highest priority is claimed first, and of equals the lowest number")
    func order() {
        let (plic, _) = Self.make()
        for (source, priority) in [(3, 2), (40, 7), (5, 2), (95, 7)] {
            plic.write(UInt64(4 * source), size: 4, value: UInt64(priority))
            plic.line(source).set(true)
        }
        for word in UInt64(0)..<3 { plic.write(0x2080 + 4 * word, size: 4, value: 0xffff_ffff) }
        #expect((0..<5).map { _ in plic.read(Self.claim(1), size: 4) } == [40, 95, 3, 5, 0])
    }

    @Test("Only priorities above the threshold interrupt", arguments: 0...8)
    func threshold(value: UInt64) {
        let (plic, outputs) = Self.make()
        plic.write(4, size: 4, value: 4)
        plic.write(0x2000, size: 4, value: 2)
        plic.write(0x20_0000, size: 4, value: value)
        plic.line(1).set(true)
        #expect(plic.read(0x20_0000, size: 4) == value & 7)
        #expect(outputs[0] == (4 > value & 7))
    }

    @Test(
        "Registers that are not there read zero and take nothing",
        arguments: [0x0, 0x180, 0x100c, 0x200c, 0x2200, 0x204000, 0x200008, 0x5ffffc])
    func holes(offset: UInt64) {
        let (plic, _) = Self.make()
        plic.write(offset, size: 4, value: .max)
        #expect(plic.read(offset, size: 4) == 0)
    }

    @Test(
        "The section brings pending sources and drives the lines", arguments: [(1, 440), (2, 472), (8, 664)])
    func moves(harts: Int, size: Int) throws {
        let (source, _) = Self.make(harts: harts)
        source.write(4 * 33, size: 4, value: 7)
        source.write(0x2084, size: 4, value: 2)
        source.line(33).set(true)
        let bytes = save(source.sections[0])
        #expect(bytes.count == size)
        let (target, outputs) = Self.make(harts: harts)
        try load(bytes, into: target.sections[0])
        #expect(outputs[1])
        #expect(target.read(Self.claim(1), size: 4) == 33)
    }
}

@Suite struct ACLINTTests {
    private struct Harts {
        let board: BoardFixture
        let software = [Wire(), Wire()]
        let timer = [Wire(), Wire()]
        let due = [Wire(), Wire()]
        let aclint: ACLINT

        init(at nanoseconds: Int64 = 0, running: Bool = false) {
            board = BoardFixture()
            board.clock.set(nanoseconds)
            if running { board.clock.start() }
            aclint = ACLINT(
                harts: zip(zip(software, timer), due).map { pair, due in
                    .init(
                        software: { pair.0.set($0) }, timer: { pair.1.set($0) },
                        supervisorTimerDue: { due.set(true) })
                }, timers: board.timers)
        }

        func write(_ offset: UInt64, _ value: UInt64, size: Int = 8) {
            board.lock.withLock { aclint.write(offset, size: size, value: value) }
        }
    }

    @Test("mtime is the clock in units of 100 ns, and can be written in halves")
    func time() {
        let harts = Harts(at: 1_000_000)
        #expect(harts.aclint.ticks == 10_000)
        harts.write(0xbffc, 0x1, size: 4)
        #expect(harts.aclint.read(0xbff8, size: 8) == 0x1_0000_2710)
        harts.write(0xbff8, 0x5, size: 4)
        #expect(harts.aclint.read(0xbff8, size: 8) == 0x1_0000_0005)
        #expect(harts.aclint.read(0xbffc, size: 4) == 1)
        harts.aclint.reset()
        #expect(harts.aclint.ticks == 0)
    }

    @Test("After a reset mtime is behind the clock, and a deadline that never comes is still one")
    func farAfterReset() {
        let harts = Harts(at: 3_600_000_000_000, running: true)
        harts.board.lock.withLock { harts.aclint.reset() }
        harts.aclint.stimecmpChanged(hart: 0, stimecmp: .max - 1)
        #expect(!harts.due[0].becomes(true, within: 1))
        harts.aclint.stimecmpChanged(hart: 0, stimecmp: harts.aclint.ticks + 1000)
        #expect(harts.due[0].becomes(true))
    }

    @Test("mtimecmp raises the timer at once when it has passed, and later when not")
    func compare() {
        let harts = Harts(at: 1_000_000, running: true)
        harts.write(0x4000, 10_000)
        #expect(harts.timer[0].isUp && !harts.timer[1].isUp)
        harts.write(0x4000, .max)
        #expect(!harts.timer[0].isUp)
        harts.write(0x4008, harts.aclint.ticks + 50_000)
        #expect(!harts.timer[1].isUp)
        #expect(harts.timer[1].becomes(true))
    }

    @Test(
        "A stimecmp is called due once, in the past, soon, or never",
        arguments: [(0, true), (30_000, true), (Int.max, false)])
    func supervisor(ticks: Int, isDue: Bool) {
        let harts = Harts(running: true)
        harts.aclint.stimecmpChanged(hart: 1, stimecmp: ticks == .max ? .max : UInt64(ticks))
        #expect(harts.due[1].becomes(true, within: 1) == isDue)
        #expect(!harts.due[0].isUp)
    }

    @Test("A stimecmp that a written mtime has passed is due")
    func passed() {
        let harts = Harts(running: true)
        harts.write(0xbff8, 1 << 40)
        harts.aclint.stimecmpChanged(hart: 0, stimecmp: 5)
        #expect(harts.due[0].becomes(true))
    }

    @Test("No timer fires while the clock stands still")
    func stopped() {
        let harts = Harts()
        harts.aclint.stimecmpChanged(hart: 0, stimecmp: 0)
        usleep(30_000)
        #expect(!harts.due[0].isUp)
        harts.board.clock.start()
        harts.board.timers.clockChanged()
        #expect(harts.due[0].becomes(true))
    }

    @Test("MSIP is bit 0 of each hart's word")
    func software() {
        let harts = Harts()
        harts.write(4, 0xffff_ffff, size: 4)
        #expect(harts.aclint.read(4, size: 4) == 1)
        #expect(!harts.software[0].isUp && harts.software[1].isUp)
        harts.write(8, 1, size: 4)
        #expect(harts.aclint.read(8, size: 4) == 0)
    }

    @Test("A loaded mtimecmp is armed by what the time is, since no stream has timers")
    func moves() throws {
        let source = Harts(at: 5_000_000)
        source.write(0x4000, 49_999)
        source.write(0x4008, 80_000)
        let bytes = save(source.aclint.sections[0])
        #expect(bytes.count == 16)
        let target = Harts(at: 5_000_000)
        try load(bytes, into: target.aclint.sections[0])
        #expect(target.timer[0].isUp && !target.timer[1].isUp)
        target.board.clock.start()
        target.board.timers.clockChanged()
        #expect(target.timer[1].becomes(true))
    }
}
