public import Bytes

/// The body of the `ram` section's START: which blocks there are and how long.
///
/// ```text
/// u64 total length | MEM_SIZE   { str8 name, u64 length, (u64 address) }…   u64 EOS
/// ```
public struct RAMBlockList: Equatable, Sendable {
    public var blocks: [RAMBlockDescription]

    public init(_ blocks: [RAMBlockDescription]) { self.blocks = blocks }

    /// Writes the whole body, EOS included. With the capability `x-ignore-shared` every block has an address.
    ///
    /// - Parameter flushesMultifd: with the mark that waits for the multifd channels' first SYNC.
    public func encode(to writer: inout ByteWriter, flushesMultifd: Bool = false) {
        writer.uint64(blocks.reduce(0) { $0 &+ $1.length } | RAMFlags.memSize.rawValue)
        for block in blocks {
            writer.string8(block.name)
            writer.uint64(block.length)
            if let address = block.address { writer.uint64(address) }
        }
        if flushesMultifd { writer.uint64(RAMFlags.multifdFlush.rawValue) }
        writer.uint64(RAMFlags.eos.rawValue)
    }
}

/// What of the `ram` section's layout depends on the start of the stream, and on the machine.
public struct RAMFormat: Equatable, Sendable {
    /// Bytes of a target page: the configuration's target-page-bits.
    public var pageSize = RAMSection.pageSize
    /// The block list has addresses: capability `x-ignore-shared`.
    public var hasAddresses = false
    /// The file is laid out by `mapped-ram`.
    public var isMapped = false
    /// The block page sizes that POSTCOPY_ADVISE named, or-ed: the block list may have those of its blocks.
    public var blockPageSizes: UInt64 = 0

    public init() {}

    /// The layout that a stream's configuration asks for.
    public init(_ configuration: StreamConfiguration) throws(StreamError) {
        if let bits = configuration.targetPageBits {
            guard (10...16).contains(bits) else {
                throw StreamError(
                    .value(expected: "10 to 16", found: "\(bits)"),
                    path: ["configuration", "target-page-bits"],
                    offset: configuration.places.targetPageBits)
            }
            pageSize = 1 << Int(bits)
        }
        let capabilities = configuration.capabilities ?? []
        hasAddresses = capabilities.contains("x-ignore-shared")
        isMapped = capabilities.contains("mapped-ram")
    }
}

/// Reads the blocks of the list one by one; of a `mapped-ram` file the block's bitmap and pages come in between.
struct RAMBlockListReader {
    private let format: RAMFormat
    private let total: UInt64
    private var left: UInt64
    private var names: Set<String> = []

    init(total: UInt64, format: RAMFormat) {
        self.format = format
        self.total = total
        left = total
    }

    /// The next block, nil when the lengths have reached the total.
    mutating func next(_ input: InputBuffer) throws(StreamError) -> RAMBlockDescription? {
        guard left > 0 else { return nil }
        let at = input.offset
        let number = names.count
        func refuse(_ expected: String, _ found: String) -> StreamError {
            StreamError(
                .value(expected: expected, found: found), path: ["block list", "[\(number)]"], offset: at)
        }
        guard number < RAMSection.maximumBlocks else {
            throw refuse("at most \(RAMSection.maximumBlocks) blocks", "\(bytes(left)) still without a block")
        }
        let (name, length) = try input.field("block list") { (i) throws(ByteError) in
            (try i.string8(), try i.uint64())
        }
        guard !name.isEmpty else { throw refuse("a block name", "an empty one") }
        guard names.insert(name).inserted else {
            throw refuse("each block once", "a second \(quoted(name))")
        }
        guard length > 0, length % UInt64(format.pageSize) == 0 else {
            throw refuse("a length in whole pages for \(quoted(name))", bytes(length))
        }
        guard length <= left else {
            throw refuse("at most the \(bytes(left)) left of the total \(total)", "\(length)")
        }
        left -= length
        var block = RAMBlockDescription(name: name, length: length)
        if format.blockPageSizes != 0 { block.pageSize = try ownPageSize(input) }
        if format.hasAddresses {
            block.address = try input.field("block list") { (i) throws(ByteError) in try i.uint64() }
        }
        if format.isMapped {
            block.mapped = try MappedRAMHeader.decode(of: block, pageSize: format.pageSize, from: input)
        }
        return block
    }

    /// A block's own page size, where one stands. Nothing in the stream says whether it does, but a name, an address or a
    /// record that could stand there instead is hardly one of the sizes that were named before.
    private func ownPageSize(_ input: InputBuffer) throws(StreamError) -> UInt64? {
        let ahead = try input.field("block list") { (i) throws(ByteError) in try i.peek(8) }
        let value = ahead.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard ahead.count == 8, value > UInt64(format.pageSize), value & (value - 1) == 0,
            value & format.blockPageSizes != 0
        else { return nil }
        return try input.field("block list") { (i) throws(ByteError) in try i.uint64() }
    }
}
