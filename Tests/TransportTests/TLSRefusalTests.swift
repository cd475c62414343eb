import Bytes
import Glibc
import Synchronization
import Testing
import Threads
import Transport

/// Two sides that do not fit: each says why, and the one that is refused hears it.
@Suite(.serialized) struct TLSRefusalTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var client: @Sendable () throws -> TLSSide
        var server: @Sendable () throws -> TLSSide
        /// What each says; nil for a side that has nothing against it.
        var clientSays: String?
        var serverSays: String?

        init(
            _ name: String, client: @escaping @Sendable () throws -> TLSSide,
            server: @escaping @Sendable () throws -> TLSSide, clientSays: String?, serverSays: String?
        ) {
            (testDescription, self.client, self.server) = (name, client, server)
            (self.clientSays, self.serverSays) = (clientSays, serverSays)
        }
    }

    private static func client(_ name: String, host: String = "localhost") throws -> TLSSide {
        .client(try TLSFixtures.certificates(name, .client, isChecked: false), hostname: host)
    }

    private static func server(
        _ name: String, verifiesPeer: Bool = true, refusal: (@Sendable (String) -> String?)? = nil
    ) throws -> TLSSide {
        .server(
            try TLSFixtures.certificates(name, .server, verifiesPeer: verifiesPeer, isChecked: false),
            refusal: refusal)
    }

    static let rows: [Row] = [
        .init(
            "all is well", client: { try client("lab") }, server: { try server("lab") { _ in nil } },
            clientSays: nil, serverSays: nil),
        .init(
            "a host by its address", client: { try client("lab", host: "127.0.0.1") },
            server: { try server("lab") }, clientSays: nil, serverSays: nil),
        .init(
            "a client of an authority that is not known", client: { try client("stranger") },
            server: { try server("lab") }, clientSays: "The certificate issuer is unknown",
            serverSays: "TLS handshake failed: A TLS fatal alert has been received.: CA is unknown"),
        .init(
            "another host", client: { try client("lab", host: "other") }, server: { try server("lab") },
            clientSays: "Certificate does not match the hostname other",
            serverSays: "A TLS fatal alert has been received.: Unknown certificate"),
        .init(
            "a server whose certificate has expired", client: { try client("lab") },
            server: { try server("expired") }, clientSays: "expired certificate",
            serverSays: "A TLS fatal alert has been received.: Certificate is expired"),
        .init(
            "a client whose certificate has expired", client: { try client("expired") },
            server: { try server("lab") },
            clientSays: "The peer ended the TLS session: Certificate is expired",
            serverSays: "expired certificate"),
        .init(
            "a client without a certificate", client: { try client("nobody") }, server: { try server("lab") },
            clientSays: "The peer ended the TLS session: Certificate is required",
            serverSays: "Verify failed: No certificate was found."),
        .init(
            "a client whose certificate was taken back", client: { try client("lab") },
            server: { try server("revoked") },
            clientSays: "The peer ended the TLS session: Certificate was revoked", serverSays: "revoked"),
        .init(
            "a client that is not let in", client: { try client("lab") },
            server: { try server("lab") { "no: \($0)" } },
            clientSays: "The peer ended the TLS session: Access was denied", serverSays: "no: O=lab,CN=src"),
        .init(
            "a judge of names, and nobody who has one", client: { try client("nobody") },
            server: { try server("lab", verifiesPeer: false) { _ in nil } },
            clientSays: "The peer ended the TLS session: Access was denied",
            serverSays: "tls-authz judges the names in certificates, and these credentials ask for none"),
        .init(
            "another key",
            client: { .client(try TLSFixtures.preshared(.client, in: "otherpsk"), hostname: nil) },
            server: { .server(try TLSFixtures.preshared(.server), refusal: nil) },
            clientSays: "TLS handshake failed: A TLS fatal alert has been received.",
            serverSays: "TLS handshake failed"),
        .init(
            "credentials of different kinds",
            client: { .client(try TLSFixtures.anonymous(.client), hostname: nil) },
            server: { try server("lab") },
            clientSays: "A TLS fatal alert has been received.: Handshake failed",
            serverSays: "TLS handshake failed: No supported cipher suites have been found."),
    ]

    /// What one side says in the end: of its handshake, or of a word to the other and one back.
    private static func meet(_ channel: Channel, _ side: TLSSide, speaksFirst: Bool) -> String? {
        do throws(TransportError) {
            try channel.startTLS(side, milliseconds: 60_000)
        } catch {
            channel.closeRefused()
            return error.description
        }
        do {
            if speaksFirst { try channel.write([1]) }
            _ = try InputBuffer(channel).bytes(1)
            if !speaksFirst { try channel.write([2]) }
            return nil
        } catch {
            channel.closeRefused()
            return "\(error)"
        }
    }

    @Test("Each side says why", arguments: rows)
    func refused(row: Row) throws {
        let (near, far) = try Channel.pair()
        let (client, server) = (try row.client(), try row.server())
        let said = Mutex<String?>(nil)
        let other = OSThread("server") {
            let text = Self.meet(far, server, speaksFirst: false)
            said.withLock { $0 = text }
        }
        let clientSays = Self.meet(near, client, speaksFirst: true)
        other.join()
        let serverSays = said.withLock { $0 }
        for (found, expected) in [(clientSays, row.clientSays), (serverSays, row.serverSays)] {
            if let expected {
                #expect(found?.contains(expected) == true, "\(found ?? "nothing") is not \(expected)")
            } else {
                #expect(found == nil)
            }
        }
    }

    @Test("A writer that is refused hears why, though it never reads")
    func writes() throws {
        let (near, far) = try Channel.pair()
        let server = try Self.server("lab")
        let other = OSThread("server") { _ = Self.meet(far, server, speaksFirst: false) }
        try near.startTLS(try Self.client("nobody"), milliseconds: 60_000)
        var text = ""
        for _ in 0..<100_000 where text.isEmpty {
            do throws(TransportError) { try near.write([UInt8](repeating: 1, count: 4096)) } catch {
                text = error.description
            }
        }
        other.join()
        #expect(text == "The peer ended the TLS session: Certificate is required")
    }

    @Test("A peer that speaks no TLS is told from one that does")
    func plain() throws {
        let sides: [(TLSSide, String)] = [
            (
                .client(try TLSFixtures.anonymous(.client), hostname: nil),
                "(does the destination have tls-creds, too?)"
            ),
            (
                .server(try TLSFixtures.anonymous(.server), refusal: nil),
                "(does the source have tls-creds, too?)"
            ),
        ]
        for (side, advice) in sides {
            for text in ["QEVM\0\0\0\u{3} and much more of a stream", ""] {
                let (near, far) = try Channel.pair()
                if !text.isEmpty { try far.write(Array(text.utf8)) }
                try far.finishWriting()
                var said = ""
                do throws(TransportError) { try near.startTLS(side, milliseconds: 60_000) } catch {
                    said = error.description
                }
                #expect(said.hasPrefix("TLS handshake failed: ") && said.hasSuffix(advice), "\(said)")
            }
        }
    }
}
