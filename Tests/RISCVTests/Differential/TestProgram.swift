/// A bare-metal M-mode program for the `virt` board: sequences of generated instructions, each starting from registers and
/// memory of its own. After each, one line goes to the UART: x0...x31, f0...f31, fcsr, a hash of the memory it may have
/// changed, and `mcause`, `mtval`, `mepc` of each trap, all in hexadecimal. At the end the board is powered off.
struct TestProgram {
    static let origin: UInt64 = 0x8000_0000
    /// Memory of the sequences: 4 KiB of noise, then 512 bytes of chosen floats.
    static let data: UInt64 = 0x8010_0000
    static let dataSize = 8192
    /// Saved registers (offsets below), then the log of traps.
    static let area: UInt64 = 0x8011_0000
    static let log: UInt64 = 0x8012_0000
    /// Page tables, as far as a sequence makes some.
    static let tables: UInt64 = 0x8014_0000
    static let uart: UInt64 = 0x1000_0000
    static let testDevice: UInt64 = 0x10_0000
    static let stateWords = 32 + 32 + 2

    /// Offsets in the area.
    enum Saved {
        static let logPointer = 16
        static let x = 64
        static let f = 64 + 32 * 8
        static let fcsr = 64 + 64 * 8
        static let hash = 64 + 65 * 8
    }

    /// The raw image, to be loaded at ``origin``.
    let image: [UInt8]

    /// A program of sequences that `body` makes, each from a generator of its own.
    init(
        seed: UInt64, sequences: Int, set: InstructionSet,
        body: (inout SequenceGenerator, inout Assembler, Int) -> Void
    ) {
        var code = Assembler(base: Self.origin)
        let start = code.reserve()
        code.align(4)
        let handler = code.address
        Self.emitTrapHandler(&code)
        let setUp = code.address
        Self.emitSetUp(&code)
        let dump = code.address
        Self.emitDump(&code)
        code.fill(start) { Assembler.j(0, $0) }
        // Other harts wait for ever.
        code.csr(2, 5, 0xf14, 0)
        let isFirst = code.reserve()
        code.word(0x1050_0073)
        code.jal(0, to: code.address - 4)
        code.fill(isFirst) { Assembler.b(0, 5, 0, $0) }
        code.loadAddress(31, Self.area)
        code.csr(1, 0, 0x340, 31)
        code.loadAddress(5, handler)
        code.csr(1, 0, 0x305, 5)
        code.word(0x2 << 12 | 5 << 7 | 0x37)  // FS: initial
        code.csr(2, 0, 0x300, 5)
        // All of memory for the lower privileges.
        code.addi(5, 0, -1)
        code.csr(1, 0, 0x3b0, 5)
        code.csr(5, 0, 0x3a0, 0x1f)
        for number in 0..<sequences {
            var generator = SequenceGenerator(seed: seed &* 1000 &+ UInt64(number), set: set)
            let skip = code.reserve()
            code.align(8)
            let table = code.address
            generator.emitTable(&code)
            code.fill(skip) { Assembler.j(0, $0) }
            code.loadAddress(30, table)
            code.jal(1, to: setUp)
            body(&generator, &code, number)
            code.csr(1, 31, 0x340, 31)
            code.sd(1, Saved.x + 8, 31)
            code.jal(1, to: dump)
        }
        code.word(0x100 << 12 | 5 << 7 | 0x37)
        code.word(0x5 << 12 | 6 << 7 | 0x37)
        code.addi(6, 6, 0x555)
        code.s(0x23, 2, 5, 6, 0)
        code.jal(0, to: code.address)
        precondition(code.address < Self.data, "the program grew into its data")
        image = code.image
    }

    /// Logs the trap and skips the instruction, whatever its length. What could not be fetched returns to x1, and a call
    /// from below comes back in M-mode.
    private static func emitTrapHandler(_ code: inout Assembler) {
        code.csr(1, 31, 0x340, 31)
        code.sd(30, 0, 31)
        code.sd(29, 8, 31)
        code.ld(30, Saved.logPointer, 31)
        code.csr(2, 29, 0x342, 0)
        code.sd(29, 0, 30)
        code.csr(2, 29, 0x343, 0)
        code.sd(29, 8, 30)
        code.csr(2, 29, 0x341, 0)
        code.sd(29, 16, 30)
        code.addi(30, 30, 24)
        code.sd(30, Saved.logPointer, 31)
        code.csr(2, 30, 0x342, 0)
        code.i(0x13, 7, 30, 30, -2)  // 8 and 9: ecall from U and S
        code.addi(30, 30, -8)
        let isNoCall = code.reserve()
        code.word(0x2 << 12 | 30 << 7 | 0x37)
        code.addi(30, 30, -0x800)
        code.csr(2, 0, 0x300, 30)
        code.fill(isNoCall) { Assembler.b(1, 30, 0, $0) }
        code.csr(2, 30, 0x342, 0)
        code.addi(30, 30, -1)
        let isAccessFault = code.reserve()
        code.addi(30, 30, -11)
        let isPageFault = code.reserve()
        code.i(0x03, 5, 30, 29, 0)  // lhu
        code.i(0x13, 7, 30, 30, 3)
        code.i(0x13, 3, 30, 30, 3)  // 1 when compressed
        code.i(0x13, 1, 30, 30, 1)
        code.addi(29, 29, 4)
        code.r(0x33, 0, 0x20, 29, 29, 30)
        let isSkipped = code.reserve()
        code.fill(isAccessFault) { Assembler.b(0, 30, 0, $0) }
        code.fill(isPageFault) { Assembler.b(0, 30, 0, $0) }
        code.addi(29, 1, 0)
        code.fill(isSkipped) { Assembler.j(0, $0) }
        code.csr(1, 0, 0x341, 29)
        code.ld(30, 0, 31)
        code.ld(29, 8, 31)
        code.csr(1, 31, 0x340, 31)
        code.word(0x3020_0073)
    }

    /// Takes registers, `fcsr` and the seed of memory from the table that x30 points to; goes on at x1.
    private static func emitSetUp(_ code: inout Assembler) {
        code.loadAddress(5, data)
        code.addi(6, 5, 0)
        code.word(1 << 12 | 7 << 7 | 0x37)  // 4096 bytes of noise, xorshift64
        code.r(0x33, 0, 0, 7, 5, 7)
        code.ld(8, 0, 30)
        let fill = code.address
        for (funct3, distance) in [(UInt32(1), 13), (5, 7), (1, 17)] {
            code.i(0x13, funct3, 9, 8, distance)
            code.r(0x33, 4, 0, 8, 8, 9)
        }
        code.sd(8, 0, 6)
        code.addi(6, 6, 8)
        code.branch(1, 6, 7, to: fill)
        code.addi(7, 6, 512)
        code.addi(9, 30, SequenceGenerator.poolOffset)
        let copy = code.address
        code.ld(8, 0, 9)
        code.sd(8, 0, 6)
        code.addi(6, 6, 8)
        code.addi(9, 9, 8)
        code.branch(1, 6, 7, to: copy)
        code.loadAddress(7, data + UInt64(dataSize))
        let clear = code.address
        code.sd(0, 0, 6)
        code.addi(6, 6, 8)
        code.branch(1, 6, 7, to: clear)
        code.loadAddress(5, log)
        code.loadAddress(6, area)
        code.sd(5, Saved.logPointer, 6)
        code.ld(5, 8, 30)
        code.csr(1, 0, 0x003, 5)
        for register in UInt32(0)..<32 {
            code.i(0x07, 3, register, 30, SequenceGenerator.floatsOffset + 8 * Int(register))
        }
        code.csr(1, 0, 0x341, 1)
        code.word(0x2 << 12 | 5 << 7 | 0x37)
        code.addi(5, 5, -0x800)  // MPP: M
        code.csr(2, 0, 0x300, 5)
        code.addi(5, 0, 0x80)  // MPIE: no interrupts
        code.csr(3, 0, 0x300, 5)
        for register in UInt32(1)..<32 where register != 30 {
            code.ld(register, SequenceGenerator.registersOffset + 8 * Int(register), 30)
        }
        code.ld(30, SequenceGenerator.registersOffset + 8 * 30, 30)
        code.word(0x3020_0073)
    }

    /// Saves the state (x31 points to the area, x31 itself is in mscratch, x1 is saved), prints it, returns to x1.
    private static func emitDump(_ code: inout Assembler) {
        for register in UInt32(2)..<31 { code.sd(register, Saved.x + 8 * Int(register), 31) }
        code.csr(1, 30, 0x340, 31)
        code.sd(30, Saved.x + 8 * 31, 31)
        for register in UInt32(0)..<32 { code.s(0x27, 3, 31, register, Saved.f + 8 * Int(register)) }
        code.csr(2, 5, 0x003, 0)
        code.sd(5, Saved.fcsr, 31)
        // Hash: h = (h ^ d) * (h + something odd) would do; FNV's prime is enough.
        code.loadAddress(5, data)
        code.loadAddress(6, data + UInt64(dataSize))
        code.addi(7, 0, 0x1b3)
        code.addi(8, 0, 1)
        code.i(0x13, 1, 8, 8, 40)
        code.r(0x33, 0, 0, 7, 7, 8)
        let hash = code.address
        code.ld(9, 0, 5)
        code.r(0x33, 4, 0, 8, 8, 9)
        code.r(0x33, 0, 1, 8, 8, 7)
        code.addi(5, 5, 8)
        code.branch(1, 5, 6, to: hash)
        code.sd(8, Saved.hash, 31)
        // Two ranges of words: the state, then the log.
        code.addi(5, 31, Saved.x)
        code.addi(6, 31, Saved.x + 8 * stateWords)
        let toState = code.reserve()
        code.loadAddress(5, log)
        code.ld(6, Saved.logPointer, 31)
        let toLog = code.reserve()
        code.addi(10, 0, 10)
        let toNewline = code.reserve()
        code.i(0x67, 0, 0, 1, 0)
        code.fill(toState) { Assembler.j(3, $0) }
        code.fill(toLog) { Assembler.j(3, $0) }
        // Prints the words from x5 to x6; returns to x3.
        let next = code.address
        let somethingLeft = code.reserve()
        code.i(0x67, 0, 0, 3, 0)
        code.fill(somethingLeft) { Assembler.b(1, 5, 6, $0) }
        code.ld(7, 0, 5)
        code.addi(8, 0, 60)
        let digit = code.address
        code.r(0x33, 5, 0, 10, 7, 8)
        code.i(0x13, 7, 10, 10, 15)
        code.addi(10, 10, 48)
        code.addi(9, 0, 58)
        let isDecimal = code.reserve()
        code.addi(10, 10, 39)
        code.fill(isDecimal) { Assembler.b(4, 10, 9, $0) }
        let toPut = code.reserve()
        code.addi(8, 8, -4)
        code.branch(5, 8, 0, to: digit)
        code.addi(10, 0, 32)
        let toSpace = code.reserve()
        code.addi(5, 5, 8)
        code.jal(0, to: next)
        for place in [toPut, toSpace, toNewline] { code.fill(place) { Assembler.j(4, $0) } }
        // Sends x10; returns to x4.
        code.word(0x10000 << 12 | 11 << 7 | 0x37)
        let wait = code.address
        code.i(0x03, 4, 12, 11, 5)
        code.i(0x13, 7, 12, 12, 0x20)
        code.branch(0, 12, 0, to: wait)
        code.s(0x23, 0, 11, 10, 0)
        code.i(0x67, 0, 0, 4, 0)
    }
}
