import CPlatform
import Glibc

/// The rest of a list of vectors after the kernel has taken a part of them. It changes the list.
@safe
struct VectorCursor {
    private let vectors: UnsafeMutableBufferPointer<iovec>
    private let count: Int
    private var index = 0

    init(_ vectors: UnsafeMutableBufferPointer<iovec>) {
        unsafe self.vectors = vectors
        count = vectors.count
    }

    /// What is left, at most IOV_MAX vectors; nil when nothing is.
    mutating func next() -> UnsafeMutableBufferPointer<iovec>? {
        while index < count, unsafe vectors[index].iov_len == 0 { index += 1 }
        guard index < count else { return nil }
        return unsafe UnsafeMutableBufferPointer(rebasing: vectors[index..<min(count, index + 1024)])
    }

    mutating func advance(_ bytes: Int) {
        var left = bytes
        while left > 0, index < count {
            let length = unsafe vectors[index].iov_len
            let part = min(left, length)
            unsafe vectors[index].iov_base += part
            unsafe vectors[index].iov_len -= part
            left -= part
            if part == length { index += 1 }
        }
    }

    /// Zeroes all that is left.
    mutating func clear() {
        while let part = unsafe next() {
            for position in 0..<part.count {
                unsafe memset(part[position].iov_base, 0, part[position].iov_len)
            }
            index += part.count
        }
    }
}
