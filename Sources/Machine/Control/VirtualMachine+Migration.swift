import BlockImages
import Devices
public import GuestMemory
public import Migration
import QAPI
import RISCV
import Synchronization
public import VMState

/// What a migration has to remember about the guest's run state.
struct MigrationMemory: Sendable {
    /// Run state before the source stopped the guest; what `globalstate` says.
    var before = RunState.prelaunch
    /// What `globalstate` said, at the destination.
    var received = RunState.running
    /// Whether an arriving guest is started: not with `-S`, and as `cont` and `stop` said while it arrived.
    var autostart = true
}

extension VirtualMachine: MigratableGuest {
    public var machineName: String { "virt" }
    public var uuid: [UInt8]? { configuration.hasUUID ? configuration.uuid : nil }
    public var isRunning: Bool { runState.isRunning }

    /// QEMU 7.2's board has no ACPI tables.
    public func isKnown(_ block: RAMBlock, to dialect: Dialect) -> Bool {
        dialect != .qemu7_2 || !block.name.hasPrefix("/rom@etc/")
    }

    public var deviceSections: [VMStateSection] {
        let global = VMStateSection("globalstate", GlobalState.description) { [self] in
            var state = GlobalState()
            state.runState = migration.withLock { $0.before.rawValue }
            return state
        } set: { [self] (new, reader) throws(VMStateError) in
            guard let state = RunState(rawValue: new.runState) else {
                throw reader.invalid("runstate", expected: "a run state", found: "'\(new.runState)'")
            }
            migration.withLock { $0.received = state }
        }
        return board.sections + [global]
    }

    public var outgoingRefusal: String? {
        switch runState {
        case .inmigrate: "Guest is waiting for an incoming migration"
        case .postmigrate: "Can't migrate the vm that was paused due to previous migration"
        case .internalError, .shutdown: "The guest has ended; there is nothing to migrate"
        default: nil
        }
    }

    public var incomingRefusal: String? {
        runState == .inmigrate ? nil : "'-incoming' was not specified on the command line"
    }

    public func stopForMigration() {
        migration.withLock { $0.before = runState }
        stop(as: .finishMigrate)
    }

    public func resumeAfterFailure() {
        let before = migration.withLock { $0.before }
        if before.isRunning { _ = resume(from: .finishMigrate, after: {}) } else { setState(before) }
    }

    public func becomePostmigrate() { setState(.postmigrate) }

    public func setDirtyLogging(_ on: Bool) {
        memory.setLogging(on)
        dropWritePermissions()
    }

    public func dropWritePermissions() {
        for hart in board.harts { hart.dropWritePermissions() }
    }

    public func giveUpDisks() throws(MigrationError) {
        for image in board.images {
            do { try image.inactivate() } catch { throw MigrationError(error.description) }
        }
    }

    public func takeDisks() throws(MigrationError) {
        do {
            for image in board.images { try image.activate() }
            for chip in board.flash { try chip.saveArrived() }
        } catch {
            throw MigrationError("\(error)")
        }
    }

    public func resetForIncoming(keepingSharedFiles: Bool) {
        for block in memory.blocks where !keepingSharedFiles || !block.isSharedFile {
            block.discardAll()
            // What the stream does not list the guest does not have.
            block.resize(to: 0)
        }
        board.resetDevices()
        migration.withLock { $0.received = .running }
    }

    private var stateAfterIncoming: RunState {
        migration.withLock { RunState.incoming($0.received, autostart: $0.autostart) }
    }

    public var runsAfterIncoming: Bool { stateAfterIncoming.isRunning }

    public func throttleHarts(percent: UInt8) { throttle.set(percent) }
    public func setDirtyCounting(_ on: Bool) { if on { dirtyMeter.begin() } else { dirtyMeter.end() } }
    public var dirtiedPages: [UInt64] { dirtyMeter.counts }
    public func limitDirtying(_ limit: DirtyLimit?) { dirtyLimiter.setLimit(ofMigration: limit) }
    public var dirtyLimitStatistics: DirtyLimitStatistics? { dirtyLimiter.statistics }

    public func startAfterIncoming() {
        let new = stateAfterIncoming
        if new.isRunning { resume() } else { setState(new) }
    }

    public func announceSelf() {
        for case let device as VirtioNet in board.virtio { device.announce() }
    }
}
