public import Bytes
import Glibc
import MigrationStream

/// A file, a pipe or standard input as a source of bytes.
@safe public final class FileSource: ByteSource {
    let descriptor: Int32
    /// Bytes of a regular file from where reading began, nil for anything else.
    public let size: UInt64?
    /// Bytes read and passed over so far; for progress.
    public internal(set) var position: UInt64 = 0

    /// Opens a file, or standard input for `-`.
    ///
    /// - Parameter offset: bytes of a file to leave out at its start.
    public init(path: String, offset: UInt64 = 0) throws(ByteSourceError) {
        descriptor = unsafe path == "-" ? dup(0) : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure("cannot open '\(path)'") }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            close(descriptor)
            throw Self.failure("cannot look at '\(path)'")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            size = nil
            return
        }
        size = UInt64(max(0, status.st_size)) - min(offset, UInt64(max(0, status.st_size)))
        if path != "-" { lseek(descriptor, Int(clamping: offset), SEEK_SET) }
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
    }

    deinit { close(descriptor) }

    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(ByteSourceError) -> Int {
        while true {
            let count = unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 {
                position += UInt64(count)
                return count
            }
            guard errno == EINTR else { throw Self.failure("cannot read") }
        }
    }

    public func skip(_ count: UInt64) -> UInt64 {
        guard let size, size > position else { return 0 }
        let part = min(count, size - position)
        guard lseek(descriptor, Int(clamping: part), SEEK_CUR) >= 0 else { return 0 }
        position += part
        return part
    }

    static func failure(_ what: String) -> ByteSourceError {
        let number = errno
        return ByteSourceError(errno: number, unsafe "\(what): \(String(cString: strerror(number)))")
    }
}

/// A source that is packed with zstd, unpacked as it is read.
@safe public final class UnpackingSource: ByteSource {
    private let source: any ByteSource
    private let decompressor: PageDecompressor
    private let packed: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0

    /// What a zstd frame begins with.
    public static let magic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]

    public init?(_ source: any ByteSource) {
        guard let decompressor = PageDecompressor(.zstd) else { return nil }
        self.source = source
        self.decompressor = decompressor
        unsafe packed = .allocate(byteCount: 128 << 10, alignment: 64)
    }

    deinit { unsafe packed.deallocate() }

    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(ByteSourceError) -> Int {
        while true {
            let outcome = unsafe decompressor.decompress(
                UnsafeRawBufferPointer(rebasing: packed[start..<end]), into: buffer)
            if let problem = outcome.problem { throw ByteSourceError("cannot unpack: \(problem)") }
            start += outcome.consumed
            if outcome.produced > 0 { return outcome.produced }
            if start < end { continue }
            start = 0
            end = unsafe try source.read(into: packed)
            if end == 0 { return 0 }
        }
    }
}

/// A source that can be read ahead to its end, and then gives what was read ahead.
final class LookaheadSource: ByteSource {
    private let source: any ByteSource
    private var ahead: [UInt8] = []
    private var position = 0

    init(_ source: any ByteSource) { self.source = source }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ByteSourceError) -> Int {
        guard position < ahead.count else { return unsafe try source.read(into: buffer) }
        let count = min(buffer.count, ahead.count - position)
        unsafe ahead.withUnsafeBytes {
            unsafe buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[position..<position + count]))
        }
        position += count
        if position == ahead.count {
            ahead = []
            position = 0
        }
        return count
    }

    func skip(_ count: UInt64) -> UInt64 { position < ahead.count ? 0 : source.skip(count) }

    /// What is still to come, read to the end of the source; nil when there are more than `limit` bytes.
    func rest(limit: Int) throws(ByteSourceError) -> [UInt8]? {
        ahead.removeFirst(position)
        position = 0
        let piece = 1 << 20
        var end = ahead.count
        defer { ahead.removeLast(ahead.count - end) }
        while end <= limit {
            if ahead.count - end < piece / 2 { ahead += [UInt8](repeating: 0, count: piece) }
            var failure: ByteSourceError?
            let count = unsafe ahead.withUnsafeMutableBytes { bytes in
                do throws(ByteSourceError) {
                    return unsafe try source.read(
                        into: UnsafeMutableRawBufferPointer(rebasing: bytes[end...]))
                } catch {
                    failure = error
                    return 0
                }
            }
            if let failure { throw failure }
            if count == 0 { return Array(ahead[..<end]) }
            end += count
        }
        return nil
    }
}

/// A source whose first bytes can be looked at before it is read.
public final class StartedSource: ByteSource {
    private let source: any ByteSource
    private var start: [UInt8] = []
    private var position = 0

    public init(_ source: any ByteSource) { self.source = source }

    /// Up to `count` of the first bytes; fewer when there are no more. Only before anything is read.
    public func peek(_ count: Int) throws(ByteSourceError) -> [UInt8] {
        while start.count < count {
            var piece = [UInt8](repeating: 0, count: count - start.count)
            var failure: ByteSourceError?
            let read = unsafe piece.withUnsafeMutableBytes { bytes in
                do throws(ByteSourceError) { return unsafe try source.read(into: bytes) } catch {
                    failure = error
                    return 0
                }
            }
            if let failure { throw failure }
            if read == 0 { break }
            start += piece.prefix(read)
        }
        return start
    }

    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(ByteSourceError) -> Int {
        guard position < start.count else { return unsafe try source.read(into: buffer) }
        let count = min(buffer.count, start.count - position)
        unsafe start.withUnsafeBytes {
            unsafe buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[position..<position + count]))
        }
        position += count
        return count
    }

    public func skip(_ count: UInt64) -> UInt64 { position < start.count ? 0 : source.skip(count) }
}
