import Bytes
import Foundation
import MigrationStream
import StreamCorpus
import Testing
import VMState

@testable import Workbench

/// A stream recorded from QEMU, kept in Tests/Fixtures/streams.
struct Fixture: CustomTestStringConvertible, Sendable {
    let name: String
    let devices: Int
    /// SHA-256 of the guest RAM that it carries.
    let hash: String

    var testDescription: String { name }

    static let all = [
        Fixture(
            name: "plain-paused", devices: 15,
            hash: "1cd1b80e2823611b8d0c39bfad7c191b693ccad836a59f09d016b880f9555396"),
        Fixture(
            name: "return-path", devices: 15,
            hash: "6aef60d33ec1eb283889248e669dd96413a9cc7153b6b9ae28ff406d95d96da0"),
        Fixture(
            name: "plain-64M-novmdesc", devices: 15,
            hash: "b6513f667fdc5a080913c0473e56921a35d3ae2b905282d075ed5c250acb6f42"),
        Fixture(
            name: "plain-paused-7.2", devices: 14,
            hash: "fece96d172ce9f1e0c0ccbee4e4eeab466c3cccb5920ed5643d14cf5381c952b"),
    ]

    func path(_ channel: String = "ch0.out") -> String {
        URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../Fixtures/streams/\(name).\(channel).zst").standardizedFileURL.path
    }

    func source(_ channel: String = "ch0.out") throws -> any ByteSource {
        try #require(UnpackingSource(try FileSource(path: path(channel))))
    }

    func reader() throws -> StreamEventReader { StreamEventReader(StreamCapture(main: try source())) }

    /// All bytes of the main channel.
    func bytes() throws -> [UInt8] { try everything(of: try source()) }
}

/// All bytes of a source.
func everything(of source: any ByteSource) throws -> [UInt8] {
    let input = InputBuffer(source)
    var bytes: [UInt8] = []
    while try !input.isAtEnd() { bytes += try input.bytes(input.bufferedCount) }
    return bytes
}

/// A reader of bytes in memory.
func reader(_ bytes: [UInt8]) -> StreamEventReader {
    StreamEventReader(StreamCapture(main: ArraySource(bytes, chunk: 60000)))
}

/// A file that is gone with the object.
final class TemporaryFile {
    let path = FileManager.default.temporaryDirectory.appending(path: "martlet-\(UUID().uuidString)").path

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func bytes() throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }

    func hash() throws -> String {
        String(decoding: try output(of: "sha256sum < '\(path)'").prefix(64), as: UTF8.self)
    }
}
