/// What a generated program may use; QEMU versions know different sets.
struct InstructionSet: OptionSet, Sendable {
    var rawValue: Int

    static let compressed = Self(rawValue: 1 << 0)
    static let multiply = Self(rawValue: 1 << 1)
    static let atomic = Self(rawValue: 1 << 2)
    static let float = Self(rawValue: 1 << 3)
    static let bits = Self(rawValue: 1 << 4)  // Zba, Zbb, Zbc, Zbs
    static let system = Self(rawValue: 1 << 5)  // CSRs and traps
    static let zfa = Self(rawValue: 1 << 6)
    static let cacheBlocks = Self(rawValue: 1 << 7)  // Zicbom, Zicboz, Zicbop
    static let zawrs = Self(rawValue: 1 << 8)

    /// What QEMU 7.2 does wrong and 10.0 does right: `ctzw` of a word of zeros does not give 32, `mtval` of a breakpoint is
    /// 0. (All differences of fresh programs from 7.2 came of these two.)
    static let mendedSinceQEMU7 = Self(rawValue: 1 << 9)

    /// Encodings that mean nothing, and the odd one that does.
    static let reserved = Self(rawValue: 1 << 10)

    /// `-cpu rv64` of QEMU 7.2.
    static let qemu7: Self = [.compressed, .multiply, .atomic, .float, .bits, .system]
    /// `-cpu rv64` of QEMU 10.0.
    static let qemu10: Self = [qemu7, .zfa, .cacheBlocks, .zawrs, .mendedSinceQEMU7, .reserved]
}
