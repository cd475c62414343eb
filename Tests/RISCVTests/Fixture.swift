import Glibc
import Testing

/// Files under Tests/Fixtures.
enum Fixture {
    private static func path(_ name: String) -> String {
        #filePath.replacing("RISCVTests/Fixture.swift", with: "Fixtures/\(name)")
    }

    static func bytes(_ name: String) throws -> [UInt8] {
        let opened = unsafe fopen(path(name), "rb")
        let file = unsafe try #require(opened)
        defer { _ = unsafe fclose(file) }
        var all: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = unsafe fread(&chunk, 1, chunk.count, file)
            if count == 0 { return all }
            all += chunk[..<count]
        }
    }

    /// The lines of a text file but for empty ones and comments.
    static func lines(_ name: String) throws -> [String] {
        String(decoding: try bytes(name), as: UTF8.self).split(separator: "\n").map(String.init)
            .filter { !$0.hasPrefix("#") }
    }

    static func write(_ text: String, to name: String) throws {
        let opened = unsafe fopen(path(name), "wb")
        let file = unsafe try #require(opened)
        _ = unsafe fputs(text, file)
        _ = unsafe fclose(file)
    }
}
