/// How often each page of a block came, at most 255 times. Memory grows with what came, up to a byte a page.
struct PageTally {
    /// Pages that are counted in all of a block: 1 TiB of pages of 4 KiB. Those beyond are not.
    static let maximumPages: UInt64 = 1 << 28
    private static let chunkLength = 4096

    /// Pages of the block that are counted.
    let count: Int
    private var chunks: [[UInt8]]

    init(pages: UInt64) {
        count = Int(min(pages, Self.maximumPages))
        chunks = Array(repeating: [], count: (count + Self.chunkLength - 1) / Self.chunkLength)
    }

    /// Counts a page; returns how often it had come before.
    mutating func add(_ page: UInt64) -> UInt8 {
        guard page < UInt64(count) else { return 1 }
        let (chunk, index) = (Int(page) / Self.chunkLength, Int(page) % Self.chunkLength)
        if chunks[chunk].isEmpty { chunks[chunk] = Array(repeating: 0, count: Self.chunkLength) }
        let before = chunks[chunk][index]
        if before < .max { chunks[chunk][index] = before + 1 }
        return before
    }

    /// Pages by how often they came: 0, 1, … and `longest` times or more.
    func histogram(longest: Int) -> [UInt64] {
        var result = [UInt64](repeating: 0, count: longest + 1)
        var left = count
        for chunk in chunks {
            let length = min(left, Self.chunkLength)
            left -= length
            if chunk.isEmpty { result[0] += UInt64(length) }
            for times in chunk.prefix(length) { result[min(Int(times), longest)] += 1 }
        }
        return result
    }

    /// The first page that never came.
    var firstMissing: Int? {
        for (index, chunk) in chunks.enumerated() {
            let start = index * Self.chunkLength
            guard !chunk.isEmpty else { return start }
            if let missing = chunk.firstIndex(of: 0), start + missing < count { return start + missing }
        }
        return nil
    }
}
