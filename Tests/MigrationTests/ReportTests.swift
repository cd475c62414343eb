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
        return report
    }

    private static let members: [(MigrationPhase, Set<String>)] = [
        (.none, []),
        (.setup, []),
        (.active, ["setup-time", "total-time", "expected-downtime", "ram"]),
        (.device, ["setup-time", "total-time", "expected-downtime", "ram"]),
        (.cancelling, ["setup-time", "total-time", "expected-downtime", "ram"]),
        (.completed, ["setup-time", "total-time", "downtime", "ram"]),
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
            #expect(found == names, "\(status)")
        }
        #expect(Set(Self.members.map(\.0)) == Set(MigrationPhase.allCases))
    }
}
