import Synchronization

extension Hart {
    /// Executes a SYSTEM instruction or fence.i. `context.pc` is its address, and is moved on.
    ///
    /// - Returns: false when it raised an exception (`context.cause`, `context.trapValue`).
    func executeSystem(_ word: UInt32, length: UInt64) -> Bool {
        let context = unsafe context
        if word & 0x7f == 0x0f {
            fenceEpoch &+= 1
            generation &+= 4
            unsafe context.pointee.pc &+= length
            return true
        }
        if word >> 12 & 7 != 0 { return executeCSR(word, length: length) }
        let privilege = unsafe context.pointee.privilege
        let status = unsafe context.pointee.mstatus
        switch word {
        case 0x0000_0073:
            unsafe context.pointee.cause = Cause.userCall + privilege
            unsafe context.pointee.trapValue = 0
            return false
        case 0x0010_0073:
            unsafe context.pointee.cause = Cause.breakpoint
            unsafe context.pointee.trapValue = context.pointee.pc
            return false
        case 0x1020_0073:
            guard privilege >= 1, !(privilege == 1 && status & Status.tsr != 0) else { return illegal(word) }
            returnFromSupervisor()
            return true
        case 0x3020_0073:
            guard privilege == 3 else { return illegal(word) }
            returnFromMachine()
            return true
        case 0x1050_0073:
            guard privilege > 0, !(privilege == 1 && status & Status.tw != 0) else { return illegal(word) }
            unsafe context.pointee.pc &+= length
            isWaiting = unsafe pendingInterrupts & context.pointee.mie == 0
            return true
        case 0x00d0_0073, 0x01d0_0073:
            // wrs.nto, wrs.sto: a hint to wait; going on at once is always right.
            unsafe context.pointee.pc &+= length
            return true
        default: break
        }
        // sfence.vma; there is no Svinval.
        let funct7 = word >> 25
        if word >> 7 & 31 == 0, funct7 == 0x09 {
            guard privilege >= 1, !(privilege == 1 && status & Status.tvm != 0) else { return illegal(word) }
            let rs1 = Int(word >> 15 & 31)
            if rs1 == 0 { flushTranslations() } else { flushTranslation(unsafe x[rs1]) }
            unsafe context.pointee.pc &+= length
            return true
        }
        return illegal(word)
    }

    func illegal(_ word: UInt32) -> Bool {
        unsafe context.pointee.cause = Cause.illegalInstruction
        unsafe context.pointee.trapValue = UInt64(word)
        return false
    }

    private func executeCSR(_ word: UInt32, length: UInt64) -> Bool {
        let number = Int(word >> 20)
        let rd = Int(word >> 7 & 31)
        let rs1 = Int(word >> 15 & 31)
        let funct3 = word >> 12 & 7
        let operand = unsafe funct3 & 4 != 0 ? UInt64(rs1) : x[rs1]
        let writes = funct3 & 3 == 1 || rs1 != 0
        if writes, number >> 10 == 3 { return illegal(word) }
        guard let old = readCSR(number) else { return illegal(word) }
        if writes {
            // SEIP reads as software's bit or the line, but is changed as software's alone.
            let base = unsafe number == CSR.mip ? context.pointee.mip : old
            let new: UInt64
            switch funct3 & 3 {
            case 1: new = operand
            case 2: new = base | operand
            case 3: new = base & ~operand
            default: return illegal(word)
            }
            guard writeCSR(number, new) else { return illegal(word) }
        } else if funct3 & 3 == 0 {
            return illegal(word)
        }
        unsafe x[rd == 0 ? 32 : rd] = old
        unsafe context.pointee.pc &+= length
        return true
    }

    /// cbo.inval, cbo.clean, cbo.flush, cbo.zero. Source: CMO extension; blocks are 64 bytes.
    func executeCBO(_ word: UInt32) -> Bool {
        let context = unsafe context
        let privilege = unsafe context.pointee.privilege
        func isEnabled(_ mask: UInt64) -> Bool {
            if privilege < 3, unsafe context.pointee.menvcfg & mask == 0 { return false }
            if privilege == 0, unsafe context.pointee.senvcfg & mask == 0 { return false }
            return true
        }
        guard word >> 7 & 31 == 0 else { return illegal(word) }
        let address = unsafe x[Int(word >> 15 & 31)] & ~63
        switch word >> 20 {
        case 0, 1, 2:
            guard isEnabled(word >> 20 == 0 ? Environment.cbie : Environment.cbcfe) else {
                return illegal(word)
            }
            // Memory is coherent: only the access has to be allowed.
            if unsafe resolve(address, 64, .read) != nil { return true }
            if unsafe context.pointee.cause == Cause.loadPage {
                unsafe context.pointee.cause = Cause.storePage
            }
            if unsafe context.pointee.cause == Cause.loadAccess {
                unsafe context.pointee.cause = Cause.storeAccess
            }
            return false
        case 4:
            guard isEnabled(Environment.cbze) else { return illegal(word) }
            switch unsafe resolve(address, 64, .write) {
            case .memory(let host)?:
                unsafe host.initializeMemory(as: UInt8.self, repeating: 0, count: 64)
                return true
            case nil: return false
            default:
                unsafe context.pointee.cause = Cause.storeAccess
                unsafe context.pointee.trapValue = address
                return false
            }
        default: return illegal(word)
        }
    }
}
