import Bytes
import Glibc
import MigrationStream
import StreamCorpus
import Testing

@Suite("RAM section")
struct RAMTests {
    /// A batch's bytes as `writev` would send them.
    private func wire(_ batch: inout RAMPageBatch) -> (bytes: [UInt8], pieces: Int) {
        unsafe batch.withIOVectors { vectors in
            var bytes: [UInt8] = []
            for index in vectors.indices {
                let vector = unsafe vectors[index]
                unsafe bytes += UnsafeRawBufferPointer(start: vector.iov_base, count: vector.iov_len)
            }
            return (bytes, vectors.count)
        }
    }

    private func fill(_ value: UInt8) -> [UInt8] { Array(repeating: value, count: RAMSection.pageSize) }

    @Test("a batch names a block once, goes on with CONTINUE and remembers it over batches")
    func batch() {
        var batch = RAMPageBatch(blocks: ["a", "bc"], capacity: 2)
        let page = fill(7)
        batch.beginSection(.part, id: 2)
        unsafe page.withUnsafeBytes {
            unsafe batch.append(block: 0, offset: 0x1000, page: $0.baseAddress.unsafelyUnwrapped)
        }
        batch.appendZero(block: 0, offset: 0x2000)
        batch.appendZero(block: 1, offset: 0)
        unsafe page.withUnsafeBytes {
            unsafe batch.append(block: 1, offset: 0x3000, page: $0.baseAddress.unsafelyUnwrapped)
        }
        let isFull = batch.isFull
        #expect(isFull)
        batch.endSection(id: 2)
        let first = wire(&batch)
        var expected: [UInt8] = [2, 0, 0, 0, 2]
        expected += [0, 0, 0, 0, 0, 0, 0x10, 0x08, 1, 0x61] + page
        expected += [0, 0, 0, 0, 0, 0, 0x20, 0x22, 0]
        expected += [0, 0, 0, 0, 0, 0, 0, 0x02, 2, 0x62, 0x63, 0]
        expected += [0, 0, 0, 0, 0, 0, 0x30, 0x28] + page
        expected += [0, 0, 0, 0, 0, 0, 0, 0x10, 0x7E, 0, 0, 0, 2]
        #expect(first.bytes == expected)
        #expect(first.pieces == 5)
        let byteCount = batch.byteCount
        #expect(byteCount == expected.count)

        batch.removeAll()
        let isEmpty = batch.isEmpty && batch.count == 0
        #expect(isEmpty)
        batch.appendZero(block: 1, offset: 0x1000)
        batch.forgetBlock()
        batch.appendZero(block: 1, offset: 0x2000)
        let second = wire(&batch)
        #expect(second.pieces == 1)
        #expect(
            second.bytes == [0, 0, 0, 0, 0, 0, 0x10, 0x22, 0, 0, 0, 0, 0, 0, 0, 0x20, 0x02, 2, 0x62, 0x63, 0])
    }

    @Test("a batch of zeros holds as many as its heads have room for")
    func zeros() {
        var batch = RAMPageBatch(blocks: ["a"], capacity: 1)
        batch.beginSection(.part, id: 2)
        var count: UInt64 = 0
        while !batch.isFull {
            batch.appendZero(block: 0, offset: count << 12)
            count += 1
        }
        batch.endSection(id: 2)
        let (bytes, pieces) = wire(&batch)
        #expect(count > 10 && pieces == 1)
        #expect(bytes.count == 5 + 2 + 9 * Int(count) + 13)
    }

    @Test("a full batch with the longest names has room for every head")
    func longNames() {
        let names = ["a", "b"].map { String(repeating: $0, count: 255) }
        var batch = RAMPageBatch(blocks: names, capacity: 500)
        let page = fill(1)
        batch.beginSection(.end, id: .max)
        unsafe page.withUnsafeBytes {
            for number in 0..<500 {
                unsafe batch.append(block: number % 2, offset: 0, page: $0.baseAddress.unsafelyUnwrapped)
            }
        }
        batch.endSection(id: .max)
        let (bytes, pieces) = wire(&batch)
        #expect(bytes.count == 5 + 500 * (8 + 256 + 4096) + 13)
        #expect(pieces == 1001)
    }

    @Test(
        "pages go where the receiver's blocks are, whatever the stream's order",
        arguments: [1, 7, 4096, 100_000])
    func placement(chunk: Int) throws {
        var writer = ByteWriter()
        SmallStream.header(.start).encode(to: &writer)
        RAMBlockList([.init(name: "rom", length: 8192), .init(name: "ram0", length: 8192)]).encode(
            to: &writer)
        SmallStream.header(.start).encodeFooter(to: &writer)
        SmallStream.part(&writer) {
            SmallStream.record(&$0, 0x1008, block: "ram0")
            SmallStream.page(&$0, 0xA1)
            SmallStream.record(&$0, 0x0008, block: "rom")
            SmallStream.page(&$0, 0xB0)
            SmallStream.record(&$0, 0x1028)
            SmallStream.page(&$0, 0xB1)
        }
        // The remembered block lives on in the next section.
        SmallStream.part(&writer) {
            SmallStream.record(&$0, 0x0022)
            $0.uint8(0)
        }
        let reader = StreamReader(InputBuffer(ArraySource(writer.bytes, chunk: chunk), capacity: 65536))
        let sink = FixedSink(lengths: [8192, 8192])
        var decoder = RAMDecoder(blocks: SmallStream.blocks)
        var counts = RAMCounts()
        for _ in 0..<3 {
            _ = try reader.next()
            counts += try decoder.load(reader, into: sink)
            try reader.endSection()
        }
        #expect(counts == RAMCounts(normal: 3, zero: 1))
        #expect(decoder.unlisted == [])
        #expect(sink.zeroed.map(\.block) == [1] && sink.zeroed.map(\.offset) == [0])
        for (block, offset, value): (Int, Int, UInt8) in [
            (0, 0, 0x55), (0, 4095, 0x55), (0, 4096, 0xA1), (0, 8191, 0xA1), (1, 0, 0xB0), (1, 4095, 0xB0),
            (1, 4096, 0xB1), (1, 8191, 0xB1),
        ] {
            #expect(sink[block, offset] == value)
        }
    }

    @Test("blocks that the stream does not list are told")
    func unlisted() throws {
        var writer = ByteWriter()
        SmallStream.header(.start).encode(to: &writer)
        RAMBlockList([.init(name: "ram0", length: 8192)]).encode(to: &writer)
        let reader = StreamReader(InputBuffer(bytes: writer.bytes))
        var decoder = RAMDecoder(blocks: SmallStream.blocks)
        #expect(decoder.unlisted == [])
        _ = try reader.next()
        try decoder.load(reader, into: FixedSink(lengths: [8192, 8192]))
        #expect(decoder.unlisted == ["rom"])
    }

    @Test(
        "a block that both sides have in a file has to be where it was, and to come without pages",
        arguments: [
            (0x1000, 0, nil), (0x2000, nil, "expected 'rom' at 0x1000, found 0x2000"),
            (0x1000, 1, "expected no page of 'rom', which is in a shared file, found a page"),
            (0x1000, nil, "expected pages of block 'ram0', found none"),
        ] as [(UInt64, Int?, String?)])
    func kept(address: UInt64, sent: Int?, text: String?) throws {
        var (ram, rom) = (SmallStream.blocks[0], SmallStream.blocks[1])
        (ram.address, rom.address) = (0x8000_0000, 0x1000)
        rom.isKept = true
        var writer = ByteWriter()
        SmallStream.header(.start).encode(to: &writer)
        var listed = rom
        listed.address = address
        RAMBlockList([ram, listed]).encode(to: &writer)
        SmallStream.header(.start).encodeFooter(to: &writer)
        SmallStream.header(.end).encode(to: &writer)
        if let sent {
            SmallStream.record(&writer, 0x0002, block: [ram, rom][sent].name)
            writer.uint8(0)
        }
        writer.uint64(0x10)
        SmallStream.header(.end).encodeFooter(to: &writer)
        let reader = StreamReader(InputBuffer(bytes: writer.bytes))
        var decoder = RAMDecoder(blocks: [ram, rom], hasAddresses: true)
        var failure: StreamError?
        do throws(StreamError) {
            for _ in 0..<2 {
                _ = try reader.next()
                try decoder.load(reader, into: FixedSink(lengths: [8192, 8192]))
                try reader.endSection()
            }
            try decoder.requireAll(reader)
        } catch {
            failure = error
        }
        #expect((failure == nil) == (text == nil))
        if let text { #expect(failure?.description.contains(text) == true, "\(failure?.description ?? "")") }
    }
}
