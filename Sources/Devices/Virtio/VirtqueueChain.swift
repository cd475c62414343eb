import CPlatform
import GuestMemory

/// One request of a driver: the buffers of a descriptor chain, checked and mapped. Reused from request to request.
@safe
final class VirtqueueChain {
    /// A buffer in guest memory.
    @safe
    struct Segment {
        /// Guest physical address.
        let address: UInt64
        let base: UnsafeMutableRawPointer
        /// Bytes, at least 1.
        let count: Int
    }

    /// Buffers in one chain, over both directions.
    static let segmentMax = 1024

    /// Descriptor that the used ring is told.
    fileprivate(set) var head: UInt16 = 0
    /// The queue it came from and the device's generation at that time: a reset makes it void.
    var queue = 0
    var generation: UInt64 = 0
    /// Buffers that the device reads.
    private(set) var readable: [Segment] = []
    /// Buffers that the device writes.
    private(set) var writable: [Segment] = []
    /// Sums of the buffers' bytes.
    private(set) var readableCount = 0
    private(set) var writableCount = 0

    func begin(_ head: UInt16) {
        self.head = head
        readable.removeAll(keepingCapacity: true)
        writable.removeAll(keepingCapacity: true)
        readableCount = 0
        writableCount = 0
    }

    /// Adds a buffer after checking that it is memory the device may use that way.
    func append(
        _ address: UInt64, _ length: UInt32, isWritable: Bool, in memory: GuestMemory
    ) throws(VirtqueueError) {
        guard readable.count + writable.count < VirtqueueChain.segmentMax else { throw .loop }
        guard isWritable || writable.isEmpty else { throw .order }
        guard length > 0, let region = memory.region(at: address), region.isWritable || !isWritable,
            let bytes = unsafe region.block.bytes(at: Int(address - region.address), count: Int(length)),
            let base = bytes.baseAddress
        else { throw .buffer(address: address, length: length) }
        let segment = unsafe Segment(address: address, base: base, count: Int(length))
        if isWritable {
            writable.append(segment)
            writableCount += segment.count
        } else {
            readable.append(segment)
            readableCount += segment.count
        }
    }

    /// Copies bytes of the readable buffers from `offset` on; returns how many there were.
    func copyOut(from offset: Int, into target: UnsafeMutableRawBufferPointer) -> Int {
        var copied = 0
        unsafe VirtqueueChain.each(readable, from: offset, count: target.count) { base, count in
            unsafe target.baseAddress.map { unsafe ($0 + copied).copyMemory(from: base, byteCount: count) }
            copied += count
        }
        return copied
    }

    /// The readable buffers' bytes from `offset` on, at most `count`.
    func bytes(from offset: Int, count: Int) -> [UInt8] {
        let count = max(0, min(count, readableCount - offset))
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = unsafe copyOut(from: offset, into: UnsafeMutableRawBufferPointer(buffer))
        }
    }

    /// Copies bytes to the writable buffers at `offset`; returns how many there was room for. Does not log.
    @discardableResult
    func copyIn(_ source: UnsafeRawBufferPointer, at offset: Int) -> Int {
        var copied = 0
        unsafe VirtqueueChain.each(writable, from: offset, count: source.count) { base, count in
            unsafe source.baseAddress.map { unsafe base.copyMemory(from: $0 + copied, byteCount: count) }
            copied += count
        }
        return copied
    }

    @discardableResult
    func copyIn(_ source: [UInt8], at offset: Int) -> Int {
        unsafe source.withUnsafeBytes { unsafe copyIn($0, at: offset) }
    }

    /// Vectors over a part of the buffers.
    func vectors(isWritable: Bool, from offset: Int, count: Int) -> [iovec] {
        var vectors: [iovec] = unsafe []
        unsafe vectors.reserveCapacity(isWritable ? writable.count : readable.count)
        unsafe VirtqueueChain.each(isWritable ? writable : readable, from: offset, count: count) {
            base, count in
            unsafe vectors.append(iovec(iov_base: base, iov_len: count))
        }
        return unsafe vectors
    }

    /// Guest physical address of a byte of the writable buffers.
    func writableAddress(at offset: Int) -> UInt64? {
        var skip = offset
        for segment in writable {
            if skip < segment.count { return segment.address &+ UInt64(skip) }
            skip -= segment.count
        }
        return nil
    }

    /// Logs a part of the writable buffers as written.
    func markDirty(_ memory: GuestMemory, from offset: Int = 0, count: Int) {
        var skip = offset
        var left = count
        for segment in writable where left > 0 {
            if skip >= segment.count {
                skip -= segment.count
                continue
            }
            let part = min(left, segment.count - skip)
            memory.markDirty(at: segment.address &+ UInt64(skip), count: part)
            skip = 0
            left -= part
        }
    }

    private static func each(
        _ segments: [Segment], from offset: Int, count: Int, _ body: (UnsafeMutableRawPointer, Int) -> Void
    ) {
        var skip = offset
        var left = count
        for segment in segments {
            if left <= 0 { return }
            if skip >= segment.count {
                skip -= segment.count
                continue
            }
            let part = min(left, segment.count - skip)
            unsafe body(segment.base + skip, part)
            skip = 0
            left -= part
        }
    }
}
