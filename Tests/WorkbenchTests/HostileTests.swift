import Bytes
import MigrationStream
import StreamCorpus
import Testing

@testable import Workbench

/// A name of 86 bytes that are no text: repaired it would have 258.
private func name(_ writer: inout ByteWriter) {
    writer.uint8(86)
    writer.append([UInt8](repeating: 0xFF, count: 86))
}

/// Recordings that are made to hurt their reader.
@Suite("Hostile recordings")
struct HostileTests {
    static let unreadable: [(path: String, write: @Sendable (inout ByteWriter) -> Void)] = [
        (
            "configuration/capabilities",
            {
                StreamConfiguration(machine: "small").encode(to: &$0)
                $0.uint8(5)
                $0.string8("configuration/capabilities")
                $0.uint32(1)
                $0.uint32(1)
                name(&$0)
                $0.uint8(0)
            }
        ),
        (
            "section header",
            {
                StreamConfiguration(machine: "small").encode(to: &$0)
                $0.append([4, 0, 0, 0, 1])
                name(&$0)
                $0.zeros(8)
            }
        ),
        (
            "block list",
            {
                StreamConfiguration(machine: "small").encode(to: &$0)
                SmallStream.header(.start).encode(to: &$0)
                $0.uint64(0x1004)
                name(&$0)
                $0.uint64(0x1000)
            }
        ),
        (
            "chunk",
            {
                StreamConfiguration(machine: "small").encode(to: &$0)
                SectionHeader(kind: .start, id: 1, name: "dirty-bitmap", version: 1).encode(to: &$0)
                $0.uint8(0x24)
                name(&$0)
            }
        ),
    ]

    @Test("whose names are no text are not converted", arguments: unreadable.indices)
    func names(_ index: Int) throws {
        var writer = ByteWriter()
        Self.unreadable[index].write(&writer)
        let copy = TemporaryFile()
        let file = try OutputFile(path: copy.path)
        do throws(StreamConverter.Failure) {
            try StreamConverter.convert(reader(writer.bytes), to: .sequential(compressLevel: nil), file)
            Issue.record("it was taken")
        } catch {
            guard case .stream(let error) = error else { throw error }
            #expect(error.path == [Self.unreadable[index].path])
            #expect(error.expected == "a text in UTF-8" && error.found == "other bytes")
        }
    }
}
