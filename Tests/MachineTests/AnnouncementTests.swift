import Bytes
import Glibc
import Migration
import QAPI
import Synchronization
import Testing
import Transport

@testable import Machine

/// After a move the cards of the destination tell the network where they are now.
@Suite("Announcements after a move", .serialized)
struct AnnouncementTests {
    private static let mac: [UInt8] = [0x52, 0x54, 0, 0x12, 0x34, 0x99]

    private func machine(_ port: String, _ extra: [String] = []) throws -> VirtualMachine {
        try VirtualMachine(
            MachineOptions(
                parsing: [
                    "-nodefaults", "-display", "none", "-m", "16M", "-bios", "none",
                    "-netdev", "socket,id=n0,connect=127.0.0.1:\(port)",
                    "-device", "virtio-net-device,netdev=n0,mac=52:54:00:12:34:99",
                ] + extra
            ).configuration)
    }

    private func port(_ listener: Listener) throws -> String {
        guard case .tcp(_, let port, _, _) = try #require(listener.addresses.first) else { return "" }
        return port
    }

    /// Waits at most two minutes.
    private func wait(_ condition: () -> Bool) -> Bool {
        for _ in 0..<120_000 {
            if condition() { return true }
            usleep(1000)
        }
        return false
    }

    @Test("As many RARP frames as announce-rounds says leave the destination's card, and none the source's")
    func announces() throws {
        let (sourceWire, wire) = (
            try Listener(.tcp(host: "127.0.0.1", port: "0", to: nil)),
            try Listener(.tcp(host: "127.0.0.1", port: "0", to: nil))
        )
        let here = try machine(port(sourceWire))
        let there = try machine(port(wire), ["-incoming", "defer"])
        defer {
            here.shutdown(byGuest: false, reason: .hostQmpQuit)
            there.shutdown(byGuest: false, reason: .hostQmpQuit)
        }
        let (from, to) = (MigrationController(here), MigrationController(there))
        try to.updateSettings {
            $0.announceRounds = 3
            $0.announceInitial = 1
            $0.announceStep = 1
        }
        let (near, far) = try Channel.pair()
        try to.migrateIncoming(over: far)
        try from.migrate(over: near)
        #expect(wait { to.queryMigrate().status == .completed }, "\(to.queryMigrate())")

        let cable = try wire.accept()
        cable.setReadPatience(milliseconds: 120_000)
        let frames = InputBuffer(cable)
        for _ in 0..<3 {
            // `-netdev socket`: each frame behind its length.
            let length = try frames.uint32()
            #expect(length == 60)
            let frame = try frames.bytes(Int(length))
            #expect(Array(frame[0..<6]) == [UInt8](repeating: 0xff, count: 6))
            #expect(Array(frame[6..<12]) == Self.mac)
            // RARP, a reverse request, for the card's own address (RFC 903).
            #expect(Array(frame[12..<22]) == [0x80, 0x35, 0, 1, 8, 0, 6, 4, 0, 3])
            #expect(Array(frame[22..<28]) == Self.mac && Array(frame[32..<38]) == Self.mac)
        }
        cable.setReadPatience(milliseconds: 100)
        #expect(throws: ByteError.self) { _ = try frames.uint8() }
        let sourceCable = try sourceWire.accept()
        sourceCable.setReadPatience(milliseconds: 1)
        #expect(throws: ByteError.self) { _ = try InputBuffer(sourceCable).uint8() }
    }

    @Test("announce-self of a name takes the place of the one before; without rounds it only ends that")
    func named() {
        let announcer = Announcer()
        let counts = Mutex<[String: Int]>([:])
        func begin(_ id: String, rounds: Int64) {
            announcer.begin(AnnounceParameters(initial: 1000, max: 1000, rounds: rounds, step: 1, id: id)) {
                counts.withLock { $0[id, default: 0] += 1 }
            }
        }
        begin("ended", rounds: 5)
        begin("ended", rounds: 0)
        begin("again", rounds: 2)
        begin("again", rounds: 2)
        begin("other", rounds: 2)
        #expect(wait { counts.withLock { $0["other"] == 2 && $0["again"] == 3 } })
        usleep(200_000)
        #expect(counts.withLock { $0 } == ["ended": 1, "again": 3, "other": 2])
    }

    @Test("announce-self sends as many as it is asked for, on the cards that are named")
    func command() async throws {
        let wire = try Listener(.tcp(host: "127.0.0.1", port: "0", to: nil))
        let machine = try machine(port(wire))
        defer { machine.shutdown(byGuest: false, reason: .hostQmpQuit) }
        let commands = MachineCommands(machine, controller: MigrationController(machine))
        let cable = try wire.accept()
        cable.setReadPatience(milliseconds: 120_000)
        let frames = InputBuffer(cable)
        func begin(rounds: Int64, interfaces: [String]?) async throws {
            try await commands.announceSelf(
                AnnounceParameters(initial: 1, max: 10, rounds: rounds, step: 1, interfaces: interfaces))
        }
        try await begin(rounds: 3, interfaces: ["other"])
        try await begin(rounds: 0, interfaces: nil)
        try await begin(rounds: 2, interfaces: ["n0"])
        for _ in 0..<2 {
            let length = try frames.uint32()
            let frame = try frames.bytes(Int(length))
            #expect(Array(frame[12..<14]) == [0x80, 0x35])
        }
        cable.setReadPatience(milliseconds: 100)
        #expect(throws: ByteError.self) { _ = try frames.uint8() }
    }
}
