public import Migration
public import QAPI
import RISCV
import Synchronization
import Transport

/// The QMP commands of a machine: thin, each calls the part that does the work.
public struct MachineCommands: CommandHandler {
    let machine: VirtualMachine
    let controller: MigrationController
    /// What the monitors say that they are.
    let version: VersionInfo
    let announcer = Announcer()
    let dirtyRate: DirtyRateMeasurement

    public init(
        _ machine: VirtualMachine, controller: MigrationController,
        version: VersionInfo = VersionInfo(
            qemu: VersionTriple(major: 8, minor: 2, micro: 0), package: "martlet")
    ) {
        self.machine = machine
        self.controller = controller
        self.version = version
        dirtyRate = DirtyRateMeasurement(machine)
    }

    // MARK: Run control

    public func quit() async throws(QAPIError) {
        controller.shutDown()
        dirtyRate.end()
        machine.shutdown(byGuest: false, reason: .hostQmpQuit)
    }

    public func queryStatus() async throws(QAPIError) -> StatusInfo {
        let state = machine.runState
        return StatusInfo(running: state.isRunning, status: state)
    }

    public func stop() async throws(QAPIError) {
        if machine.runState == .inmigrate {
            machine.migration.withLock { $0.autostart = false }
        } else if machine.runState.isRunning {
            machine.stop()
        }
    }

    public func cont() async throws(QAPIError) {
        let seen = machine.runState
        switch seen {
        case .running: break
        case .inmigrate: machine.migration.withLock { $0.autostart = true }
        case .finishMigrate: throw .generic("Migration is not finalized yet")
        case .shutdown, .internalError: throw .generic("Resetting the Virtual Machine is required")
        default:
            // After a migration this is the operator's word: the guest is this side's again, with its disks. A reset
            // in between changes the name of the state, not who has the disks.
            let isDone: Bool
            do throws(MigrationError) {
                isDone = try machine.resume(from: seen, after: machine.takeDisks)
            } catch {
                throw .generic(error.description)
            }
            // A switchover that begins meanwhile says no.
            if !isDone { try await cont() }
        }
    }

    public func systemReset() async throws(QAPIError) {
        guard machine.reset(byGuest: false) else { throw .generic("Migration is not finalized yet") }
    }

    public func systemPowerdown() async throws(QAPIError) { machine.powerdown() }

    // MARK: What there is

    public func queryCpusFast() async throws(QAPIError) -> [CpuInfoFast] {
        machine.board.harts.map { hart in
            CpuInfoFast(
                cpuIndex: Int64(hart.id), qomPath: "/machine/soc0/harts[\(hart.id)]",
                threadId: Int64(hart.threadID),
                props: CpuInstanceProperties(coreId: Int64(hart.id)), target: .riscv64)
        }
    }

    public func queryUuid() async throws(QAPIError) -> UuidInfo {
        let digits = machine.configuration.uuid.map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0\(text)" : text
        }
        let groups = [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { digits[$0].joined() }
        return UuidInfo(uuid: groups.joined(separator: "-"))
    }

    public func queryName() async throws(QAPIError) -> NameInfo { NameInfo(name: machine.configuration.name) }

    public func queryChardev() async throws(QAPIError) -> [ChardevInfo] {
        let configuration = machine.configuration
        let used =
            machine.board.characters.map {
                ChardevInfo(label: $0.label, filename: $0.filename, frontendOpen: true)
            }
            + configuration.monitors.map {
                ChardevInfo(label: $0.label, filename: $0.character.description, frontendOpen: true)
            }
        let unused = configuration.characters.filter { id, _ in !used.contains { $0.label == id } }
        return used
            + unused.sorted { $0.key < $1.key }.map {
                ChardevInfo(label: $0.key, filename: $0.value.description, frontendOpen: false)
            }
    }

    // MARK: The monitor for people

    public func humanMonitorCommand(
        _ arguments: HumanMonitorCommandArguments, descriptors: any PassedDescriptors
    ) async throws(QAPIError) -> String {
        let hart = arguments.cpuIndex ?? 0
        guard machine.board.harts.contains(where: { Int64($0.id) == hart }) else {
            throw .generic("Parameter 'cpu-index' expects a CPU number")
        }
        let monitor = HumanMonitor(commands: self, descriptors: descriptors, hart: Int(hart))
        return await monitor.run(arguments.commandLine)
    }
}
