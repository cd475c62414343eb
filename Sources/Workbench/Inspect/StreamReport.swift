public import MigrationStream

/// What a stream holds, counted and named, without the contents of its pages.
public struct StreamReport: Sendable {
    /// How often pages came, and in what form.
    public struct Pages: Equatable, Sendable {
        public var normal: UInt64 = 0
        public var zero: UInt64 = 0
        /// Differences to an earlier copy.
        public var xbzrle: UInt64 = 0
        /// Packed one by one with zlib.
        public var compressed: UInt64 = 0

        public var total: UInt64 { normal &+ zero &+ xbzrle &+ compressed }

        mutating func count(_ record: RAMRecord) {
            switch record {
            case .page: normal &+= 1
            case .zero: zero &+= 1
            case .delta: xbzrle &+= 1
            case .unpacked: compressed &+= 1
            case .block, .hook, .multifdFlush, .end: break
            }
        }
    }

    /// A RAM block.
    public struct Block: Sendable {
        public var description: RAMBlockDescription
        public var pages = Pages()
        /// Pages by how often they came: never, once, twice… the last entry is for as often or more.
        public var sent: [UInt64] = []
    }

    /// A channel's file.
    public struct Channel: Sendable {
        public var channel: StreamEvent.Channel
        public var bytes: UInt64 = 0
        public var pages = Pages()
        /// Multifd: the number in the handshake, packets, those of SYNC, and how pages are packed.
        public var number: UInt8?
        public var packets: UInt64 = 0
        public var syncs: UInt64 = 0
        public var compressions: Set<MultifdPacket.Compression> = []
    }

    /// A dirty bitmap of a disk.
    public struct DirtyBitmap: Sendable {
        public var node: String
        public var name: String
        /// Bytes of disk that a bit stands for.
        public var granularity: UInt32
        public var isEnabled: Bool
        public var isPersistent: Bool
        /// Bits that were sent as set.
        public var setBits: UInt64 = 0
        public var isComplete = false
    }

    /// An item of the main channel, in the order of the stream.
    public struct Item: Sendable {
        public enum Content: Sendable {
            case section(SectionHeader, Pages)
            case command(StreamCommand)
            case packageEnd
            case end
            case description
            case trailing
        }
        public var content: Content
        /// Bytes from the start of the stream, and of the item with its header and footer.
        public var offset: UInt64
        public var length: UInt64
    }

    /// Most items that are listed one by one; later ones are counted only.
    public static let maximumItems = 100_000

    public var configuration: StreamConfiguration?
    public var pageSize = RAMSection.pageSize
    public var blocks: [Block] = []
    public var items: [Item] = []
    public var itemsLeftOut: UInt64 = 0
    public var devices: [DeviceSection] = []
    public var bitmaps: [DirtyBitmap] = []
    public var channels: [Channel] = []
    public var replies: [ReturnPathMessage] = []
    /// Why reading ended before the stream did.
    public var failure: StreamError?
}
