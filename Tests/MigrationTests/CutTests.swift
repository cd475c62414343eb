import Migration
import Synchronization
import Testing
import Threads
import Transport

/// The connection is cut at every place that matters: never two guests run, none only when both sides say so,
/// memory is whole wherever the guest runs, and a second attempt works.
@Suite(.serialized) struct CutTests {
    static let timeout = 60

    @Test("Cut at each of the last 300 bytes and at 250 others", arguments: [true, false])
    func forward(returnPath: Bool) throws {
        let total = try uncut(returnPath: returnPath).toDestination
        var generator = SystemRandomNumberGenerator()
        for fault in CuttingLink.Fault.allCases {
            var places = Array(max(0, total - 300)...total + 8)
            for _ in 0..<150 { places.append(Int.random(in: 0..<total, using: &generator)) }
            places += 0..<100
            run(places.map { .init(.toDestination, byte: $0, fault) }, returnPath: returnPath)
        }
    }

    @Test("Cut at each byte of the return path")
    func back() throws {
        let total = try uncut(returnPath: true).toSource
        for fault in CuttingLink.Fault.allCases {
            run((0...total + 2).map { .init(.toSource, byte: $0, fault) }, returnPath: true)
        }
    }

    @Test("Cut under TLS, at the end and at other places, both ways", arguments: [true, false])
    func secure(returnPath: Bool) throws {
        let total = try uncut(returnPath: returnPath, isSecure: true)
        for fault in CuttingLink.Fault.allCases {
            var cuts: [CuttingLink.Cut] = []
            // While the guest runs, a destination that takes no bytes is waited for without end.
            if fault != .stall {
                cuts += (0..<60).map { _ in Int.random(in: 0..<total.toDestination) }
                    .map { .init(.toDestination, byte: $0, fault) }
                // The last records, each of them cut in its middle and between it and the next.
                cuts += stride(from: max(0, total.toDestination - 600), to: total.toDestination + 8, by: 7)
                    .map { .init(.toDestination, byte: $0, fault) }
            }
            cuts += stride(from: 0, to: total.toSource + 2, by: 9).map { .init(.toSource, byte: $0, fault) }
            run(cuts, returnPath: returnPath, isSecure: true)
        }
    }

    private func uncut(
        returnPath: Bool, isSecure: Bool = false
    ) throws -> (toDestination: Int, toSource: Int) {
        let pair = try Self.pair(returnPath: returnPath, isSecure: isSecure)
        defer { pair.end() }
        let link = try CuttingLink()
        try pair.to.migrateIncoming(over: link.destination)
        try pair.from.migrate(over: link.source)
        #expect(eventually { pair.isOver })
        link.finish()
        #expect(pair.destination.isRunning)
        return link.bytes
    }

    /// Which cut is next, and what was wrong.
    private final class Board: Sendable {
        private let next = Atomic<Int>(0)
        let failures = Mutex<[String]>([])

        func take(_ cuts: [CuttingLink.Cut]) -> CuttingLink.Cut? {
            let index = next.add(1, ordering: .relaxed).oldValue
            return index < cuts.count ? cuts[index] : nil
        }
    }

    /// Eight cuts at a time: most of them wait.
    private func run(_ cuts: [CuttingLink.Cut], returnPath: Bool, isSecure: Bool = false) {
        let board = Board()
        let threads = (0..<8).map { _ in
            OSThread("cut") {
                while let cut = board.take(cuts) {
                    do {
                        if let text = try Self.attempt(cut, returnPath: returnPath, isSecure) {
                            board.failures.withLock { $0.append("\(cut): \(text)") }
                        }
                    } catch {
                        board.failures.withLock { $0.append("\(cut): \(error)") }
                    }
                }
            }
        }
        for thread in threads { thread.join() }
        let found = board.failures.withLock { $0 }
        #expect(found.isEmpty, "\(found.count) of \(cuts.count): \(found.prefix(3))")
    }

    private static func pair(
        returnPath: Bool, isSecure: Bool, timeout: Int = 10_000
    ) throws -> Pair {
        let pair = try Pair(returnPath: returnPath, timeout: timeout, pages: 24, objects: LabObjects())
        if isSecure {
            try pair.from.updateSettings { $0.tlsCreds = "psk-client" }
            try pair.to.updateSettings { $0.tlsCreds = "psk-server" }
        }
        return pair
    }

    /// What is wrong after the cut, nil when all is as it must be.
    private static func attempt(
        _ cut: CuttingLink.Cut, returnPath: Bool, _ isSecure: Bool
    ) throws -> String? {
        let pair = try pair(returnPath: returnPath, isSecure: isSecure, timeout: timeout)
        defer { pair.end() }
        let link = try CuttingLink(cut: cut)
        try pair.to.migrateIncoming(over: link.destination)
        try pair.from.migrate(over: link.source)
        // As long as its guest runs a source has no reason to give up on a destination that takes no bytes.
        let isHeldUp = { pair.from.queryMigrate().errorDescription?.contains("takes no bytes") == true }
        _ = eventually {
            !pair.from.queryMigrate().status.isUnderWay
                || cut.fault == .stall && isHeldUp() && pair.source.isRunning
        }
        if pair.source.isRunning { try? pair.from.cancel() }
        guard eventually({ !pair.from.queryMigrate().status.isUnderWay }) else {
            return "the source does not end: \(pair.from.queryMigrate())"
        }
        // What the destination still can do of itself; then its operator ends it.
        _ = Wake().sleep(milliseconds: cut.fault == .stall ? timeout : 2)
        link.finish()
        pair.to.shutDown()
        guard eventually({ !pair.to.queryMigrate().status.isUnderWay }) else {
            return "the destination does not end"
        }
        let source = pair.from.queryMigrate()
        let destination = pair.to.queryMigrate()
        func wrong(_ text: String) -> String { "\(text); source \(source), destination \(destination)" }
        guard pair.disk.running.withLock({ $0.worst }) == 1 else { return wrong("two ran") }
        switch (pair.source.isRunning, pair.destination.isRunning) {
        case (true, true): return wrong("two run")
        case (false, true):
            guard pair.destination.verifies() else { return wrong("memory is damaged") }
            return nil
        case (false, false):
            guard let text = source.errorDescription, destination.status == .failed else {
                return wrong("none runs and not both say so")
            }
            guard returnPath ? text.contains("in doubt") : true else { return wrong("no doubt is told") }
            // The operator's word.
            pair.source.start()
            guard pair.source.verifies() else { return wrong("memory is damaged") }
            return nil
        case (true, false):
            guard [.failed, .cancelled].contains(source.status), destination.status == .failed else {
                return wrong("the sides do not agree")
            }
            return try second(pair)
        }
    }

    private static func second(_ pair: Pair) throws -> String? {
        try pair.from.updateSettings {
            $0.inDoubtTimeout = 10_000
            $0.tlsCreds = ""
        }
        let fresh = try InMemoryGuest(3, disk: pair.disk, incoming: true, pages: 24)
        defer { fresh.end() }
        let to = MigrationController(fresh)
        let link = try CuttingLink()
        defer { link.finish() }
        try to.migrateIncoming(over: link.destination)
        try pair.from.migrate(over: link.source)
        guard eventually({ to.queryMigrate().status == .completed }), fresh.verifies() else {
            return "the second attempt: \(pair.from.queryMigrate()), \(to.queryMigrate())"
        }
        return pair.disk.running.withLock { $0.worst } == 1 ? nil : "two ran in the second attempt"
    }
}
