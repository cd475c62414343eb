import CPlatform
import Glibc
import Machine

/// `-daemonize`: the process starts itself again in a session of its own, waits until the new one has opened
/// everything, and ends with its success or failure.
///
/// A second process rather than a fork: by the time the options are read there may be threads, and a fork takes only
/// one of them along. The new one has the same arguments, standard error and open descriptors; a variable of its
/// environment tells it that it is the one in the background.
enum Daemon {
    /// Names the descriptor of the pipe by which the background process says that it stands.
    private static let variable = "MARTLET_DAEMON_PIPE"

    /// The pipe's end, in the background process; nil in any other.
    static func takePipe() -> Int32? {
        guard let text = unsafe getenv(variable), let pipe = unsafe Int32(String(cString: text)), pipe > 2,
            cplatform_fcntl_int(pipe, F_GETFD, 0) >= 0
        else { return nil }
        unsafe unsetenv(variable)
        _ = cplatform_fcntl_int(pipe, F_SETFD, FD_CLOEXEC)
        return pipe
    }

    /// Starts the background process and waits for its word. Does not return.
    static func start() -> Never {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { fail("-daemonize: cannot make a pipe: \(reason())") }
        _ = cplatform_fcntl_int(ends[0], F_SETFD, FD_CLOEXEC)
        unsafe setenv(variable, String(ends[1]), 1)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        unsafe posix_spawnattr_setflags(&attributes, 0x80)  // POSIX_SPAWN_SETSID
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe CommandLine.arguments.map { unsafe strdup($0) }
        unsafe arguments.append(nil)
        var child: pid_t = 0
        let code = unsafe posix_spawn(&child, program, nil, &attributes, arguments, environ)
        guard code == 0 else {
            fail("-daemonize: cannot start '\(program)': \(unsafe String(cString: strerror(code)))")
        }
        close(ends[1])
        var word: UInt8 = 0
        while unsafe read(ends[0], &word, 1) < 0, errno == EINTR {}
        if word == 1 { Glibc.exit(0) }
        // It has said why on standard error, which is ours too.
        var status: Int32 = 0
        unsafe waitpid(child, &status, 0)
        Glibc.exit(status & 0x7f == 0 && status >> 8 & 0xff != 0 ? status >> 8 & 0xff : 1)
    }

    /// Says that everything is open and listens, and lets go of the terminal and the working directory.
    static func stands(_ pipe: Int32) {
        unsafe _ = chdir("/")
        let null = unsafe cplatform_open("/dev/null", O_RDWR | O_CLOEXEC, 0)
        if null >= 0 { for standard: Int32 in 0...2 { dup2(null, standard) } }
        if null > 2 { close(null) }
        var word: UInt8 = 1
        unsafe _ = write(pipe, &word, 1)
        close(pipe)
    }

    /// This program's file, so that the process has its name; what the kernel knows it by when that is gone.
    private static var program: String {
        var path = [CChar](repeating: 0, count: 4096)
        let count = unsafe readlink("/proc/self/exe", &path, path.count - 1)
        let name = String(decoding: path.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return unsafe count > 0 && access(name, X_OK) == 0 ? name : "/proc/self/exe"
    }

    private static func reason() -> String { unsafe String(cString: strerror(errno)) }
}
