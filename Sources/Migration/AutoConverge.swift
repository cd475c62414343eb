import QAPI

/// When a guest that writes faster than its pages are sent has to be slowed down, or slowed down more: after every second
/// period that was bad. A function of measurements, without a clock.
struct ConvergenceTrigger: Equatable, Sendable {
    /// How many periods were bad since it last was so far.
    private var badPeriods = 0

    /// Judges a period between two synchronisations.
    ///
    /// - Parameters:
    ///   - dirtied: bytes of pages that were found newly dirty in it.
    ///   - sent: bytes of the stream in it.
    mutating func fires(dirtied: UInt64, sent: UInt64, _ settings: MigrationSettings) -> Bool {
        guard Double(dirtied) > Self.bearable(sent, settings) else { return false }
        badPeriods += 1
        guard badPeriods >= 2 else { return false }
        badPeriods = 0
        return true
    }

    /// Bytes that may be dirtied anew while so many are sent.
    static func bearable(_ sent: UInt64, _ settings: MigrationSettings) -> Double {
        Double(sent) * Double(settings.throttleTriggerThreshold) / 100
    }
}

/// Capability `auto-converge`: how much of the time harts are held. A function of measurements, without a clock.
public struct AutoConverge: Equatable, Sendable {
    /// Percent; 0: harts run freely.
    public private(set) var percentage: UInt8 = 0
    private var trigger = ConvergenceTrigger()

    public init() {}

    /// Judges a period between two synchronisations.
    ///
    /// - Parameters:
    ///   - dirtied: bytes of pages that were found newly dirty in it.
    ///   - sent: bytes of the stream in it.
    /// - Returns: true when the percentage has changed.
    public mutating func judge(dirtied: UInt64, sent: UInt64, _ settings: MigrationSettings) -> Bool {
        guard trigger.fires(dirtied: dirtied, sent: sent, settings) else { return false }
        let old = percentage
        if old == 0 {
            percentage = settings.cpuThrottleInitial
            return true
        }
        var step = Double(settings.cpuThrottleIncrement)
        if settings.cpuThrottleTailslow {
            // What would just be bearable if writing is proportional to the time that harts have.
            let free = Double(100 - old)
            step = min(
                step, max(0, free - free * ConvergenceTrigger.bearable(sent, settings) / Double(dirtied)))
        }
        percentage = UInt8(min(Double(old) + step, Double(max(settings.maxCpuThrottle, old))))
        return percentage != old
    }
}
