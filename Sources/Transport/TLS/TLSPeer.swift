import CGnuTLS

/// What the other side of a handshake has shown.
@safe
struct TLSPeer {
    private let session: OpaquePointer

    init(_ session: OpaquePointer) { unsafe self.session = session }

    /// Why it is not believed, or not let in; nil when it is.
    func refusal(by side: TLSSide) -> TLSSession.Refusal? {
        var status: UInt32 = 0
        let code = unsafe gnutls_certificate_verify_peers2(session, &status)
        guard code == 0 else {
            let isMissing = code == GNUTLS_E_NO_CERTIFICATE_FOUND
            return .init(
                text: "Verify failed: \(tlsText(code))",
                alert: isMissing ? GNUTLS_A_CERTIFICATE_REQUIRED : GNUTLS_A_BAD_CERTIFICATE)
        }
        guard status == 0 else {
            return .init(text: "Certificate refused: \(tlsReason(status))", alert: Self.alert(status))
        }
        guard let certificate = unsafe TLSPeerCertificate(session) else {
            return .init(
                text: "The peer's certificate cannot be read", alert: GNUTLS_A_BAD_CERTIFICATE)
        }
        switch side {
        case .client(_, let hostname):
            let hostname = hostname ?? ""
            if certificate.isFor(hostname) { return nil }
            return .init(
                text: "Certificate does not match the hostname \(hostname)",
                alert: GNUTLS_A_CERTIFICATE_UNKNOWN)
        case .server(_, let refusal):
            guard let text = refusal?(certificate.name) else { return nil }
            return .init(text: text, alert: GNUTLS_A_ACCESS_DENIED)
        }
    }

    /// What an owner of a certificate with this status is told.
    private static func alert(_ status: UInt32) -> gnutls_alert_description_t {
        func has(_ flag: gnutls_certificate_status_t) -> Bool { status & flag.rawValue != 0 }
        if has(GNUTLS_CERT_EXPIRED) { return GNUTLS_A_CERTIFICATE_EXPIRED }
        if has(GNUTLS_CERT_REVOKED) { return GNUTLS_A_CERTIFICATE_REVOKED }
        if has(GNUTLS_CERT_SIGNER_NOT_FOUND) { return GNUTLS_A_UNKNOWN_CA }
        return GNUTLS_A_BAD_CERTIFICATE
    }
}

/// The first certificate of the other side, its own.
@safe
private final class TLSPeerCertificate {
    private let certificate: OpaquePointer

    init?(_ session: OpaquePointer) {
        var count: UInt32 = 0
        guard let list = unsafe gnutls_certificate_get_peers(session, &count), count > 0 else { return nil }
        var made: OpaquePointer?
        guard unsafe gnutls_x509_crt_init(&made) == 0, let made = unsafe made else { return nil }
        guard unsafe gnutls_x509_crt_import(made, list, GNUTLS_X509_FMT_DER) == 0 else {
            unsafe gnutls_x509_crt_deinit(made)
            return nil
        }
        unsafe certificate = made
    }

    deinit { unsafe gnutls_x509_crt_deinit(certificate) }

    /// Whether it is for a host of that name or address.
    func isFor(_ hostname: String) -> Bool {
        unsafe gnutls_x509_crt_check_hostname(certificate, hostname) != 0
    }

    /// The distinguished name, its parts in the certificate's order: `O=lab,CN=src`.
    var name: String {
        var size = 4096
        var text = [CChar](repeating: 0, count: size)
        guard unsafe gnutls_x509_crt_get_dn(certificate, &text, &size) == 0 else { return "" }
        return String(decoding: text.prefix(size).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
