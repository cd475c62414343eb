import Devices
import Files
import Glibc
import Migration
import QAPI
import Synchronization
import Testing
import Transport

@testable import Machine

/// Descriptors for the whole process, connections that are broken on demand, jobs, and the harts' threads.
@Suite("Descriptors, yank, jobs, threads", .serialized)
struct RescueCommandTests {
    /// A client that has passed descriptors.
    private final class Client: PassedDescriptors {
        private let arrived: Mutex<[Int32]>
        init(_ arrived: [Int32]) { self.arrived = Mutex(arrived) }
        func take(_ name: String) throws(QAPIError) -> Int32 { throw .descriptorNotFound(name) }
        func takeArrived() throws(QAPIError) -> Int32 {
            let first = arrived.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            guard let first else { throw .noDescriptor }
            return first
        }
    }

    private func pipe() throws -> (reader: Int32, writer: Int32) {
        var ends: [Int32] = [-1, -1]
        try #require(unsafe Glibc.pipe(&ends) == 0)
        return (ends[0], ends[1])
    }

    private func socketPath() -> String { "/tmp/martlet-rescue-\(getpid())-\(UInt32.random(in: 0...(.max)))" }

    @Test("no job can be found")
    func jobs() async throws {
        let commands = try MachineCommands.stopped()
        defer { commands.machine.shutdown(byGuest: false, reason: .hostQmpQuit) }
        for name in CommandName.allCases where name.rawValue.hasPrefix("job-") {
            await #expect(throws: QAPIError.generic("Job not found")) {
                try await name.run(["id": "x"], by: commands, descriptors: NoDescriptors())
            }
        }
        #expect(try await commands.queryJobs() == [])
    }

    @Test("a descriptor in a set stands for a file, and what opened it keeps it")
    func sets() async throws {
        let (reader, writer) = try pipe()
        let client = Client([writer])
        let first = try MachineCommands.stopped()
        let set = try await first.addFd(.init(opaque: "log"), descriptors: client)
        #expect(set.fd == Int64(writer))
        await #expect(throws: QAPIError.noDescriptor) { try await first.addFd(.init(), descriptors: client) }
        let listed = try await first.queryFdsets()
        #expect(
            listed.contains(.init(fdsetId: set.fdsetId, fds: [.init(fd: Int64(writer), opaque: "log")])))
        first.machine.shutdown(byGuest: false, reason: .hostQmpQuit)

        let second = try MachineCommands.stopped(["-serial", "file:/dev/fdset/\(set.fdsetId)"])
        try await second.removeFd(.init(fdsetId: set.fdsetId, fd: set.fd))
        for (set, fd, name) in [
            (set.fdsetId, Int64?.none, "fdset-id:\(set.fdsetId)"), (77, 5, "fdset-id:77, fd:5"),
            (-1, nil, "fdset-id:-1"), (.max, .max, "fdset-id:\(Int64.max), fd:\(Int64.max)"),
        ] {
            await #expect(throws: QAPIError.generic("File descriptor named '\(name)' not found")) {
                try await second.removeFd(.init(fdsetId: set, fd: fd))
            }
        }
        second.machine.board.characters.first?.backend.send(Array("x".utf8))
        second.machine.shutdown(byGuest: false, reason: .hostQmpQuit)
        var byte: UInt8 = 0
        #expect(unsafe read(reader, &byte, 1) == 1 && byte == 0x78)
        #expect(unsafe read(reader, &byte, 1) == 0)
        close(reader)
    }

    @Test("a set's number is not negative, and a descriptor that is refused is closed")
    func badNumber() async throws {
        let (reader, writer) = try pipe()
        let commands = try MachineCommands.stopped()
        defer { commands.machine.shutdown(byGuest: false, reason: .hostQmpQuit) }
        await #expect(throws: QAPIError.generic("Parameter 'fdset-id' expects a non-negative value")) {
            try await commands.addFd(.init(fdsetId: -1), descriptors: Client([writer]))
        }
        var byte: UInt8 = 0
        #expect(unsafe read(reader, &byte, 1) == 0)
        close(reader)
    }

    @Test("-add-fd names an open descriptor, and the set it goes to")
    func option() throws {
        let (reader, writer) = try pipe()
        let configuration = try MachineOptions(parsing: [
            "-add-fd", "fd=\(writer),set=4711,opaque=a b", "-add-fd", "fd=\(writer),set=4712",
        ]).configuration
        #expect(configuration.passedDescriptors.first == .init(number: writer, set: 4711, note: "a b"))
        try configuration.takeDescriptors()
        let sets = DescriptorSets.shared.all.filter { [4711, 4712].contains($0.number) }
        #expect(sets.map(\.members.count) == [1, 1] && sets.first?.members.first?.note == "a b")
        for set in sets { #expect(DescriptorSets.shared.remove(nil, from: set.number)) }
        var byte: UInt8 = 0
        #expect(unsafe read(reader, &byte, 1) == 0)
        close(reader)
        #expect(throws: OptionError("-add-fd", "'fd=9999' is not open, or already in use")) {
            try MachineOptions(parsing: ["-add-fd", "fd=9999,set=1"]).configuration.takeDescriptors()
        }
        for (text, reason) in [
            ("set=1", "'fd=' has to be an open descriptor above standard error's"),
            ("fd=2,set=1", "'fd=' has to be an open descriptor above standard error's"),
            ("fd=9", "'set=' has to be the number of a set"),
        ] {
            #expect(throws: OptionError("-add-fd", reason)) {
                try MachineOptions(parsing: ["-add-fd", text])
            }
        }
    }

    @Test("yank breaks a connection that is there, and none when one of those that are asked for is not")
    func yank() async throws {
        let path = socketPath()
        let commands = try MachineCommands.stopped(["-serial", "unix:\(path),server=on,wait=off"])
        defer { commands.machine.shutdown(byGuest: false, reason: .hostQmpQuit) }
        #expect(try await commands.queryYank() == [.chardev(.init(id: "serial0"))])
        try await commands.yank(.init(instances: []))
        let peer = try Channel.outgoing(to: .unix(path: path), wake: Wake())
        // The connection stands once it is taken: what is sent then comes.
        let backend = try #require(commands.machine.board.characters.first?.backend)
        backend.send(Array("x".utf8))
        for missing: YankInstance in [
            .migration, .blockNode(.init(nodeName: "x")), .chardev(.init(id: "x")),
        ] {
            await #expect(throws: QAPIError(.deviceNotFound, "Instance not found")) {
                try await commands.yank(.init(instances: [.chardev(.init(id: "serial0")), missing]))
            }
        }
        try await commands.yank(.init(instances: [.chardev(.init(id: "serial0"))]))
        var bytes = [UInt8](repeating: 0, count: 8)
        let counts = try (0..<2).map { _ in
            try unsafe bytes.withUnsafeMutableBytes { unsafe try peer.read(into: $0) }
        }
        #expect(counts == [1, 0] && bytes[0] == 0x78)
    }

    @Test("a migration can be yanked while it is under way")
    func yankMigration() async throws {
        let commands = try MachineCommands.stopped(["-incoming", "defer"])
        defer { commands.machine.shutdown(byGuest: false, reason: .hostQmpQuit) }
        #expect(try await commands.queryYank() == [])
        let (near, far) = try Channel.pair()
        try commands.controller.migrateIncoming(over: far)
        #expect(try await commands.queryYank() == [.migration])
        // Before that there is no connection yet.
        for _ in 0..<12_000 where try await commands.queryMigrate().status != .active {
            try await Task.sleep(for: .milliseconds(10))
        }
        try await commands.yank(.init(instances: [.migration]))
        for _ in 0..<12_000 where try await commands.queryYank() != [] {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(try await commands.queryMigrate().status == .failed)
        #expect(try await commands.queryYank() == [])
        near.close()
    }

    @Test("harts have their threads before the guest runs, and keep them")
    func threads() async throws {
        let commands = try MachineCommands.stopped(["-smp", "2", "-S"])
        defer { commands.machine.shutdown(byGuest: false, reason: .hostQmpQuit) }
        commands.machine.startHarts()
        let before = try await commands.queryCpusFast().map(\.threadId)
        #expect(Set(before).count == 2)
        for id in before { #expect(unsafe access("/proc/self/task/\(id)/comm", F_OK) == 0) }
        commands.machine.startHarts()
        try await commands.systemReset()
        try await commands.cont()
        try await commands.stop()
        #expect(try await commands.queryCpusFast().map(\.threadId) == before)
    }
}
