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
    /// Runs a command of the human monitor; what goes wrong with it is in the text, too. QAPI
    /// `human-monitor-command`.
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
    /// Which processors are emulated. QAPI `query-target`.
    case queryTarget = "query-target"
    /// Whether KVM is used. QAPI `query-kvm`.
    case queryKvm = "query-kvm"
    /// The boards. QAPI `query-machines`.
    case queryMachines = "query-machines"
    /// The kinds of hart. QAPI `query-cpu-definitions`.
    case queryCpuDefinitions = "query-cpu-definitions"
    /// The options of the command line. QAPI `query-command-line-options`.
    case queryCommandLineOptions = "query-command-line-options"
    /// The members of an object. QAPI `qom-list`.
    case qomList = "qom-list"
    /// A member's value. QAPI `qom-get`.
    case qomGet = "qom-get"
    /// Changes a member's value. QAPI `qom-set`.
    case qomSet = "qom-set"
    /// The types of objects. QAPI `qom-list-types`.
    case qomListTypes = "qom-list-types"
    /// The properties of a type. QAPI `qom-list-properties`.
    case qomListProperties = "qom-list-properties"
    /// The properties that -device takes for a type. QAPI `device-list-properties`.
    case deviceListProperties = "device-list-properties"
    /// Makes an object. QAPI `object-add`.
    case objectAdd = "object-add"
    /// Ends an object that object-add has made. QAPI `object-del`.
    case objectDel = "object-del"
    /// The guest's disks. QAPI `query-block`.
    case queryBlock = "query-block"
    /// The images that are open. QAPI `query-named-block-nodes`.
    case queryNamedBlockNodes = "query-named-block-nodes"
    /// What the guest's disks have done. QAPI `query-blockstats`.
    case queryBlockstats = "query-blockstats"
    /// How much memory the guest has. QAPI `query-balloon`.
    case queryBalloon = "query-balloon"
    /// Asks the guest to have so much memory. QAPI `balloon`.
    case balloon = "balloon"
    /// How much RAM the board has. QAPI `query-memory-size-summary`.
    case queryMemorySizeSummary = "query-memory-size-summary"
    /// What goes on in the background: nothing, as nothing that would is built. QAPI `query-jobs`.
    case queryJobs = "query-jobs"
    /// Stops a job for a while. QAPI `job-pause`.
    case jobPause = "job-pause"
    /// Lets it go on. QAPI `job-resume`.
    case jobResume = "job-resume"
    /// Gives it up. QAPI `job-cancel`.
    case jobCancel = "job-cancel"
    /// Lets it come to its end. QAPI `job-complete`.
    case jobComplete = "job-complete"
    /// Takes one that is over off the list. QAPI `job-dismiss`.
    case jobDismiss = "job-dismiss"
    /// Has it do what it left for the end. QAPI `job-finalize`.
    case jobFinalize = "job-finalize"
    /// Puts a descriptor that came with the command into a set, whose name /dev/fdset/N is a file's. QAPI
    /// `add-fd`.
    case addFd = "add-fd"
    /// Closes one descriptor of a set, or all of it. QAPI `remove-fd`.
    case removeFd = "remove-fd"
    /// The sets of descriptors. QAPI `query-fdsets`.
    case queryFdsets = "query-fdsets"
    /// Breaks connections that do not answer, all or none of them. QAPI `yank`.
    case yank = "yank"
    /// The connections that yank can break. QAPI `query-yank`.
    case queryYank = "query-yank"
    /// Announces the guest's network addresses. QAPI `announce-self`.
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
    /// Lets a migration go on from a state in which it waits. QAPI `migrate-continue`.
    case migrateContinue = "migrate-continue"
    /// Turns a precopy migration into postcopy. QAPI `migrate-start-postcopy`. Not built.
    case migrateStartPostcopy = "migrate-start-postcopy"
    /// Gives the destination of an interrupted postcopy a new address. QAPI `migrate-recover`. Not built.
    case migrateRecover = "migrate-recover"
    /// Interrupts postcopy. QAPI `migrate-pause`. Not built.
    case migratePause = "migrate-pause"
    /// The threads that work for a migration. QAPI `query-migrationthreads`.
    case queryMigrationthreads = "query-migrationthreads"
    /// QAPI `x-colo-lost-heartbeat`. Unstable. In QEMU where `CONFIG_REPLICATION`. Not built.
    case xColoLostHeartbeat = "x-colo-lost-heartbeat"
    /// QAPI `query-colo-status`. In QEMU where `CONFIG_REPLICATION`. Not built.
    case queryColoStatus = "query-colo-status"
    /// QAPI `xen-save-devices-state`. Not built.
    case xenSaveDevicesState = "xen-save-devices-state"
    /// QAPI `xen-load-devices-state`. Not built.
    case xenLoadDevicesState = "xen-load-devices-state"
    /// QAPI `xen-set-global-dirty-log`. Not built.
    case xenSetGlobalDirtyLog = "xen-set-global-dirty-log"
    /// QAPI `xen-set-replication`. In QEMU where `CONFIG_REPLICATION`. Not built.
    case xenSetReplication = "xen-set-replication"
    /// QAPI `query-xen-replication-status`. In QEMU where `CONFIG_REPLICATION`. Not built.
    case queryXenReplicationStatus = "query-xen-replication-status"
    /// QAPI `xen-colo-do-checkpoint`. In QEMU where `CONFIG_REPLICATION`. Not built.
    case xenColoDoCheckpoint = "xen-colo-do-checkpoint"
    /// Begins to measure how fast the guest dirties its memory. QAPI `calc-dirty-rate`.
    case calcDirtyRate = "calc-dirty-rate"
    /// How the present or last measurement stands. QAPI `query-dirty-rate`.
    case queryDirtyRate = "query-dirty-rate"
    /// Limits how fast a hart, or each of them, dirties memory. QAPI `set-vcpu-dirty-limit`.
    case setVcpuDirtyLimit = "set-vcpu-dirty-limit"
    /// Ends the limit of a hart, or of each of them. QAPI `cancel-vcpu-dirty-limit`.
    case cancelVcpuDirtyLimit = "cancel-vcpu-dirty-limit"
    /// The harts that have limits. QAPI `query-vcpu-dirty-limit`.
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
        case .migrateStartPostcopy, .migrateRecover, .migratePause, .xColoLostHeartbeat, .queryColoStatus, .xenSaveDevicesState, .xenLoadDevicesState, .xenSetGlobalDirtyLog, .xenSetReplication, .queryXenReplicationStatus, .xenColoDoCheckpoint, .snapshotSave, .snapshotLoad, .snapshotDelete: false
        default: true
        }
    }

    /// Whether `exec-oob` may run it.
    public var allowsOutOfBand: Bool {
        switch self {
        case .yank, .queryYank, .migrateRecover, .migratePause: true
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
