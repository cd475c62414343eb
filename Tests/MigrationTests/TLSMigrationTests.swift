import Glibc
import Migration
import QAPI
import Synchronization
import Testing
import Threads
import Transport

/// Guests move over TLS, and stay where they are when the two sides do not fit.
@Suite(.serialized) struct TLSMigrationTests {
    private static func pair(
        _ kind: String, channels: UInt8 = 0, returnPath: Bool = true, timeout: Int = 60_000, pages: Int = 64
    ) throws -> Pair {
        let pair = try Pair(returnPath: returnPath, timeout: timeout, pages: pages, objects: LabObjects())
        for (controller, endpoint) in [(pair.from, "client"), (pair.to, "server")] {
            if channels > 0 { try controller.setCapabilities { $0[.multifd] = true } }
            try controller.updateSettings {
                $0.tlsCreds = "\(kind)-\(endpoint)"
                $0.multifdChannels = max(1, channels)
            }
        }
        try pair.from.updateSettings { $0.tlsHostname = "localhost" }
        return pair
    }

    private static func path() -> String { "/tmp/martlet-tls-\(UInt32.random(in: 0 ... .max)).sock" }

    @Test(
        "A running guest arrives whole, over one connection and over several, confirmed or not",
        arguments: ["anonymous", "psk", "lab"], [UInt8(0), 1, 4])
    func arrives(kind: String, channels: UInt8) throws {
        for (uri, returnPath) in [
            ("unix:\(Self.path())", true), ("tcp:127.0.0.1:0", true), ("unix:\(Self.path())", false),
        ] {
            let pair = try Self.pair(kind, channels: channels, returnPath: returnPath, pages: 1500)
            defer { pair.end() }
            try pair.to.migrateIncoming(from: MigrationAddress(uri: uri))
            try pair.from.migrate(to: try #require(pair.to.queryMigrate().socketAddresses.first))
            #expect(eventually { pair.isOver })
            let (from, to) = (pair.from.queryMigrate(), pair.to.queryMigrate())
            #expect(from.status == .completed && to.status == .completed, "\(from) \(to)")
            #expect(pair.destination.isRunning && pair.destination.verifies())
            #expect(pair.disk.running.withLock { $0.worst } == 1)
        }
    }

    @Test("The host of the address is the one that the certificate is for, if nobody says otherwise")
    func host() throws {
        let pair = try Self.pair("lab")
        defer { pair.end() }
        try pair.from.updateSettings { $0.tlsHostname = "" }
        try pair.to.migrateIncoming(from: MigrationAddress(uri: "tcp:127.0.0.1:0"))
        try pair.from.migrate(to: try #require(pair.to.queryMigrate().socketAddresses.first))
        #expect(eventually { pair.isOver })
        #expect(pair.from.queryMigrate().status == .completed, "\(pair.from.queryMigrate())")
    }

    @Test("Over pairs of sockets that are there already", arguments: [0, 2])
    func pairs(channels: Int) throws {
        let pair = try Self.pair("psk", channels: UInt8(channels))
        defer { pair.end() }
        let links = try (0...channels).map { _ in try Channel.pair() }
        try pair.to.migrateIncoming(over: links[0].1, multifd: links[1...].map(\.1))
        try pair.from.migrate(over: links[0].0, multifd: links[1...].map(\.0))
        #expect(eventually { pair.isOver })
        #expect(pair.destination.isRunning && pair.destination.verifies(), "\(pair.to.queryMigrate())")
    }

    /// Settings that do not fit.
    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var sourceCreds = "lab-client"
        var hostname = "localhost"
        var destinationCreds = "lab-server"
        var authz = ""
        var channels: UInt8 = 0
        var source: String
        /// nil: it hears of nobody.
        var destination: String?
        /// Whether the destination takes the next try as it stands.
        var stays = true
    }

    static let rows: [Row] = [
        .init(
            testDescription: "no such credentials", sourceCreds: "nosuch",
            source: "No TLS credentials with id 'nosuch'"),
        .init(
            testDescription: "a server's at the source", sourceCreds: "lab-server",
            source: "Expected TLS credentials for a client endpoint"),
        .init(
            testDescription: "a client's at the destination", destinationCreds: "lab-client",
            source: "TLS handshake failed: ", destination: "Expected TLS credentials for a server endpoint",
            stays: false),
        .init(
            testDescription: "none such at the destination", destinationCreds: "nosuch",
            source: "TLS handshake failed: ", destination: "No TLS credentials with id 'nosuch'", stays: false
        ),
        .init(
            testDescription: "no host name", hostname: "", source: "No hostname for certificate validation"),
        .init(
            testDescription: "another host name", hostname: "other",
            source: "Certificate does not match the hostname other", destination: "Unknown certificate"),
        .init(
            testDescription: "a server of another authority", destinationCreds: "stranger-server",
            source: "The certificate issuer is unknown", destination: "CA is unknown"),
        .init(
            testDescription: "a server's certificate that has expired", destinationCreds: "expired-server",
            source: "expired", destination: "Certificate is expired"),
        .init(
            testDescription: "a client's certificate that has expired", sourceCreds: "expired-client",
            source: "The peer ended the TLS session: Certificate is expired", destination: "expired"),
        .init(
            testDescription: "a client without a certificate", sourceCreds: "nobody-client",
            source: "The peer ended the TLS session: Certificate is required",
            destination: "Verify failed: No certificate was found."),
        .init(
            testDescription: "the same with channels", sourceCreds: "nobody-client", channels: 2,
            source: "The peer ended the TLS session: Certificate is required",
            destination: "Verify failed: No certificate was found."),
        .init(
            testDescription: "a client that is not let in", authz: "CN=src,O=lab",
            source: "The peer ended the TLS session: Access was denied",
            destination: "TLS x509 authz check for O=lab,CN=src is denied"),
        .init(
            testDescription: "another key", sourceCreds: "otherpsk-client", destinationCreds: "psk-server",
            source: "TLS handshake failed: ", destination: "TLS handshake failed: "),
        .init(
            testDescription: "a plain source", sourceCreds: "", source: "",
            destination: "TLS handshake failed: An unexpected TLS packet was received."),
        .init(
            testDescription: "a plain destination", destinationCreds: "", source: "TLS handshake failed: ",
            destination: "load of migration failed", stays: false),
    ]

    @Test("The guest stays and runs on, each side says why, and the next try works", arguments: rows)
    func refused(row: Row) throws {
        let pair = try Self.pair("lab", channels: row.channels)
        defer { pair.end() }
        try pair.from.updateSettings {
            $0.tlsCreds = row.sourceCreds
            $0.tlsHostname = row.hostname
        }
        try pair.to.updateSettings {
            $0.tlsCreds = row.destinationCreds
            $0.tlsAuthz = row.authz
        }
        let address = MigrationAddress.unix(path: Self.path())
        try pair.to.migrateIncoming(from: address)
        try pair.from.migrate(to: address)
        #expect(eventually { !pair.from.queryMigrate().status.isUnderWay })
        let from = pair.from.queryMigrate()
        #expect(from.status == .failed && from.errorDescription?.contains(row.source) == true, "\(from)")
        #expect(pair.source.isRunning && pair.source.verifies())
        if let text = row.destination {
            #expect(
                eventually { pair.to.queryMigrate().errorDescription?.contains(text) == true },
                "\(pair.to.queryMigrate())")
        }
        let to = pair.to.queryMigrate()
        #expect(to.status == (row.stays ? .setup : .failed), "\(to)")
        #expect(!pair.destination.isRunning)

        for (controller, endpoint) in [(pair.from, "client"), (pair.to, "server")] {
            try controller.updateSettings {
                $0.tlsCreds = "lab-\(endpoint)"
                $0.tlsHostname = "localhost"
                $0.tlsAuthz = ""
            }
        }
        if !row.stays { try pair.to.migrateIncoming(from: address) }
        try pair.from.migrate(to: address)
        #expect(eventually { pair.isOver })
        #expect(pair.destination.isRunning && pair.destination.verifies(), "\(pair.to.queryMigrate())")
        #expect(pair.to.queryMigrate().errorDescription == nil)
    }

    @Test("A client whose name is allowed is let in")
    func letIn() throws {
        let pair = try Self.pair("lab")
        defer { pair.end() }
        try pair.to.updateSettings { $0.tlsAuthz = "O=lab,CN=src" }
        let address = MigrationAddress.unix(path: Self.path())
        try pair.to.migrateIncoming(from: address)
        try pair.from.migrate(to: address)
        #expect(eventually { pair.isOver })
        #expect(pair.destination.isRunning, "\(pair.to.queryMigrate())")
    }

    @Test("Peers that are silent, or no sources, keep nobody out", arguments: [UInt8(0), 2])
    func strangers(channels: UInt8) throws {
        let pair = try Self.pair("lab", channels: channels)
        defer { pair.end() }
        let address = MigrationAddress.unix(path: Self.path())
        try pair.to.migrateIncoming(from: address)
        var strangers: [Channel] = []
        for text in ["", "\u{16}\u{3}", "GET / HTTP/1.1\r\n\r\n", "", "QEVM\0\0\0\u{3}"] {
            let stranger = try Channel.outgoing(to: address, wake: Wake())
            try stranger.write(Array(text.utf8))
            strangers.append(stranger)
        }
        // More of them than are listened to at once.
        for _ in 0..<70 { strangers.append(try Channel.outgoing(to: address, wake: Wake())) }
        #expect(
            eventually {
                pair.to.queryMigrate().errorDescription?.contains("A connection was refused") == true
            })
        #expect(pair.to.queryMigrate().status == .setup)
        try pair.from.migrate(to: address)
        #expect(eventually { pair.isOver }, "\(pair.from.queryMigrate()) \(pair.to.queryMigrate())")
        #expect(pair.destination.isRunning && pair.destination.verifies(), "\(pair.to.queryMigrate())")
        for stranger in strangers { stranger.shutdown() }
    }

    @Test("A handshake that is not over in time is refused")
    func late() throws {
        let pair = try Self.pair("lab", timeout: 100)
        defer { pair.end() }
        let address = MigrationAddress.unix(path: Self.path())
        try pair.to.migrateIncoming(from: address)
        let silent = try Channel.outgoing(to: address, wake: Wake())
        #expect(
            eventually {
                pair.to.queryMigrate().errorDescription?.contains("it was not over within 100 ms") == true
            })
        #expect(pair.to.queryMigrate().status == .setup)
        silent.shutdown()
        pair.to.shutDown()
        #expect(eventually { pair.to.queryMigrate().status == .failed })
    }

    @Test("A destination that does not shake hands can be left, and the guest runs on")
    func silentDestination() throws {
        let pair = try Self.pair("lab")
        defer { pair.end() }
        let address = MigrationAddress.unix(path: Self.path())
        let listener = try Listener(address)
        try pair.from.migrate(to: address)
        let silent = try listener.accept()
        #expect(
            eventually {
                pair.from.queryMigrate().errorDescription?.contains("does not finish the TLS handshake")
                    == true
            })
        #expect(pair.from.queryMigrate().status == .setup)
        try pair.from.cancel()
        #expect(eventually { pair.from.queryMigrate().status == .cancelled })
        #expect(pair.source.isRunning && pair.source.verifies())
        silent.shutdown()
        listener.close()
        try pair.to.migrateIncoming(from: address)
        try pair.from.migrate(to: address)
        #expect(eventually { pair.isOver })
        #expect(pair.destination.isRunning, "\(pair.to.queryMigrate())")
    }
}
