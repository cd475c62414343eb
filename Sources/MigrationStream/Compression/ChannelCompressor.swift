import CZlib
import CZstd

/// Packs the pages of a multifd channel: one zlib stream or zstd frame for the channel's whole life, of which each packet
/// ends at a flush.
@safe public final class ChannelCompressor {
    /// Pieces that the pages of a packet are packed in, in bytes: what changes while it is packed must not be seen twice.
    private static let piece = 4096

    private let deflate: UnsafeMutablePointer<z_stream>?
    private let level: Int32
    /// The level that `deflate` is set to.
    private var present: Int32
    private let zstd: OpaquePointer?
    private let copy: UnsafeMutableRawPointer

    /// - Parameters:
    ///   - format: zlib or zstd.
    ///   - level: zlib's 0 to 9, zstd's 0 to 20.
    /// - Returns: nil when the library has no memory.
    public init?(_ format: PageDecompressor.Format, level: Int32) {
        self.level = level
        present = level
        switch format {
        case .zlib:
            let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
            unsafe stream.initialize(to: z_stream())
            let size = unsafe Int32(MemoryLayout<z_stream>.size)
            guard unsafe deflateInit_(stream, level, ZLIB_VERSION, size) == Z_OK else {
                unsafe stream.deallocate()
                return nil
            }
            unsafe deflate = stream
            unsafe zstd = nil
        case .zstd:
            guard let stream = unsafe ZSTD_createCStream() else { return nil }
            guard unsafe ZSTD_isError(ZSTD_initCStream(stream, level)) == 0 else {
                unsafe _ = ZSTD_freeCStream(stream)
                return nil
            }
            unsafe deflate = nil
            unsafe zstd = stream
        }
        unsafe copy = .allocate(byteCount: Self.piece, alignment: 64)
    }

    deinit {
        if let deflate = unsafe deflate {
            unsafe deflateEnd(deflate)
            unsafe deflate.deallocate()
        }
        if let zstd = unsafe zstd { unsafe _ = ZSTD_freeCStream(zstd) }
        unsafe copy.deallocate()
    }

    /// Room that the packed form of so many bytes never goes beyond, flush included.
    public static func bound(_ count: Int) -> Int {
        // deflate's worst case is 5 bytes for 4 KiB of input and the flush; zstd's is 3 for 128 KiB.
        Int(compressBound(UInt(count))) + count / 512 + 1024
    }

    /// Packs what lies in `runs`, in their order, and flushes.
    ///
    /// - Parameter output: room for ``bound(_:)`` of all of it.
    /// - Returns: bytes of `output` in use.
    public func pack(_ runs: [UnsafeRawBufferPointer], into output: UnsafeMutableRawBufferPointer) -> Int {
        if let stream = unsafe deflate { return unsafe pack(stream, runs, output) }
        if let stream = unsafe zstd { return unsafe pack(stream, runs, output) }
        preconditionFailure("a compressor has one of its two libraries")
    }

    private func pack(
        _ stream: UnsafeMutablePointer<z_stream>, _ runs: [UnsafeRawBufferPointer],
        _ output: UnsafeMutableRawBufferPointer
    ) -> Int {
        unsafe stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: Bytef.self)
        unsafe stream.pointee.avail_out = UInt32(output.count)
        // deflate takes twenty times as long to find that nothing can be found; zstd sees it by itself.
        let wanted = unsafe hasEvenBytes(runs) ? 0 : level
        if wanted != present {
            let result = unsafe deflateParams(stream, wanted, Z_DEFAULT_STRATEGY)
            precondition(result == Z_OK, "nothing waits to be packed between two packets")
            present = wanted
        }
        for index in unsafe runs.indices {
            let run = unsafe runs[index]
            for start in stride(from: 0, to: run.count, by: Self.piece) {
                let count = min(Self.piece, run.count - start)
                unsafe copy.copyMemory(
                    from: run.baseAddress.unsafelyUnwrapped + start, byteCount: count)
                unsafe stream.pointee.next_in = copy.assumingMemoryBound(to: Bytef.self)
                unsafe stream.pointee.avail_in = UInt32(count)
                let result = unsafe CZlib.deflate(stream, Z_NO_FLUSH)
                unsafe precondition(
                    result == Z_OK && stream.pointee.avail_in == 0, "the room is large enough")
            }
        }
        let result = unsafe CZlib.deflate(stream, Z_SYNC_FLUSH)
        unsafe precondition(result == Z_OK && stream.pointee.avail_out > 0, "the room is large enough")
        return unsafe output.count - Int(stream.pointee.avail_out)
    }

    /// zstd copies its input before it looks at it, unless the frame ends.
    private func pack(
        _ stream: OpaquePointer, _ runs: [UnsafeRawBufferPointer], _ output: UnsafeMutableRawBufferPointer
    ) -> Int {
        var target = unsafe ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        for number in unsafe runs.indices {
            let run = unsafe runs[number]
            var source = unsafe ZSTD_inBuffer(src: run.baseAddress, size: run.count, pos: 0)
            let isLast = unsafe number == runs.count - 1
            while true {
                let left = unsafe ZSTD_compressStream2(
                    stream, &target, &source, isLast ? ZSTD_e_flush : ZSTD_e_continue)
                precondition(ZSTD_isError(left) == 0, "a stream in memory does not fail")
                let isDone = unsafe source.pos == source.size && (!isLast || left == 0)
                if isDone { break }
                unsafe precondition(target.pos < target.size, "the room is large enough")
            }
        }
        return unsafe target.pos
    }
}
