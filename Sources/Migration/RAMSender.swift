import Bytes
import CPlatform
import Glibc
import GuestMemory
import MigrationStream
import Transport

/// Which pages are still to send, and the sending of them. One thread.
@safe
struct RAMSender: ~Copyable {
    /// Pages with contents that are sent with one call.
    static let batchCapacity = 256

    private let memory: GuestMemory
    private var bitmaps: [Bitmap]
    /// Pages that have to be looked at; the others are zeros.
    private var touched: [Bitmap]
    private var batch: RAMPageBatch
    private var block = 0
    private var page = 0
    /// Pages that are still to send.
    private(set) var dirtyPages: Int
    /// Sent so far.
    private(set) var counts = RAMCounts()
    private let ways: PageWays
    /// By block: the number of its first page over all blocks.
    private let firstPages: [Int]
    /// Which time the pages are gone through, from 1.
    private var pass: UInt64 = 1
    /// The guest has stopped: what is sent now is not sent again.
    private var isLast = false
    /// Pages that were looked at when the last period of the statistics ended.
    private var periodPages: UInt64 = 0
    /// Pages were marked anew: what was sent has to be in place before they are sent again.
    var needsSynchronization = false
    /// Bytes of the multifd channels, as far as they are in what ``send(_:id:bytes:milliseconds:to:)`` has returned.
    private(set) var multifdBytes: UInt64
    /// Pages of the next multifd packet, and their block.
    private var queued: [UInt64] = []
    private var queuedBlock = 0
    /// What is sent has to keep to a number of bytes.
    private var isLimited = true

    /// - Parameter memory: its dirty log is on.
    init(_ memory: GuestMemory, _ ways: PageWays) {
        self.memory = memory
        self.ways = ways
        multifdBytes = ways.multifd?.sentBytes ?? 0
        var first = 0
        firstPages = memory.blocks.map { block in
            defer { first += block.pageCount }
            return first
        }
        bitmaps = memory.blocks.map {
            var bitmap = Bitmap(count: $0.pageCount)
            bitmap.setAll()
            return bitmap
        }
        touched = memory.blocks.map { $0.touchedPages() }
        dirtyPages = memory.blocks.reduce(0) { $0 + $1.pageCount }
        batch = RAMPageBatch(blocks: memory.blocks.map(\.name), capacity: Self.batchCapacity)
    }

    /// Takes over what was written since the last time; returns how many pages.
    mutating func drainLog() -> Int {
        var added = 0
        for index in bitmaps.indices {
            var fresh = Bitmap(count: bitmaps[index].count)
            _ = memory.blocks[index].dirtyLog.drain(into: &fresh)
            for word in fresh.words.indices where fresh.words[word] != 0 {
                let bits = fresh.words[word]
                added += (bits & ~bitmaps[index].words[word]).nonzeroBitCount
                bitmaps[index].words[word] |= bits
                touched[index].words[word] |= bits
            }
        }
        dirtyPages += added
        needsSynchronization = true
        pass &+= 1
        return added
    }

    /// Gives the cache of differences another size, if it has not got it: it starts empty again.
    func resizeDeltaCache(_ size: UInt64?) {
        guard let size, let delta = ways.delta else { return }
        delta.resize(size)
    }

    private mutating func nextDirty() -> Bool {
        // Each block once from here on, and the first part of the present one again.
        for _ in 0...bitmaps.count {
            if let found = bitmaps[block].next(from: page) {
                page = found
                return true
            }
            block = block + 1 == bitmaps.count ? 0 : block + 1
            page = 0
        }
        return false
    }

    /// Sends one section of dirty pages: at most for `milliseconds` and `bytes`, or all of them. With no bytes it only has
    /// in place what was sent before.
    ///
    /// - Returns: bytes written.
    mutating func send(
        _ kind: SectionHeader.Kind, id: UInt32, bytes limit: Int = .max, milliseconds: Int? = nil,
        to channel: Channel
    ) throws(TransportError) -> Int {
        let end = milliseconds.map { cplatform_monotonic_ns() &+ Int64($0) * 1_000_000 }
        var written = 0
        // The channels go on between two calls.
        let before = multifdBytes
        var total: Int {
            written + batch.byteCount + Int(clamping: (ways.multifd?.sentBytes ?? 0) &- before)
        }
        isLast = kind == .end
        isLimited = limit < 1 << 40
        batch.removeAll()
        batch.beginSection(kind, id: id)
        if needsSynchronization, !ways.synchronizesBodies {
            try synchronize()
            // The channels take no page before the receiver has the mark.
            written += try flush(channel)
        }
        while limit > 0, dirtyPages > 0, nextDirty() {
            try takeWord(limit - written)
            if isFull { written += try flush(channel) }
            if total >= limit { break }
            if let end, !ways.isPlain || batch.isEmpty, cplatform_monotonic_ns() > end { break }
        }
        takePacked()
        if kind == .end || ways.synchronizesBodies { try synchronize() }
        batch.endSection(id: id)
        written += try flush(channel)
        multifdBytes = ways.multifd?.sentBytes ?? 0
        return written + Int(clamping: multifdBytes &- before)
    }

    /// No further page fits.
    private var isFull: Bool { batch.isFull(beside: ways.packers?.count ?? 0) }

    /// Has everything that was sent in place before what is sent from now on.
    private mutating func synchronize() throws(TransportError) {
        needsSynchronization = false
        guard let multifd = ways.multifd else { return }
        try sendQueued()
        try multifd.synchronize()
        if !ways.synchronizesBodies { batch.flushMultifd() }
    }

    /// Queues a page for the multifd channels.
    private mutating func queue(_ offset: UInt64) throws(TransportError) {
        if queuedBlock != block || queued.count == MultifdWriter.capacity { try sendQueued() }
        queuedBlock = block
        queued.append(offset)
    }

    private mutating func sendQueued() throws(TransportError) {
        guard !queued.isEmpty, let multifd = ways.multifd else { return }
        try multifd.send(block: queuedBlock, &queued, depth: isLimited ? 1 : 8)
    }

    /// Puts the dirty pages of the present word of the bitmap into the batch, from the present page on, until it is
    /// full or has `limit` bytes: at least one.
    private mutating func takeWord(_ limit: Int) throws(TransportError) {
        let ram = memory.blocks[block]
        let word = page >> 6
        let known = touched[block].words[word]
        var rest = bitmaps[block].words[word] & (.max << UInt64(page & 63))
        var taken: UInt64 = 0
        repeat {
            let bit = rest & (0 &- rest)
            rest ^= bit
            taken |= bit
            page = word << 6 + bit.trailingZeroBitCount
            let offset = UInt64(page) * UInt64(guestPageSize)
            if known & bit == 0 || ram.isZeroPage(page) {
                batch.appendZero(block: block, offset: offset)
                counts.zero &+= 1
                if pass > 1, !isLast { ways.delta?.sentZero(firstPages[block] + page, pass: pass) }
            } else {
                unsafe try take(offset, ram.base + page * guestPageSize)
            }
        } while rest != 0 && !isFull && batch.byteCount < limit
        page += 1
        bitmaps[block].words[word] &= ~taken
        dirtyPages -= taken.nonzeroBitCount
    }

    /// Sends the present page, which has contents, the way that the capabilities say.
    @inline(__always)
    private mutating func take(_ offset: UInt64, _ page: UnsafeRawPointer) throws(TransportError) {
        if ways.isPlain {
            unsafe batch.append(block: block, offset: offset, page: page)
            counts.normal &+= 1
        } else if ways.multifd != nil {
            try queue(offset)
            counts.normal &+= 1
        } else if let packers = ways.packers {
            if unsafe packers.pack(page, block: block, offset: offset) { return }
            unsafe batch.append(block: block, offset: offset, page: page)
            counts.normal &+= 1
        } else {
            unsafe takeDelta(offset, page)
        }
    }

    private mutating func takeDelta(_ offset: UInt64, _ page: UnsafeRawPointer) {
        guard pass > 1, let delta = ways.delta else {
            unsafe batch.append(block: block, offset: offset, page: page)
            counts.normal &+= 1
            return
        }
        switch unsafe delta.encode(firstPages[block] + self.page, page, pass: pass, isLast: isLast) {
        case .nothing: break
        case .delta(let delta):
            unsafe batch.appendDelta(block: block, offset: offset, delta: delta)
        case .whole:
            unsafe batch.append(block: block, offset: offset, page: page)
            counts.normal &+= 1
        case .copy(let copy):
            unsafe batch.append(block: block, offset: offset, page: copy)
            counts.normal &+= 1
        }
    }

    /// Takes over the pages that threads were given to pack, once they have.
    private mutating func takePacked() {
        guard let packers = ways.packers, packers.count > 0 else { return }
        for page in packers.finish() {
            unsafe batch.appendPacked(block: page.block, offset: page.offset, packed: page.bytes)
        }
    }

    private mutating func flush(_ channel: Channel) throws(TransportError) -> Int {
        takePacked()
        let count = batch.byteCount
        unsafe try batch.withIOVectors { (vectors) throws(TransportError) in unsafe try channel.write(vectors)
        }
        batch.removeAll()
        ways.written()
        return count
    }

    /// Pages of any kind that were looked at.
    var examinedPages: UInt64 {
        counts.normal &+ counts.zero &+ ways.deltaPages &+ (ways.packers?.statistics.pages ?? 0)
    }

    /// Ends a period of the statistics.
    mutating func endPeriod() {
        ways.delta?.endPeriod(examined: examinedPages &- periodPages)
        ways.packers?.endPeriod(examined: examinedPages &- periodPages)
        periodPages = examinedPages
    }

    /// How often multifd channels had to copy their pages after all.
    var missedZeroCopies: UInt64 { ways.multifd?.missedZeroCopies ?? 0 }
    /// Of capability `xbzrle`, and of `compress`; nil without.
    var deltaStatistics: XBZRLEStatistics? { ways.delta?.statistics }
    var packingStatistics: CompressionStatistics? { ways.packers?.statistics }
}

/// Holds the pages of one attempt for its thread, from the first pass to the switchover.
final class RAMQueue {
    var sender: RAMSender

    /// - Parameter memory: its dirty log is on.
    init(_ memory: GuestMemory, _ ways: PageWays) { sender = RAMSender(memory, ways) }
}
