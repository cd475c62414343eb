import GuestMemory

/// Some pages of the guest's memory and what they held, to tell later how many of them have changed.
///
/// The memory is cut into as many parts of the same size as there are pages to look at, and one page is drawn from each:
/// of a guest that writes here and there that tells no less than drawing them all from the whole, and more of one that
/// writes page by page.
struct PageSample {
    private let memory: GuestMemory
    private let sample: [(block: Int, page: Int, fingerprint: UInt64)]
    /// Pages that the memory had.
    let total: Int
    var count: Int { sample.count }

    /// - Parameter pagesOfGiB: how many pages of a GiB are looked at.
    init(_ memory: GuestMemory, pagesOfGiB: UInt64) {
        self.memory = memory
        let sizes = memory.blocks.map(\.pageCount)
        let total = sizes.reduce(0, +)
        let all = (1 << 30) / guestPageSize
        let wanted = total * min(Int(clamping: pagesOfGiB), all) / all
        let count = min(max(wanted, 1), total)
        var block = 0
        var first = 0
        self.total = total
        sample = (0..<count).map { index in
            let place = Int.random(in: index * total / count..<(index + 1) * total / count)
            while place - first >= sizes[block] {
                first += sizes[block]
                block += 1
            }
            return (block, place - first, Self.fingerprint(memory.blocks[block], place - first))
        }
    }

    /// How many of the pages are not as they were. One of a block that has become shorter counts as changed.
    func changed() -> Int {
        sample.count { $0.fingerprint != Self.fingerprint(memory.blocks[$0.block], $0.page) }
    }

    /// A number that depends on all of a page; 0 where there is none.
    private static func fingerprint(_ block: RAMBlock, _ page: Int) -> UInt64 {
        guard let bytes = unsafe block.bytes(at: page * guestPageSize, count: guestPageSize) else { return 0 }
        var hash: UInt64 = 0x9e37_79b9_7f4a_7c15
        for offset in stride(from: 0, to: guestPageSize, by: 8) {
            hash =
                unsafe (hash ^ bytes.load(fromByteOffset: offset, as: UInt64.self)) &* 0xd6e8_feb8_6659_fd93
            hash ^= hash >> 32
        }
        return hash
    }
}
