public import Bytes
import Glibc
import Synchronization

/// Those who want to know which pages are written. Each has a ``DirtyLog`` of its own in every block, so that none takes
/// the marks of another.
public struct DirtyLogs: OptionSet, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// A migration: ``RAMBlock/dirtyLog``.
    public static let migration = DirtyLogs(rawValue: 1)
    /// A measurement of how many pages are written at all: ``RAMBlock/measuredLog``.
    public static let measurement = DirtyLogs(rawValue: 2)
    /// The count of pages that each hart writes: ``RAMBlock/countedLog``.
    public static let count = DirtyLogs(rawValue: 4)
}

/// Pages written since they were last collected: set by harts and devices, emptied by the migration thread.
///
/// Any thread may call any method. A writer marks a page, an engine drains; neither waits for the other.
@safe
public final class DirtyLog: @unchecked Sendable {
    // Sendable: the words are only touched through atomics.
    private let words: UnsafeMutablePointer<UInt64>
    private let wordCount: Int
    /// Number of pages.
    public let pageCount: Int

    init(pageCount: Int) {
        self.pageCount = pageCount
        wordCount = (pageCount + 63) / 64
        unsafe words = .allocate(capacity: max(1, wordCount))
        unsafe words.initialize(repeating: 0, count: max(1, wordCount))
    }

    deinit { unsafe words.deallocate() }

    @inline(__always)
    private func word(_ index: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
        unsafe UnsafeMutableRawPointer(words + index).assumingMemoryBound(to: Atomic<UInt64>.self)
    }

    /// Marks a page. Release: what the caller wrote to the page before is seen by whoever drains the bit.
    @inline(__always)
    public func mark(_ page: Int) {
        guard page >= 0, page < pageCount else { return }
        unsafe word(page >> 6).pointee.bitwiseOr(
            1 << UInt64(page & 63), ordering: .acquiringAndReleasing)
    }

    /// Marks a page that a hart writes. Cheaper than `mark(_:)` when the mark is there already, but what it looks at may
    /// be older than a drain: whoever drains must wait for the writer before the drained pages are read, as dropping a
    /// hart's write permissions does.
    ///
    /// - Returns: true when the page was not marked before.
    @inline(__always)
    public func markAwaited(_ page: Int) -> Bool {
        guard page >= 0, page < pageCount else { return false }
        let mask = UInt64(1) << UInt64(page & 63)
        let word = unsafe word(page >> 6)
        if unsafe word.pointee.load(ordering: .relaxed) & mask != 0 { return false }
        return unsafe word.pointee.bitwiseOr(mask, ordering: .acquiringAndReleasing).oldValue & mask == 0
    }

    /// How many pages are marked.
    public var markCount: Int {
        (0..<wordCount).reduce(0) {
            unsafe $0 + word($1).pointee.load(ordering: .relaxed).nonzeroBitCount
        }
    }

    /// Marks a run of pages.
    public func mark(_ pages: Range<Int>) {
        for page in pages { mark(page) }
    }

    /// Moves all marks into `bitmap`, which has `pageCount` bits; returns how many of them it did not have yet.
    public func drain(into bitmap: inout Bitmap) -> Int {
        var added = 0
        for index in 0..<wordCount {
            let word = unsafe word(index)
            if unsafe word.pointee.load(ordering: .relaxed) == 0 { continue }
            let bits = unsafe word.pointee.exchange(0, ordering: .acquiringAndReleasing)
            let old = bitmap.words[index]
            added += (bits & ~old).nonzeroBitCount
            bitmap.words[index] = old | bits
        }
        return added
    }

    /// Forgets all marks.
    public func clear() {
        for index in 0..<wordCount { unsafe word(index).pointee.store(0, ordering: .releasing) }
    }
}
