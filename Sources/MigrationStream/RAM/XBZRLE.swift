/// A page as the difference to what it was: runs of bytes that stay, and runs of new bytes, in turn.
///
/// ```text
/// { length of the bytes that stay, length of the new bytes, new bytes }…
/// length: one byte below 128, else (n & 0x7F) | 0x80, n >> 7
/// ```
///
/// Only the first run of bytes that stay may be empty; what comes after the last run stays.
public enum XBZRLE {
    /// What a record names the encoding by.
    static let encoding: UInt8 = 1

    /// Why bytes are no difference of a page.
    public struct Problem: Error, Equatable, Sendable {
        /// Bytes from the beginning of the difference.
        public var offset: Int
        public var expected: String
        public var found: String
    }

    /// Checks a difference without applying it.
    ///
    /// - Parameter pageSize: bytes of the page.
    public static func check(_ delta: UnsafeRawBufferPointer, pageSize: Int) throws(Problem) {
        unsafe try walk(delta, pageSize: pageSize) { _, _ in }
    }

    /// Writes the new bytes over the page's old ones. A difference that is wrong may be applied in part.
    public static func apply(
        _ delta: UnsafeRawBufferPointer, to page: UnsafeMutableRawBufferPointer
    ) throws(Problem) {
        unsafe try walk(delta, pageSize: page.count) { at, bytes in
            unsafe UnsafeMutableRawBufferPointer(rebasing: page[at..<at + bytes.count])
                .copyMemory(from: bytes)
        }
    }

    /// Calls `body` with each run of new bytes and its place in the page; all are inside of the page.
    @inline(__always)
    private static func walk(
        _ delta: UnsafeRawBufferPointer, pageSize: Int, _ body: (Int, UnsafeRawBufferPointer) -> Void
    ) throws(Problem) {
        var position = 0
        var at = 0
        while position < delta.count {
            let start = position
            let same = unsafe try length(delta, &position)
            guard same > 0 || start == 0 else {
                throw Problem(offset: start, expected: "a run of bytes that stay", found: "an empty one")
            }
            at += same
            guard at <= pageSize else {
                throw Problem(
                    offset: start, expected: "a run that ends at byte \(pageSize) of the page or before",
                    found: "one that ends at \(at)")
            }
            let run = position
            let new = unsafe try length(delta, &position)
            guard new > 0 else {
                throw Problem(offset: run, expected: "a run of new bytes", found: "an empty one")
            }
            guard at + new <= pageSize else {
                throw Problem(
                    offset: run, expected: "a run that ends at byte \(pageSize) of the page or before",
                    found: "one that ends at \(at + new)")
            }
            guard position + new <= delta.count else {
                throw Problem(
                    offset: position, expected: bytes(new),
                    found: "\(delta.count - position) to the end of the difference")
            }
            unsafe body(at, UnsafeRawBufferPointer(rebasing: delta[position..<position + new]))
            position += new
            at += new
        }
    }

    /// A run always has at least one more byte behind its length.
    @inline(__always)
    private static func length(
        _ delta: UnsafeRawBufferPointer, _ position: inout Int
    ) throws(Problem) -> Int {
        guard position + 2 <= delta.count else {
            throw Problem(
                offset: position, expected: "the length of a run",
                found: "\(bytes(delta.count - position)) to the end of the difference")
        }
        let first = unsafe Int(delta[position])
        position += 1
        guard first & 0x80 != 0 else { return first }
        let second = unsafe Int(delta[position])
        guard second & 0x80 == 0 else {
            throw Problem(
                offset: position, expected: "a length of one or two bytes", found: "a third byte")
        }
        position += 1
        return first & 0x7F | second << 7
    }
}
