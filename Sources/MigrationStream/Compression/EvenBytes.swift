/// Whether all byte values are about equally frequent in a sample: encrypted, compressed or random data, of which no
/// packing gets smaller.
///
/// The sum of the squares of the frequencies grows with every value that is more frequent than others: one that makes up
/// a fiftieth of otherwise even data is enough.
func hasEvenBytes(_ runs: [UnsafeRawBufferPointer]) -> Bool {
    let (stride, length) = (512, 16)
    return unsafe withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 256) { counts in
        unsafe counts.initialize(repeating: 0)
        var total = 0
        for index in unsafe runs.indices {
            let run = unsafe runs[index]
            for start in Swift.stride(from: 0, to: run.count - length + 1, by: stride) {
                for offset in start..<start + length { unsafe counts[Int(run[offset])] += 1 }
                total += length
            }
        }
        guard total >= 4096 else { return false }
        var squares = 0
        for index in 0..<256 { unsafe squares += Int(counts[index] * counts[index]) }
        // Even data: total²/256, and `total` for the chance in it.
        return squares < total * total / 256 * 102 / 100 + total
    }
}
