import Foundation
import Testing

/// What can be wrong with the other side: each with the words that a person gets, the guest going on where it was, and
/// a second attempt that succeeds.
@Suite(.serialized, .enabled(if: Program.martletIsOurs, "MARTLET_BINARY names no martlet"))
struct Faults {
    let scene: Scene

    init() throws { scene = try Scene() }

    @Test("A destination whose port is in use says so and ends")
    func portInUse() throws {
        let holder = try scene.source()
        let port = try freePort()
        let other = try VMM(
            scene.program, "other", in: scene.workplace,
            demoGuest(Scene.still, memory: "6M") + ["-incoming", "tcp:127.0.0.1:\(port)"])
        let text = "Failed to bind socket to 127.0.0.1:\(port): Address already in use"
        let failure = #expect(throws: Failure.self) {
            try VMM(
                scene.program, "late", in: scene.workplace,
                demoGuest(Scene.still, memory: "6M") + ["-incoming", "tcp:127.0.0.1:\(port)"])
        }
        #expect(
            failure?.description.contains("-incoming tcp:127.0.0.1:\(port): \(text)") == true,
            "\(failure as Any)")
        // Over QMP the process lives on, and another address can be given.
        let deferred = try VMM(
            scene.program, "deferred", in: scene.workplace,
            demoGuest(Scene.still, memory: "6M") + ["-incoming", "defer"])
        let refusal = #expect(throws: QMPError.self) {
            try deferred.qmp.call("migrate-incoming", ["uri": "tcp:127.0.0.1:\(port)"])
        }
        #expect(refusal?.text == text)
        other.end()
        try deferred.qmp.call("migrate-incoming", ["uri": "unix:\(scene.path("better"))"])
        try scene.expectRunsOn(holder)
        try scene.expectMoves(holder, to: deferred, at: scene.path("better"))
    }

    @Test("Where the system has no room for so many connections the attempt fails, and the guest goes on")
    func noDescriptors() throws {
        let few = scene.path("few")
        try "#!/bin/sh\nulimit -n 100\nexec '\(scene.program.path)' \"$@\"\n"
            .write(toFile: few, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: few)
        let source = try VMM(
            Program(name: "few", path: few), "source", in: scene.workplace,
            demoGuest(Scene.still, memory: "6M"))
        _ = try source.serial.wait(for: "demo ready", seconds: 120)
        let destination = try VMM(
            scene.program, "destination", in: scene.workplace,
            demoGuest(Scene.still, memory: "6M") + ["-incoming", "defer"])
        for side in [source, destination] {
            try side.set("multifd", true)
            try side.qmp.call("migrate-set-parameters", ["multifd-channels": 200])
        }
        try destination.qmp.call("migrate-incoming", ["uri": "unix:\(scene.path("many"))"])
        try source.qmp.call("migrate", ["uri": "unix:\(scene.path("many"))"])
        let failure = try source.migrationFailure()
        #expect(failure.contains("Too many open files"), "\(failure)")
        try scene.expectRunsOn(source)
        try source.set("multifd", false)
        try scene.expectMoves(source, to: "second")
    }

    @Test(
        "With nobody there the source says so, and the guest goes on",
        arguments: [
            ("tcp:127.0.0.1:PORT", "Failed to connect to '127.0.0.1:PORT': Connection refused"),
            ("unix:FOLDER/nobody", "Failed to connect to 'FOLDER/nobody': No such file or directory"),
            ("unix:FOLDER/source.log", "Failed to connect to 'FOLDER/source.log': Connection refused"),
            ("fd:nothing", "File descriptor named 'nothing' has not been found"),
            ("file:/no/such/image", "Could not create '/no/such/image': No such file or directory"),
            ("carrier-pigeon:coop", "unknown migration protocol: carrier-pigeon:coop"),
        ])
    func nobodyThere(uri: String, text: String) throws {
        let port = try freePort()
        func filled(_ text: String) -> String {
            text.replacing("PORT", with: "\(port)").replacing("FOLDER", with: scene.workplace.path)
        }
        let source = try scene.source(returnPath: false)
        do {
            try source.qmp.call("migrate", ["uri": filled(uri)])
            #expect(try source.migrationFailure() == filled(text))
        } catch let error as QMPError {
            // What is wrong before anything was begun is the command's own error.
            #expect(error.text == filled(text))
        }
        try scene.expectRunsOn(source)
        try scene.expectMoves(source, to: "again")
    }

    /// A destination that is another machine: what makes it so, and what it says.
    struct OtherMachine: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var memory = "6M"
        var options: [String] = []
        let text: String

        static let all = [
            OtherMachine(
                testDescription: "more memory", memory: "8M",
                text: "expected 8388608 bytes of 'riscv_virt_board.ram', found 6291456"),
            OtherMachine(
                testDescription: "less memory", memory: "5M",
                text: "expected 5242880 bytes of 'riscv_virt_board.ram', found 6291456"),
            OtherMachine(
                testDescription: "more harts", options: ["-smp", "2"],
                text: "the section's layout at the source is another than here"),
        ]
    }

    @Test(
        "A destination that is another machine refuses and says what differs", arguments: OtherMachine.all,
        [true, false])
    func otherMachine(_ other: OtherMachine, returnPath: Bool) throws {
        let source = try scene.source(returnPath: returnPath)
        let destination = try scene.destination("other", memory: other.memory, other.options)
        try source.qmp.call("migrate", ["uri": "unix:\(scene.path("other"))"])
        let said = try source.migrationFailure()
        #expect(said.hasPrefix("The destination failed: load of migration failed: "))
        #expect(said.contains(other.text), "\(said)")
        // The destination's reason part by part, at both sides the same.
        let reason = try source.explanation()
        #expect(reason["side"] as? String == "destination")
        #expect(said == "The destination failed: \(reason["text"] as? String ?? "")")
        #expect(try destination.explanation() as NSDictionary == reason as NSDictionary)
        try scene.expectNeverRan(destination, saying: other.text)
        try scene.expectRunsOn(source)
        try scene.expectMoves(source, to: "again")
    }

    @Test("A source without its destination's devices is told which section nobody here knows")
    func otherDevices() throws {
        let source = try VMM(
            scene.program, "source", in: scene.workplace,
            demoGuest(Scene.still, memory: "6M") + ["-device", "virtio-rng-device"])
        _ = try source.serial.wait(for: "demo ready", seconds: 120)
        try source.set("return-path", true)
        let destination = try scene.destination("other")
        try source.qmp.call("migrate", ["uri": "unix:\(scene.path("other"))"])
        let text = "start the destination with the machine options, -m, -smp and -device of the source"
        #expect(try source.migrationFailure().contains(text))
        try scene.expectNeverRan(destination, saying: text)
        try scene.expectRunsOn(source)
        try scene.expectMoves(
            source, to: scene.destination("again", ["-device", "virtio-rng-device"]), at: scene.path("again"))
    }
}
