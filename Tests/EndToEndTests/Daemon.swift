import Foundation
import Glibc
import Testing

/// `-daemonize`: the parent ends when the process in the background stands, or says why it does not.
@Suite("The process in the background", .enabled(if: Program.martletIsOurs))
struct DaemonTests {
    /// Runs the program until the parent ends: exit status, and what was said on standard error by then.
    ///
    /// Foundation's `Process` takes a child for alive as long as one of its descendants holds a descriptor.
    private func run(_ arguments: [String], in folder: String) throws -> (status: Int32, text: String) {
        let program = try #require(Program.martlet)
        let script = #"cd "$0" && exec "$@" </dev/null >said 2>&1"#
        let words = ["/bin/sh", "-c", script, folder, program.path] + arguments
        var vector = unsafe words.map { unsafe strdup($0) }
        defer { unsafe vector.forEach { unsafe free($0) } }
        unsafe vector.append(nil)
        var child: pid_t = 0
        try #require(unsafe posix_spawn(&child, "/bin/sh", nil, nil, vector, environ) == 0)
        var status: Int32 = 0
        while unsafe waitpid(child, &status, 0) < 0, errno == EINTR {}
        let text = try String(contentsOfFile: "\(folder)/said", encoding: .utf8)
        return (status & 0x7f == 0 ? status >> 8 & 0xff : -1, text)
    }

    @Test("listens and has written its process id when the parent ends, and survives a reset")
    func stands() throws {
        let place = try Workplace()
        try FileManager.default.copyItem(
            atPath: root.appending(path: "Guests/demo/demo.bin").path, toPath: "\(place.path)/demo.bin")
        // Names without a folder are the parent's.
        let result = try run(
            [
                "-M", "virt", "-m", "64M", "-nodefaults", "-display", "none", "-bios", "none", "-kernel",
                "demo.bin",
                "-qmp", "unix:vm.qmp,server=on,wait=off", "-serial", "null", "-pidfile", "vm.pid",
                "-daemonize",
            ], in: place.path)
        #expect(result.status == 0 && result.text.isEmpty, "\(result.text)")
        let text = try String(contentsOfFile: "\(place.path)/vm.pid", encoding: .utf8)
        let pid = try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        defer { kill(pid, SIGKILL) }
        #expect(kill(pid, 0) == 0 && getsid(pid) == pid)
        let qmp = try QMPClient(#require(UnixSocket(path: "\(place.path)/vm.qmp")))
        try qmp.call("system_reset")
        #expect(try qmp.call("query-status")["status"] as? String == "running")
        try qmp.call("quit")
        _ = try waitFor("end of the process", seconds: 120) { kill(pid, 0) != 0 ? true : nil }
        #expect(!FileManager.default.fileExists(atPath: "\(place.path)/vm.pid"))
    }

    @Test("is ended in order by a signal as soon as the parent has ended")
    func signal() throws {
        let place = try Workplace()
        let result = try run(
            [
                "-M", "virt", "-m", "64M", "-nodefaults", "-display", "none", "-bios", "none", "-S",
                "-pidfile", "vm.pid", "-daemonize",
            ], in: place.path)
        #expect(result.status == 0 && result.text.isEmpty, "\(result.text)")
        let file = "\(place.path)/vm.pid"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        let pid = try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(kill(pid, SIGTERM) == 0)
        _ = try waitFor("end of the process", seconds: 120) { kill(pid, 0) != 0 ? true : nil }
        #expect(!FileManager.default.fileExists(atPath: file))
    }

    @Test(
        "says on the parent's standard error why it does not stand",
        arguments: [
            (["-kernel", "gone"], "martlet: cannot open 'PLACE/gone': No such file or directory"),
            (["-qmp", "unix:gone/vm.qmp,server=on,wait=off"], "martlet: "),
            (
                ["-pidfile", "gone/vm.pid"],
                "martlet: -pidfile: cannot write 'PLACE/gone/vm.pid': No such file or directory"
            ),
            (["-incoming", "unix:gone/in"], "martlet: -incoming unix:gone/in: "),
            (
                ["-serial", "stdio"],
                "martlet: -daemonize: there is no standard input and output in the background"
            ),
        ])
    func fails(arguments: [String], text: String) throws {
        let place = try Workplace()
        let result = try run(
            ["-M", "virt", "-m", "64M", "-nodefaults", "-display", "none", "-bios", "none", "-daemonize"]
                + arguments,
            in: place.path)
        #expect(result.status == 1)
        let expected = text.replacingOccurrences(of: "PLACE", with: place.path)
        #expect(result.text.hasPrefix(expected), "\(result.text)")
    }
}
