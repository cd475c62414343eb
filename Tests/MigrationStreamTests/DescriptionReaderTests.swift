import Bytes
import MigrationStream
import StreamCorpus
import Testing
import VMState

@Suite("Reading a description")
struct DescriptionReaderTests {
    @Test("what is written is read again")
    func roundTrip() throws {
        var devices = DeviceWriter(dialect: .qemu10_0)
        for section in SmallStream.sections() { devices.write(section, id: 1) }
        let configuration = StreamConfiguration(machine: "virt", capabilities: ["x-ignore-shared"])
        let text = Array(devices.description.json(configuration: configuration).utf8)
        let read = try DescriptionReader.read(text)
        #expect(read.devices == devices.description.devices)
        #expect(read.pageSize == 4096)
        #expect(read.configuration?.name == "configuration")
        #expect(read.configuration?.subsections.map(\.name) == ["configuration/capabilities"])
        // Header 6 + 14, count 4, levels 3 of 1 byte, subsection's head 6 + 11, 2 bytes.
        #expect(read.devices[0].layout.size == 4 + 3 + 17 + 2)
    }

    @Test("a list's elements repeat their keys, and all of them are kept")
    func repeatedKeys() throws {
        let element =
            "\"vmsd_name\":\"e\",\"version\":1,\"fields\":[{\"name\":\"x\",\"type\":\"uint8\",\"size\":1}]"
        let text =
            "{\"devices\":[{\"name\":\"d\",\"instance_id\":2,\"vmsd_name\":\"d\",\"version\":3,\"fields\":["
            + "{\"name\":\"q\",\"type\":\"qtailq\",\(element),\(element),\"size\":5}]}],\"page_size\":4096}"
        let read = try DescriptionReader.read(Array(text.utf8))
        let field = try #require(read.devices.first?.layout.fields.first)
        #expect(field.parts.map(\.name) == ["e", "e"] && field.parts.allSatisfy { $0.fields.count == 1 })
        #expect(field.size == 5 && read.devices[0].layout.size == 5)
        #expect(read.devices[0].instance == 2 && read.devices[0].layout.version == 3)
    }

    @Test(
        "more parts than there may be are refused",
        arguments: [
            ("{\"devices\":[", "{}"), ("{\"devices\":[{\"fields\":[", "{}"),
            ("{\"devices\":[{\"subsections\":[", "{}"),
            ("{\"devices\":[{\"fields\":[{", "\"vmsd_name\":\"\""),
        ] as [(String, String)])
    func parts(_ start: String, _ part: String) {
        let text = Array((start + String(repeating: part + ",", count: 8) + part).utf8)
        do throws(DescriptionReader.Problem) {
            _ = try DescriptionReader.read(text, maximumParts: 4)
            Issue.record("it was taken")
        } catch {
            #expect(error.expected == "at most 4 devices, fields and structures")
        }
        do throws(DescriptionReader.Problem) {
            _ = try DescriptionReader.read(text)
            Issue.record("it was taken")
        } catch {
            // The text is cut.
            #expect(error.offset == text.count)
        }
    }

    @Test(
        "what is no description is refused with its place",
        arguments: [
            ("", 0, "'{'"), ("[", 0, "'{'"), ("{\"devices\": 3}", 12, "'['"),
            ("{\"page_size\": x}", 14, "a number"),
            ("{\"page_size\": 1", 15, "'}'"), ("{\"a", 3, "the end of a string"),
            ("{\"page_size\": -1}", 14, "a number"), ("{\"a\nb\": 1}", 3, "the end of a string"),
            ("{\"page_size\": 99999999999999999999}", 14, "a smaller number"),
            (
                "{\"a\":" + String(repeating: "[", count: 80), 69, "at most 64 levels of nesting"
            ),
        ] as [(String, Int, String)])
    func damaged(_ text: String, _ offset: Int, _ expected: String) {
        do throws(DescriptionReader.Problem) {
            _ = try DescriptionReader.read(Array(text.utf8))
            Issue.record("it was taken")
        } catch {
            #expect(error == DescriptionReader.Problem(offset: offset, expected: expected))
        }
        // In the middle of other bytes the place is the same.
        do throws(DescriptionReader.Problem) {
            let bytes = Array("{}\(text){}".utf8)
            _ = try DescriptionReader.read(bytes[2..<bytes.count - 2])
            Issue.record("it was taken")
        } catch {
            #expect(error == DescriptionReader.Problem(offset: offset, expected: expected))
        }
    }
}
