import CPlatform
import Glibc
public import GuestMemory
import VMState

/// virtio-balloon (virtio 1.2, 5.5): the guest gives pages back, the host drops their memory.
public final class VirtioBalloon: VirtioDevice, @unchecked Sendable {
    private enum Feature {
        static let statistics: UInt64 = 1 << 1
    }

    private enum Queue {
        static let inflate = 0
        static let deflate = 1
        static let statistics = 2
    }

    /// Page frame numbers taken from one request.
    private static let requestMax = 64 << 10

    private let chain = VirtqueueChain()
    /// The statistics request that the guest has filled, held until new ones are wanted.
    private let statisticsChain = VirtqueueChain()
    private var hasStatistics = false
    /// Pages of 4 KiB that the host wants, and that the guest has given.
    private var pages: UInt32 = 0
    private var actual: UInt32 = 0
    /// Tag (virtio 1.2, 5.5.6.4) and value of the last statistics.
    private var lastStatistics: [UInt16: UInt64] = [:]
    /// When the last statistics came, in seconds since 1970; 0 if none did.
    private var lastUpdate: Int64 = 0
    /// How often statistics have come.
    private var updates = 0
    /// Told of every change of ``givenPages``, with the board's lock held.
    public var onChange: (@Sendable (UInt32) -> Void)?
    /// How often a management program wants to have statistics, in seconds. Kept for it; they are asked for when read.
    public private(set) var pollingInterval: UInt32 = 0

    public init(isModern: Bool = false, memory: GuestMemory, lock: BoardLock) {
        super.init(
            deviceID: 5, name: "virtio-balloon", queueCount: 3, features: Feature.statistics,
            isModern: isModern, memory: memory, lock: lock)
    }

    // MARK: The host's side

    /// Pages of 4 KiB that the guest is asked to give; it takes its time.
    public func setTarget(pages: UInt32) {
        lock.withLock {
            self.pages = pages
            configChanged()
        }
    }

    /// Pages of 4 KiB that the guest has given.
    public var givenPages: UInt32 { lock.withLock { actual } }

    /// Sets ``pollingInterval``.
    public func setPollingInterval(seconds: UInt32) { lock.withLock { pollingInterval = seconds } }

    /// Asks a running guest for statistics.
    ///
    /// - Returns: what ``statistics(after:)`` waits for; nil when the guest has the request already, or takes none.
    public func requestStatistics() -> Int? {
        lock.withLock {
            guard hasStatistics else { return nil }
            hasStatistics = false
            push(statisticsChain, written: 0)
            return updates
        }
    }

    /// The guest's last statistics: values by tag, and when they came, in seconds since 1970 (0: never). Waits a moment
    /// for those that were asked for: a guest that is paused, or busy, does not answer.
    public func statistics(after request: Int? = nil) -> (values: [UInt16: UInt64], time: Int64) {
        if let request {
            for _ in 0..<40 where lock.withLock({ updates }) == request { usleep(5000) }
        }
        return lock.withLock { (lastStatistics, lastUpdate) }
    }

    // MARK: The driver's side

    override var config: [UInt8] {
        var config = LittleEndianBytes()
        config.append(pages)
        config.append(actual)
        config.append(UInt32(0))  // free_page_hint_cmd_id
        config.append(UInt32(0))  // poison_val
        return config.bytes
    }

    override func configWritten(_ offset: Int, size: Int, value: UInt32) {
        // Drivers of a legacy transport write byte by byte.
        let before = actual
        for index in 0..<size where (4..<8).contains(offset + index) {
            let shift = UInt32(8 * (offset + index - 4))
            actual = actual & ~(0xff << shift) | (value >> UInt32(8 * index) & 0xff) << shift
        }
        if actual != before { onChange?(actual) }
    }

    override func resetDevice() {
        hasStatistics = false
        lastStatistics = [:]
    }

    override func serve(queue: Int) -> Bool {
        if queue == Queue.statistics {
            takeStatistics()
            return true
        }
        while take(queue, into: chain) {
            if queue == Queue.inflate { inflate() }
            complete(chain, written: 0)
            if isPausing { return false }
        }
        return true
    }

    private func inflate() {
        let numbers = LittleEndianReader(chain.bytes(from: 0, count: 4 * VirtioBalloon.requestMax))
        for index in 0..<numbers.bytes.count / 4 {
            let address = UInt64(numbers.uint32(at: 4 * index)) << 12
            guard let region = memory.region(at: address), region.isWritable else { continue }
            region.block.discard(at: Int(address - region.address), count: guestPageSize)
            memory.markDirty(at: address, count: guestPageSize)
        }
    }

    private func takeStatistics() {
        lock.withLock {
            while pop(Queue.statistics, into: chain) {
                // A second one while one is held: the driver gets the older one back.
                if hasStatistics { push(statisticsChain, written: 0) }
                statisticsChain.begin(chain.head)
                statisticsChain.queue = chain.queue
                statisticsChain.generation = chain.generation
                hasStatistics = true
                lastUpdate = cplatform_realtime_ns() / 1_000_000_000
                updates += 1
                let values = LittleEndianReader(chain.bytes(from: 0, count: 10 * 64))
                lastStatistics = [:]
                for index in 0..<values.bytes.count / 10 {
                    lastStatistics[values.uint16(at: 10 * index)] = values.uint64(at: 10 * index + 2)
                }
            }
        }
    }

    // MARK: State

    override func section(named place: String, transport: any VirtioTransport) -> VMStateSection? {
        section(at: place, transport: transport) { [self] in
            var state = VirtioBalloonState()
            state.pages = pages
            state.actual = actual
            return state
        } set: { [self] (state, _) in
            pages = state.device.pages
            actual = state.device.actual
            hasStatistics = false
        }
    }

    public override func resume() {
        lock.withLock {
            // The request that the sender of a stream held is taken once more. Not before: a guest that is sent on
            // without having run stays what it was.
            let statistics = queues[Queue.statistics]
            if !hasStatistics { statistics.rewind(statistics.inUse) }
        }
        super.resume()
    }
}
