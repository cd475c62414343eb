/// The low bits of a RAM record's first eight bytes (RAM_SAVE_FLAG_…); the rest is an offset in a block.
struct RAMFlags: OptionSet, Sendable {
    let rawValue: UInt64

    static let zero = RAMFlags(rawValue: 0x002)
    static let memSize = RAMFlags(rawValue: 0x004)
    static let page = RAMFlags(rawValue: 0x008)
    static let eos = RAMFlags(rawValue: 0x010)
    /// Modifier: the block is that of the page record before, on this channel.
    static let `continue` = RAMFlags(rawValue: 0x020)
    static let xbzrle = RAMFlags(rawValue: 0x040)
    static let hook = RAMFlags(rawValue: 0x080)
    static let compressPage = RAMFlags(rawValue: 0x100)
    static let multifdFlush = RAMFlags(rawValue: 0x200)
    /// All bits that are no part of the offset.
    static let mask = UInt64(RAMSection.pageSize) - 1
}

/// Numbers of the `ram` section.
public enum RAMSection {
    /// The section's name.
    public static let name = "ram"
    /// The section's only version.
    public static let version: UInt32 = 4
    /// Bytes of a target page on riscv64.
    public static let pageSize = 4096
    /// Blocks that a stream may list.
    public static let maximumBlocks = 1024
    /// The record that ends a section's body.
    public static let eos = RAMFlags.eos.rawValue

    /// What the block list begins with: the sum of the blocks' lengths in bytes.
    public static func listHead(total: UInt64) -> UInt64 { total | RAMFlags.memSize.rawValue }
}

/// A RAM block as the stream's block list has it.
public struct RAMBlockDescription: Equatable, Sendable {
    /// The block's idstr, e.g. `riscv_virt_board.ram`.
    public var name: String
    /// Used length in bytes, a multiple of the page size.
    public var length: UInt64
    /// To what length, in bytes, a receiver can resize its block; nil for a block of fixed length.
    public var maximumLength: UInt64?
    /// The block's own page size in bytes, when the stream says one (postcopy, huge pages).
    public var pageSize: UInt64?
    /// Guest physical address, when the stream says one (capability `x-ignore-shared`).
    public var address: UInt64?
    /// Of a receiver's block: its contents are here already, in a file that both sides map (capability
    /// `x-ignore-shared`); the stream has no pages of it, and its address has to be the same.
    public var isKept = false
    /// Where the pages lie in a `mapped-ram` file.
    public var mapped: MappedRAMHeader?

    public init(name: String, length: UInt64, maximumLength: UInt64? = nil) {
        self.name = name
        self.length = length
        self.maximumLength = maximumLength
    }
}
