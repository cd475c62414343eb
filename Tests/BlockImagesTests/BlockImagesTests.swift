import CPlatform
import Glibc
import Testing

@testable import BlockImages

@Suite struct RawImageTests {
    /// A file of zeros that is gone after the test.
    private static func withFile(size: Int, _ body: (String) throws -> Void) throws {
        let path = "/tmp/martlet-image-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        let descriptor = unsafe cplatform_open(path, O_RDWR | O_CREAT | O_EXCL, 0o600)
        try #require(descriptor >= 0)
        ftruncate(descriptor, off_t(size))
        close(descriptor)
        defer { unsafe _ = unlink(path) }
        try body(path)
    }

    private static func read(_ image: RawImage, at offset: UInt64, pieces: [Int]) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0xee, count: pieces.reduce(0, +))
        try unsafe bytes.withUnsafeMutableBytes { buffer in
            var vectors = unsafe vectors(over: buffer, pieces)
            try unsafe vectors.withUnsafeMutableBufferPointer { try unsafe image.read($0, at: offset) }
        }
        return bytes
    }

    private static func write(_ image: RawImage, at offset: UInt64, pieces: [Int], _ bytes: [UInt8]) throws {
        var bytes = bytes
        try unsafe bytes.withUnsafeMutableBytes { buffer in
            var vectors = unsafe vectors(over: buffer, pieces)
            try unsafe vectors.withUnsafeMutableBufferPointer { try unsafe image.write($0, at: offset) }
        }
    }

    private static func vectors(over buffer: UnsafeMutableRawBufferPointer, _ pieces: [Int]) -> [iovec] {
        var position = 0
        return unsafe pieces.map { count in
            defer { position += count }
            return unsafe iovec(iov_base: buffer.baseAddress.map { unsafe $0 + position }, iov_len: count)
        }
    }

    @Test func `What is written is read, in whatever pieces`() throws {
        try Self.withFile(size: 1 << 20) { path in
            let image = try RawImage(path: path)
            #expect(image.sectorCount == 2048)
            let data = (0..<3000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            try Self.write(image, at: 5120, pieces: [1, 0, 2000, 999], data)
            #expect(try Self.read(image, at: 5120, pieces: [3000]) == data)
            #expect(try Self.read(image, at: 5119, pieces: [700, 2302]) == [0] + data + [0])
        }
    }

    @Test func `What is behind the end of the file is zero`() throws {
        try Self.withFile(size: 700) { path in
            let image = try RawImage(path: path)
            #expect(image.sectorCount == 2)
            #expect(try Self.read(image, at: 512, pieces: [100, 412]) == [UInt8](repeating: 0, count: 512))
        }
    }

    @Test func `Zeroed and discarded ranges read as zero`() throws {
        try Self.withFile(size: 1 << 20) { path in
            let image = try RawImage(path: path)
            let ones = [UInt8](repeating: 0xff, count: 1 << 20)
            for kind in 0..<3 {
                try Self.write(image, at: 0, pieces: [1 << 20], ones)
                switch kind {
                case 0: try image.writeZeroes(at: 512, count: 100 << 10, mayUnmap: false)
                case 1: try image.writeZeroes(at: 512, count: 100 << 10, mayUnmap: true)
                default: try image.discard(at: 512, count: 0)
                }
                let expected: UInt8 = kind == 2 ? 0xff : 0
                let bytes = try Self.read(image, at: 0, pieces: [1 << 20])
                #expect(bytes[511] == 0xff && bytes[512] == expected)
                #expect(bytes[511 + (100 << 10)] == expected && bytes[512 + (100 << 10)] == 0xff)
            }
        }
    }

    @Test func `One writer owns an image, and hands it over`() throws {
        try Self.withFile(size: 4096) { path in
            let source = try RawImage(path: path)
            let error = #expect(throws: BlockImageError.self) { try RawImage(path: path) }
            #expect(error?.description.hasPrefix("Failed to get \"write\" lock on '\(path)'") == true)
            let destination = try RawImage(path: path, isDeferred: true)
            #expect(throws: BlockImageError.self) { try destination.activate() }
            #expect(throws: BlockImageError.self) {
                try Self.write(destination, at: 0, pieces: [1], [1])
            }
            try source.inactivate()
            try destination.activate()
            #expect(destination.isActive && !source.isActive)
            #expect(throws: BlockImageError.self) { try source.activate() }
            #expect(throws: BlockImageError.self) { try Self.write(source, at: 0, pieces: [1], [1]) }
            try Self.write(destination, at: 0, pieces: [1], [7])
            try destination.inactivate()
            try source.activate()
            #expect(try Self.read(source, at: 0, pieces: [1]) == [7])
        }
    }

    @Test func `Readers share an image and cannot write it`() throws {
        try Self.withFile(size: 4096) { path in
            let first = try RawImage(path: path, isReadOnly: true)
            let second = try RawImage(path: path, isReadOnly: true)
            #expect(first.isActive && second.isActive)
            #expect(throws: BlockImageError.self) { try RawImage(path: path) }
            #expect(throws: BlockImageError.self) { try Self.write(first, at: 0, pieces: [1], [1]) }
            try first.flush()
        }
    }

    @Test func `A file that is not there is an error with its name`() {
        let error = #expect(throws: BlockImageError.self) { try RawImage(path: "/nonexistent/disk.img") }
        #expect(error?.description == "Could not open '/nonexistent/disk.img': No such file or directory")
        #expect(error?.errno == ENOENT)
    }
}
