public import Glibc

/// Page records on their way out: headers built in one buffer, contents left where they are in guest memory, and
/// a list of both for one `writev`. Reused from batch to batch; no memory is taken per page.
///
/// A page may change while it is written: the dirty log then has it again, and the last copy wins.
///
/// ```swift
/// var batch = RAMPageBatch(blocks: ["riscv_virt_board.ram"])
/// batch.beginSection(.part, id: 2)
/// batch.append(block: 0, offset: 0x1000, page: pointer)
/// batch.endSection(id: 2)
/// try batch.withIOVectors { try channel.write($0) }
/// batch.removeAll()
/// ```
@safe public struct RAMPageBatch: ~Copyable {
    /// Bytes of a record's head: header, name with its length, length of a packed page.
    private static let headLength = 8 + 1 + 255 + 4
    /// Section headers, EOS and footers: as much again after the last record as before it.
    private static let frameLength = 256

    private let names: [[UInt8]]
    private let heads: UnsafeMutableRawPointer
    private let vectors: UnsafeMutablePointer<iovec>
    /// Bytes of `heads` in use, and where the part that no vector covers yet begins.
    private var used = 0
    private var pending = 0
    private var vectorCount = 0
    /// Block of the last record on this channel, −1: the next record names its block.
    private var current = -1

    /// Most pages with contents that the batch holds; pages of zeros, which are small, it holds until it is full.
    public let capacity: Int
    /// Pages with contents in the batch.
    public private(set) var count = 0
    /// Bytes of `heads` for records.
    private let room: Int
    /// Bytes that the batch is on the wire.
    public private(set) var byteCount = 0

    /// - Parameters:
    ///   - blocks: idstrs; `append` names a block by its index in here. At most 255 bytes each.
    ///   - capacity: most pages with contents, 1 to 500 (two vectors each must stay below `IOV_MAX`).
    public init(blocks: [String], capacity: Int = 256) {
        precondition((1...500).contains(capacity), "a batch holds 1 to 500 pages")
        names = blocks.map { Array($0.utf8) }
        precondition(names.allSatisfy { $0.count <= 255 }, "a block's name has at most 255 bytes")
        self.capacity = capacity
        room = Self.frameLength + capacity * Self.headLength
        unsafe heads = .allocate(byteCount: room + Self.frameLength, alignment: 16)
        unsafe vectors = .allocate(capacity: 2 * capacity + 2)
    }

    deinit {
        unsafe heads.deallocate()
        unsafe vectors.deallocate()
    }

    /// True when no further record fits: write the batch out.
    public var isFull: Bool { count == capacity || used + Self.headLength > room }

    /// True when no further record fits beside so many pages with contents that will be added.
    @inline(__always)
    public func isFull(beside pages: Int) -> Bool {
        count + pages >= capacity || used + (pages + 1) * Self.headLength > room
    }

    public var isEmpty: Bool { byteCount == 0 }

    /// Adds a page with contents; not when the batch is full.
    ///
    /// - Parameters:
    ///   - offset: page-aligned offset in the block, in bytes.
    ///   - page: the page's ``RAMSection/pageSize`` bytes; they are read by `writev`, and must stay mapped so long.
    public mutating func append(block: Int, offset: UInt64, page: UnsafeRawPointer) {
        head(offset, .page, block)
        closeVector()
        unsafe vectors[vectorCount] = iovec(
            iov_base: UnsafeMutableRawPointer(mutating: page), iov_len: RAMSection.pageSize)
        vectorCount += 1
        count += 1
        byteCount += RAMSection.pageSize
    }

    /// Adds a page of zeros; not when the batch is full.
    public mutating func appendZero(block: Int, offset: UInt64) {
        head(offset, .zero, block)
        put(UInt8(0))
    }

    /// Adds a page packed with zlib, for receivers before QEMU 9.1; not when the batch is full. The bytes stay where they
    /// are until the batch is written.
    public mutating func appendPacked(block: Int, offset: UInt64, packed: UnsafeRawBufferPointer) {
        head(offset, .compressPage, block)
        put(UInt32(packed.count))
        closeVector()
        unsafe vectors[vectorCount] = iovec(
            iov_base: UnsafeMutableRawPointer(mutating: packed.baseAddress), iov_len: packed.count)
        vectorCount += 1
        count += 1
        byteCount += packed.count
    }

    /// Adds the difference of a page to what it was, see ``XBZRLE``; not when the batch is full. The bytes stay where they
    /// are until the batch is written.
    public mutating func appendDelta(block: Int, offset: UInt64, delta: UnsafeRawBufferPointer) {
        head(offset, .xbzrle, block)
        put(XBZRLE.encoding)
        put(UInt16(delta.count))
        closeVector()
        unsafe vectors[vectorCount] = iovec(
            iov_base: UnsafeMutableRawPointer(mutating: delta.baseAddress), iov_len: delta.count)
        vectorCount += 1
        count += 1
        byteCount += delta.count
    }

    /// Adds a section header of PART or END.
    public mutating func beginSection(_ kind: SectionHeader.Kind, id: UInt32) {
        precondition(kind == .part || kind == .end, "START carries the block list, FULL a device")
        frame(5)
        put(kind.rawValue)
        put(id)
    }

    /// Adds the mark that waits for the SYNC of all multifd channels.
    public mutating func flushMultifd() {
        frame(8)
        put(RAMFlags.multifdFlush.rawValue)
    }

    /// Adds the end of the records and the section's footer.
    public mutating func endSection(id: UInt32) {
        frame(13)
        put(RAMFlags.eos.rawValue)
        put(ItemType.footer.rawValue)
        put(id)
    }

    /// The next record names its block: at the start of a stream, and on entering postcopy.
    public mutating func forgetBlock() { current = -1 }

    /// Gives what the batch holds as a list of memory for `writev`; at most 2 × capacity + 1 pieces.
    public mutating func withIOVectors<R, Failure: Error>(
        _ body: (UnsafeMutableBufferPointer<iovec>) throws(Failure) -> R
    ) throws(Failure) -> R {
        closeVector()
        return unsafe try body(UnsafeMutableBufferPointer(start: vectors, count: vectorCount))
    }

    /// Empties the batch once it is written; the remembered block stays.
    public mutating func removeAll() {
        used = 0
        pending = 0
        vectorCount = 0
        count = 0
        byteCount = 0
    }

    private mutating func head(_ offset: UInt64, _ kind: RAMFlags, _ block: Int) {
        precondition(!isFull, "the batch is full")
        let header = offset & ~RAMFlags.mask | kind.rawValue
        if block == current {
            put(header | RAMFlags.continue.rawValue)
        } else {
            put(header)
            let name = names[block]
            put(UInt8(name.count))
            unsafe name.withUnsafeBytes {
                unsafe (heads + used).copyMemory(from: $0.baseAddress.unsafelyUnwrapped, byteCount: $0.count)
            }
            used += name.count
            byteCount += name.count
            current = block
        }
    }

    /// Sections' bytes live in the room beside the records': it is for a few of them in one batch.
    private func frame(_ length: Int) {
        precondition(used + length <= room + Self.frameLength, "too many sections in one batch")
    }

    @inline(__always)
    private mutating func put<T: FixedWidthInteger>(_ value: T) {
        unsafe (heads + used).storeBytes(of: value.bigEndian, as: T.self)
        used += MemoryLayout<T>.size
        byteCount += MemoryLayout<T>.size
    }

    private mutating func closeVector() {
        guard used > pending else { return }
        unsafe vectors[vectorCount] = iovec(iov_base: heads + pending, iov_len: used - pending)
        vectorCount += 1
        pending = used
    }
}
