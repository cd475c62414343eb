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
        if arguments.contains(where: { ["--help", "-help", "-h"].contains($0) }) { return print(runHelp) }
        if arguments.contains(where: { ["--version", "-version"].contains($0) }) {
            return print("martlet \(martletVersion)")
        }
        do {
            try await start(MachineOptions(parsing: arguments).configuration)
        } catch let error as OptionError where error.isListing {
            print(error)
        } catch {
            fail("\(error)")
        }
    }

    private static func start(_ given: MachineConfiguration) async throws {
        var configuration = given
        hasTimestamps.store(configuration.hasTimestamps, ordering: .relaxed)
        if let path = configuration.deviceTreeDump {
            return try VirtualMachine.writeDeviceTree(configuration, to: path)
        }
        let pipe = configuration.isDaemon ? Daemon.takePipe() : nil
        if configuration.isDaemon {
            if pipe == nil { Daemon.start() }
            // They are read again at each reset, when the process is in another directory.
            configuration.makePathsAbsolute()
        }
        if let name = configuration.processName { unsafe cplatform_set_thread_name(name) }
        try configuration.takeDescriptors()
        // 256 multifd channels and 64 clients are more than the usual limit, which is for programs that use select().
        cplatform_raise_descriptor_limit()
        let machine = try VirtualMachine(configuration)
        machine.startHarts()
        for (label, path) in machine.terminals { say("char device redirected to \(path) (label \(label))") }
        if let path = configuration.pidFile { try PIDFile.write(path) }
        let control = try Control(machine)
        await run(machine, control) { if let pipe { Daemon.stands(pipe) } }
    }

    /// Runs until the guest powers off or a signal ends the process.
    ///
    /// - Parameter stands: called once a signal would end it in order.
    private static func run(
        _ machine: VirtualMachine, _ control: Control, stands: @escaping @Sendable () -> Void
    ) async {
        let status = await withCheckedContinuation { (continuation: CheckedContinuation<Int32, Never>) in
            let once = Mutex<CheckedContinuation<Int32, Never>?>(continuation)
            let finish: @Sendable (Int32) -> Void = { status in
                once.withLock { waiting in
                    defer { waiting = nil }
                    return waiting
                }?.resume(returning: status)
            }
            machine.setEndOfLife(finish)
            let registered = DispatchGroup()
            for number in [SIGINT, SIGTERM, SIGHUP] {
                registered.enter()
                signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
                source.setEventHandler {
                    control.migrations.shutDown()
                    machine.shutdown(byGuest: false, reason: .hostSignal)
                    source.cancel()
                }
                source.setRegistrationHandler { registered.leave() }
                source.resume()
            }
            registered.notify(queue: .global()) {
                stands()
                let configuration = machine.configuration
                if !configuration.startsPaused, configuration.incoming == nil { machine.resume() }
            }
        }
        control.stop()
        if let path = machine.configuration.pidFile { unsafe unlink(path) }
        Glibc.exit(status)
    }
}

extension MachineConfiguration {
    /// Names the files of the boot from the root, so that they are found from any working directory.
    mutating func makePathsAbsolute() {
        var buffer = [CChar](repeating: 0, count: 4096)
        guard unsafe getcwd(&buffer, buffer.count) != nil else { return }
        let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        let folder = String(decoding: bytes, as: UTF8.self)
        func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "\(folder)/\(path)" }
        // One that is not here is looked for elsewhere.
        if case .file(let path) = firmware, unsafe access(path, F_OK) == 0 {
            firmware = .file(absolute(path))
        }
        kernel = kernel.map(absolute)
        initrd = initrd.map(absolute)
        pidFile = pidFile.map(absolute)
    }
}
