import Testing

@testable import Migration

/// What `query-migrate` has in each status.
@Suite struct ReportTests {
    /// Everything that can be known, all at once.
    private static func full(_ status: MigrationPhase) -> MigrationReport {
        var report = MigrationReport()
        report.status = status
        (report.setupTime, report.totalTime) = (1, 2)
        (report.expectedDowntime, report.downtime) = (3, 4)
        report.ram = RAMStatistics()
        (report.xbzrle, report.compression) = (XBZRLEStatistics(), CompressionStatistics())
        report.cpuThrottlePercentage = 20
        report.dirtyLimit = DirtyLimitStatistics(throttleTime: 5, ringFullTime: 6)
        return report
    }

    private static let underWay: Set = [
        "setup-time", "total-time", "expected-downtime", "ram", "xbzrle-cache", "compression",
        "cpu-throttle-percentage", "dirty-limit",
    ]

    private static let members: [(MigrationPhase, Set<String>)] = [
        (.none, []),
        (.setup, []),
        (.active, underWay),
        (.preSwitchover, underWay),
        (.device, underWay),
        (.cancelling, underWay),
        (.completed, ["setup-time", "total-time", "downtime", "ram", "xbzrle-cache", "compression"]),
        (.failed, []),
        (.cancelled, []),
    ]

    @Test func `each status has its members`() {
        for (status, names) in Self.members {
            let report = Self.full(status).asReported
            var found: Set<String> = []
            if report.setupTime != nil { found.insert("setup-time") }
            if report.totalTime != nil { found.insert("total-time") }
            if report.expectedDowntime != nil { found.insert("expected-downtime") }
            if report.downtime != nil { found.insert("downtime") }
            if report.ram != nil { found.insert("ram") }
            if report.xbzrle != nil { found.insert("xbzrle-cache") }
            if report.compression != nil { found.insert("compression") }
            if report.cpuThrottlePercentage != nil { found.insert("cpu-throttle-percentage") }
            if report.dirtyLimit != nil { found.insert("dirty-limit") }
            #expect(found == names, "\(status)")
        }
        #expect(Set(Self.members.map(\.0)) == Set(MigrationPhase.allCases))
    }
}
