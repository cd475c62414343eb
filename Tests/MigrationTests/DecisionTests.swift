import Migration
import Testing

@Suite struct DecisionTests {
    @Test(
        "The threshold is what fits into the downtime limit",
        arguments: [
            (BandwidthWindow?.none, UInt64(0), UInt64(300), UInt64(0)),
            (nil, 1_000_000, 300, 0),
            (BandwidthWindow(bytes: 1_000_000, milliseconds: 100), 0, 300, 3_000_000),
            (BandwidthWindow(bytes: 1_000_000, milliseconds: 100), 2_000_000, 300, 600_000),
            (BandwidthWindow(bytes: 1, milliseconds: 0), 0, 300, 0),
            (BandwidthWindow(bytes: .max, milliseconds: 1), 0, 2_000_000, .max),
        ])
    func threshold(window: BandwidthWindow?, available: UInt64, limit: UInt64, expected: UInt64) {
        #expect(
            switchoverThreshold(window: window, available: available, downtimeLimit: limit) == expected)
    }

    @Test(
        "A low estimate is made exact before it decides; passes that shrink go on while the guest runs",
        arguments: [
            (UInt64(0), false, UInt64?.none, UInt64(0), IterationStep.synchronize),
            (0, true, 0, 0, .switchOver),
            (10, false, nil, 101, .synchronize),
            (10, true, 1000, 101, .switchOver),
            (11, false, 40, 101, .send),
            (100, true, nil, 101, .send),
            (60, true, 80, 101, .switchOver),
            (59, true, 80, 101, .send),
            (60, true, 40, 101, .switchOver),
            (100, true, 99, 100, .send),
            (100, false, nil, 0, .send),
        ])
    func step(pending: UInt64, isExact: Bool, previous: UInt64?, threshold: UInt64, expected: IterationStep) {
        #expect(
            iterationStep(
                pending: pending, isExact: isExact, previous: previous, threshold: threshold, floor: 10)
                == expected)
    }

    @Test(
        "A sender over its budget sleeps until the window ends",
        arguments: [
            (UInt64(1000), UInt64(10), UInt64(0), 0), (1000, 10, 1000, 90), (100, 10, 1000, 0),
            (101, 10, 1000, 90), (1000, 100, 1000, 0),
        ])
    func delay(sent: UInt64, elapsed: UInt64, limit: UInt64, expected: Int) {
        #expect(rateLimitDelay(sent: sent, elapsed: elapsed, limit: limit) == expected)
    }

    @Test("Announcements come as often and as late as the parameters say")
    func announcements() {
        let settings = MigrationSettings()
        #expect((0..<6).map { settings.announceDelay(after: $0) } == [50, 150, 250, 350, nil, nil])
    }

    @Test("A wrong value is refused in QMP's words and nothing changes")
    func parameters() throws {
        let controller = try MigrationController(
            InMemoryGuest(1, disk: SharedDisk(), incoming: true))
        #expect(
            throws: MigrationError(
                "Parameter 'downtime_limit' expects an integer in the range of 0 to (2000 * 1000) ms")
        ) {
            try controller.updateSettings {
                $0.maxBandwidth = 1
                $0.downtimeLimit = 2_000_001
            }
        }
        #expect(controller.settings.maxBandwidth == 128 << 20)
        #expect(throws: MigrationError("Parameter 'announce_step' expects a value between 0 and 10000")) {
            try controller.updateSettings { $0.announceStep = 0 }
        }
    }
}
