import GuestMemory
import VMState

/// A virtio device behind a transport: what all kinds have in common.
///
/// A subclass says what it offers and serves its queues. Registers are touched with the board's lock held, by harts;
/// requests are served by the device's own thread, which takes the lock for the rings and leaves it for the I/O.
public class VirtioDevice: @unchecked Sendable {
    // Sendable: mutable state is touched with `lock` held.

    /// The device's number (virtio 1.2, 5).
    let deviceID: UInt32
    let lock: BoardLock
    let memory: GuestMemory
    let queues: [Virtqueue]
    /// Features that the kind of device offers, without those of all devices and of the transport.
    let ownFeatures: UInt64
    /// Whether the transport offers modern drivers VERSION_1.
    let isModern: Bool
    /// Whether the transport serves legacy drivers beside modern ones.
    var isTransitional = false

    var status: UInt8 = 0
    private(set) var isr: UInt8 = 0
    var queueSelect: UInt16 = 0
    private(set) var guestFeatures: UInt64 = 0
    /// Counts changes of the configuration space.
    private(set) var configGeneration: UInt32 = 0
    private(set) var isStarted = false
    private(set) var isDisabled = false
    /// Why the device waits for a reset; nil when it does not. Read it with the board's lock held.
    public private(set) var brokenReason: String?
    /// Counts resets: a request from before one is not answered.
    private var generation: UInt64 = 0
    /// The transport's line to the interrupt controller.
    var line: InterruptLine?
    private var worker: VirtioWorker?

    /// - Parameters:
    ///   - queueCount: at most 64.
    init(
        deviceID: UInt32, name: String, queueCount: Int, features: UInt64, isModern: Bool,
        memory: GuestMemory, lock: BoardLock
    ) {
        self.deviceID = deviceID
        self.lock = lock
        self.memory = memory
        self.isModern = isModern
        ownFeatures = features
        queues = (0..<queueCount).map { _ in
            Virtqueue(num: UInt32(virtioQueueMax), isModern: isModern, memory: memory)
        }
        worker = VirtioWorker(name: name) { [weak self] queues in self?.serve(queues) ?? 0 }
    }

    deinit { worker?.stop() }

    /// Ends the device's thread; no request is served any more. Not with the board's lock held.
    public func shutDown() { worker?.stop() }

    // MARK: For subclasses

    /// The configuration space as the driver reads it, little-endian.
    var config: [UInt8] { [] }
    /// The driver has written the configuration space.
    func configWritten(_ offset: Int, size: Int, value: UInt32) {}
    /// The driver has reset the device.
    func resetDevice() {}
    /// The driver has accepted features.
    func featuresChanged() {}
    /// Serves one queue until it is empty; false when it stopped because of ``isPausing``. On the device's thread.
    func serve(queue: Int) -> Bool { true }
    /// The section of this device, whose transport adds its registers.
    func section(named name: String, transport: any VirtioTransport) -> VMStateSection? { nil }
    /// Features that only legacy drivers are offered.
    var legacyFeatures: UInt64 { 0 }

    // MARK: Features

    /// All that is offered to the driver.
    var hostFeatures: UInt64 {
        ownFeatures | VirtioFeature.common | (isModern ? VirtioFeature.modern : 0)
            | (!isModern || isTransitional ? legacyFeatures : 0)
    }

    func has(_ feature: UInt64) -> Bool { guestFeatures & feature != 0 }

    /// The driver accepts features; false when they are not a subset of what is offered.
    @discardableResult
    func setFeatures(_ features: UInt64) -> Bool {
        guestFeatures = features & hostFeatures
        featuresChanged()
        return features & ~hostFeatures == 0
    }

    // MARK: Configuration space

    /// What a driver reads at an offset; all ones behind the end.
    func readConfig(_ offset: UInt64, size: Int) -> UInt64 {
        let config = config
        guard [1, 2, 4].contains(size) else { return 0 }
        guard offset < UInt64(config.count), Int(offset) <= config.count - size else {
            return (1 << UInt64(8 * size)) - 1
        }
        var value: UInt64 = 0
        for index in 0..<size { value |= UInt64(config[Int(offset) + index]) << UInt64(8 * index) }
        return value
    }

    /// What a driver writes; nothing behind the end.
    func writeConfig(_ offset: UInt64, size: Int, value: UInt32) {
        let count = config.count
        guard [1, 2, 4].contains(size), offset < UInt64(count), Int(offset) <= count - size else { return }
        configWritten(Int(offset), size: size, value: value)
    }

    // MARK: Status and interrupts

    func writeStatus(_ value: UInt8) {
        let old = status
        if value == 0 {
            resetRegisters()
            return
        }
        status = value | old & VirtioStatus.needsReset
        if value & VirtioStatus.driverOK != 0, old & VirtioStatus.driverOK == 0 {
            isStarted = true
            kickAll()
        }
    }

    /// What a driver's reset does: all but the transport's own registers.
    func resetRegisters() {
        generation &+= 1
        worker?.waitForTransfer()
        status = 0
        isr = 0
        queueSelect = 0
        guestFeatures = 0
        isStarted = false
        isDisabled = false
        brokenReason = nil
        for queue in queues { queue.reset() }
        line?.set(false)
        resetDevice()
    }

    /// Stops serving requests, or serves them again, without a word from the driver.
    func setDisabled(_ disabled: Bool) { isDisabled = disabled }

    /// The driver resets one queue (VIRTIO_F_RING_RESET).
    func resetQueue(_ index: Int) {
        generation &+= 1
        worker?.waitForTransfer()
        queues[index].reset()
    }

    func acknowledge(_ bits: UInt8) {
        isr &= ~bits
        updateLine()
    }

    func updateLine() { line?.set(isr != 0) }

    /// Raises an interrupt. The line is set even when it already is high: the PLIC does not sample it again.
    func raise(_ bits: UInt8) {
        isr |= bits
        updateLine()
    }

    /// The configuration space has changed by itself.
    func configChanged() {
        guard status & VirtioStatus.driverOK != 0 else { return }
        configGeneration &+= 1
        raise(VirtioInterrupt.configuration)
    }

    /// The driver broke the rules; the device does nothing until it is reset.
    func breakDown(_ error: VirtqueueError) {
        guard brokenReason == nil else { return }
        brokenReason = error.description
        if has(VirtioFeature.version1) {
            status |= VirtioStatus.needsReset
            raise(VirtioInterrupt.configuration)
        }
    }

    // MARK: Requests

    /// The driver has put requests into a queue.
    func notify(_ queue: Int) {
        guard queue >= 0, queue < queues.count, queue < 64, brokenReason == nil else { return }
        worker?.kick(1 << UInt64(queue))
    }

    func kickAll() { worker?.kick(queues.count >= 64 ? .max : 1 << UInt64(queues.count) - 1) }

    /// Wakes the device's thread for these queues, from any thread.
    func kick(_ queues: UInt64) { worker?.kick(queues) }

    private func serve(_ mask: UInt64) -> UInt64 {
        var left = mask
        while left != 0 {
            if isPausing { return left }
            let queue = left.trailingZeroBitCount
            if queue < queues.count, !serve(queue: queue) { return left }
            left &= left &- 1
        }
        return 0
    }

    /// True when the thread should stop after the present request.
    var isPausing: Bool { worker?.isPausing ?? true }

    /// Takes a queue's next request and begins its transfer. On the device's thread, without the lock.
    func take(_ queue: Int, into chain: VirtqueueChain) -> Bool {
        lock.withLock {
            guard pop(queue, into: chain) else { return false }
            worker?.beginTransfer()
            return true
        }
    }

    /// Takes a queue's next request, with the lock held. None while the device is to stand still.
    func pop(_ queue: Int, into chain: VirtqueueChain) -> Bool {
        guard brokenReason == nil, !isDisabled, !isPausing else { return false }
        do throws(VirtqueueError) {
            guard try queues[queue].pop(into: chain, features: guestFeatures) else { return false }
        } catch {
            breakDown(error)
            return false
        }
        chain.queue = queue
        chain.generation = generation
        return true
    }

    /// Takes up a request that the sender of a stream had taken, and begins its transfer; with the lock held.
    func adopt(_ element: VirtioElementState, queue: Int, into chain: VirtqueueChain) -> Bool {
        do throws(VirtqueueError) { try queues[queue].adopt(element, into: chain) } catch {
            breakDown(error)
            return false
        }
        chain.queue = queue
        chain.generation = generation
        worker?.beginTransfer()
        return true
    }

    /// The device has done with guest memory, and may go on with the request's data in its own.
    func endTransfer() { worker?.endTransfer() }

    /// Answers a request: logs what was written, tells the driver. Without the lock.
    func complete(_ chain: VirtqueueChain, written: Int) {
        chain.markDirty(memory, count: written)
        endTransfer()
        lock.withLock { push(chain, written: written) }
    }

    /// Ends a request that lacks what the device needs. Without the lock.
    func refuse(_ chain: VirtqueueChain, _ what: String) {
        endTransfer()
        lock.withLock { if isCurrent(chain) { breakDown(.request(what)) } }
    }

    /// False for a request from before a reset.
    func isCurrent(_ chain: VirtqueueChain) -> Bool { chain.generation == generation }

    /// Answers a request with the lock held; what was written has been logged.
    func push(_ chain: VirtqueueChain, written: Int) {
        guard isCurrent(chain), brokenReason == nil else { return }
        do throws(VirtqueueError) {
            try queues[chain.queue].fill(chain.head, written: written)
            try queues[chain.queue].publish()
        } catch {
            breakDown(error)
            return
        }
        interrupt(chain.queue)
    }

    /// Raises the queue interrupt when the driver wants one, with the lock held.
    func interrupt(_ queue: Int) {
        do throws(VirtqueueError) {
            if try queues[queue].wantsInterrupt(features: guestFeatures) { raise(VirtioInterrupt.queue) }
        } catch {
            breakDown(error)
        }
    }

    // MARK: Standing still

    /// Finishes the request at hand and serves no other before ``resume()``: guest memory, disk and state stand
    /// still. With the harts paused, and without the board's lock.
    public func quiesce() {
        // Whoever holds the lock finds the device as it was a moment before: input that a console has room for is taken.
        lock.withLock { worker?.holdBack() }
        worker?.pause()
    }

    /// Serves requests again, beginning with those that are waiting. At every start of the guest.
    public func resume() {
        worker?.resume()
        lock.withLock { if status & VirtioStatus.driverOK != 0 { kickAll() } }
    }

    // MARK: State

    /// Fills the common part of a section, with the lock held.
    func save<Device>(_ state: inout VirtioState<Device>) {
        state.status = status
        state.isr = isr
        state.queueSelect = queueSelect
        state.guestFeatures = guestFeatures
        state.config = config
        state.queues = queues.map(\.state)
        state.isBroken = brokenReason != nil
        state.isStarted = isStarted
        state.isDisabled = isDisabled
    }

    /// Takes the common part of a section, with the lock held. Stands still afterwards, until ``resume()``.
    func restore<Device>(
        _ state: VirtioState<Device>, _ reader: VMStateReader
    ) throws(VMStateError) {
        worker?.holdBack()
        worker?.waitForTransfer()
        generation &+= 1
        let unknown = state.guestFeatures & ~hostFeatures
        guard unknown == 0 else {
            throw reader.invalid(
                "guest_features", expected: "a subset of the features 0x\(String(hostFeatures, radix: 16))",
                found: "0x\(String(state.guestFeatures, radix: 16))")
        }
        status = state.status
        isr = state.isr
        queueSelect = state.queueSelect
        guestFeatures = state.guestFeatures
        isStarted = state.isStarted
        isDisabled = state.isDisabled
        brokenReason = state.isBroken ? "broken before the migration" : nil
        for (index, queue) in queues.enumerated() {
            guard index < state.queues.count else {
                queue.reset()
                continue
            }
            do throws(VirtqueueError) { try queue.restore(state.queues[index]) } catch {
                throw reader.invalid(
                    "vq", "[\(index)]", expected: "consistent rings", found: "\(error)")
            }
        }
        updateLine()
    }
}
