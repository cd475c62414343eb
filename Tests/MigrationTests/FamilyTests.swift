import Foundation
import GuestMemory
import Migration
import QAPI
import Synchronization
import Testing
import Transport

/// What capabilities make of a precopy migration: pages as differences or packed, a pause, conditions.
@Suite(.serialized) struct FamilyTests {
    /// A guest with contents in its pages, which writes to all of them all the time.
    private static func pair(
        _ capability: MigrationCapability, pace: Int = 8,
        _ change: (inout MigrationSettings) -> Void = { _ in }
    ) throws -> Pair {
        let pair = try Pair(returnPath: true, pages: 600, pace: pace)
        for controller in [pair.from, pair.to] {
            try controller.setCapabilities { $0[capability] = true }
            try controller.updateSettings(change)
        }
        for page in 0..<600 {
            pair.source.memory.store(UInt64(page) << 32 | 7, at: UInt64(page * 4096 + 2048))
        }
        return pair
    }

    /// Moves guests, each through several passes, until the last report is what is wanted: how many passes there are is
    /// the scheduler's affair.
    private static func report(
        _ capability: MigrationCapability, change: (inout MigrationSettings) -> Void = { _ in },
        until isWanted: (MigrationReport) -> Bool
    ) throws -> MigrationReport {
        var last = MigrationReport()
        for _ in 0..<50 where !isWanted(last) {
            let pair = try pair(capability, pace: 2000, change)
            defer { pair.end() }
            let (near, far) = try Channel.pair()
            try pair.from.updateSettings { $0.downtimeLimit = 0 }
            try pair.to.migrateIncoming(over: far)
            try pair.from.migrate(over: near)
            #expect(eventually { isWanted(pair.from.queryMigrate()) || pair.isOver })
            try pair.from.updateSettings { $0.downtimeLimit = 300 }
            #expect(eventually { pair.isOver })
            last = pair.from.queryMigrate()
            #expect(last.status == .completed, "\(last)")
            if let ram = last.ram { #expect(ram.precopyBytes + ram.downtimeBytes == ram.transferred) }
            #expect(pair.to.queryMigrate().status == .completed, "\(pair.to.queryMigrate())")
            #expect(pair.destination.isRunning && pair.destination.verifies())
            #expect(pair.disk.running.withLock { $0.worst } == 1)
        }
        return last
    }

    @Test("xbzrle sends pages that were sent before as differences")
    func xbzrle() throws {
        let report = try Self.report(.xbzrle) { $0.xbzrle.map { $0.pages > 300 } == true }
        let cache = try #require(report.xbzrle)
        #expect(cache.cacheSize == 64 << 20 && cache.overflow == 0)
        #expect(cache.pages > 300 && cache.cacheMiss > 0, "\(cache)")
        // A counter in a page is a few bytes.
        #expect(cache.bytes < cache.pages * 40)
    }

    @Test("xbzrle with a cache that is too small stays right")
    func smallCache() throws {
        let report = try Self.report(.xbzrle, change: { $0.xbzrleCacheSize = 64 * 4096 }) {
            $0.xbzrle.map { $0.pages > 0 } == true
        }
        let cache = try #require(report.xbzrle)
        #expect(cache.cacheMiss > cache.pages && cache.cacheSize == 64 * 4096, "\(cache)")
    }

    @Test(
        "The cache of xbzrle takes another size while it is at work, and begins empty; the largest is not made"
    )
    func resizedCache() throws {
        let pair = try Self.pair(.xbzrle, pace: 2000) { $0.xbzrleCacheSize = 1 << 62 }
        defer { pair.end() }
        try pair.from.updateSettings { $0.downtimeLimit = 0 }
        let (near, far) = try Channel.pair()
        try pair.to.migrateIncoming(over: far)
        try pair.from.migrate(over: near)
        func misses() -> UInt64 { pair.from.queryMigrate().xbzrle?.cacheMiss ?? 0 }
        #expect(eventually { (pair.from.queryMigrate().xbzrle?.pages ?? 0) > 0 || pair.isOver })
        let before = misses()
        try pair.from.updateSettings { $0.xbzrleCacheSize = 1 << 20 }
        #expect(eventually { pair.from.queryMigrate().xbzrle?.cacheSize == 1 << 20 || pair.isOver })
        #expect(eventually { misses() > before || pair.isOver })
        try pair.from.updateSettings { $0.downtimeLimit = 300 }
        #expect(eventually { pair.isOver })
        #expect(pair.destination.isRunning && pair.destination.verifies())
    }

    @Test(
        "A parameter that a migration has read for the last time is refused while it runs; others are taken")
    func lateParameters() throws {
        let pair = try Self.pair(.pauseBeforeSwitchover)
        defer { pair.end() }
        let (near, far) = try Channel.pair()
        try pair.to.migrateIncoming(over: far)
        try pair.from.migrate(over: near)
        #expect(eventually { pair.from.queryMigrate().status == .preSwitchover })
        let refusal =
            "Parameter 'multifd-channels' cannot change while a migration is in progress: it would have no effect"
        #expect(throws: MigrationError(refusal)) { try pair.from.updateSettings { $0.multifdChannels = 9 } }
        try pair.from.updateSettings {
            $0.multifdChannels = 2
            $0.downtimeLimit = 77
        }
        // Time goes on while it stands.
        let time = pair.from.queryMigrate().totalTime ?? .max
        #expect(eventually { (pair.from.queryMigrate().totalTime ?? 0) > time })
        try pair.from.cancel()
        #expect(eventually { pair.isOver })
        try pair.from.updateSettings { $0.multifdChannels = 9 }
    }

    @Test("compress packs pages, whether they wait for a thread or not", arguments: [true, false])
    func compress(waits: Bool) throws {
        let report = try Self.report(
            .compress,
            change: {
                $0.compressThreads = 3
                $0.decompressThreads = waits ? 1 : 4
                $0.compressWaitThread = waits
            }
        ) { ($0.ram?.dirtySyncCount ?? 0) > 2 }
        let packing = try #require(report.compression)
        #expect(packing.pages > 0 && packing.compressedSize < packing.pages * 400, "\(packing)")
        if waits { #expect(report.ram?.normal == 0) } else { #expect(report.ram?.normal == packing.busy) }
    }

    @Test("pause-before-switchover waits with the guest stopped until it is told to go on, or is cancelled")
    func pause() throws {
        for cancels in [true, false] {
            let pair = try Self.pair(.pauseBeforeSwitchover)
            defer { pair.end() }
            let (near, far) = try Channel.pair()
            try pair.to.migrateIncoming(over: far)
            try pair.from.migrate(over: near)
            #expect(eventually { pair.from.queryMigrate().status == .preSwitchover })
            #expect(!pair.source.isRunning && !pair.destination.isRunning)
            #expect(pair.disk.owner.withLock { $0 } == 1)
            #expect(throws: MigrationError("Migration not in expected state: pre-switchover")) {
                try pair.from.goOn(from: .active)
            }
            if cancels { try pair.from.cancel() } else { try pair.from.goOn(from: .preSwitchover) }
            #expect(eventually { pair.isOver })
            #expect(pair.from.queryMigrate().status == (cancels ? .cancelled : .completed))
            let guest = cancels ? pair.source : pair.destination
            #expect(guest.isRunning && guest.verifies())
        }
    }

    @Test("A migration that is yanked fails on both sides, and the guest runs on where it was")
    func yank() throws {
        let pair = try Self.pair(.xbzrle)
        defer { pair.end() }
        try pair.from.updateSettings { $0.maxBandwidth = 200_000 }
        let (near, far) = try Channel.pair()
        #expect(!pair.from.isUnderWay && !pair.to.isUnderWay)
        try pair.to.migrateIncoming(over: far)
        try pair.from.migrate(over: near)
        #expect(eventually { pair.from.queryMigrate().status == .active && pair.to.isUnderWay })
        pair.from.yank()
        #expect(eventually { pair.isOver })
        #expect(pair.from.queryMigrate().status == .failed && pair.to.queryMigrate().status == .failed)
        #expect(pair.source.isRunning && pair.source.verifies() && !pair.destination.isRunning)
    }

    @Test("switchover-ack: a destination that gives it is switched to, one that does not is waited for")
    func acknowledged() throws {
        _ = try Self.report(.switchoverAck) { $0.status == .completed }

        let other = try Self.pair(.switchoverAck)
        defer { other.end() }
        try other.to.setCapabilities { $0[.switchoverAck] = false }
        let (near, far) = try Channel.pair()
        try other.to.migrateIncoming(over: far)
        try other.from.migrate(over: near)
        #expect(
            eventually {
                other.from.queryMigrate().errorDescription?.contains("not ready for the switchover") == true
            }
        )
        #expect(other.source.isRunning)
        try other.from.cancel()
        #expect(eventually { other.isOver })
        #expect(other.source.isRunning && other.source.verifies())

        // A guest that stands is not waited with: there is no pause to be ready for.
        let paused = try Self.pair(.switchoverAck)
        try paused.to.setCapabilities { $0[.switchoverAck] = false }
        paused.source.end()
        let (here, there) = try Channel.pair()
        try paused.to.migrateIncoming(over: there)
        try paused.from.migrate(over: here)
        #expect(eventually { paused.from.queryMigrate().status == .completed })
        paused.end()
    }

    @Test(
        "late-block-activate: a guest that does not start leaves its disks alone, another one takes them",
        arguments: [(true, true, 2), (true, false, nil), (false, true, 2), (false, false, 2)]
            as [(Bool, Bool, Int?)])
    func late(isOn: Bool, runs: Bool, owner: Int?) throws {
        for returnPath in [true, false] {
            let disk = SharedDisk()
            let source = try InMemoryGuest(1, disk: disk, incoming: false)
            let destination = try InMemoryGuest(2, disk: disk, incoming: true, runsAfterIncoming: runs)
            defer {
                source.end()
                destination.end()
            }
            let (from, to) = (MigrationController(source), MigrationController(destination))
            try from.setCapabilities { $0.returnPath = returnPath }
            try to.setCapabilities {
                $0.returnPath = returnPath
                $0[.lateBlockActivate] = isOn
            }
            let (near, far) = try Channel.pair()
            try to.migrateIncoming(over: far)
            try from.migrate(over: near)
            #expect(eventually { to.queryMigrate().status == .completed }, "\(to.queryMigrate())")
            #expect(destination.isRunning == runs && disk.owner.withLock { $0 } == owner)
        }
    }

    @Test(
        "validate-uuid: another machine's guest is refused, and its own is taken",
        arguments: [(1, 1, true), (1, 2, false), (1, nil, true), (nil, 1, true)] as [(UInt8?, UInt8?, Bool)])
    func uuid(source: UInt8?, destination: UInt8?, arrives: Bool) throws {
        func bytes(_ value: UInt8?) -> [UInt8]? { value.map { Array(repeating: $0, count: 16) } }
        let disk = SharedDisk()
        let old = try InMemoryGuest(1, disk: disk, incoming: false, uuid: bytes(source))
        let new = try InMemoryGuest(2, disk: disk, incoming: true, uuid: bytes(destination))
        defer {
            old.end()
            new.end()
        }
        let (from, to) = (MigrationController(old), MigrationController(new))
        try from.setCapabilities {
            $0.returnPath = true
            $0[.validateUuid] = true
        }
        let (near, far) = try Channel.pair()
        try to.migrateIncoming(over: far)
        try from.migrate(over: near)
        #expect(eventually { !from.queryMigrate().status.isUnderWay && !to.queryMigrate().status.isUnderWay })
        #expect(to.queryMigrate().status == (arrives ? .completed : .failed), "\(to.queryMigrate())")
        #expect((arrives ? new : old).isRunning)
        if !arrives {
            #expect(
                from.queryMigrate().errorDescription?.contains("start the destination with the -uuid") == true
            )
        }
    }

    @Test("The threads of a migration are listed while they work, with the kernel's numbers")
    func threads() throws {
        let pair = try Self.pair(.multifd)
        defer { pair.end() }
        try pair.from.updateSettings { $0.maxBandwidth = 100_000 }
        let channels = try (0..<3).map { _ in try Channel.pair() }
        try pair.to.migrateIncoming(over: channels[0].1, multifd: [channels[1].1, channels[2].1])
        try pair.from.migrate(over: channels[0].0, multifd: [channels[1].0, channels[2].0])
        #expect(eventually { pair.from.migrationThreads.count == 3 })
        let found = pair.from.migrationThreads
        #expect(found.map(\.name) == ["mig/src/main", "mig/src/send_0", "mig/src/send_1"])
        #expect(eventually { pair.from.migrationThreads.allSatisfy { $0.id > 0 } })
        #expect(Set(pair.from.migrationThreads.map(\.id)).count == 3)
        for thread in pair.from.migrationThreads {
            let kernel = try String(contentsOfFile: "/proc/self/task/\(thread.id)/comm", encoding: .utf8)
            #expect(kernel == thread.name + "\n")
        }
        try pair.from.cancel()
        #expect(eventually { pair.isOver && pair.from.migrationThreads.isEmpty })
    }
}
