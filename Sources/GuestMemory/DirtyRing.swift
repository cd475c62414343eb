/// Pages that a hart has dirtied and that were not looked at yet. A hart with a limit that has filled its ring faster than
/// the limit allows is held until the rest of the time is over.
///
/// A function of counts and times, without a clock.
public struct DirtyRing: Sendable {
    /// Fewest pages of a ring.
    private static let smallest: UInt64 = 16
    /// Most pages of a ring.
    private static let largest: UInt64 = 4096
    /// A hart that came too late, as it had less to write or as the host was busy, may make up for so much of the time,
    /// in ns.
    private static let credit: Int64 = 50_000_000

    /// Pages of a ring: what the limit allows in 10 ms, within bounds.
    ///
    /// - Parameter limit: pages a second.
    public static func size(limit: UInt64) -> UInt64 { min(max(limit / 100, smallest), largest) }

    /// Pages a second.
    private var limit: UInt64 = 0
    private var pages: UInt64 = 0
    /// Until when what was dirtied so far takes at the limit.
    private var due: Int64?

    public init() {}

    /// Takes a page.
    ///
    /// - Parameter limit: pages a second, not 0. Another limit than before begins anew.
    /// - Returns: true when the ring is full.
    public mutating func take(limit: UInt64) -> Bool {
        if limit != self.limit {
            self = DirtyRing()
            self.limit = limit
        }
        pages += 1
        return pages >= Self.size(limit: limit)
    }

    /// Empties the ring.
    ///
    /// - Parameter now: in ns, of a clock that only rises.
    /// - Returns: for how long the hart has to be held, in ns.
    public mutating func empty(at now: Int64) -> Int64 {
        let time = Int64(Double(pages) / Double(max(limit, 1)) * 1e9)
        pages = 0
        // When the first page came is not known: the first ring is as late as it may be.
        let due = max(self.due ?? now &- time, now &- Self.credit) &+ time
        self.due = due
        return max(0, due &- now)
    }
}
