import CPlatform
import Glibc

/// The lock that says who owns an image: an open file description lock over the whole file.
///
/// One writer or many readers, among processes and among images of one process; the kernel drops it with the
/// descriptor, so that a crashed owner blocks nobody.
struct ImageLock: Sendable {
    // The header hides these behind _GNU_SOURCE.
    private static let setLock: Int32 = 37

    let descriptor: Int32
    let path: String

    /// Takes the lock without waiting.
    func take(exclusive: Bool) throws(BlockImageError) {
        do throws(BlockImageError) {
            try set(Int16(exclusive ? F_WRLCK : F_RDLCK))
        } catch {
            guard error.errno == EAGAIN || error.errno == EACCES else { throw error }
            let kind = exclusive ? "write" : "read"
            throw BlockImageError(
                errno: error.errno,
                "Failed to get \"\(kind)\" lock on '\(path)': is another process using the image?")
        }
    }

    func release() throws(BlockImageError) { try set(Int16(F_UNLCK)) }

    private func set(_ type: Int16) throws(BlockImageError) {
        var lock = flock()
        lock.l_type = type
        lock.l_whence = Int16(SEEK_SET)
        guard unsafe cplatform_fcntl_lock(descriptor, ImageLock.setLock, &lock) == 0 else {
            throw BlockImageError(errno: errno, "cannot lock '\(path)': \(errorText(errno))")
        }
    }
}

func errorText(_ number: Int32) -> String { unsafe String(cString: strerror(number)) }
