/// Why bytes could not be read.
public enum ByteError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The source ended at `offset` with `missing` bytes still wanted.
    case endOfStream(offset: UInt64, missing: Int)
    /// The source broke at `offset`.
    case source(offset: UInt64, ByteSourceError)
    /// A text that begins at `offset` is not UTF-8.
    case notUTF8(offset: UInt64)

    /// Bytes from the start of the source to the failure.
    public var offset: UInt64 {
        switch self {
        case .endOfStream(let offset, _), .source(let offset, _), .notUTF8(let offset): offset
        }
    }

    public var description: String {
        switch self {
        case .endOfStream(let offset, let missing):
            "the stream ended at byte \(offset) with \(missing) more byte\(missing == 1 ? "" : "s") expected"
        case .source(let offset, let error):
            "reading failed at byte \(offset): \(error)"
        case .notUTF8(let offset):
            "the text at byte \(offset) is not UTF-8"
        }
    }
}

/// A buffered reader of big-endian data that knows its offset and can look ahead.
///
/// The one place where bytes of a hostile stream are taken apart; everything above it asks for integers,
/// strings and ranges and gets an error, never a trap, when they are not there. One thread at a time.
@safe public final class InputBuffer {
    private let source: any ByteSource
    private let storage: UnsafeMutableRawBufferPointer
    private let capacity: Int
    private var start = 0
    private var end = 0
    private var base: UInt64

    /// Bytes consumed so far, counted from the start of the stream.
    public var offset: UInt64 { base + UInt64(start) }

    /// - Parameters:
    ///   - capacity: size of the look-ahead buffer in bytes, at least 512 (a subsection header).
    ///   - offset: stream offset of the source's first byte.
    public init(_ source: any ByteSource, capacity: Int = 128 << 10, offset: UInt64 = 0) {
        self.source = source
        self.capacity = max(512, capacity)
        unsafe storage = .allocate(byteCount: self.capacity, alignment: 64)
        base = offset
    }

    public convenience init(bytes: [UInt8], offset: UInt64 = 0) {
        self.init(ArraySource(bytes), capacity: 4096, offset: offset)
    }

    deinit { unsafe storage.deallocate() }

    /// Bytes that are there already, without asking the source.
    public var bufferedCount: Int { end - start }

    /// Makes `count` bytes (at most the capacity) available; returns how many there are, fewer only at the end.
    @discardableResult
    public func fill(_ count: Int) throws(ByteError) -> Int {
        if end - start >= count { return end - start }
        let wanted = min(count, capacity)
        if start > 0 {
            unsafe storage.baseAddress.unsafelyUnwrapped.copyMemory(
                from: storage.baseAddress.unsafelyUnwrapped + start, byteCount: end - start)
            base += UInt64(start)
            end -= start
            start = 0
        }
        while end < wanted {
            let room = unsafe UnsafeMutableRawBufferPointer(rebasing: storage[end...])
            let count = unsafe try read(into: room)
            if count == 0 { break }
            end += count
        }
        return end
    }

    private func read(into room: UnsafeMutableRawBufferPointer) throws(ByteError) -> Int {
        do {
            return unsafe try source.read(into: room)
        } catch {
            throw .source(offset: base + UInt64(end), error)
        }
    }

    private func require(_ count: Int) throws(ByteError) {
        if end - start >= count { return }
        let available = try fill(count)
        if available < count {
            throw .endOfStream(offset: offset + UInt64(available), missing: count - available)
        }
    }

    /// The next byte without consuming it; nil at the end of the stream.
    public func peek() throws(ByteError) -> UInt8? {
        if end == start, try fill(1) == 0 { return nil }
        return unsafe storage[start]
    }

    /// Up to `count` next bytes without consuming them; fewer only at the end of the stream.
    public func peek(_ count: Int) throws(ByteError) -> [UInt8] {
        let available = min(try fill(count), count)
        return unsafe Array(storage[start..<start + available])
    }

    /// True when no byte is left. Blocks until that is known.
    public func isAtEnd() throws(ByteError) -> Bool { try peek() == nil }

    @inline(__always)
    private func integer<T: FixedWidthInteger>(_: T.Type) throws(ByteError) -> T {
        try require(MemoryLayout<T>.size)
        let value = unsafe storage.loadUnaligned(fromByteOffset: start, as: T.self)
        start += MemoryLayout<T>.size
        return T(bigEndian: value)
    }

    public func uint8() throws(ByteError) -> UInt8 { try integer(UInt8.self) }
    public func uint16() throws(ByteError) -> UInt16 { try integer(UInt16.self) }
    public func uint32() throws(ByteError) -> UInt32 { try integer(UInt32.self) }
    public func uint64() throws(ByteError) -> UInt64 { try integer(UInt64.self) }

    /// `count` bytes; the caller has bounded `count`. Memory grows as the bytes arrive.
    public func bytes(_ count: Int) throws(ByteError) -> [UInt8] {
        if count <= capacity {
            try require(count)
            defer { start += count }
            return unsafe Array(storage[start..<start + count])
        }
        var result: [UInt8] = []
        while result.count < count {
            let part = min(count - result.count, capacity)
            result += try bytes(part)
        }
        return result
    }

    /// Consumes `count` bytes (at most the capacity) and lends them where they lie: they are valid until the next
    /// call. The way to look at pages without copying them.
    public func borrow(_ count: Int) throws(ByteError) -> UnsafeRawBufferPointer {
        precondition(count <= capacity, "what is lent fits the look-ahead buffer")
        try require(count)
        defer { start += count }
        return unsafe UnsafeRawBufferPointer(rebasing: storage[start..<start + count])
    }

    /// `count` bytes of UTF-8; the caller has bounded `count`. Other bytes are refused: repaired they would be another
    /// name, and a longer one than came.
    public func text(_ count: Int) throws(ByteError) -> String {
        let start = offset
        let found = try bytes(count)
        guard let text = String(validating: found, as: UTF8.self) else { throw .notUTF8(offset: start) }
        return text
    }

    /// A string with a one-byte length before it (`str8` of the stream's description).
    public func string8() throws(ByteError) -> String {
        let count = try uint8()
        return try text(Int(count))
    }

    /// Consumes `count` bytes and forgets them.
    public func skip(_ count: UInt64) throws(ByteError) {
        var left = count
        while left > 0 {
            if left > UInt64(capacity) {
                left -= UInt64(end - start)
                base += UInt64(end)
                start = 0
                end = 0
                let part = source.skip(left)
                base += part
                left -= part
                if left == 0 { return }
            }
            try require(1)
            let part = Int(min(left, UInt64(end - start)))
            start += part
            left -= UInt64(part)
        }
    }

    /// Fills `buffer` completely; what is not in the look-ahead goes straight from the source into it.
    public func read(exactly buffer: UnsafeMutableRawBufferPointer) throws(ByteError) {
        let buffered = min(end - start, buffer.count)
        if buffered > 0 {
            unsafe buffer.copyMemory(
                from: UnsafeRawBufferPointer(rebasing: storage[start..<start + buffered]))
            start += buffered
        }
        var filled = buffered
        while filled < buffer.count {
            // Small tails are read through the buffer, so that the headers after them come with the same call.
            if buffer.count - filled < capacity / 4 {
                let count = buffer.count - filled
                try require(count)
                unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: storage[start..<start + count]))
                start += count
                return
            }
            base += UInt64(start)
            start = 0
            end = 0
            let count: Int
            do {
                count = unsafe try source.read(
                    into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
            } catch {
                throw .source(offset: offset, error)
            }
            if count == 0 { throw .endOfStream(offset: offset, missing: buffer.count - filled) }
            filled += count
            base += UInt64(count)
        }
    }
}
