import Glibc
import GuestMemory
public import QAPI
import Synchronization
import Threads

/// Measures how fast a guest dirties its memory, one measurement at a time, beside whatever else is done with the guest. Any
/// thread may call any method.
public final class DirtyRateMeasurement: Sendable {
    private let guest: any MigratableGuest
    private let state = Mutex(DirtyRateReport())
    /// The guest has ended: nobody wants to know any more.
    private let isOver = SharedState(false)

    public init(_ guest: any MigratableGuest) { self.guest = guest }

    /// QMP's `query-dirty-rate`.
    public var report: DirtyRateReport { state.withLock { $0 } }

    /// QMP's `calc-dirty-rate`: returns at once.
    ///
    /// - Throws: why not, in QMP's order and words.
    public func begin(
        calcTime: Int64, unit: TimeUnit? = nil, samplePages: Int64? = nil, mode: DirtyRateMeasureMode? = nil
    ) throws(MigrationError) {
        let request = try state.withLock { (state) throws(MigrationError) in
            guard state.status != .measuring else {
                throw MigrationError("the dirty rate is already being measured.")
            }
            let request = try DirtyRateRequest(
                calcTime: calcTime, unit: unit, samplePages: samplePages, mode: mode)
            guard request.mode != .dirtyRing || !guest.dirtiedPages.isEmpty else {
                throw MigrationError("mode dirty-ring is not enabled, use other method instead.")
            }
            state = DirtyRateReport()
            state.status = .measuring
            state.mode = request.mode
            state.startTime = Int64(time(nil))
            state.milliseconds = Int64(request.milliseconds)
            state.samplePages = request.samplePages
            return request
        }
        let thread = OSThread(ifPossible: "dirty-rate") { [self] in
            var result = DirtyRateReport()
            switch request.mode {
            case .pageSampling: sample(request, &result)
            case .dirtyBitmap: count(request, &result)
            case .dirtyRing: countByHarts(request, &result)
            }
            state.withLock { state in
                state.status = .measured
                state.milliseconds = result.milliseconds
                if request.mode != .pageSampling { state.samplePages = 0 }
                (state.rate, state.hartRates) = (result.rate, result.hartRates)
            }
        }
        guard thread == nil else { return }
        let error = OSThread.noRoom
        state.withLock { $0 = DirtyRateReport() }
        throw error
    }

    /// The guest ends: so does a measurement.
    public func end() { isOver.update { $0 = true } }

    private func wait(_ request: DirtyRateRequest) {
        _ = isOver.wait(milliseconds: request.milliseconds) { $0 ? true : nil }
    }

    /// How many of some pages hold something else than before.
    private func sample(_ request: DirtyRateRequest, _ result: inout DirtyRateReport) {
        // Each page is looked at again as long after the first time as the others.
        let start = now()
        let sample = PageSample(guest.memory, pagesOfGiB: request.samplePages)
        wait(request)
        result.milliseconds = Int64(milliseconds(now() - start))
        guard sample.count > 0 else { return }
        let pages = Double(sample.changed()) / Double(sample.count) * Double(sample.total)
        result.rate = DirtyRateReport.rate(pages: UInt64(pages), milliseconds: result.milliseconds)
    }

    /// How many pages were written, by harts and devices, each counted once.
    private func count(_ request: DirtyRateRequest, _ result: inout DirtyRateReport) {
        guest.memory.setLogging(true, for: .measurement)
        guest.dropWritePermissions()
        let start = now()
        wait(request)
        result.milliseconds = Int64(milliseconds(now() - start))
        let pages = guest.memory.blocks.reduce(0) { $0 + $1.measuredLog.markCount }
        guest.memory.setLogging(false, for: .measurement)
        result.rate = DirtyRateReport.rate(pages: UInt64(pages), milliseconds: result.milliseconds)
    }

    /// How many pages each hart has dirtied.
    private func countByHarts(_ request: DirtyRateRequest, _ result: inout DirtyRateReport) {
        guest.setDirtyCounting(true)
        defer { guest.setDirtyCounting(false) }
        let before = guest.dirtiedPages
        let start = now()
        wait(request)
        let pages = zip(guest.dirtiedPages, before).map { $0 &- $1 }
        let time = Int64(milliseconds(now() - start))
        result.milliseconds = time
        result.rate = DirtyRateReport.rate(pages: pages.reduce(0, &+), milliseconds: time)
        result.hartRates = pages.map { DirtyRateReport.rate(pages: $0, milliseconds: time) }
    }
}
