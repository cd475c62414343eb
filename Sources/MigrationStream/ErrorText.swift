import Bytes

// Pieces of the texts of errors.

/// A peer's text in quotes: no control characters, at most 80 characters of it.
package func quoted(_ text: String) -> String {
    var result = "'"
    var count = 0
    for scalar in text.unicodeScalars {
        if count == 80 {
            result += "…"
            break
        }
        result +=
            scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            ? "\\x" + hex(UInt64(scalar.value), digits: 2).dropFirst(2) : String(scalar)
        count += 1
    }
    return result + "'"
}

/// `1 byte`, `2 bytes`.
func bytes(_ count: some BinaryInteger) -> String { count == 1 ? "1 byte" : "\(count) bytes" }

/// `0x0000001c`, at least `digits` digits.
func hex(_ value: some BinaryInteger, digits: Int = 1) -> String {
    let text = String(value, radix: 16)
    return "0x" + String(repeating: "0", count: max(0, digits - text.count)) + text
}

extension InputBuffer {
    /// Reads one named piece; what the channel refuses is reported under that name.
    @inline(__always)
    func field<T>(
        _ name: StaticString, _ body: (InputBuffer) throws(ByteError) -> T
    ) throws(StreamError) -> T {
        do throws(ByteError) {
            return try body(self)
        } catch {
            throw StreamError(error, path: ["\(name)"])
        }
    }
}
