import Glibc
import Testing

@testable import RISCV

private let isRecording = unsafe getenv("RECORD_DIFFERENTIAL") != nil

/// The whole hart against QEMU, on generated programs.
@Suite(.serialized) struct DifferentialTests {
    static let fixture = "differential/qemu-10.0.2.txt"
    static let sequences = 100
    static let instructions = 60
    static let recordedSeeds: [UInt64] = [1, 2, 3, 4, 5, 6]

    /// `DIFFERENTIAL_SEEDS=664287,1234` asks for these programs, `DIFFERENTIAL_PROGRAMS=100` for so many new ones.
    static var freshSeeds: [UInt64] {
        if let named = unsafe getenv("DIFFERENTIAL_SEEDS") {
            return unsafe String(cString: named).split(separator: ",").compactMap { UInt64($0) }
        }
        let count = unsafe getenv("DIFFERENTIAL_PROGRAMS").flatMap { unsafe Int(String(cString: $0)) } ?? 3
        return (0..<max(0, count)).map { _ in UInt64.random(in: 1000..<1_000_000) }
    }

    static func program(_ seed: UInt64, _ set: InstructionSet) -> TestProgram {
        TestProgram(seed: seed, sequences: sequences, instructions: instructions, set: set)
    }

    @Test func recordedProgramsLeaveTheStateThatQEMULeft() throws {
        var seeds: [UInt64] = []
        for line in try Fixture.lines(Self.fixture) {
            let words = line.split(separator: " ")
            let seed = try #require(UInt64(words[0]))
            let ours = try BareBoard.run(Self.program(seed, .qemu10)).map { Transcript($0) }
            let different = zip(ours, words.dropFirst()).enumerated()
                .filter { hex($1.0.hash) != $1.1 }.map(\.offset)
            seeds.append(seed)
            #expect(ours.count == words.count - 1)
            guard !different.isEmpty else { continue }
            Issue.record("program \(seed): sequences \(different) are not as recorded")
            // With a QEMU at hand, say what differs.
            if let peer = PeerQEMU.found, peer.set == .qemu10 { compare(seed, ours, with: peer) }
        }
        #expect(seeds == Self.recordedSeeds)
    }

    @Test(.enabled(if: PeerQEMU.found != nil, "needs qemu-system-riscv64"))
    func freshProgramsLeaveTheStateThatQEMULeaves() throws {
        let peer = try #require(PeerQEMU.found)
        for seed in Self.freshSeeds {
            compare(seed, try BareBoard.run(Self.program(seed, peer.set)).map { Transcript($0) }, with: peer)
        }
    }

    private func compare(_ seed: UInt64, _ ours: [Transcript], with peer: PeerQEMU) {
        let theirs = peer.run(Self.program(seed, peer.set)).map { Transcript($0) }
        #expect(ours.count == theirs.count, "program \(seed)")
        for (number, var (mine, other)) in zip(ours, theirs).enumerated() {
            // Before 10, `mtval` of a breakpoint was 0.
            if peer.version < 10 {
                mine.dropBreakpointAddresses()
                other.dropBreakpointAddresses()
            }
            let differences = mine.differences(from: other)
            if !differences.isEmpty {
                Issue.record("program \(seed), sequence \(number): \(differences.joined(separator: "; "))")
            }
        }
    }

    @Test func everyInstructionOfTheDecoderIsGenerated() {
        var operations: Set<UInt8> = []
        var atomics: Set<UInt32> = []
        var floats: Set<UInt32> = []
        for seed in UInt64(0)..<400 {
            var code = Assembler(base: TestProgram.origin)
            var generator = SequenceGenerator(seed: seed, set: .qemu10)
            generator.emitBody(&code, instructions: 100)
            var offset = 0
            while offset + 4 <= code.image.count {
                let half = UInt16(code.image[offset]) | UInt16(code.image[offset + 1]) << 8
                var word = Decoder.expand(half)
                offset += 2
                if half & 3 == 3 {
                    word =
                        UInt32(half) | UInt32(code.image[offset]) << 16 | UInt32(code.image[offset + 1]) << 24
                    offset += 2
                }
                let operation = Decoder.decode(word, offset: 0).operation
                operations.insert(operation.rawValue)
                if operation == .amo { atomics.insert((word >> 27) << 3 | word >> 12 & 7) }
                if operation == .float, word & 0x7f == 0x53, word >> 25 & 3 < 2 {
                    let hasSubOperation = [0x08, 0x18, 0x1a, 0x1c, 0x1e].contains(word >> 27)
                    let funct3 = [0x04, 0x05, 0x14, 0x1c].contains(word >> 27) ? word >> 12 & 7 : 0
                    floats.insert((word >> 25) << 8 | (hasSubOperation ? word >> 20 & 31 : 0) << 3 | funct3)
                } else if operation == .float {
                    floats.insert(word & 0x7f | (word >> 25 & 3) << 24 | 1 << 31)
                }
            }
        }
        let missing = (0...UInt8.max).compactMap { Operation(rawValue: $0) }
            .filter { $0 != .next && !operations.contains($0.rawValue) }
        #expect(missing == [])
        #expect(atomics.count == 22)
        // A format each: 4 of arithmetic, root, 3 signs, 4 extremes, 5 comparisons, class and move, move and fli, 4
        // to integers, 4 from them, one to the other format, 2 roundings, 4 multiply-adds; and fcvtmod of D.
        #expect(floats.count >= 2 * (4 + 1 + 3 + 4 + 5 + 2 + 2 + 4 + 4 + 1 + 2 + 4) + 1)
    }

    /// `RECORD_DIFFERENTIAL=1 swift test --filter DifferentialTests` with QEMU 10.0.2 at hand writes the fixture.
    @Test(.enabled(if: isRecording, "records the fixture")) func record() throws {
        let peer = try #require(PeerQEMU.found)
        try #require(peer.set == .qemu10)
        var text =
            "# Hashes of what each sequence left (Transcript.hash), one line a program: its seed, then 100 hashes.\n"
        for seed in Self.recordedSeeds {
            let lines = peer.run(Self.program(seed, .qemu10)).map { hex(Transcript($0).hash) }
            text += "\(seed) \(lines.joined(separator: " "))\n"
        }
        try Fixture.write(text, to: Self.fixture)
    }
}
