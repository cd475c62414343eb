import Glibc
import GuestMemory
import Migration
import QAPI
import Synchronization
import Testing
import Transport

/// Memory in a file that both sides map (capability `x-ignore-shared`), and a guest that waits in files for a restart
/// of its host (mode `cpr-reboot`).
@Suite(.serialized) struct SharedMemoryTests {
    private let disk = SharedDisk()
    private let path = "/tmp/martlet-ram-\(getpid())-\(UInt32.random(in: 0...(.max)))"
    private var file: RAMBacking { .file(path: path, isShared: true) }

    private func guest(_ number: Int, incoming: Bool, _ backing: RAMBacking) throws -> InMemoryGuest {
        try InMemoryGuest(number, disk: disk, incoming: incoming, pages: 600, backing: backing)
    }

    private func controller(
        _ guest: InMemoryGuest, _ events: @escaping @Sendable (MigrationEvent) -> Void = { _ in }
    ) throws -> MigrationController {
        let controller = MigrationController(guest, sink: events)
        try controller.setCapabilities { $0[.xIgnoreShared] = true }
        return controller
    }

    @Test("Memory in a file that both sides map is not sent, whoever listens", arguments: [true, false])
    func kept(returnPath: Bool) throws {
        defer { unsafe unlink(path) }
        let source = try guest(1, incoming: false, file)
        let destination = try guest(2, incoming: true, file)
        defer { for guest in [source, destination] { guest.end() } }
        let (from, to) = (try controller(source), try controller(destination))
        for side in [from, to] { try side.setCapabilities { $0.returnPath = returnPath } }
        #expect(eventually { source.counter > 1000 })
        let (near, far) = try Channel.pair()
        try to.migrateIncoming(over: far)
        try from.migrate(over: near)
        #expect(
            eventually { to.queryMigrate().status == .completed && !from.queryMigrate().status.isUnderWay })
        let report = from.queryMigrate()
        #expect(report.status == .completed, "\(report)")
        #expect(report.ram?.total == 0 && report.ram?.normal == 0)
        #expect((report.ram?.transferred ?? 0) < 8192)
        #expect(destination.isRunning && destination.verifies() && destination.counter > 1000)
    }

    @Test(
        "Sides that are not the same in this are told apart, and the memory stays as it is",
        arguments: [
            (true, true, true, "capability 'x-ignore-shared' on"),
            (false, true, false, "expected pages of block 'ram', found none"),
            (false, false, true, "expected no page of 'ram', which is in a shared file"),
        ])
    func mismatch(differs: Bool, here: Bool, there: Bool, text: String) throws {
        defer { unsafe unlink(path) }
        let source = try guest(1, incoming: false, here ? file : .anonymous)
        let destination = try guest(2, incoming: true, there ? file : .anonymous)
        defer { for guest in [source, destination] { guest.end() } }
        let (from, to) = (try controller(source), try controller(destination))
        for side in [from, to] { try side.setCapabilities { $0.returnPath = true } }
        // The source without it: a destination with it must not empty the file.
        if differs { try from.setCapabilities { $0[.xIgnoreShared] = false } }
        #expect(eventually { source.counter > 1000 })
        let (near, far) = try Channel.pair()
        try to.migrateIncoming(over: far)
        try from.migrate(over: near)
        #expect(eventually { !from.queryMigrate().status.isUnderWay && to.queryMigrate().status == .failed })
        #expect(from.queryMigrate().status == .failed)
        let said = to.queryMigrate().errorDescription ?? ""
        #expect(said.contains(text), "\(said)")
        #expect(source.isRunning && source.verifies() && !destination.isRunning)
    }

    @Test("Without the capability, memory that another process uses is not emptied")
    func forgotten() throws {
        defer { unsafe unlink(path) }
        let source = try guest(1, incoming: false, file)
        let destination = try guest(2, incoming: true, file)
        defer { for guest in [source, destination] { guest.end() } }
        let (from, to) = (MigrationController(source), MigrationController(destination))
        #expect(eventually { source.counter > 1000 })
        let (near, far) = try Channel.pair()
        try to.migrateIncoming(over: far)
        try from.migrate(over: near)
        #expect(eventually { !from.queryMigrate().status.isUnderWay && to.queryMigrate().status == .failed })
        let text = "RAM block 'ram' is in a file that another process uses"
        #expect(to.queryMigrate().errorDescription?.hasPrefix(text) == true, "\(to.queryMigrate())")
        #expect(source.isRunning && source.verifies())
    }

    @Test("Of a private file, no byte is seen again where the stream says zeros")
    func privateFile() throws {
        defer { unsafe unlink(path) }
        let (pages, filled) = (4096, 1100)
        let old = [UInt8](repeating: 0xEE, count: pages * 4096)
        let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
        #expect(unsafe write(descriptor, old, old.count) == old.count)
        close(descriptor)
        let source = try InMemoryGuest(1, disk: disk, incoming: false, pages: pages, pace: 1)
        let destination = try InMemoryGuest(
            2, disk: disk, incoming: true, pages: pages, backing: .file(path: path, isShared: false))
        defer { for guest in [source, destination] { guest.end() } }
        for page in 0..<filled { source.memory.store(UInt64.max, at: UInt64(page * 4096 + 2048)) }
        let (from, to) = (MigrationController(source), MigrationController(destination))
        let (near, far) = try Channel.pair()
        try to.migrateIncoming(over: far)
        try from.migrate(over: near)
        #expect(eventually { to.queryMigrate().status == .completed })
        let found = (0..<pages).filter { page in
            let expected = page < filled ? UInt64.max : 0
            return destination.memory.load(UInt64.self, at: UInt64(page * 4096 + 2048)) != expected
        }
        #expect(found.isEmpty, "pages \(found.prefix(5)) of \(found.count)")
    }

    @Test("A guest waits in files: its memory in one, all else in another")
    func reboot() throws {
        let stream = path + ".stream"
        defer { for name in [path, stream] { unsafe unlink(name) } }
        let events = Mutex<[String]>([])
        let source = try guest(1, incoming: false, file)
        let from = try controller(source) { event in
            let isRunning = source.isRunning
            events.withLock {
                switch event {
                case .status(let phase): $0.append("\(phase.rawValue)\(isRunning ? "" : " stopped")")
                case .pass: $0.append("pass\(isRunning ? "" : " stopped")")
                case .failed(let text): $0.append(text)
                }
            }
        }
        try from.setCapabilities { $0.events = true }
        try from.updateSettings { $0.mode = .cprReboot }
        #expect(eventually { source.counter > 1000 })
        try from.migrate(to: .file(path: stream, offset: 0))
        #expect(eventually { !from.queryMigrate().status.isUnderWay })
        #expect(from.queryMigrate().status == .completed, "\(from.queryMigrate())")
        #expect(from.queryMigrate().ram?.precopyBytes == 0)
        // It stands from the beginning: nothing of it could be written twice.
        let told = events.withLock { $0 }
        #expect(told.first == "setup" && told.last == "completed stopped", "\(told)")
        #expect(told.dropFirst().allSatisfy { $0.hasSuffix("stopped") }, "\(told)")
        let counter = source.counter
        source.end()

        let destination = try guest(2, incoming: true, file)
        defer { destination.end() }
        let to = try controller(destination)
        try to.migrateIncoming(from: .file(path: stream, offset: 0))
        #expect(eventually { !to.queryMigrate().status.isUnderWay })
        #expect(to.queryMigrate().status == .completed, "\(to.queryMigrate())")
        #expect(destination.isRunning && destination.verifies() && destination.counter >= counter)
    }

    @Test("A guest that cannot be put into a file runs on, and one that was put there can be had back")
    func undone() throws {
        defer { unsafe unlink(path) }
        let source = try guest(1, incoming: false, .anonymous)
        defer { source.end() }
        let from = try controller(source)
        try from.updateSettings { $0.mode = .cprReboot }
        for (address, status) in [
            (MigrationAddress.exec(["/bin/sh", "-c", "exit 1"]), MigrationPhase.failed),
            (.file(path: path, offset: 0), .completed),
        ] {
            try from.migrate(to: address)
            #expect(eventually { !from.queryMigrate().status.isUnderWay })
            #expect(from.queryMigrate().status == status, "\(from.queryMigrate())")
            #expect(source.isRunning == (status == .failed))
        }
        try source.takeDisks()
        source.start()
        #expect(source.isRunning && source.verifies())
    }
}
