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
        "The expected pause is what is dirty at the rate that is promised, or else was measured",
        arguments: [
            (UInt64(1_000_000), BandwidthWindow?.none, UInt64(0), UInt64?.none),
            (1_000_000, nil, 1_000_000, nil),
            (1_000_000, BandwidthWindow(bytes: 1_000_000, milliseconds: 100), 0, 100),
            (1_000_000, BandwidthWindow(bytes: 1_000_000, milliseconds: 100), 500_000, 2000),
            (0, BandwidthWindow(bytes: 1_000_000, milliseconds: 100), 0, 0),
            (5, BandwidthWindow(bytes: 0, milliseconds: 100), 0, nil),
            (5, BandwidthWindow(bytes: 1, milliseconds: 0), 0, nil),
            (.max, BandwidthWindow(bytes: 1, milliseconds: 1000), 0, .max),
        ])
    func pause(dirty: UInt64, window: BandwidthWindow?, available: UInt64, expected: UInt64?) {
        #expect(expectedDowntime(dirty: dirty, window: window, available: available) == expected)
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
        "What was sent too much in a window is waited for later, and only a little is made up for",
        arguments: [
            (Int64(0), UInt64(100), UInt64(100), UInt64(1000), Int64(0)), (0, 150, 100, 1000, 50),
            (50, 100, 100, 1000, 50), (50, 20, 100, 1000, -20), (0, 0, 1000, 1000, -20),
            (70, 500, 100, 0, 0), (0, .max, 100, 1000, .max - 100),
            // Less than a byte in a window: after some of them something may go.
            (3, 0, 100, 1, 2), (1, 0, 100, 9, 0),
        ])
    func balance(before: Int64, sent: UInt64, elapsed: UInt64, limit: UInt64, expected: Int64) {
        #expect(rateBalance(before, sent: sent, elapsed: elapsed, limit: limit) == expected)
    }

    @Test("Over a second the limit is held within 5 %, whatever a burst is")
    func rate() {
        for burst in [1, 100, 4096, 70_000, 300_000] as [UInt64] {
            let limit: UInt64 = 1_000_000
            var (ahead, sent) = (Int64(0), UInt64(0))
            for window in 0..<40 as Range<UInt64> {
                var bytes: UInt64 = 0
                while Int64(bytes) + ahead < Int64(limit / 10) { bytes += burst }
                ahead = rateBalance(ahead, sent: bytes, elapsed: 100 + window % 3, limit: limit)
                sent += bytes
            }
            // 40 windows, 4039 ms.
            let expected = 4_039_000.0
            #expect(abs(Double(sent) - expected) < 0.05 * expected + Double(burst), "\(burst): \(sent)")
        }
    }

    /// Percentages after periods of which each dirtied so many times what was sent.
    @Test(
        "The throttle grows after every second bad period, up to its limit",
        arguments: [
            ([1.0, 1, 1, 1, 1, 1], false, [0, 20, 20, 30, 30, 40]),
            ([0.4, 0.4, 0.6, 0.4, 0.6, 0.4], false, [0, 0, 0, 0, 20, 20]),
            (
                Array(repeating: 9.0, count: 18), false,
                [0, 20, 20, 30, 30, 40, 40, 50, 50, 60, 60, 70, 70, 80, 80, 90, 90, 99]
            ),
            ([1.0, 1, 1, 1, 0.55, 0.55], true, [0, 20, 20, 30, 30, 36]),
        ])
    func throttle(ratios: [Double], tailslow: Bool, expected: [UInt8]) {
        var settings = MigrationSettings()
        settings.cpuThrottleTailslow = tailslow
        var converge = AutoConverge()
        let found = ratios.map { ratio -> UInt8 in
            _ = converge.judge(dirtied: UInt64(ratio * 1_000_000), sent: 1_000_000, settings)
            return converge.percentage
        }
        #expect(found == expected)
    }

    /// Percentages after bad periods, each of which dirtied as much as was sent.
    @Test(
        "Each parameter of the throttle counts",
        arguments: [
            // throttle-trigger-threshold, cpu-throttle-initial, -increment, max-cpu-throttle
            ([50, 5, 1, 7], [0, 5, 5, 6, 6, 7, 7, 7, 7]), ([99, 30, 20, 60], [0, 30, 30, 50, 50, 60]),
            ([100, 20, 10, 99], [0, 0, 0, 0, 0]), ([1, 99, 99, 99], [0, 99, 99, 99]),
        ] as [([UInt8], [UInt8])])
    func throttleParameters(parameters: [UInt8], expected: [UInt8]) {
        var settings = MigrationSettings()
        settings.throttleTriggerThreshold = parameters[0]
        settings.cpuThrottleInitial = parameters[1]
        settings.cpuThrottleIncrement = parameters[2]
        settings.maxCpuThrottle = parameters[3]
        var converge = AutoConverge()
        let found = expected.map { _ -> UInt8 in
            _ = converge.judge(dirtied: 1_000_000, sent: 1_000_000, settings)
            return converge.percentage
        }
        #expect(found == expected)
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
