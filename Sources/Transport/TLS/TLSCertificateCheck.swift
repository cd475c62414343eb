import CGnuTLS
import Glibc

/// Looks at the certificates of a side before any peer does: what a peer would refuse is said now, with the file's name.
struct TLSCertificateCheck {
    private let files: TLSCredentialFiles.Certificates
    private let endpoint: TLSCredentials.Endpoint

    init(_ files: TLSCredentialFiles.Certificates, _ endpoint: TLSCredentials.Endpoint) {
        self.files = files
        self.endpoint = endpoint
    }

    func run() throws(TransportError) {
        let authorities = try TLSCertificates(files.authority)
        for index in 0..<authorities.count {
            try checkTime(authorities, index, "CA certificate")
            try checkAuthority(authorities, index)
        }
        guard let own = files.own else { return }
        let certificates = try TLSCertificates(own.certificate)
        // The first is the side's own, others lead from it to the authority.
        try checkTime(certificates, 0, "\(endpoint.rawValue) certificate")
        try checkPurpose(certificates)
        try checkChain(certificates, authorities)
    }

    private func checkTime(_ list: TLSCertificates, _ index: Int, _ what: String) throws(TransportError) {
        let now = time(nil)
        guard let certificate = unsafe list[index] else { return }
        if unsafe gnutls_x509_crt_get_expiration_time(certificate) < now {
            throw TransportError("The \(what) \(list.path) has expired")
        }
        if unsafe gnutls_x509_crt_get_activation_time(certificate) > now {
            throw TransportError("The \(what) \(list.path) is not yet active")
        }
    }

    private func checkAuthority(_ list: TLSCertificates, _ index: Int) throws(TransportError) {
        guard let certificate = unsafe list[index] else { return }
        var isAuthority: UInt32 = 0
        let code = unsafe gnutls_x509_crt_get_basic_constraints(certificate, nil, &isAuthority, nil)
        guard code >= 0, isAuthority != 0 else {
            throw TransportError(
                "The certificate \(list.path) basic constraints do not show a CA")
        }
        if let usage = unsafe usage(certificate), usage & UInt32(GNUTLS_KEY_KEY_CERT_SIGN) == 0 {
            throw TransportError(
                "The CA certificate \(list.path) may not sign others: its key usage forbids it")
        }
    }

    private func checkPurpose(_ list: TLSCertificates) throws(TransportError) {
        guard let certificate = unsafe list[0] else { return }
        // Key encipherment is for key exchanges that TLS 1.3 has no more.
        if let usage = unsafe usage(certificate), usage & UInt32(GNUTLS_KEY_DIGITAL_SIGNATURE) == 0 {
            throw TransportError(
                "The \(endpoint.rawValue) certificate \(list.path) does not permit digital signatures: its key usage "
                    + "forbids them")
        }
        let purpose = endpoint == .server ? GNUTLS_KP_TLS_WWW_SERVER : GNUTLS_KP_TLS_WWW_CLIENT
        guard unsafe gnutls_x509_crt_check_key_purpose(certificate, purpose, 0) != 0 else {
            throw TransportError(
                "The certificate \(list.path) is not for a TLS \(endpoint.rawValue): its extended key usage is for other "
                    + "purposes")
        }
    }

    private func checkChain(
        _ list: TLSCertificates, _ authorities: TLSCertificates
    ) throws(TransportError) {
        var status: UInt32 = 0
        let code = unsafe gnutls_x509_crt_list_verify(
            list.pointer, UInt32(list.count), authorities.pointer, UInt32(authorities.count), nil, 0, 0,
            &status)
        guard code == 0, status == 0 else {
            throw TransportError(
                "Our own certificate \(list.path) failed validation against \(authorities.path): "
                    + (code == 0 ? tlsReason(status) : tlsText(code)))
        }
    }

    /// What the key may do; nil when the certificate does not restrict it.
    private func usage(_ certificate: OpaquePointer) -> UInt32? {
        var usage: UInt32 = 0
        let code = unsafe gnutls_x509_crt_get_key_usage(certificate, &usage, nil)
        return code == 0 ? usage : nil
    }
}

/// The certificates in a file.
@safe
final class TLSCertificates {
    let path: String
    let pointer: UnsafeMutablePointer<OpaquePointer?>?
    let count: Int

    init(_ path: String) throws(TransportError) {
        self.path = path
        let bytes = try TLSCredentialFiles(directory: nil).read(path)
        var list: UnsafeMutablePointer<OpaquePointer?>?
        var size: UInt32 = 0
        let code = unsafe bytes.withDatum {
            unsafe gnutls_x509_crt_list_import2(&list, &size, $0, GNUTLS_X509_FMT_PEM, 0)
        }
        guard code >= 0, size > 0 else {
            throw TransportError("Cannot load certificate '\(path)': \(tlsText(code))")
        }
        unsafe pointer = list
        count = Int(size)
    }

    deinit {
        for index in 0..<count { if let item = unsafe self[index] { unsafe gnutls_x509_crt_deinit(item) } }
        unsafe cgnutls_free(pointer)
    }

    subscript(index: Int) -> OpaquePointer? { unsafe pointer?[index] }
}

/// Why a certificate is not believed, in GnuTLS's words.
func tlsReason(_ status: UInt32) -> String {
    var text = unsafe gnutls_datum_t()
    guard unsafe gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0) == 0 else {
        return "status \(status)"
    }
    var said = unsafe text.takeText()
    while said.last == " " || said.last == "." { said.removeLast() }
    return said
}
