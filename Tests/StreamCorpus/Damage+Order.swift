import Bytes
import MigrationStream
import VMState

// Whole sections that are missing, come twice or in the wrong order, and streams that are cut.

/// The pieces of ``SmallStream/whole()``.
private enum Piece: CaseIterable {
    case start, setup, pages, end, device, eof

    var bytes: [UInt8] {
        var writer = ByteWriter()
        switch self {
        case .start: SmallStream.start(&writer)
        case .setup: SmallStream.setup(&writer)
        case .pages:
            SmallStream.part(&writer) {
                SmallStream.record(&$0, 0x0008, block: "ram0")
                SmallStream.page(&$0, 0xAA)
                SmallStream.record(&$0, 0x1022)
                $0.uint8(0)
            }
        case .end:
            SmallStream.header(.end).encode(to: &writer)
            writer.uint64(0x10)
            SmallStream.header(.end).encodeFooter(to: &writer)
        case .device:
            var devices = DeviceWriter(dialect: .qemu10_0)
            devices.write(SmallStream.sections()[0], id: 10)
            writer.append(devices.output.bytes)
        case .eof: writer.uint8(0)
        }
        return writer.bytes
    }
}

private func order(_ name: String, _ pieces: [Piece], _ reader: Damage.Reader = .destination) -> Damage {
    Damage(name, main: pieces.flatMap(\.bytes), reader: reader)
}

let orderDamages = [
    order("no start", [.setup, .pages, .end, .device, .eof]),
    order("two starts", [.start, .start, .setup, .pages, .end, .device, .eof]),
    order("a start in the middle", [.start, .setup, .start, .pages, .end, .device, .eof]),
    order("no list of the memory", [.start, .pages, .end, .device, .eof]),
    order("the list of the memory twice", [.start, .setup, .setup, .pages, .end, .device, .eof]),
    order("the list of the memory after the pages", [.start, .pages, .setup, .end, .device, .eof]),
    order("no last part of the memory", [.start, .setup, .pages, .device, .eof]),
    order("no memory at all", [.start, .device, .eof]),
    order("no device", [.start, .setup, .pages, .end, .eof]),
    order("nothing but a start", [.start, .eof]),
    order("a device twice in a whole stream", [.start, .setup, .pages, .end, .device, .device, .eof]),
    order("verify: no memory", [.start, .device, .eof], .workbench),
    order("verify: a page that never comes", [.start, .setup, .pages, .end, .device, .eof], .workbench),
    order("verify: the memory ends twice", [.start, .setup, .pages, .end, .end, .device, .eof], .workbench),
    order("verify: pages after the memory's end", [.start, .setup, .pages, .end, .pages, .eof], .workbench),
    order("verify: a device twice", [.start, .setup, .pages, .end, .device, .device, .eof], .workbench),
    order("verify: two starts of the memory", [.start, .setup, .setup, .pages, .end, .eof], .workbench),
    order("verify: the stream twice", Piece.allCases + Piece.allCases, .workbench),
    order("verify: something behind the end", Piece.allCases + [.pages], .workbench),
]

/// The whole stream, cut at the beginning of each kind of field and in its middle.
let cutDamages: [Damage] = {
    let whole = SmallStream.whole()
    let places: [(String, Int)] = [
        ("in the magic", 2), ("in the version", 6), ("before the configuration", 8),
        ("in the length of the machine's name", 11), ("in the machine's name", 15),
        ("in the name of a configuration subsection", 30),
        ("in the version of a configuration subsection", 48),
        ("in the UUID", 85), ("before the first item", 93), ("in the number of a command", 95),
        ("in the length of a command", 97), ("in a PING", 105), ("in a section's id", 110),
        ("in a section's name", 115), ("in a section's instance", 118), ("in a section's version", 122),
        ("in the total of the memory", 128), ("in a block's name", 134), ("in a block's length", 142),
        ("before the end of the list", 152), ("before a footer", 166), ("in a footer", 169),
        ("in the id of a part", 173), ("in a page's record", 180), ("in the name of a page's block", 187),
        ("in a page", 2000),
    ]
    var result = places.map { Damage("cut \($0.0)", main: Array(whole[..<$0.1]), reader: .destination) }
    // The rest is counted from the end, where the device, the end and the description stand.
    let description = Int(SmallStream.descriptionLength)
    let device = whole.count - description - 6
    for (name, back) in [
        ("in a device's section id", 48), ("in a device's name", 43), ("in a device's field", 28),
        ("in an array", 24), ("in a subsection's name", 18), ("in a subsection's field", 7),
        ("before the end of the stream", 0),
    ] {
        result.append(Damage("cut \(name)", main: Array(whole[..<(device - back)]), reader: .destination))
    }
    for (name, length) in [("in the length of the description", 4), ("in the description", 300)] {
        result.append(Damage("cut \(name)", main: Array(whole[..<(device + length)]), reader: .destination))
    }
    return result
}()
