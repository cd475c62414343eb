extension Hart {
    /// Physical memory protection of `count` bytes at `address`, all inside one page. Source: privileged manual, 3.7.
    ///
    /// - Returns: whether the access is allowed, and whether the same answer holds for the whole page.
    func checkPMP(_ address: UInt64, _ count: UInt64, _ access: Access, privilege: UInt64) -> (
        allowed: Bool, wholePage: Bool
    ) {
        guard pmpIsActive else { return (true, true) }
        let page = address & ~4095
        var wholePage = true
        var previous: UInt64 = 0
        for index in 0..<16 {
            let configuration = unsafe context.pointee.pmpConfiguration[index]
            let register = unsafe context.pointee.pmpAddress[index]
            let below = previous
            previous = register
            var low: UInt64
            var high: UInt64  // One past the last byte; 0 stands for the end of the address space.
            switch configuration >> 3 & 3 {
            case 0: continue
            case 1:
                low = below << 2
                high = register << 2
                if low >= high { continue }
            case 2:
                low = register << 2
                high = low &+ 4
            default:
                let ones = UInt64((~register).trailingZeroBitCount)
                if ones >= 61 {
                    low = 0
                    high = 0
                } else {
                    low = (register & ~((1 << ones) &- 1)) << 2
                    high = low &+ (8 << ones)
                }
            }
            let last = high &- 1
            let end = address &+ count &- 1
            if low > page | 4095 || last < page { continue }
            if low > page || last < page | 4095 { wholePage = false }
            if end < low || address > last { continue }
            guard address >= low, end <= last else { return (false, false) }
            if privilege == 3, configuration & 0x80 == 0 { return (true, wholePage) }
            let bit: UInt8 =
                switch access {
                case .read: 1
                case .write: 2
                case .execute: 4
                }
            return (configuration & bit != 0, wholePage)
        }
        return (privilege == 3, wholePage)
    }

    /// Called when a PMP register has changed.
    func updatePMP() {
        var active = false
        for index in 0..<16 where unsafe context.pointee.pmpConfiguration[index] & 0x18 != 0 { active = true }
        pmpIsActive = active
        flushTranslations()
    }
}
