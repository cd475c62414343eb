import Bytes
import Glibc
import MigrationStream
import Testing

@Suite("Recorded streams", .enabled(if: RecordedStream.canBeRead))
struct RecordedStreamTests {
    /// Reads a stream item by item, writing each again; returns the copy.
    private func copy(_ bytes: [UInt8], sizes: DeviceSizes, into sink: RecordingSink) throws -> (
        bytes: [UInt8], json: [UInt8]?, commands: [StreamCommand]
    ) {
        let input = InputBuffer(ArraySource(bytes, chunk: 60000))
        let reader = StreamReader(input)
        var decoder = RAMDecoder(blocks: nil)
        var batch = RAMPageBatch(blocks: [])
        var output = ByteWriter(reserving: bytes.count)
        var commands: [StreamCommand] = []
        let configuration = try reader.configuration()
        #expect(configuration == StreamConfiguration(machine: "virt"))
        configuration.encode(to: &output)
        while true {
            let item = try reader.next()
            switch item {
            case .endOfStream:
                output.uint8(0)
                let json = try reader.description()
                if let json {
                    output.uint8(6)
                    output.uint32(UInt32(json.count))
                    output.append(json)
                }
                #expect(try input.isAtEnd())
                return (output.bytes, json, commands)
            case .command(let command):
                commands.append(command)
                command.encode(to: &output)
            case .section(let header) where header.name == "ram":
                try decoder.load(reader, into: sink)
                if header.kind == .start {
                    header.encode(to: &output)
                    RAMBlockList(sink.blocks).encode(to: &output)
                    header.encodeFooter(to: &output)
                    batch = RAMPageBatch(blocks: sink.blocks.map(\.name), capacity: 64)
                } else {
                    batch.beginSection(header.kind, id: header.id)
                    for record in sink.records {
                        if batch.isFull { drain(&batch, &output) }
                        switch record {
                        case .page(let block, let offset, let page):
                            unsafe batch.append(
                                block: block, offset: offset, page: page.baseAddress.unsafelyUnwrapped)
                        case .zero(let block, let offset):
                            batch.appendZero(block: block, offset: offset)
                        }
                    }
                    batch.endSection(id: header.id)
                    drain(&batch, &output)
                    sink.apply()
                }
                try reader.endSection()
            case .section(let header):
                let size = try #require(sizes[header.name, header.instance])
                header.encode(to: &output)
                output.append(try input.bytes(size))
                header.encodeFooter(to: &output)
                try reader.endSection()
            }
        }
    }

    private func drain(_ batch: inout RAMPageBatch, _ output: inout ByteWriter) {
        let length = batch.byteCount
        let before = output.count
        unsafe batch.withIOVectors { vectors in
            for index in vectors.indices {
                let vector = unsafe vectors[index]
                unsafe output.append(UnsafeRawBufferPointer(start: vector.iov_base, count: vector.iov_len))
            }
        }
        #expect(output.count - before == length)
        batch.removeAll()
    }

    @Test(
        "are read to the last byte, carry the source's RAM and are written again byte for byte",
        arguments: RecordedStream.all)
    func roundTrip(_ stream: RecordedStream) throws {
        let bytes = try stream.bytes()
        #expect(bytes.count == stream.raw)
        // Without a description the sizes come from a stream of the same machine and release.
        let described = stream.hasDescription ? bytes : try RecordedStream.all[0].bytes()
        let start = try #require(description(at: described))
        let sizes = try DeviceSizes(json: Array(described[start...]))
        let sink = RecordingSink()
        let copy = try copy(bytes, sizes: sizes, into: sink)
        #expect(copy.bytes == bytes)
        #expect(try sink.hash(of: "riscv_virt_board.ram") == stream.hash)
        #expect((copy.json != nil) == stream.hasDescription)
        switch stream.name {
        case "return-path": #expect(copy.commands == [.openReturnPath, .ping(1), .switchoverStart])
        case "plain-paused-7.2": #expect(copy.commands == [])
        default: #expect(copy.commands == [.switchoverStart])
        }
        if let json = copy.json {
            // What we would write for no devices is how QEMU's text begins.
            let empty = StreamDescription().json(
                configuration: stream.describesConfiguration ? StreamConfiguration(machine: "virt") : nil)
            #expect(String(decoding: json, as: UTF8.self).hasPrefix(empty.dropLast(2)))
        }
    }

    /// Where the JSON begins that ends a stream.
    private func description(at bytes: [UInt8]) -> Int? {
        for marker in ["{\"configuration\": ", "{\"page_size\": "] {
            let wanted = Array(marker.utf8)
            var index = bytes.count - wanted.count
            while index > bytes.count - 100_000, index >= 0 {
                if bytes[index] == wanted[0], bytes[index..<index + wanted.count].elementsEqual(wanted) {
                    return index
                }
                index -= 1
            }
        }
        return nil
    }

    @Test("of a return path are read and written again")
    func returnPath() throws {
        let bytes = try RecordedStream.all[1].bytes("back")
        let input = InputBuffer(bytes: bytes)
        var messages: [ReturnPathMessage] = []
        while let message = try ReturnPathMessage.decode(from: input) { messages.append(message) }
        #expect(messages == [.pong(1), .shut(0)])
        var output = ByteWriter()
        for message in messages { message.encode(to: &output) }
        #expect(output.bytes == bytes)
    }
}
