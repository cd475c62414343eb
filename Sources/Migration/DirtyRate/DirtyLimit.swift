/// How much a hart may dirty.
public struct DirtyLimit: Equatable, Sendable {
    /// MiB a second.
    public var rate: UInt64
    /// How long a page that is written again and again counts once, ms.
    public var period: Int

    public init(rate: UInt64, period: Int) {
        self.rate = rate
        self.period = period
    }
}

/// How the limits of harts are felt.
public struct DirtyLimitStatistics: Equatable, Sendable {
    /// For how long the hart that was held longest was held when its ring of dirty pages was last full, µs.
    public var throttleTime: UInt64
    /// How long harts take to fill their rings, at the average of their rates, µs; 0 when none of them writes.
    public var ringFullTime: UInt64

    public init(throttleTime: UInt64, ringFullTime: UInt64) {
        self.throttleTime = throttleTime
        self.ringFullTime = ringFullTime
    }
}

/// Capability `dirty-limit`: which limit all harts have. A function of measurements, without a clock.
struct DirtyLimiting: Equatable, Sendable {
    private var trigger = ConvergenceTrigger()
    /// MiB a second, as the parameter was when it was last time to act; nil: not yet.
    private var rate: UInt64?
    private var told: DirtyLimit?

    /// Judges a period between two synchronisations, as ``AutoConverge/judge(dirtied:sent:_:)`` does.
    mutating func judge(dirtied: UInt64, sent: UInt64, _ settings: MigrationSettings) {
        if trigger.fires(dirtied: dirtied, sent: sent, settings) { rate = settings.vcpuDirtyLimit }
    }

    /// The limit, when it is another than the last that was told.
    mutating func change(_ settings: MigrationSettings) -> DirtyLimit? {
        guard let rate else { return nil }
        let limit = DirtyLimit(rate: rate, period: Int(clamping: settings.xVcpuDirtyLimitPeriod))
        guard limit != told else { return nil }
        told = limit
        return limit
    }
}
