public import QAPI
public import VMState

/// All capabilities and parameters of QMP, and settings of our own. What of them is built, the schema says
/// (`MigrationCapability.isBuilt`, `MigrationParameter.isBuilt`); the others keep their defaults.
public struct MigrationSettings: Equatable, Sendable {
    /// The capabilities that are on.
    public var capabilities: Set<MigrationCapability> = []

    // MARK: Parameters, in the schema's order; names, units and defaults are QMP's

    /// ms before the second announcement.
    public var announceInitial: UInt64 = 50
    /// Longest time between two, ms.
    public var announceMax: UInt64 = 550
    /// Announcements in all.
    public var announceRounds: UInt64 = 5
    /// How much longer each wait is than the one before, ms.
    public var announceStep: UInt64 = 100
    /// Level of zlib for capability `compress`, 0...9.
    public var compressLevel: UInt8 = 1
    public var compressThreads: UInt8 = 8
    public var compressWaitThread = true
    public var decompressThreads: UInt8 = 2
    /// How much of what was sent may be dirtied anew before harts are throttled, percent.
    public var throttleTriggerThreshold: UInt8 = 50
    /// First throttle, percent.
    public var cpuThrottleInitial: UInt8 = 20
    /// How much the throttle grows each time, percent.
    public var cpuThrottleIncrement: UInt8 = 10
    public var cpuThrottleTailslow = false
    /// Id of a TLS credentials object; empty: no TLS.
    public var tlsCreds = ""
    /// Name that the destination's certificate must have; empty: the host of the address.
    public var tlsHostname = ""
    /// Id of the object that decides about certificates of clients; empty: all of the CA are welcome.
    public var tlsAuthz = ""
    /// Bytes a second while the guest runs; 0: no limit.
    public var maxBandwidth: UInt64 = 128 << 20
    /// Bytes a second to assume for the switchover; 0: as measured.
    public var availSwitchoverBandwidth: UInt64 = 0
    /// Longest pause to aim for, ms.
    public var downtimeLimit: UInt64 = 300
    /// Between two checkpoints, ms.
    public var xCheckpointDelay: UInt32 = 20_000
    public var blockIncremental = false
    /// Connections that carry pages, with capability `multifd`.
    public var multifdChannels: UInt8 = 2
    /// Bytes.
    public var xbzrleCacheSize: UInt64 = 64 << 20
    /// Bytes a second for pages that nobody waits for in postcopy; 0: no limit.
    public var maxPostcopyBandwidth: UInt64 = 0
    /// Highest throttle, percent.
    public var maxCpuThrottle: UInt8 = 99
    public var multifdCompression = MultiFDCompression.none
    public var multifdZlibLevel: UInt8 = 1
    public var multifdZstdLevel: UInt8 = 1
    /// Which bitmaps move under which names; nil: all of them under their own.
    public var blockBitmapMapping: [BitmapMigrationNodeAlias]?
    /// Between two measurements of what a hart dirties, ms.
    public var xVcpuDirtyLimitPeriod: UInt64 = 1000
    /// MiB a second.
    public var vcpuDirtyLimit: UInt64 = 1
    public var mode = MigMode.normal
    /// Layout for a receiver that does not say over a return path that it is a Martlet.
    public var dialect = Dialect.qemu10_0

    // MARK: Not of QMP

    /// How long the hand-over may stand still before the side that waits gives up and says that it is in doubt,
    /// ms.
    public var inDoubtTimeout = 30_000

    public init() {}

    /// Whether a capability is on.
    public subscript(_ capability: MigrationCapability) -> Bool {
        get { capabilities.contains(capability) }
        set {
            if newValue { capabilities.insert(capability) } else { capabilities.remove(capability) }
        }
    }

    /// MigrationCapability `events`.
    public var events: Bool {
        get { self[.events] }
        set { self[.events] = newValue }
    }

    /// MigrationCapability `return-path`.
    public var returnPath: Bool {
        get { self[.returnPath] }
        set { self[.returnPath] = newValue }
    }

    /// ms to wait after announcement `round` (0 is the first); nil after the last.
    public func announceDelay(after round: Int) -> Int? {
        guard UInt64(round) &+ 1 < announceRounds else { return nil }
        return Int(min(announceInitial &+ announceStep &* UInt64(round), announceMax))
    }
}
