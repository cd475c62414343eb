import CGnuTLS

/// GnuTLS's own object behind credentials, freed with this one.
@safe
final class TLSCredentialsHandle {
    enum Form {
        case anonymousClient, anonymousServer, presharedClient, presharedServer, certificates

        var type: gnutls_credentials_type_t {
            switch self {
            case .anonymousClient, .anonymousServer: GNUTLS_CRD_ANON
            case .presharedClient, .presharedServer: GNUTLS_CRD_PSK
            case .certificates: GNUTLS_CRD_CERTIFICATE
            }
        }
    }

    let form: Form
    let pointer: OpaquePointer
    /// Diffie-Hellman parameters of a file, which GnuTLS does not copy.
    private var parameters: OpaquePointer?

    init(_ form: Form) throws(TransportError) {
        self.form = form
        var made: OpaquePointer?
        let code =
            switch form {
            case .anonymousClient: unsafe gnutls_anon_allocate_client_credentials(&made)
            case .anonymousServer: unsafe gnutls_anon_allocate_server_credentials(&made)
            case .presharedClient: unsafe gnutls_psk_allocate_client_credentials(&made)
            case .presharedServer: unsafe gnutls_psk_allocate_server_credentials(&made)
            case .certificates: unsafe gnutls_certificate_allocate_credentials(&made)
            }
        guard code == 0, let made = unsafe made else { throw .tls("Cannot allocate credentials", code) }
        unsafe pointer = made
        unsafe parameters = nil
    }

    deinit {
        switch form {
        case .anonymousClient: unsafe gnutls_anon_free_client_credentials(pointer)
        case .anonymousServer: unsafe gnutls_anon_free_server_credentials(pointer)
        case .presharedClient: unsafe gnutls_psk_free_client_credentials(pointer)
        case .presharedServer: unsafe gnutls_psk_free_server_credentials(pointer)
        case .certificates: unsafe gnutls_certificate_free_credentials(pointer)
        }
        if let parameters = unsafe parameters { unsafe gnutls_dh_params_deinit(parameters) }
    }

    /// Of a server: the parameters of a file, or those that GnuTLS knows.
    func setParameters(_ file: [UInt8]?) throws(TransportError) {
        guard let file else {
            switch form {
            case .anonymousServer:
                unsafe _ = gnutls_anon_set_server_known_dh_params(pointer, GNUTLS_SEC_PARAM_MEDIUM)
            case .presharedServer:
                unsafe _ = gnutls_psk_set_server_known_dh_params(pointer, GNUTLS_SEC_PARAM_MEDIUM)
            case .certificates:
                unsafe _ = gnutls_certificate_set_known_dh_params(pointer, GNUTLS_SEC_PARAM_MEDIUM)
            case .anonymousClient, .presharedClient: break
            }
            return
        }
        var made: OpaquePointer?
        var code = unsafe gnutls_dh_params_init(&made)
        guard code == 0, let made = unsafe made else {
            throw .tls("Cannot allocate Diffie-Hellman parameters", code)
        }
        unsafe parameters = made
        code = unsafe file.withDatum { unsafe gnutls_dh_params_import_pkcs3(made, $0, GNUTLS_X509_FMT_PEM) }
        guard code == 0 else {
            throw .tls("Cannot load the Diffie-Hellman parameters in dh-params.pem", code)
        }
        switch form {
        case .anonymousServer: unsafe gnutls_anon_set_server_dh_params(pointer, made)
        case .presharedServer: unsafe gnutls_psk_set_server_dh_params(pointer, made)
        case .certificates: unsafe gnutls_certificate_set_dh_params(pointer, made)
        case .anonymousClient, .presharedClient: break
        }
    }

    /// Of a server: the file with everybody's key, read again for each session.
    func loadKeys(_ path: String) throws(TransportError) {
        let code = unsafe gnutls_psk_set_server_credentials_file(pointer, path)
        guard code == 0 else { throw .tls("Cannot load the keys in \(path)", code) }
    }

    /// Of a client: its key, in hexadecimal.
    func setKey(_ key: String, of username: String) throws(TransportError) {
        let code = unsafe Array(key.utf8).withDatum {
            unsafe gnutls_psk_set_client_credentials(pointer, username, $0, GNUTLS_PSK_KEY_HEX)
        }
        guard code == 0 else { throw .tls("Cannot use the key of user '\(username)'", code) }
    }

    /// Of certificates: what to judge others by, what to show, and the judgement itself.
    func load(_ files: TLSCredentialFiles.Certificates, password: String?) throws(TransportError) {
        var code = unsafe gnutls_certificate_set_x509_trust_file(
            pointer, files.authority, GNUTLS_X509_FMT_PEM)
        guard code > 0 else { throw .tls("Cannot load CA certificate '\(files.authority)'", code) }
        if let own = files.own {
            code = unsafe gnutls_certificate_set_x509_key_file2(
                pointer, own.certificate, own.key, GNUTLS_X509_FMT_PEM, password, 0)
            guard code >= 0 else {
                let advice = password == nil ? "" : "; is it the right password that passwordid names?"
                throw TransportError(
                    "Cannot load certificate '\(own.certificate)' & key '\(own.key)': \(tlsText(code))\(advice)"
                )
            }
        }
        if let list = files.revocations {
            code = unsafe gnutls_certificate_set_x509_crl_file(pointer, list, GNUTLS_X509_FMT_PEM)
            guard code >= 0 else { throw .tls("Cannot load CRL '\(list)'", code) }
        }
        unsafe gnutls_certificate_set_verify_function(pointer, verifyTLSPeer)
    }
}

extension TransportError {
    /// `what: GnuTLS's reason`.
    static func tls(_ what: String, _ code: Int32) -> TransportError {
        TransportError("\(what): \(tlsText(code))")
    }
}

extension [UInt8] {
    /// Lends the bytes as GnuTLS takes them.
    func withDatum<Result>(_ body: (UnsafePointer<gnutls_datum_t>) -> Result) -> Result {
        var copy = self
        return unsafe copy.withUnsafeMutableBufferPointer { buffer in
            var datum = unsafe gnutls_datum_t(data: buffer.baseAddress, size: UInt32(buffer.count))
            return unsafe withUnsafePointer(to: &datum) { unsafe body($0) }
        }
    }
}

extension gnutls_datum_t {
    /// The text, which is given back to GnuTLS.
    consuming func takeText() -> String {
        defer { unsafe cgnutls_free(data) }
        guard let start = unsafe data else { return "" }
        return unsafe String(decoding: UnsafeBufferPointer(start: start, count: Int(size)), as: UTF8.self)
    }
}
