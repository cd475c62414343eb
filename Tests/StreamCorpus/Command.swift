import Foundation

/// A shell command did not end with 0.
public struct CommandFailed: Error {}

/// What a shell command writes.
public func output(of command: String) throws -> [UInt8] {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", command]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw CommandFailed() }
    return Array(data)
}
