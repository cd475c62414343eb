import Bytes
import MigrationStream
import Testing
import VMState

/// A stream with one thing wrong, and what the receiver says about it.
struct Damage: CustomTestStringConvertible, Sendable {
    let name: String
    let bytes: [UInt8]
    let error: String

    var testDescription: String { name }

    init(_ name: String, _ error: String, _ write: (inout ByteWriter) -> Void) {
        self.name = name
        self.error = error
        var writer = ByteWriter()
        write(&writer)
        bytes = writer.bytes
    }
}

@Suite("Damaged streams")
struct DamagedStreamTests {
    @Test(
        "are refused with a text that says what, where and why", arguments: configurationDamages + itemDamages
    )
    func outsideOfSections(_ damage: Damage) { check(damage) }

    @Test("are refused inside the RAM section", arguments: listDamages + recordDamages)
    func insideRAM(_ damage: Damage) { check(damage) }

    @Test("are refused inside a device", arguments: deviceDamages)
    func insideDevices(_ damage: Damage) { check(damage) }

    private func check(_ damage: Damage) {
        do throws(StreamError) {
            try SmallStream.receive(damage.bytes)
            Issue.record("\(damage.name) was taken")
        } catch {
            #expect(error.description == damage.error)
            #expect(error.offset <= UInt64(damage.bytes.count))
        }
    }

    @Test("a whole stream is taken")
    func whole() throws {
        let result = try SmallStream.receive(SmallStream.whole())
        #expect(result.counts == RAMCounts(normal: 1, zero: 2, flushes: 1))
        #expect(result.commands == [.openReturnPath, .ping(0x4D41_524C), .switchoverStart])
        #expect(result.descriptionLength == SmallStream.descriptionLength)
        #expect(result.pending == [])
    }

    @Test("a stream that is cut anywhere is refused where it was cut, without a trap")
    func truncations() {
        let bytes = SmallStream.whole()
        let end = bytes.count - 5 - Int(SmallStream.descriptionLength)
        for length in 0..<bytes.count {
            do throws(StreamError) {
                let result = try SmallStream.receive(Array(bytes[..<length]))
                // Cut right after the end, a stream is whole: the description may be left out.
                #expect(length == end && result.descriptionLength == nil, "cut at \(length)")
            } catch {
                if case .bytes(.endOfStream) = error.reason {
                    #expect(error.offset == UInt64(length), "cut at \(length): \(error)")
                } else {
                    // Cut in the first bytes of a subsection, which then looks like a wrong footer.
                    #expect(
                        error.path == ["footer"] && error.found == "0x05" && length - Int(error.offset) < 8)
                }
            }
        }
    }

    @Test("a stream with any one byte changed never traps")
    func flips() {
        let bytes = SmallStream.whole()
        for index in bytes.indices where index < 150 || index > 4200 {
            for value: UInt8 in [0x00, 0x01, 0x05, 0x7E, 0x80, 0xFF] {
                var copy = bytes
                copy[index] = value
                _ = try? SmallStream.receive(copy)
            }
        }
    }
}

private let configurationDamages = [
    Damage(
        "no byte",
        "magic: the stream ended at byte 0 with 4 more bytes expected; "
            + "the peer gave up or the recording is cut: see the messages at the other side"
    ) { _ in },
    Damage(
        "another magic",
        "magic: expected 0x5145564d ('QEVM'), found 0x51455649, at byte 0; "
            + "what arrived is not a migration stream"
    ) { $0.uint32(0x5145_5649) },
    Damage("version 2", "version: version 2 is not understood, only 3, at byte 4") {
        $0.uint32(0x5145_564D)
        $0.uint32(2)
    },
    Damage(
        "no configuration",
        "configuration: expected 0x07 (configuration), found 0x01, at byte 8"
    ) {
        $0.uint32(0x5145_564D)
        $0.uint32(3)
        $0.uint8(1)
    },
    Damage(
        "a machine name of 4 GiB",
        "configuration.len: expected at most 255 bytes of machine name, found 4294967295, at byte 9"
    ) {
        $0.uint32(0x5145_564D)
        $0.uint32(3)
        $0.uint8(7)
        $0.uint32(.max)
    },
    Damage(
        "a shorter machine name",
        "configuration.name: expected machine type 'virt', found 'vir', at byte 16; "
            + "start the destination with the machine type of the source"
    ) {
        StreamConfiguration(machine: "vir").encode(to: &$0)
        $0.uint8(0)
    },
    Damage(
        "a machine name with a control character",
        "configuration.name: expected machine type 'virt', found 'virt\\x1b[2J', at byte 21; "
            + "start the destination with the machine type of the source"
    ) {
        StreamConfiguration(machine: "virt\u{1b}[2J").encode(to: &$0)
        $0.uint8(0)
    },
    Damage(
        "16 KiB pages",
        "configuration.target-page-bits: expected 12, found 14, at byte 57; "
            + "the page sizes must be the same"
    ) {
        StreamConfiguration(machine: "virt", targetPageBits: 14).encode(to: &$0)
        $0.uint8(0)
    },
    Damage(
        "a capability that is off here",
        "configuration.capabilities: expected capability 'x-ignore-shared' off, found on at the source, "
            + "at byte 69; "
            + "set the same capabilities on both sides"
    ) {
        StreamConfiguration(machine: "virt", capabilities: ["x-ignore-shared"]).encode(to: &$0)
        $0.uint8(0)
    },
    Damage(
        "too many capabilities",
        "configuration/capabilities: expected at most 64 capabilities, found 268435456, at byte 49"
    ) {
        StreamConfiguration(machine: "virt").encode(to: &$0)
        $0.uint8(5)
        $0.string8("configuration/capabilities")
        $0.uint32(1)
        $0.uint32(0x1000_0000)
    },
    Damage(
        "another UUID",
        "configuration.uuid: expected UUID 0102030405060708090a0b0c0d0e0f10, "
            + "found 02030405060708090a0b0c0d0e0f1011, at byte 57; "
            + "start the destination with the -uuid of the source"
    ) {
        StreamConfiguration(machine: "virt", uuid: Array(2...17)).encode(to: &$0)
        $0.uint8(0)
    },
    Damage(
        "an unknown configuration subsection",
        "configuration: unknown subsection 'configuration/colour', at byte 17"
    ) {
        StreamConfiguration(machine: "virt").encode(to: &$0)
        $0.uint8(5)
        $0.string8("configuration/colour")
        $0.uint32(1)
    },
    Damage(
        "a configuration subsection of version 2",
        "configuration/uuid: version 2 is not understood, only 1, at byte 37"
    ) {
        StreamConfiguration(machine: "virt").encode(to: &$0)
        $0.uint8(5)
        $0.string8("configuration/uuid")
        $0.uint32(2)
    },
    Damage(
        "a configuration subsection twice",
        "configuration: expected each subsection once, found a second 'configuration/target-page-bits', "
            + "at byte 57"
    ) {
        StreamConfiguration(machine: "virt", targetPageBits: 12).encode(to: &$0)
        $0.uint8(5)
        $0.string8("configuration/target-page-bits")
        $0.uint32(1)
        $0.uint32(12)
    },
]

/// What follows a good start.
private func item(_ name: String, _ error: String, _ write: (inout ByteWriter) -> Void) -> Damage {
    Damage(name, error) {
        SmallStream.start(&$0)
        write(&$0)
    }
}

private func command(_ writer: inout ByteWriter, _ number: UInt16, _ payload: [UInt8], length: UInt16? = nil)
{
    writer.uint8(8)
    writer.uint16(number)
    writer.uint16(length ?? UInt16(payload.count))
    writer.append(payload)
}

private let itemDamages = [
    item(
        "a subsection between sections",
        "item: expected a section, a command or the end, found item type 0x05, at byte 98; "
            + "the stream is damaged here, or what precedes was read in the wrong layout"
    ) {
        StreamCommand.openReturnPath.encode(to: &$0)
        $0.uint8(5)
    },
    item(
        "a description before the end",
        "item: expected a section, a command or the end, found item type 0x06, at byte 93; "
            + "the stream is damaged here, or what precedes was read in the wrong layout"
    ) { $0.uint8(6) },
    item(
        "a second configuration",
        "item: expected a section, a command or the end, found item type 0x07, at byte 93; "
            + "the stream is damaged here, or what precedes was read in the wrong layout"
    ) { $0.uint8(7) },
    item(
        "an item type that there is not",
        "item: expected a section, a command or the end, found item type 0x41, at byte 93; "
            + "the stream is damaged here, or what precedes was read in the wrong layout"
    ) { $0.uint8(0x41) },
    item("command 0", "command: expected a command of 1 to 11, found 0, at byte 94") { command(&$0, 0, []) },
    item("command 12", "command: expected a command of 1 to 11, found 12, at byte 94") {
        command(&$0, 12, [])
    },
    item(
        "SWITCHOVER_START with a payload",
        "command SWITCHOVER_START: expected a payload of 0 bytes, found 1 byte, at byte 96"
    ) { command(&$0, 11, [1]) },
    item(
        "PING of 3 bytes",
        "command PING: expected a payload of 4 bytes, found 3 bytes, at byte 96"
    ) { command(&$0, 2, [0, 0, 1]) },
    item(
        "POSTCOPY_ADVISE of 8 bytes",
        "command POSTCOPY_ADVISE: expected a payload of 0 or 16 bytes, found 8 bytes, at byte 96"
    ) { command(&$0, 3, Array(repeating: 0, count: 8)) },
    item(
        "POSTCOPY_RAM_DISCARD of a later version",
        "command POSTCOPY_RAM_DISCARD: version 1 is not understood, only 0, at byte 98"
    ) { command(&$0, 6, [1, 1, 0x61, 0]) },
    item(
        "POSTCOPY_RAM_DISCARD with a broken range",
        "command POSTCOPY_RAM_DISCARD: expected a payload of version 0, name, 0 and ranges of 16 bytes, "
            + "found 7 bytes, at byte 96"
    ) { command(&$0, 6, [0, 1, 0x61, 0, 1, 2, 3]) },
    item(
        "RECV_BITMAP with a name that is longer than it",
        "command RECV_BITMAP: expected a payload of 4 bytes, found 2 bytes, at byte 96"
    ) {
        command(&$0, 10, [3, 0x61, 0x62, 0x63], length: 2)
    },
    item(
        "PACKAGED without a length",
        "command PACKAGED: expected a payload of 4 bytes, found 0 bytes, at byte 96"
    ) { command(&$0, 7, []) },
    item(
        "a section without a name",
        "section header.idstr: expected a section name, found an empty one, at byte 93"
    ) {
        SectionHeader(kind: .full, id: 1, name: "", version: 1).encode(to: &$0)
    },
    item(
        "PART of a section that has not started",
        "section header.id: expected the id of a section that has started, found 2, at byte 93"
    ) { SmallStream.header(.part).encode(to: &$0) },
    item(
        "a section id for two sections",
        "section 'thing' instance 1: section header.id: expected a new section id, found 2, "
            + "which is already 'ram' 0, at byte 156"
    ) {
        SmallStream.setup(&$0)
        SectionHeader(kind: .full, id: 2, name: "thing", instance: 1, version: 2).encode(to: &$0)
    },
    item(
        "PART of a device",
        "section 'thing' instance 1: section header.id: expected the id of a live section, found 10, "
            + "which came as a whole, at byte 143"
    ) {
        var devices = DeviceWriter(dialect: .qemu10_0)
        devices.write(SmallStream.sections()[0], id: 10)
        $0.append(devices.output.bytes)
        SectionHeader(kind: .part, id: 10, name: "", version: 0).encode(to: &$0)
    },
    item(
        "a footer of another section",
        "section 'ram' instance 0: footer.id: expected section id 2, found 3, at byte 152"
    ) {
        SmallStream.header(.start).encode(to: &$0)
        RAMBlockList(SmallStream.blocks).encode(to: &$0)
        $0.uint8(0x7E)
        $0.uint32(3)
    },
    item(
        "no footer",
        "section 'ram' instance 0: footer: expected 0x7e (footer), found 0x00, at byte 151; "
            + "the section's layout at the source is another than here: compare versions and devices"
    ) {
        SmallStream.header(.start).encode(to: &$0)
        RAMBlockList(SmallStream.blocks).encode(to: &$0)
        $0.uint8(0)
    },
    item(
        "a description of 4 GiB",
        "description.length: expected at most 67108864 bytes, found 4294967295, at byte 95"
    ) {
        $0.uint8(0)
        $0.uint8(6)
        $0.uint32(.max)
    },
]

/// The `ram` section's START with this body.
private func list(_ name: String, _ error: String, _ write: (inout ByteWriter) -> Void) -> Damage {
    item(name, error) {
        SmallStream.header(.start).encode(to: &$0)
        write(&$0)
    }
}

private func listed(_ writer: inout ByteWriter, _ name: String, _ length: UInt64) {
    writer.string8(name)
    writer.uint64(length)
}

private let listDamages = [
    list(
        "a page before the block list",
        "section 'ram' instance 0: record.block: expected the block list before any page, found 'ram0', "
            + "at byte 118"
    ) { SmallStream.record(&$0, 0x08, block: "ram0") },
    list(
        "no block list",
        "section 'ram' instance 0: record: expected the block list, found the end of the records, "
            + "at byte 110"
    ) { $0.uint64(0x10) },
    list(
        "blocks beyond the total",
        "section 'ram' instance 0: block list[1]: expected at most the 4096 bytes left of the total "
            + "8192, found 8192, at byte 131"
    ) {
        $0.uint64(0x2004)
        listed(&$0, "ram0", 0x1000)
        listed(&$0, "rom", 0x2000)
    },
    list(
        "a block twice",
        "section 'ram' instance 0: block list[1]: expected each block once, found a second 'ram0', "
            + "at byte 131"
    ) {
        $0.uint64(0x4004)
        listed(&$0, "ram0", 0x2000)
        listed(&$0, "ram0", 0x2000)
    },
    list(
        "a block without a name",
        "section 'ram' instance 0: block list[0]: expected a block name, found an empty one, at byte 118"
    ) {
        $0.uint64(0x4004)
        listed(&$0, "", 0x2000)
    },
    list(
        "a block of no length",
        "section 'ram' instance 0: block list[0]: expected a length in whole pages for 'ram0', "
            + "found 0 bytes, at byte 118"
    ) {
        $0.uint64(0x4004)
        listed(&$0, "ram0", 0)
    },
    list(
        "a block of half a page",
        "section 'ram' instance 0: block list[0]: expected a length in whole pages for 'ram0', "
            + "found 2048 bytes, at byte 118"
    ) {
        $0.uint64(0x4004)
        listed(&$0, "ram0", 0x800)
    },
    list(
        "more blocks than there may be",
        "section 'ram' instance 0: block list[1024]: expected at most 1024 blocks, "
            + "found 18446744073705353216 bytes still without a block, at byte 13344"
    ) {
        $0.uint64(0xFFFF_FFFF_FFFF_F004)
        for number in 0..<1025 { listed(&$0, "b\(number)", 0x1000) }
    },
    list(
        "a block that is not here",
        "section 'ram' instance 0: block list[1]: expected blocks that the machine here has, "
            + "found 'virt.flash9', at byte 110; "
            + "start the destination with the machine options and devices of the source"
    ) {
        $0.uint64(0x4004)
        listed(&$0, "ram0", 0x2000)
        listed(&$0, "virt.flash9", 0x2000)
    },
    list(
        "a block of another length",
        "section 'ram' instance 0: block list[0]: expected 8192 bytes of 'ram0', found 16384, "
            + "at byte 110; "
            + "start the destination with the memory size (-m) and images of the source"
    ) {
        $0.uint64(0x4004)
        listed(&$0, "ram0", 0x4000)
    },
    list(
        "a resizable block beyond its most",
        "section 'ram' instance 0: block list[0]: expected at most 8192 bytes of 'rom', found 12288, "
            + "at byte 110; "
            + "start the destination with the memory size (-m) and images of the source"
    ) {
        $0.uint64(0x3004)
        listed(&$0, "rom", 0x3000)
    },
    list(
        "a second block list",
        "section 'ram' instance 0: record: expected page records, found a second block list, at byte 131"
    ) {
        $0.uint64(0x2004)
        listed(&$0, "ram0", 0x2000)
        $0.uint64(0x2004)
    },
    item(
        "a version of ram that there is not",
        "section 'ram' instance 0: version 3 is not understood, only 4, at byte 93"
    ) {
        SectionHeader(kind: .start, id: 2, name: "ram", version: 3).encode(to: &$0)
    },
    item(
        "a second ram",
        "section 'ram' instance 1: there is no such section here, at byte 93"
    ) {
        SectionHeader(kind: .start, id: 2, name: "ram", instance: 1, version: 4).encode(to: &$0)
    },
]

/// A PART with these records, after a good block list.
private func records(_ name: String, _ error: String, _ write: (inout ByteWriter) -> Void) -> Damage {
    item(name, error) {
        SmallStream.setup(&$0)
        SmallStream.part(&$0, write)
    }
}

private let recordDamages = [
    records(
        "CONTINUE before any block",
        "section 'ram' instance 0: record: expected a page record that names its block, "
            + "found one that goes on with the last, at byte 161"
    ) { SmallStream.record(&$0, 0x28) },
    records(
        "a page of an unknown block",
        "section 'ram' instance 0: record.block: expected a block of the block list, found 'ram1', "
            + "at byte 169"
    ) { SmallStream.record(&$0, 0x08, block: "ram1") },
    records(
        "a page right behind the block",
        "section 'ram' instance 0: record.offset: expected an offset below 0x2000 in block 'ram0', "
            + "found 0x2000, at byte 174"
    ) { SmallStream.record(&$0, 0x2008, block: "ram0") },
    records(
        "a zero page at the end of the address space",
        "section 'ram' instance 0: record.offset: expected an offset below 0x2000 in block 'ram0', "
            + "found 0xfffffffffffff000, at byte 174"
    ) {
        SmallStream.record(&$0, 0xFFFF_FFFF_FFFF_F002, block: "ram0")
    },
    records(
        "a page of zeros that are none",
        "section 'ram' instance 0: page: expected fill byte 0, found 0x41, at byte 174"
    ) {
        SmallStream.record(&$0, 0x02, block: "ram0")
        $0.uint8(0x41)
    },
    records(
        "ZERO and PAGE together",
        "section 'ram' instance 0: record: expected one of ZERO, PAGE, EOS, MULTIFD_FLUSH, "
            + "found 0x000000000000000a (flags 0x00a), at byte 161"
    ) { SmallStream.record(&$0, 0x0A, block: "ram0") },
    records(
        "no flag",
        "section 'ram' instance 0: record: expected one of ZERO, PAGE, EOS, MULTIFD_FLUSH, "
            + "found 0x0000000000001000 (flags 0x000), at byte 161"
    ) { $0.uint64(0x1000) },
    records(
        "the obsolete flag FULL",
        "section 'ram' instance 0: record: expected one of ZERO, PAGE, EOS, MULTIFD_FLUSH, "
            + "found 0x0000000000000001 (flags 0x001), at byte 161"
    ) { $0.uint64(0x1) },
    records(
        "CONTINUE with EOS",
        "section 'ram' instance 0: record: expected one of ZERO, PAGE, EOS, MULTIFD_FLUSH, "
            + "found 0x0000000000000030 (flags 0x030), at byte 161"
    ) { $0.uint64(0x30) },
    records(
        "EOS with an offset",
        "section 'ram' instance 0: record: expected one of ZERO, PAGE, EOS, MULTIFD_FLUSH, "
            + "found 0x0000000000001010 (flags 0x010), at byte 161"
    ) { $0.uint64(0x1010) },
    records(
        "an XBZRLE page of another encoding",
        "section 'ram' instance 0: page: expected XBZRLE encoding 1, found 0, at byte 174"
    ) { SmallStream.record(&$0, 0x40, block: "ram0") },
    records(
        "a compressed page of no block",
        "section 'ram' instance 0: record: expected a page record that names its block, "
            + "found one that goes on with the last, at byte 161"
    ) { SmallStream.record(&$0, 0x120) },
    records(
        "an RDMA hook",
        "section 'ram' instance 0: record: RDMA is not supported here, at byte 161; "
            + "migrate over TCP or a Unix socket"
    ) { $0.uint64(0x80) },
    records(
        "a block list in PART",
        "section 'ram' instance 0: record: expected page records, found a second block list, at byte 161"
    ) { $0.uint64(0x2004) },
]

/// A device section with this header and body.
private func device(
    _ name: String, _ error: String, idstr: String = "thing", instance: UInt32 = 1, version: UInt32 = 2,
    kind: SectionHeader.Kind = .full, _ write: (inout ByteWriter) -> Void
) -> Damage {
    item(name, error) {
        SectionHeader(kind: kind, id: 10, name: idstr, instance: instance, version: version).encode(to: &$0)
        write(&$0)
    }
}

private let deviceDamages = [
    device(
        "a device that is not here",
        "section '0000:00:01.0/virtio-net' instance 0: there is no such section here, at byte 93; "
            + "start the destination with the machine options, -smp and -device of the source",
        idstr: "0000:00:01.0/virtio-net", instance: 0
    ) { _ in },
    device(
        "an instance that is not here",
        "section 'thing' instance 2: there is no such section here, at byte 93; "
            + "start the destination with the machine options, -smp and -device of the source", instance: 2
    ) { _ in },
    device(
        "a version from the future",
        "section 'thing' instance 1: version 3 is not understood, only 1 to 2, at byte 93; "
            + "the source is a release whose layout of this device is not known here", version: 3
    ) { _ in },
    device(
        "a version from before",
        "section 'thing' instance 1: version 0 is not understood, only 1 to 2, at byte 93; "
            + "the source is a release whose layout of this device is not known here", version: 0
    ) { _ in },
    device(
        "a live device",
        "section 'dirty-bitmap' instance 0: a live section other than 'ram' is not supported here, "
            + "at byte 93; "
            + "switch the capabilities block and dirty-bitmaps off at the source", idstr: "dirty-bitmap",
        instance: 0, kind: .start
    ) { _ in },
    device(
        "a device that ends early",
        "section 'thing' instance 1: thing.levels[0]: the stream ended at byte 116 with 1 more byte "
            + "expected; "
            + "the peer gave up or the recording is cut: see the messages at the other side"
    ) { $0.uint32(1) },
    device(
        "a device that is too long",
        "section 'thing' instance 1: footer: expected 0x7e (footer), found 0x04, at byte 119; "
            + "the section's layout at the source is another than here: compare versions and devices"
    ) {
        $0.append([0, 0, 0, 1, 1, 2, 3, 4])
    },
    device(
        "an unknown subsection",
        "section 'thing' instance 1: thing: unknown subsection 'thing/else', at byte 119"
    ) {
        $0.append([0, 0, 0, 1, 1, 2, 3, 5])
        $0.string8("thing/else")
        $0.uint32(1)
    },
    device(
        "a subsection from the future",
        "section 'thing' instance 1: thing.thing/extra: version 2 is not understood, only 1, at byte 136"
    ) {
        $0.append([0, 0, 0, 1, 1, 2, 3, 5])
        $0.string8("thing/extra")
        $0.uint32(2)
    },
    device(
        "a subsection that is cut off",
        "section 'thing' instance 1: thing.thing/extra.extra: the stream ended at byte 137 with 1 more "
            + "byte expected; "
            + "the peer gave up or the recording is cut: see the messages at the other side"
    ) {
        $0.append([0, 0, 0, 1, 1, 2, 3, 5])
        $0.string8("thing/extra")
        $0.uint32(1)
        $0.uint8(0)
    },
    device(
        "a state that the device cannot be in",
        "section 'thing' instance 1: expected a live count, found a dead one, at byte 119"
    ) {
        $0.append([0xDE, 0xAD, 0xBE, 0xEF, 1, 2, 3, 0x7E])
    },
    item(
        "a device twice",
        "section 'thing' instance 1: expected each device once, found a second section for it, "
            + "at byte 143"
    ) {
        var devices = DeviceWriter(dialect: .qemu10_0)
        devices.write(SmallStream.sections()[0], id: 10)
        devices.write(SmallStream.sections()[0], id: 10)
        $0.append(devices.output.bytes)
    },
]
