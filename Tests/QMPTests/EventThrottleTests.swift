import Glibc
import Synchronization
import Testing

@testable import QMP

@Suite("Events that come in masses")
struct EventThrottleTests {
    private final class Log: Sendable {
        private let told = Mutex<[[UInt8]]>([])
        var all: [[UInt8]] { told.withLock { $0 } }
        func add(_ bytes: [UInt8]) { told.withLock { $0.append(bytes) } }
    }

    @Test("the first is told at once, of those that follow the last one") func masses() async throws {
        let throttle = EventThrottle(interval: .milliseconds(200))
        let log = Log()
        for number in UInt8(1)...5 { throttle.admit("BALLOON_CHANGE", [number]) { log.add($0) } }
        for _ in 0..<12_000 where log.all.count < 2 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(log.all.first == [1])
        #expect(log.all.last == [5])
    }

    @Test("others are all told") func others() {
        let throttle = EventThrottle(interval: .seconds(100))
        let log = Log()
        for number in UInt8(1)...5 { throttle.admit("STOP", [number]) { log.add($0) } }
        #expect(log.all == [[1], [2], [3], [4], [5]])
    }
}
