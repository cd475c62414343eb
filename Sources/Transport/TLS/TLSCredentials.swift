import CGnuTLS
import Glibc

/// Keys and certificates of one side of TLS sessions, read from files: what QEMU's objects `tls-creds-anon`, `-psk` and
/// `-x509` stand for. Any number of sessions may use them at once.
public final class TLSCredentials: @unchecked Sendable {
    // Sendable: GnuTLS only reads credentials once they are complete.

    /// Which side of a connection: the source of a migration is a client.
    public enum Endpoint: String, Sendable { case client, server }

    public enum Kind: Equatable, Sendable {
        /// Nobody shows who he is: the connection is secret, and may be a stranger's.
        case anonymous
        /// A key that both sides have, in `keys.psk`.
        case preshared(username: String)
        /// `ca-cert.pem`, the side's own `…-cert.pem` and `…-key.pem`, and `ca-crl.pem`; a client need not have its own.
        /// `isChecked`: they are looked at now, not only when a peer finds them wanting. `password` opens the key.
        case certificates(isChecked: Bool, password: String?)
    }

    public let kind: Kind
    public let endpoint: Endpoint
    private let verifiesPeer: Bool
    let handle: TLSCredentialsHandle
    let priority: TLSPriority

    /// - Parameters:
    ///   - directory: where the files are; anonymous ones need none.
    ///   - verifiesPeer: whether the other side has to show a certificate, where there are any.
    ///   - priority: what is negotiated, in GnuTLS's notation; nil for GnuTLS's own choice.
    /// - Throws: what is missing or wrong, with the file it is in.
    public init(
        _ kind: Kind, endpoint: Endpoint, directory: String? = nil, verifiesPeer: Bool = true,
        priority: String? = nil
    ) throws(TransportError) {
        self.kind = kind
        self.endpoint = endpoint
        self.verifiesPeer = verifiesPeer
        let files = TLSCredentialFiles(directory: directory)
        self.priority = try TLSPriority(priority ?? "NORMAL", for: kind)
        switch kind {
        case .anonymous:
            handle = try TLSCredentialsHandle(endpoint == .client ? .anonymousClient : .anonymousServer)
            if endpoint == .server { try handle.setParameters(try files.parameters()) }
        case .preshared(let username):
            handle = try TLSCredentialsHandle(endpoint == .client ? .presharedClient : .presharedServer)
            let keys = try files.required("keys.psk")
            if endpoint == .server {
                try handle.loadKeys(keys)
                try handle.setParameters(try files.parameters())
            } else {
                try handle.setKey(try files.key(of: username, in: keys), of: username)
            }
        case .certificates(let isChecked, let password):
            handle = try TLSCredentialsHandle(.certificates)
            let own = try files.certificates(of: endpoint)
            if isChecked { try TLSCertificateCheck(own, endpoint).run() }
            try handle.load(own, password: password)
            if endpoint == .server { try handle.setParameters(try files.parameters()) }
        }
    }

    /// Whether the other side has to show a certificate.
    public var namesPeer: Bool {
        if case .certificates = kind { verifiesPeer } else { false }
    }
}

/// What may be negotiated, in GnuTLS's notation.
@safe
final class TLSPriority {
    let pointer: OpaquePointer

    init(_ text: String, for kind: TLSCredentials.Kind) throws(TransportError) {
        let more =
            switch kind {
            case .anonymous: ":+ANON-ECDH:+ANON-DH"
            case .preshared: ":+ECDHE-PSK:+DHE-PSK:+PSK"
            case .certificates: ""
            }
        var made: OpaquePointer?
        let code = unsafe gnutls_priority_init(&made, text + more, nil)
        guard code == 0, let made = unsafe made else {
            throw TransportError("Invalid TLS priority '\(text)': \(tlsText(code))")
        }
        unsafe pointer = made
    }

    deinit { unsafe gnutls_priority_deinit(pointer) }
}

/// GnuTLS's words for one of its error numbers.
func tlsText(_ code: Int32) -> String { unsafe String(cString: gnutls_strerror(code)) }
