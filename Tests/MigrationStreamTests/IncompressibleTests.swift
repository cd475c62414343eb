import Bytes
import Glibc
import MigrationStream
import Testing

@Suite("Memory of which no packing gets smaller")
struct IncompressibleTests {
    @Test(
        "goes through a compressed multifd channel as it is, and what follows it is packed again",
        arguments: [MultifdPacket.Compression.zlib, .zstd], [1, 6] as [UInt8])
    func passes(_ compression: MultifdPacket.Compression, _ level: UInt8) throws {
        let size = 4096
        let count = 128
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 4 * count * size, alignment: size)
        let arrived = UnsafeMutableRawBufferPointer.allocate(byteCount: memory.count, alignment: size)
        defer {
            unsafe memory.deallocate()
            unsafe arrived.deallocate()
        }
        // Text, random, random, text.
        var random = SystemRandomNumberGenerator()
        for index in memory.indices {
            let isText = index / (count * size) % 3 == 0
            unsafe memory[index] = isText ? UInt8(97 + index % 19) : UInt8.random(in: 0...255, using: &random)
        }
        let writer = try #require(MultifdWriter(compression, level: level))
        var bytes: [UInt8] = []
        for packet in 0..<4 {
            let before = bytes.count
            unsafe writer.pages(
                number: UInt64(packet), block: "ram",
                base: UnsafeRawPointer(memory.baseAddress.unsafelyUnwrapped),
                offsets: (0..<count).map { UInt64((packet * count + $0) * size) }
            ) { vectors in
                for index in vectors.indices {
                    let vector = unsafe vectors[index]
                    unsafe bytes += UnsafeRawBufferPointer(start: vector.iov_base, count: vector.iov_len)
                }
            }
            let ratio = Double(bytes.count - before) / Double(count * size)
            #expect(packet % 3 == 0 ? ratio < 0.1 : ratio > 1 && ratio < 1.01, "packet \(packet): \(ratio)")
        }
        let input = InputBuffer(ArraySource(bytes, chunk: 5000), capacity: MultifdReader.bufferCapacity)
        let reader = MultifdReader(input, pageSize: size)
        for _ in 0..<4 {
            let item = unsafe try reader.next { packet in
                unsafe packet.normal.map { unsafe .init(rebasing: arrived[Int($0)..<Int($0) + size]) }
            }
            guard case .packet = item else {
                Issue.record("no packet")
                return
            }
        }
        #expect(unsafe memory.elementsEqual(arrived))
    }
}
