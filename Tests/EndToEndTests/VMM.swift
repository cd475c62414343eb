import Foundation

/// A folder for sockets, removed with its content when the test is done.
final class Workplace: Sendable {
    let path: String

    init() throws {
        path =
            FileManager.default.temporaryDirectory.appending(
                path: "martlet-e2e-\(UUID().uuidString.prefix(8))"
            ).path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// A VMM process with a QMP session and the guest's serial port; killed when the last reference goes.
final class VMM {
    let name: String
    let qmp: QMPClient
    let serial: Lines
    private let process: Process
    private let port: UnixSocket
    private let log: String
    private let workplace: Workplace

    /// - Parameter starts: whether a guest that does not arrive from elsewhere runs at once.
    init(
        _ program: Program, _ name: String, in workplace: Workplace, _ arguments: [String],
        starts: Bool = true
    ) throws {
        self.name = name
        self.workplace = workplace
        let stem = "\(workplace.path)/\(name)"
        log = "\(stem).log"
        _ = FileManager.default.createFile(atPath: log, contents: nil)
        let process = Process()
        process.executableURL = URL(filePath: program.path)
        // A guest that starts at once could print before the port is connected.
        let waits = arguments.contains("-incoming") ? [] : ["-S"]
        process.arguments =
            arguments + waits + [
                "-qmp", "unix:\(stem).qmp,server=on,wait=off", "-serial",
                "unix:\(stem).tty,server=on,wait=off",
            ]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle(forWritingAtPath: log)
        process.standardError = process.standardOutput
        try process.run()
        self.process = process
        do {
            port = try VMM.reach("\(stem).tty", process, log)
            serial = Lines(port)
            qmp = try QMPClient(VMM.reach("\(stem).qmp", process, log))
        } catch {
            kill(process.processIdentifier, SIGKILL)
            throw error
        }
        if !waits.isEmpty, starts { try qmp.call("cont") }
    }

    deinit { end() }

    private static func reach(_ path: String, _ process: Process, _ log: String) throws -> UnixSocket {
        try waitFor("answer at \(path)", seconds: 120) {
            if let socket = UnixSocket(path: path) { return socket }
            if !process.isRunning {
                throw Failure("the VMM ended: \((try? String(contentsOfFile: log, encoding: .utf8)) ?? "")")
            }
            return nil
        }
    }

    var isRunning: Bool { process.isRunning }

    /// What the process wrote to its standard output and error.
    var said: String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }

    func type(_ text: String) { port.write([UInt8](text.utf8)) }

    /// Kills the process now, as a failing host would.
    func end() {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        port.end()
    }

    func status() throws -> String { try qmp.call("query-status")["status"] as? String ?? "" }

    /// Asks the demo guest to check all of its memory, and gives its verdict line.
    func verdict() throws -> String {
        let start = serial.count
        type("v")
        return try serial.wait(for: "verdict", from: start, seconds: 120).text
    }

    /// The number of the next heartbeat from now on.
    func nextBeat(seconds: Double = 10) throws -> Int {
        let line = try serial.wait(for: "beat ", from: serial.count, seconds: seconds)
        return Int(line.text.split(separator: " ").last ?? "") ?? -1
    }

    /// All heartbeat numbers so far; `before` is where the guest came from and may hold the start of the first line.
    func beats(before: VMM? = nil) -> [Int] {
        var lines = (before?.serial.all() ?? []).map(\.text)
        var own = serial.all().map(\.text)
        if !own.isEmpty { own[0] = (before?.serial.unfinished ?? "") + own[0] }
        lines += own
        return lines.compactMap { $0.hasPrefix("beat ") ? Int($0.dropFirst(5)) : nil }
    }

    /// Starts a migration and waits for its end; the last `query-migrate`.
    @discardableResult
    func migrate(to uri: String, seconds: Double = 60) throws -> [String: Any] {
        try qmp.call("migrate", ["uri": uri])
        return try migrationEnd(seconds: seconds)
    }

    func migrationEnd(seconds: Double = 60) throws -> [String: Any] {
        try waitFor("end of the migration", seconds: seconds) {
            let info = try qmp.call("query-migrate")
            let status = info["status"] as? String ?? ""
            return ["completed", "failed", "cancelled"].contains(status) ? info : nil
        }
    }
}
