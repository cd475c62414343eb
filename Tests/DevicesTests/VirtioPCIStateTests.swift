import Bytes
import Foundation
import Testing

@testable import Devices
@testable import VMState

/// Sections of PCI devices against those of QEMU.
@Suite struct VirtioPCIStateTests {
    struct Section: Sendable, CustomTestStringConvertible {
        var release: String
        var name: String
        var bytes: [UInt8]
        var testDescription: String { "\(name) of QEMU \(release)" }
        var dialect: Dialect { release == "7.2" ? .qemu7_2 : .qemu10_0 }
    }

    static let captured: [Section] = {
        let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/vmstate/virtio-pci.txt")
        var sections: [Section] = []
        for line in ((try? String(contentsOf: path, encoding: .utf8)) ?? "").split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 3, let count = Int(words[2]) {
                sections.append(
                    .init(
                        release: String(words[0]), name: String(words[1]),
                        bytes: .init(repeating: 0, count: count)))
            } else if words.count == 2, let offset = Int(words[0]) {
                let bytes = VirtioFixtures.bytes(String(words[1]))
                sections[sections.count - 1].bytes.replaceSubrange(offset..<offset + bytes.count, with: bytes)
            }
        }
        return sections
    }()

    /// A device on the bus, its section, and the bytes that it is saved as.
    private final class Place {
        let bus = PCIBus()
        let disk: TestDisk
        let device: VirtioDevice
        init(_ kind: String) throws {
            disk = try TestDisk(size: 64 * 512)
            device = try PCIDevices.make(kind, disk: disk, memory: VirtioDriver.makeMemory(), lock: bus.lock)
            bus.host.plug(VirtioPCITransport(device: device), at: 1)
        }
        deinit { device.shutDown() }
        var section: VMStateSection { get throws { try #require(bus.host.sections(of: 1).first) } }
        func save(_ dialect: Dialect) throws -> [UInt8] {
            var writer = VMStateWriter(dialect: dialect, version: try section.version(dialect))
            _ = try section.save(&writer)
            return writer.output.bytes
        }
        func load(_ bytes: [UInt8]) throws {
            let input = InputBuffer(bytes: bytes)
            try section.load(VMStateReader(input, version: try section.versions.upperBound))
            #expect(try input.isAtEnd())
        }
    }

    /// Offset of the copy of the configuration space, which in QEMU is zero before a driver has read it.
    private static func configuration(_ bytes: [UInt8]) -> Range<Int> {
        let vectors = bytes[4 + 0x34] == 0x98 ? Int(bytes[4 + 0x9a]) + 1 : 0
        let start = 276 + 16 * vectors + (vectors + 7) / 8 + (vectors > 0 ? 2 : 0) + 8
        let count = bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
        return start + 4..<start + 4 + count
    }

    @Test func `Ten sections have been captured`() {
        #expect(Self.captured.count == 10)
        #expect(Set(Self.captured.map(\.name)) == Set(PCIDevices.kinds))
    }

    @Test(arguments: captured) func `A device that nobody has touched is what QEMU's is`(section: Section)
        throws
    {
        let place = try Place(section.name)
        #expect(try place.section.name == "0000:00:01.0/\(section.name)")
        var (ours, theirs) = (try place.save(section.dialect), section.bytes)
        try #require(ours.count == theirs.count)
        for index in Self.configuration(theirs) { (ours[index], theirs[index]) = (0, 0) }
        if section.name == "virtio-net" {
            // The card of the capture has a cable.
            let status =
                try #require(theirs.firstRange(of: [0x52, 0x54, 0, 0x12, 0x34, 0x56])).upperBound + 8
            theirs[status + 1] = ours[status + 1]
        }
        let different = ours.indices.filter { ours[$0] != theirs[$0] }
        #expect(different.isEmpty, "at \(different.prefix(8))")
    }

    @Test(arguments: captured) func `QEMU's section is taken and given back`(section: Section) throws {
        let place = try Place(section.name)
        try place.load(section.bytes)
        var (ours, theirs) = (try place.save(section.dialect), section.bytes)
        try #require(ours.count == theirs.count)
        for index in Self.configuration(theirs) { (ours[index], theirs[index]) = (0, 0) }
        if section.name == "virtio-net" {
            #expect(ours.count == theirs.count)
        } else {
            #expect(ours == theirs)
        }
    }

    @Test func `A balloon of QEMU 7.2 leaves for 10.0 as that knows it, and for 7.2 as it came`() throws {
        func captured(_ release: String) throws -> Section {
            try #require(Self.captured.first { $0.release == release && $0.name == "virtio-balloon" })
        }
        let (old, new) = (try captured("7.2"), try captured("10.0.2"))
        let place = try Place("virtio-balloon")
        try place.load(old.bytes)
        #expect(try place.save(.qemu10_0) == new.bytes)
        #expect(try place.save(.qemu7_2) == old.bytes)
        // From Martlet to Martlet it changes no more.
        let next = try Place("virtio-balloon")
        try next.load(place.save(.martlet))
        #expect(try next.save(.qemu7_2) == old.bytes)
    }

    @Test func `Sections of other sizes than the captured ones are as long as QEMU's`() {
        // A guest with rings, two queues of the disk.
        for (count, size) in [(2, 45637), (4, 45637 + 2 * (16 + 16))] {
            var state = VirtioStateTests.started(VirtioBlkState(), queues: count, config: 57)
            for index in state.queues.indices { state.queues[index].num = 256 }
            state.kind = .pci
            state.pci.device.config[0x34] = 0x98
            state.pci.device.config[0x98] = 0x11
            state.pci.device.config[0x9a] = UInt8(count)
            state.pci.vectorTable = VirtioPCIState.resetTable(vectors: count + 1)
            state.pci.pendingVectors = [0]
            #expect(VirtioStateTests.save(state, for: .qemu10_0).count == size)
        }
    }

    /// Offset in virtio-rng's section, what to put there, and the error.
    static let hostile: [(Int, [UInt8], String)] = [
        (3, [3], "expected 2, found 3"),
        (4, [0xf5], "configuration space of 1af4:1005"),
        (4 + 0x14, [8], "fixed bits at 0x14"),
        (4 + 0x70, [5], "fixed bits at 0x70"),
        (263, [2], "expected 0 or 1, found 2"),
        (370, [0xff], "subset of the features"),
    ]

    @Test(arguments: hostile) func `A section that cannot be is refused`(
        offset: Int, replacement: [UInt8], message: String
    ) throws {
        let place = try Place("virtio-rng")
        var bytes = try place.save(.martlet)
        bytes.replaceSubrange(offset..<offset + replacement.count, with: replacement)
        let error = #expect(throws: VMStateError.self) { try place.load(bytes) }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }

    @Test func `A list of capabilities that is a ring ends`() {
        var state = PCIDeviceState()
        state.config[0x34] = 0x40
        state.config[0x41] = 0x40
        #expect(state.capability(0x11) == nil)
    }
}
