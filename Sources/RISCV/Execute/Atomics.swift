import Synchronization

extension Hart {
    /// LR, SC and AMO on 32 and 64 bits, as real atomics on the guest's memory.
    ///
    /// SC compares memory with what LR has loaded, as QEMU does: an ABA change in between is not noticed.
    /// - Returns: false when it raised an exception.
    @inline(never)
    func executeAtomic(_ word: UInt32) -> Bool {
        let is64 = word >> 12 & 1 != 0
        let rd = Int(word >> 7 & 31)
        let target = rd == 0 ? 32 : rd
        let address = unsafe x[Int(word >> 15 & 31)]
        let operand = unsafe x[Int(word >> 20 & 31)]
        let operation = word >> 27
        let isLoad = operation == 2
        if isLoad, word >> 20 & 31 != 0 { return illegal(word) }
        if address & (is64 ? 7 : 3) != 0 {
            unsafe context.pointee.cause = isLoad ? 4 : Cause.storeMisaligned
            unsafe context.pointee.trapValue = address
            return false
        }
        if operation == 3, unsafe context.pointee.reservation != address {
            unsafe context.pointee.reservation = .max
            unsafe x[target] = 1
            return true
        }
        guard let place = unsafe resolve(address, is64 ? 8 : 4, isLoad ? .read : .write) else { return false }
        guard case .memory(let host) = unsafe place else {
            unsafe context.pointee.cause = isLoad ? Cause.loadAccess : Cause.storeAccess
            unsafe context.pointee.trapValue = address
            return false
        }
        switch operation {
        case 2:
            let value = unsafe is64 ? load64(host) : Self.extend(load32(host))
            unsafe x[target] = value
            unsafe context.pointee.reservation = address
            unsafe context.pointee.reservationValue = value
        case 3:
            let expected = unsafe context.pointee.reservationValue
            let done: Bool
            if is64 {
                (done, _) = unsafe atomic64(host).pointee.compareExchange(
                    expected: expected, desired: operand, ordering: .sequentiallyConsistent)
            } else {
                (done, _) = unsafe atomic32(host).pointee.compareExchange(
                    expected: UInt32(truncatingIfNeeded: expected),
                    desired: UInt32(truncatingIfNeeded: operand),
                    ordering: .sequentiallyConsistent)
            }
            unsafe context.pointee.reservation = .max
            unsafe x[target] = done ? 0 : 1
        default:
            let old: UInt64?
            if is64 {
                old = unsafe Self.change(atomic64(host), operation, operand)
            } else {
                old = unsafe Self.change(atomic32(host), operation, UInt32(truncatingIfNeeded: operand)).map(
                    Self.extend)
            }
            guard let old else { return illegal(word) }
            unsafe x[target] = old
        }
        return true
    }

    private func atomic64(_ host: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Atomic<UInt64>> {
        unsafe host.assumingMemoryBound(to: Atomic<UInt64>.self)
    }
    private func atomic32(_ host: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Atomic<UInt32>> {
        unsafe host.assumingMemoryBound(to: Atomic<UInt32>.self)
    }
    private func load64(_ host: UnsafeMutableRawPointer) -> UInt64 {
        unsafe atomic64(host).pointee.load(ordering: .sequentiallyConsistent)
    }
    private func load32(_ host: UnsafeMutableRawPointer) -> UInt32 {
        unsafe atomic32(host).pointee.load(ordering: .sequentiallyConsistent)
    }
    private static func extend(_ value: UInt32) -> UInt64 {
        UInt64(bitPattern: Int64(Int32(bitPattern: value)))
    }

    private static func change(
        _ word: UnsafeMutablePointer<Atomic<UInt64>>, _ operation: UInt32, _ operand: UInt64
    ) -> UInt64? {
        switch operation {
        case 0: unsafe word.pointee.wrappingAdd(operand, ordering: .sequentiallyConsistent).oldValue
        case 1: unsafe word.pointee.exchange(operand, ordering: .sequentiallyConsistent)
        case 4: unsafe word.pointee.bitwiseXor(operand, ordering: .sequentiallyConsistent).oldValue
        case 8: unsafe word.pointee.bitwiseOr(operand, ordering: .sequentiallyConsistent).oldValue
        case 12: unsafe word.pointee.bitwiseAnd(operand, ordering: .sequentiallyConsistent).oldValue
        case 16:
            unsafe update(word) {
                UInt64(bitPattern: Swift.min(Int64(bitPattern: $0), Int64(bitPattern: operand)))
            }
        case 20:
            unsafe update(word) {
                UInt64(bitPattern: Swift.max(Int64(bitPattern: $0), Int64(bitPattern: operand)))
            }
        case 24: unsafe update(word) { Swift.min($0, operand) }
        case 28: unsafe update(word) { Swift.max($0, operand) }
        default: nil
        }
    }

    private static func change(
        _ word: UnsafeMutablePointer<Atomic<UInt32>>, _ operation: UInt32, _ operand: UInt32
    ) -> UInt32? {
        switch operation {
        case 0: unsafe word.pointee.wrappingAdd(operand, ordering: .sequentiallyConsistent).oldValue
        case 1: unsafe word.pointee.exchange(operand, ordering: .sequentiallyConsistent)
        case 4: unsafe word.pointee.bitwiseXor(operand, ordering: .sequentiallyConsistent).oldValue
        case 8: unsafe word.pointee.bitwiseOr(operand, ordering: .sequentiallyConsistent).oldValue
        case 12: unsafe word.pointee.bitwiseAnd(operand, ordering: .sequentiallyConsistent).oldValue
        case 16:
            unsafe update(word) {
                UInt32(bitPattern: Swift.min(Int32(bitPattern: $0), Int32(bitPattern: operand)))
            }
        case 20:
            unsafe update(word) {
                UInt32(bitPattern: Swift.max(Int32(bitPattern: $0), Int32(bitPattern: operand)))
            }
        case 24: unsafe update(word) { Swift.min($0, operand) }
        case 28: unsafe update(word) { Swift.max($0, operand) }
        default: nil
        }
    }

    private static func update(
        _ word: UnsafeMutablePointer<Atomic<UInt64>>, _ body: (UInt64) -> UInt64
    ) -> UInt64 {
        var old = unsafe word.pointee.load(ordering: .relaxed)
        while true {
            let (done, seen) = unsafe word.pointee.weakCompareExchange(
                expected: old, desired: body(old), ordering: .sequentiallyConsistent)
            if done { return old }
            old = seen
        }
    }

    private static func update(
        _ word: UnsafeMutablePointer<Atomic<UInt32>>, _ body: (UInt32) -> UInt32
    ) -> UInt32 {
        var old = unsafe word.pointee.load(ordering: .relaxed)
        while true {
            let (done, seen) = unsafe word.pointee.weakCompareExchange(
                expected: old, desired: body(old), ordering: .sequentiallyConsistent)
            if done { return old }
            old = seen
        }
    }
}
