// Written by qapi-gen from Schema/martlet.json; change that and run `swift run qapi-gen`.
// swift-format-ignore-file

/// How a socket is reached. QAPI `SocketAddressType`.
public enum SocketAddressType: String, QAPIEnum {
    case inet = "inet"
    case unix = "unix"
    case vsock = "vsock"
    case fd = "fd"
}

/// What a client may switch on while it negotiates. QAPI `QMPCapability`.
public enum QMPCapability: String, QAPIEnum {
    /// Out-of-band execution. QAPI `oob`.
    case oob = "oob"
}

/// The kinds of entry in the schema. QAPI `SchemaMetaType`.
public enum SchemaMetaType: String, QAPIEnum {
    case builtin = "builtin"
    case `enum` = "enum"
    case array = "array"
    case object = "object"
    case alternate = "alternate"
    case command = "command"
    case event = "event"
}

/// The kinds of JSON value. QAPI `JSONType`.
public enum JSONType: String, QAPIEnum {
    case string = "string"
    case number = "number"
    case int = "int"
    case boolean = "boolean"
    case null = "null"
    case object = "object"
    case array = "array"
    case value = "value"
}

/// What the machine is doing. QAPI `RunState`.
public enum RunState: String, QAPIEnum {
    /// Stopped by a debugger. QAPI `debug`. Not built.
    case debug = "debug"
    /// Waiting for, or taking in, a migration. QAPI `inmigrate`.
    case inmigrate = "inmigrate"
    /// Stopped by a fault of the program. QAPI `internal-error`.
    case internalError = "internal-error"
    /// Stopped by a failed request to a disk. QAPI `io-error`.
    case ioError = "io-error"
    /// Stopped by command. QAPI `paused`.
    case paused = "paused"
    /// Stopped after it has moved away. QAPI `postmigrate`.
    case postmigrate = "postmigrate"
    /// Not started yet. QAPI `prelaunch`.
    case prelaunch = "prelaunch"
    /// Stopped for the last part of a migration. QAPI `finish-migrate`.
    case finishMigrate = "finish-migrate"
    /// A snapshot is being loaded. QAPI `restore-vm`. Not built.
    case restoreVm = "restore-vm"
    case running = "running"
    /// A snapshot is being saved. QAPI `save-vm`. Not built.
    case saveVm = "save-vm"
    /// The guest has shut down. QAPI `shutdown`.
    case shutdown = "shutdown"
    /// The guest sleeps. QAPI `suspended`. Not built.
    case suspended = "suspended"
    /// Stopped by the watchdog. QAPI `watchdog`. Not built.
    case watchdog = "watchdog"
    /// The guest has reported a panic. QAPI `guest-panicked`.
    case guestPanicked = "guest-panicked"
    /// Stopped for a checkpoint. QAPI `colo`. Not built.
    case colo = "colo"

    public static let notBuilt: Set<Self> = [
        .debug,
        .restoreVm,
        .saveVm,
        .suspended,
        .watchdog,
        .colo,
    ]
}

/// Why the machine was shut down or reset. QAPI `ShutdownCause`.
public enum ShutdownCause: String, QAPIEnum {
    case none = "none"
    case hostError = "host-error"
    case hostQmpQuit = "host-qmp-quit"
    case hostQmpSystemReset = "host-qmp-system-reset"
    case hostSignal = "host-signal"
    case hostUi = "host-ui"
    case guestShutdown = "guest-shutdown"
    case guestReset = "guest-reset"
    case guestPanic = "guest-panic"
    case subsystemReset = "subsystem-reset"
    case snapshotLoad = "snapshot-load"
}

/// What is done about a guest that panicked. QAPI `GuestPanicAction`.
public enum GuestPanicAction: String, QAPIEnum {
    case pause = "pause"
    case poweroff = "poweroff"
    case run = "run"
}

/// QAPI `GuestPanicInformationType`.
public enum GuestPanicInformationType: String, QAPIEnum {
    case hyperV = "hyper-v"
    case s390 = "s390"
}

/// QAPI `S390CrashReason`.
public enum S390CrashReason: String, QAPIEnum {
    case unknown = "unknown"
    case disabledWait = "disabled-wait"
    case extintLoop = "extint-loop"
    case pgmintLoop = "pgmint-loop"
    case opintLoop = "opint-loop"
}

/// The processor families that QEMU emulates. QAPI `SysEmuTarget`.
public enum SysEmuTarget: String, QAPIEnum {
    case aarch64 = "aarch64"
    case alpha = "alpha"
    case arm = "arm"
    case avr = "avr"
    case cris = "cris"
    case hppa = "hppa"
    case i386 = "i386"
    case loongarch64 = "loongarch64"
    case m68k = "m68k"
    case microblaze = "microblaze"
    case microblazeel = "microblazeel"
    case mips = "mips"
    case mips64 = "mips64"
    case mips64el = "mips64el"
    case mipsel = "mipsel"
    case nios2 = "nios2"
    case or1k = "or1k"
    case ppc = "ppc"
    case ppc64 = "ppc64"
    case riscv32 = "riscv32"
    case riscv64 = "riscv64"
    case rx = "rx"
    case s390x = "s390x"
    case sh4 = "sh4"
    case sh4eb = "sh4eb"
    case sparc = "sparc"
    case sparc64 = "sparc64"
    case tricore = "tricore"
    case x8664 = "x86_64"
    case xtensa = "xtensa"
    case xtensaeb = "xtensaeb"
}

/// QAPI `CommandLineParameterType`.
public enum CommandLineParameterType: String, QAPIEnum {
    case string = "string"
    case boolean = "boolean"
    case number = "number"
    case size = "size"
}

/// What can be made while the program runs. QAPI `ObjectType`.
public enum ObjectType: String, QAPIEnum {
    case authzList = "authz-list"
    case authzListfile = "authz-listfile"
    /// QAPI `authz-pam`. Not built.
    case authzPam = "authz-pam"
    case authzSimple = "authz-simple"
    /// QAPI `iothread`. Not built.
    case iothread = "iothread"
    case secret = "secret"
    case tlsCredsAnon = "tls-creds-anon"
    case tlsCredsPsk = "tls-creds-psk"
    case tlsCredsX509 = "tls-creds-x509"

    public static let notBuilt: Set<Self> = [
        .authzPam,
        .iothread,
    ]
}

/// QAPI `QCryptoTLSCredsEndpoint`.
public enum QCryptoTLSCredsEndpoint: String, QAPIEnum {
    case client = "client"
    case server = "server"
}

/// QAPI `QCryptoSecretFormat`.
public enum QCryptoSecretFormat: String, QAPIEnum {
    case raw = "raw"
    case base64 = "base64"
}

/// QAPI `QAuthZListPolicy`.
public enum QAuthZListPolicy: String, QAPIEnum {
    case deny = "deny"
    case allow = "allow"
}

/// QAPI `QAuthZListFormat`.
public enum QAuthZListFormat: String, QAPIEnum {
    case exact = "exact"
    case glob = "glob"
}

/// QAPI `BlockDeviceIoStatus`.
public enum BlockDeviceIoStatus: String, QAPIEnum {
    case ok = "ok"
    case failed = "failed"
    case nospace = "nospace"
}

/// QAPI `BlockdevDetectZeroesOptions`.
public enum BlockdevDetectZeroesOptions: String, QAPIEnum {
    case off = "off"
    case on = "on"
    case unmap = "unmap"
}

/// QAPI `JobType`.
public enum JobType: String, QAPIEnum {
    case commit = "commit"
    case stream = "stream"
    case mirror = "mirror"
    case backup = "backup"
    case create = "create"
    case amend = "amend"
    case snapshotLoad = "snapshot-load"
    case snapshotSave = "snapshot-save"
    case snapshotDelete = "snapshot-delete"
}

/// QAPI `JobStatus`.
public enum JobStatus: String, QAPIEnum {
    case undefined = "undefined"
    case created = "created"
    case running = "running"
    case paused = "paused"
    case ready = "ready"
    case standby = "standby"
    case waiting = "waiting"
    case pending = "pending"
    case aborting = "aborting"
    case concluded = "concluded"
    case null = "null"
}

/// QAPI `YankInstanceType`.
public enum YankInstanceType: String, QAPIEnum {
    case blockNode = "block-node"
    case chardev = "chardev"
    case migration = "migration"
}

/// Where a migration stands. QAPI `MigrationStatus`.
public enum MigrationStatus: String, QAPIEnum {
    /// There was none yet. QAPI `none`.
    case none = "none"
    /// Connecting, or waiting for a connection. QAPI `setup`.
    case setup = "setup"
    /// Being cancelled. QAPI `cancelling`.
    case cancelling = "cancelling"
    /// Cancelled; the guest stays at the source. QAPI `cancelled`.
    case cancelled = "cancelled"
    /// RAM and device state are moving. QAPI `active`.
    case active = "active"
    /// The guest runs at the destination, pages follow. QAPI `postcopy-active`. Not built.
    case postcopyActive = "postcopy-active"
    /// Postcopy was interrupted. QAPI `postcopy-paused`. Not built.
    case postcopyPaused = "postcopy-paused"
    /// Postcopy is being taken up again. QAPI `postcopy-recover`. Not built.
    case postcopyRecover = "postcopy-recover"
    /// Done. QAPI `completed`.
    case completed = "completed"
    /// Failed. QAPI `failed`.
    case failed = "failed"
    /// Fault-tolerant mode. QAPI `colo`. Not built.
    case colo = "colo"
    /// Stopped, waiting for migrate-continue. QAPI `pre-switchover`.
    case preSwitchover = "pre-switchover"
    /// Stopped, device state is moving. QAPI `device`.
    case device = "device"
    /// Waiting for the guest to give up a device. QAPI `wait-unplug`. Not built.
    case waitUnplug = "wait-unplug"

    public static let notBuilt: Set<Self> = [
        .postcopyActive,
        .postcopyPaused,
        .postcopyRecover,
        .colo,
        .waitUnplug,
    ]
}

/// Martlet's own: a side of a migration. QAPI `MartletSide`.
public enum MartletSide: String, QAPIEnum {
    case source = "source"
    case destination = "destination"
}

/// Martlet's own: how far a migration was when it failed. QAPI `MartletPhase`.
public enum MartletPhase: String, QAPIEnum {
    /// No byte had been sent. QAPI `connection`.
    case connection = "connection"
    /// The stream's magic number, its version, the configuration. QAPI `start`.
    case start = "start"
    /// What comes before the pages, as the list of the RAM blocks. QAPI `setup`.
    case setup = "setup"
    /// Pages. QAPI `memory`.
    case memory = "memory"
    /// The devices' sections. QAPI `devices`.
    case devices = "devices"
    /// What must have come by the end, and the description. QAPI `end`.
    case end = "end"
    /// All was loaded, and the guest was changing hands. QAPI `hand-over`.
    case handOver = "hand-over"
    /// What the destination says to the source. QAPI `return-path`.
    case returnPath = "return-path"
}

/// What can be switched on for a migration. QAPI `MigrationCapability`.
public enum MigrationCapability: String, QAPIEnum {
    case xbzrle = "xbzrle"
    /// Changes nothing: it is for RDMA, which is not built. QAPI `rdma-pin-all`.
    case rdmaPinAll = "rdma-pin-all"
    case autoConverge = "auto-converge"
    /// Changes nothing: it is for disks that travel in the stream, which is not built. QAPI `zero-blocks`.
    case zeroBlocks = "zero-blocks"
    /// QAPI `compress`. Deprecated.
    case compress = "compress"
    /// Send MIGRATION and MIGRATION_PASS events. QAPI `events`.
    case events = "events"
    /// QAPI `postcopy-ram`. Not built.
    case postcopyRam = "postcopy-ram"
    /// QAPI `x-colo`. Unstable. Not built.
    case xColo = "x-colo"
    /// QAPI `release-ram`. Not built.
    case releaseRam = "release-ram"
    /// QAPI `block`. Deprecated. Not built.
    case block = "block"
    /// A channel from the destination back to the source. QAPI `return-path`.
    case returnPath = "return-path"
    case pauseBeforeSwitchover = "pause-before-switchover"
    case multifd = "multifd"
    /// QAPI `dirty-bitmaps`. Not built.
    case dirtyBitmaps = "dirty-bitmaps"
    /// QAPI `postcopy-blocktime`. Not built.
    case postcopyBlocktime = "postcopy-blocktime"
    case lateBlockActivate = "late-block-activate"
    /// RAM in files that both sides map (memory-backend-file with share=on) stays there. QAPI
    /// `x-ignore-shared`. Unstable.
    case xIgnoreShared = "x-ignore-shared"
    case validateUuid = "validate-uuid"
    /// QAPI `background-snapshot`. Not built.
    case backgroundSnapshot = "background-snapshot"
    /// The system does not copy the pages of extra channels (tcp; needs memory that may be locked). QAPI
    /// `zero-copy-send`.
    case zeroCopySend = "zero-copy-send"
    /// QAPI `postcopy-preempt`. Not built.
    case postcopyPreempt = "postcopy-preempt"
    case switchoverAck = "switchover-ack"
    case dirtyLimit = "dirty-limit"

    public static let notBuilt: Set<Self> = [
        .postcopyRam,
        .xColo,
        .releaseRam,
        .block,
        .dirtyBitmaps,
        .postcopyBlocktime,
        .backgroundSnapshot,
        .postcopyPreempt,
    ]
}

/// How extra channels compress pages. QAPI `MultiFDCompression`.
public enum MultiFDCompression: String, QAPIEnum {
    case none = "none"
    case zlib = "zlib"
    /// QAPI `zstd`. In QEMU where `CONFIG_ZSTD`.
    case zstd = "zstd"
}

/// How the guest moves. QAPI `MigMode`.
public enum MigMode: String, QAPIEnum {
    /// From one process to another. QAPI `normal`.
    case normal = "normal"
    /// Into a file, out of the way of a restart of the host; the guest stands from the beginning. QAPI
    /// `cpr-reboot`.
    case cprReboot = "cpr-reboot"
}

/// The names of the parameters. QAPI `MigrationParameter`.
public enum MigrationParameter: String, QAPIEnum {
    case announceInitial = "announce-initial"
    case announceMax = "announce-max"
    case announceRounds = "announce-rounds"
    case announceStep = "announce-step"
    /// QAPI `compress-level`. Deprecated.
    case compressLevel = "compress-level"
    /// QAPI `compress-threads`. Deprecated.
    case compressThreads = "compress-threads"
    /// QAPI `decompress-threads`. Deprecated.
    case decompressThreads = "decompress-threads"
    /// QAPI `compress-wait-thread`. Deprecated.
    case compressWaitThread = "compress-wait-thread"
    case throttleTriggerThreshold = "throttle-trigger-threshold"
    case cpuThrottleInitial = "cpu-throttle-initial"
    case cpuThrottleIncrement = "cpu-throttle-increment"
    case cpuThrottleTailslow = "cpu-throttle-tailslow"
    case tlsCreds = "tls-creds"
    case tlsHostname = "tls-hostname"
    case tlsAuthz = "tls-authz"
    case maxBandwidth = "max-bandwidth"
    case availSwitchoverBandwidth = "avail-switchover-bandwidth"
    case downtimeLimit = "downtime-limit"
    /// QAPI `x-checkpoint-delay`. Unstable. Not built.
    case xCheckpointDelay = "x-checkpoint-delay"
    /// QAPI `block-incremental`. Deprecated. Not built.
    case blockIncremental = "block-incremental"
    case multifdChannels = "multifd-channels"
    case xbzrleCacheSize = "xbzrle-cache-size"
    /// QAPI `max-postcopy-bandwidth`. Not built.
    case maxPostcopyBandwidth = "max-postcopy-bandwidth"
    case maxCpuThrottle = "max-cpu-throttle"
    case multifdCompression = "multifd-compression"
    case multifdZlibLevel = "multifd-zlib-level"
    case multifdZstdLevel = "multifd-zstd-level"
    /// QAPI `block-bitmap-mapping`. Not built.
    case blockBitmapMapping = "block-bitmap-mapping"
    /// QAPI `x-vcpu-dirty-limit-period`. Unstable.
    case xVcpuDirtyLimitPeriod = "x-vcpu-dirty-limit-period"
    case vcpuDirtyLimit = "vcpu-dirty-limit"
    case mode = "mode"
    /// QAPI `x-martlet-dialect`. Unstable.
    case xMartletDialect = "x-martlet-dialect"

    public static let notBuilt: Set<Self> = [
        .xCheckpointDelay,
        .blockIncremental,
        .maxPostcopyBandwidth,
        .blockBitmapMapping,
    ]
}

/// Martlet's own: which program's layout of the devices' state is written. QEMU's `virt` is not
/// versioned, and its releases refuse each other's sections. QAPI `MartletDialect`.
public enum MartletDialect: String, QAPIEnum {
    /// QEMU 7.2, as in Debian 12. QAPI `qemu-7.2`.
    case qemu72 = "qemu-7.2"
    /// QEMU 10.0 before 10.0.11. QAPI `qemu-10.0`.
    case qemu100 = "qemu-10.0"
    /// QEMU 10.0.11 and later. QAPI `qemu-10.0.11`.
    case qemu10011 = "qemu-10.0.11"
    /// A Martlet, with what QEMU leaves out; for a file, as over a return path it is agreed upon. QAPI
    /// `martlet`.
    case martlet = "martlet"
}

/// The ways a stream can travel. QAPI `MigrationAddressType`.
public enum MigrationAddressType: String, QAPIEnum {
    case socket = "socket"
    case exec = "exec"
    /// QAPI `rdma`. Not built.
    case rdma = "rdma"
    case file = "file"

    public static let notBuilt: Set<Self> = [
        .rdma,
    ]
}

/// What a channel carries. QAPI `MigrationChannelType`.
public enum MigrationChannelType: String, QAPIEnum {
    /// The stream itself. QAPI `main`.
    case main = "main"
}

/// What the two sides of fault-tolerant mode tell each other; on the wire only. QAPI `COLOMessage`.
public enum COLOMessage: String, QAPIEnum {
    case checkpointReady = "checkpoint-ready"
    case checkpointRequest = "checkpoint-request"
    case checkpointReply = "checkpoint-reply"
    case vmstateSend = "vmstate-send"
    case vmstateSize = "vmstate-size"
    case vmstateReceived = "vmstate-received"
    case vmstateLoaded = "vmstate-loaded"
}

/// How far a failover is. QAPI `FailoverStatus`.
public enum FailoverStatus: String, QAPIEnum {
    case none = "none"
    case require = "require"
    case active = "active"
    case completed = "completed"
    case relaunch = "relaunch"
}

/// QAPI `COLOMode`.
public enum COLOMode: String, QAPIEnum {
    case none = "none"
    case primary = "primary"
    case secondary = "secondary"
}

/// QAPI `COLOExitReason`.
public enum COLOExitReason: String, QAPIEnum {
    case none = "none"
    case request = "request"
    case error = "error"
    case processing = "processing"
}

/// QAPI `DirtyRateStatus`.
public enum DirtyRateStatus: String, QAPIEnum {
    /// Nothing was measured yet. QAPI `unstarted`.
    case unstarted = "unstarted"
    case measuring = "measuring"
    case measured = "measured"
}

/// How it is measured how fast the guest dirties its memory. QAPI `DirtyRateMeasureMode`.
public enum DirtyRateMeasureMode: String, QAPIEnum {
    /// Some pages are looked at before and after. QAPI `page-sampling`.
    case pageSampling = "page-sampling"
    /// The pages that each hart writes are counted. QAPI `dirty-ring`.
    case dirtyRing = "dirty-ring"
    /// All pages that are written are counted once. QAPI `dirty-bitmap`.
    case dirtyBitmap = "dirty-bitmap"
}

/// QAPI `TimeUnit`.
public enum TimeUnit: String, QAPIEnum {
    case second = "second"
    case millisecond = "millisecond"
}
