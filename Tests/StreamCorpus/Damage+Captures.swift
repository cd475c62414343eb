import Bytes
import MigrationStream
import VMState

// What only the workbench reads: pages in every form, multifd channels, the return path, other live sections.

private let page: UInt64 = 4096

/// A recording of one block of four pages, `ram0`; `body` writes what comes between the list and the end.
private func recording(
    _ name: String, capabilities: [String]? = nil, bits: UInt32? = nil, sections: [UInt8] = [],
    _ body: (inout ByteWriter) -> Void
) -> Damage {
    var damage = Damage(name) {
        StreamConfiguration(machine: "small", targetPageBits: bits, capabilities: capabilities)
            .encode(to: &$0)
        SmallStream.header(.start).encode(to: &$0)
        $0.uint64(4 * page | 4)
        $0.string8("ram0")
        $0.uint64(4 * page)
        body(&$0)
        $0.append(sections)
        $0.uint8(0)
    }
    damage.reader = .workbench
    return damage
}

/// A list of one block of this length.
private func listed(_ name: String, _ length: UInt64) -> Damage {
    var damage = Damage(name) {
        StreamConfiguration(machine: "small").encode(to: &$0)
        SmallStream.header(.start).encode(to: &$0)
        $0.uint64(length | 4)
        $0.string8("ram0")
        $0.uint64(length)
        listEnd(&$0)
    }
    damage.reader = .workbench
    return damage
}

/// Ends the list and begins a PART; `records` writes pages; the memory ends.
private func records(
    _ name: String, _ records: @escaping (inout ByteWriter) -> Void
) -> Damage {
    recording(name) {
        listEnd(&$0)
        SmallStream.part(&$0) { writer in
            whole(&writer)
            records(&writer)
        }
        memoryEnd(&$0)
    }
}

private func listEnd(_ writer: inout ByteWriter) {
    writer.uint64(0x10)
    SmallStream.header(.start).encodeFooter(to: &writer)
}

private func memoryEnd(_ writer: inout ByteWriter) {
    SmallStream.header(.end).encode(to: &writer)
    writer.uint64(0x10)
    SmallStream.header(.end).encodeFooter(to: &writer)
}

/// Each of the four pages once, as zeros.
private func whole(_ writer: inout ByteWriter) {
    SmallStream.record(&writer, 0x2, block: "ram0")
    writer.uint8(0)
    for index in 1..<UInt64(4) {
        writer.uint64(index * page | 0x22)
        writer.uint8(0)
    }
}

private func xbzrle(_ name: String, version: UInt8 = 1, length: UInt16? = nil, _ bytes: [UInt8]) -> Damage {
    records(name) {
        $0.uint64(0x60)
        $0.uint8(version)
        $0.uint16(length ?? UInt16(bytes.count))
        $0.append(bytes)
    }
}

private func compressed(_ name: String, length: UInt32? = nil, _ bytes: [UInt8]) -> Damage {
    records(name) {
        $0.uint64(0x120)
        $0.uint32(length ?? UInt32(bytes.count))
        $0.append(bytes)
    }
}

/// A page of zeros as a zlib stream, written out in one stored block.
private let stored: [UInt8] =
    [0x78, 0x01, 0x01, 0x00, 0x10, 0xFF, 0xEF] + [UInt8](repeating: 0, count: 4096) + [0x10, 0, 0, 1]

let recordKindDamages = [
    xbzrle("XBZRLE: another encoding", version: 2, [0, 1, 7]),
    xbzrle("XBZRLE: longer than a page", length: 4097, []),
    xbzrle("XBZRLE: a length without its run", [3]),
    xbzrle("XBZRLE: a run beyond the page", [0x80, 0x20, 1, 7]),
    xbzrle("XBZRLE: an empty run of new bytes", [4, 0, 7]),
    xbzrle("XBZRLE: an empty run of old bytes in the middle", [1, 1, 7, 0, 1, 7]),
    xbzrle("XBZRLE: new bytes that are not there", [0, 9, 7]),
    xbzrle("XBZRLE: a length of three bytes", [0x80, 0x80, 0x01]),
    xbzrle("XBZRLE: cut", length: 100, [0, 1, 7]),
    records("XBZRLE: of a page that lies behind the block") {
        $0.uint64(9 * page | 0x60)
        $0.uint8(1)
        $0.uint16(0)
    },
    recording("XBZRLE: before the page itself") {
        listEnd(&$0)
        SmallStream.part(&$0) { writer in
            SmallStream.record(&writer, 0x40, block: "ram0")
            writer.uint8(1)
            writer.uint16(3)
            writer.append([0, 1, 7])
            whole(&writer)
        }
        memoryEnd(&$0)
    },
    compressed("compress: of 4 GiB", length: .max, []),
    compressed("compress: of nothing", []),
    compressed("compress: no zlib stream", [1, 2, 3, 4]),
    compressed("compress: a zlib stream that is cut", Array(stored.dropLast(20))),
    compressed("compress: a wrong check sum", Array(stored.dropLast()) + [9]),
    compressed("compress: bytes behind the zlib stream", stored + [0]),
    compressed("compress: less than a page", [0x78, 0x9C, 0x03, 0x00, 0x00, 0x00, 0x00, 0x01]),
    records("a page that is cut") { $0.uint64(0x28) },
    records("a hook and MULTIFD_FLUSH together") { $0.uint64(0x280) },
    records("MULTIFD_FLUSH with an offset") { $0.uint64(0x1200) },
    recording("pages of 2 GiB", bits: 31) { _ in },
    recording("pages of a byte", bits: 0) { _ in },
    listed("a block of 4 EiB", 1 << 62),
    recording("a list without its end") { $0.uint8(0x7E) },
    recording("x-ignore-shared without an address", capabilities: ["x-ignore-shared"]) { _ in },
]

/// A `mapped-ram` file; the list's block begins at byte 104 of the file.
private func mapped(
    _ name: String, version: UInt32 = 1, pageSize: UInt64 = 4096, bitmap: UInt64? = nil, pages: UInt64? = nil,
    length: UInt64 = 4 * page, _ rest: (inout ByteWriter) -> Void = { _ in }
) -> Damage {
    var damage = Damage(name) {
        StreamConfiguration(machine: "small", capabilities: ["mapped-ram"]).encode(to: &$0)
        SmallStream.header(.start).encode(to: &$0)
        $0.uint64(length | 4)
        $0.string8("ram0")
        $0.uint64(length)
        $0.uint32(version)
        $0.uint64(pageSize)
        let end = UInt64($0.count) + 16
        $0.uint64(bitmap ?? end)
        $0.uint64(pages ?? 1 << 20)
        rest(&$0)
    }
    damage.reader = .workbench
    return damage
}

let mappedDamages = [
    mapped("mapped-ram: another version", version: 2),
    mapped("mapped-ram: pages of 64 KiB", pageSize: 65536),
    mapped("mapped-ram: pages of no bytes", pageSize: 0),
    mapped("mapped-ram: a bitmap elsewhere", bitmap: 9),
    mapped("mapped-ram: a bitmap at the end of the address space", bitmap: .max),
    mapped("mapped-ram: pages before the bitmap", pages: 0),
    mapped("mapped-ram: pages in the middle of one", pages: (1 << 20) + 1),
    mapped("mapped-ram: pages at the end of the address space", pages: .max & ~0xFFF),
    mapped("mapped-ram: a block of 8 EiB", length: 1 << 63),
    mapped("mapped-ram: no bitmap"),
    mapped("mapped-ram: no pages") { $0.uint64(0xF) },
    mapped("mapped-ram: pages that are cut", pages: 8192) {
        $0.uint64(0x0F00_0000_0000_0000)
        $0.zeros(9000)
    },
    mapped("mapped-ram: a page record in the list", pages: 8192) {
        $0.uint64(0)
        $0.zeros(8192 - $0.count + 4 * 4096)
        $0.uint64(0x08)
    },
]

/// A main channel that waits for one multifd channel.
private func multifd(
    _ name: String, handshake: (inout ByteWriter) -> Void = { MultifdHandshake(channel: 0).encode(to: &$0) },
    _ packets: (inout ByteWriter) -> Void
) -> Damage {
    var damage = recording(name) {
        $0.uint64(0x200)
        listEnd(&$0)
        SmallStream.part(&$0) { $0.uint64(0x200) }
        memoryEnd(&$0)
    }
    var writer = ByteWriter()
    handshake(&writer)
    sync(&writer)
    packets(&writer)
    damage.multifd = [writer.bytes]
    return damage
}

private func sync(_ writer: inout ByteWriter) {
    MultifdPacket(isSync: true, capacity: 128, number: 0).encode(to: &writer, pageSize: 4096)
}

/// A packet of all four pages; `change` damages it, `pages` follow.
private func packet(
    _ writer: inout ByteWriter, compression: MultifdPacket.Compression = .none, length: UInt32 = 4 * 4096,
    pages: [UInt8] = [UInt8](repeating: 7, count: 4 * 4096), _ change: (inout [UInt8]) -> Void = { _ in }
) {
    var head = ByteWriter()
    MultifdPacket(
        compression: compression, capacity: 128, payloadLength: length, number: 1, block: "ram0",
        normal: [0, page, 2 * page, 3 * page]
    ).encode(to: &head, pageSize: 4096)
    var bytes = head.bytes
    change(&bytes)
    writer.append(bytes)
    writer.append(pages)
    sync(&writer)
}

/// A packet with a number in its head changed: at this byte, four bytes or eight.
private func changed(_ name: String, at place: Int, _ value: UInt64, size: Int = 4) -> Damage {
    multifd("multifd: \(name)") { writer in
        packet(&writer) { bytes in
            for index in 0..<size {
                bytes[place + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * (size - 1 - index)))
            }
        }
    }
}

let multifdDamages = [
    multifd("multifd: a handshake of something else", handshake: { $0.zeros(64) }) { packet(&$0) },
    multifd(
        "multifd: a handshake of another version",
        handshake: {
            $0.uint32(MultifdHandshake.magic)
            $0.uint32(2)
            $0.zeros(56)
        }
    ) { packet(&$0) },
    multifd(
        "multifd: a handshake that is cut", handshake: { $0.append([0x11, 0x22, 0x33, 0x44, 0, 0, 0, 1]) }
    ) {
        _ in
    },
    changed("another magic", at: 0, 0x5145_564D),
    changed("another version", at: 4, 9),
    changed("unknown flags", at: 8, 0x100),
    changed("a compression that is not built (qpl)", at: 8, 0x08),
    changed("two compressions at once", at: 8, 0x06),
    changed("room for a million pages", at: 12, 1_000_000),
    changed("more pages than room", at: 16, 129),
    changed("4 G pages", at: 16, 0xFFFF_FFFF),
    changed("a payload of 4 GiB", at: 20, 0xFFFF_FFFF),
    changed("a payload of half its pages", at: 20, 8192),
    changed("more pages of zeros than room", at: 32, 127),
    changed("a block without a name", at: 64, 0),
    changed("an unknown block", at: 64, 0x726F_6D00),
    changed("a page behind the block", at: 320, 4 * 4096, size: 8),
    changed("a page that is none", at: 328, 0x1001, size: 8),
    changed("a page at the end of the address space", at: 344, .max & ~0xFFF, size: 8),
    changed("a device's state of 4 GiB", at: 8, 0x40),
    multifd("multifd: pages that are cut") { packet(&$0, pages: [1, 2, 3]) },
    multifd("multifd: zlib that is none") {
        packet(&$0, compression: .zlib, length: 4, pages: [1, 2, 3, 4])
    },
    multifd("multifd: zlib of too little") {
        packet(&$0, compression: .zlib, length: UInt32(stored.count), pages: stored)
    },
    multifd("multifd: zstd that is none") {
        packet(&$0, compression: .zstd, length: 4, pages: [1, 2, 3, 4])
    },
    multifd("multifd: zstd with a window of 1 TiB") {
        // Magic, a frame header without a size, and the largest window.
        let frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0xF8, 0x01, 0x00, 0x00]
        packet(&$0, compression: .zstd, length: UInt32(frame.count), pages: frame)
    },
    multifd("multifd: another compression in the middle") {
        let four = [UInt8](repeating: 0, count: 4)
        packet(&$0, compression: .zlib, length: 4, pages: four)
        packet(&$0, compression: .zstd, length: 4, pages: four)
    },
    multifd("multifd: no SYNC for the last mark") { _ in },
    multifd("multifd: a SYNC that is cut") { $0.append([0x11, 0x22, 0x33, 0x44]) },
    {
        var damage = multifd("multifd: a channel is missing") { packet(&$0) }
        damage.multifd = []
        return damage
    }(),
]

/// A good recording with this said in the other direction.
private func said(_ name: String, _ bytes: [UInt8]) -> Damage {
    var damage = records("return path: \(name)") { _ in }
    damage.returnPath = bytes
    return damage
}

let returnPathDamages = [
    said("message 0", [0, 0, 0, 0]),
    said("message 8", [0, 8, 0, 0]),
    said("a message of 64 KiB", [0, 1, 0xFF, 0xFF]),
    said("SHUT of 3 bytes", [0, 1, 0, 3, 0, 0, 0]),
    said("PONG of 8 bytes", [0, 2, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0]),
    said("a request without a length", [0, 4, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0]),
    said("a request of a block without a name", [0, 3, 0, 12] + [UInt8](repeating: 0, count: 12)),
    said(
        "a name that is longer than the message",
        [0, 3, 0, 14] + [UInt8](repeating: 0, count: 12) + [9, 0x61]),
    said("RECV_BITMAP without a name", [0, 5, 0, 0]),
    said("RECV_BITMAP with a wrong length", [0, 5, 0, 9, 4] + Array("ram0".utf8)),
    said("a bitmap of another size", [0, 5, 0, 5, 4] + Array("ram0".utf8) + [0, 0, 0, 0, 0, 0, 0, 9]),
    said("a bitmap of 16 EiB", [0, 5, 0, 5, 4] + Array("ram0".utf8) + [UInt8](repeating: 0xFF, count: 8)),
    said(
        "a bitmap without its end",
        [0, 5, 0, 5, 4] + Array("ram0".utf8) + [0, 0, 0, 0, 0, 0, 0, 8, 0xF, 0, 0, 0, 0, 0, 0, 0]
            + [UInt8](repeating: 0, count: 8)),
    said("RESUME_ACK of 2", [0, 6, 0, 4, 0, 0, 0, 2]),
    said("SWITCHOVER_ACK with a payload", [0, 7, 0, 1, 0]),
    said("a failure's text of 64 KiB", [0x4D, 0x01, 0xFF, 0xFF]),
    said("cut in a message's number", [0]),
    said("cut in a message", [0, 2, 0, 4, 1, 2]),
]

/// A good recording with this description behind its end.
private func described(_ name: String, length: UInt32? = nil, _ text: String) -> Damage {
    var damage = records("description: \(name)") { _ in }
    var writer = ByteWriter()
    writer.append(damage.main)
    writer.uint8(6)
    writer.uint32(length ?? UInt32(text.utf8.count))
    writer.append(text.utf8)
    damage.main = writer.bytes
    return damage
}

let descriptionDamages = [
    described("not JSON", "garbage"),
    described("empty", ""),
    described("longer than it is", length: 100, "{}"),
    described("of 4 GiB", length: .max, "{}"),
    described("cut in its middle", "{\"page_size\": 4096, \"devices\": ["),
    described("a string without an end", "{\"page_size"),
    described("a number with too many digits", "{\"page_size\": 99999999999999999999}"),
    described("of another page size", "{\"page_size\": 65536, \"devices\": []}"),
    described(
        "of a device that did not come",
        "{\"page_size\": 4096, \"devices\": [{\"name\": \"thing\", \"instance_id\": 0, \"fields\": []}]}"),
    described("nested without end", String(repeating: "{\"a\":", count: 1000)),
    described("a list without end", "{\"devices\": " + String(repeating: "[", count: 1000)),
]

/// A section of another live kind with this body.
private func live(_ name: String, _ section: String, _ body: [UInt8]) -> Damage {
    var writer = ByteWriter()
    SectionHeader(kind: .start, id: 9, name: section, version: 1).encode(to: &writer)
    writer.append(body)
    return recording("\(section): \(name)", sections: writer.bytes) {
        listEnd(&$0)
        memoryEnd(&$0)
    }
}

let liveDamages = [
    live("unknown flags", "dirty-bitmap", [0x80]),
    live("a start and bits at once", "dirty-bitmap", [0x50]),
    live("bits of no bitmap", "dirty-bitmap", [0x40]),
    live("a granularity of 3", "dirty-bitmap", [0x1C, 1, 0x61, 1, 0x62, 0, 0, 0, 3, 0]),
    live("unknown bitmap flags", "dirty-bitmap", [0x1C, 1, 0x61, 1, 0x62, 0, 0, 2, 0, 0xFF]),
    live(
        "bits of 16 EiB", "dirty-bitmap",
        [0x4C, 1, 0x61, 1, 0x62] + [UInt8](repeating: 0, count: 12) + [UInt8](repeating: 0xFF, count: 8)),
    live("cut in a name", "dirty-bitmap", [0x0C, 200, 0x61]),
    live("unknown flags", "block", [0, 0, 0, 0, 0, 0, 0, 0x80]),
    live("cut in a chunk", "block", [0, 0, 0, 0, 0, 0, 0, 1, 1, 0x61, 0, 0]),
    live("is not known", "slirp-live", [0, 0]),
]
