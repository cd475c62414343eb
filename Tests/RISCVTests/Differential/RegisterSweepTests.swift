import Glibc
import Testing

@testable import RISCV

/// Every CSR number against QEMU: whether it is there, who may touch it, and what it keeps.
@Suite struct RegisterSweepTests {
    static let fixture = "differential/registers-qemu-10.0.2.txt"

    static func lines(_ run: (TestProgram) throws -> [String]) throws -> [String] {
        func transcripts(_ program: TestProgram) throws -> [Transcript] {
            try run(program).map { Transcript($0) }
        }
        return try RegisterSweep.machineLines(transcripts(RegisterSweep.machine))
            + RegisterSweep.Below.all.map { $0.line(try transcripts($0.program)) }
    }

    @Test func everyRegisterIsWhatItIsInQEMU() throws {
        let theirs = try Fixture.lines(Self.fixture)
        let ours = try Self.lines { try BareBoard.run($0) }
        #expect(theirs.filter { !ours.contains($0) } == [], "theirs alone")
        #expect(ours.filter { !theirs.contains($0) } == [], "ours alone")
    }

    @Test(.enabled(if: isRecording, "records the fixture")) func record() throws {
        let peer = try #require(PeerQEMU.found)
        try #require(peer.set == .qemu10)
        let lines = try Self.lines { peer.run($0) }
        try #require(lines.last?.hasPrefix("U-closed") == true && lines.contains { $0.hasPrefix("M f14") })
        let text = """
            # M: a register, and what it held, then after ones and after zeros were written.
            # Others: the registers that can be read there (w: and written).

            """
        try Fixture.write(text + lines.joined(separator: "\n") + "\n", to: Self.fixture)
    }
}
