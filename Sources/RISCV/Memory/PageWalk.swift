import GuestMemory
import Synchronization

/// A physical page that a virtual one leads to.
struct Translation {
    /// Physical address of the byte that was asked for.
    var physical: UInt64
    var canRead: Bool
    var canWrite: Bool
    var canExecute: Bool
    /// Bytes of the page, 0 for no translation.
    var size: UInt64 = 0
}

extension Hart {
    /// Translates `address` for an access of the given privilege (0, 1 or 3), setting A and D bits where `menvcfg.ADUE`
    /// tells the hart to. Source: privileged manual, 10.3.2.
    ///
    /// - Returns: nil with `context.cause` set when the access faults.
    func translate(_ address: UInt64, _ access: Access, privilege: UInt64, sum: Bool) -> Translation? {
        let satp = unsafe context.pointee.satp
        let mode = satp >> 60
        if privilege == 3 || mode == 0 {
            return Translation(physical: address, canRead: true, canWrite: true, canExecute: true)
        }
        let levels = Int(mode) - 5  // Sv39 is mode 8, Sv48 9, Sv57 10.
        let bits = UInt64(12 + 9 * levels)
        let sign = Int64(bitPattern: address) >> Int64(bits - 1)
        guard sign == 0 || sign == -1 else { return pageFault(address, access) }
        let mxr = unsafe context.pointee.mstatus & Status.mxr != 0
        var table = (satp & 0xfff_ffff_ffff) << 12
        var level = levels - 1
        while level >= 0 {
            let shift = UInt64(12 + 9 * level)
            let slot = table &+ (address >> shift & 511) &* 8
            guard checkPMP(slot, 8, .read, privilege: 1).allowed,
                let host = unsafe memory.bytes(at: slot, count: 8)?.baseAddress
            else {
                unsafe context.pointee.cause = access.accessFault
                unsafe context.pointee.trapValue = address
                return nil
            }
            let word = unsafe host.assumingMemoryBound(to: Atomic<UInt64>.self)
            let entry = unsafe word.pointee.load(ordering: .relaxed)
            if entry & 1 == 0 || entry & 6 == 4 || entry >> 54 != 0 { return pageFault(address, access) }
            if entry & 0xe == 0 {
                if entry & 0xd0 != 0 { return pageFault(address, access) }
                table = (entry >> 10 & 0xfff_ffff_ffff) << 12
                level -= 1
                continue
            }
            let isUser = entry & 0x10 != 0
            if isUser, privilege == 1, access == .execute || !sum { return pageFault(address, access) }
            if !isUser, privilege == 0 { return pageFault(address, access) }
            let canRead = entry & 2 != 0 || mxr && entry & 8 != 0
            let canWrite = entry & 4 != 0
            let canExecute = entry & 8 != 0
            switch access {
            case .read: if !canRead { return pageFault(address, access) }
            case .write: if !canWrite { return pageFault(address, access) }
            case .execute: if !canExecute { return pageFault(address, access) }
            }
            let low = (UInt64(1) << shift) &- 1
            let base = (entry >> 10 & 0xfff_ffff_ffff) << 12
            if base & low != 0 { return pageFault(address, access) }
            let wanted: UInt64 = access == .write ? 0xc0 : 0x40
            if entry & wanted != wanted {
                guard unsafe context.pointee.menvcfg & Environment.adue != 0 else {
                    return pageFault(address, access)
                }
                guard checkPMP(slot, 8, .write, privilege: 1).allowed,
                    let region = memory.region(at: slot), region.isWritable
                else {
                    unsafe context.pointee.cause = access.accessFault
                    unsafe context.pointee.trapValue = address
                    return nil
                }
                // Svadu: one compare-exchange; somebody else's change means to walk again.
                let (done, _) = unsafe word.pointee.compareExchange(
                    expected: entry, desired: entry | wanted, ordering: .acquiringAndReleasing)
                if !done {
                    table = (satp & 0xfff_ffff_ffff) << 12
                    level = levels - 1
                    continue
                }
                noteWrite(region, Int(truncatingIfNeeded: slot &- region.address))
            }
            // Without D the page may not be entered as writable: the first write has to set it.
            let isDirty = entry & 0x80 != 0 || access == .write
            return Translation(
                physical: base | address & low, canRead: canRead, canWrite: canWrite && isDirty,
                canExecute: canExecute, size: low &+ 1)
        }
        return pageFault(address, access)
    }

    private func pageFault(_ address: UInt64, _ access: Access) -> Translation? {
        unsafe context.pointee.cause = access.pageFault
        unsafe context.pointee.trapValue = address
        return nil
    }
}

extension Hart {
    /// Where the hart's present translation puts a virtual address, seen with the rights of supervisor mode; nil when it is
    /// not mapped. For debuggers: only while paused.
    public func physicalAddress(of address: UInt64) -> UInt64? {
        let saved = unsafe context.pointee
        defer { unsafe context.pointee = saved }
        let privilege = unsafe context.pointee.privilege
        return translate(address, .read, privilege: privilege == 0 ? 0 : privilege, sum: true)?.physical
    }
}
