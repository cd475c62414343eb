/// What a hart remembers about its TLB so that a flush costs what was entered, not what there is room for.
struct TLBUse {
    /// Places in the TLB that were filled since the last flush; more than `limit` are not written down.
    static let limit = 512
    var places: [512 of UInt16] = .init(repeating: 0)
    var count = 0
    /// Addresses that large pages were entered for, in the lower half of the address space and in the upper: a flush
    /// of one address inside forgets everything, as large pages stand in the TLB as pages of 4 KiB.
    var largeLow: [2 of UInt64] = .init(repeating: .max)
    var largeLast: [2 of UInt64] = .init(repeating: 0)
    /// A bit for each page that code was fetched from, by its number modulo 4096.
    var code: [64 of UInt64] = .init(repeating: 0)
}

extension Hart {
    /// Called before an empty or other entry is filled.
    func noteUse(_ place: Int) {
        let count = unsafe use.pointee.count
        if count < TLBUse.limit { unsafe use.pointee.places[count] = UInt16(truncatingIfNeeded: place) }
        unsafe use.pointee.count = count + 1
    }

    func noteLargePage(_ address: UInt64, _ size: UInt64) {
        let half = Int(address >> 63)
        let low = address & ~(size &- 1)
        unsafe use.pointee.largeLow[half] = min(use.pointee.largeLow[half], low)
        unsafe use.pointee.largeLast[half] = max(use.pointee.largeLast[half], low &+ (size &- 1))
    }

    func noteCode(_ address: UInt64) {
        let bit = address >> 12 & 4095
        unsafe use.pointee.code[Int(bit >> 6)] |= 1 << (bit & 63)
    }

    /// Forgets all translations and what was found through them.
    func flushTranslations() {
        let count = unsafe use.pointee.count
        if count <= TLBUse.limit {
            for index in 0..<count { unsafe tlb[Int(use.pointee.places[index])] = TLBEntry() }
        } else {
            unsafe tlb.update(repeating: TLBEntry(), count: TLB.count * TLB.regimes)
        }
        unsafe use.pointee = TLBUse()
        generation &+= 4
    }

    /// Forgets the translation of one address. Blocks are found anew only when code was fetched from there.
    func flushTranslation(_ address: UInt64) {
        let half = Int(address >> 63)
        if unsafe address >= use.pointee.largeLow[half] && address <= use.pointee.largeLast[half] {
            flushTranslations()
            return
        }
        for regime in 0..<TLB.regimes { unsafe tlb[regime * TLB.count + TLB.index(address)] = TLBEntry() }
        let bit = address >> 12 & 4095
        if unsafe use.pointee.code[Int(bit >> 6)] >> (bit & 63) & 1 != 0 { generation &+= 4 }
    }

    /// Forgets which pages may be written without asking; the next store to each looks at the dirty log.
    func clearWriteTags() {
        for index in 0..<TLB.count * TLB.regimes { unsafe tlb[index].writeTag = .max }
    }
}
