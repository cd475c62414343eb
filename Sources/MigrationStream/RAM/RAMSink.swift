/// Where decoded RAM goes. Blocks are named by their index in the list that the ``RAMDecoder`` was made with
/// (or in the stream's list, if it was made without).
///
/// Offsets are page aligned and inside the block; the decoder has checked that.
public protocol RAMSink: AnyObject {
    /// The stream lists a block; called for each once all of them are known to be right, before any page. A block
    /// whose length differs from the receiver's must be resized now.
    func announced(_ block: RAMBlockDescription, index: Int)

    /// Where the page's ``RAMSection/pageSize`` bytes go: they are read straight into it.
    func page(block: Int, offset: UInt64) -> UnsafeMutableRawBufferPointer

    /// The page is all zeros; best not touched when it already is.
    func zero(block: Int, offset: UInt64)

    /// A packed page (capability `compress`) for a sink that unpacks by itself; false: the decoder is to do it.
    ///
    /// - Parameters:
    ///   - packed: one zlib stream, valid during the call.
    ///   - at: its place in the stream.
    func packed(_ packed: UnsafeRawBufferPointer, at: UInt64, block: Int, offset: UInt64) -> Bool

    /// A body is over: what the sink does by itself has to be done.
    func finishBody() throws(StreamError)

    /// What came before on any channel of the migration is to be in place before what comes after: waits for the SYNC of
    /// every multifd channel. Called at each place where the main channel can say so.
    func synchronize(at mark: MultifdMark) throws(StreamError)
}

/// Where the main channel waits for the multifd channels.
public enum MultifdMark: Equatable, Sendable {
    /// A record of its own, MULTIFD_FLUSH (QEMU 8.1 and later).
    case flush
    /// The end of a body (before). Only in streams that had no ``flush`` in the first body; most have no multifd channels.
    case endOfBody
}

extension RAMSink {
    public func announced(_ block: RAMBlockDescription, index: Int) {}
    public func packed(
        _ packed: UnsafeRawBufferPointer, at: UInt64, block: Int, offset: UInt64
    ) -> Bool { false }
    public func finishBody() throws(StreamError) {}
    public func synchronize(at mark: MultifdMark) throws(StreamError) {}
}

/// What one body of the `ram` section held.
public struct RAMCounts: Equatable, Sendable {
    /// Pages with contents.
    public var normal: UInt64 = 0
    /// Pages of zeros.
    public var zero: UInt64 = 0
    /// Marks that wait for the multifd channels.
    public var flushes: UInt64 = 0

    public init(normal: UInt64 = 0, zero: UInt64 = 0, flushes: UInt64 = 0) {
        self.normal = normal
        self.zero = zero
        self.flushes = flushes
    }

    public static func += (left: inout RAMCounts, right: RAMCounts) {
        left.normal &+= right.normal
        left.zero &+= right.zero
        left.flushes &+= right.flushes
    }
}
