/// Pairs of instructions that compilers write one after the other: the interpreter goes through its switch once for both.
///
/// Only the first of the two changes its operation. The second stays where it is, as its fields are taken from there,
/// and so that an exception of either is that of its own place.
enum Fusion {
    static func pair(_ first: Operation, _ second: Operation) -> Operation? {
        switch (first, second) {
        // Registers saved and restored, structures copied, strings read
        case (.ld, .ld): .ldLd
        case (.sd, .sd): .sdSd
        case (.lbu, .addi): .lbuAddi
        // Hashes, indices, zero extension
        case (.slli, .xor): .slliXor
        case (.srli, .xor): .srliXor
        case (.slli, .add): .slliAdd
        case (.slli, .srli): .slliSrli
        // Ends of loops, tests of bits, comparisons with a constant
        case (.addi, .beq): .addiBeq
        case (.addi, .bne): .addiBne
        case (.addi, .bltu): .addiBltu
        case (.add, .bne): .addBne
        case (.andi, .beq): .andiBeq
        case (.andi, .bne): .andiBne
        default: nil
        }
    }

    /// Joins what follows each other in the `count` instructions of a block.
    static func fuse(_ instructions: UnsafeMutablePointer<Instruction>, count: Int) {
        var index = 0
        while index + 1 < count {
            if let both = unsafe pair(instructions[index].operation, instructions[index + 1].operation) {
                unsafe instructions[index].operation = both
                index += 1
            }
            index += 1
        }
    }
}
