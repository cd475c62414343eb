import Bytes
import Glibc
import GuestMemory
import RISCV
import Synchronization
import VMState

/// RAM at 0x8000_0000, a few device registers, and time that the test sets: what a hart under test stands on.
final class TestBoard: HartBus {
    static let base: UInt64 = 0x8000_0000
    /// A register that keeps what is written to it. Everything else outside of RAM faults.
    static let register: UInt64 = 0x1000_0000

    let ram: RAMBlock
    let rom: RAMBlock
    let memory: GuestMemory
    let time = Atomic<UInt64>(0)
    let stimecmp = Atomic<UInt64>(.max)
    private let value = Mutex<UInt64>(0)

    init(size: Int = 1 << 20) throws {
        ram = try RAMBlock(name: "ram", size: size)
        rom = try RAMBlock(name: "rom", size: 0x1000)
        memory = GuestMemory(
            blocks: [ram, rom],
            regions: [
                .init(address: Self.base, block: ram, isWritable: true),
                .init(address: 0x1000, block: rom, isWritable: false),
            ])
    }

    func read(_ address: UInt64, size: Int) -> UInt64? {
        address == Self.register ? value.withLock { $0 } : nil
    }
    func write(_ address: UInt64, size: Int, value: UInt64) -> Bool {
        guard address == Self.register else { return false }
        self.value.withLock { $0 = value }
        return true
    }
    var ticks: UInt64 { time.load(ordering: .relaxed) }
    func stimecmpChanged(hart: Int, stimecmp: UInt64) { self.stimecmp.store(stimecmp, ordering: .relaxed) }

    /// Puts instructions at an offset in RAM.
    func place(_ words: [UInt32], at offset: UInt64 = 0) {
        for (index, word) in words.enumerated() {
            memory.store(word, at: Self.base + offset + UInt64(4 * index))
        }
    }

    func load(_ offset: UInt64) -> UInt64 { memory.load(UInt64.self, at: Self.base + offset) ?? 0 }
    func store(_ value: UInt64, _ offset: UInt64) { memory.store(value, at: Self.base + offset) }
}

/// A hart and the states it goes through: set a state, let it run until it stands in WFI or some time has passed.
struct TestHart {
    let board: TestBoard
    let hart: Hart

    init(_ board: TestBoard, id: Int = 0) {
        self.board = board
        hart = Hart(id: id, memory: board.memory, bus: board)
    }

    /// Runs from the state that `change` makes of the present one until the hart waits for an interrupt.
    @discardableResult
    func run(
        _ program: [UInt32], at offset: UInt64 = 0, seconds: Double = 10,
        _ change: (inout CPUState) -> Void = { _ in }
    ) throws -> CPUState {
        board.place(program + [RV.wfi, RV.wfi], at: offset)
        // Traps end in WFI as well, with interrupts off so that it waits.
        for (handler, enables) in [(TestHart.handler, 0x304), (TestHart.supervisorHandler, 0x104)]
            as [(UInt64, UInt32)]
        {
            board.place([RV.csrrw(0, enables, 0), RV.wfi, RV.wfi], at: handler)
        }
        var state = hart.state
        state.pc = TestBoard.base + offset
        state.mtvec = TestBoard.base + TestHart.handler
        state.stvec = TestBoard.base + TestHart.supervisorHandler
        change(&state)
        try set(state)
        hart.resume()
        return wait(seconds)
    }

    static let handler: UInt64 = 0xf00
    static let supervisorHandler: UInt64 = 0xe00

    func set(_ state: CPUState) throws {
        hart.setCommonState(CPUCommonState())
        try hart.setState(state, TestHart.reader)
    }

    static var reader: VMStateReader { VMStateReader(.init(bytes: []), version: 10) }

    /// Pauses again and again until the hart is found waiting.
    func wait(_ seconds: Double = 10) -> CPUState {
        var left = Int(seconds * 1000)
        while true {
            usleep(200)
            hart.pause()
            hart.waitUntilPaused()
            left -= 1
            if hart.commonState.halted != 0 || left <= 0 { return hart.state }
            hart.resume()
        }
    }

    func end() { hart.stop() }
}
