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
}

extension RAMSink {
    public func announced(_ block: RAMBlockDescription, index: Int) {}
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
