import Bytes
import Glibc
import GuestMemory
import Migration
import MigrationStream
import QAPI
import Synchronization
import Testing
import Transport
import VMState

/// Pages over channels of their own, in memory and over sockets; channels that break, and peers that lie.
@Suite(.serialized) struct MultifdTests {
    /// Both sides with the capability.
    private static func pair(
        channels: UInt8 = 2, _ compression: MultiFDCompression = .none, returnPath: Bool = true,
        timeout: Int = 10_000, pages: Int = 1500
    ) throws -> Pair {
        let pair = try Pair(returnPath: returnPath, timeout: timeout, pages: pages)
        for controller in [pair.from, pair.to] {
            try controller.setCapabilities { $0[.multifd] = true }
            try controller.updateSettings {
                $0.multifdChannels = channels
                $0.multifdCompression = compression
            }
        }
        // Runs of pages and holes, with contents that hardly pack.
        var value: UInt64 = 88_172_645_463_325_252
        for page in 0..<pages where page % 300 < 250 {
            let words = (0..<60).map { _ -> UInt64 in
                value ^= value << 13
                value ^= value >> 7
                value ^= value << 17
                return value
            }
            unsafe words.withUnsafeBytes {
                _ = unsafe pair.source.memory.write($0, at: UInt64(page * 4096 + 128))
            }
        }
        return pair
    }

    /// Every byte of the source's memory is at the destination, but for what the guest wrote there since.
    private static func hasAll(_ pair: Pair) -> Bool {
        guard let from = pair.source.memory.blocks.first, let to = pair.destination.memory.blocks.first else {
            return false
        }
        return (0..<from.pageCount).allSatisfy { page in
            unsafe memcmp(from.base + page * 4096 + 128, to.base + page * 4096 + 128, 4096 - 128) == 0
        }
    }

    @Test(
        "A running guest arrives whole over 1, 2 and 16 channels, packed or not, with marks of either kind",
        arguments: [UInt8(1), 2, 16], [MultiFDCompression.none, .zlib, .zstd])
    func arrives(channels: UInt8, compression: MultiFDCompression) throws {
        for (uri, dialect) in [
            ("unix:/tmp/martlet-mig-\(UInt32.random(in: 0 ... .max)).sock", Dialect.qemu10_0),
            ("tcp:127.0.0.1:0", .qemu7_2),
        ] {
            let pair = try Self.pair(channels: channels, compression, returnPath: channels != 16)
            defer { pair.end() }
            try pair.from.updateSettings { $0.dialect = dialect }
            try pair.to.migrateIncoming(from: MigrationAddress(uri: uri))
            let bound = try #require(pair.to.queryMigrate().socketAddresses.first)
            try pair.from.migrate(to: bound)
            #expect(eventually { pair.isOver })
            let report = pair.from.queryMigrate()
            #expect(report.status == .completed, "\(report)")
            #expect(pair.to.queryMigrate().status == .completed, "\(pair.to.queryMigrate())")
            #expect(pair.destination.isRunning && pair.destination.verifies() && Self.hasAll(pair))
            #expect(pair.disk.running.withLock { $0.worst } == 1)
            let ram = try #require(report.ram)
            #expect(ram.multifdBytes > UInt64(channels) * 64 && ram.multifdBytes < ram.transferred)
            if compression == .none { #expect(ram.multifdBytes > ram.normal * 4096) }
        }
    }

    @Test(
        "zero-copy-send: pages go out from where they lie, while the guest writes to them",
        arguments: [true, false])
    func zeroCopy(returnPath: Bool) throws {
        let pair = try Self.pair(channels: 3, returnPath: returnPath, pages: 4000)
        defer { pair.end() }
        try pair.from.setCapabilities { $0[.zeroCopySend] = true }
        try pair.to.migrateIncoming(from: MigrationAddress(uri: "tcp:127.0.0.1:0"))
        try pair.from.migrate(to: try #require(pair.to.queryMigrate().socketAddresses.first))
        #expect(eventually { pair.isOver })
        let report = pair.from.queryMigrate()
        #expect(report.status == .completed, "\(report)")
        #expect(pair.destination.isRunning && pair.destination.verifies() && Self.hasAll(pair))
        let ram = try #require(report.ram)
        // To this very machine the system copies all the same: once a channel and pass, at most.
        #expect(ram.dirtySyncMissedZeroCopy <= 3 * (ram.dirtySyncCount + 1), "\(ram)")
    }

    @Test("zero-copy-send over a connection that cannot do it fails, and the guest runs on")
    func noZeroCopy() throws {
        let pair = try Self.pair()
        defer { pair.end() }
        try pair.from.setCapabilities { $0[.zeroCopySend] = true }
        let uri = "unix:/tmp/martlet-mig-\(UInt32.random(in: 0 ... .max)).sock"
        try pair.to.migrateIncoming(from: MigrationAddress(uri: uri))
        try pair.from.migrate(to: MigrationAddress(uri: uri))
        #expect(eventually { pair.isOver })
        let report = pair.from.queryMigrate()
        #expect(report.status == .failed)
        let text = "multifd channel 0: Zero copy send feature not detected in host kernel"
        #expect(report.errorDescription?.hasPrefix(text) == true, "\(report)")
        #expect(pair.source.isRunning && pair.source.verifies())
    }

    @Test("A channel that breaks at any byte leaves the guest at the source, and a second attempt works")
    func breaks() throws {
        let end = 64 + 2 * 1344
        for byte in [0, 1, 63, 64, 65, end, end + 1343, end + 1344, end + 5000, 700_000, 3_000_000] {
            for fault in [CuttingLink.Fault.reset, .end] {
                let pair = try Self.pair(channels: 1, timeout: 2000)
                defer { pair.end() }
                let links = try [
                    CuttingLink(), CuttingLink(cut: .init(.toDestination, byte: byte, fault)),
                ]
                defer { for link in links { link.finish() } }
                try pair.to.migrateIncoming(over: links[0].destination, multifd: [links[1].destination])
                try pair.from.migrate(over: links[0].source, multifd: [links[1].source])
                #expect(eventually { pair.isOver })
                let (from, to) = (pair.from.queryMigrate(), pair.to.queryMigrate())
                #expect(from.status == .failed && to.status == .failed, "\(byte) \(fault) \(from) \(to)")
                #expect(pair.source.isRunning && !pair.destination.isRunning, "\(byte) \(fault)")
                #expect(pair.source.verifies())
                try Self.second(pair)
            }
        }
    }

    @Test("A channel that stands still can be cancelled, and the guest runs on")
    func stalls() throws {
        let pair = try Self.pair(channels: 1)
        defer { pair.end() }
        let links = try [
            CuttingLink(), CuttingLink(cut: .init(.toDestination, byte: 700_000, .stall)),
        ]
        defer { for link in links { link.finish() } }
        try pair.to.migrateIncoming(over: links[0].destination, multifd: [links[1].destination])
        try pair.from.migrate(over: links[0].source, multifd: [links[1].source])
        #expect(
            eventually {
                pair.from.queryMigrate().errorDescription?.contains("takes no bytes") == true
                    && pair.to.queryMigrate().errorDescription?.contains("the source sends nothing") == true
            })
        try pair.from.cancel()
        #expect(eventually { pair.isOver })
        #expect(pair.from.queryMigrate().status == .cancelled)
        #expect(pair.source.isRunning && pair.source.verifies())
        try Self.second(pair)
    }

    private static func second(_ pair: Pair) throws {
        let fresh = try InMemoryGuest(3, disk: pair.disk, incoming: true, pages: 1500)
        defer { fresh.end() }
        let to = MigrationController(fresh)
        try pair.from.setCapabilities { $0[.multifd] = false }
        let (near, far) = try Channel.pair()
        try to.migrateIncoming(over: far)
        try pair.from.migrate(over: near)
        #expect(eventually { to.queryMigrate().status == .completed }, "\(to.queryMigrate())")
        #expect(fresh.isRunning && fresh.verifies())
        #expect(pair.disk.running.withLock { $0.worst } == 1)
    }

    @Test(
        "Two sides that do not agree about the channels fail with the reason",
        arguments: [
            (1, 2, MultiFDCompression.none, "1 of 2 multifd channels"),
            // Which of the three come first is open.
            (3, 2, .none, ""),
            (2, 2, .zstd, "expected pages packed with none, found with zstd"),
            (0, 2, .none, "0 of 2 multifd channels"),
            (2, 0, .none, "set the capability multifd to the same value on both sides"),
        ])
    func disagree(
        source: UInt8, destination: UInt8, compression: MultiFDCompression, error: String
    ) throws {
        let pair = try Self.pair(timeout: 500)
        defer { pair.end() }
        try pair.from.setCapabilities { $0[.multifd] = source > 0 }
        try pair.to.setCapabilities { $0[.multifd] = destination > 0 }
        try pair.from.updateSettings {
            $0.multifdChannels = max(1, source)
            $0.multifdCompression = compression
        }
        try pair.to.migrateIncoming(from: .unix(path: "/tmp/martlet-mig-\(UInt32.random(in: 0 ... .max))"))
        let bound = try #require(pair.to.queryMigrate().socketAddresses.first)
        try pair.from.migrate(to: bound)
        #expect(eventually { pair.isOver })
        let (from, to) = (pair.from.queryMigrate(), pair.to.queryMigrate())
        #expect(from.status == .failed && to.status == .failed, "\(from) \(to)")
        if destination > 0 { #expect(to.errorDescription?.contains(error) == true, "\(to)") }
        #expect(pair.source.isRunning && pair.source.verifies() && !pair.destination.isRunning)
    }

    /// What a peer's connections begin with.
    struct Lie: Sendable, CustomTestStringConvertible {
        var handshakes: [[UInt8]]
        var error: String
        var testDescription: String { error }
    }

    private static func handshake(_ channel: UInt8, uuid: UInt8 = 0) -> [UInt8] {
        var writer = ByteWriter()
        MultifdHandshake(uuid: Array(repeating: uuid, count: 16), channel: channel).encode(to: &writer)
        return writer.bytes
    }

    @Test(
        "Connections that are no channels of this migration are refused, and none is waited for without end",
        arguments: [
            Lie(handshakes: [handshake(255)], error: "expected a number below 2, found 255"),
            Lie(
                handshakes: [handshake(1), handshake(1)], error: "expected each number once, found a second 1"
            ),
            Lie(
                handshakes: [handshake(0, uuid: 0xAB)],
                error: "expected none, found \(String(repeating: "ab", count: 16))"),
            Lie(
                handshakes: [Array("GET / HTTP/1.1\r\n".utf8)], error: "expected 0x11223344, found 0x47455420"
            ),
            Lie(
                handshakes: [Array("QEVM".utf8), Array("QEVM".utf8)], error: "a second main connection came"),
        ])
    func lies(lie: Lie) throws {
        let pair = try Self.pair(timeout: 300, pages: 64)
        defer { pair.end() }
        let path = "/tmp/martlet-mig-\(UInt32.random(in: 0 ... .max))"
        try pair.to.migrateIncoming(from: .unix(path: path))
        var channels: [Channel] = []
        for bytes in lie.handshakes {
            let channel = try Channel.outgoing(to: .unix(path: path), wake: Wake())
            try channel.write(bytes)
            channels.append(channel)
        }
        #expect(eventually { pair.to.queryMigrate().status == .failed })
        let said = pair.to.queryMigrate().errorDescription ?? ""
        #expect(said.contains(lie.error), "\(said)")
        for channel in channels { channel.shutdown() }
        // The process waits for another try.
        try pair.to.updateSettings { $0.inDoubtTimeout = 60_000 }
        try pair.to.migrateIncoming(from: .unix(path: path))
        try pair.from.migrate(to: .unix(path: path))
        #expect(eventually { pair.isOver })
        #expect(pair.destination.isRunning && pair.destination.verifies(), "\(pair.to.queryMigrate())")
    }

    @Test(
        "Who says nothing, or not enough, keeps nobody out, and goes when its time is over",
        arguments: [[[]], [[0x11]], [Array(handshake(0)[..<63])], Array(repeating: [], count: 100)])
    func strangers(sent: [[UInt8]]) throws {
        for waits in [true, false] {
            let pair = try Self.pair(timeout: waits ? 60_000 : 200, pages: 64)
            defer { pair.end() }
            let path = "/tmp/martlet-mig-\(UInt32.random(in: 0 ... .max))"
            try pair.to.migrateIncoming(from: .unix(path: path))
            let strangers = try sent.map { bytes in
                let channel = try Channel.outgoing(to: .unix(path: path), wake: Wake())
                try channel.write(bytes)
                return channel
            }
            if !waits {
                #expect(
                    eventually {
                        pair.to.queryMigrate().errorDescription
                            == "A connection was refused: it did not say what it is within 200 ms"
                    })
            }
            #expect(pair.to.queryMigrate().status == .setup)
            for side in [pair.from, pair.to] { try side.updateSettings { $0.inDoubtTimeout = 60_000 } }
            try pair.from.migrate(to: .unix(path: path))
            #expect(eventually { pair.isOver })
            #expect(pair.destination.isRunning && pair.destination.verifies(), "\(pair.to.queryMigrate())")
            for stranger in strangers { stranger.shutdown() }
        }
    }

    @Test("Parameters are those of when the source comes, not of when it was waited for")
    func lateParameters() throws {
        let pair = try Self.pair()
        defer { pair.end() }
        let path = "/tmp/martlet-mig-\(UInt32.random(in: 0 ... .max))"
        try pair.to.migrateIncoming(from: .unix(path: path))
        #expect(eventually { pair.to.queryMigrate().status == .setup })
        for side in [pair.from, pair.to] {
            try side.updateSettings {
                $0.multifdChannels = 3
                $0.multifdCompression = .zlib
            }
        }
        try pair.from.migrate(to: .unix(path: path))
        #expect(eventually { pair.isOver })
        #expect(pair.destination.isRunning && Self.hasAll(pair), "\(pair.to.queryMigrate())")
    }

    @Test("An address with one connection is refused before anything else")
    func oneConnection() throws {
        let pair = try Self.pair(pages: 64)
        defer { pair.end() }
        let error = MigrationError("Migration requires multi-channel URIs (e.g. tcp)")
        #expect(throws: error) { try pair.from.migrate(to: .file(path: "/tmp/none", offset: 0)) }
        #expect(throws: error) { try pair.to.migrateIncoming(from: .exec(["/bin/true"])) }
        #expect(pair.from.queryMigrate().status == .none)
    }
}
