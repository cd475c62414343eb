/// Where an ``InputBuffer`` gets its bytes: a channel, a file, a buffer in memory.
public protocol ByteSource: AnyObject {
    /// Reads at most `buffer.count` bytes, blocking until at least one is there.
    ///
    /// - Returns: the number of bytes read, 0 only at the end of the source.
    /// - Throws: ``ByteSourceError`` when the source breaks.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ByteSourceError) -> Int

    /// Passes over at most `count` bytes without reading them.
    ///
    /// - Returns: the number of bytes passed over; 0 when the source has to be read.
    func skip(_ count: UInt64) -> UInt64
}

extension ByteSource {
    public func skip(_ count: UInt64) -> UInt64 { 0 }
}

/// A source or sink broke; nothing about the bytes themselves.
public struct ByteSourceError: Error, Equatable, Sendable, CustomStringConvertible {
    /// `errno` of the failed call, 0 when there was none.
    public var errno: Int32
    /// What failed and why, for people.
    public var description: String

    public init(errno: Int32 = 0, _ description: String) {
        self.errno = errno
        self.description = description
    }
}

/// A byte source over an array, the in-memory twin of a channel. `chunk` limits what one read returns, so
/// that tests meet the short reads of a real channel.
public final class ArraySource: ByteSource {
    private let bytes: [UInt8]
    private let chunk: Int
    private var position = 0

    public init(_ bytes: [UInt8], chunk: Int = .max) {
        self.bytes = bytes
        self.chunk = max(1, chunk)
    }

    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(ByteSourceError) -> Int {
        let count = min(buffer.count, bytes.count - position, chunk)
        guard count > 0 else { return 0 }
        unsafe bytes.withUnsafeBytes { source in
            unsafe buffer.copyMemory(
                from: UnsafeRawBufferPointer(rebasing: source[position..<position + count]))
        }
        position += count
        return count
    }
}
