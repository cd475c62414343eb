@testable import RISCV

/// A program that asks for every CSR, and what it found.
struct RegisterSweep {
    /// What differs between two right machines, or between two runs.
    enum Left {
        /// Bits that are compared of a register that has others.
        static func mask(_ csr: Int) -> UInt64 {
            switch csr {
            case 0x106, 0x306: 0x7_ffff  // QEMU has no counters from 19 on
            case 0x141, 0x341: ~1  // QEMU keeps bit 0, which is always 0
            case 0x302: 0xb3ff  // the hypervisor's, and M-mode's own call
            case 0x303, 0x344: Interrupt.supervisor  // not the hypervisor, nor the board
            case 0x304: Interrupt.all
            case 0x30a: ~(1 << 60)  // counter delegation
            case 0x3b0...0x3bf: .max >> 10  // addresses have 56 bits; QEMU keeps all
            case 0x323...0x332: ~(3 << 58)  // the hypervisor's
            default: .max
            }
        }
        /// Counters 19 to 31 are there and read zero, as Zihpm has it; in QEMU they are not. Debug triggers keep what is
        /// written and never fire, so they offer less than QEMU's.
        static func isOurOwn(_ csr: Int) -> Bool {
            switch csr {
            case 0xb13...0xb1f, 0xc13...0xc1f, 0x333...0x33f, 0x7a0...0x7af: true
            default: false
            }
        }

        /// Count instructions or time.
        static let counters: Set<Int> = [0xb00, 0xb02, 0xc00, 0xc01, 0xc02]
        /// The program's own trap handler.
        static let inUse: Set<Int> = [0x305, 0x340]
        /// The version of the implementation.
        static let versions: Set<Int> = [0xf12, 0xf13]
    }

    static let all = Array(0..<4096)
    private static let inMachine = 8
    private static let below = 32

    /// In M-mode: each register is read, written with ones and with zeros, and put back.
    static let machine = TestProgram(seed: 1, sequences: all.count / inMachine, set: []) { _, code, number in
        for index in 0..<inMachine {
            let csr = number * inMachine + index
            let result = UInt32(6 + 3 * index)
            for place in 0..<UInt32(3) { code.addi(result + place, 0, 0) }
            code.csr(2, result, csr, 0)
            guard !Left.inUse.contains(csr) else { continue }
            // Ones, but no PMP entry is locked, which would last, or has W without R; MIE and MPRV stay off, and
            // UXL and SXL as they are: QEMU keeps what is reserved.
            let ones: UInt64 =
                switch csr {
                case 0x3a0...0x3af: 0x1f1b_180d_1d19_0100
                case 0x3b0...0x3ef: UInt64.max >> 10
                case 0x100, 0x300: 0xffff_fffa_fffd_fff7
                default: .max
                }
            code.loadConstant(5, ones)
            code.csr(1, 0, csr, 5)
            code.csr(2, result + 1, csr, 0)
            code.csr(1, 0, csr, 0)
            code.csr(2, result + 2, csr, 0)
            code.csr(1, 0, csr, result)
        }
    }

    /// One line for each register of M-mode that exists.
    static func machineLines(_ transcripts: [Transcript]) -> [String] {
        var lines: [String] = []
        for (number, transcript) in transcripts.enumerated() {
            let refused = transcript.refused
            for index in 0..<inMachine {
                let csr = number * inMachine + index
                let isThere = !refused.contains { $0.csr == csr && !$0.isWrite }
                guard isThere, !Left.isOurOwn(csr) else { continue }
                let isReadOnly = refused.contains { $0.csr == csr && $0.isWrite }
                var line = "M \(hex(UInt64(csr)))"
                if isReadOnly { line += " read-only" }
                if !Left.counters.contains(csr), !Left.versions.contains(csr), !Left.inUse.contains(csr) {
                    let values = transcript.words[(6 + 3 * index)..<(9 + 3 * index)]
                    line += (isReadOnly ? values.prefix(1) : values).map { " \(hex($0 & Left.mask(csr)))" }
                        .joined()
                }
                lines.append(line)
            }
        }
        return lines
    }

    /// Below M-mode: who may read and write what.
    struct Below: Sendable {
        var name: String
        var privilege: UInt64
        /// `mcounteren` and `scounteren`.
        var counters: (UInt64, UInt64)
        /// `menvcfg`.
        var environment: UInt64
        /// `mstatus`: FS and TVM.
        var status: UInt64

        static let all: [Below] = [
            Below(name: "S", privilege: 1, counters: (.max, .max), environment: 1 << 63, status: 0x2000),
            Below(name: "S-closed", privilege: 1, counters: (0, 0), environment: 0, status: 0x10_0000),
            Below(name: "S-notime", privilege: 1, counters: (5, 2), environment: 1 << 63, status: 0),
            Below(name: "U", privilege: 0, counters: (.max, .max), environment: 1 << 63, status: 0x2000),
            Below(name: "U-closed", privilege: 0, counters: (.max, 0), environment: 0, status: 0),
        ]

        var program: TestProgram {
            TestProgram(seed: 1, sequences: RegisterSweep.all.count / below, set: []) { _, code, number in
                for (csr, value) in [
                    (0x306, counters.0), (0x106, counters.1), (0x30a, environment),
                    (0x300, status | privilege << 11),
                ] {
                    code.loadConstant(5, value)
                    code.csr(1, 0, csr, 5)
                }
                code.word(5 << 7 | 0x17)
                code.addi(5, 5, 16)
                code.csr(1, 0, 0x341, 5)
                code.word(0x3020_0073)
                for index in 0..<below {
                    code.csr(2, 0, number * below + index, 0)
                    code.csr(2, 0, number * below + index, 6)  // x6 is zero
                }
                code.word(0x0000_0073)
                code.loadConstant(5, 0x2000)
                code.csr(2, 0, 0x300, 5)
            }
        }

        /// One line: each register that can be read, with a `w` where it can be written too.
        func line(_ transcripts: [Transcript]) -> String {
            var words = [name]
            for (number, transcript) in transcripts.enumerated() {
                let refused = transcript.refused
                for csr in (number * below)..<((number + 1) * below) {
                    let isRefused = refused.contains { $0.csr == csr && !$0.isWrite }
                    if Left.isOurOwn(csr) || isRefused { continue }
                    words.append(hex(UInt64(csr)) + (refused.contains { $0.csr == csr } ? "" : "w"))
                }
            }
            return words.joined(separator: " ")
        }
    }
}

extension Transcript {
    /// CSR instructions that were illegal.
    fileprivate var refused: [(csr: Int, isWrite: Bool)] {
        stride(from: 66, to: words.count - 2, by: 3).filter { words[$0] == 2 }.map {
            (Int(words[$0 + 1] >> 20 & 0xfff), words[$0 + 1] >> 12 & 7 == 1 || words[$0 + 1] >> 15 & 31 != 0)
        }
    }
}
