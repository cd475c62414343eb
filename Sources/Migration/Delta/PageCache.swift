import Glibc
import GuestMemory

/// Pages as the destination has them, at the source: what the next version of a page is the difference to. One thread.
///
/// Each page has one place that it can be in; a page that was used in one of the last two passes keeps it.
@safe
final class PageCache {
    private let memory: UnsafeMutableRawPointer
    /// By place: number of the page, −1: none.
    private var pages: [Int]
    /// By place: the pass that the page was last used in.
    private var passes: [UInt64]

    /// Number of places, a power of two.
    var count: Int { pages.count }

    /// - Parameters:
    ///   - size: bytes, a power of two of at least a page.
    ///   - pages: how many there are in all: more places than that are not made.
    /// - Returns: nil when the system has no room.
    init?(size: UInt64, for pages: Int) {
        guard size >= UInt64(guestPageSize) else { return nil }
        var count = 1
        while count < pages, UInt64(count * 2 * guestPageSize) <= size { count *= 2 }
        let memory = unsafe mmap(
            nil, count * guestPageSize, PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let memory = unsafe memory, unsafe memory != MAP_FAILED else { return nil }
        unsafe self.memory = memory
        self.pages = Array(repeating: -1, count: count)
        passes = Array(repeating: 0, count: count)
    }

    deinit { unsafe munmap(memory, count * guestPageSize) }

    private func place(_ page: Int) -> Int { page & (count - 1) }

    /// Where the page's contents are, nil when it is not here. Counts as a use.
    @inline(__always)
    func find(_ page: Int, pass: UInt64) -> UnsafeMutableRawPointer? {
        let place = place(page)
        guard pages[place] == page else { return nil }
        passes[place] = pass
        return unsafe memory + place * guestPageSize
    }

    /// Room for the contents of a page that is not here, nil when another one keeps its place.
    @inline(__always)
    func insert(_ page: Int, pass: UInt64) -> UnsafeMutableRawPointer? {
        let place = place(page)
        guard pages[place] < 0 || passes[place] &+ 2 <= pass else { return nil }
        pages[place] = page
        passes[place] = pass
        return unsafe memory + place * guestPageSize
    }
}
