import Bytes
import GuestMemory
import QAPI
import Synchronization
import Testing
import Threads
import Transport
import VMState

@testable import Migration

@Suite("Measuring how fast a guest dirties its memory", .serialized)
struct DirtyRateTests {
    struct Refusal: Sendable {
        var calcTime: Int64
        var unit: TimeUnit?
        var samplePages: Int64?
        var mode: DirtyRateMeasureMode?
        var text: String?

        init(
            _ text: String?, _ calcTime: Int64, _ unit: TimeUnit? = nil, pages: Int64? = nil,
            _ mode: DirtyRateMeasureMode? = nil
        ) {
            (self.calcTime, self.unit, self.mode, self.text) = (calcTime, unit, mode, text)
            samplePages = pages
        }
    }

    private static let time = "Calculation time is out of range [50ms, 60000ms]."
    private static let range = "sample-pages is out of range[128, 16384]."
    private static let onlySampling = "sample-pages is used only in page-sampling mode"

    /// As QEMU 10.0.2 refused them.
    static let refusals: [Refusal] = [
        .init(time, 0), .init(time, 61), .init(time, -1), .init(time, .max), .init(time, .min),
        .init(time, 60_001, .millisecond), .init(time, 49, .millisecond), .init(nil, 50, .second),
        .init(nil, 50, .millisecond), .init(nil, 60_000, .millisecond), .init(nil, 60),
        .init(range, 1, pages: 127), .init(range, 1, pages: 16_385), .init(range, 1, pages: .min),
        .init(nil, 1, pages: 128), .init(nil, 1, nil, pages: 16_384, .pageSampling),
        .init(onlySampling, 1, nil, pages: 512, .dirtyBitmap),
        .init(onlySampling, 1, nil, pages: 1, .dirtyRing),
        // The first rule that is broken is the one that is told.
        .init(time, 0, nil, pages: 1, .dirtyRing),
    ]

    @Test("what cannot be asked for is refused in QMP's words", arguments: refusals)
    func refusal(_ test: Refusal) throws {
        var text: String?
        do throws(MigrationError) {
            _ = try DirtyRateRequest(
                calcTime: test.calcTime, unit: test.unit, samplePages: test.samplePages, mode: test.mode)
        } catch {
            text = error.description
        }
        #expect(text == test.text)
    }

    @Test("pages in a time are MiB a second, to the nearest")
    func rates() {
        #expect(DirtyRateReport.rate(pages: 256, milliseconds: 1000) == 1)
        #expect(DirtyRateReport.rate(pages: 127, milliseconds: 1000) == 0)
        #expect(DirtyRateReport.rate(pages: 129, milliseconds: 1000) == 1)
        #expect(DirtyRateReport.rate(pages: 256, milliseconds: 50) == 20)
        #expect(DirtyRateReport.rate(pages: 5, milliseconds: 0) == 20)
    }

    @Test("a sample has as many pages as it should, all over the memory, and knows which have changed")
    func sample() throws {
        let blocks = try [1, 4000, 1, 8000].map { try RAMBlock(name: "b\($0)", size: $0 * guestPageSize) }
        let memory = GuestMemory(blocks: blocks, regions: [])
        for block in blocks {
            for page in 0..<block.pageCount { block.fill(at: page * guestPageSize + 8, with: [1]) }
        }
        // 12002 of the 262144 pages of a GiB.
        for (wanted, count) in [
            (UInt64(128), 5), (512, 23), (16_384, 750), (262_144, 12_002), (.max, 12_002),
        ] {
            let sample = PageSample(memory, pagesOfGiB: wanted)
            #expect(sample.count == count && sample.total == 12_002)
            #expect(sample.changed() == 0)
            // A quarter of the memory is written, page by page: one page in four, but for the parts at the ends.
            for page in 1000..<4000 {
                blocks[1].fill(at: page * guestPageSize + 4095, with: [UInt8(wanted % 251)])
            }
            let share = Double(sample.changed()) * 12_002 / Double(count)
            #expect(abs(share - 3000) <= 2 * 12_002 / Double(count))
            for page in 1000..<4000 { blocks[1].fill(at: page * guestPageSize + 4095, with: [0]) }
            #expect(sample.changed() == 0)
        }
        #expect(PageSample(GuestMemory(blocks: [], regions: []), pagesOfGiB: 512).count == 0)
    }

    @Test("a block that is shorter than before is no trouble")
    func shorter() throws {
        let block = try RAMBlock(name: "rom", size: 64 * guestPageSize, capacity: 64 * guestPageSize)
        block.fill(at: 63 * guestPageSize, with: [1])
        let sample = PageSample(GuestMemory(blocks: [block], regions: []), pagesOfGiB: .max)
        block.resize(to: 32 * guestPageSize)
        #expect(sample.changed() == 32)
    }

    private func measure(
        _ measurement: DirtyRateMeasurement, _ mode: DirtyRateMeasureMode, pages: Int64? = nil
    ) throws -> DirtyRateReport {
        try measurement.begin(calcTime: 60, unit: .millisecond, samplePages: pages, mode: mode)
        #expect(eventually { measurement.report.status == .measured })
        return measurement.report
    }

    @Test("one measurement at a time; what it is about is told at once, what comes of it at the end")
    func states() throws {
        let guest = try InMemoryGuest(1, disk: SharedDisk(), incoming: false)
        defer { guest.end() }
        let measurement = DirtyRateMeasurement(guest)
        #expect(measurement.report == DirtyRateReport())
        try measurement.begin(calcTime: 60, mode: .dirtyBitmap)
        var report = measurement.report
        #expect(report.status == .measuring && report.mode == .dirtyBitmap && report.rate == nil)
        #expect(
            report.milliseconds == 60_000 && report.samplePages == 512 && report.startTime > 1_500_000_000)
        // Even what would be refused anyway.
        #expect(throws: MigrationError("the dirty rate is already being measured.")) {
            try measurement.begin(calcTime: 0)
        }
        measurement.end()
        #expect(eventually { measurement.report.status == .measured })
        report = measurement.report
        #expect(report.rate != nil && report.milliseconds < 60_000 && report.samplePages == 0)
        #expect(report.hartRates == nil)
        #expect(guest.memory.logs == [])
    }

    @Test("each mode finds what a guest writes")
    func modes() throws {
        let guest = try InMemoryGuest(1, disk: SharedDisk(), incoming: false, pages: 5000, pace: 40)
        defer { guest.end() }
        let measurement = DirtyRateMeasurement(guest)
        for (mode, pages) in [
            (DirtyRateMeasureMode.pageSampling, 16_384), (.dirtyBitmap, nil), (.dirtyRing, nil),
        ] as [(DirtyRateMeasureMode, Int64?)] {
            var last = DirtyRateReport()
            for _ in 0..<200 where (last.rate ?? 0) == 0 {
                last = try measure(measurement, mode, pages: pages)
            }
            let rate = try #require(last.rate)
            // At most 40 pages a millisecond, with what the sample cannot tell.
            #expect(rate > 0 && rate <= 40 * 1000 / 256 * 2, "\(last)")
            #expect(last.milliseconds >= 60)
            #expect(last.hartRates == (mode == .dirtyRing ? [rate] : nil))
            #expect(last.samplePages == (mode == .pageSampling ? 16_384 : 0))
        }
    }

    @Test("a guest whose harts cannot be told apart is not measured by them")
    func noHarts() throws {
        let measurement = DirtyRateMeasurement(
            PlainGuest(try InMemoryGuest(1, disk: SharedDisk(), incoming: true)))
        #expect(throws: MigrationError("mode dirty-ring is not enabled, use other method instead.")) {
            try measurement.begin(calcTime: 1, mode: .dirtyRing)
        }
        #expect(measurement.report.status == .unstarted)
    }

    @Test("a guest that is measured all the time arrives whole, through several passes")
    func measuredWhileItMoves() throws {
        for _ in 0..<5 {
            let pair = try Pair(returnPath: true, pages: 600, pace: 300)
            defer { pair.end() }
            let measurement = DirtyRateMeasurement(pair.source)
            let isOver = SharedState(false)
            let thread = OSThread("measure") {
                var modes = DirtyRateMeasureMode.allCases[...]
                while !isOver.read({ $0 }) {
                    let mode = modes.popFirst() ?? .dirtyBitmap
                    if modes.isEmpty { modes = DirtyRateMeasureMode.allCases[...] }
                    try? measurement.begin(calcTime: 50, unit: .millisecond, mode: mode)
                    _ = isOver.wait(milliseconds: 5) { $0 ? true : nil }
                }
            }
            try pair.from.updateSettings { $0.downtimeLimit = 0 }
            let (near, far) = try Channel.pair()
            try pair.to.migrateIncoming(over: far)
            try pair.from.migrate(over: near)
            #expect(eventually { (pair.from.queryMigrate().ram?.dirtySyncCount ?? 0) > 3 || pair.isOver })
            try pair.from.updateSettings { $0.downtimeLimit = 300 }
            #expect(eventually { pair.isOver })
            isOver.update { $0 = true }
            thread.join()
            measurement.end()
            #expect(pair.from.queryMigrate().status == .completed, "\(pair.from.queryMigrate())")
            #expect(pair.destination.isRunning && pair.destination.verifies())
            #expect(eventually { measurement.report.status == .measured && pair.source.memory.logs == [] })
        }
    }
}

@Suite("The capability dirty-limit")
struct DirtyLimitTests {
    @Test("the limit comes after the second bad period, and follows its parameters from then on")
    func limiting() {
        var settings = MigrationSettings()
        settings.vcpuDirtyLimit = 10
        var limiting = DirtyLimiting()
        func judge(_ ratio: Double) -> DirtyLimit? {
            limiting.judge(dirtied: UInt64(ratio * 1_000_000), sent: 1_000_000, settings)
            return limiting.change(settings)
        }
        #expect(judge(1) == nil)
        #expect(judge(0.4) == nil)
        #expect(judge(1) == DirtyLimit(rate: 10, period: 1000))
        #expect(judge(1) == nil)
        // The rate at the next time to act, the period at once.
        settings.vcpuDirtyLimit = 5
        #expect(limiting.change(settings) == nil)
        settings.xVcpuDirtyLimitPeriod = 100
        #expect(limiting.change(settings) == DirtyLimit(rate: 10, period: 100))
        #expect(judge(1) == DirtyLimit(rate: 5, period: 100))
        #expect(judge(9) == nil)
    }

    @Test("a guest that writes too fast is limited, which is told, and is free again when it stays")
    func limits() throws {
        let pair = try Pair(returnPath: true, pages: 600, pace: 300)
        defer { pair.end() }
        try pair.from.setCapabilities { $0[.dirtyLimit] = true }
        try pair.from.updateSettings {
            $0.vcpuDirtyLimit = 3
            $0.xVcpuDirtyLimitPeriod = 50
            $0.maxBandwidth = 2_000_000
            $0.downtimeLimit = 0
        }
        let (near, far) = try Channel.pair()
        try pair.to.migrateIncoming(over: far)
        try pair.from.migrate(over: near)
        #expect(eventually { pair.source.dirtyLimit != nil || pair.isOver })
        #expect(pair.source.dirtyLimit == DirtyLimit(rate: 3, period: 50))
        #expect(pair.from.queryMigrate().dirtyLimit == DirtyLimitStatistics(throttleTime: 7, ringFullTime: 9))
        try pair.from.updateSettings { $0.xVcpuDirtyLimitPeriod = 60 }
        #expect(eventually { pair.source.dirtyLimit == DirtyLimit(rate: 3, period: 60) })
        try pair.from.cancel()
        #expect(eventually { pair.isOver })
        #expect(pair.from.queryMigrate().status == .cancelled && pair.from.queryMigrate().dirtyLimit == nil)
        #expect(pair.source.dirtyLimit == nil && pair.source.isRunning && pair.source.verifies())
    }
}

/// A guest with nothing but what every guest must have.
private final class PlainGuest: MigratableGuest {
    private let guest: InMemoryGuest
    init(_ guest: InMemoryGuest) { self.guest = guest }
    var machineName: String { guest.machineName }
    var uuid: [UInt8]? { nil }
    var memory: GuestMemory { guest.memory }
    var deviceSections: [VMStateSection] { [] }
    var outgoingRefusal: String? { nil }
    var incomingRefusal: String? { nil }
    var isRunning: Bool { false }
    func stopForMigration() {}
    func resumeAfterFailure() {}
    func becomePostmigrate() {}
    func setDirtyLogging(_ on: Bool) {}
    func dropWritePermissions() {}
    func giveUpDisks() {}
    func takeDisks() {}
    func resetForIncoming(keepingSharedFiles: Bool) {}
    func startAfterIncoming() {}
    func announceSelf() {}
}
