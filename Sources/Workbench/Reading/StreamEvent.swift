public import MigrationStream
public import VMState

/// A piece of a stream, in the order in which it takes effect. Page contents are lent: they are valid until the next
/// event is read.
public struct StreamEvent {
    /// Which of a capture's channels an event came from.
    public enum Channel: Hashable, Sendable {
        case main
        /// The number in the capture, from 0; the channel's own number is in its handshake.
        case multifd(Int)
        /// Pages that a destination asked for (postcopy-preempt).
        case preempt
        /// Destination to source.
        case returnPath
    }

    public enum Content {
        /// Magic, version, configuration.
        case configuration(StreamConfiguration)
        case command(StreamCommand)
        /// A section begins.
        case section(SectionHeader)
        /// A piece of the `ram` section, or of another channel's pages.
        case ram(RAMRecord)
        /// The whole body of a device's section.
        case device(DeviceSection)
        case dirtyBitmap(DirtyBitmapChunk)
        case disk(BlockDeviceRecord)
        /// A section ends.
        case footer(SectionHeader)
        /// The bytes that PACKAGED announced are over.
        case packageEnd
        /// The items are over.
        case end
        /// The JSON behind the end.
        case description([UInt8])
        /// Bytes behind everything.
        case trailing
        case handshake(MultifdHandshake)
        /// The head of a packet; its pages follow as `ram`.
        case packet(MultifdPacket)
        case deviceState(name: String, instance: UInt32)
        case reply(ReturnPathMessage)
    }

    public var content: Content
    public var channel: Channel
    /// Bytes from the start of the channel to the event's first.
    public var offset: UInt64
    /// Bytes on the wire; of a multifd channel's pages 0, they are in the packet's.
    public var length: UInt64
}

/// The bytes of a device's section and what is known of their meaning.
public struct DeviceSection: Sendable {
    /// Where the length of the body is known from.
    public enum Source: String, Sendable {
        /// The JSON at the end of the stream.
        case description
        /// The tables of this program.
        case tables
        /// The footer that comes next: a guess.
        case footer
    }

    public var header: SectionHeader
    /// Where the body begins, in bytes from the start of the stream.
    public var offset: UInt64
    public var bytes: [UInt8]
    public var source: Source
    /// What the stream's description says about the body.
    public var layout: VMStateLayout?
    /// What our table says about it; nil when there is none, or it does not fit.
    public var trace: VMStateTrace.Node?
    /// What our table finds wrong.
    public var problem: StreamError?
}
