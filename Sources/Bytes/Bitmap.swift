/// A fixed-size set of bits owned by one thread: pages still to send, pages received.
public struct Bitmap: Sendable {
    /// Words, bit 0 of the set is bit 0 of word 0.
    public var words: [UInt64]
    /// Number of bits.
    public let count: Int

    public init(count: Int) {
        self.count = count
        words = Array(repeating: 0, count: (count + 63) / 64)
    }

    /// - Parameter words: as many as `count` bits need, the bits behind them clear.
    public init(words: [UInt64], count: Int) {
        precondition(words.count == (count + 63) / 64, "a set has the words of its bits")
        self.words = words
        self.count = count
    }

    public subscript(index: Int) -> Bool {
        get { words[index >> 6] >> UInt64(index & 63) & 1 != 0 }
        set {
            let mask = UInt64(1) << UInt64(index & 63)
            if newValue { words[index >> 6] |= mask } else { words[index >> 6] &= ~mask }
        }
    }

    /// Sets all bits.
    public mutating func setAll() {
        for index in words.indices { words[index] = .max }
        if count & 63 != 0 { words[words.count - 1] = (1 << UInt64(count & 63)) - 1 }
    }

    /// Clears all bits.
    public mutating func clearAll() {
        for index in words.indices { words[index] = 0 }
    }

    /// Number of bits that are set.
    public var population: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// The first set bit at or after `index`, nil when there is none.
    public func next(from index: Int) -> Int? {
        guard index < count else { return nil }
        var word = index >> 6
        var bits = words[word] & (.max << UInt64(index & 63))
        while bits == 0 {
            word += 1
            if word == words.count { return nil }
            bits = words[word]
        }
        return word << 6 + bits.trailingZeroBitCount
    }
}
