import ArgumentParser
import Foundation
import Glibc
import Synchronization

/// `martlet`: the command line. Called as `qemu-system-riscv64`, or with a first argument that begins with a single
/// dash, it is `martlet run`.
@main
struct Martlet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "martlet",
        abstract: "A riscv64 virtual machine monitor built for moving a running guest.",
        discussion: """
            Takes the options of qemu-system-riscv64, speaks QMP and QEMU's migration stream.

            EXAMPLES
              martlet run -m 512M -kernel Image -qmp unix:vm.sock,server=on,wait=off
              martlet run -m 512M -qmp unix:new.sock,server=on,wait=off -incoming unix:in.sock
              martlet migrate vm.sock unix:in.sock
            """,
        version: martletVersion,
        subcommands: [Run.self, Migrate.self, Stream.self, Compat.self])

    static func main() async {
        signal(SIGPIPE, SIG_IGN)
        var arguments = Array(CommandLine.arguments.dropFirst())
        let name = CommandLine.arguments.first?.split(separator: "/").last ?? "martlet"
        let isOption = arguments.first.map { $0.hasPrefix("-") && !$0.hasPrefix("--") && $0 != "-h" } ?? false
        if name == "qemu-system-riscv64" || isOption { arguments.insert("run", at: 0) }
        // The options of `run` are QEMU's, with one dash: ArgumentParser would take them apart.
        if arguments.first == "run" {
            await Run.main(machineArguments: Array(arguments.dropFirst()))
        } else {
            await main(arguments)
        }
    }
}

/// This program's version.
let martletVersion = "0.1.0"

/// `-msg timestamp=on`: messages begin with the time.
let hasTimestamps = Atomic<Bool>(false)

/// Prints a line on standard error.
func warn(_ message: String) { write(message, to: STDERR_FILENO) }

/// Prints a line on standard output.
func say(_ message: String) { write(message, to: STDOUT_FILENO) }

private func write(_ message: String, to descriptor: Int32) {
    var line = "martlet: \(message)\n"
    if hasTimestamps.load(ordering: .relaxed) {
        line = Date.now.formatted(.iso8601.time(includingFractionalSeconds: true)) + " " + line
    }
    unsafe _ = Glibc.write(descriptor, line, line.utf8.count)
}

/// Ends the process with a message on standard error.
func fail(_ message: String, status: Int32 = 1) -> Never {
    warn(message)
    Glibc.exit(status)
}
