import Bytes
import MigrationStream
import Testing

/// What a record is, without its lent bytes.
private enum Seen: Equatable {
    case block(RAMBlockDescription)
    case page(Int, UInt64, UInt8)
    case zero(Int, UInt64)
    case delta(Int, UInt64, [UInt8])
    case unpacked(Int, UInt64, UInt8, Int)
    case hook, flush, end

    init(_ record: RAMRecord) {
        switch record {
        case .block(let block, _): self = .block(block)
        case .page(let block, let offset, let bytes): self = unsafe .page(block, offset, bytes[0])
        case .zero(let block, let offset): self = .zero(block, offset)
        case .delta(let block, let offset, let bytes): self = unsafe .delta(block, offset, Array(bytes))
        case .unpacked(let block, let offset, let bytes, let packed):
            self = unsafe .unpacked(block, offset, bytes[0], packed)
        case .hook: self = .hook
        case .multifdFlush: self = .flush
        case .end: self = .end
        }
    }
}

@Suite("Records of RAM")
struct RAMRecordTests {
    private func read(
        _ format: RAMFormat = RAMFormat(), isSetup: Bool = true, _ write: (inout ByteWriter) -> Void
    ) throws(StreamError) -> [Seen] {
        var writer = ByteWriter()
        write(&writer)
        let input = InputBuffer(ArraySource(writer.bytes, chunk: 999), capacity: 8192)
        var reader = RAMRecordReader()
        reader.format = format
        var seen: [Seen] = []
        while seen.last != .end { seen.append(Seen(try reader.next(input, isSetup: isSetup))) }
        #expect(throws: Never.self) { try #require(try input.isAtEnd()) }
        return seen
    }

    private func list(_ writer: inout ByteWriter) {
        writer.uint64(0x3004)
        writer.string8("a")
        writer.uint64(0x2000)
        writer.string8("b")
        writer.uint64(0x1000)
    }

    private let a = RAMBlockDescription(name: "a", length: 0x2000)
    private let b = RAMBlockDescription(name: "b", length: 0x1000)

    /// A page of 0xAA as zlib packs it.
    private let packed: [UInt8] = [
        0x78, 0x01, 0xed, 0xd0, 0x81, 0x10, 0x00, 0x00, 0x00, 0x03, 0x21, 0x7f, 0x95, 0xa7, 0x9c, 0xc7, 0xae,
        0x10,
        0x2a, 0x0c, 0x18, 0x30, 0x60, 0xc0, 0x80, 0x01, 0x03, 0x06, 0x0c, 0x18, 0x30, 0x60, 0xc0, 0x80, 0x81,
        0xf7,
        0x81, 0x01, 0x5b, 0x96, 0xa0, 0x97,
    ]

    @Test("of plain precopy are read where they lie")
    func plain() throws {
        let seen = try read {
            list(&$0)
            $0.uint64(0x08)
            $0.string8("a")
            $0.append(repeatElement(7, count: 4096))
            $0.uint64(0x1022)
            $0.uint8(0)
            $0.uint64(0x10)
        }
        #expect(seen == [.block(a), .block(b), .page(0, 0, 7), .zero(0, 0x1000), .end])
    }

    @Test("of a list with addresses and page sizes are read when the stream's start asks for them")
    func lists() throws {
        var format = RAMFormat()
        format.hasAddresses = true
        format.blockPageSizes = 0x201000
        var first = a
        first.address = 0x8000_0000
        var second = b
        second.address = 0
        second.pageSize = 0x200000
        let seen = try read(format) {
            $0.uint64(0x3004)
            $0.string8("a")
            $0.uint64(0x2000)
            $0.uint64(0x8000_0000)
            $0.string8("b")
            $0.uint64(0x1000)
            $0.uint64(0x200000)
            $0.uint64(0)
            $0.uint64(0x10)
        }
        #expect(seen == [.block(first), .block(second), .end])
    }

    @Test("of a mapped-ram file are pages where the bitmap has them, and zeros elsewhere")
    func mapped() throws {
        let format = try RAMFormat(StreamConfiguration(machine: "virt", capabilities: ["mapped-ram"]))
        let seen = try read(format) {
            $0.uint64(0x2004)
            $0.string8("a")
            $0.uint64(0x2000)
            let header = MappedRAMHeader(at: UInt64($0.count), length: 0x2000, pageSize: 4096)
            header.encode(to: &$0)
            #expect(UInt64($0.count) == header.bitmapOffset && header.pagesOffset == 1 << 20)
            $0.append([2, 0, 0, 0, 0, 0, 0, 0])
            $0.zeros(Int(header.pagesOffset) - $0.count + 4096)
            $0.append(repeatElement(7, count: 4096))
            $0.uint64(0x10)
        }
        #expect(seen.count == 4)
        #expect(seen[1...] == [.zero(0, 0), .page(0, 4096, 7), .end])
    }

    @Test("of XBZRLE and zlib are checked and unpacked")
    func packedPages() throws {
        let seen = try read {
            list(&$0)
            $0.uint64(0x40)
            $0.string8("b")
            $0.uint8(1)
            $0.uint16(3)
            $0.append([0, 1, 9])
            $0.uint64(0x100)
            $0.string8("a")
            $0.uint32(UInt32(packed.count))
            $0.append(packed)
            $0.uint64(0x1120)
            $0.uint32(UInt32(packed.count))
            $0.append(packed)
            $0.uint64(0x200)
            $0.uint64(0x80)
            $0.uint64(0x10)
        }
        #expect(
            seen == [
                .block(a), .block(b), .delta(1, 0, [0, 1, 9]), .unpacked(0, 0, 0xAA, packed.count),
                .unpacked(0, 0x1000, 0xAA, packed.count), .flush, .hook, .end,
            ])
    }

    @Test("that are wrong are refused")
    func damaged() {
        func refused(
            _ text: String, format: RAMFormat = RAMFormat(), _ write: (inout ByteWriter) -> Void,
            line: Int = #line
        ) {
            do throws(StreamError) {
                _ = try read(format) {
                    list(&$0)
                    write(&$0)
                }
                Issue.record("line \(line): it was taken")
            } catch {
                #expect(error.problem == text, "line \(line)")
            }
        }
        refused("page: expected XBZRLE encoding 1, found 2, at byte 38") {
            $0.uint64(0x40)
            $0.string8("a")
            $0.uint8(2)
            $0.uint16(1)
        }
        refused("page: expected a difference of at most 4096 bytes, found 4097, at byte 39") {
            $0.uint64(0x40)
            $0.string8("a")
            $0.uint8(1)
            $0.uint16(4097)
        }
        refused("page.difference: expected a run of new bytes, found an empty one, at byte 42") {
            $0.uint64(0x40)
            $0.string8("a")
            $0.uint8(1)
            $0.uint16(3)
            $0.append([1, 0, 1])
        }
        refused("page: expected a packed page of at most 4110 bytes, found 4111, at byte 38") {
            $0.uint64(0x100)
            $0.string8("a")
            $0.uint32(4111)
        }
        refused("page: expected a zlib stream of 4096 bytes, found unknown compression method, at byte 42") {
            $0.uint64(0x100)
            $0.string8("a")
            $0.uint32(4)
            $0.uint32(0)
        }
        refused(
            "page: expected a zlib stream of 4096 bytes, found 4096 bytes from 40 of 40 and no end, at byte 42"
        ) {
            $0.uint64(0x100)
            $0.string8("a")
            $0.uint32(40)
            $0.append(packed.prefix(40))
        }
    }

    @Test("of a mapped-ram file whose header is wrong are refused")
    func damagedHeaders() throws {
        let format = try RAMFormat(StreamConfiguration(machine: "virt", capabilities: ["mapped-ram"]))
        let cases: [(UInt32, UInt64, UInt64, UInt64, String)] = [
            (2, 4096, 46, 4096, "block list.a.mapped-ram: version 2 is not understood, only 1, at byte 18"),
            (1, 8192, 46, 4096, "block list.a.mapped-ram.page size: expected 4096, found 8192, at byte 22"),
            (
                1, 4096, 47, 4096,
                "block list.a.mapped-ram.bitmap offset: expected 46, right behind the header, found 47, at byte 30"
            ),
            (
                1, 4096, 46, 50,
                "block list.a.mapped-ram.pages offset: expected a multiple of 4096 from 54 on, found 50, at byte 38"
            ),
        ]
        for (version, page, bitmap, pages, text) in cases {
            do throws(StreamError) {
                _ = try read(format) {
                    $0.uint64(0x2004)
                    $0.string8("a")
                    $0.uint64(0x2000)
                    $0.uint32(version)
                    $0.uint64(page)
                    $0.uint64(bitmap)
                    $0.uint64(pages)
                    $0.zeros(8192)
                }
                Issue.record("\(text): it was taken")
            } catch {
                #expect(error.problem == text)
            }
        }
    }
}
