import Bytes
import GuestMemory
import MigrationStream
import Threads
import Transport

/// A multifd channel whose handshake has been read.
struct MultifdChannel: @unchecked Sendable {
    // Sendable: one thread uses the reader, from the handshake on the channel's own.
    let channel: Channel
    let reader: MultifdReader
}

/// The destination's multifd channels: a thread each, which puts pages where they belong and stands still at each SYNC
/// until the main channel has come to the mark.
final class MultifdReceiver: Sendable {
    private struct State {
        var threads: [OSThread] = []
        var target: Memory?
        /// Channels that stand at a SYNC.
        var waiting = 0
        /// Goes up each time that they are let on.
        var round = 0
        /// Channels that have ended in order.
        var ended: Set<Int> = []
        var failure: StreamError?
        var isOver = false
    }

    /// Where pages go, as the stream's block list says; made before the first thread starts.
    private struct Memory: Sendable {
        let blocks: [RAMBlock]
        let written: [ReceivedPages]
        let large: [LargePages]
        let lengths: [UInt64]
        let indexes: [String: Int]
    }

    private let channels: [MultifdChannel]
    private let compression: MultifdPacket.Compression
    private let memory: GuestMemory
    private let state = SharedState(State())
    private let failed: @Sendable () -> Void

    /// - Parameters:
    ///   - channels: by their numbers.
    ///   - compression: what the source must have, too.
    ///   - failed: called when a channel has failed, from its thread: ends the wait for the main channel's bytes.
    init(
        _ channels: [MultifdChannel], _ compression: MultifdPacket.Compression, memory: GuestMemory,
        failed: @escaping @Sendable () -> Void
    ) {
        self.channels = channels
        self.compression = compression
        self.memory = memory
        self.failed = failed
    }

    /// There are no channels: the main one brings all pages.
    var isEmpty: Bool { channels.isEmpty }

    /// Why a channel has failed, nil when none has.
    var failure: StreamError? { state.read { $0.failure } }

    /// How long no byte has come on any of the channels that are waited for, ms.
    var standstill: Int? {
        let times = channels.compactMap(\.channel.readStandstill)
        return times.count < channels.count - state.read { $0.waiting } ? nil : times.min()
    }

    /// The main channel is at a mark: waits until every channel is, then lets all of them on.
    func synchronize(with ram: IncomingRAM) throws(StreamError) {
        if state.read({ $0.threads.isEmpty }) { try start(ram) }
        let count = channels.count
        let failure = state.wait { state -> StreamError?? in
            if let failure = state.failure { return .some(failure) }
            if let ended = state.ended.min() {
                return StreamError(
                    .value(expected: "a SYNC packet for the mark on the main channel", found: "the end"),
                    path: ["multifd channel \(ended)", "packet"],
                    offset: self.channels[ended].reader.input.offset)
            }
            if state.isOver {
                return StreamError(.notSupported("going on after the end"), path: ["multifd"], offset: 0)
            }
            guard state.waiting == count else { return nil }
            state.waiting = 0
            state.round += 1
            return .some(nil)
        }
        if case .some(.some(let error)) = failure { throw error }
    }

    /// Ends all channels and their threads: nothing is written to the guest's memory after this.
    func end() {
        let (threads, target) = state.update { state in
            state.isOver = true
            defer { (state.threads, state.target) = ([], nil) }
            return (state.threads, state.target)
        }
        shutdown()
        for thread in threads { thread.join() }
        if let target {
            for (large, written) in zip(target.large, target.written) { large.giveBack(written) }
        }
        for item in channels { item.channel.close() }
    }

    /// Cuts all channels, from any thread.
    func shutdown() { for item in channels { item.channel.shutdown() } }

    // MARK: The threads

    private func start(_ ram: IncomingRAM) throws(StreamError) {
        var indexes: [String: Int] = [:]
        for (index, block) in memory.blocks.enumerated() where ram.lengths[index] > 0 {
            indexes[block.name] = index
        }
        let target = Memory(
            blocks: memory.blocks, written: ram.written, large: memory.blocks.map(LargePages.init),
            lengths: ram.lengths, indexes: indexes)
        let threads: [OSThread]
        do throws(MigrationError) {
            threads = try OSThread.group(
                channels.indices.map { "mig/dst/recv_\($0)" },
                stop: {
                    state.update { $0.isOver = true }
                    shutdown()
                }
            ) { [self] in work($0, target) }
        } catch {
            throw StreamError(
                .value(expected: "\(channels.count) threads", found: error.description), path: ["multifd"],
                offset: 0, remedy: "raise the limit, or set fewer multifd-channels on both sides")
        }
        state.update { state in
            state.threads = threads
            state.target = target
        }
    }

    private func work(_ number: Int, _ target: Memory) {
        let reader = channels[number].reader
        do throws(StreamError) {
            while let item = unsafe try reader.next(into: { (packet) throws(StreamError) in
                unsafe try place(packet, target, reader.start)
            }) {
                guard case .packet(let packet) = item else {
                    throw StreamError(
                        .notSupported("a device's state in a multifd channel"), path: ["packet"],
                        offset: reader.start)
                }
                try zero(packet, target, reader.start)
                if packet.isSync, !stand() { return }
            }
            state.update { _ = $0.ended.insert(number) }
        } catch {
            let isFirst = state.update { state in
                defer { if state.failure == nil { state.failure = error.on("multifd channel \(number)") } }
                return state.failure == nil && !state.isOver
            }
            if isFirst { failed() }
        }
    }

    /// Stands still at a SYNC; false when all is over.
    private func stand() -> Bool {
        let round = state.update { state in
            state.waiting += 1
            return state.round
        }
        return state.wait { state -> Bool? in
            if state.round != round { return true }
            return state.isOver || state.failure != nil ? false : nil
        } ?? false
    }

    private func index(
        _ packet: MultifdPacket, _ target: Memory, _ start: UInt64
    ) throws(StreamError) -> Int {
        guard let index = target.indexes[packet.block] else {
            throw StreamError(
                .value(expected: "a block of the block list", found: "'\(packet.block)'"),
                path: ["packet", "block"], offset: start + 64)
        }
        try packet.checkOffsets(below: target.lengths[index], pageSize: guestPageSize, start: start)
        return index
    }

    /// So many new pages in a row come where memory is filled from end to end.
    private static let longRun = 64

    /// Where the pages of a packet go: those that follow each other as one piece.
    private func place(
        _ packet: MultifdPacket, _ target: Memory, _ start: UInt64
    ) throws(StreamError) -> [UnsafeMutableRawBufferPointer] {
        guard packet.compression == compression else {
            throw StreamError(
                .value(expected: "pages packed with \(compression)", found: "with \(packet.compression)"),
                path: ["packet", "flags"], offset: start + 8,
                remedy: "set multifd-compression to the same on both sides")
        }
        let index = try index(packet, target, start)
        let block = target.blocks[index]
        var pieces = unsafe [UnsafeMutableRawBufferPointer]()
        let offsets = packet.normal
        var first = 0
        for number in 1...offsets.count
        where number == offsets.count || offsets[number] != offsets[number - 1] &+ UInt64(guestPageSize) {
            let page = Int(offsets[first]) / guestPageSize
            let count = number - first
            let piece = unsafe UnsafeMutableRawBufferPointer(
                start: block.base + page * guestPageSize, count: count * guestPageSize)
            let pages = page..<page + count
            if target.written[index].insert(pages) == count, count >= Self.longRun {
                target.large[index].prepare(pages)
            }
            unsafe pieces.append(piece)
            first = number
        }
        return unsafe pieces
    }

    private func zero(_ packet: MultifdPacket, _ target: Memory, _ start: UInt64) throws(StreamError) {
        guard !packet.zero.isEmpty else { return }
        let index = try index(packet, target, start)
        for offset in packet.zero {
            let page = Int(offset) / guestPageSize
            if target.written[index].contains(page) { target.blocks[index].clear(page) }
        }
    }
}
