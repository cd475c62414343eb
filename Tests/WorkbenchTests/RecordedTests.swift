import Bytes
import Foundation
import MigrationStream
import QAPI
import Testing

@testable import Workbench

@Suite("Streams of QEMU")
struct RecordedTests {
    @Test("are good, to the last byte", arguments: Fixture.all)
    func verify(_ fixture: Fixture) throws {
        let outcome = StreamVerifier.verify(try fixture.reader())
        #expect(outcome.problems == [])
        #expect(outcome.devices == fixture.devices)
        #expect(outcome.bytes == outcome.accountedBytes)
        #expect(outcome.bytes == UInt64(try fixture.bytes().count))
    }

    @Test("give up a RAM block, a device, the description", arguments: Fixture.all)
    func extract(_ fixture: Fixture) throws {
        let ram = TemporaryFile()
        try StreamExtractor.extract(
            .ram(block: "riscv_virt_board.ram"), from: try fixture.reader(), to: OutputFile(path: ram.path))
        #expect(try ram.hash() == fixture.hash)
        let device = TemporaryFile()
        try StreamExtractor.extract(
            .device(name: "timer", instance: 0), from: try fixture.reader(),
            to: OutputFile(path: device.path))
        #expect(try device.bytes().count == 24)
        let absent = TemporaryFile()
        #expect(throws: StreamExtractor.Failure.self) {
            try StreamExtractor.extract(
                .device(name: "timer", instance: 1), from: try fixture.reader(),
                to: OutputFile(path: absent.path))
        }
    }

    @Test("become a core with a segment for each block that has an address, and registers")
    func core() throws {
        let file = TemporaryFile()
        try StreamExtractor.extract(
            .core(addresses: ["riscv_virt_board.ram": 0x8000_0000, "riscv_virt_board.mrom": 0x1000]),
            from: try Fixture.all[0].reader(), to: OutputFile(path: file.path))
        let bytes = try file.bytes()
        func number(_ at: Int, _ count: Int) -> Int {
            bytes[at..<at + count].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        #expect(bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1]))
        #expect(number(16, 2) == 4 && number(18, 2) == 243 && number(56, 2) == 3)
        let (note, load) = (64, 64 + 56)
        #expect(number(note, 4) == 4 && number(load, 4) == 1)
        #expect(number(load + 24, 8) == 0x8000_0000 && number(load + 32, 8) == 32 << 20)
        // The status of the hart: pc comes first.
        let status = number(note + 8, 8) + 12 + 8
        #expect(number(status + 112, 8) == 0x8000_1b68)
        let ram = number(load + 8, 8)
        let copy = TemporaryFile()
        try Data(bytes[ram..<ram + 32 << 20]).write(to: URL(filePath: copy.path))
        #expect(try copy.hash() == Fixture.all[0].hash)
    }

    @Test(
        "of a paused guest come back byte for byte from mapped-ram and from compressed pages",
        arguments: [Fixture.all[0], Fixture.all[2], Fixture.all[3]])
    func roundTrip(_ fixture: Fixture) throws {
        let original = try fixture.bytes()
        let (mapped, back) = (TemporaryFile(), TemporaryFile())
        try StreamConverter.convert(try fixture.reader(), to: .mappedRAM, OutputFile(path: mapped.path))
        let reader = StreamEventReader(StreamCapture(main: try FileSource(path: mapped.path)))
        try StreamConverter.convert(
            reader, to: .sequential(compressLevel: nil), OutputFile(path: back.path))
        #expect(try back.bytes() == original)
        let again = TemporaryFile()
        try StreamConverter.convert(
            StreamEventReader(StreamCapture(main: try FileSource(path: back.path))), to: .mappedRAM,
            OutputFile(path: again.path))
        #expect(try again.hash() == mapped.hash())

        let (packed, unpacked) = (TemporaryFile(), TemporaryFile())
        try StreamConverter.convert(
            try fixture.reader(), to: .sequential(compressLevel: 1), OutputFile(path: packed.path))
        #expect(try packed.bytes().count < original.count / 2)
        try StreamConverter.convert(
            StreamEventReader(StreamCapture(main: try FileSource(path: packed.path))),
            to: .sequential(compressLevel: nil), OutputFile(path: unpacked.path))
        #expect(try unpacked.bytes() == original)
    }

    @Test("of a running guest carry the same guest once converted")
    func convertLive() throws {
        let fixture = Fixture.all[1]
        let mapped = TemporaryFile()
        try StreamConverter.convert(try fixture.reader(), to: .mappedRAM, OutputFile(path: mapped.path))
        let copy = StreamEventReader(StreamCapture(main: try FileSource(path: mapped.path)))
        let difference = try StreamDifference(
            StreamDifference.Guest(try fixture.reader()), StreamDifference.Guest(copy))
        #expect(difference.isEmpty)
        #expect(difference.text == "the guests are the same")
        let outcome = StreamVerifier.verify(
            StreamEventReader(StreamCapture(main: try FileSource(path: mapped.path))))
        #expect(outcome.problems == [])
    }

    @Test("are compared page by page and field by field")
    func differ() throws {
        let fixture = Fixture.all[0]
        var changed = try fixture.bytes()
        // A byte of the first page with contents, and one of a device: found by their places in a report.
        let report = StreamInspector.report(try fixture.reader())
        let timer = try #require(report.devices.first { $0.header.name == "timer" })
        changed[Int(timer.offset) + 23] ^= 1
        let page = try #require(firstPage(changed))
        changed[page.at + 5] ^= 0xFF
        let difference = try StreamDifference(
            StreamDifference.Guest(try fixture.reader()), StreamDifference.Guest(reader(changed)))
        #expect(difference.values.map(\.path) == ["timer:0.cpu_clock_offset"])
        #expect(
            difference.blocks == [
                .init(name: "riscv_virt_board.ram", count: 1, ranges: [page.offset..<page.offset + 4096])
            ])
        #expect(difference.json["same"] == .bool(false))
    }

    @Test("name a value that has another's name by its number")
    func sameNames() {
        let fields = [UInt64(7), 1].map {
            DeviceField(name: "status", offset: 0, length: 1, value: .integer($0))
        }
        #expect(StreamDifference.flat(fields).map(\.path) == [".status", ".status#2"])
    }

    /// Where the first page with contents stands in the stream, and in its block.
    private func firstPage(_ bytes: [UInt8]) -> (at: Int, offset: UInt64)? {
        let reader = reader(bytes)
        while let event = try? reader.next() {
            guard case .ram(.page(_, let offset, let contents)) = event.content else { continue }
            return (Int(event.offset + event.length) - contents.count, offset)
        }
        return nil
    }

    @Test("are inspected: fields of devices by name, as QEMU describes them and as our tables do")
    func inspect() throws {
        let report = StreamInspector.report(try Fixture.all[0].reader())
        #expect(report.failure == nil)
        let ram = try #require(report.blocks.first)
        #expect(ram.description.name == "riscv_virt_board.ram" && ram.sent == [0, 8192])
        #expect(ram.pages.normal == 1160 && ram.pages.zero == 7032)
        let json = report.json
        let cpu = try #require(json["devices"]?.array?.first { $0["name"] == .string("cpu") })
        let pc = try #require(cpu["fields"]?.array?.first { $0["name"] == .string("env.pc") })
        #expect(pc["value"] == .integer(0x8000_1b68) && pc["type"] == .string("uint64"))
        // Without a description our tables tell the same.
        let other = StreamInspector.report(try Fixture.all[2].reader())
        #expect(other.devices.allSatisfy { $0.source == .tables })
        // QEMU tells the spare bytes of globalstate apart, our table takes them as one.
        let names = { (report: StreamReport) in
            report.devices.dropLast().map { device in device.fields.map(\.name) }
        }
        #expect(names(other) == names(report))
        let text = report.text()
        #expect(text.contains("    env.pc = 0x80001b68\n"))
        #expect(report.text(withFields: false).count < text.count)
    }

    @Test("of a return path are shown")
    func returnPath() throws {
        let fixture = Fixture.all[1]
        var capture = StreamCapture(main: try fixture.source())
        capture.returnPath = try fixture.source("ch0.back")
        let report = StreamInspector.report(StreamEventReader(capture))
        #expect(report.replies == [.pong(1), .shut(0)])
        #expect(report.channels.map(\.channel.name) == ["main", "return path"])
    }

    @Test(
        "of other machines are read by the description that they carry",
        arguments: [
            ("x86-q35-7.2", "pc-q35-7.2", 34, "apic", "icr"),
            ("arm-virt-7.2", "virt-7.2", 19, "arm_gic", "ctlr"),
        ] as [(String, String, Int, String, String)])
    func otherMachines(_ name: String, _ machine: String, _ devices: Int, _ device: String, _ field: String)
        throws
    {
        let fixture = Fixture(name: name, devices: devices, hash: "")
        let outcome = StreamVerifier.verify(try fixture.reader())
        #expect(outcome.problems == [] && outcome.devices == devices)
        let report = StreamInspector.report(try fixture.reader())
        #expect(report.configuration?.machine == machine)
        #expect(report.devices.allSatisfy { $0.source == .description && $0.problem == nil })
        let found = try #require(report.devices.first { $0.header.name == device })
        #expect(found.fields.contains { $0.name.hasPrefix(field) })
        // What the fields cover is the whole body.
        for device in report.devices {
            #expect(device.fields.reduce(0) { $0 + Int($1.length) } == device.bytes.count)
        }
    }
}
