import Foundation
import Testing
import Transport

/// Credentials of Tests/Fixtures/tls; make.sh there says whose they are.
enum TLSFixtures {
    static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures/tls").path

    static func certificates(
        _ name: String, _ endpoint: TLSCredentials.Endpoint, verifiesPeer: Bool = true,
        isChecked: Bool = true,
        password: String? = nil, priority: String? = nil
    ) throws(TransportError) -> TLSCredentials {
        try TLSCredentials(
            .certificates(isChecked: isChecked, password: password), endpoint: endpoint,
            directory: "\(folder)/\(name)", verifiesPeer: verifiesPeer, priority: priority)
    }

    static func preshared(
        _ endpoint: TLSCredentials.Endpoint, in name: String = "psk"
    ) throws(TransportError) -> TLSCredentials {
        try TLSCredentials(.preshared(username: "qemu"), endpoint: endpoint, directory: "\(folder)/\(name)")
    }

    static func anonymous(_ endpoint: TLSCredentials.Endpoint) throws(TransportError) -> TLSCredentials {
        try TLSCredentials(.anonymous, endpoint: endpoint)
    }
}

/// A folder with copies of some of the fixtures' files under other names, removed with this object.
final class TLSFolder {
    let path: String

    /// - Parameter files: by their names, which of the fixtures they are copies of.
    init(_ files: [String: String]) throws {
        path = FileManager.default.temporaryDirectory.appending(path: "martlet-tls-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for (name, source) in files {
            try FileManager.default.copyItem(
                atPath: "\(TLSFixtures.folder)/\(source)", toPath: "\(path)/\(name)")
        }
    }

    func write(_ text: String, to name: String) throws {
        try text.write(toFile: "\(path)/\(name)", atomically: true, encoding: .utf8)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
