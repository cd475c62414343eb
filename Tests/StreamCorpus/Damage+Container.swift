import Bytes
import MigrationStream
import VMState

// The start of the stream, and what stands between the sections.

let configurationDamages = [
    Damage("no byte") { _ in },
    Damage("another magic") { $0.uint32(0x5145_5649) },
    Damage("version 2") {
        $0.uint32(0x5145_564D)
        $0.uint32(2)
    },
    Damage("no configuration") {
        $0.uint32(0x5145_564D)
        $0.uint32(3)
        $0.uint8(1)
    },
    Damage("a machine name of 4 GiB") {
        $0.uint32(0x5145_564D)
        $0.uint32(3)
        $0.uint8(7)
        $0.uint32(.max)
    },
    Damage("a shorter machine name") {
        StreamConfiguration(machine: "vir").encode(to: &$0)
        $0.uint8(0)
    },
    Damage("a machine name with a control character") {
        StreamConfiguration(machine: "virt\u{1b}[2J").encode(to: &$0)
        $0.uint8(0)
    },
    Damage("a machine name that is not UTF-8") {
        $0.uint32(0x5145_564D)
        $0.uint32(3)
        $0.uint8(7)
        $0.uint32(2)
        $0.append([0x76, 0xFF])
    },
    Damage("16 KiB pages") {
        StreamConfiguration(machine: "virt", targetPageBits: 14).encode(to: &$0)
        $0.uint8(0)
    },
    Damage("a capability that is off here") {
        StreamConfiguration(machine: "virt", capabilities: ["x-ignore-shared"]).encode(to: &$0)
        $0.uint8(0)
    },
    Damage("too many capabilities") {
        StreamConfiguration(machine: "virt").encode(to: &$0)
        $0.uint8(5)
        $0.string8("configuration/capabilities")
        $0.uint32(1)
        $0.uint32(0x1000_0000)
    },
    Damage("a capability that is not UTF-8") {
        StreamConfiguration(machine: "virt").encode(to: &$0)
        $0.uint8(5)
        $0.string8("configuration/capabilities")
        $0.uint32(1)
        $0.uint32(1)
        $0.append([1, 0xFF])
    },
    Damage("another UUID") {
        StreamConfiguration(machine: "virt", uuid: Array(2...17)).encode(to: &$0)
        $0.uint8(0)
    },
    Damage("an unknown configuration subsection") {
        StreamConfiguration(machine: "virt").encode(to: &$0)
        $0.uint8(5)
        $0.string8("configuration/colour")
        $0.uint32(1)
    },
    Damage("a configuration subsection of version 2") {
        StreamConfiguration(machine: "virt").encode(to: &$0)
        $0.uint8(5)
        $0.string8("configuration/uuid")
        $0.uint32(2)
    },
    Damage("a configuration subsection twice") {
        StreamConfiguration(machine: "virt", targetPageBits: 12).encode(to: &$0)
        $0.uint8(5)
        $0.string8("configuration/target-page-bits")
        $0.uint32(1)
        $0.uint32(12)
    },
]

/// What follows a good start.
func item(_ name: String, _ write: (inout ByteWriter) -> Void) -> Damage {
    Damage(name) {
        SmallStream.start(&$0)
        write(&$0)
    }
}

func command(_ writer: inout ByteWriter, _ number: UInt16, _ payload: [UInt8], length: UInt16? = nil) {
    writer.uint8(8)
    writer.uint16(number)
    writer.uint16(length ?? UInt16(payload.count))
    writer.append(payload)
}

let itemDamages = [
    item("a subsection between sections") {
        StreamCommand.openReturnPath.encode(to: &$0)
        $0.uint8(5)
    },
    item("a description before the end") { $0.uint8(6) },
    item("a second configuration") { $0.uint8(7) },
    item("an item type that there is not") { $0.uint8(0x41) },
    item("command 0") { command(&$0, 0, []) },
    item("command 12") {
        command(&$0, 12, [])
    },
    item("SWITCHOVER_START with a payload") { command(&$0, 11, [1]) },
    item("PING of 3 bytes") { command(&$0, 2, [0, 0, 1]) },
    item("POSTCOPY_ADVISE of 8 bytes") { command(&$0, 3, Array(repeating: 0, count: 8)) },
    item("POSTCOPY_RAM_DISCARD of a later version") { command(&$0, 6, [1, 1, 0x61, 0]) },
    item("POSTCOPY_RAM_DISCARD with a broken range") { command(&$0, 6, [0, 1, 0x61, 0, 1, 2, 3]) },
    item("RECV_BITMAP with a name that is longer than it") {
        command(&$0, 10, [3, 0x61, 0x62, 0x63], length: 2)
    },
    item("RECV_BITMAP with a name that is not UTF-8") { command(&$0, 10, [1, 0xFF]) },
    item("PACKAGED without a length") { command(&$0, 7, []) },
    item("a section without a name") {
        SectionHeader(kind: .full, id: 1, name: "", version: 1).encode(to: &$0)
    },
    item("a section whose name is not UTF-8") { $0.append([1, 0, 0, 0, 9, 2, 0x72, 0xFF]) },
    item("PART of a section that has not started") { SmallStream.header(.part).encode(to: &$0) },
    item("a section id for two sections") {
        SmallStream.setup(&$0)
        SectionHeader(kind: .full, id: 2, name: "thing", instance: 1, version: 2).encode(to: &$0)
    },
    item("PART of a device") {
        var devices = DeviceWriter(dialect: .qemu10_0)
        devices.write(SmallStream.sections()[0], id: 10)
        $0.append(devices.output.bytes)
        SectionHeader(kind: .part, id: 10, name: "", version: 0).encode(to: &$0)
    },
    item("a footer of another section") {
        SmallStream.header(.start).encode(to: &$0)
        RAMBlockList(SmallStream.blocks).encode(to: &$0)
        $0.uint8(0x7E)
        $0.uint32(3)
    },
    item("no footer") {
        SmallStream.header(.start).encode(to: &$0)
        RAMBlockList(SmallStream.blocks).encode(to: &$0)
        $0.uint8(0)
    },
    item("a description of 4 GiB") {
        SmallStream.setup(&$0)
        SmallStream.header(.end).encode(to: &$0)
        $0.uint64(0x10)
        SmallStream.header(.end).encodeFooter(to: &$0)
        var devices = DeviceWriter(dialect: .qemu10_0)
        devices.write(SmallStream.sections()[0], id: 10)
        $0.append(devices.output.bytes)
        $0.append([0, 6, 0xFF, 0xFF, 0xFF, 0xFF])
    },
]
