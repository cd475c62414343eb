import Bytes
import CPlatform
import Glibc
import GuestMemory
import MigrationStream
import Synchronization
import Threads
import Transport

/// The source's multifd channels: a thread each, which takes pages from a common queue, packs and sends them.
///
/// The migration's thread queues and waits; any thread may call ``shutdown()``.
final class MultifdSender: Sendable {
    /// Pages of one packet.
    struct Pages: Sendable {
        var block: Int
        /// Offsets in the block.
        var offsets: [UInt64]
    }

    private struct State {
        /// What no thread has taken yet, at most as many as there are channels.
        var queue: [Pages] = []
        /// Room for offsets, to be used again.
        var spare: [[UInt64]] = []
        /// Channels that shall send a SYNC once the queue is empty.
        var syncs: Set<Int> = []
        var failure: TransportError?
        var isOver = false
        var threads: [OSThread] = []
    }

    private enum Task {
        case pages(Pages)
        case sync
    }

    /// What a thread has for itself.
    private struct Lane: @unchecked Sendable {
        // Sendable: only the lane's thread uses the writer and the sender.
        let channel: Channel
        let writer: MultifdWriter
        /// With capability `zero-copy-send`.
        let zeroCopy: ZeroCopySender?
    }

    private let blocks: [RAMBlock]
    private let lanes: [Lane]
    private let state = SharedState(State())
    private let number = Atomic<UInt64>(1)
    private let sent = Atomic<UInt64>(0)
    private let missed = Atomic<UInt64>(0)

    /// How often a channel's pages had to be copied after all, from one SYNC to the next.
    var missedZeroCopies: UInt64 { missed.load(ordering: .relaxed) }

    /// Bytes that the channels have taken.
    var sentBytes: UInt64 { sent.load(ordering: .relaxed) }

    /// Says which channel a new connection is. At once: a QEMU takes no further one before it has read that.
    static func greet(_ channel: Channel, _ number: Int, uuid: [UInt8]?) throws(TransportError) {
        var handshake = ByteWriter()
        MultifdHandshake(uuid: uuid ?? Array(repeating: 0, count: 16), channel: UInt8(number))
            .encode(to: &handshake)
        try channel.write(handshake.bytes)
    }

    /// - Parameters:
    ///   - channels: connected and greeted, by their numbers.
    ///   - settings: the compression and its level.
    init(
        _ channels: [Channel], _ memory: GuestMemory, _ settings: MigrationSettings
    ) throws(TransportError) {
        let (compression, level) = settings.multifdPacking
        var lanes: [Lane] = []
        for (index, channel) in channels.enumerated() {
            guard let writer = MultifdWriter(compression, level: level) else {
                throw TransportError("multifd channel \(index): no memory for \(compression)")
            }
            let zeroCopy: ZeroCopySender?
            do throws(TransportError) {
                zeroCopy = settings.sendsWithoutCopy ? try ZeroCopySender(channel) : nil
            } catch {
                throw error.on(index)
            }
            lanes.append(Lane(channel: channel, writer: writer, zeroCopy: zeroCopy))
        }
        blocks = memory.blocks
        self.lanes = lanes
        sent.store(UInt64(channels.count * MultifdHandshake.length), ordering: .relaxed)
        let threads: [OSThread]
        do throws(MigrationError) {
            threads = try OSThread.group(
                channels.indices.map { "mig/src/send_\($0)" }, stop: { state.update { $0.isOver = true } }
            ) { [self] in work($0) }
        } catch {
            throw TransportError(error.description)
        }
        state.update { $0.threads = threads }
    }

    /// Queues the pages of one packet, once there is room, and empties `offsets`.
    ///
    /// - Parameter depth: packets of each channel that may lie in the queue: more of them keep the channels busy when the
    ///   migration's thread has to wait for a processor, and are sent whatever the bandwidth's limit says by then.
    func send(block: Int, _ offsets: inout [UInt64], depth: Int) throws(TransportError) {
        let pages = Pages(block: block, offsets: offsets)
        let limit = lanes.count * depth
        let result = state.wait { state -> Result<[UInt64], TransportError>? in
            if let failure = state.failure { return .failure(failure) }
            guard state.queue.count < limit else { return nil }
            state.queue.append(pages)
            return .success(state.spare.popLast() ?? [])
        }
        switch result {
        case .success(let room): offsets = room
        case .failure(let error): throw error
        case nil: break
        }
    }

    /// Sends all that is queued and then a SYNC on every channel. Returns when the channels have taken it, and with
    /// zero-copy, when the system needs no page any more.
    func synchronize() throws(TransportError) {
        state.update { $0.syncs = Set(lanes.indices) }
        let failure = state.wait { state -> TransportError?? in
            if let failure = state.failure { return .some(failure) }
            return state.syncs.isEmpty ? .some(nil) : nil
        }
        if case .some(.some(let error)) = failure { throw error }
    }

    /// Bytes that the peer has not acknowledged (tcp) or read (unix).
    var unsentBytes: Int { lanes.reduce(0) { $0 + ($1.channel.unsentBytes ?? 0) } }

    /// Bytes that the peers of the channels have room for, nil where that cannot be known (not tcp).
    var peerWindow: Int? {
        let windows = lanes.compactMap(\.channel.peerWindow)
        return windows.isEmpty ? nil : windows.reduce(0, +)
    }

    /// How long a channel has taken no byte, ms; nil when none waits so.
    var standstill: Int? { lanes.compactMap(\.channel.writeStandstill).max() }

    var threads: [MigrationThread] {
        state.read { $0.threads.map { MigrationThread(name: $0.name, id: $0.id) } }
    }

    /// Bounds every later wait of writes without progress, ms.
    func setWritePatience(milliseconds: Int) {
        for lane in lanes { lane.channel.setWritePatience(milliseconds: milliseconds) }
    }

    /// Cuts all channels, from any thread: whoever waits for them fails.
    func shutdown() { for lane in lanes { lane.channel.shutdown() } }

    /// Ends the threads and closes the channels. Once.
    func end() {
        let threads = state.update { state in
            state.isOver = true
            defer { state.threads = [] }
            return state.threads
        }
        shutdown()
        for thread in threads { thread.join() }
        for lane in lanes { lane.channel.close() }
    }

    // MARK: The threads

    private func work(_ index: Int) {
        let (channel, writer, zeroCopy) = (lanes[index].channel, lanes[index].writer, lanes[index].zeroCopy)
        do throws(TransportError) {
            while let task = next(index) {
                let number = number.wrappingAdd(1, ordering: .relaxed).oldValue
                switch task {
                case .pages(var pages):
                    let block = blocks[pages.block]
                    unsafe try writer.pages(
                        number: number, block: block.name, base: block.base, offsets: pages.offsets
                    ) { (vectors) throws(TransportError) in unsafe try write(vectors, channel, zeroCopy) }
                    pages.offsets.removeAll(keepingCapacity: true)
                    state.update { $0.spare.append(pages.offsets) }
                case .sync:
                    unsafe try writer.sync(number: number) { (vectors) throws(TransportError) in
                        unsafe try write(vectors, channel, nil)
                    }
                    if try zeroCopy?.finish() == true { missed.wrappingAdd(1, ordering: .relaxed) }
                    state.update { _ = $0.syncs.remove(index) }
                }
            }
        } catch {
            state.update { if $0.failure == nil { $0.failure = error.on(index) } }
        }
    }

    private func write(
        _ vectors: UnsafeMutableBufferPointer<iovec>, _ channel: Channel, _ zeroCopy: ZeroCopySender?
    ) throws(TransportError) {
        let count = unsafe vectors.reduce(0) { unsafe $0 + $1.iov_len }
        if let zeroCopy {
            // The head's room is used again at once.
            unsafe try channel.write(UnsafeMutableBufferPointer(rebasing: vectors[..<1]))
            unsafe try zeroCopy.write(UnsafeMutableBufferPointer(rebasing: vectors[1...]))
        } else {
            unsafe try channel.write(vectors)
        }
        sent.wrappingAdd(UInt64(count), ordering: .relaxed)
    }

    /// What to do next; nil at the end.
    private func next(_ index: Int) -> Task? {
        let task = state.wait { state -> Task?? in
            if state.isOver || state.failure != nil { return .some(nil) }
            if !state.queue.isEmpty { return .pages(state.queue.removeFirst()) }
            return state.syncs.contains(index) ? .sync : nil
        }
        return task ?? nil
    }
}

extension TransportError {
    /// The same error, on a channel other than the main one.
    func on(_ channel: Int) -> TransportError {
        TransportError(errno: errno, "multifd channel \(channel): \(description)")
    }
}
