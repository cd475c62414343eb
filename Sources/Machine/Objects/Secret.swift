import Glibc
import QAPI
import Transport

/// What an object `secret` holds: a password, or the key that closes other secrets.
struct Secret {
    /// Longest file of a secret, in bytes.
    private static let limit = 1 << 20

    let bytes: [UInt8]

    /// - Parameter other: what the secret of an id holds.
    init(
        _ given: SecretProperties, _ other: (String) throws(QAPIError) -> [UInt8]
    ) throws(QAPIError) {
        let raw: [UInt8]
        switch (given.data, given.file) {
        case (let data?, nil): raw = Array(data.utf8)
        case (nil, let path?):
            do throws(BootError) { raw = try readFile(path, limit: Self.limit) } catch {
                throw .generic("Unable to read secret: \(error)")
            }
        case (nil, nil): throw .generic("Either 'file' or 'data' must be provided")
        case (_?, _?): throw .generic("'file' and 'data' are mutually exclusive")
        }
        let decoded = given.format == .base64 ? try Self.base64(raw) : raw
        guard let keyid = given.keyid else {
            bytes = decoded
            return
        }
        let key = try other(keyid)
        guard key.count == 32 else {
            throw .generic("Key '\(keyid)' of the secret has \(key.count) bytes; AES-256 needs 32")
        }
        guard let text = given.iv else { throw .generic("IV is required to decrypt secret") }
        let iv = try Self.base64(Array(text.utf8))
        guard iv.count == 16 else { throw .generic("IV of the secret has \(iv.count) bytes; AES needs 16") }
        guard let opened = SecretDecoding.decrypt(decoded, key: key, iv: iv) else {
            throw .generic("Unable to decrypt secret: the key '\(keyid)' does not fit, or it is damaged")
        }
        bytes = opened
    }

    private static func base64(_ text: [UInt8]) throws(QAPIError) -> [UInt8] {
        guard let bytes = SecretDecoding.base64(text) else {
            throw .generic("Base64 data contains invalid characters")
        }
        return bytes
    }
}
