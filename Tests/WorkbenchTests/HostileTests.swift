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

    @Test("with more pages than are kept are refused before memory is taken for them")
    func memory() throws {
        let image = RAMImage(pageSize: 4096) { (_) throws(ByteSourceError) in nil }
        try image.apply(.block(RAMBlockDescription(name: "a", length: 4096), index: 0))
        let text =
            "the RAM blocks up to 'b', which has 4398046511104 bytes, have more than the 1073741824 pages that can be "
            + "kept"
        do throws(ByteSourceError) {
            try image.apply(.block(RAMBlockDescription(name: "b", length: 1 << 42), index: 1))
            Issue.record("it was taken")
        } catch {
            #expect(error == ByteSourceError(text))
        }
    }

    @Test("with many heads of descriptions are searched once")
    func heads() throws {
        var text = ByteWriter()
        text.append("{\"devices\": []}")
        var writer = ByteWriter()
        writer.append([0, 6, 0, 0, 0, UInt8(text.count)])
        writer.append(text.bytes)
        // Each as long as the rest: a copy of it for each would be of 35 GB.
        let length = 7 * 100_000
        while writer.count < length {
            writer.append([0, 6])
            writer.uint32(UInt32(length - writer.count - 4))
            writer.uint8(UInt8(ascii: "{"))
        }
        #expect(StreamEventReader.description(in: writer.bytes)?.devices == [])
    }

    /// A device of 1 MiB whose description has these fields.
    private static func device(_ fields: String) throws -> DeviceSection {
        let text = "{\"devices\":[{\"name\":\"d\",\"instance_id\":0,\"fields\":[\(fields)]}]}"
        let header = SectionHeader(kind: .full, id: 1, name: "d", version: 1)
        return DeviceSection(
            header: header, offset: 0, bytes: [UInt8](repeating: 7, count: 1 << 20), source: .description,
            layout: try DescriptionReader.read(Array(text.utf8)).devices.first?.layout)
    }

    private static let byte = "{\"name\":\"b\",\"type\":\"uint8\",\"size\":1}"
    private static let nothing = "{\"name\":\"n\",\"type\":\"buffer\",\"size\":0},"

    private static func structure(_ size: String, _ fields: String) -> String {
        "{\"name\":\"s\",\(size),\"struct\":{\"fields\":[\(fields)]}}"
    }

    static let descriptions: [(fields: String, names: [String])] = [
        // Elements of a byte in an array of none.
        (structure("\"array_len\":10000000000000,\"size\":0", byte), ["s"]),
        // The whole body in a structure of no bytes.
        (structure("\"size\":0", "{\"name\":\"x\",\"size\":1048576}"), ["s"]),
        // Many fields without bytes in each of many elements.
        (
            structure(
                "\"array_len\":1048576,\"size\":1", String(repeating: nothing, count: 1000) + byte),
            ["data"]
        ),
    ]

    @Test(
        "whose descriptions say much about few bytes are not read for long", arguments: descriptions.indices)
    func fields(_ index: Int) throws {
        let expected = Self.descriptions[index]
        let fields = try Self.device(expected.fields).fields
        #expect(fields.map(\.name) == expected.names)
        #expect(fields.allSatisfy { $0.children.allSatisfy { $0.length == 0 } })
    }
}
