public import GuestMemory
import Synchronization
import VMState

/// virtio-net (virtio 1.2, 5.1) with one queue pair and a control queue, over any ``NetworkBackend``.
public final class VirtioNet: VirtioDevice, @unchecked Sendable {
    enum Feature {
        static let ctrlGuestOffloads = VirtioNetState.ctrlGuestOffloads
        static let mac: UInt64 = 1 << 5
        static let gso: UInt64 = 1 << 6
        static let mergeableBuffers: UInt64 = 1 << 15
        static let status: UInt64 = 1 << 16
        static let ctrlVQ: UInt64 = 1 << 17
        static let ctrlRX: UInt64 = 1 << 18
        static let ctrlVLAN: UInt64 = 1 << 19
        static let ctrlRXExtra: UInt64 = 1 << 20
        static let guestAnnounce: UInt64 = 1 << 21
        static let ctrlMACAddress: UInt64 = 1 << 23
    }

    enum Queue {
        static let receive = 0
        static let transmit = 1
        static let control = 2
    }

    enum LinkStatus {
        static let up: UInt16 = 1
        static let announce: UInt16 = 2
    }

    /// Frames that wait for the guest; what comes on top is dropped, as on a wire.
    private static let waitingMax = 1024
    /// Longest frame in bytes.
    static let frameMax = 65536 + 18

    private let backend: (any NetworkBackend)?
    private let configuredMAC: [UInt8]
    /// Filter, addresses and link, as they migrate.
    var net = VirtioNetState()
    private let waiting = Mutex<FrameQueue>(FrameQueue(limit: waitingMax))
    let chain = VirtqueueChain()
    private var heads: [(head: UInt16, written: Int)] = []
    /// Whether the guest is to be asked for an announcement once it runs.
    private var announcesAtStart = false

    /// - Parameters:
    ///   - mac: 6 bytes.
    ///   - backend: nil for a card without a cable.
    public init(
        mac: [UInt8], backend: (any NetworkBackend)?, isModern: Bool = false, memory: GuestMemory,
        lock: BoardLock
    ) {
        precondition(mac.count == 6, "a hardware address has 6 bytes")
        self.backend = backend
        configuredMAC = mac
        let features =
            Feature.ctrlGuestOffloads | Feature.mac | Feature.mergeableBuffers | Feature.status
            | Feature.ctrlVQ | Feature.ctrlRX | Feature.ctrlVLAN | Feature.ctrlRXExtra
            | Feature.guestAnnounce | Feature.ctrlMACAddress
        super.init(
            deviceID: 1, name: "virtio-net", queueCount: 3,
            features: features, isModern: isModern, memory: memory, lock: lock)
        resetDevice()
        backend?.start { [weak self] frame in self?.receive(frame) }
    }

    public override func shutDown() {
        backend?.stop()
        super.shutDown()
    }

    override var legacyFeatures: UInt64 { Feature.gso }

    // MARK: Configuration space

    override var config: [UInt8] { net.mac + [UInt8(net.status & 0xff), UInt8(net.status >> 8)] }

    override func configWritten(_ offset: Int, size: Int, value: UInt32) {
        // Legacy drivers set the address here; VERSION_1 forbids it.
        guard !has(VirtioFeature.version1 | Feature.ctrlMACAddress) else { return }
        for index in 0..<size where offset + index < 6 {
            net.mac[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index))
        }
    }

    override func resetDevice() {
        net = VirtioNetState()
        net.mac = configuredMAC
        net.status = backend == nil ? 0 : LinkStatus.up
        net.promiscuous = 1
        waiting.withLock { $0.removeAll() }
    }

    override func featuresChanged() {
        net.mergeableReceiveBuffers = has(Feature.mergeableBuffers) ? 1 : 0
        net.vlans = Array(repeating: has(Feature.ctrlVLAN) ? 0 : 0xff, count: 512)
        net.guestOffloads = 0
    }

    /// Bytes of the header before each frame (virtio 1.2, 5.1.6).
    private var headerSize: Int {
        has(Feature.mergeableBuffers) || has(VirtioFeature.version1) ? 12 : 10
    }

    // MARK: Frames

    /// A frame from the network, on any thread.
    private func receive(_ frame: [UInt8]) {
        guard frame.count >= 14, frame.count <= VirtioNet.frameMax else { return }
        if waiting.withLock({ $0.append(frame) }) { kick(1 << UInt64(Queue.receive)) }
    }

    override func serve(queue: Int) -> Bool {
        switch queue {
        case Queue.receive: return deliver()
        case Queue.transmit: return transmit()
        default:
            lock.withLock { while pop(queue, into: chain) { control() } }
            return true
        }
    }

    private func transmit() -> Bool {
        while true {
            if isPausing { return false }
            guard take(Queue.transmit, into: chain) else { return true }
            let header = headerSize
            guard chain.readableCount >= header else {
                refuse(chain, "virtio-net header of \(chain.readableCount) bytes")
                return true
            }
            var frame: [UInt8] = []
            if chain.readableCount - header <= VirtioNet.frameMax {
                frame = chain.bytes(from: header, count: VirtioNet.frameMax)
            }
            // The network may block: neither the guest's memory nor the lock is held meanwhile.
            endTransfer()
            if frame.count >= 14 { backend?.send(frame) }
            complete(chain, written: 0)
        }
    }

    private func deliver() -> Bool {
        while true {
            if isPausing { return false }
            guard let frame = waiting.withLock({ $0.first }) else { return true }
            let isTaken = lock.withLock {
                guard status & VirtioStatus.driverOK != 0, brokenReason == nil else { return true }
                return accepts(frame) ? put(frame) : true
            }
            // Without room the driver tells us when it has made some.
            guard isTaken else { return true }
            waiting.withLock { $0.removeFirst() }
        }
    }

    /// Copies a frame into as many requests as it takes; false when there is no room. With the lock held.
    private func put(_ frame: [UInt8]) -> Bool {
        let queue = queues[Queue.receive]
        let header = headerSize
        let isMergeable = has(Feature.mergeableBuffers)
        heads.removeAll(keepingCapacity: true)
        var copied = 0
        var bufferCount: [UInt64?] = []
        while copied < frame.count {
            guard pop(Queue.receive, into: chain) else {
                queue.rewind(heads.count)
                return brokenReason != nil
            }
            let start = heads.isEmpty ? header : 0
            let room = chain.writableCount - start
            guard room > 0, isMergeable || room >= frame.count else {
                breakDown(.request("virtio-net receive buffer of \(chain.writableCount) bytes"))
                return true
            }
            if heads.isEmpty {
                chain.copyIn([UInt8](repeating: 0, count: header), at: 0)
                if header == 12 { chain.copyIn([1, 0], at: 10) }
                bufferCount = [chain.writableAddress(at: 10), chain.writableAddress(at: 11)]
            }
            let part = min(room, frame.count - copied)
            unsafe frame.withUnsafeBytes {
                unsafe _ = chain.copyIn(
                    UnsafeRawBufferPointer(rebasing: $0[copied..<copied + part]), at: start)
            }
            copied += part
            chain.markDirty(memory, count: start + part)
            heads.append((chain.head, start + part))
            guard heads.count < VirtioNet.waitingMax else { break }
        }
        if heads.count > 1 {
            for (index, address) in bufferCount.enumerated() {
                address.map {
                    _ = memory.store(UInt8(truncatingIfNeeded: heads.count >> (8 * index)), at: $0)
                }
            }
        }
        do throws(VirtqueueError) {
            for (index, item) in heads.enumerated() {
                try queue.fill(item.head, written: item.written, ahead: index)
            }
            try queue.publish(heads.count)
        } catch {
            breakDown(error)
            return true
        }
        interrupt(Queue.receive)
        return true
    }

    // MARK: After a migration

    /// Tells the network where the card now is: one gratuitous RARP frame, and the guest is asked to announce
    /// itself if it said that it can; one that stands still, when it runs again. Call it in rounds, from any thread,
    /// without the board's lock.
    public func announce() {
        let (mac, isUp) = lock.withLock {
            if isPausing { announcesAtStart = true } else { askForAnnouncement() }
            return (net.mac, net.status & LinkStatus.up != 0)
        }
        if isUp { backend?.send(announcementFrame(for: mac)) }
    }

    private func askForAnnouncement() {
        guard has(Feature.guestAnnounce), has(Feature.ctrlVQ), status & VirtioStatus.driverOK != 0 else {
            return
        }
        net.status |= LinkStatus.announce
        configChanged()
    }

    public override func resume() {
        super.resume()
        lock.withLock {
            if announcesAtStart { askForAnnouncement() }
            announcesAtStart = false
        }
    }

    // MARK: State

    override func section(named place: String, transport: any VirtioTransport) -> VMStateSection? {
        section(at: place, transport: transport) { [self] in
            net
        } set: { [self] (state, reader) throws(VMStateError) in
            let link = net.status & LinkStatus.up
            net = state.device
            // The cable is the receiver's own.
            net.status = net.status & ~LinkStatus.up | link
            guard net.guestOffloads == 0 else {
                throw reader.invalid(
                    "curr_guest_offloads", expected: "0: no offloads", found: "\(net.guestOffloads)")
            }
            waiting.withLock { $0.removeAll() }
        }
    }
}

/// Frames in order, at most `limit`.
struct FrameQueue {
    let limit: Int
    private var frames: [[UInt8]] = []
    private var start = 0

    init(limit: Int) { self.limit = limit }

    var first: [UInt8]? { start < frames.count ? frames[start] : nil }

    /// False when there is no room.
    mutating func append(_ frame: [UInt8]) -> Bool {
        guard frames.count - start < limit else { return false }
        if start >= limit {
            frames.removeFirst(start)
            start = 0
        }
        frames.append(frame)
        return true
    }

    mutating func removeFirst() {
        guard start < frames.count else { return }
        frames[start] = []
        start += 1
        if start == frames.count { removeAll() }
    }

    mutating func removeAll() {
        frames.removeAll(keepingCapacity: true)
        start = 0
    }
}
