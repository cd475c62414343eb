import GuestMemory
import Testing

@Suite("The ring of a hart's dirty pages")
struct DirtyRingTests {
    /// Pages that a hart dirties in `seconds` that takes `cost` ns for each, and is held when its ring says so; each hold
    /// takes `late` ns longer than it should. The ring is emptied only after `behind` pages more, as a hart is held between
    /// two blocks.
    private func pages(
        limit: UInt64, cost: Int64, seconds: Int64, late: Int64 = 0, behind: Int = 0
    ) -> Int {
        var ring = DirtyRing()
        var now: Int64 = 0
        var pages = 0
        var left = behind
        while now < seconds * 1_000_000_000 {
            now += cost
            pages += 1
            guard ring.take(limit: limit) else { continue }
            if left > 0 {
                left -= 1
                continue
            }
            left = behind
            let hold = ring.empty(at: now)
            if hold > 0 { now += hold + late }
        }
        return pages
    }

    @Test(
        "a hart that would dirty more is held at its limit, also when it is let go late",
        arguments: [256, 2560, 25_600, 256_000] as [UInt64],
        [(0, 0), (300_000, 0), (9_000_000, 3)] as [(Int64, Int)])
    func limited(limit: UInt64, disturbance: (late: Int64, behind: Int)) {
        let found = pages(
            limit: limit, cost: 500, seconds: 4, late: disturbance.late, behind: disturbance.behind)
        #expect(abs(Double(found) / 4 / Double(limit) - 1) < 0.03, "\(found)")
    }

    @Test("a hart that dirties less is never held")
    func free() {
        var ring = DirtyRing()
        for page in 1...10_000 where ring.take(limit: 1000) {
            #expect(ring.empty(at: Int64(page) * 1_000_001) == 0)
        }
    }

    @Test("what was not dirtied for long is not made up for in one burst")
    func burst() {
        var ring = DirtyRing()
        func fill(at now: Int64) -> Int64 {
            while !ring.take(limit: 1600) {}
            return ring.empty(at: now)
        }
        #expect(fill(at: 0) == 0)
        #expect(fill(at: 0) == 10_000_000)
        // After a minute: 50 ms are made up for, which are five rings.
        let later: Int64 = 60_000_000_000
        let holds = (0..<7).map { _ in fill(at: later) }
        #expect(holds == [0, 0, 0, 0, 0, 10_000_000, 20_000_000])
    }

    @Test("another limit holds at once")
    func changes() {
        var ring = DirtyRing()
        for _ in 0..<1000 { _ = ring.take(limit: 1_000_000) }
        for hold in [0, 10_000_000] as [Int64] {
            while !ring.take(limit: 1600) {}
            #expect(ring.empty(at: 5) == hold)
        }
    }

    @Test(
        "a ring is what the limit allows in 10 ms",
        arguments: [(1, 16), (256, 16), (25_600, 256), (.max, 4096)])
    func size(limit: UInt64, size: UInt64) { #expect(DirtyRing.size(limit: limit) == size) }
}
