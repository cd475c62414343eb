import CPlatform
import Glibc
import GuestMemory
public import Migration
public import QAPI
import RISCV
import Synchronization
import Transport

/// The QMP commands of a machine: thin, each calls the part that does the work.
public struct MachineCommands: CommandHandler {
    let machine: VirtualMachine
    let controller: MigrationController

    public init(_ machine: VirtualMachine, controller: MigrationController) {
        self.machine = machine
        self.controller = controller
    }

    // MARK: Run control

    public func quit() async throws(QAPIError) {
        controller.shutDown()
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
        switch machine.runState {
        case .inmigrate: machine.migration.withLock { $0.autostart = true }
        case .finishMigrate: throw .generic("Migration is not finalized yet")
        case .shutdown, .internalError: throw .generic("Resetting the Virtual Machine is required")
        case .postmigrate:
            // The operator's word: the guest is this side's again, with its disks.
            do { try machine.takeDisks() } catch { throw .generic(error.description) }
            machine.resume()
        default: machine.resume()
        }
    }

    public func systemReset() async throws(QAPIError) { machine.reset(byGuest: false) }

    public func systemPowerdown() async throws(QAPIError) { machine.powerdown() }

    // MARK: What there is

    public func queryCpusFast() async throws(QAPIError) -> [CpuInfoFast] {
        machine.board.harts.map { hart in
            CpuInfoFast(
                cpuIndex: Int64(hart.id), qomPath: "/machine/soc0/harts[\(hart.id)]",
                threadId: Int64(hart.threadID),
                props: CpuInstanceProperties(nodeId: 0, coreId: Int64(hart.id)), target: .riscv64)
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
        let named = machine.configuration.characters.sorted { $0.key < $1.key }
        return ([("serial0", machine.configuration.serial)] + named).map { label, character in
            ChardevInfo(label: label, filename: character.description, frontendOpen: true)
        }
    }

    public func pmemsave(_ arguments: PmemsaveArguments) async throws(QAPIError) {
        try save(arguments.filename, arguments.size) { offset, count in
            machine.memory.read(at: arguments.val &+ offset, count: count)
        }
    }

    public func memsave(_ arguments: MemsaveArguments) async throws(QAPIError) {
        let index = arguments.cpuIndex ?? 0
        guard let hart = machine.board.harts.first(where: { Int64($0.id) == index }) else {
            throw .generic("Parameter 'cpu-index' expects a CPU number")
        }
        let wasRunning = machine.runState.isRunning
        if wasRunning { machine.stop() }
        defer { if wasRunning { machine.resume() } }
        try save(arguments.filename, arguments.size) { offset, count in
            let address = arguments.val &+ offset
            let part = min(count, guestPageSize - Int(address & UInt64(guestPageSize - 1)))
            guard let physical = hart.physicalAddress(of: address) else { return nil }
            return machine.memory.read(at: physical, count: part)
        }
    }

    /// Writes `size` bytes to a file, in parts that `read` gives; a part may be shorter than asked for.
    private func save(
        _ path: String, _ size: UInt64, _ read: (_ offset: UInt64, _ count: Int) -> [UInt8]?
    ) throws(QAPIError) {
        let descriptor = unsafe cplatform_open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .generic("Could not open '\(path)': \(unsafe String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var offset: UInt64 = 0
        while offset < size {
            guard let part = read(offset, Int(min(size - offset, 1 << 20))), !part.isEmpty else {
                throw .generic("Invalid addr 0x\(String(offset, radix: 16))/size \(size) specified")
            }
            guard unsafe write(descriptor, part, part.count) == part.count else {
                throw .generic("Could not write '\(path)': \(unsafe String(cString: strerror(errno)))")
            }
            offset += UInt64(part.count)
        }
    }
}
