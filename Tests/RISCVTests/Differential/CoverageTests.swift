import Testing

@testable import RISCV

/// What the generated programs reach.
@Suite struct CoverageTests {
    /// What no program contains, and which test has it instead.
    static let left: [String: String] = [:]

    /// The words of a sequence, compressed ones with an upper half of zeros.
    private static func words(_ image: [UInt8]) -> [UInt32] {
        var words: [UInt32] = []
        var offset = 0
        while offset + 4 <= image.count {
            let half = UInt32(image[offset]) | UInt32(image[offset + 1]) << 8
            let isWhole = half & 3 == 3
            words.append(
                isWhole ? half | UInt32(image[offset + 2]) << 16 | UInt32(image[offset + 3]) << 24 : half)
            offset += isWhole ? 4 : 2
        }
        return words
    }

    @Test func everyInstructionIsInSomeProgramThatIsComparedWithQEMU() {
        var reached: Set<String> = []
        for seed in DifferentialTests.recordedSeeds {
            for number in 0..<DifferentialTests.sequences {
                var code = Assembler(base: TestProgram.origin)
                var generator = SequenceGenerator(seed: seed &* 1000 &+ UInt64(number), set: .qemu10)
                generator.emitBody(&code, instructions: DifferentialTests.instructions)
                for word in Self.words(code.image) { reached.formUnion(Mnemonics.names(of: word)) }
            }
        }
        let missing = Mnemonics.all.map(\.name).filter { !reached.contains($0) }
        #expect(missing.filter { Self.left[$0] == nil } == [])
        #expect(Self.left.keys.filter { reached.contains($0) } == [])
    }

    @Test func theDecoderKnowsEveryInstructionAndHasNoOperationForAnotherOne() {
        var operations: Set<UInt8> = []
        for (name, match, mask) in Mnemonics.all {
            // Registers 10 to 12 where registers are free; an immediate that is not zero.
            let free: UInt32 = mask > 0xffff || match & 3 == 3 ? 12 << 20 | 11 << 15 | 10 << 7 : 0x0528
            let word = match | free & ~mask
            let whole = word & 3 == 3 ? word : Decoder.expand(UInt16(word))
            let operation = Decoder.decode(whole, offset: 0).operation
            #expect(operation != .illegal, "\(name)")
            operations.insert(operation.rawValue)
        }
        let all = (0...UInt8.max).compactMap { Operation(rawValue: $0) }
        let pairs = all.flatMap { first in all.compactMap { Fusion.pair(first, $0) } }
        let others = all.filter { !operations.contains($0.rawValue) && !pairs.contains($0) }
        #expect(others == [.next, .illegal])
    }
}
