import GuestMemory

/// Where an address leads after translation.
@unsafe enum Target {
    /// Host address of the byte.
    case memory(UnsafeMutableRawPointer)
    /// RAM that may not be written; a store is dropped.
    case readOnly
    case device(UInt64)
}

extension Hart {
    /// Privilege and SUM that loads and stores have now.
    var dataPrivilege: (privilege: UInt64, sum: Bool) {
        let status = unsafe context.pointee.mstatus
        let privilege = unsafe context.pointee.privilege
        if privilege == 3, status & Status.mprv != 0 { return (status >> 11 & 3, status & Status.sum != 0) }
        return (privilege, status & Status.sum != 0)
    }

    /// Resolves an access that the TLB did not know, and enters its page. `count` bytes stay inside one page.
    ///
    /// - Returns: nil with `context.cause` and `context.trapValue` set when the access faults.
    func resolve(_ address: UInt64, _ count: UInt64, _ access: Access) -> Target? {
        let (privilege, sum) = access == .execute ? (unsafe context.pointee.privilege, false) : dataPrivilege
        guard let translation = translate(address, access, privilege: privilege, sum: sum) else { return nil }
        let physical = translation.physical
        let protection = checkPMP(physical, count, access, privilege: privilege)
        guard protection.allowed else { return unsafe accessFault(address, access) }
        guard
            let region = access == .execute ? memory.codeRegion(at: physical) : memory.region(at: physical)
        else { return unsafe .device(physical) }
        let offset = Int(truncatingIfNeeded: physical &- region.address)
        if access == .write, !region.isWritable { return unsafe .readOnly }
        if access == .write { noteWrite(region, offset) }
        let host = unsafe region.block.base + offset
        if protection.wholePage {
            enter(
                address, translation, access, host: UInt64(UInt(bitPattern: host)), privilege: privilege,
                sum: sum, region: region)
        }
        return unsafe .memory(host)
    }

    private func accessFault(_ address: UInt64, _ access: Access) -> Target? {
        unsafe context.pointee.cause = access.accessFault
        unsafe context.pointee.trapValue = address
        return nil
    }

    /// Enters a page in the TLB of its regime. A tag is added only for what has been asked for or is known to hold.
    private func enter(
        _ address: UInt64, _ translation: Translation, _ access: Access, host: UInt64, privilege: UInt64,
        sum: Bool,
        region: GuestMemory.Region
    ) {
        let regime = regimeIndex(privilege: privilege, sum: sum && access != .execute)
        let entry = unsafe tlb + (regime * TLB.count + TLB.index(address))
        let page = address & ~4095
        let addend = host &- address
        if unsafe entry.pointee.addend != addend
            || (entry.pointee.readTag != page && entry.pointee.writeTag != page
                && entry.pointee.executeTag != page)
        {
            noteUse(regime * TLB.count + TLB.index(address))
            unsafe entry.pointee = TLBEntry()
            unsafe entry.pointee.addend = addend
        }
        if translation.size > 4096 { noteLargePage(address, translation.size) }
        switch access {
        case .read: unsafe entry.pointee.readTag = page
        case .write: unsafe entry.pointee.writeTag = page
        case .execute:
            unsafe entry.pointee.executeTag = page
            noteCode(address)
        }
    }

    @inline(__always)
    func regimeIndex(privilege: UInt64, sum: Bool) -> Int {
        privilege == 3 ? 3 : privilege == 0 ? 0 : sum ? 2 : 1
    }

    /// Points `dataTLB` to the entries for loads and stores of the present privilege.
    func updateRegime() {
        let (privilege, sum) = dataPrivilege
        unsafe dataTLB = tlb + regimeIndex(privilege: privilege, sum: sum) * TLB.count
    }

    // MARK: Loads and stores that the TLB could not serve

    /// Loads `count` bytes (1, 2, 4, 8) at any alignment; nil when it faults.
    @inline(never)
    func slowLoad(_ address: UInt64, _ count: UInt64) -> UInt64? {
        let inPage = 4096 &- (address & 4095)
        if count <= inPage {
            switch unsafe resolve(address, count, .read) {
            case nil: return nil
            case .memory(let host)?:
                return unsafe Self.little(host, Int(count))
            case .readOnly?: return 0
            case .device(let physical)?:
                guard physical & (count &- 1) == 0, let value = bus.read(physical, size: Int(count)) else {
                    unsafe context.pointee.cause = Cause.loadAccess
                    unsafe context.pointee.trapValue = address
                    return nil
                }
                return value
            }
        }
        // Crosses a page: byte by byte.
        var value: UInt64 = 0
        for index in 0..<count {
            guard let byte = slowLoad(address &+ index, 1) else { return nil }
            value |= byte << (8 * index)
        }
        return value
    }

    /// Stores the low `count` bytes of `value`; false when it faults, and then nothing was stored.
    @inline(never)
    func slowStore(_ address: UInt64, _ count: UInt64, _ value: UInt64) -> Bool {
        let inPage = 4096 &- (address & 4095)
        if count <= inPage {
            switch unsafe resolve(address, count, .write) {
            case nil: return false
            case .memory(let host)?:
                unsafe Self.storeLittle(host, Int(count), value)
                return true
            case .readOnly?: return true
            case .device(let physical)?:
                guard physical & (count &- 1) == 0, bus.write(physical, size: Int(count), value: value) else {
                    unsafe context.pointee.cause = Cause.storeAccess
                    unsafe context.pointee.trapValue = address
                    return false
                }
                return true
            }
        }
        // Crosses a page: both pages have to take it before a byte is stored. The first one's fault comes first.
        guard unsafe resolve(address, inPage, .write) != nil,
            unsafe resolve(address &+ inPage, count &- inPage, .write) != nil
        else { return false }
        for index in 0..<count {
            guard slowStore(address &+ index, 1, value >> (8 * index)) else { return false }
        }
        return true
    }

    static func little(_ host: UnsafeMutableRawPointer, _ count: Int) -> UInt64 {
        switch count {
        case 1: unsafe UInt64(host.load(as: UInt8.self))
        case 2: unsafe UInt64(host.loadUnaligned(as: UInt16.self))
        case 4: unsafe UInt64(host.loadUnaligned(as: UInt32.self))
        default: unsafe host.loadUnaligned(as: UInt64.self)
        }
    }

    static func storeLittle(_ host: UnsafeMutableRawPointer, _ count: Int, _ value: UInt64) {
        switch count {
        case 1: unsafe host.storeBytes(of: UInt8(truncatingIfNeeded: value), as: UInt8.self)
        case 2: unsafe host.storeBytes(of: UInt16(truncatingIfNeeded: value), as: UInt16.self)
        case 4: unsafe host.storeBytes(of: UInt32(truncatingIfNeeded: value), as: UInt32.self)
        default: unsafe host.storeBytes(of: value, as: UInt64.self)
        }
    }
}
