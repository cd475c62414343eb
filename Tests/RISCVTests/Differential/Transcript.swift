/// One line of a program's output: the state that a sequence left, and its traps.
struct Transcript {
    var words: [UInt64]

    /// A cache block instruction that `menvcfg` or `senvcfg` makes illegal leaves 0 in QEMU's `mtval`, where Sstvala asks for
    /// the instruction: left out of the comparison.
    init(_ line: String) {
        words = line.split(separator: " ").compactMap { UInt64($0, radix: 16) }
        for index in stride(from: 66, to: words.count - 2, by: 3)
        where words[index] == 2 && words[index + 1] & 0x707f == 0x200f { words[index + 1] = 0 }
    }

    /// FNV-1a over the words: what a fixture keeps.
    var hash: UInt64 { words.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ $1) &* 0x100_0000_01b3 } }

    static func name(_ index: Int) -> String {
        switch index {
        case 0..<32: "x\(index)"
        case 32..<64: "f\(index - 32)"
        case 64: "fcsr"
        case 65: "memory"
        default: "trap \((index - 66) / 3) \(["mcause", "mtval", "mepc"][(index - 66) % 3])"
        }
    }

    /// What differs, in words; traps first, as the first different one is where to look.
    func differences(from other: Transcript) -> [String] {
        let count = max(words.count, other.words.count)
        let order = Array(66..<max(66, count)) + Array(0..<66)
        return order.compactMap { index in
            let ours = index < words.count ? hex(words[index]) : "none"
            let theirs = index < other.words.count ? hex(other.words[index]) : "none"
            return ours == theirs ? nil : "\(Self.name(index)): \(ours), not \(theirs)"
        }
    }
}

extension Transcript {
    /// Clears `mtval` where `mcause` says breakpoint.
    mutating func dropBreakpointAddresses() {
        for index in stride(from: 66, to: max(66, words.count - 2), by: 3) where words[index] == 3 {
            words[index + 1] = 0
        }
    }
}
