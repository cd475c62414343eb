import Bytes
import MigrationStream
import StreamCorpus
import Testing
import VMState

@Suite("Device sections")
struct DeviceTests {
    @Test("a device is written with header, body, subsection and footer, and described")
    func written() {
        var writer = DeviceWriter(dialect: .qemu10_0)
        writer.write(SmallStream.sections()[0], id: 10)
        var expected: [UInt8] = [4, 0, 0, 0, 10, 5] + Array("thing".utf8) + [0, 0, 0, 1, 0, 0, 0, 2]
        expected += [1, 2, 3, 4, 1, 2, 3]
        expected += [5, 11] + Array("thing/extra".utf8) + [0, 0, 0, 1, 0, 7]
        expected += [0x7E, 0, 0, 0, 10]
        #expect(writer.output.bytes == expected)
        let devices =
            "\"page_size\": 4096, \"devices\": [{\"name\": \"thing\", \"instance_id\": 1, "
            + "\"vmsd_name\": \"thing\", \"version\": 2, \"fields\": ["
            + "{\"name\": \"count\", \"type\": \"uint32\", \"size\": 4}, "
            + "{\"name\": \"levels\", \"array_len\": 3, \"type\": \"uint8\", \"size\": 1}], "
            + "\"subsections\": [{\"vmsd_name\": \"thing/extra\", \"version\": 1, \"fields\": ["
            + "{\"name\": \"extra\", \"type\": \"uint16\", \"size\": 2}]}]}]}"
        #expect(writer.description.json(configuration: nil) == "{" + devices)
        #expect(
            writer.description.json(configuration: StreamConfiguration(machine: "virt"))
                == "{\"configuration\": {\"vmsd_name\": \"configuration\", \"version\": 1, \"fields\": ["
                + "{\"name\": \"len\", \"type\": \"uint32\", \"size\": 4}, "
                + "{\"name\": \"name\", \"type\": \"buffer\", \"size\": 4}]}, " + devices)
    }

    @Test("the configuration is described for those who describe it", arguments: Dialect.allCases)
    func configuration(dialect: Dialect) {
        var writer = DeviceWriter(dialect: dialect)
        writer.finish(configuration: StreamConfiguration(machine: "virt"))
        let text = String(decoding: writer.output.bytes.dropFirst(6), as: UTF8.self)
        #expect(text.contains("configuration") == (dialect != .qemu7_2))
        #expect(writer.output.bytes[..<2] == [0, 6])
        var bare = DeviceWriter(dialect: dialect)
        bare.finish(configuration: StreamConfiguration(machine: "virt"), withDescription: false)
        #expect(bare.output.bytes == [0])
    }

    @Test("a device that the dialect does not know is left out")
    func unknownToDialect() {
        let section = VMStateSection(
            "thing", ThingState.table, knownTo: { $0 != .qemu7_2 }, get: { ThingState() },
            set: { (_, _) throws(VMStateError) in })
        var old = DeviceWriter(dialect: .qemu7_2)
        old.write(section, id: 1)
        #expect(old.output.count == 0 && old.description.devices.isEmpty)
        var new = DeviceWriter(dialect: .qemu10_0)
        new.write(section, id: 1)
        #expect(new.description.devices.count == 1)
    }

    @Test("devices that the stream lacks are told")
    func pending() throws {
        let result = try SmallStream.receive(
            {
                var writer = ByteWriter()
                SmallStream.start(&writer)
                writer.uint8(0)
                return writer.bytes
            }())
        #expect(result.pending == ["thing"])
    }
}
