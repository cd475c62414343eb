public import QAPI

/// What a measurement of the rate at which the guest dirties its memory is asked for: QMP's `calc-dirty-rate`.
public struct DirtyRateRequest: Equatable, Sendable {
    public var mode: DirtyRateMeasureMode
    /// How long it takes, ms.
    public var milliseconds: Int
    /// Pages of a GiB that are looked at in mode `page-sampling`.
    public var samplePages: UInt64

    static let usualSamplePages: UInt64 = 512

    /// - Throws: what of it cannot be, in QMP's order and words.
    public init(
        calcTime: Int64, unit: TimeUnit? = nil, samplePages: Int64? = nil, mode: DirtyRateMeasureMode? = nil
    ) throws(MigrationError) {
        self.mode = mode ?? .pageSampling
        let (time, overflow) = calcTime.multipliedReportingOverflow(by: unit == .millisecond ? 1 : 1000)
        guard !overflow, (50...60_000).contains(time) else {
            throw MigrationError("Calculation time is out of range [50ms, 60000ms].")
        }
        milliseconds = Int(time)
        if let samplePages {
            guard self.mode == .pageSampling else {
                throw MigrationError("sample-pages is used only in page-sampling mode")
            }
            guard (128...16_384).contains(samplePages) else {
                throw MigrationError("sample-pages is out of range[128, 16384].")
            }
        }
        self.samplePages = samplePages.map { UInt64(clamping: $0) } ?? Self.usualSamplePages
    }
}

/// How the present or last measurement stands: QMP's `query-dirty-rate`.
public struct DirtyRateReport: Equatable, Sendable {
    public var status = DirtyRateStatus.unstarted
    public var mode = DirtyRateMeasureMode.pageSampling
    /// When it began, seconds of the host's clock.
    public var startTime: Int64 = 0
    /// How long it is to take, and after it how long it has taken, ms.
    public var milliseconds: Int64 = 0
    /// Pages of a GiB that are looked at.
    public var samplePages: UInt64 = 0
    /// MiB a second, once it is measured.
    public var rate: Int64?
    /// The same for each hart, in mode `dirty-ring`.
    public var hartRates: [Int64]?

    public init() {}

    /// MiB a second, to the nearest.
    static func rate(pages: UInt64, milliseconds: Int64) -> Int64 {
        // Of 256 pages is a MiB.
        Int64((Double(pages) * 1000 / 256 / Double(max(milliseconds, 1))).rounded())
    }
}
