import Bytes
import Foundation
import MigrationStream
import StreamCorpus
import Testing

@testable import Workbench

/// Recordings of whole migrations, more than the repository holds: MARTLET_STREAMS names a folder with a
/// manifest.json that says of each its files and the SHA-256 of the guest RAM that it carries.
struct Capture: Decodable, CustomTestStringConvertible, Sendable {
    struct File: Decodable, Sendable { var file: String }

    var name: String
    var files: [File]
    var expected_ram_sha256: String

    var testDescription: String { name }

    static let folder = ProcessInfo.processInfo.environment["MARTLET_STREAMS"].map { URL(filePath: $0) }

    static let all: [Capture] = {
        guard let folder, let data = try? Data(contentsOf: folder.appending(path: "manifest.json")) else {
            return []
        }
        return (try? JSONDecoder().decode([Capture].self, from: data)) ?? []
    }()

    func open() throws -> StreamCapture {
        let folder = try #require(Self.folder)
        var result: StreamCapture?
        for file in files {
            let path = folder.appending(path: file.file).path
            let bytes = try #require(UnpackingSource(try FileSource(path: path)))
            let start = try InputBuffer(try #require(UnpackingSource(try FileSource(path: path)))).peek(64)
            switch StreamCapture.kind(of: start) {
            case .main: result = StreamCapture(main: bytes)
            case .multifd: result?.multifd.append(bytes)
            case .preempt: result?.preempt = bytes
            case .returnPath: result?.returnPath = bytes
            }
        }
        return try #require(result)
    }
}

@Suite("Recorded migrations", .enabled(if: !Capture.all.isEmpty))
struct CaptureTests {
    @Test("are read to the last byte and carry the RAM that QEMU found in them", arguments: Capture.all)
    func ram(_ capture: Capture) throws {
        let reader = StreamEventReader(try capture.open())
        var image: RAMImage?
        var blocks: [String] = []
        var bytes: UInt64 = 0
        let file = FileManager.default.temporaryDirectory.appending(path: "martlet-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }

        while let event = try reader.next() {
            if event.channel == .main {
                #expect(event.offset == bytes)
                bytes += event.length
            }
            switch event.content {
            case .configuration:
                image = RAMImage(pageSize: reader.pageSize) { block in
                    block.name == "riscv_virt_board.ram"
                        ? .init(descriptor: unsafe open(file.path, O_RDWR | O_CREAT, 0o600)) : nil
                }
            case .ram(let record):
                if case .block(let block, _) = record { blocks.append(block.name) }
                try image?.apply(record)

            case .trailing: Issue.record("bytes behind the end")
            default: break
            }
        }
        image = nil
        #expect(blocks.count >= 4)
        let hash = try output(of: "sha256sum < '\(file.path)'").prefix(64)
        #expect(String(decoding: hash, as: UTF8.self) == capture.expected_ram_sha256)
    }
}

extension CaptureTests {
    @Test("are good", arguments: Capture.all)
    func verify(_ capture: Capture) throws {
        let outcome = StreamVerifier.verify(StreamEventReader(try capture.open()))
        #expect(outcome.problems == [])
        #expect(outcome.bytes == outcome.accountedBytes)
    }

    @Test("carry the same guest once converted", arguments: Capture.all)
    func convert(_ capture: Capture) throws {
        let (first, second) = (TemporaryFile(), TemporaryFile())
        try StreamConverter.convert(
            StreamEventReader(try capture.open()), to: .mappedRAM, OutputFile(path: first.path))
        let mapped = StreamEventReader(StreamCapture(main: try FileSource(path: first.path)))
        try StreamConverter.convert(
            mapped, to: .sequential(compressLevel: nil), OutputFile(path: second.path))
        let copy = StreamEventReader(StreamCapture(main: try FileSource(path: second.path)))
        let difference = try StreamDifference(
            StreamDifference.Guest(StreamEventReader(try capture.open())), StreamDifference.Guest(copy))
        #expect(difference.text == "the guests are the same")
    }
}
