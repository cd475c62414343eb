import Bytes
import Foundation
import MigrationStream
import StreamCorpus

/// A stream recorded from QEMU, kept in Tests/Fixtures/streams.
struct RecordedStream: CustomStringConvertible, Sendable {
    let name: String
    /// SHA-256 of the guest RAM that it carries.
    let hash: String
    /// Whether a description ends it, and whether that describes the configuration.
    var hasDescription = true
    var describesConfiguration = true
    let raw: Int

    var description: String { name }

    static let all = [
        RecordedStream(
            name: "plain-paused",
            hash: "1cd1b80e2823611b8d0c39bfad7c191b693ccad836a59f09d016b880f9555396", raw: 5_007_978),
        RecordedStream(
            name: "return-path",
            hash: "6aef60d33ec1eb283889248e669dd96413a9cc7153b6b9ae28ff406d95d96da0", raw: 14_615_927),
        RecordedStream(
            name: "plain-64M-novmdesc",
            hash: "b6513f667fdc5a080913c0473e56921a35d3ae2b905282d075ed5c250acb6f42", hasDescription: false,
            raw: 5_070_992),
        RecordedStream(
            name: "plain-paused-7.2",
            hash: "fece96d172ce9f1e0c0ccbee4e4eeab466c3cccb5920ed5643d14cf5381c952b",
            describesConfiguration: false, raw: 4_990_208),
    ]

    /// The bytes from source to destination, or back.
    func bytes(_ direction: String = "out") throws -> [UInt8] {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../Fixtures/streams/\(name).ch0.\(direction).zst").standardizedFileURL
        return try output(of: "zstd -dcq '\(file.path)'")
    }

    /// The recordings need the command `zstd`.
    static let canBeRead = (try? output(of: "zstd --version").isEmpty) == false
}

/// Guest memory for tests: takes what the stream lists, and keeps the records of one section body in order so that
/// they can be written again.
@safe final class RecordingSink: RAMSink {
    @safe enum Record {
        case page(block: Int, offset: UInt64, UnsafeMutableRawBufferPointer)
        case zero(block: Int, offset: UInt64)
    }

    private(set) var blocks: [RAMBlockDescription] = []
    private var memory: [UnsafeMutableRawBufferPointer] = unsafe []
    private(set) var records: [Record] = []

    deinit {
        apply()
        for index in 0..<(unsafe memory.count) { unsafe memory[index].deallocate() }
    }

    func announced(_ block: RAMBlockDescription, index: Int) {
        blocks.append(block)
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(block.length), alignment: 4096)
        unsafe room.initializeMemory(as: UInt8.self, repeating: 0)
        unsafe memory.append(room)
    }

    func page(block: Int, offset: UInt64) -> UnsafeMutableRawBufferPointer {
        let page = UnsafeMutableRawBufferPointer.allocate(byteCount: RAMSection.pageSize, alignment: 4096)
        unsafe records.append(.page(block: block, offset: offset, page))
        return unsafe page
    }

    func zero(block: Int, offset: UInt64) { records.append(.zero(block: block, offset: offset)) }

    /// Puts the records into memory and forgets them.
    func apply() {
        for record in records {
            switch record {
            case .page(let block, let offset, let page):
                unsafe UnsafeMutableRawBufferPointer(rebasing: memory[block][Int(offset)...])
                    .copyMemory(from: UnsafeRawBufferPointer(page))
                unsafe page.deallocate()
            case .zero(let block, let offset):
                let range = Int(offset)..<Int(offset) + RAMSection.pageSize
                unsafe UnsafeMutableRawBufferPointer(rebasing: memory[block][range])
                    .initializeMemory(as: UInt8.self, repeating: 0)
            }
        }
        records.removeAll()
    }

    /// SHA-256 of a block, in hexadecimal.
    func hash(of name: String) throws -> String? {
        guard let index = blocks.firstIndex(where: { $0.name == name }) else { return nil }
        let file = FileManager.default.temporaryDirectory.appending(path: "martlet-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        let block = unsafe memory[index]
        try unsafe Data(bytes: block.baseAddress.unsafelyUnwrapped, count: block.count).write(to: file)
        return String(decoding: try output(of: "sha256sum < '\(file.path)'").prefix(64), as: UTF8.self)
    }
}
