import CPlatform
import Files
import Glibc

/// Where a block's memory comes from.
public enum RAMBacking: Equatable, Sendable {
    /// Private memory of this process.
    case anonymous
    /// A file without a name, which other processes can map.
    case memfd
    /// A file, made where there is none and as long as the block where it is empty; of a directory, a file without a
    /// name in there. Without `isShared` what is written stays in this process.
    case file(path: String, isShared: Bool)

    /// What ``open(name:size:)`` has found.
    struct Opened {
        /// -1 for memory that no file stands behind.
        var descriptor: Int32 = -1
        /// Whether another process can open the same file by its name.
        var isNamed = false
    }

    func open(name: String, size: Int) throws(GuestMemoryError) -> Opened {
        var opened = Opened()
        let what: String
        switch self {
        case .anonymous: return opened
        case .memfd:
            what = "a memory file for '\(name)'"
            opened.descriptor = unsafe cplatform_memfd_create(name, 1)  // MFD_CLOEXEC
        case .file(let path, _):
            what = "memory file '\(path)'"
            opened.descriptor = openFile(path, O_RDWR | O_CREAT, 0o600)
            opened.isNamed = opened.descriptor >= 0
            if opened.descriptor < 0, errno == EISDIR { opened.descriptor = Self.nameless(in: path) }
        }
        guard opened.descriptor >= 0 else { throw Self.failure("cannot open", what) }
        do throws(GuestMemoryError) {
            try Self.makeRoom(opened.descriptor, size, what)
        } catch {
            close(opened.descriptor)
            throw error
        }
        return opened
    }

    /// A file that is an older one, of another length, is not the memory that is meant.
    private static func makeRoom(_ descriptor: Int32, _ size: Int, _ what: String) throws(GuestMemoryError) {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw failure("cannot look at", what) }
        let isRegular = status.st_mode & S_IFMT == S_IFREG
        guard isRegular, Int(status.st_size) < size else { return }
        guard status.st_size == 0 else {
            throw GuestMemoryError(
                "\(what) has \(status.st_size) bytes, but the memory \(size): give another file or another size"
            )
        }
        guard ftruncate(descriptor, off_t(size)) == 0 else {
            throw failure("cannot make room for \(size) bytes in", what)
        }
    }

    /// A file in a directory that nobody else sees; -1 with `errno` where that cannot be.
    private static func nameless(in directory: String) -> Int32 {
        var path = Array("\(directory)/martlet-memory-XXXXXX".utf8CString)
        let descriptor = unsafe path.withUnsafeMutableBufferPointer { buffer -> Int32 in
            guard let start = buffer.baseAddress else { return -1 }
            return unsafe mkstemp(start)
        }
        guard descriptor >= 0 else { return -1 }
        _ = unsafe unlink(path)
        _ = cplatform_fcntl_int(descriptor, F_SETFD, FD_CLOEXEC)
        return descriptor
    }

    // MARK: Who else has the file

    /// The first byte, which every process with the file's memory holds a lock of: F_OFD_SETLK and F_OFD_GETLK.
    private static func lock(_ descriptor: Int32, _ command: Int32, _ kind: Int32) -> flock? {
        var lock = flock()
        lock.l_type = Int16(kind)
        lock.l_whence = Int16(SEEK_SET)
        lock.l_len = 1
        return unsafe cplatform_fcntl_lock(descriptor, command, &lock) == 0 ? lock : nil
    }

    /// Says that the file is in use, where its system knows locks.
    static func announce(_ descriptor: Int32) { _ = lock(descriptor, 37, F_RDLCK) }

    /// Whether somebody else has said so.
    static func isUsedElsewhere(_ descriptor: Int32) -> Bool {
        lock(descriptor, 36, F_WRLCK).map { Int32($0.l_type) != F_UNLCK } ?? false
    }

    private static func failure(_ verb: String, _ what: String) -> GuestMemoryError {
        GuestMemoryError("\(verb) \(what): \(unsafe String(cString: strerror(errno)))")
    }

    var mapFlags: Int32 {
        switch self {
        case .anonymous: MAP_PRIVATE | MAP_ANONYMOUS
        case .memfd, .file(_, true): MAP_SHARED
        case .file(_, false): MAP_PRIVATE
        }
    }

    /// Gives whole pages back, to read as zeros; false when the system does not.
    func discard(_ pages: UnsafeMutableRawBufferPointer) -> Bool {
        switch self {
        case .anonymous: unsafe madvise(pages.baseAddress, pages.count, MADV_DONTNEED) == 0
        case .memfd, .file(_, true): unsafe madvise(pages.baseAddress, pages.count, MADV_REMOVE) == 0
        case .file(_, false): false
        }
    }
}
