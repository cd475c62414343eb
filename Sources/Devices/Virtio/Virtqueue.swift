import GuestMemory
import Synchronization
import VMState

/// A split virtqueue (virtio 1.2, 2.7) seen by the device. All calls with the board's lock held.
///
/// The rings belong to the driver, which may be hostile: every index and address is checked when it is used, and
/// a broken rule is a ``VirtqueueError``.
final class Virtqueue {
    private let memory: GuestMemory
    /// What migrates: size, addresses, index of the next request.
    private(set) var state: VirtQueueState
    /// Whether the other rings follow from the descriptor table (legacy) or were given.
    let isModern: Bool

    /// The next entry of the used ring.
    private(set) var usedIndex: UInt16 = 0
    /// Requests taken and not answered.
    private(set) var inUse = 0
    /// The used index at the last interrupt; nil when not known.
    private var signalledUsed: UInt16?

    init(num: UInt32, isModern: Bool, memory: GuestMemory) {
        self.memory = memory
        self.isModern = isModern
        state = VirtQueueState(num: num)
    }

    // MARK: Set-up

    /// True when the driver has given it an address.
    var isReady: Bool { state.desc != 0 && state.num != 0 }

    func reset() {
        let size = state.defaultNum
        state = VirtQueueState(num: size)
        usedIndex = 0
        inUse = 0
        signalledUsed = nil
    }

    /// Takes a size that the driver chose; one that cannot be is passed over.
    func setSize(_ num: UInt32) {
        guard num > 0, num <= UInt32(virtioQueueMax) else { return }
        state.num = num
    }

    func setAlignment(_ align: UInt32) {
        guard align > 0, align & (align &- 1) == 0 else { return }
        state.align = align
    }

    func setAddresses(desc: UInt64, avail: UInt64 = 0, used: UInt64 = 0) {
        state.desc = desc
        state.avail = avail
        state.used = used
    }

    /// What a legacy driver says to a transport that serves both kinds: the rings follow one another.
    func setLegacyAddress(_ desc: UInt64) {
        let available = desc &+ 16 &* UInt64(state.num)
        let end = available &+ 6 &+ 2 &* UInt64(state.num)
        setAddresses(desc: desc, avail: available, used: (end &+ 4095) & ~4095)
    }

    /// The queue's message vector, all ones for none.
    var vector: UInt16 {
        get { state.vector }
        set { state.vector = newValue }
    }

    /// Takes the state of a stream; `expected` is told what a wrong one should have been.
    func restore(_ restored: VirtQueueState) throws(VirtqueueError) {
        state = restored
        signalledUsed = nil
        usedIndex = 0
        inUse = 0
        guard isReady else { return }
        guard let index = memory.load(UInt16.self, at: usedRing &+ 2) else { throw .ring(address: usedRing) }
        guard let available = memory.load(UInt16.self, at: availableRing &+ 2) else {
            throw .ring(address: availableRing)
        }
        guard UInt32(available &- state.lastAvailIndex) <= state.num else {
            throw .availableIndex(available, last: state.lastAvailIndex, num: state.num)
        }
        guard UInt32(state.lastAvailIndex &- index) <= state.num else {
            throw .request("used index \(index) is inconsistent with index \(state.lastAvailIndex)")
        }
        usedIndex = index
        inUse = Int(state.lastAvailIndex &- index)
    }

    // MARK: Layout

    private var availableRing: UInt64 { isModern ? state.avail : state.desc &+ 16 &* UInt64(state.num) }

    private var usedRing: UInt64 {
        if isModern { return state.used }
        let end = availableRing &+ 4 &+ 2 &* UInt64(state.num)
        let mask = UInt64(state.align) &- 1
        return (end &+ mask) & ~mask
    }

    /// Behind the available ring: the used index at which the driver wants an interrupt.
    private var usedEvent: UInt64 { availableRing &+ 4 &+ 2 &* UInt64(state.num) }
    /// Behind the used ring: the available index at which the device wants to be notified.
    private var availableEvent: UInt64 { usedRing &+ 4 &+ 8 &* UInt64(state.num) }

    private func load16(_ address: UInt64) throws(VirtqueueError) -> UInt16 {
        guard let value = memory.load(UInt16.self, at: address) else { throw .ring(address: address) }
        return value
    }

    // MARK: Requests

    /// Takes the next request, or asks the driver for a notification when there is none.
    func pop(into chain: VirtqueueChain, features: UInt64) throws(VirtqueueError) -> Bool {
        guard isReady else { return false }
        var available = try load16(availableRing &+ 2)
        if available == state.lastAvailIndex {
            guard features & VirtioFeature.eventIndex != 0 else { return false }
            // The driver reads the event after it has written its index; we do it the other way round, so that
            // one of us sees the other.
            guard memory.store(state.lastAvailIndex, at: availableEvent) else {
                throw .ring(address: availableEvent)
            }
            atomicMemoryFence(ordering: .sequentiallyConsistent)
            available = try load16(availableRing &+ 2)
            if available == state.lastAvailIndex { return false }
        }
        guard UInt32(available &- state.lastAvailIndex) <= state.num else {
            throw .availableIndex(available, last: state.lastAvailIndex, num: state.num)
        }
        atomicMemoryFence(ordering: .acquiring)
        let slot = UInt64(UInt32(state.lastAvailIndex) % state.num)
        let head = try load16(availableRing &+ 4 &+ 2 &* slot)
        try collect(head, into: chain, features: features)
        state.lastAvailIndex &+= 1
        inUse += 1
        return true
    }

    private struct Descriptor {
        static let next: UInt16 = 1
        static let write: UInt16 = 2
        static let indirect: UInt16 = 4
        let address: UInt64
        let length: UInt32
        let flags: UInt16
        let next: UInt16
    }

    private func descriptor(
        _ index: UInt16, table: UInt64, count: UInt32
    ) throws(VirtqueueError) -> Descriptor {
        guard UInt32(index) < count else { throw .descriptor(index, of: count) }
        let address = table &+ 16 &* UInt64(index)
        guard let bytes = unsafe memory.bytes(at: address, count: 16) else { throw .ring(address: address) }
        return unsafe Descriptor(
            address: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
            length: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self)),
            flags: UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 12, as: UInt16.self)),
            next: UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 14, as: UInt16.self)))
    }

    private func collect(
        _ head: UInt16, into chain: VirtqueueChain, features: UInt64
    ) throws(VirtqueueError) {
        chain.begin(head)
        var (table, count) = (state.desc, state.num)
        var item = try descriptor(head, table: table, count: count)
        if item.flags & Descriptor.indirect != 0 {
            guard item.length > 0, item.length % 16 == 0, features & VirtioFeature.indirectDescriptors != 0,
                item.flags & Descriptor.next == 0
            else { throw .indirect(length: item.length) }
            (table, count) = (item.address, item.length / 16)
            item = try descriptor(0, table: table, count: count)
        }
        var seen: UInt32 = 1
        while true {
            guard item.flags & Descriptor.indirect == 0 else { throw .indirect(length: item.length) }
            try chain.append(
                item.address, item.length, isWritable: item.flags & Descriptor.write != 0, in: memory)
            guard item.flags & Descriptor.next != 0 else { return }
            seen += 1
            guard seen <= count else { throw .loop }
            item = try descriptor(item.next, table: table, count: count)
        }
    }

    /// A request that the sender of a stream had taken: mapped anew.
    func adopt(_ element: VirtioElementState, into chain: VirtqueueChain) throws(VirtqueueError) {
        guard element.index < state.num else {
            throw .descriptor(UInt16(clamping: element.index), of: state.num)
        }
        chain.begin(UInt16(element.index))
        for segment in element.readable {
            let length = UInt32(clamping: segment.length)
            try chain.append(segment.address, length, isWritable: false, in: memory)
        }
        for segment in element.writable {
            let length = UInt32(clamping: segment.length)
            try chain.append(segment.address, length, isWritable: true, in: memory)
        }
    }

    /// Puts the last `count` requests back: they are taken again.
    func rewind(_ count: Int) {
        guard count > 0, count <= inUse else { return }
        state.lastAvailIndex &-= UInt16(count)
        inUse -= count
    }

    /// Writes one entry of the used ring that the driver does not see before ``publish(_:)``.
    func fill(_ head: UInt16, written: Int, ahead: Int = 0) throws(VirtqueueError) {
        let slot = UInt64(UInt32(usedIndex &+ UInt16(truncatingIfNeeded: ahead)) % max(1, state.num))
        let entry = usedRing &+ 4 &+ 8 &* slot
        guard memory.store(UInt32(head), at: entry), memory.store(UInt32(clamping: written), at: entry &+ 4)
        else { throw .ring(address: entry) }
    }

    /// Shows `count` filled entries to the driver.
    func publish(_ count: Int = 1) throws(VirtqueueError) {
        atomicMemoryFence(ordering: .releasing)
        usedIndex &+= UInt16(truncatingIfNeeded: count)
        inUse -= count
        guard memory.store(usedIndex, at: usedRing &+ 2) else { throw .ring(address: usedRing) }
    }

    /// Whether the driver wants an interrupt for what was published since the last one.
    func wantsInterrupt(features: UInt64) throws(VirtqueueError) -> Bool {
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        if features & VirtioFeature.notifyOnEmpty != 0, inUse == 0,
            try load16(availableRing &+ 2) == state.lastAvailIndex
        {
            return true
        }
        guard features & VirtioFeature.eventIndex != 0 else { return try load16(availableRing) & 1 == 0 }
        let old = signalledUsed
        signalledUsed = usedIndex
        guard let old else { return true }
        return usedIndex &- (try load16(usedEvent)) &- 1 < usedIndex &- old
    }
}
