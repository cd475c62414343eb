import CGnuTLS
import CPlatform
import Glibc

/// The files of credentials, under QEMU's names.
struct TLSCredentialFiles {
    /// Paths of what one side shows and judges by.
    struct Certificates {
        var authority: String
        var revocations: String?
        var own: (certificate: String, key: String)?
    }

    let directory: String?

    func required(_ name: String) throws(TransportError) -> String {
        guard let path = try path(name, isRequired: true) else {
            throw TransportError("Unable to access credentials \(name)")
        }
        return path
    }

    /// The path of a file; nil when it is not there and need not be.
    private func path(_ name: String, isRequired: Bool) throws(TransportError) -> String? {
        guard let directory else {
            if isRequired { throw TransportError("Missing 'dir' property value") }
            return nil
        }
        let path = "\(directory)/\(name)"
        if unsafe access(path, R_OK) == 0 { return path }
        let code = errno
        if !isRequired, code == ENOENT { return nil }
        throw .system("Unable to access credentials \(path)", code)
    }

    func certificates(of endpoint: TLSCredentials.Endpoint) throws(TransportError) -> Certificates {
        let authority = try required("ca-cert.pem")
        let isRequired = endpoint == .server
        let certificate = try path("\(endpoint.rawValue)-cert.pem", isRequired: isRequired)
        let key = try path("\(endpoint.rawValue)-key.pem", isRequired: isRequired || certificate != nil)
        return Certificates(
            authority: authority, revocations: try path("ca-crl.pem", isRequired: false),
            own: certificate.flatMap { certificate in key.map { (certificate, $0) } })
    }

    /// The Diffie-Hellman parameters in `dh-params.pem`; nil for those that GnuTLS knows.
    func parameters() throws(TransportError) -> [UInt8]? {
        guard let path = try path("dh-params.pem", isRequired: false) else { return nil }
        return try read(path)
    }

    /// A user's key in a file of lines `user:key`, in hexadecimal as it stands there.
    func key(of username: String, in path: String) throws(TransportError) -> String {
        let text = String(decoding: try read(path), as: UTF8.self)
        for line in text.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":"), line[..<colon] == username else { continue }
            let key = line[line.index(after: colon)...].filter { !$0.isWhitespace }
            if !key.isEmpty { return key }
        }
        throw TransportError(
            "Username \(username) not found in PSK file \(path): it has lines of the form USER:HEXKEY")
    }

    /// Longest file of credentials, in bytes.
    private static let limit = 4 << 20

    func read(_ path: String) throws(TransportError) -> [UInt8] {
        let descriptor = unsafe cplatform_open(path, O_RDONLY | O_CLOEXEC, 0)
        guard descriptor >= 0 else { throw .system("Unable to access credentials \(path)") }
        defer { _ = close(descriptor) }
        var bytes: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= Self.limit {
            let count = unsafe Glibc.read(descriptor, &room, room.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system("Unable to access credentials \(path)") }
            if count == 0 { return bytes }
            bytes += room[..<count]
        }
        throw TransportError("Unable to access credentials \(path): it is longer than \(Self.limit) bytes")
    }
}
