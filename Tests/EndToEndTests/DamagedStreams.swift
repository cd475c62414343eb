import Foundation
import Testing

/// A real stream, and what becomes of it: the destination says where it is wrong, never runs, and takes the guest when
/// it comes whole.
@Suite(.serialized, .enabled(if: Program.martletIsOurs, "MARTLET_BINARY names no martlet"))
struct DamagedStreams {
    struct Damage: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let text: String
        /// nil when the place to damage is not in the stream.
        let change: @Sendable ([UInt8]) -> [UInt8]?

        init(_ what: String, _ text: String, _ change: @escaping @Sendable ([UInt8]) -> [UInt8]?) {
            testDescription = what
            self.text = text
            self.change = change
        }

        static let all = [
            Damage("nothing at all", "magic: the stream ended at byte 0 with 4 more bytes expected") { _ in []
            },
            Damage("garbage", "magic: expected 0x5145564d ('QEVM'), found 0x6d617274") { _ in
                Array(repeating: Array("martlet ".utf8), count: 400).flatMap { $0 }
            },
            Damage("another container version", "version: version 2 is not understood, only 3, at byte 4") {
                replaced($0, [0, 0, 0, 3, 7], [0, 0, 0, 2, 7])
            },
            Damage("another machine", "expected machine type 'virt', found 'spik', at byte 13. Likely") {
                replaced($0, Array("virt".utf8), Array("spik".utf8))
            },
            Damage("another version of memory", "'ram' instance 0: version 9 is not understood, only 4") {
                replaced($0, named("ram", version: 4), named("ram", version: 9))
            },
            Damage("another version of a device", "section 'cpu' instance 0: version 99 is not understood") {
                replaced($0, named("cpu", version: 10), named("cpu", version: 99))
            },
            Damage("an unknown device", "section 'spu' instance 0: there is no such section here") {
                replaced($0, named("cpu", version: 10), named("spu", version: 10))
            },
            Damage("an unknown block of memory", "expected blocks that the machine here has, found") {
                replaced($0, Array("riscv_virt_board.ram".utf8), Array("riscv_virt_board.rom".utf8))
            },
            Damage("cut after the configuration", "item: the stream ended at byte 17 with 1 more byte") {
                Array($0.prefix(17))
            },
            Damage("cut in the middle", "section 'ram' instance 0: page: the stream ended at byte") {
                Array($0.prefix(800_000))
            },
            Damage("cut in a device", "section 'cpu' instance 0: ") { stream in
                range(of: named("cpu", version: 10), in: stream).map {
                    Array(stream.prefix($0.upperBound + 900))
                }
            },
            Damage("one byte short", "description: the stream ended at byte") { Array($0.dropLast()) },
        ]
    }

    @Test("A damaged stream is refused where it is damaged, and the next one is taken", arguments: Damage.all)
    func damaged(_ damage: Damage) throws {
        let scene = try Scene()
        let source = try scene.source(returnPath: false)
        let whole = try Self.recorded(source, scene)
        try source.qmp.call("cont")
        let destination = try scene.destination("far")
        let socket = try #require(UnixSocket(path: scene.path("far")))
        socket.write(try #require(damage.change(whole), "the stream has no such place"))
        _ = shutdown(socket.descriptor, Int32(SHUT_WR))
        try scene.expectNeverRan(destination, saying: damage.text)
        try scene.expectRunsOn(source)
        try destination.qmp.call("migrate-incoming", ["uri": "unix:\(scene.path("again"))"])
        try scene.expectMoves(source, to: destination, at: scene.path("again"))
    }

    @Test(
        "A destination that waits for its orders refuses one stream after the other, and takes the whole one")
    func deferred() throws {
        let scene = try Scene()
        let source = try scene.source(returnPath: false)
        let whole = try Self.recorded(source, scene)
        try source.qmp.call("cont")
        let destination = try VMM(
            scene.program, "at-far", in: scene.workplace,
            demoGuest(Scene.still, memory: "6M") + ["-incoming", "defer"])
        for (attempt, damage) in Damage.all.filter({ $0.change(whole) != nil }).enumerated() {
            let path = scene.path("attempt-\(attempt)")
            try destination.qmp.call("migrate-incoming", ["uri": "unix:\(path)"])
            let socket = try #require(UnixSocket(path: path))
            socket.write(try #require(damage.change(whole)))
            _ = shutdown(socket.descriptor, Int32(SHUT_WR))
            try scene.expectNeverRan(destination, saying: damage.text)
            let reason = try destination.explanation()
            #expect(reason["side"] as? String == "destination")
            for part in ["phase", "path", "offset", "expected", "found", "cause", "remedy"] {
                #expect(reason[part] != nil, "\(damage.testDescription): \(part)")
            }
            let text = try #require(reason["text"] as? String)
            #expect(text.contains("Likely cause: \(reason["cause"] as? String ?? "?"). What to do: "))
        }
        try destination.qmp.call("migrate-incoming", ["uri": "unix:\(scene.path("again"))"])
        try scene.expectMoves(source, to: destination, at: scene.path("again"))
    }

    @Test("A destination says that its source sends nothing, and takes the rest when it comes")
    func silence() throws {
        let scene = try Scene()
        let source = try scene.source(returnPath: false)
        let whole = try Self.recorded(source, scene)
        let destination = try scene.destination("far")
        let socket = try #require(UnixSocket(path: scene.path("far")))
        socket.write(Array(whole.prefix(300_000)))
        _ = try waitFor("word of the silence", seconds: 120) { () -> Bool? in
            let info = try destination.qmp.call("query-migrate")
            let said = info["error-desc"] as? String ?? ""
            return said.hasPrefix("Waiting for ") && said.hasSuffix(" s: the source sends nothing")
                ? true : nil
        }
        socket.write(Array(whole.dropFirst(300_000)))
        _ = shutdown(socket.descriptor, Int32(SHUT_WR))
        let info = try destination.migrationEnd(seconds: 120)
        #expect(info["status"] as? String == "completed", "\(info)")
        #expect(info["error-desc"] == nil)
        #expect(try destination.verdict().hasPrefix("verdict ok"))
    }

    /// What `source` sends when nobody answers it.
    private static func recorded(_ source: VMM, _ scene: Scene) throws -> [UInt8] {
        let listener = try UnixSocket.listening(at: scene.path("recorder"))
        try source.qmp.call("migrate", ["uri": "unix:\(scene.path("recorder"))"])
        let taker = try #require(listener.accepted())
        var bytes: [UInt8] = []
        while true {
            let more = taker.read()
            if more.isEmpty { break }
            bytes += more
        }
        taker.end()
        let info = try source.migrationEnd(seconds: 120)
        #expect(info["status"] as? String == "completed", "\(info)")
        return bytes
    }
}

/// A section's name, instance 0 and version as its header has them.
private func named(_ name: String, version: UInt8) -> [UInt8] {
    [UInt8(name.utf8.count)] + Array(name.utf8) + [0, 0, 0, 0, 0, 0, 0, version]
}

private func range(of part: [UInt8], in bytes: [UInt8]) -> Range<Int>? {
    Data(bytes).range(of: Data(part)).map { $0.lowerBound..<$0.upperBound }
}

/// `bytes` with the first `part` in it changed, nil when there is none.
private func replaced(_ bytes: [UInt8], _ part: [UInt8], _ new: [UInt8]) -> [UInt8]? {
    guard let place = range(of: part, in: bytes) else { return nil }
    return Array(bytes[..<place.lowerBound] + new + bytes[place.upperBound...])
}
