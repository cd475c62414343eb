/// A decoded instruction, eight bytes, as the interpreter wants it.
///
/// Targets of branches and `auipc` are relative to the start of the block. A destination x0 is slot 32 of the
/// register file, which nobody reads.
struct Instruction {
    var operation: Operation
    var rd: UInt8
    var rs1: UInt8
    var rs2: UInt8
    /// Immediate; for operations that are taken apart when they run, the instruction's own bits.
    var immediate: Int32

    init(_ operation: Operation, rd: UInt8 = 32, rs1: UInt8 = 0, rs2: UInt8 = 0, immediate: Int32 = 0) {
        self.operation = operation
        self.rd = rd
        self.rs1 = rs1
        self.rs2 = rs2
        self.immediate = immediate
    }
}

/// What the interpreter's switch distinguishes. One dense byte, so that the switch is one jump table.
enum Operation: UInt8 {
    // Ends of blocks
    case next, jal, jalr, beq, bne, blt, bge, bltu, bgeu
    /// SYSTEM and fence.i: may change everything, so the block ends behind it.
    case system
    case illegal
    // Loads and stores
    case lb, lh, lw, ld, lbu, lhu, lwu, sb, sh, sw, sd, flw, fld, fsw, fsd
    // Immediates
    case lui, auipc, addi, slti, sltiu, xori, ori, andi, slli, srli, srai, addiw, slliw, srliw, sraiw
    // Registers
    case add, sub, sll, slt, sltu, xor, srl, sra, or, and, addw, subw, sllw, srlw, sraw
    case mul, mulh, mulhsu, mulhu, div, divu, rem, remu, mulw, divw, divuw, remw, remuw
    // Zba
    case addUW, sh1add, sh2add, sh3add, sh1addUW, sh2addUW, sh3addUW, slliUW
    // Zbb
    case andn, orn, xnor, clz, ctz, cpop, clzw, ctzw, cpopw, max, maxu, min, minu, sextB, sextH, zextH
    case rol, ror, rori, rolw, rorw, roriw, orcB, rev8
    // Zbc
    case clmul, clmulh, clmulr
    // Zbs
    case bclr, bext, binv, bset, bclri, bexti, binvi, bseti
    // The rest of the architecture, taken apart when it runs
    case fence, amo, float, cbo
    // Two instructions at once, see `Fusion`
    case ldLd, sdSd, lbuAddi, slliXor, srliXor, slliAdd, slliSrli
    case addiBeq, addiBne, addiBltu, addBne, andiBeq, andiBne
}
