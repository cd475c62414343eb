import Bytes
import MigrationStream
import VMState

// The `ram` section as a destination takes it.

/// The `ram` section's START with this body.
private func list(_ name: String, _ write: (inout ByteWriter) -> Void) -> Damage {
    item(name) {
        SmallStream.header(.start).encode(to: &$0)
        write(&$0)
    }
}

private func listed(_ writer: inout ByteWriter, _ name: String, _ length: UInt64) {
    writer.string8(name)
    writer.uint64(length)
}

let listDamages = [
    {
        var damage = list("more blocks than there may be") {
            $0.uint64(0xFFFF_FFFF_FFFF_F004)
            for number in 0..<1025 { listed(&$0, "b\(number)", 0x1000) }
        }
        damage.reader = .workbench
        return damage
    }(),
    list("a page before the block list") { SmallStream.record(&$0, 0x08, block: "ram0") },
    list("no block list") { $0.uint64(0x10) },
    list("blocks beyond the total") {
        $0.uint64(0x3004)
        listed(&$0, "ram0", 0x2000)
        listed(&$0, "rom", 0x2000)
    },
    list("a block twice") {
        $0.uint64(0x4004)
        listed(&$0, "ram0", 0x2000)
        listed(&$0, "ram0", 0x2000)
    },
    list("a block without a name") {
        $0.uint64(0x4004)
        listed(&$0, "", 0x2000)
    },
    list("a block whose name is not UTF-8") {
        $0.uint64(0x4004)
        $0.uint8(86)
        $0.append([UInt8](repeating: 0xFF, count: 86))
        $0.uint64(0x2000)
    },
    list("a block of no length") {
        $0.uint64(0x4004)
        listed(&$0, "ram0", 0)
    },
    list("a block of half a page") {
        $0.uint64(0x4004)
        listed(&$0, "ram0", 0x800)
    },
    list("a block that is not here") {
        $0.uint64(0x4004)
        listed(&$0, "ram0", 0x2000)
        listed(&$0, "virt.flash9", 0x2000)
    },
    list("a block of another length") {
        $0.uint64(0x4004)
        listed(&$0, "ram0", 0x4000)
    },
    list("a resizable block beyond its most") {
        $0.uint64(0x3004)
        listed(&$0, "rom", 0x3000)
    },
    list("a second block list") {
        $0.uint64(0x2004)
        listed(&$0, "ram0", 0x2000)
        $0.uint64(0x2004)
    },
    item("a version of ram that there is not") {
        SectionHeader(kind: .start, id: 2, name: "ram", version: 3).encode(to: &$0)
    },
    item("a second ram") {
        SectionHeader(kind: .start, id: 2, name: "ram", instance: 1, version: 4).encode(to: &$0)
    },
]

/// A PART with these records, after a good block list.
private func records(_ name: String, _ write: (inout ByteWriter) -> Void) -> Damage {
    item(name) {
        SmallStream.setup(&$0)
        SmallStream.part(&$0, write)
    }
}

let recordDamages = [
    records("CONTINUE before any block") { SmallStream.record(&$0, 0x28) },
    records("a page of an unknown block") { SmallStream.record(&$0, 0x08, block: "ram1") },
    records("a page right behind the block") { SmallStream.record(&$0, 0x2008, block: "ram0") },
    records("a zero page at the end of the address space") {
        SmallStream.record(&$0, 0xFFFF_FFFF_FFFF_F002, block: "ram0")
    },
    records("a page of zeros that are none") {
        SmallStream.record(&$0, 0x02, block: "ram0")
        $0.uint8(0x41)
    },
    records("ZERO and PAGE together") { SmallStream.record(&$0, 0x0A, block: "ram0") },
    records("no flag") { $0.uint64(0x1000) },
    records("the obsolete flag FULL") { $0.uint64(0x1) },
    records("CONTINUE with EOS") { $0.uint64(0x30) },
    records("EOS with an offset") { $0.uint64(0x1010) },
    records("an XBZRLE page") { SmallStream.record(&$0, 0x40, block: "ram0") },
    records("a compressed page") { SmallStream.record(&$0, 0x120) },
    records("an RDMA hook") { $0.uint64(0x80) },
    records("a block list in PART") { $0.uint64(0x2004) },
]
