import Foundation
import Testing

/// The connection harmed at places drawn from all of the stream: Scripts/cuts.py does it, and `make cuts` does it at
/// every place.
@Suite(.serialized, .enabled(if: Program.martletIsOurs, "MARTLET_BINARY names no martlet"))
struct CutsEverywhere {
    @Test(
        "After a cut the guest runs once, or nowhere and both sides say so",
        arguments: ["rst,fin", "stall,late"])
    func quick(faults: String) throws {
        let martlet = try #require(Program.martlet)
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "python3", root.appending(path: "Scripts/cuts.py").path, "--binary", martlet.path, "--quick",
            "--faults", faults, "--stalled", "64", "--seed", "\(UInt32.random(in: 1...UInt32.max))",
        ]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(said)")
    }
}
