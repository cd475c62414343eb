import CZlib

/// Packs single pages with zlib: what QEMU before 9.1 calls `compress`.
@safe public final class PageCompressor {
    private let stream: UnsafeMutablePointer<z_stream>

    /// - Parameter level: 0 to 9, zlib's.
    /// - Returns: nil when the library has no memory.
    public init?(level: Int32) {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let size = unsafe Int32(MemoryLayout<z_stream>.size)
        guard unsafe deflateInit_(stream, level, ZLIB_VERSION, size) == Z_OK else {
            unsafe stream.deallocate()
            return nil
        }
    }

    deinit {
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Packs a page into a zlib stream of its own.
    ///
    /// - Parameter output: room for ``PageDecompressor/bound(_:)`` of the page.
    /// - Returns: the stream's bytes.
    public func pack(_ page: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Int {
        unsafe deflateReset(stream)
        unsafe stream.pointee.next_in = UnsafeMutablePointer(
            mutating: page.baseAddress?.assumingMemoryBound(to: Bytef.self))
        unsafe stream.pointee.avail_in = UInt32(page.count)
        unsafe stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: Bytef.self)
        unsafe stream.pointee.avail_out = UInt32(output.count)
        let result = unsafe deflate(stream, Z_FINISH)
        precondition(result == Z_STREAM_END, "the room is as large as a packed page can be")
        return unsafe output.count - Int(stream.pointee.avail_out)
    }
}
