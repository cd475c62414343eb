import Glibc
import QAPI
import Synchronization

@testable import QMP

/// A machine that only remembers: enough to see what a server makes of commands.
final class TestMachine: CommandHandler {
    private let state = Mutex((isRunning: false, log: [String]()))

    var log: [String] { state.withLock { $0.log } }
    func note(_ text: String) { state.withLock { $0.log.append(text) } }

    func quit() async throws(QAPIError) { note("quit") }
    func queryStatus() async throws(QAPIError) -> StatusInfo {
        let isRunning = state.withLock { $0.isRunning }
        return StatusInfo(running: isRunning, status: isRunning ? .running : .prelaunch)
    }
    func stop() async throws(QAPIError) { state.withLock { $0.isRunning = false } }
    func cont() async throws(QAPIError) { state.withLock { $0.isRunning = true } }
    func systemReset() async throws(QAPIError) {}
    func systemPowerdown() async throws(QAPIError) {}
    func queryCpusFast() async throws(QAPIError) -> [CpuInfoFast] { [] }
    func queryUuid() async throws(QAPIError) -> UuidInfo { UuidInfo(uuid: "") }
    func queryName() async throws(QAPIError) -> NameInfo { NameInfo() }
    func queryChardev() async throws(QAPIError) -> [ChardevInfo] { [] }
    func memsave(_ arguments: MemsaveArguments) async throws(QAPIError) {}
    func pmemsave(_ arguments: PmemsaveArguments) async throws(QAPIError) {}
    func queryMigrate() async throws(QAPIError) -> MigrationInfo { MigrationInfo() }
    func migrateSetCapabilities(_ arguments: MigrateSetCapabilitiesArguments) async throws(QAPIError) {}
    func queryMigrateCapabilities() async throws(QAPIError) -> [MigrationCapabilityStatus] { [] }
    func migrateSetParameters(_ arguments: MigrateSetParameters) async throws(QAPIError) {}
    func queryMigrateParameters() async throws(QAPIError) -> MigrationParameters { MigrationParameters() }
    func migrate(
        _ arguments: MigrateArguments, descriptors: any PassedDescriptors
    ) async throws(QAPIError) {
        guard let uri = arguments.uri, uri.hasPrefix("fd:") else { throw .generic("fd only") }
        close(try descriptors.take(String(uri.dropFirst(3))))
        note("migrate to a descriptor")
    }
    func migrateIncoming(
        _ arguments: MigrateIncomingArguments, descriptors: any PassedDescriptors
    ) async throws(QAPIError) {}
    func migrateCancel() async throws(QAPIError) {}
}

/// A door that is shut until somebody opens it, for good.
final class Gate: Sendable {
    private let state = Mutex((isOpen: false, waiting: [CheckedContinuation<Void, Never>]()))

    func open() {
        let waiting = state.withLock { state in
            defer { state = (true, []) }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func pass() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}

let testVersion = VersionInfo(
    qemu: VersionTriple(major: 8, minor: 2, micro: 0), package: "martlet-0.1.0")

extension CommandTable {
    /// The commands of a ``TestMachine``, and three more: `test-wait` waits for `gate`; `test-oob` and
    /// `test-oob-wait` may overtake.
    static func forTests(_ machine: TestMachine = TestMachine(), gate: Gate = Gate()) -> CommandTable {
        var table = CommandTable(version: testVersion, handler: machine)
        table["test-wait"] = MonitorCommand { _, _ throws(QAPIError) in
            machine.note("waiting")
            await gate.pass()
            machine.note("waited")
            return "waited"
        }
        table["test-oob"] = MonitorCommand(allowsOutOfBand: true) { _, _ throws(QAPIError) in "overtaken" }
        table["test-oob-wait"] = MonitorCommand(allowsOutOfBand: true) { _, _ throws(QAPIError) in
            await gate.pass()
            return "waited"
        }
        return table
    }
}

/// Waits until `condition` holds, for at most two minutes.
func eventually(_ condition: () -> Bool) async -> Bool {
    for _ in 0..<120_000 {
        if condition() { return true }
        try? await Task.sleep(for: .milliseconds(1))
    }
    return condition()
}
