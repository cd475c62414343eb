public import Bytes
import Glibc

/// A file that is written from its start, and in places.
@safe public final class OutputFile {
    public let descriptor: Int32
    private let path: String
    /// Bytes from the start of the file to where the next piece goes.
    public var position: UInt64 = 0

    /// Makes the file, or empties it.
    public init(path: String) throws(ByteSourceError) {
        self.path = path
        descriptor = path == "-" ? dup(1) : unsafe open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw RAMImage.failure("cannot write '\(path)'") }
    }

    deinit { close(descriptor) }

    /// A second descriptor of the same file.
    public func duplicate() throws(ByteSourceError) -> Int32 {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw RAMImage.failure("cannot write '\(path)'") }
        return copy
    }

    /// Writes at the position and moves it on. What cannot be placed, a pipe, is written in order.
    public func append(_ bytes: UnsafeRawBufferPointer) throws(ByteSourceError) {
        var done = 0
        while done < bytes.count {
            let base = unsafe bytes.baseAddress.unsafelyUnwrapped + done
            var count = unsafe pwrite(descriptor, base, bytes.count - done, off_t(position) + done)
            if count < 0, errno == ESPIPE { count = unsafe write(descriptor, base, bytes.count - done) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw RAMImage.failure("cannot write '\(path)'") }
            done += count
        }
        position += UInt64(bytes.count)
    }

    public func append(_ bytes: [UInt8]) throws(ByteSourceError) {
        var failure: ByteSourceError?
        unsafe bytes.withUnsafeBytes { buffer in
            do throws(ByteSourceError) { unsafe try append(buffer) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Ends the file here, or makes it longer up to here.
    public func truncate() throws(ByteSourceError) {
        guard ftruncate(descriptor, off_t(position)) == 0 || errno == EINVAL else {
            throw RAMImage.failure("cannot write '\(path)'")
        }
    }
}
