// Written by qapi-gen from Schema/martlet.json; change that and run `swift run qapi-gen`.
// swift-format-ignore-file

/// A command of the schema, built or not.
public enum CommandName: String, Sendable, CaseIterable, Hashable {
    /// Ends negotiation. QAPI `qmp_capabilities`.
    case qmpCapabilities = "qmp_capabilities"
    /// The version of the program. QAPI `query-version`.
    case queryVersion = "query-version"
    /// The commands there are. QAPI `query-commands`.
    case queryCommands = "query-commands"
    /// Names a file descriptor that came with the command over a Unix-domain socket. QAPI `getfd`.
    case getfd = "getfd"
    /// Closes a file descriptor named by getfd. QAPI `closefd`.
    case closefd = "closefd"
    /// Ends the program. QAPI `quit`.
    case quit = "quit"
    /// Runs a command of the human monitor. QAPI `human-monitor-command`. Not built.
    case humanMonitorCommand = "human-monitor-command"
    /// The schema of everything this program answers to. QAPI `query-qmp-schema`.
    case queryQmpSchema = "query-qmp-schema"
    /// What the machine is doing. QAPI `query-status`.
    case queryStatus = "query-status"
    /// Stops the harts. QAPI `stop`.
    case stop = "stop"
    /// Starts the harts, or lets the guest start at the end of an incoming migration. QAPI `cont`.
    case cont = "cont"
    /// Resets the machine. QAPI `system_reset`.
    case systemReset = "system_reset"
    /// Presses the guest's power button. QAPI `system_powerdown`.
    case systemPowerdown = "system_powerdown"
    /// The harts; does not disturb them. QAPI `query-cpus-fast`.
    case queryCpusFast = "query-cpus-fast"
    /// The machine's UUID. QAPI `query-uuid`.
    case queryUuid = "query-uuid"
    /// The machine's name. QAPI `query-name`.
    case queryName = "query-name"
    /// The character devices. QAPI `query-chardev`.
    case queryChardev = "query-chardev"
    /// Writes a stretch of a hart's virtual memory to a file. QAPI `memsave`.
    case memsave = "memsave"
    /// Writes a stretch of physical memory to a file. QAPI `pmemsave`.
    case pmemsave = "pmemsave"
    /// Announces the guest's network addresses. QAPI `announce-self`. Not built.
    case announceSelf = "announce-self"
    /// How the present or last migration goes. QAPI `query-migrate`.
    case queryMigrate = "query-migrate"
    /// Switches capabilities on and off, all or none of them. QAPI `migrate-set-capabilities`.
    case migrateSetCapabilities = "migrate-set-capabilities"
    /// The capabilities and whether they are on. QAPI `query-migrate-capabilities`.
    case queryMigrateCapabilities = "query-migrate-capabilities"
    /// Changes parameters, all that are given or none. QAPI `migrate-set-parameters`.
    case migrateSetParameters = "migrate-set-parameters"
    /// The parameters as they stand. QAPI `query-migrate-parameters`.
    case queryMigrateParameters = "query-migrate-parameters"
    /// Moves the guest away. Exactly one of uri and channels is needed. QAPI `migrate`.
    case migrate = "migrate"
    /// Waits for a guest; the program was started with -incoming defer. Exactly one of uri and channels is
    /// needed. QAPI `migrate-incoming`.
    case migrateIncoming = "migrate-incoming"
    /// Gives up an outgoing migration; does nothing if there is none. QAPI `migrate_cancel`.
    case migrateCancel = "migrate_cancel"
    /// Lets a migration go on from a state in which it waits. QAPI `migrate-continue`. Not built.
    case migrateContinue = "migrate-continue"
    /// Turns a precopy migration into postcopy. QAPI `migrate-start-postcopy`. Not built.
    case migrateStartPostcopy = "migrate-start-postcopy"
    /// Gives the destination of an interrupted postcopy a new address. QAPI `migrate-recover`. Not built.
    case migrateRecover = "migrate-recover"
    /// Interrupts postcopy. QAPI `migrate-pause`. Not built.
    case migratePause = "migrate-pause"
    /// The threads that work for a migration. QAPI `query-migrationthreads`. Not built.
    case queryMigrationthreads = "query-migrationthreads"
    /// QAPI `x-colo-lost-heartbeat`. Unstable. Not built.
    case xColoLostHeartbeat = "x-colo-lost-heartbeat"
    /// QAPI `query-colo-status`. Not built.
    case queryColoStatus = "query-colo-status"
    /// QAPI `xen-save-devices-state`. Not built.
    case xenSaveDevicesState = "xen-save-devices-state"
    /// QAPI `xen-load-devices-state`. Not built.
    case xenLoadDevicesState = "xen-load-devices-state"
    /// QAPI `xen-set-global-dirty-log`. Not built.
    case xenSetGlobalDirtyLog = "xen-set-global-dirty-log"
    /// QAPI `xen-set-replication`. Not built.
    case xenSetReplication = "xen-set-replication"
    /// QAPI `query-xen-replication-status`. Not built.
    case queryXenReplicationStatus = "query-xen-replication-status"
    /// QAPI `xen-colo-do-checkpoint`. Not built.
    case xenColoDoCheckpoint = "xen-colo-do-checkpoint"
    /// QAPI `calc-dirty-rate`. Not built.
    case calcDirtyRate = "calc-dirty-rate"
    /// QAPI `query-dirty-rate`. Not built.
    case queryDirtyRate = "query-dirty-rate"
    /// QAPI `set-vcpu-dirty-limit`. Not built.
    case setVcpuDirtyLimit = "set-vcpu-dirty-limit"
    /// QAPI `cancel-vcpu-dirty-limit`. Not built.
    case cancelVcpuDirtyLimit = "cancel-vcpu-dirty-limit"
    /// QAPI `query-vcpu-dirty-limit`. Not built.
    case queryVcpuDirtyLimit = "query-vcpu-dirty-limit"
    /// QAPI `snapshot-save`. Not built.
    case snapshotSave = "snapshot-save"
    /// QAPI `snapshot-load`. Not built.
    case snapshotLoad = "snapshot-load"
    /// QAPI `snapshot-delete`. Not built.
    case snapshotDelete = "snapshot-delete"

    /// Whether this version of Martlet has the command.
    public var isBuilt: Bool {
        switch self {
        case .humanMonitorCommand, .announceSelf, .migrateContinue, .migrateStartPostcopy, .migrateRecover, .migratePause, .queryMigrationthreads, .xColoLostHeartbeat, .queryColoStatus, .xenSaveDevicesState, .xenLoadDevicesState, .xenSetGlobalDirtyLog, .xenSetReplication, .queryXenReplicationStatus, .xenColoDoCheckpoint, .calcDirtyRate, .queryDirtyRate, .setVcpuDirtyLimit, .cancelVcpuDirtyLimit, .queryVcpuDirtyLimit, .snapshotSave, .snapshotLoad, .snapshotDelete: false
        default: true
        }
    }

    /// Whether `exec-oob` may run it.
    public var allowsOutOfBand: Bool {
        switch self {
        case .migrateRecover, .migratePause: true
        default: false
        }
    }

    /// Whether the QMP server answers it without asking the machine.
    public var isAnsweredByMonitor: Bool {
        switch self {
        case .qmpCapabilities, .queryVersion, .queryCommands, .getfd, .closefd, .queryQmpSchema: true
        default: false
        }
    }
}
