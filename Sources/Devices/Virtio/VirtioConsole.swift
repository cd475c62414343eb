public import GuestMemory
import VMState

/// virtio-serial (virtio 1.2, 5.3): consoles and ports over character backends.
public final class VirtioConsole: VirtioDevice, @unchecked Sendable {
    private enum Feature {
        static let multiport: UInt64 = 1 << 1
        static let emergencyWrite: UInt64 = 1 << 2
    }

    enum Queue {
        static let controlReceive = 2
        static let controlTransmit = 3
    }

    /// Ports that a device may have; it always has queues for all of them.
    public static let maxPorts = 31
    /// Emergency bytes that are kept until the device's thread writes them; more are dropped.
    private static let emergencyMax = 64 << 10
    /// Bytes of one request that are handled at a time.
    private static let chunk = 64 << 10
    /// Bytes of one request that are written at most, the rest is dropped: a stop waits for them. Drivers send a page.
    private static let longest = 16 << 20
    private static let emergencyOffset = 8

    public let ports: [VirtioConsolePort]
    var states: [VirtioConsolePortState]
    /// Messages for the guest that had no buffer yet.
    var messages: [[UInt8]] = []
    private var emergency: [UInt8] = []
    let chain = VirtqueueChain()
    /// For what comes from the host, on threads of its own.
    private let inputChain = VirtqueueChain()

    /// - Parameter ports: with different numbers.
    public init(ports: [VirtioConsolePort], isModern: Bool = false, memory: GuestMemory, lock: BoardLock) {
        precondition(
            Set(ports.map(\.id)).count == ports.count
                && ports.allSatisfy { (0..<VirtioConsole.maxPorts).contains($0.id) }, "wrong port numbers")
        self.ports = ports
        states = ports.map { VirtioConsolePortState(isHostConnected: $0.isConsole || $0.isHostConnected) }
        super.init(
            deviceID: 3, name: "virtio-console", queueCount: 2 * (VirtioConsole.maxPorts + 1),
            features: Feature.multiport | Feature.emergencyWrite, isModern: isModern, memory: memory,
            lock: lock)
    }

    // MARK: Configuration space

    override var config: [UInt8] {
        var config = LittleEndianBytes()
        config.append(UInt16(0))  // cols
        config.append(UInt16(0))  // rows
        config.append(UInt32(VirtioConsole.maxPorts))
        config.append(UInt32(0))  // emerg_wr
        return config.bytes
    }

    override func configWritten(_ offset: Int, size: Int, value: UInt32) {
        guard offset == VirtioConsole.emergencyOffset, emergency.count < VirtioConsole.emergencyMax else {
            return
        }
        emergency.append(UInt8(truncatingIfNeeded: value))
        kick(1 << 1)
    }

    override func resetDevice() {
        messages = []
        for index in states.indices {
            states[index].isGuestConnected = false
            states[index].restored = nil
        }
    }

    var isMultiport: Bool { has(Feature.multiport) }

    // MARK: The host's side

    /// How many bytes ``receive(_:port:)`` takes now: as many as the guest's next buffer holds, none while the device
    /// stands still. Nothing is kept in between, so nothing is left behind when the guest moves. With the board's lock
    /// held.
    public func room(port id: Int) -> Int {
        guard let queue = openReceiveQueue(port: id), pop(queue, into: inputChain) else { return 0 }
        queues[queue].rewind(1)
        return inputChain.writableCount
    }

    /// Gives the guest bytes, at most ``room(port:)``; returns how many were taken. With the board's lock held.
    @discardableResult
    public func receive(_ bytes: [UInt8], port id: Int) -> Int {
        guard let queue = openReceiveQueue(port: id), pop(queue, into: inputChain) else { return 0 }
        let count = inputChain.copyIn(bytes, at: 0)
        inputChain.markDirty(memory, count: count)
        push(inputChain, written: count)
        return count
    }

    /// Where a port's input goes; nil while the guest does not listen.
    private func openReceiveQueue(port id: Int) -> Int? {
        guard let index = ports.firstIndex(where: { $0.id == id }), status & VirtioStatus.driverOK != 0,
            !isMultiport || states[index].isGuestConnected
        else { return nil }
        return ports[index].receiveQueue
    }

    /// The host's end of a port was opened or closed.
    public func setHostConnected(_ isConnected: Bool, port id: Int) {
        guard let index = ports.firstIndex(where: { $0.id == id }) else { return }
        lock.withLock {
            guard states[index].isHostConnected != isConnected else { return }
            states[index].isHostConnected = isConnected
            tell(id, .portOpen, isConnected ? 1 : 0)
        }
    }

    // MARK: Requests

    override func serve(queue: Int) -> Bool {
        switch queue {
        case Queue.controlReceive:
            lock.withLock { sendMessages() }
            return true
        case Queue.controlTransmit:
            lock.withLock { while pop(queue, into: chain) { control() } }
            return true
        default: break
        }
        guard let index = ports.firstIndex(where: { $0.receiveQueue == queue || $0.transmitQueue == queue })
        else {
            return discard(queue)
        }
        guard queue == ports[index].receiveQueue else { return transmit(index) }
        ports[index].roomChanged()
        return true
    }

    /// Answers requests of a port that does not exist.
    private func discard(_ queue: Int) -> Bool {
        guard queue % 2 == 1 else { return true }
        while take(queue, into: chain) { complete(chain, written: 0) }
        return true
    }

    private func transmit(_ index: Int) -> Bool {
        let port = ports[index]
        if port.id == 0 {
            let bytes = lock.withLock {
                defer { emergency = [] }
                return emergency
            }
            if !bytes.isEmpty { port.write(bytes) }
        }
        while true {
            if isPausing { return false }
            var offset = 0
            let restored = lock.withLock {
                defer { states[index].restored = nil }
                return states[index].restored
            }
            if let restored {
                let isAdopted = lock.withLock {
                    adopt(restored.element, queue: port.transmitQueue, into: chain)
                }
                guard isAdopted else { return true }
                offset = chain.readable.prefix(Int(restored.segment)).reduce(0) { $0 + $1.count }
                offset += Int(clamping: min(restored.offset, UInt64(chain.readableCount)))
            } else {
                guard take(port.transmitQueue, into: chain) else { return true }
            }
            // Copies: the backend may block, and a reset must not wait for it. The transfer ends before the lock is
            // taken, as a reset holds the lock while it waits for the end.
            endTransfer()
            let isConnected = lock.withLock { !isMultiport || states[index].isGuestConnected }
            let end = min(chain.readableCount, offset + VirtioConsole.longest)
            while isConnected, offset < end {
                let bytes = chain.bytes(from: offset, count: min(VirtioConsole.chunk, end - offset))
                offset += bytes.count
                port.write(bytes)
            }
            complete(chain, written: 0)
        }
    }

    // MARK: State

    override func section(named place: String, transport: any VirtioTransport) -> VMStateSection? {
        section(at: place, transport: transport) { [self] in
            var state = VirtioConsoleState()
            state.maxPorts = UInt32(VirtioConsole.maxPorts)
            // Port 0 is taken, with or without a console in it.
            state.portsMap = [ports.reduce(1) { $0 | 1 << UInt32($1.id) }]
            state.ports = zip(ports, states).map { port, own in
                var state = VirtioConsoleState.Port(id: UInt32(port.id))
                state.isGuestConnected = own.isGuestConnected
                state.isHostConnected = own.isHostConnected
                state.element = own.restored
                return state
            }
            return state
        } set: { [self] (state, _) in
            messages = []
            for (index, port) in ports.enumerated() {
                guard let loaded = state.device.ports.first(where: { $0.id == UInt32(port.id) }) else {
                    continue
                }
                states[index].isGuestConnected = loaded.isGuestConnected
                states[index].restored = loaded.element
                // The guest is told when its idea of the host's end is not true here.
                if loaded.isHostConnected != states[index].isHostConnected {
                    tell(port.id, .portOpen, states[index].isHostConnected ? 1 : 0)
                }
            }
        }
    }
}
