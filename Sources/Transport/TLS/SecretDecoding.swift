import CGnuTLS

/// Takes apart what QEMU's object `secret` is given, with the library that TLS needs anyway.
public enum SecretDecoding {
    /// The bytes behind a base64 text; nil when it is none.
    public static func base64(_ text: [UInt8]) -> [UInt8]? {
        var decoded = unsafe gnutls_datum_t()
        guard unsafe text.withDatum({ unsafe gnutls_base64_decode2($0, &decoded) }) == 0 else { return nil }
        defer { unsafe cgnutls_free(decoded.data) }
        return unsafe Array(UnsafeBufferPointer(start: decoded.data, count: Int(decoded.size)))
    }

    /// Opens bytes that were closed by AES-256 in CBC mode with PKCS #7's padding; nil when the key does not fit.
    ///
    /// - Parameters:
    ///   - key: 32 bytes.
    ///   - iv: 16 bytes.
    public static func decrypt(_ bytes: [UInt8], key: [UInt8], iv: [UInt8]) -> [UInt8]? {
        guard key.count == 32, iv.count == 16, !bytes.isEmpty, bytes.count % 16 == 0 else { return nil }
        var handle: gnutls_cipher_hd_t?
        let code = unsafe key.withDatum { key in
            unsafe iv.withDatum { unsafe gnutls_cipher_init(&handle, GNUTLS_CIPHER_AES_256_CBC, key, $0) }
        }
        guard code == 0, let handle = unsafe handle else { return nil }
        defer { unsafe gnutls_cipher_deinit(handle) }
        var text = bytes
        guard unsafe gnutls_cipher_decrypt(handle, &text, text.count) == 0, let last = text.last,
            (1...16).contains(last), text.suffix(Int(last)).allSatisfy({ $0 == last })
        else { return nil }
        return Array(text.dropLast(Int(last)))
    }
}
