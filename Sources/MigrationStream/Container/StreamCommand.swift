public import Bytes

/// An order from source to destination, between sections (MIG_CMD_…).
///
/// ```text
/// 08   u16 number   u16 payload length   payload
/// ```
public enum StreamCommand: Equatable, Sendable {
    /// A range of bytes of a RAM block.
    public struct Range: Equatable, Sendable {
        public var start: UInt64
        public var length: UInt64

        public init(start: UInt64, length: UInt64) {
            self.start = start
            self.length = length
        }
    }

    /// 1: the destination shall use the channel's other direction.
    case openReturnPath
    /// 2: answer PONG with the same value.
    case ping(UInt32)
    /// 3: postcopy of RAM may follow: the OR of all block page sizes, and the target's page size, in bytes.
    case postcopyAdvise(blockPageSizes: UInt64, targetPageSize: UInt64)
    /// 3 without payload: postcopy of dirty bitmaps only.
    case postcopyAdviseBitmaps
    /// 4
    case postcopyListen
    /// 5
    case postcopyRun
    /// 6: these bytes of the block are stale.
    case postcopyRAMDiscard(block: String, ranges: [Range])
    /// 7: this many bytes after the command are a stream of their own.
    case packaged(length: UInt32)
    /// 8
    case enableCOLO
    /// 9
    case postcopyResume
    /// 10: say which pages of the block have arrived.
    case receivedBitmap(block: String)
    /// 11: the source begins to switch over; QEMU 10.0 and later.
    case switchoverStart

    public var number: UInt16 {
        switch self {
        case .openReturnPath: 1
        case .ping: 2
        case .postcopyAdvise, .postcopyAdviseBitmaps: 3
        case .postcopyListen: 4
        case .postcopyRun: 5
        case .postcopyRAMDiscard: 6
        case .packaged: 7
        case .enableCOLO: 8
        case .postcopyResume: 9
        case .receivedBitmap: 10
        case .switchoverStart: 11
        }
    }

    /// The command's name in QEMU's messages.
    public var name: String { Self.names[Int(number)] }

    static let names = [
        "", "OPEN_RETURN_PATH", "PING", "POSTCOPY_ADVISE", "POSTCOPY_LISTEN", "POSTCOPY_RUN",
        "POSTCOPY_RAM_DISCARD", "PACKAGED", "ENABLE_COLO", "POSTCOPY_RESUME", "RECV_BITMAP",
        "SWITCHOVER_START",
    ]

    /// Writes the whole item.
    public func encode(to writer: inout ByteWriter) {
        var payload = ByteWriter()
        switch self {
        case .ping(let value): payload.uint32(value)
        case .postcopyAdvise(let block, let target):
            payload.uint64(block)
            payload.uint64(target)
        case .postcopyRAMDiscard(let block, let ranges):
            payload.uint8(0)
            payload.string8(block)
            payload.uint8(0)
            for range in ranges {
                payload.uint64(range.start)
                payload.uint64(range.length)
            }
        case .packaged(let length): payload.uint32(length)
        case .receivedBitmap(let block): payload.string8(block)
        case .openReturnPath, .postcopyAdviseBitmaps, .postcopyListen, .postcopyRun, .enableCOLO,
            .postcopyResume, .switchoverStart:
            break
        }
        writer.uint8(ItemType.command.rawValue)
        writer.uint16(number)
        writer.uint16(UInt16(payload.count))
        writer.append(payload.bytes)
    }
}
