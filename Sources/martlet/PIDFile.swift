import CPlatform
import Glibc
import Machine

/// `-pidfile`: the process id, in a file that is locked as long as the process lives and removed when it ends.
enum PIDFile {
    /// - Throws: `OptionError` when it cannot be written, or another process has it.
    static func write(_ path: String) throws(OptionError) {
        let descriptor = unsafe cplatform_open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("cannot write", path) }
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        guard unsafe cplatform_fcntl_lock(descriptor, F_SETLK, &lock) == 0 else {
            close(descriptor)
            throw OptionError("-pidfile", "another process that runs has '\(path)'")
        }
        let text = "\(getpid())\n"
        guard ftruncate(descriptor, 0) == 0, unsafe Glibc.write(descriptor, text, text.utf8.count) > 0 else {
            throw failure("cannot write", path)
        }
        // The descriptor stays open: closing it would drop the lock.
    }

    private static func failure(_ what: String, _ path: String) -> OptionError {
        OptionError("-pidfile", "\(what) '\(path)': \(unsafe String(cString: strerror(errno)))")
    }
}
