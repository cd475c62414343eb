public import Transport

public import struct QAPI.MartletError

/// QAPI's MigrationStatus, those that are built.
public enum MigrationPhase: String, Sendable, CaseIterable {
    case none, setup, active
    /// Stopped, waiting for `migrate-continue`.
    case preSwitchover = "pre-switchover"
    case device, completed, failed, cancelling, cancelled

    /// True from the command to the end.
    public var isUnderWay: Bool {
        switch self {
        case .setup, .active, .preSwitchover, .device, .cancelling: true
        case .none, .completed, .failed, .cancelled: false
        }
    }
}

/// QAPI's MigrationStats: the numbers about RAM.
public struct RAMStatistics: Equatable, Sendable {
    /// Bytes of the stream.
    public var transferred: UInt64 = 0
    /// Bytes.
    public var remaining: UInt64 = 0
    public var total: UInt64 = 0
    /// Pages sent as zeros, and whole.
    public var duplicate: UInt64 = 0
    public var normal: UInt64 = 0
    /// Megabits a second.
    public var mbps = 0.0
    public var pagesPerSecond: UInt64 = 0
    /// Pages a second.
    public var dirtyPagesRate: UInt64 = 0
    public var dirtySyncCount: UInt64 = 0
    public var precopyBytes: UInt64 = 0
    public var downtimeBytes: UInt64 = 0
    /// Bytes of the multifd channels; they are part of ``transferred``.
    public var multifdBytes: UInt64 = 0
    /// How often, from one synchronisation to the next, a multifd channel had to copy all of its pages (`zero-copy-send`).
    public var dirtySyncMissedZeroCopy: UInt64 = 0

    public init() {}
}

/// QAPI's MigrationInfo, as far as it is built.
public struct MigrationReport: Equatable, Sendable {
    public var status = MigrationPhase.none
    public var errorDescription: String?
    /// Why it failed, part by part.
    public var error: MartletError?
    /// ms.
    public var setupTime: UInt64?
    public var totalTime: UInt64?
    public var expectedDowntime: UInt64?
    public var downtime: UInt64?
    public var ram: RAMStatistics?
    /// With capability `xbzrle`.
    public var xbzrle: XBZRLEStatistics?
    /// With capability `compress`.
    public var compression: CompressionStatistics?
    /// How much of the time harts are held, percent, while they are.
    public var cpuThrottlePercentage: UInt8?
    /// With capability `dirty-limit`, while harts have limits.
    public var dirtyLimit: DirtyLimitStatistics?
    /// Where an incoming migration listens.
    public var socketAddresses: [MigrationAddress] = []

    public init() {}

    /// With the members that QMP's `query-migrate` has in this status, and no others.
    var asReported: MigrationReport {
        var report = self
        switch status {
        case .active, .preSwitchover, .cancelling, .device: report.downtime = nil
        case .completed:
            (report.expectedDowntime, report.cpuThrottlePercentage, report.dirtyLimit) = (nil, nil, nil)
        case .none, .setup, .failed, .cancelled:
            (report.setupTime, report.totalTime, report.ram) = (nil, nil, nil)
            (report.expectedDowntime, report.downtime) = (nil, nil)
            (report.xbzrle, report.compression) = (nil, nil)
            (report.cpuThrottlePercentage, report.dirtyLimit) = (nil, nil)
        }
        return report
    }
}

/// What a migration tells as it happens.
public enum MigrationEvent: Equatable, Sendable {
    /// QMP `MIGRATION`, with the capability `events`.
    case status(MigrationPhase)
    /// QMP `MIGRATION_PASS`, with the capability `events`.
    case pass(UInt64)
    /// Why an attempt has failed, or a connection was refused, for a log; told always.
    case failed(String)
}

/// A thread that works for an outgoing migration: QAPI's MigrationThreadInfo.
public struct MigrationThread: Equatable, Sendable {
    public var name: String
    /// The kernel's number of the thread.
    public var id: Int32
}
