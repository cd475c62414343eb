public import Bytes

/// A record of the `block` section (QEMU before 9.1): a piece of a disk.
public enum BlockDeviceRecord: Equatable, Sendable {
    /// 1 MiB of the device from this byte on; its contents are passed over, or are zero.
    case chunk(device: String, offset: UInt64, isZero: Bool)
    /// Percent of the bulk pass.
    case progress(UInt64)
    /// Ends the section's body.
    case end

    public static let sectionName = "block"
    /// Bytes of a chunk.
    public static let chunkLength: UInt64 = 1 << 20

    private static let isChunk: UInt64 = 1
    private static let isEnd: UInt64 = 2
    private static let isProgress: UInt64 = 4
    private static let isZero: UInt64 = 8

    /// Reads the next record.
    public static func decode(from input: InputBuffer) throws(StreamError) -> BlockDeviceRecord {
        let at = input.offset
        let header = try input.field("record") { (i) throws(ByteError) in try i.uint64() }
        let (flags, value) = (header & 0x1FF, header >> 9)
        switch flags {
        case isEnd: return .end
        case isProgress: return .progress(value)
        case isChunk, isChunk | isZero:
            let name = try input.field("record") { (i) throws(ByteError) in try i.string8() }
            if flags == isChunk {
                try input.field("chunk") { (i) throws(ByteError) in try i.skip(chunkLength) }
            }
            return .chunk(device: name, offset: value << 9, isZero: flags != isChunk)
        default:
            throw StreamError(
                .value(
                    expected: "one of DEVICE_BLOCK, EOS, PROGRESS", found: hex(header, digits: 16)),
                path: ["record"], offset: at)
        }
    }
}
