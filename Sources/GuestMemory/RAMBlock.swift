import CPlatform
import Glibc

/// Size of a guest page in bytes, the unit of the dirty log and of the stream.
public let guestPageSize = 4096

/// A piece of memory that belongs to the guest and travels with it: RAM, a ROM, a flash chip.
///
/// The contents are shared by harts, devices and the migration without a lock; whoever reads a page while a hart
/// may write it relies on the dirty log to read it again.
@safe
public final class RAMBlock: @unchecked Sendable {
    // Sendable: the memory is raw bytes that outlive every user of the block; see above for races.

    /// The block's idstr in a migration stream, e.g. `riscv_virt_board.ram`.
    public let name: String
    /// Bytes, a multiple of the guest page size.
    public var size: Int { unsafe length.pointee }
    // In memory of its own: looks at a stored property that changes would be checked for exclusive access.
    private let length: UnsafeMutablePointer<Int>
    /// Most bytes that it can have.
    public let capacity: Int
    /// Whether a stream that lists the block also says how long it is; it then may have no bytes at all.
    public let isResizable: Bool
    /// The first byte, page aligned; valid as long as the block is.
    public let base: UnsafeMutableRawPointer
    /// Which pages were written, for a migration.
    public let dirtyLog: DirtyLog
    /// The same for a measurement.
    public let measuredLog: DirtyLog
    /// Pages that a hart was counted for in this period.
    public let countedLog: DirtyLog

    /// Number of guest pages.
    public var pageCount: Int { size / guestPageSize }

    let backing: RAMBacking
    /// Of the file behind memory that is shared, -1 for all other.
    let descriptor: Int32
    /// Whether the contents are those of a file that another process can map by its name: what this one writes, that one
    /// has.
    public let isSharedFile: Bool

    /// Maps memory, zeroed unless it is a file's. Nothing is committed until it is touched.
    ///
    /// - Parameters:
    ///   - size: bytes, rounded up to a whole page.
    ///   - capacity: most bytes that a stream may give it; nil for a block whose size is fixed.
    /// - Throws: ``GuestMemoryError`` when the system has no room, or the file cannot be had.
    public init(
        name: String, size: Int, capacity: Int? = nil, backing: RAMBacking = .anonymous
    ) throws(GuestMemoryError) {
        let total = Self.wholePages(max(size, capacity ?? 1, 1))
        let file = try backing.open(name: name, size: total)
        let flags = backing.mapFlags
        let base = unsafe mmap(nil, total, PROT_READ | PROT_WRITE, flags | MAP_NORESERVE, file.descriptor, 0)
        let isShared = flags & MAP_SHARED != 0
        self.backing = backing
        isSharedFile = isShared && file.isNamed
        descriptor = isShared ? file.descriptor : -1
        if !isShared, file.descriptor >= 0 { close(file.descriptor) }
        if isSharedFile { RAMBacking.announce(descriptor) }
        guard let base = unsafe base, unsafe base != MAP_FAILED else {
            if isShared { close(file.descriptor) }
            throw GuestMemoryError(
                "cannot map \(total) bytes for RAM block '\(name)': \(unsafe String(cString: strerror(errno)))"
            )
        }
        self.name = name
        self.capacity = total
        isResizable = capacity != nil
        unsafe length = .allocate(capacity: 1)
        unsafe length.initialize(to: capacity == nil ? total : Self.wholePages(max(size, 0)))
        unsafe self.base = base
        dirtyLog = DirtyLog(pageCount: total / guestPageSize)
        measuredLog = DirtyLog(pageCount: total / guestPageSize)
        countedLog = DirtyLog(pageCount: total / guestPageSize)
    }

    deinit {
        unsafe munmap(base, capacity)
        if descriptor >= 0 { close(descriptor) }
        unsafe length.deallocate()
    }

    private static func wholePages(_ bytes: Int) -> Int {
        (bytes + guestPageSize - 1) / guestPageSize * guestPageSize
    }

    /// Gives a resizable block another size, 0 to ``capacity``. Only while nobody uses it.
    public func resize(to bytes: Int) {
        guard isResizable, bytes >= 0, bytes <= capacity else { return }
        unsafe length.pointee = Self.wholePages(bytes)
    }

    /// The bytes from `offset` on; nil when they are not all inside the block.
    @inline(__always)
    public func bytes(at offset: Int, count: Int) -> UnsafeMutableRawBufferPointer? {
        guard offset >= 0, count >= 0, offset <= size, count <= size - offset else { return nil }
        return unsafe UnsafeMutableRawBufferPointer(start: base + offset, count: count)
    }

    /// Copies `bytes` to `offset`, cut at the block's end; returns how many were copied. Does not log.
    @discardableResult
    public func fill(at offset: Int, with bytes: [UInt8]) -> Int {
        let count = max(0, min(bytes.count, size - offset))
        guard offset >= 0, count > 0 else { return 0 }
        unsafe bytes.withUnsafeBytes {
            unsafe (base + offset).copyMemory(from: $0.baseAddress.unsafelyUnwrapped, byteCount: count)
        }
        return count
    }

    /// Has the system give memory to every page now, so that none is missing later.
    public func populate() throws(GuestMemoryError) {
        let populateWrite: Int32 = 23  // MADV_POPULATE_WRITE, Linux 5.14; it leaves contents as they are.
        guard unsafe madvise(base, capacity, populateWrite) != 0 else { return }
        let reason = unsafe String(cString: strerror(errno))
        throw GuestMemoryError("cannot preallocate \(capacity) bytes for RAM block '\(name)': \(reason)")
    }

    /// Whether another process, or another block of this one, is in the same shared file.
    public var isUsedElsewhere: Bool { isSharedFile && RAMBacking.isUsedElsewhere(descriptor) }

    /// Brings what was written to the file of shared memory to its disk.
    public func sync() throws(GuestMemoryError) {
        guard descriptor >= 0, unsafe msync(base, capacity, MS_SYNC) != 0 else { return }
        throw GuestMemoryError(
            "cannot write RAM block '\(name)' to its file: \(unsafe String(cString: strerror(errno)))")
    }

    /// Makes everything zero again and gives the memory back to the system.
    public func discardAll() { discard(at: 0, count: size) }

    /// Makes whole pages zero again, and gives their memory back to the system where it takes it. Does not log.
    public func discard(at offset: Int, count: Int) {
        guard let bytes = unsafe bytes(at: offset, count: count), count > 0 else { return }
        if unsafe !backing.discard(bytes) { unsafe bytes.initializeMemory(as: UInt8.self, repeating: 0) }
    }

    /// Makes a page zero. `page` must be inside the block.
    public func clear(_ page: Int) {
        unsafe _ = memset(base + page * guestPageSize, 0, guestPageSize)
    }

    /// True when the page is all zeros. `page` must be inside the block.
    @inline(__always)
    public func isZeroPage(_ page: Int) -> Bool {
        unsafe isZero(UnsafeRawPointer(base + page * guestPageSize))
    }
}

/// True when the 4096 bytes at `page` are all zero.
@inline(__always)
public func isZero(_ page: UnsafeRawPointer) -> Bool {
    let words = unsafe page.assumingMemoryBound(to: UInt64.self)
    var index = 0
    while index < guestPageSize / 8 {
        let left = unsafe words[index] | words[index &+ 1] | words[index &+ 2] | words[index &+ 3]
        let right = unsafe words[index &+ 4] | words[index &+ 5] | words[index &+ 6] | words[index &+ 7]
        if left | right != 0 { return false }
        index &+= 8
    }
    return true
}

/// Memory could not be had.
public struct GuestMemoryError: Error, Equatable, Sendable, CustomStringConvertible {
    public var description: String
    public init(_ description: String) { self.description = description }
}
