import Devices

/// A character device that leads somewhere, as `query-chardev` tells of it.
struct OpenCharacter: Sendable {
    let label: String
    let backend: CharacterBackend
    private let character: MachineConfiguration.Character

    /// - Throws: when the file, terminal or socket cannot be had.
    init(label: String, _ character: MachineConfiguration.Character) throws {
        self.label = label
        self.character = character
        backend = try CharacterBackend(Self.kind(character))
    }

    /// Where it leads now.
    var filename: String {
        if let path = backend.ptyPath { return "pty:\(path)" }
        return backend.isConnected ? character.description : "disconnected:\(character.description)"
    }

    private static func kind(_ character: MachineConfiguration.Character) throws -> CharacterBackend.Kind {
        switch character {
        case .null: .null
        case .stdio: .stdio
        case .file(let path, let append): .file(path: path, append: append)
        case .pty: .pty
        case .unix(let path, let server, let wait):
            .socket(try StreamSocket.unix(path, isServer: server, waits: wait))
        case .tcp(let host, let port, let server, let wait):
            .socket(try StreamSocket.tcp(host, port, isServer: server, waits: wait))
        case .descriptor(let descriptor, _): .socket(descriptor)
        }
    }
}
