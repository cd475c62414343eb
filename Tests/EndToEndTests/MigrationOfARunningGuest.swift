import Foundation
import Testing

private let quick = "set=8M rate=8M beat=5"

/// Two processes, a guest that checks itself, and the stream between them. Left out where no program was built.
@Suite(
    .serialized, .enabled(if: Program.martlet != nil, "MARTLET_BINARY names no program")
)
struct MigrationOfARunningGuest {
    let program: Program
    let workplace: Workplace

    init() throws {
        program = try #require(Program.martlet)
        workplace = try Workplace()
    }

    private func start(_ name: String, _ words: String = quick, _ more: [String] = []) throws -> VMM {
        try VMM(program, name, in: workplace, demoGuest(words) + more)
    }

    private func startSource(_ words: String = quick) throws -> VMM {
        let source = try start("source", words)
        _ = try source.serial.wait(for: "demo ready")
        _ = try source.nextBeat()
        return source
    }

    @Test("The guest boots and finds its memory in order")
    func boots() throws {
        let source = try startSource()
        #expect(try source.verdict().hasPrefix("verdict ok"))
        #expect(try source.status() == "running")
    }

    @Test("A guest moves while it works and notices nothing", arguments: ["unix", "tcp"])
    func moves(transport: String) throws {
        try moves(at: transport == "unix" ? "unix:\(workplace.path)/move" : "tcp:127.0.0.1:\(try freePort())")
    }

    @Test(
        "A guest moves over vsock",
        .enabled(if: freeVsockPort() != nil, "vsock has no loopback here (module vsock_loopback)"))
    func movesOverVsock() throws {
        let port = try #require(freeVsockPort())
        try moves(at: "vsock:1:\(port)")
    }

    private func moves(at uri: String) throws {
        let source = try startSource()
        let destination = try start("destination", quick, ["-incoming", uri])
        let info = try source.migrate(to: uri)
        #expect(info["status"] as? String == "completed", "\(info)")
        _ = try destination.nextBeat()
        let beats = destination.beats(before: source)
        #expect(beats == Array(1...beats.count), "a beat was lost or came twice")
        #expect(try source.status() == "postmigrate")
        #expect(try destination.status() == "running")
        #expect(try destination.verdict().hasPrefix("verdict ok"))
        _ = try source.qmp.waitForEvent("STOP")
        _ = try destination.qmp.waitForEvent("RESUME")
    }

    @Test("A guest goes back and forth")
    func backAndForth() throws {
        var here = try startSource()
        var last = 0
        for turn in 1...6 {
            let uri = "unix:\(workplace.path)/move\(turn)"
            let there = try start("turn\(turn)", quick, ["-incoming", uri])
            let info = try here.migrate(to: uri)
            try #require(info["status"] as? String == "completed", "turn \(turn): \(info)")
            let beat = try there.nextBeat()
            #expect(beat > last)
            last = beat
            here.end()
            here = there
        }
        #expect(try here.verdict().hasPrefix("verdict ok"))
    }

    @Test("With nobody listening the guest stays, and the next attempt succeeds")
    func nobodyListens() throws {
        let source = try startSource()
        var refused = ""
        do {
            let info = try source.migrate(to: "unix:\(workplace.path)/nobody")
            #expect(info["status"] as? String == "failed")
            refused = info["error-desc"] as? String ?? "failed"
        } catch let error as QMPError {
            refused = error.text
        }
        #expect(!refused.isEmpty)
        try expectRunsOn(source)
        try expectSecondAttempt(source)
    }

    @Test("The destination dies on the way: the guest stays, and the next attempt succeeds")
    func destinationDies() throws {
        let source = try startSource("set=24M rate=8M beat=5")
        try source.qmp.call("migrate-set-parameters", ["max-bandwidth": 8 << 20])
        let uri = "unix:\(workplace.path)/move"
        let destination = try start("destination", quick, ["-incoming", uri])
        try source.qmp.call("migrate", ["uri": uri])
        usleep(500_000)
        destination.end()
        let info = try source.migrationEnd()
        #expect(info["status"] as? String == "failed")
        try expectRunsOn(source)
        try source.qmp.call("migrate-set-parameters", ["max-bandwidth": 1 << 30])
        try expectSecondAttempt(source)
    }

    @Test("The source dies on the way: the destination never runs half a guest")
    func sourceDies() throws {
        let source = try startSource("set=24M rate=8M beat=5")
        try source.qmp.call("migrate-set-parameters", ["max-bandwidth": 8 << 20])
        let uri = "unix:\(workplace.path)/move"
        let destination = try start("destination", quick, ["-incoming", uri])
        try source.qmp.call("migrate", ["uri": uri])
        usleep(500_000)
        source.end()
        usleep(500_000)
        #expect(destination.serial.count == 0)
        if destination.isRunning { #expect((try? destination.status()) != "running") }
    }

    @Test("A migration that is cancelled leaves the guest running, and the next attempt succeeds")
    func cancels() throws {
        let source = try startSource("set=24M rate=8M beat=5")
        try source.qmp.call("migrate-set-parameters", ["max-bandwidth": 8 << 20])
        let uri = "unix:\(workplace.path)/move"
        let destination = try start("destination", quick, ["-incoming", uri])
        try source.qmp.call("migrate", ["uri": uri])
        usleep(300_000)
        try source.qmp.call("migrate_cancel")
        let info = try source.migrationEnd()
        #expect(info["status"] as? String == "cancelled")
        destination.end()
        try expectRunsOn(source)
        try source.qmp.call("migrate-set-parameters", ["max-bandwidth": 1 << 30])
        try expectSecondAttempt(source)
    }

    @Test(
        "A connection cut during the memory leaves the guest at the source",
        arguments: [1, 300, 70_000, 3_000_000])
    func cut(after bytes: Int) throws {
        let source = try startSource()
        let destination = try start("destination", quick, ["-incoming", "unix:\(workplace.path)/far"])
        let proxy = try CuttingProxy(
            listenAt: "\(workplace.path)/near", target: "\(workplace.path)/far", limit: bytes)
        let info = try source.migrate(to: "unix:\(workplace.path)/near")
        #expect(info["status"] as? String == "failed", "after \(proxy.bytesForwarded) bytes: \(info)")
        usleep(200_000)
        #expect(destination.serial.count == 0)
        destination.end()
        try expectRunsOn(source)
        try expectSecondAttempt(source)
    }

    private func expectRunsOn(_ source: VMM) throws {
        #expect(try source.status() == "running")
        let before = try source.nextBeat()
        #expect(try source.nextBeat() > before)
        #expect(try source.verdict().hasPrefix("verdict ok"))
    }

    private func expectSecondAttempt(_ source: VMM) throws {
        let uri = "unix:\(workplace.path)/again"
        let destination = try start("again", quick, ["-incoming", uri])
        let info = try source.migrate(to: uri)
        #expect(info["status"] as? String == "completed", "\(info)")
        _ = try destination.nextBeat()
        #expect(try destination.verdict().hasPrefix("verdict ok"))
    }
}

/// A TCP port of the loopback interface that nobody uses at this moment.
func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let done = unsafe withUnsafeMutablePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
            unsafe bind(descriptor, generic, length) == 0 && getsockname(descriptor, generic, &length) == 0
        }
    }
    guard done else { throw Failure("no free port") }
    return UInt16(bigEndian: address.sin_port)
}

/// A port of vsock's loopback (CID 1) that nobody uses at this moment; nil where there is none.
func freeVsockPort() -> UInt32? {
    let descriptor = socket(AF_VSOCK, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    // struct sockaddr_vm of Linux: family and two unused bytes, port (any), CID, four unused bytes.
    var address: (UInt32, UInt32, UInt32, UInt32) = (UInt32(AF_VSOCK), .max, 1, 0)
    var length = socklen_t(16)
    let done = unsafe withUnsafeMutablePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
            unsafe bind(descriptor, generic, length) == 0 && getsockname(descriptor, generic, &length) == 0
        }
    }
    return done ? address.1 : nil
}
