import Glibc
import Testing

@testable import RISCV

let isRecording = unsafe getenv("RECORD_DIFFERENTIAL") != nil

/// The whole hart against QEMU, on generated programs.
@Suite(.serialized) struct DifferentialTests {
    /// What a program is made of, and where its recorded end states are.
    enum Kind: String, CaseIterable, CustomTestStringConvertible {
        /// Instructions, most of them in M-mode.
        case instructions
        /// Accesses through page tables and PMP.
        case translation

        var fixture: String { "differential/\(rawValue)-qemu-10.0.2.txt" }
        var testDescription: String { rawValue }
    }
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

    static func program(_ kind: Kind, _ seed: UInt64, _ set: InstructionSet) -> TestProgram {
        TestProgram(seed: seed, sequences: sequences, set: set) { generator, code, _ in
            switch kind {
            case .instructions: generator.emitBody(&code, instructions: instructions)
            case .translation where generator.below(3) == 0: generator.emitProtection(&code)
            case .translation: generator.emitTranslation(&code)
            }
        }
    }

    @Test(arguments: Kind.allCases) func recordedProgramsLeaveTheStateThatQEMULeft(_ kind: Kind) throws {
        var seeds: [UInt64] = []
        for line in try Fixture.lines(kind.fixture) {
            let words = line.split(separator: " ")
            let seed = try #require(UInt64(words[0]))
            let ours = try BareBoard.run(Self.program(kind, seed, .qemu10)).map { Transcript($0) }
            let different = zip(ours, words.dropFirst()).enumerated()
                .filter { hex($1.0.hash) != $1.1 }.map(\.offset)
            seeds.append(seed)
            #expect(ours.count == words.count - 1)
            guard !different.isEmpty else { continue }
            Issue.record("program \(kind) \(seed): sequences \(different) are not as recorded")
            // With a QEMU at hand, say what differs.
            if let peer = PeerQEMU.found, peer.set == .qemu10 { compare(kind, seed, ours, with: peer) }
        }
        #expect(seeds == Self.recordedSeeds)
    }

    @Test(.enabled(if: PeerQEMU.found != nil, "needs qemu-system-riscv64"), arguments: Kind.allCases)
    func freshProgramsLeaveTheStateThatQEMULeaves(_ kind: Kind) throws {
        let peer = try #require(PeerQEMU.found)
        // 7.2 cannot leave A and D bits to the guest.
        guard kind == .instructions || peer.version >= 10 else { return }
        for seed in Self.freshSeeds {
            compare(
                kind, seed, try BareBoard.run(Self.program(kind, seed, peer.set)).map { Transcript($0) },
                with: peer)
        }
    }

    private func compare(_ kind: Kind, _ seed: UInt64, _ ours: [Transcript], with peer: PeerQEMU) {
        let theirs = peer.run(Self.program(kind, seed, peer.set)).map { Transcript($0) }
        #expect(ours.count == theirs.count, "program \(seed)")
        for (number, var (mine, other)) in zip(ours, theirs).enumerated() {
            // Before 10, `mtval` of a breakpoint was 0.
            if peer.version < 10 {
                mine.dropBreakpointAddresses()
                other.dropBreakpointAddresses()
            }
            let differences = mine.differences(from: other)
            if !differences.isEmpty {
                Issue.record(
                    "program \(kind) \(seed), sequence \(number): \(differences.joined(separator: "; "))")
            }
        }
    }

    /// `RECORD_DIFFERENTIAL=1 swift test --filter DifferentialTests` with QEMU 10.0.2 at hand writes the fixture.
    @Test(.enabled(if: isRecording, "records the fixture"), arguments: Kind.allCases)
    func record(_ kind: Kind) throws {
        let peer = try #require(PeerQEMU.found)
        try #require(peer.set == .qemu10)
        var text =
            "# Hashes of what each sequence left (Transcript.hash), one line a program: its seed, then 100 hashes.\n"
        for seed in Self.recordedSeeds {
            let lines = peer.run(Self.program(kind, seed, .qemu10)).map { hex(Transcript($0).hash) }
            text += "\(seed) \(lines.joined(separator: " "))\n"
        }
        try Fixture.write(text, to: kind.fixture)
    }
}
