import Glibc
import GuestMemory
import Synchronization

/// Which pages of a block may hold something, at the destination. Any thread may call any method.
@safe
final class ReceivedPages: @unchecked Sendable {
    // Sendable: the words are only touched through atomics.
    private let words: UnsafeMutablePointer<UInt64>
    private let wordCount: Int

    init(pageCount: Int) {
        wordCount = max(1, (pageCount + 63) / 64)
        unsafe words = .allocate(capacity: wordCount)
        unsafe words.initialize(repeating: 0, count: wordCount)
    }

    deinit { unsafe words.deallocate() }

    @inline(__always)
    private func word(_ index: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
        unsafe UnsafeMutableRawPointer(words + index).assumingMemoryBound(to: Atomic<UInt64>.self)
    }

    @inline(__always)
    func contains(_ page: Int) -> Bool {
        unsafe word(page >> 6).pointee.load(ordering: .relaxed) >> UInt64(page & 63) & 1 != 0
    }

    /// False when the page was there already.
    @inline(__always)
    func insert(_ page: Int) -> Bool {
        let bit = UInt64(1) << UInt64(page & 63)
        let word = unsafe word(page >> 6)
        guard unsafe word.pointee.load(ordering: .relaxed) & bit == 0 else { return false }
        return unsafe word.pointee.bitwiseOr(bit, ordering: .relaxed).oldValue & bit == 0
    }

    /// Takes in all of `pages`; how many of them are new.
    func insert(_ pages: Range<Int>) -> Int {
        var added = 0
        var page = pages.lowerBound
        while page < pages.upperBound {
            let end = min(pages.upperBound, (page | 63) + 1)
            let bits = (.max >> UInt64(64 - (end - page))) << UInt64(page & 63) as UInt64
            let old = unsafe word(page >> 6).pointee.bitwiseOr(bits, ordering: .relaxed).oldValue
            added += (bits & ~old).nonzeroBitCount
            page = end
        }
        return added
    }

    func insertAll() {
        for index in 0..<wordCount { unsafe word(index).pointee.store(.max, ordering: .relaxed) }
    }

    func removeAll() {
        for index in 0..<wordCount { unsafe word(index).pointee.store(0, ordering: .relaxed) }
    }
}
