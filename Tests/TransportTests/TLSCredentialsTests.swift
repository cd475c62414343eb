import Glibc
import Testing
import Transport

/// What credentials say of the files that they are made from, when they are made.
@Suite struct TLSCredentialsTests {
    typealias Endpoint = TLSCredentials.Endpoint

    /// What is said of credentials made from such a folder; nil: nothing is wrong.
    private static func failure(
        _ kind: TLSCredentials.Kind, _ endpoint: Endpoint, _ directory: String?, priority: String? = nil
    ) -> String? {
        do throws(TransportError) {
            _ = try TLSCredentials(kind, endpoint: endpoint, directory: directory, priority: priority)
            return nil
        } catch {
            return error.description
        }
    }

    private static let checked = TLSCredentials.Kind.certificates(isChecked: true, password: nil)
    private static let lab = ["ca-cert.pem": "lab/ca-cert.pem"]

    @Test(
        "Certificates are looked at before any peer sees them",
        arguments: [
            (["ca-cert.pem": "lab/ca-cert.pem"], .client, nil),
            ([:], .client, "Unable to access credentials FOLDER/ca-cert.pem: No such file or directory"),
            (
                ["ca-cert.pem": "lab/ca-cert.pem"], .server,
                "FOLDER/server-cert.pem: No such file or directory"
            ),
            (
                ["ca-cert.pem": "lab/ca-cert.pem", "client-cert.pem": "lab/client-cert.pem"], .client,
                "FOLDER/client-key.pem: No such file or directory"
            ),
            (["ca-cert.pem": "psk/keys.psk"], .client, "Cannot load certificate 'FOLDER/ca-cert.pem'"),
            (
                ["ca-cert.pem": "lab/server-cert.pem"], .client,
                "FOLDER/ca-cert.pem basic constraints do not show a CA"
            ),
            (
                [
                    "ca-cert.pem": "lab/ca-cert.pem", "server-cert.pem": "expired/server-cert.pem",
                    "server-key.pem": "expired/server-key.pem",
                ], .server, "The server certificate FOLDER/server-cert.pem has expired"
            ),
            (
                [
                    "ca-cert.pem": "lab/ca-cert.pem", "server-cert.pem": "lab/client-cert.pem",
                    "server-key.pem": "lab/client-key.pem",
                ], .server, "FOLDER/server-cert.pem is not for a TLS server"
            ),
            (
                [
                    "ca-cert.pem": "lab/ca-cert.pem", "client-cert.pem": "stranger/client-cert.pem",
                    "client-key.pem": "stranger/client-key.pem",
                ], .client, "failed validation against FOLDER/ca-cert.pem"
            ),
            (
                [
                    "ca-cert.pem": "lab/ca-cert.pem", "client-cert.pem": "lab/client-cert.pem",
                    "client-key.pem": "lab/server-key.pem",
                ], .client, "Cannot load certificate 'FOLDER/client-cert.pem' & key 'FOLDER/client-key.pem'"
            ),
            (
                ["ca-cert.pem": "lab/ca-cert.pem", "ca-crl.pem": "psk/keys.psk"], .client,
                "Cannot load CRL 'FOLDER/ca-crl.pem'"
            ),
        ] as [([String: String], Endpoint, String?)])
    func certificates(files: [String: String], endpoint: Endpoint, error: String?) throws {
        let folder = try TLSFolder(files)
        let said = Self.failure(Self.checked, endpoint, folder.path)
        guard let error else {
            #expect(said == nil)
            return
        }
        let expected = error.replacing("FOLDER", with: folder.path)
        #expect(said?.contains(expected) == true, "\(said ?? "nothing") is not \(expected)")
    }

    @Test("A folder is needed but by anonymous credentials")
    func directory() {
        #expect(Self.failure(Self.checked, .client, nil) == "Missing 'dir' property value")
        #expect(Self.failure(.preshared(username: "qemu"), .server, nil) == "Missing 'dir' property value")
        for endpoint in [Endpoint.client, .server] { #expect(Self.failure(.anonymous, endpoint, nil) == nil) }
    }

    @Test("A key that is closed opens with its password")
    func password() throws {
        let folder = "\(TLSFixtures.folder)/locked"
        for (password, isRight) in [("heron", true), ("gull", false), (nil, false)] {
            let kind = TLSCredentials.Kind.certificates(isChecked: true, password: password)
            #expect((Self.failure(kind, .client, folder) == nil) == isRight)
        }
    }

    @Test("A user's key is found among others, or said to be missing")
    func keys() throws {
        let folder = try TLSFolder([:])
        let server = Self.failure(.preshared(username: "qemu"), .server, folder.path)
        #expect(server == "Unable to access credentials \(folder.path)/keys.psk: No such file or directory")
        let key = "00112233445566778899aabbccddeeff"
        try folder.write("# no colon\nqemu:\nalice:\(key)\nbob:no hexadecimal\n", to: "keys.psk")
        for (name, error) in [
            ("alice", nil), ("bob", "Cannot use"), ("qemu", "Username qemu not found in PSK file"),
            ("x", "Username x"),
        ] {
            let said = Self.failure(.preshared(username: name), .client, folder.path)
            if let error {
                #expect(said?.contains(error) == true, "\(said ?? "")")
            } else {
                #expect(said == nil)
            }
        }
    }

    @Test("A priority that GnuTLS does not understand is said to be one")
    func priority() {
        #expect(Self.failure(.anonymous, .client, nil, priority: "SECURE256") == nil)
        let said = Self.failure(.anonymous, .client, nil, priority: "NONSENSE")
        #expect(said?.hasPrefix("Invalid TLS priority 'NONSENSE': ") == true)
    }

    @Test("Parameters of Diffie and Hellman may lie with the rest")
    func parameters() throws {
        let folder = try TLSFolder(["dh-params.pem": "psk/keys.psk"])
        let said = Self.failure(.anonymous, .server, folder.path)
        #expect(said?.hasPrefix("Cannot load the Diffie-Hellman parameters in dh-params.pem: ") == true)
    }

    @Test("Secrets are base64, and AES-256 opens them")
    func secrets() {
        #expect(SecretDecoding.base64(Array("aGVyb24=\n".utf8)) == Array("heron".utf8))
        #expect(SecretDecoding.base64(Array("?".utf8)) == nil)
        // openssl enc -aes-256-cbc -K 000102…1f -iv 00…00
        let closed = SecretDecoding.base64(Array("KPSrf2KphqlTpT1tznxPTw==".utf8)) ?? []
        let key = (0..<32).map { UInt8($0) }
        let iv = [UInt8](repeating: 0, count: 16)
        #expect(SecretDecoding.decrypt(closed, key: key, iv: iv) == Array("heron".utf8))
        #expect(SecretDecoding.decrypt(closed, key: key.reversed(), iv: iv) == nil)
        #expect(SecretDecoding.decrypt(Array(closed.dropLast()), key: key, iv: iv) == nil)
    }
}
