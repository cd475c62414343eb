import CPlatform
import Glibc

/// Where a block's memory comes from.
public enum RAMBacking: Equatable, Sendable {
    /// Private memory of this process.
    case anonymous
    /// A file without a name, which other processes can map.
    case memfd
    /// A file, made and made longer where needed; without `isShared` what is written stays in this process.
    case file(path: String, isShared: Bool)

    /// - Returns: -1 for memory that no file stands behind.
    func open(name: String, size: Int) throws(GuestMemoryError) -> Int32 {
        let descriptor: Int32
        let what: String
        switch self {
        case .anonymous: return -1
        case .memfd:
            what = "a memory file for '\(name)'"
            descriptor = unsafe cplatform_memfd_create(name, 1)  // MFD_CLOEXEC
        case .file(let path, _):
            what = "memory file '\(path)'"
            descriptor = unsafe cplatform_open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        }
        guard descriptor >= 0 else { throw Self.failure("cannot open", what) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0,
            Int(status.st_size) >= size || ftruncate(descriptor, off_t(size)) == 0
        else {
            let failure = Self.failure("cannot make room for \(size) bytes in", what)
            close(descriptor)
            throw failure
        }
        return descriptor
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
