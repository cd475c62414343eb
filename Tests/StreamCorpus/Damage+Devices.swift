import Bytes
import MigrationStream
import VMState

// Sections of devices.

/// A device section with this header and body.
private func device(
    _ name: String, idstr: String = "thing", instance: UInt32 = 1, version: UInt32 = 2,
    kind: SectionHeader.Kind = .full, _ write: (inout ByteWriter) -> Void
) -> Damage {
    item(name) {
        SectionHeader(kind: kind, id: 10, name: idstr, instance: instance, version: version).encode(to: &$0)
        write(&$0)
    }
}

let deviceDamages = [
    device(
        "a device that is not here",
        idstr: "0000:00:01.0/virtio-net", instance: 0
    ) { _ in },
    device(
        "an instance that is not here", instance: 2
    ) { _ in },
    device(
        "a version from the future", version: 3
    ) { _ in },
    device(
        "a version from before", version: 0
    ) { _ in },
    device(
        "a live device", idstr: "dirty-bitmap",
        instance: 0, kind: .start
    ) { _ in },
    device("a device that ends early") { $0.uint32(1) },
    device("a device that is too long") {
        $0.append([0, 0, 0, 1, 1, 2, 3, 4])
    },
    device("an unknown subsection") {
        $0.append([0, 0, 0, 1, 1, 2, 3, 5])
        $0.string8("thing/else")
        $0.uint32(1)
    },
    device("a subsection from the future") {
        $0.append([0, 0, 0, 1, 1, 2, 3, 5])
        $0.string8("thing/extra")
        $0.uint32(2)
    },
    device("a subsection that is cut off") {
        $0.append([0, 0, 0, 1, 1, 2, 3, 5])
        $0.string8("thing/extra")
        $0.uint32(1)
        $0.uint8(0)
    },
    device("a state that the device cannot be in") {
        $0.append([0xDE, 0xAD, 0xBE, 0xEF, 1, 2, 3, 0x7E])
    },
    item("a device twice") {
        var devices = DeviceWriter(dialect: .qemu10_0)
        devices.write(SmallStream.sections()[0], id: 10)
        devices.write(SmallStream.sections()[0], id: 10)
        $0.append(devices.output.bytes)
    },
]
