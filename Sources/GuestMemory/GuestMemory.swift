import Glibc
import Synchronization

/// The guest's memory: all blocks, and where they stand in its physical address space.
///
/// The map is fixed before the first hart runs; any thread may then read it.
@safe
public final class GuestMemory: Sendable {
    /// A block's place in the guest's physical address space.
    public struct Region: Sendable {
        /// First guest physical address.
        public let address: UInt64
        public let block: RAMBlock
        /// False for ROM: writes of the guest and of devices are dropped.
        public let isWritable: Bool

        public init(address: UInt64, block: RAMBlock, isWritable: Bool) {
            self.address = address
            self.block = block
            self.isWritable = isWritable
        }

        /// One past the last address.
        public var end: UInt64 { address + UInt64(block.size) }
    }

    /// All blocks that migrate, in the order in which a stream names them.
    public let blocks: [RAMBlock]
    /// Mapped blocks, by rising address.
    public let regions: [Region]
    /// Blocks behind devices, from which instructions are fetched while loads and stores go to the device: flash.
    public let codeRegions: [Region]
    private let logging = Atomic<UInt8>(0)

    public init(blocks: [RAMBlock], regions: [Region], codeRegions: [Region] = []) {
        self.blocks = blocks
        self.regions = regions.sorted { $0.address < $1.address }
        self.codeRegions = codeRegions
    }

    /// The logs in which writes have to be marked.
    @inline(__always)
    public var logs: DirtyLogs { DirtyLogs(rawValue: logging.load(ordering: .acquiring)) }

    /// Starts or stops a log, the others go on as they are. The caller then has every hart drop its write permissions
    /// (TLB write tags).
    public func setLogging(_ on: Bool, for log: DirtyLogs = .migration) {
        if on {
            clear(log)
            logging.bitwiseOr(log.rawValue, ordering: .sequentiallyConsistent)
            // What is read of the memory from here on has all writes of devices that did not see the flag.
            atomicMemoryFence(ordering: .sequentiallyConsistent)
        } else {
            logging.bitwiseAnd(~log.rawValue, ordering: .sequentiallyConsistent)
        }
    }

    /// Forgets what a log has marked.
    public func clear(_ logs: DirtyLogs) {
        for block in blocks {
            if logs.contains(.migration) { block.dirtyLog.clear() }
            if logs.contains(.measurement) { block.measuredLog.clear() }
            if logs.contains(.count) { block.countedLog.clear() }
        }
    }

    /// The region that holds `address`.
    @inline(__always)
    public func region(at address: UInt64) -> Region? {
        regions.first { address >= $0.address && address < $0.end }
    }

    /// Where a block begins in the guest's physical address space; 0 for one that is not mapped.
    public func address(of block: RAMBlock) -> UInt64 {
        (regions + codeRegions).first { $0.block === block }?.address ?? 0
    }

    /// The region that instructions at `address` are fetched from.
    public func codeRegion(at address: UInt64) -> Region? {
        region(at: address) ?? codeRegions.first { address >= $0.address && address < $0.end }
    }

    /// Host memory for guest physical `address ..< address + count`, when one block holds all of it.
    public func bytes(at address: UInt64, count: Int) -> UnsafeMutableRawBufferPointer? {
        guard let region = region(at: address) else { return nil }
        return unsafe region.block.bytes(at: Int(address - region.address), count: count)
    }

    /// Marks what a device has written, after it has written it: a page drained before the mark is sent again.
    public func markDirty(at address: UInt64, count: Int) {
        // The write comes before the look at the flag, as it comes before a mark.
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        let logs = logs
        guard count > 0, !logs.isEmpty, let region = region(at: address) else { return }
        let first = Int(address - region.address)
        let last = min(first + count, region.block.size) - 1
        let pages = first / guestPageSize..<last / guestPageSize + 1
        if logs.contains(.migration) { region.block.dirtyLog.mark(pages) }
        if logs.contains(.measurement) { region.block.measuredLog.mark(pages) }
    }

    /// Copies guest memory out for a device; nil when a byte is not RAM.
    public func read(at address: UInt64, count: Int) -> [UInt8]? {
        guard let bytes = unsafe bytes(at: address, count: count) else { return nil }
        return unsafe Array(bytes)
    }

    /// Copies a device's bytes in and logs them; false when a byte is not RAM. Writes to ROM are dropped.
    @discardableResult
    public func write(_ source: UnsafeRawBufferPointer, at address: UInt64) -> Bool {
        guard let region = region(at: address),
            let target = unsafe region.block.bytes(at: Int(address - region.address), count: source.count)
        else { return false }
        guard region.isWritable else { return true }
        unsafe target.copyMemory(from: source)
        markDirty(at: address, count: source.count)
        return true
    }

    @discardableResult
    public func write(_ source: [UInt8], at address: UInt64) -> Bool {
        unsafe source.withUnsafeBytes { unsafe write($0, at: address) }
    }

    /// Reads a little-endian integer of a device's ring; nil when it is not RAM.
    @inline(__always)
    public func load<T: FixedWidthInteger>(_ type: T.Type, at address: UInt64) -> T? {
        guard let bytes = unsafe bytes(at: address, count: MemoryLayout<T>.size) else { return nil }
        return unsafe T(littleEndian: bytes.loadUnaligned(as: T.self))
    }

    /// Writes a little-endian integer of a device's ring and logs it.
    @inline(__always)
    @discardableResult
    public func store<T: FixedWidthInteger>(_ value: T, at address: UInt64) -> Bool {
        unsafe withUnsafeBytes(of: value.littleEndian) { unsafe write($0, at: address) }
    }
}
