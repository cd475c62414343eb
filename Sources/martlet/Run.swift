import ArgumentParser
import CPlatform
import Dispatch
import Glibc
import Machine
import Migration
import QAPI
import Synchronization

/// `martlet run`: a guest with the options of qemu-system-riscv64.
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a guest, with the options of qemu-system-riscv64 -M virt. See 'martlet run --help'.")

    @Argument(parsing: .captureForPassthrough, help: "Options of qemu-system-riscv64.")
    var options: [String] = []

    func run() async throws { await Self.main(machineArguments: options) }

    static func main(machineArguments arguments: [String]) async {
        if arguments.contains("--help") || arguments.contains("-help") || arguments.contains("-h") {
            print(runHelp)
            return
        }
        if arguments == ["-version"] || arguments == ["--version"] {
            print("martlet \(martletVersion)")
            return
        }
        let configuration: MachineConfiguration
        do {
            configuration = try MachineOptions(parsing: arguments).configuration
        } catch {
            fail("\(error)")
        }
        if configuration.isDaemon {
            fail("-daemonize: not built yet; start it with '&' or a service manager")
        }
        do {
            if let path = configuration.deviceTreeDump {
                try VirtualMachine.writeDeviceTree(configuration, to: path)
                return
            }
            let machine = try VirtualMachine(configuration)
            if let path = configuration.pidFile { try writeProcessID(to: path) }
            let control = try Control(machine)
            await run(machine, control)
        } catch {
            fail("\(error)")
        }
    }

    /// Runs until the guest powers off or a signal ends the process.
    private static func run(_ machine: VirtualMachine, _ control: Control) async {
        let status = await withCheckedContinuation { (continuation: CheckedContinuation<Int32, Never>) in
            let once = Mutex<CheckedContinuation<Int32, Never>?>(continuation)
            let finish: @Sendable (Int32) -> Void = { status in
                once.withLock { waiting in
                    defer { waiting = nil }
                    return waiting
                }?.resume(returning: status)
            }
            machine.setEndOfLife(finish)
            for number in [SIGINT, SIGTERM, SIGHUP] {
                signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
                source.setEventHandler {
                    control.migrations.shutDown()
                    machine.shutdown(byGuest: false, reason: .hostSignal)
                    source.cancel()
                }
                source.resume()
            }
            if !machine.configuration.startsPaused, machine.configuration.incoming == nil { machine.resume() }
        }
        control.stop()
        Glibc.exit(status)
    }

    private static func writeProcessID(to path: String) throws {
        let descriptor = unsafe cplatform_open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw OptionError(
                "-pidfile", "cannot write '\(path)': \(unsafe String(cString: strerror(errno)))")
        }
        let text = "\(getpid())\n"
        unsafe _ = write(descriptor, text, text.utf8.count)
        close(descriptor)
    }
}
