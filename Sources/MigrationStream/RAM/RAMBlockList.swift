public import Bytes

/// The body of the `ram` section's START: which blocks there are and how long.
///
/// ```text
/// u64 total length | MEM_SIZE   { str8 name, u64 length }…   u64 EOS
/// ```
public struct RAMBlockList: Equatable, Sendable {
    public var blocks: [RAMBlockDescription]

    public init(_ blocks: [RAMBlockDescription]) { self.blocks = blocks }

    /// Writes the whole body, EOS included.
    public func encode(to writer: inout ByteWriter) {
        writer.uint64(blocks.reduce(0) { $0 &+ $1.length } | RAMFlags.memSize.rawValue)
        for block in blocks {
            writer.string8(block.name)
            writer.uint64(block.length)
        }
        writer.uint64(RAMFlags.eos.rawValue)
    }

    /// Reads the list after its first eight bytes, which gave `total`.
    static func decode(total: UInt64, from input: InputBuffer) throws(StreamError) -> [RAMBlockDescription] {
        var blocks: [RAMBlockDescription] = []
        var names: Set<String> = []
        var left = total
        while left > 0 {
            let at = input.offset
            func refuse(_ expected: String, _ found: String) -> StreamError {
                StreamError(
                    .value(expected: expected, found: found), path: ["block list", "[\(blocks.count)]"],
                    offset: at)
            }
            guard blocks.count < RAMSection.maximumBlocks else {
                throw refuse(
                    "at most \(RAMSection.maximumBlocks) blocks", "\(bytes(left)) still without a block")
            }
            let (name, length) = try input.field("block list") { (i) throws(ByteError) in
                (try i.string8(), try i.uint64())
            }
            guard !name.isEmpty else { throw refuse("a block name", "an empty one") }
            guard names.insert(name).inserted else {
                throw refuse("each block once", "a second \(quoted(name))")
            }
            guard length > 0, length & RAMFlags.mask == 0 else {
                throw refuse("a length in whole pages for \(quoted(name))", bytes(length))
            }
            guard length <= left else {
                throw refuse("at most the \(bytes(left)) left of the total \(total)", "\(length)")
            }
            left -= length
            blocks.append(RAMBlockDescription(name: name, length: length))
        }
        return blocks
    }
}
