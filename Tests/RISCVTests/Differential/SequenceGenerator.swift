@testable import RISCV

/// Makes one sequence: its table of initial values, and its instructions.
///
/// x2, x8 and x9 point into the data and are never written, nor is a loop's counter inside the loop; everything else
/// is fair game. Instructions may trap: the handler logs and skips.
struct SequenceGenerator {
    // The table: seed of memory, fcsr, x0...x31, f0...f31, 64 doublewords of floats.
    static let registersOffset = 16
    static let floatsOffset = registersOffset + 256
    static let poolOffset = floatsOffset + 256

    /// Offset from the start of the data that each base register holds.
    static let bases: [(register: UInt32, offset: Int)] = [(2, 512), (8, 2048), (9, 4096)]

    var random: SeededGenerator
    var floats: FloatOperands
    let set: InstructionSet
    var kept: Set<UInt32> = [2, 8, 9]
    var isInLoop = false
    var isBelowMachine = false

    init(seed: UInt64, set: InstructionSet) {
        random = SeededGenerator(seed: seed)
        floats = FloatOperands(seed: seed ^ 0x5555)
        self.set = set
    }

    mutating func below(_ bound: Int) -> Int { Int(random.next() >> 33) % bound }
    mutating func pick<T>(_ values: [T]) -> T { values[below(values.count)] }
    /// Any register.
    mutating func source() -> UInt32 { UInt32(below(32)) }
    /// A register that may be written.
    mutating func target() -> UInt32 {
        while true {
            let register = UInt32(below(32))
            if !kept.contains(register) { return register }
        }
    }
    /// One of x10...x15, for compressed instructions.
    mutating func shortTarget() -> UInt32 {
        while true {
            let register = UInt32(10 + below(6))
            if !kept.contains(register) { return register }
        }
    }

    mutating func emitTable(_ code: inout Assembler) {
        code.double(random.next() | 1)
        code.double(UInt64(below(5) << 5 | below(32)))
        for register in 0..<32 {
            let base = Self.bases.first { $0.register == UInt32(register) }
            code.double(base.map { TestProgram.data + UInt64($0.offset) } ?? value())
        }
        for _ in 0..<32 { code.double(float()) }
        for _ in 0..<64 { code.double(float()) }
    }

    mutating func value() -> UInt64 {
        let bits = random.next()
        let place = UInt64(below(64))
        switch bits & 7 {
        case 0: return bits >> 3 & 15 &- 8
        case 1: return 1 << place
        case 2: return 0 &- 1 << place
        case 3: return UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: bits >> 8)))
        case 4: return bits >> place
        case 5: return 1 << 63 | 1 << place
        default: return bits
        }
    }

    private mutating func float() -> UInt64 {
        random.next() & 1 == 0 ? floats.next(for: .fsqrtD).a : floats.next(for: .fsqrtS).a
    }

    mutating func emitBody(_ code: inout Assembler, instructions: Int) {
        for _ in 0..<instructions { emitItem(&code) }
    }

    /// One instruction, or a small group that belongs together.
    mutating func emitItem(_ code: inout Assembler) {
        while true {
            switch below(22) {
            case 0, 1, 2: return emitInteger(&code)
            case 3, 4: return emitImmediate(&code)
            case 5 where set.contains(.multiply): return emitMultiply(&code)
            case 6 where set.contains(.bits): return emitBits(&code)
            case 7...8 where set.contains(.compressed): return emitCompressed(&code)
            case 9, 10: return emitMemory(&code)
            case 11 where set.contains(.atomic): return emitAtomic(&code)
            case 12...15 where set.contains(.float): return emitFloat(&code)
            case 16: return emitControlFlow(&code)
            case 17 where set.contains(.system): return emitSystem(&code)
            case 18 where set.contains(.zfa): return emitZfa(&code)
            case 19 where set.contains(.cacheBlocks) && below(3) == 0: return emitCacheBlock(&code)
            case 20 where set.contains(.reserved): return emitReserved(&code)
            case 21 where set.contains(.system) && !isBelowMachine && below(3) == 0:
                return emitLowerPrivilege(&code)
            default: continue
            }
        }
    }

    /// Branches and jumps ahead over a few instructions, and loops of a few rounds.
    private mutating func emitControlFlow(_ code: inout Assembler) {
        switch below(5) {
        case 0, 1:
            let place = code.reserve()
            let (funct3, rs1, rs2) = (pick([0, 1, 4, 5, 6, 7] as [UInt32]), source(), source())
            for _ in 0...below(3) { emitItem(&code) }
            code.fill(place) { Assembler.b(funct3, rs1, rs2, $0) }
        case 2:
            let rd = target()
            let place = code.reserve()
            for _ in 0...below(2) { emitInteger(&code) }
            code.fill(place) { Assembler.j(rd, $0) }
        case 3:
            // auipc, and jalr that may name the same register twice
            let rs1 = target()
            guard rs1 != 0 else { return }
            let rd = below(3) == 0 ? rs1 : target()
            let start = code.image.count
            code.word(rs1 << 7 | 0x17)
            let place = code.reserve()
            for _ in 0...below(2) { emitInteger(&code) }
            let distance = code.image.count - start | below(2)  // the lowest bit is ignored
            code.replace(place, UInt32(distance) << 20 | rs1 << 15 | rd << 7 | 0x67)
        default:
            let counter = target()
            guard counter != 0, !isInLoop else { return }
            isInLoop = true
            kept.insert(counter)
            code.addi(counter, 0, 2 + below(4))
            let start = code.address
            for _ in 0...below(6) { emitItem(&code) }
            code.addi(counter, counter, -1)
            code.branch(1, counter, 0, to: start)
            kept.remove(counter)
            isInLoop = false
        }
    }
}
