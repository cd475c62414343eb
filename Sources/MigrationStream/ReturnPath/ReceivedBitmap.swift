public import Bytes

/// Which pages of a block have arrived: what follows a RECV_BITMAP message, outside of its payload.
///
/// ```text
/// u64 size   bitmap[size], bit i in byte i/8, 1: received   u64 0x0123456789ABCDEF
/// ```
public enum ReceivedBitmap {
    static let endMark: UInt64 = 0x0123_4567_89AB_CDEF

    public static func encode(_ bitmap: Bitmap, to writer: inout ByteWriter) {
        writer.uint64(UInt64(bitmap.words.count) * 8)
        for word in bitmap.words {
            for byte in 0..<8 { writer.uint8(UInt8(truncatingIfNeeded: word >> UInt64(8 * byte))) }
        }
        writer.uint64(endMark)
    }

    /// Memory grows as the bytes arrive: the block may be a stranger's.
    ///
    /// - Parameter pages: pages of the block; the size on the wire must fit.
    public static func decode(pages: Int, from input: InputBuffer) throws(StreamError) -> Bitmap {
        let count = pages / 64 + (pages % 64 == 0 ? 0 : 1)
        var at = input.offset
        let size = try input.field("received bitmap") { (i) throws(ByteError) in try i.uint64() }
        guard size == UInt64(count) * 8 else {
            throw StreamError(
                .value(expected: "\(count * 8) bytes for \(pages) pages", found: "\(size)"),
                path: ["received bitmap"], offset: at)
        }
        var words: [UInt64] = []
        for _ in 0..<count {
            words.append(
                try input.field("received bitmap") { (i) throws(ByteError) in try i.uint64().byteSwapped })
        }
        if pages & 63 != 0 { words[count - 1] &= 1 << UInt64(pages & 63) - 1 }
        at = input.offset
        let mark = try input.field("received bitmap") { (i) throws(ByteError) in try i.uint64() }
        guard mark == endMark else {
            throw StreamError(
                .value(expected: hex(endMark, digits: 16), found: hex(mark, digits: 16)),
                path: ["received bitmap", "end mark"], offset: at)
        }
        return Bitmap(words: words, count: pages)
    }
}
