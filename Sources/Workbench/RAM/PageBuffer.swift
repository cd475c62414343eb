import Glibc

/// Room for one page.
@safe final class PageBuffer {
    let bytes: UnsafeMutableRawBufferPointer

    init(_ count: Int) { unsafe bytes = .allocate(byteCount: count, alignment: 4096) }

    deinit { unsafe bytes.deallocate() }

    func isEqual(to other: PageBuffer) -> Bool {
        guard let left = unsafe bytes.baseAddress, let right = unsafe other.bytes.baseAddress else {
            return true
        }
        return unsafe memcmp(left, right, bytes.count) == 0
    }
}
