/// Measurements of one window of the rate limiter.
public struct BandwidthWindow: Equatable, Sendable {
    /// Bytes sent in it.
    public var bytes: UInt64
    /// Its length, ms.
    public var milliseconds: UInt64

    public init(bytes: UInt64, milliseconds: UInt64) {
        self.bytes = bytes
        self.milliseconds = milliseconds
    }
}

/// What the source does next.
public enum IterationStep: Equatable, Sendable {
    /// Look again which pages are dirty: the estimate is low enough that the exact number decides.
    case synchronize
    /// Send pages.
    case send
    /// Stop the guest and send the rest.
    case switchOver
}

/// What the switchover can count on, bytes a millisecond; nil when nothing has been measured.
///
/// - Parameters:
///   - window: the last one, nil before the first has ended.
///   - available: bytes a second that the operator promises, 0: as measured.
private func switchoverBandwidth(_ window: BandwidthWindow?, available: UInt64) -> Double? {
    guard let window else { return nil }
    if available != 0 { return Double(available) / 1000 }
    return window.milliseconds > 0 ? Double(window.bytes) / Double(window.milliseconds) : nil
}

/// Bytes that can be sent within the downtime limit.
///
/// - Parameters:
///   - window: the last one, nil before the first has ended: then nothing but "no page dirty" can switch over.
///   - available: bytes a second that the operator promises, 0: as measured.
///   - downtimeLimit: ms.
public func switchoverThreshold(
    window: BandwidthWindow?, available: UInt64, downtimeLimit: UInt64
) -> UInt64 {
    UInt64(clampedFrom: (switchoverBandwidth(window, available: available) ?? 0) * Double(downtimeLimit))
}

/// How long the pause would be if the guest were stopped now, ms (MigrationInfo `expected-downtime`); nil when nothing
/// has been measured.
///
/// - Parameter dirty: bytes that the last synchronisation found.
public func expectedDowntime(dirty: UInt64, window: BandwidthWindow?, available: UInt64) -> UInt64? {
    guard let bandwidth = switchoverBandwidth(window, available: available), bandwidth > 0 else { return nil }
    return UInt64(clampedFrom: Double(dirty) / bandwidth)
}

/// What a pause is not made shorter for, ms: stopping and starting the guest takes about as long.
public let switchoverFloor: UInt64 = 2

/// Decides on one turn of the loop.
///
/// What fits into the downtime limit could be sent with the guest stopped. As long as every pass leaves clearly less
/// than the one before, it is sent while the guest runs: the pause becomes much shorter and the whole a little longer,
/// at most by four times the limit.
///
/// - Parameters:
///   - pending: bytes dirty as far as is known.
///   - isExact: `pending` comes from a synchronisation made for this very turn.
///   - previous: what the synchronisation before found, nil when there was none.
///   - threshold: bytes that fit into the downtime limit.
///   - floor: bytes that no further pass is worth.
public func iterationStep(
    pending: UInt64, isExact: Bool, previous: UInt64?, threshold: UInt64, floor: UInt64
) -> IterationStep {
    guard pending == 0 || pending < threshold else { return .send }
    guard pending > floor else { return isExact ? .switchOver : .synchronize }
    guard isExact, let previous else { return .send }
    return pending < previous / 4 * 3 ? .send : .switchOver
}

/// Bytes by which the stream is ahead of its limit at the end of a window; negative: behind, which may be made up for.
///
/// - Parameters:
///   - before: the same at the end of the window before.
///   - sent: bytes in the window.
///   - elapsed: its length, ms.
///   - limit: bytes a second, 0: none.
public func rateBalance(_ before: Int64, sent: UInt64, elapsed: UInt64, limit: UInt64) -> Int64 {
    guard limit != 0 else { return 0 }
    // At least a byte, or the smallest limits would never let anything go.
    let earned = max(1, Int64(clampedFrom: Double(limit) * Double(elapsed) / 1000))
    // No burst after a time in which there was little to send.
    return max(before &+ Int64(clamping: sent) &- earned, -Int64(clamping: limit / 50))
}

/// Length of the rate limiter's window, ms.
public let rateWindow: UInt64 = 100

extension Int64 {
    init(clampedFrom value: Double) { self = Int64(clamping: UInt64(clampedFrom: value)) }
}

extension UInt64 {
    init(clampedFrom value: Double) {
        self = value >= 18_446_744_073_709_549_568 ? .max : value > 0 ? UInt64(value) : 0
    }
}
