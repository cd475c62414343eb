import Foundation
import Testing

/// Guests that move over TLS between processes, and monitors that answer whatever a peer does.
@Suite(.serialized, .enabled(if: Program.martletIsOurs, "no martlet"))
struct SecureMoves {
    enum Kind: String, CaseIterable, Sendable {
        case certificates = "tls-creds-x509"
        case presharedKey = "tls-creds-psk"
        case anonymous = "tls-creds-anon"

        /// Properties of the object, beside its endpoint.
        var properties: [String: Any] {
            let folder = root.appending(path: "Tests/Fixtures/tls").path
            return switch self {
            case .certificates: ["dir": "\(folder)/lab"]
            case .presharedKey: ["dir": "\(folder)/psk"]
            case .anonymous: [:]
            }
        }
    }

    private func secure(_ side: VMM, _ kind: Kind, _ endpoint: String) throws {
        var options: [String: Any] = ["qom-type": kind.rawValue, "id": "t", "endpoint": endpoint]
        options.merge(kind.properties) { $1 }
        try side.qmp.call("object-add", options)
        var parameters = ["tls-creds": "t"]
        if endpoint == "client" { parameters["tls-hostname"] = "localhost" }
        try side.qmp.call("migrate-set-parameters", parameters)
    }

    private func move(_ kind: Kind, channels: Int, returnPath: Bool, from: Program, to: Program) throws {
        let workplace = try Workplace()
        let guest = demoGuest("set=8M rate=8M beat=5")
        let uri = "unix:\(workplace.path)/move"
        let source = try VMM(from, "source", in: workplace, guest)
        _ = try source.serial.wait(for: "demo ready", seconds: 120)
        let destination = try VMM(to, "destination", in: workplace, guest + ["-incoming", "defer"])
        for (side, endpoint) in [(source, "client"), (destination, "server")] {
            try side.set("return-path", returnPath)
            if channels > 0 {
                try side.set("multifd", true)
                try side.qmp.call("migrate-set-parameters", ["multifd-channels": channels])
            }
            try secure(side, kind, endpoint)
        }
        if kind == .certificates {
            try destination.qmp.call(
                "object-add", ["qom-type": "authz-simple", "id": "a", "identity": "O=lab,CN=src"])
            try destination.qmp.call("migrate-set-parameters", ["tls-authz": "a"])
        }
        try destination.qmp.call("migrate-incoming", ["uri": uri])
        _ = try source.nextBeat(seconds: 120)
        let info = try source.migrate(to: uri, seconds: 120)
        try #require(info["status"] as? String == "completed", "\(info) \(destination.said)")
        _ = try destination.nextBeat(seconds: 120)
        #expect(try destination.verdict().hasPrefix("verdict ok"))
        for side in [source, destination] { try side.qmp.call("object-del", ["id": "t"]) }
    }

    @Test("From Martlet to Martlet", arguments: Kind.allCases, [0, 2])
    func ours(kind: Kind, channels: Int) throws {
        let martlet = try #require(Program.martlet)
        try move(kind, channels: channels, returnPath: channels > 0, from: martlet, to: martlet)
    }

    @Test(
        "To QEMU 10.0.2", .enabled(if: Program.qemu10 != nil, "no QEMU 10.0.2"), arguments: Kind.allCases,
        [0, 3])
    func toQEMU(kind: Kind, channels: Int) throws {
        let (martlet, qemu) = (try #require(Program.martlet), try #require(Program.qemu10))
        for returnPath in [true, false] {
            try move(kind, channels: channels, returnPath: returnPath, from: martlet, to: qemu)
        }
    }

    @Test(
        "From QEMU 10.0.2", .enabled(if: Program.qemu10 != nil, "no QEMU 10.0.2"), arguments: Kind.allCases,
        [0, 3])
    func fromQEMU(kind: Kind, channels: Int) throws {
        let (martlet, qemu) = (try #require(Program.martlet), try #require(Program.qemu10))
        try move(kind, channels: channels, returnPath: true, from: qemu, to: martlet)
    }

    @Test(
        "A list of names, of the command or of a file, says whose guest is taken",
        arguments: ["authz-list", "authz-listfile"], [true, false])
    func authorized(type: String, isLetIn: Bool) throws {
        let scene = try Scene()
        let source = try scene.source()
        let destination = try VMM(
            scene.program, "destination", in: scene.workplace,
            demoGuest(Scene.still, memory: "6M") + ["-incoming", "defer"])
        try secure(source, .certificates, "client")
        try secure(destination, .certificates, "server")
        let list: [String: Any] = [
            "policy": "deny",
            "rules": [
                ["match": isLetIn ? "O=lab,CN=src" : "O=lab,CN=other", "policy": "allow", "format": "exact"]
            ],
        ]
        var properties: [String: Any] = ["qom-type": type, "id": "a"]
        if type == "authz-list" {
            properties.merge(list) { $1 }
        } else {
            properties["filename"] = scene.path("list")
            try JSONSerialization.data(withJSONObject: list).write(to: URL(filePath: scene.path("list")))
        }
        try destination.qmp.call("object-add", properties)
        try destination.qmp.call("migrate-set-parameters", ["tls-authz": "a"])
        let path = scene.path("move")
        try destination.qmp.call("migrate-incoming", ["uri": "unix:\(path)"])
        if isLetIn {
            try scene.expectMoves(source, to: destination, at: path)
        } else {
            try source.qmp.call("migrate", ["uri": "unix:\(path)"])
            #expect(try source.migrationFailure() != "")
            try scene.expectRunsOn(source)
            // The wait goes on for others.
            let info = try destination.qmp.call("query-migrate")
            #expect(info["status"] as? String == "setup")
            let said = info["error-desc"] as? String ?? ""
            #expect(said.contains("TLS x509 authz check for O=lab,CN=src is denied"), "\(said)")
        }
    }

    @Test("A silent destination blocks no monitor, and can be left for another one")
    func silent() throws {
        let scene = try Scene()
        let source = try scene.source()
        try secure(source, .presharedKey, "client")
        let silent = try UnixSocket.listening(at: scene.path("silent"))
        try source.qmp.call("migrate", ["uri": "unix:\(scene.path("silent"))"])
        _ = try waitFor("what is waited for", seconds: 120) { () throws -> Bool? in
            let info = try source.qmp.call("query-migrate")
            let said = info["error-desc"] as? String ?? ""
            return said.contains("does not finish the TLS handshake") ? true : nil
        }
        #expect(try source.status() == "running")
        try source.qmp.call("migrate_cancel")
        #expect(try source.migrationEnd(seconds: 120)["status"] as? String == "cancelled")
        silent.end()
        let destination = try scene.destination(
            "there", ["-object", psk("server"), "-global", "migration.tls-creds=t"])
        try scene.expectMoves(source, to: destination, at: scene.path("there"))
    }

    private func psk(_ endpoint: String) -> String {
        "tls-creds-psk,id=t,endpoint=\(endpoint),dir=\(root.appending(path: "Tests/Fixtures/tls/psk").path)"
    }
}
