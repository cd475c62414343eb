import Bytes
import GuestMemory
import Migration
import MigrationStream
import Synchronization
import Testing
import Threads
import Transport
import VMState

/// A peer that does not keep to the rules, or says nothing at all: the guest stays whole, where it is, and each wait
/// can be ended.
@Suite(.serialized) struct HostilePeerTests {
    // MARK: A destination

    /// Reads what the source sends, without end, and answers PINGs as told.
    private final class Destination: Sendable {
        let channel: Channel
        /// What to say to the PING of this value.
        private let answers: [UInt32: [ReturnPathMessage]]

        /// - Parameter first: what is said before anything was heard.
        init(_ channel: Channel, first: [UInt8] = [], answers: [UInt32: [ReturnPathMessage]] = [:]) {
            self.channel = channel
            self.answers = answers
            _ = OSThread("hostile") { [self] in
                try? channel.write(first)
                readOn()
            }
        }

        private func readOn() {
            let input = InputBuffer(channel)
            let ping: [UInt8] = [8, 0, 2, 0, 4]
            while true {
                do {
                    let window = try input.peek(9)
                    guard window.count == 9 else { return }
                    guard window.starts(with: ping) else {
                        try input.skip(UInt64(window.dropFirst().firstIndex(of: ping[0]) ?? window.count))
                        continue
                    }
                    try input.skip(5)
                    var writer = ByteWriter()
                    for message in answers[try input.uint32()] ?? [] { message.encode(to: &writer) }
                    if writer.count > 0 { try channel.write(writer.bytes) }
                } catch {
                    return
                }
            }
        }
    }

    private static func bytes(_ messages: [ReturnPathMessage]) -> [UInt8] {
        var writer = ByteWriter()
        for message in messages { message.encode(to: &writer) }
        return writer.bytes
    }

    private struct Source {
        let guest: InMemoryGuest
        let control: MigrationController
        let peer: Channel

        init(timeout: Int = 60_000, returnPath: Bool = true, filledPages: Int = 0) throws {
            guest = try InMemoryGuest(1, disk: SharedDisk(), incoming: false, pages: max(64, filledPages))
            // More than a socket has room for, before the first pass: pages that nobody touched are not worth a copy.
            for page in 0..<filledPages { guest.memory.store(UInt64.max, at: UInt64(page * 4096 + 8)) }
            control = MigrationController(guest)
            let (near, far) = try Channel.pair()
            peer = far
            try control.setCapabilities { $0.returnPath = returnPath }
            try control.updateSettings { $0.inDoubtTimeout = timeout }
            try control.migrate(over: near)
        }

        var report: MigrationReport { control.queryMigrate() }
        var isOver: Bool { !report.status.isUnderWay }
    }

    private static let martlet = MartletHandshake.answer([.handOver, .reason])

    @Test(
        "What a destination says out of turn, in a wrong form or without end leaves the guest at the source",
        arguments: [
            (bytes([.pong(MartletHandshake.go)]), "answered a PING that was not sent"),
            (bytes([.pong(MartletHandshake.prepared)]), "answered a PING that was not sent"),
            (bytes(Array(repeating: .pong(7), count: 100_000)), "answered a PING that was not sent"),
            (bytes([.pong(martlet), .pong(martlet)]), "answered a PING that was not sent"),
            (bytes(Array(repeating: .switchoverAcknowledged, count: 100_000)), "belongs to no capability"),
            (bytes([.requestPages(block: "ram", start: 0, length: 4096)]), "belongs to no capability"),
            (bytes([.receivedBitmap(block: "ram")]), "belongs to no capability"),
            (bytes([.shut(0)]), "ended the return path too early"),
            (bytes([.shut(7)]), "The destination failed"),
            (bytes([.failure("no room"), .shut(1)]), "The destination failed: no room"),
            ([0, 2, 0xff, 0xff], "expected a payload of at most 512 bytes"),
            ([UInt8](repeating: 0xff, count: 65536), "expected a message of 1 to 7"),
        ] as [([UInt8], String)])
    func outOfTurn(said: [UInt8], error: String) throws {
        let source = try Source()
        defer { source.guest.end() }
        let destination = Destination(source.peer, first: said)
        defer { destination.channel.shutdown() }
        #expect(eventually { source.isOver })
        #expect(source.report.status == .failed)
        #expect(source.report.errorDescription?.contains(error) == true, "\(source.report)")
        #expect(source.guest.isRunning && source.guest.verifies())
    }

    @Test("The guest is not stopped for a destination that reads all and says nothing; cancel ends the wait")
    func silent() throws {
        let source = try Source()
        defer { source.guest.end() }
        let destination = Destination(source.peer)
        defer { destination.channel.shutdown() }
        #expect(
            eventually {
                source.report.errorDescription?.contains("does not answer over the return path") == true
            })
        #expect(source.guest.isRunning)
        try source.control.cancel()
        #expect(eventually { source.isOver })
        #expect(source.report.status == .cancelled && source.guest.isRunning)
    }

    @Test("A destination that does not answer in time is given up while the guest runs")
    func noAnswer() throws {
        let source = try Source(timeout: 100)
        defer { source.guest.end() }
        let destination = Destination(source.peer)
        defer { destination.channel.shutdown() }
        #expect(eventually { source.isOver })
        #expect(source.report.errorDescription == "The destination does not answer over the return path")
        #expect(source.guest.isRunning && source.guest.verifies())
    }

    @Test(
        "Cancel and the end of the process work while a destination takes no bytes", arguments: [false, true])
    func takesNoBytes(quits: Bool) throws {
        let source = try Source(returnPath: false, filledPages: 4096)
        defer { source.guest.end() }
        #expect(eventually { source.report.status == .active })
        _ = Wake().sleep(milliseconds: 50)
        #expect(!source.isOver)
        if quits { source.control.shutDown() } else { try source.control.cancel() }
        #expect(eventually { source.isOver })
        #expect(source.report.status == .cancelled && source.guest.isRunning)
        source.peer.shutdown()
    }

    @Test(
        "A Martlet that is never prepared: cancel, or the time's end, gives the guest back",
        arguments: [true, false])
    func neverPrepared(cancels: Bool) throws {
        let source = try Source(timeout: cancels ? 60_000 : 200)
        defer { source.guest.end() }
        let destination = Destination(
            source.peer, answers: [MartletHandshake.pingValue: [.pong(Self.martlet)]])
        defer { destination.channel.shutdown() }
        if cancels {
            #expect(eventually { !source.guest.isRunning })
            try source.control.cancel()
        }
        #expect(eventually { source.isOver && source.guest.isRunning })
        #expect(source.report.status == (cancels ? .cancelled : .failed))
        #expect(source.guest.verifies())
    }

    @Test("A destination that takes back its word: the guest that was handed over returns")
    func takesBack() throws {
        let source = try Source()
        defer { source.guest.end() }
        let destination = Destination(
            source.peer,
            answers: [
                MartletHandshake.pingValue: [.pong(Self.martlet)],
                MartletHandshake.prepared: [.pong(MartletHandshake.prepared)],
                MartletHandshake.go: [.failure("no disk"), .shut(1)],
            ])
        defer { destination.channel.shutdown() }
        #expect(eventually { source.isOver })
        #expect(source.report.errorDescription == "The destination failed: no disk")
        #expect(source.guest.isRunning && source.guest.verifies())
    }

    // MARK: A source

    /// A stream up to the memory's list, then what the test adds.
    private static func stream(
        blocks: [(String, UInt64)] = [("ram", 64 * 4096)], returnPath: Bool = false, _ rest: [UInt8]
    ) -> [UInt8] {
        var writer = ByteWriter()
        StreamConfiguration(machine: "virt").encode(to: &writer)
        if returnPath { StreamCommand.openReturnPath.encode(to: &writer) }
        let ram = SectionHeader(kind: .start, id: 2, name: RAMSection.name, version: RAMSection.version)
        ram.encode(to: &writer)
        RAMBlockList(blocks.map { .init(name: $0.0, length: $0.1) }).encode(to: &writer)
        ram.encodeFooter(to: &writer)
        writer.append(rest)
        return writer.bytes
    }

    private static func ping(_ value: UInt32) -> [UInt8] {
        var writer = ByteWriter()
        StreamCommand.ping(value).encode(to: &writer)
        return writer.bytes
    }

    /// END of the memory, without a page.
    private static let ramEnd: [UInt8] = [3, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0x10, 0x7e, 0, 0, 0, 2]

    @Test(
        "A stream that ends too early, lies about lengths or wants the hand-over first does not start the guest",
        arguments: [
            (stream([0]), "expected the last part of the memory, found the end of the stream"),
            (stream(ramEnd + [0]), "expected a section for each device here, found the end"),
            (stream(blocks: [("ram", .max << 12)], []), "expected 262144 bytes"),
            (stream(blocks: [("ram", 1 << 62)], []), "expected 262144 bytes"),
            (stream(blocks: [("rom", 4096)], []), "blocks that the machine here has"),
            (stream(returnPath: true, ping(MartletHandshake.prepared)), "stream before the hand-over"),
            (stream(returnPath: true, ping(MartletHandshake.go)), "stream before the hand-over"),
            (stream(ping(1)), "OPEN_RETURN_PATH before PING"),
            // A page beyond the block; a section with the longest name and nothing behind it.
            (
                stream([2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0x08, 3] + Array("ram".utf8)),
                "expected an offset below"
            ),
            (stream([4, 0, 0, 0, 9, 0xff] + [UInt8](repeating: 0x61, count: 263)), "aaaa"),
        ] as [([UInt8], String)])
    func liesOfASource(stream: [UInt8], error: String) throws {
        let guest = try InMemoryGuest(2, disk: SharedDisk(), incoming: true)
        defer { guest.end() }
        let control = MigrationController(guest)
        try control.updateSettings { $0.inDoubtTimeout = 100 }
        let (near, far) = try Channel.pair()
        try control.migrateIncoming(over: near)
        try far.write(stream)
        #expect(eventually { control.queryMigrate().status == .failed })
        #expect(
            control.queryMigrate().errorDescription?.contains(error) == true, "\(control.queryMigrate())")
        #expect(!guest.isRunning && guest.runState == .inmigrate)
        // The source hears of it, whether it asked to or not.
        let said = InputBuffer(far)
        var last: ReturnPathMessage?
        while let message = try ReturnPathMessage.decode(from: said) { last = message }
        #expect(last == .shut(1))
    }

    @Test(
        "A source that stalls, or asks without end and never listens, is ended with the process",
        arguments: [0, 1])
    func stallingSource(kind: Int) throws {
        let guest = try InMemoryGuest(2, disk: SharedDisk(), incoming: true)
        defer { guest.end() }
        let control = MigrationController(guest)
        let (near, far) = try Channel.pair()
        try control.migrateIncoming(over: near)
        let writer = OSThread("hostile") {
            try? far.write(Self.stream(returnPath: true, []))
            guard kind == 1 else { return }
            let pings = (0..<1000).flatMap { _ in Self.ping(5) }
            while true {
                do { try far.write(pings) } catch { return }
            }
        }
        #expect(eventually { control.queryMigrate().status == .active })
        _ = Wake().sleep(milliseconds: 50)
        #expect(control.queryMigrate().status == .active)
        control.shutDown()
        #expect(eventually { control.queryMigrate().status == .failed })
        #expect(!guest.isRunning)
        far.shutdown()
        writer.join()
    }
}
