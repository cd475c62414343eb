import Foundation
import Migration
import Transport

/// Objects by their ids, as clients make them: `KIND-ENDPOINT` of the credentials in Tests/Fixtures/tls.
struct LabObjects: MigrationObjects {
    static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures/tls").path

    func credentials(_ id: String) throws(TransportError) -> TLSCredentials {
        let words = id.split(separator: "-").map(String.init)
        guard words.count == 2, let endpoint = TLSCredentials.Endpoint(rawValue: words[1]) else {
            throw .noCredentials(id)
        }
        let folder = "\(Self.folder)/\(words[0])"
        switch words[0] {
        case "anonymous": return try TLSCredentials(.anonymous, endpoint: endpoint)
        case "psk", "otherpsk":
            return try TLSCredentials(.preshared(username: "qemu"), endpoint: endpoint, directory: folder)
        default:
            return try TLSCredentials(
                .certificates(isChecked: false, password: nil), endpoint: endpoint, directory: folder)
        }
    }

    func refusal(of name: String, by id: String) -> String? {
        name == id ? nil : "TLS x509 authz check for \(name) is denied"
    }
}
