import Bytes
import Foundation
import Machine
import MigrationStream
import StreamCorpus
import Testing
import VMState

/// Each section of a board with every device, damaged in each of its fields: the explanations are kept in
/// Tests/Fixtures/damaged/devices.txt. MARTLET_UPDATE=1 writes the file anew: read what has changed.
@Suite("Damaged sections of real devices")
struct DamagedDeviceTests {
    /// The board; it never runs.
    private static func machine() throws -> VirtualMachine {
        try VirtualMachine(
            MachineOptions(parsing: [
                "-M", "virt", "-m", "16M", "-smp", "2", "-nodefaults", "-display", "none", "-bios", "none",
                "-incoming", "defer", "-serial", "null",
                "-device", "virtio-rng-device", "-device", "virtio-net-device",
                "-device", "virtio-serial-device", "-device", "virtio-balloon-device",
                "-device", "virtio-rng-pci", "-device", "virtio-net-pci",
                "-device", "virtio-serial-pci", "-device", "virtio-balloon-pci",
            ]).configuration)
    }

    /// A value put in place of a field's, and where in the section's body.
    private struct Change {
        var field: String
        var offset: Int
        var length: Int
    }

    /// The first value of each field of a body, as its table reads it.
    private static func fields(of node: VMStateTrace.Node, _ prefix: String, _ result: inout [Change]) {
        let name = prefix.isEmpty ? node.name : "\(prefix).\(node.name)"
        guard node.children.isEmpty else {
            // Elements of an array are alike: the first stands for all.
            for child in node.children where !child.name.hasPrefix("[") || child.name == "[0]" {
                fields(of: child, name, &result)
            }
            return
        }
        guard let first = node.values.first else { return }
        let length =
            switch first {
            case .integer(_, let size): size
            case .bytes(let bytes): min(bytes.count, 8)
            case .unused: 0
            }
        if length > 0 { result.append(Change(field: name, offset: Int(node.offset), length: length)) }
    }

    /// What a board says to a section with this body, nil when it takes it.
    private func load(_ section: VMStateSection, _ body: [UInt8], version: UInt32) -> StreamError? {
        var writer = ByteWriter()
        let header = SectionHeader(
            kind: .full, id: 7, name: section.name, instance: section.instance, version: version)
        header.encode(to: &writer)
        writer.append(body)
        header.encodeFooter(to: &writer)
        let reader = StreamReader(InputBuffer(bytes: writer.bytes))
        var devices = DeviceLoader([section])
        do throws(StreamError) {
            _ = try reader.next()
            try devices.load(reader)
            try reader.endSection()
            return nil
        } catch {
            return error.at(.destination, reader.phase)
        }
    }

    @Test("Each field of each device is either taken as it comes or refused with its name and place")
    func everyField() throws {
        let machine = try Self.machine()
        var text = ""
        var refused = 0
        for section in machine.deviceSections {
            var writer = VMStateWriter(dialect: .qemu10_0, version: section.version(.qemu10_0))
            _ = section.save(&writer)
            let body = writer.output.bytes
            let version = section.version(.qemu10_0)
            #expect(load(section, body, version: version) == nil, "\(section.name) does not take its own")

            func expect(_ what: String, _ bytes: [UInt8], version: UInt32) {
                guard let error = load(section, bytes, version: version) else { return }
                refused += 1
                #expect(error.section == .init(name: section.name, instance: section.instance))
                #expect(!error.cause.isEmpty && !error.remedy.isEmpty)
                text += "\(section.name) \(section.instance): \(what)\n    \(error)\n\n"
            }

            expect(
                "version \(section.versions.upperBound + 1)", body, version: section.versions.upperBound + 1)
            expect("one byte short", Array(body.dropLast()), version: version)
            expect("one byte long", body + [0], version: version)
            let trace = VMStateTrace()
            try section.load(VMStateReader(InputBuffer(bytes: body), version: version, trace: trace))
            var fields: [Change] = []
            if let root = trace.root { Self.fields(of: root, "", &fields) }
            for field in fields {
                for value: UInt8 in [0xFF, 0x02] {
                    var copy = body
                    for index in 0..<field.length {
                        copy[field.offset + index] = index == field.length - 1 || value == 0xFF ? value : 0
                    }
                    expect("\(field.field) \(value == 0xFF ? "all ones" : "2")", copy, version: version)
                }
            }
        }
        #expect(refused > 150, "\(refused)")
        let (found, kept) = try paragraphs(text, keptIn: "devices.txt")
        for (found, kept) in zip(found, kept) { #expect(found == kept) }
        #expect(found.count == kept.count)
    }
}
