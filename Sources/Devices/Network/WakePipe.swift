import CPlatform
import Glibc

/// A pipe that gets a thread out of poll(2).
final class WakePipe: Sendable {
    /// What the thread polls for input.
    let input: Int32
    private let output: Int32

    init() throws(NetworkError) {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw NetworkError("cannot make a pipe: \(systemError())") }
        input = ends[0]
        output = ends[1]
        for end in ends {
            _ = cplatform_fcntl_int(end, F_SETFD, FD_CLOEXEC)
            _ = cplatform_fcntl_int(end, F_SETFL, O_NONBLOCK)
        }
    }

    deinit {
        close(input)
        close(output)
    }

    /// From any thread.
    func wake() {
        var byte: UInt8 = 0
        // A full pipe wakes as well.
        unsafe _ = Glibc.write(output, &byte, 1)
    }

    /// Empties the pipe, on the thread that was woken.
    func clear() {
        var bytes = [UInt8](repeating: 0, count: 64)
        while unsafe Glibc.read(input, &bytes, bytes.count) > 0 {}
    }
}

func systemError(_ number: Int32 = errno) -> String { unsafe String(cString: strerror(number)) }
