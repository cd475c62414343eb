import CZlib
import CZstd

/// Unpacks pages: one zlib stream for a page, or one zlib stream or zstd frame for the whole life of a channel.
///
/// Memory: for zlib 32 KiB of window; for zstd the window that the frame asks for, at most 128 MiB.
@safe public final class PageDecompressor {
    public enum Format: Sendable, Equatable {
        case zlib
        case zstd
    }

    /// What one piece of input gave.
    public struct Outcome: Equatable, Sendable {
        /// Bytes taken and bytes made.
        public var consumed: Int
        public var produced: Int
        /// The zlib stream or zstd frame is over.
        public var isFinished: Bool
        /// What the library says is wrong.
        public var problem: String?
    }

    public let format: Format
    private let inflate: UnsafeMutablePointer<z_stream>?
    private let zstd: OpaquePointer?

    /// - Returns: nil when the library has no memory.
    public init?(_ format: Format) {
        self.format = format
        switch format {
        case .zlib:
            let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
            unsafe stream.initialize(to: z_stream())
            unsafe inflate = stream
            unsafe zstd = nil
            let size = unsafe Int32(MemoryLayout<z_stream>.size)
            guard unsafe inflateInit_(stream, ZLIB_VERSION, size) == Z_OK else {
                unsafe stream.deallocate()
                return nil
            }
        case .zstd:
            unsafe inflate = nil
            guard let stream = unsafe ZSTD_createDStream() else { return nil }
            unsafe zstd = stream
        }
    }

    deinit {
        if let inflate = unsafe inflate {
            unsafe inflateEnd(inflate)
            unsafe inflate.deallocate()
        }
        if let zstd = unsafe zstd { unsafe _ = ZSTD_freeDStream(zstd) }
    }

    /// Longest zlib stream that so many bytes are ever packed into.
    public static func bound(_ count: Int) -> Int { Int(compressBound(UInt(count))) }

    /// Forgets what came before: the next input begins a stream of its own.
    public func reset() {
        if let inflate = unsafe inflate { unsafe inflateReset(inflate) }
        if let zstd = unsafe zstd { unsafe _ = ZSTD_DCtx_reset(zstd, ZSTD_reset_session_only) }
    }

    /// Unpacks until the input is used up, the output is full or something is wrong. Give one byte of room more than
    /// is expected, so that too much is seen.
    public func decompress(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) -> Outcome {
        if let stream = unsafe inflate { return unsafe inflate(stream, input, output) }
        if let stream = unsafe zstd { return unsafe decode(stream, input, output) }
        preconditionFailure("a decompressor has one of its two libraries")
    }

    private func inflate(
        _ stream: UnsafeMutablePointer<z_stream>, _ input: UnsafeRawBufferPointer,
        _ output: UnsafeMutableRawBufferPointer
    ) -> Outcome {
        unsafe stream.pointee.next_in = UnsafeMutablePointer(
            mutating: input.baseAddress?.assumingMemoryBound(to: Bytef.self))
        unsafe stream.pointee.avail_in = UInt32(input.count)
        unsafe stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: Bytef.self)
        unsafe stream.pointee.avail_out = UInt32(output.count)
        let result = unsafe CZlib.inflate(stream, Z_SYNC_FLUSH)
        var outcome = unsafe Outcome(
            consumed: input.count - Int(stream.pointee.avail_in),
            produced: output.count - Int(stream.pointee.avail_out), isFinished: result == Z_STREAM_END)
        // No progress (Z_BUF_ERROR) is for the caller to see in the counts.
        if result != Z_OK, result != Z_STREAM_END, result != Z_BUF_ERROR {
            outcome.problem =
                unsafe stream.pointee.msg.map { unsafe String(cString: $0) } ?? "zlib error \(result)"
        }
        return outcome
    }

    private func decode(
        _ stream: OpaquePointer, _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
    ) -> Outcome {
        var source = unsafe ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var target = unsafe ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        var outcome = Outcome(consumed: 0, produced: 0, isFinished: false)
        while true {
            let before = unsafe (source.pos, target.pos)
            let result = unsafe ZSTD_decompressStream(stream, &target, &source)
            unsafe (outcome.consumed, outcome.produced) = (source.pos, target.pos)
            guard ZSTD_isError(result) == 0 else {
                outcome.problem = unsafe String(cString: ZSTD_getErrorName(result))
                return outcome
            }
            outcome.isFinished = result == 0
            let isDone =
                unsafe outcome.isFinished || target.pos == output.count || before == (source.pos, target.pos)
            if isDone { return outcome }
        }
    }
}
