public import CPlatform
import Files
import Glibc
import Synchronization

/// A raw disk image: a file or block device whose bytes are the disk's.
///
/// Reading and writing may be done from any thread. Who owns the image holds its lock: an image is opened with it,
/// or without (`isDeferred`) on the destination of a migration, and hands it on with ``inactivate()`` and
/// ``activate()``, so that two processes may have the file open and only one writes it.
public final class RawImage: Sendable {
    /// The file's path, for messages.
    public let path: String
    /// True when the guest may not write.
    public let isReadOnly: Bool
    /// Disk size in 512-byte sectors; a last part of a sector counts as one.
    public let sectorCount: UInt64
    private let descriptor: Int32
    private let owned = Mutex(false)

    private var lock: ImageLock { ImageLock(descriptor: descriptor, path: path) }

    /// - Parameters:
    ///   - isDeferred: leave the lock to ``activate()``.
    /// - Throws: when the file cannot be opened or somebody else holds the lock.
    public init(path: String, isReadOnly: Bool = false, isDeferred: Bool = false) throws(BlockImageError) {
        // Without O_NONBLOCK a FIFO would wait for its other end.
        let flags = (isReadOnly ? O_RDONLY : O_RDWR) | O_NONBLOCK
        let descriptor = openFile(path, flags)
        guard descriptor >= 0 else {
            let hint =
                !isReadOnly && [EACCES, EROFS, EPERM].contains(errno)
                ? "; with readonly=on (-blockdev: read-only=on) it is only read" : ""
            throw BlockImageError(errno: errno, "Could not open '\(path)': \(errorText(errno))\(hint)")
        }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0,
            [S_IFREG, S_IFBLK].contains(status.st_mode & S_IFMT)
        else {
            close(descriptor)
            throw BlockImageError(
                errno: EINVAL, "Could not open '\(path)': it is neither a file nor a block device")
        }
        self.descriptor = descriptor
        self.path = path
        self.isReadOnly = isReadOnly
        let size = lseek(descriptor, 0, SEEK_END)
        sectorCount = size < 0 ? 0 : (UInt64(size) + 511) / 512
        guard size >= 0 else {
            throw BlockImageError(errno: errno, "cannot tell the size of '\(path)': \(errorText(errno))")
        }
        if !isDeferred { try activate() }
    }

    deinit { close(descriptor) }

    /// True while this image holds its lock.
    public var isActive: Bool { owned.withLock { $0 } }

    /// Takes the lock: from here on the image is ours. Does nothing when it already is.
    public func activate() throws(BlockImageError) {
        try owned.withLock { owned throws(BlockImageError) in
            if owned { return }
            try lock.take(exclusive: !isReadOnly)
            owned = true
        }
    }

    /// Puts everything on the disk and gives the lock up: writes fail from here on. The caller has drained I/O.
    public func inactivate() throws(BlockImageError) {
        try owned.withLock { owned throws(BlockImageError) in
            if !owned { return }
            try synchronize()
            try lock.release()
            owned = false
        }
    }

    private func requireOwner() throws(BlockImageError) {
        if isReadOnly { throw BlockImageError(errno: EROFS, "'\(path)' is read-only") }
        guard isActive else {
            throw BlockImageError(errno: EPERM, "'\(path)' is inactive: its lock has been handed over")
        }
    }

    private func failure(_ what: String) -> BlockImageError {
        BlockImageError(errno: errno, "cannot \(what) '\(path)': \(errorText(errno))")
    }

    /// Fills the vectors from byte `offset` on; bytes behind the end of the file are zero. The list of vectors is used up.
    public func read(_ vectors: UnsafeMutableBufferPointer<iovec>, at offset: UInt64) throws(BlockImageError)
    {
        var cursor = unsafe VectorCursor(vectors)
        var position = offset
        while let part = unsafe cursor.next() {
            let count = unsafe preadv(
                descriptor, part.baseAddress, Int32(part.count), off_t(clamping: position))
            if count < 0 {
                if errno == EINTR { continue }
                throw failure("read")
            }
            if count == 0 {
                cursor.clear()
                return
            }
            cursor.advance(count)
            position &+= UInt64(count)
        }
    }

    /// Writes the vectors to byte `offset`. The list of vectors is used up.
    public func write(_ vectors: UnsafeMutableBufferPointer<iovec>, at offset: UInt64) throws(BlockImageError)
    {
        try requireOwner()
        var cursor = unsafe VectorCursor(vectors)
        var position = offset
        while let part = unsafe cursor.next() {
            let count = unsafe pwritev(
                descriptor, part.baseAddress, Int32(part.count), off_t(clamping: position))
            if count < 0 {
                if errno == EINTR { continue }
                throw failure("write")
            }
            cursor.advance(count)
            position &+= UInt64(count)
        }
    }

    /// Reads into `bytes` from byte `offset` on; behind the end of the file there are zeros.
    public func read(into bytes: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(BlockImageError) {
        var vector = unsafe iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
        try unsafe withUnsafeMutablePointer(to: &vector) { (pointer) throws(BlockImageError) in
            try unsafe read(UnsafeMutableBufferPointer(start: pointer, count: 1), at: offset)
        }
    }

    /// Writes `bytes` to byte `offset`.
    public func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(BlockImageError) {
        var vector = unsafe iovec(
            iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
        try unsafe withUnsafeMutablePointer(to: &vector) { (pointer) throws(BlockImageError) in
            try unsafe write(UnsafeMutableBufferPointer(start: pointer, count: 1), at: offset)
        }
    }

    /// Puts what has been written on the disk. Nothing to do for who may not write.
    public func flush() throws(BlockImageError) {
        if isReadOnly || !isActive { return }
        try synchronize()
    }

    private func synchronize() throws(BlockImageError) {
        if isReadOnly { return }
        guard fdatasync(descriptor) == 0 else { throw failure("flush") }
    }

    /// Gives the bytes' room back, where the file system can; they then read as zero. Only a hint: never fails
    /// for want of support.
    public func discard(at offset: UInt64, count: UInt64) throws(BlockImageError) {
        try requireOwner()
        _ = try allocate(.punchHole, at: offset, count: count)
    }

    /// Makes the bytes zero. `mayUnmap`: their room may be given back.
    public func writeZeroes(at offset: UInt64, count: UInt64, mayUnmap: Bool) throws(BlockImageError) {
        try requireOwner()
        if mayUnmap, try allocate(.punchHole, at: offset, count: count) { return }
        if try allocate(.zeroRange, at: offset, count: count) { return }
        let zeros = [UInt8](repeating: 0, count: 64 << 10)
        var position = offset
        var left = count
        while left > 0 {
            let part = Int(min(left, UInt64(zeros.count)))
            let written = unsafe zeros.withUnsafeBytes {
                unsafe pwrite(descriptor, $0.baseAddress, part, off_t(clamping: position))
            }
            if written < 0 {
                if errno == EINTR { continue }
                throw failure("zero")
            }
            position &+= UInt64(written)
            left -= UInt64(written)
        }
    }

    /// fallocate(2)'s modes, each with KEEP_SIZE.
    private enum AllocationMode: Int32 {
        case punchHole = 0x03
        case zeroRange = 0x11
    }

    /// False when the file system cannot.
    private func allocate(
        _ mode: AllocationMode, at offset: UInt64, count: UInt64
    ) throws(BlockImageError) -> Bool {
        if count == 0 { return true }
        while true {
            let result = cplatform_fallocate(
                descriptor, mode.rawValue, Int64(clamping: offset), Int64(clamping: count))
            if result == 0 { return true }
            switch errno {
            case EINTR: continue
            case EOPNOTSUPP, ENOSYS, ENOTTY, EINVAL, ENODEV: return false
            default: throw failure("give back room of")
            }
        }
    }
}
