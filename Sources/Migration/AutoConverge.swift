import QAPI

/// Capability `auto-converge`: how much of the time harts are held, so that a guest that writes faster than its pages are
/// sent can be moved. A function of measurements, without a clock.
public struct AutoConverge: Equatable, Sendable {
    /// Percent; 0: harts run freely.
    public private(set) var percentage: UInt8 = 0
    /// How many periods were bad since the throttle was last raised.
    private var badPeriods = 0

    public init() {}

    /// Judges a period between two synchronisations.
    ///
    /// - Parameters:
    ///   - dirtied: bytes of pages that were found newly dirty in it.
    ///   - sent: bytes of the stream in it.
    /// - Returns: true when the percentage has changed.
    public mutating func judge(dirtied: UInt64, sent: UInt64, _ settings: MigrationSettings) -> Bool {
        let bearable = Double(sent) * Double(settings.throttleTriggerThreshold) / 100
        guard Double(dirtied) > bearable else { return false }
        badPeriods += 1
        guard badPeriods >= 2 else { return false }
        badPeriods = 0
        let old = percentage
        if old == 0 {
            percentage = settings.cpuThrottleInitial
            return true
        }
        var step = Double(settings.cpuThrottleIncrement)
        if settings.cpuThrottleTailslow {
            // What would just be bearable if writing is proportional to the time that harts have.
            let free = Double(100 - old)
            step = min(step, max(0, free - free * bearable / Double(dirtied)))
        }
        percentage = UInt8(min(Double(old) + step, Double(max(settings.maxCpuThrottle, old))))
        return percentage != old
    }
}
