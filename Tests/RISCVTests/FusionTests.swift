import Testing
import VMState

@testable import RISCV

/// Two instructions that are run at once leave what they leave one after the other.
@Suite("Pairs of instructions")
struct FusionTests {
    private struct Half: Sendable {
        let operation: Operation
        /// With rd, rs1, rs2 and an immediate that fits.
        let encode: @Sendable (UInt32, UInt32, UInt32, Int32) -> UInt32

        static let halves: [Half] = [
            .init(operation: .ld) { rd, rs1, _, offset in RV.ld(rd, rs1, offset & 63) },
            .init(operation: .sd) { _, rs1, rs2, offset in RV.sd(rs2, rs1, offset & 63) },
            .init(operation: .lbu) { rd, rs1, _, offset in RV.i(0x03, 4, rd, rs1, offset) },
            .init(operation: .addi) { rd, rs1, _, value in RV.addi(rd, rs1, value) },
            .init(operation: .andi) { rd, rs1, _, value in RV.i(0x13, 7, rd, rs1, value) },
            .init(operation: .slli) { rd, rs1, _, count in RV.i(0x13, 1, rd, rs1, count & 63) },
            .init(operation: .srli) { rd, rs1, _, count in RV.i(0x13, 5, rd, rs1, count & 63) },
            .init(operation: .add) { rd, rs1, rs2, _ in RV.add(rd, rs1, rs2) },
            .init(operation: .xor) { rd, rs1, rs2, _ in RV.i(0x33, 4, rd, rs1, 0) | rs2 << 20 },
            .init(operation: .beq) { _, rs1, rs2, _ in RV.b(0, rs1, rs2, 8) },
            .init(operation: .bne) { _, rs1, rs2, _ in RV.b(1, rs1, rs2, 8) },
            .init(operation: .bltu) { _, rs1, rs2, _ in RV.b(6, rs1, rs2, 8) },
        ]
    }

    /// Registers x5 to x8 hold places in memory, x9 one where nothing is, x0 zero, the others numbers.
    private static func registers(_ state: inout CPUState, _ random: inout SeededGenerator) {
        for number in 10..<16 { state.gpr[number] = random.next() >> (random.next() & 63) }
        for number in 5..<9 { state.gpr[number] = TestBoard.base + 0x8000 + random.next() & 0xff8 }
        state.gpr[9] = 0x10
    }

    @Test("each pair leaves what its halves leave, whatever their registers and values", arguments: 1...16)
    func pairs(_ seed: UInt64) throws {
        let board = try TestBoard()
        let hart = TestHart(board)
        defer { hart.end() }
        var random = SeededGenerator(seed: seed)
        var found = 0
        for first in Half.halves {
            for second in Half.halves {
                guard Fusion.pair(first.operation, second.operation) != nil else { continue }
                found += 1
                func register() -> UInt32 { UInt32(truncatingIfNeeded: random.next() % 12 + 4) }
                func place() -> UInt32 { random.next() & 15 == 0 ? 9 : UInt32(random.next() & 3) + 5 }
                func target() -> UInt32 { random.next() & 7 == 0 ? 0 : UInt32(random.next() % 6) + 10 }
                let isMemory = [Operation.ld, .sd, .lbu]
                let halves = [first, second].map { half in
                    half.encode(
                        target(), isMemory.contains(half.operation) ? place() : register(), register(),
                        Int32(truncatingIfNeeded: random.next()) >> 20)
                }
                let tail = [RV.addi(20, 20, 1), RV.addi(21, 21, 1)]
                var start = CPUState()
                Self.registers(&start, &random)
                let bytes = (0..<40).map { _ in random.next() }
                func run(_ program: [UInt32]) throws -> CPUState {
                    for (index, word) in bytes.enumerated() {
                        board.store(word, 0x8000 + UInt64(index) * 128)
                    }
                    return try hart.run([RV.fenceI] + program) {
                        for number in 4..<22 { $0.gpr[number] = start.gpr[number] }
                        $0.mcause = 0
                        $0.mtval = 0
                    }
                }
                let both = try run(halves + tail)
                let memory = (0..<640).map { board.load(0x8000 + UInt64($0) * 8) }
                // A jump between them makes two blocks of them.
                let apart = try run([halves[0], 0x0040_006f, halves[1]] + tail)
                let name: Comment = "\(first.operation) \(second.operation) \(halves)"
                #expect(both.gpr == apart.gpr, name)
                #expect(both.mcause == apart.mcause && both.mtval == apart.mtval, name)
                #expect(memory == (0..<640).map { board.load(0x8000 + UInt64($0) * 8) }, name)
                guard both.mcause != 0 else { continue }
                let isSecond = apart.mepc > TestBoard.base + 8
                #expect(both.mepc == apart.mepc - (isSecond ? 4 : 0), name)
            }
        }
        #expect(found == 13)
    }
}
