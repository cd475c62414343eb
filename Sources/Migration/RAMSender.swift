import Bytes
import CPlatform
import Glibc
import GuestMemory
import MigrationStream
import Transport

/// Which pages are still to send, and the sending of them. One thread.
@safe
struct RAMSender: ~Copyable {
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

    /// - Parameter memory: its dirty log is on.
    init(_ memory: GuestMemory) {
        self.memory = memory
        bitmaps = memory.blocks.map {
            var bitmap = Bitmap(count: $0.pageCount)
            bitmap.setAll()
            return bitmap
        }
        touched = memory.blocks.map { $0.touchedPages() }
        dirtyPages = memory.blocks.reduce(0) { $0 + $1.pageCount }
        batch = RAMPageBatch(blocks: memory.blocks.map(\.name), capacity: 256)
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
        return added
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

    /// Sends one section of dirty pages: at most for `milliseconds` and `bytes`, or all of them.
    ///
    /// - Returns: bytes written.
    mutating func send(
        _ kind: SectionHeader.Kind, id: UInt32, bytes limit: Int = .max, milliseconds: Int? = nil,
        to channel: Channel
    ) throws(TransportError) -> Int {
        let end = milliseconds.map { cplatform_monotonic_ns() &+ Int64($0) * 1_000_000 }
        var written = 0
        batch.removeAll()
        batch.beginSection(kind, id: id)
        while dirtyPages > 0, nextDirty() {
            takeWord(limit - written)
            guard batch.isFull || written + batch.byteCount >= limit else { continue }
            written += try flush(channel)
            if written >= limit { break }
            if let end, cplatform_monotonic_ns() > end { break }
        }
        batch.endSection(id: id)
        return written + (try flush(channel))
    }

    /// Puts the dirty pages of the present word of the bitmap into the batch, from the present page on, until it is
    /// full or has `limit` bytes: at least one.
    private mutating func takeWord(_ limit: Int) {
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
            } else {
                unsafe batch.append(block: block, offset: offset, page: ram.base + page * guestPageSize)
                counts.normal &+= 1
            }
        } while rest != 0 && !batch.isFull && batch.byteCount < limit
        page += 1
        bitmaps[block].words[word] &= ~taken
        dirtyPages -= taken.nonzeroBitCount
    }

    private mutating func flush(_ channel: Channel) throws(TransportError) -> Int {
        let count = batch.byteCount
        unsafe try batch.withIOVectors { (vectors) throws(TransportError) in unsafe try channel.write(vectors)
        }
        batch.removeAll()
        return count
    }
}

/// Holds the pages of one attempt for its thread, from the first pass to the switchover.
final class RAMQueue {
    var sender: RAMSender

    /// - Parameter memory: its dirty log is on.
    init(_ memory: GuestMemory) { sender = RAMSender(memory) }
}
