import Glibc
import GuestMemory

/// Has the system back memory with large pages where a stream fills it, and gives back what of them stays unused. Any
/// thread may ask for some; ``giveBack(_:)`` is for when no page comes any more.
struct LargePages: Sendable {
    private let block: RAMBlock
    /// The large pages of the block that were asked for.
    private let wanted: ReceivedPages
    private static let size = PagePreparer.size

    init(_ block: RAMBlock) {
        self.block = block
        wanted = ReceivedPages(pageCount: block.size / Self.size + 2)
    }

    /// Number of the large page, of all in the address space, that holds the first byte.
    private var first: Int { unsafe Int(bitPattern: block.base) / Self.size }

    /// `pages` are about to be filled for the first time.
    func prepare(_ pages: Range<Int>) {
        let base = unsafe Int(bitPattern: block.base)
        let start = base + pages.lowerBound * guestPageSize
        let end = base + pages.upperBound * guestPageSize
        for number in start / Self.size...(end - 1) / Self.size {
            let address = number * Self.size
            guard address >= base, address + Self.size <= base + block.size, wanted.insert(number - first)
            else {
                continue
            }
            unsafe _ = madvise(UnsafeMutableRawPointer(bitPattern: address), Self.size, MADV_HUGEPAGE)
        }
    }

    /// Gives back the memory of pages that are not in `received`.
    func giveBack(_ received: ReceivedPages) {
        let base = unsafe Int(bitPattern: block.base)
        for number in 0..<block.size / Self.size + 2 where wanted.contains(number) {
            var page = ((first + number) * Self.size - base) / guestPageSize
            let end = page + Self.size / guestPageSize
            while page < end {
                let start = page
                while page < end, !received.contains(page) { page += 1 }
                if page > start {
                    block.discard(at: start * guestPageSize, count: (page - start) * guestPageSize)
                }
                while page < end, received.contains(page) { page += 1 }
            }
        }
    }
}
