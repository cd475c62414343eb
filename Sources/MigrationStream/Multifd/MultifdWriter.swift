import Bytes
public import Glibc

/// Puts the packets of one multifd channel together; contents are left where they are in guest memory, or packed. One
/// thread at a time, no memory is taken per page.
///
/// ```swift
/// try writer.pages(number: 7, block: "ram", base: block.base, offsets: [0, 4096]) { try channel.write($0) }
/// try writer.sync(number: 8) { try channel.write($0) }
/// ```
@safe public final class MultifdWriter {
    private let pageSize = RAMSection.pageSize
    private let compression: MultifdPacket.Compression
    private let compressor: ChannelCompressor?
    /// Packed pages of one packet.
    private let room: UnsafeMutableRawBufferPointer
    private var head: ByteWriter
    private var runs = unsafe [UnsafeRawBufferPointer]()
    private var vectors = unsafe [iovec]()

    /// Pages that a packet has room for.
    public static let capacity = MultifdPacket.capacity(pageSize: RAMSection.pageSize)

    /// - Parameter level: of the compression: zlib's 0 to 9, zstd's 0 to 20.
    /// - Returns: nil when there is no memory for the compression.
    public init?(_ compression: MultifdPacket.Compression, level: UInt8) {
        self.compression = compression
        var size = 0
        if let format = compression.format {
            guard let made = ChannelCompressor(format, level: Int32(level)) else { return nil }
            compressor = made
            size = ChannelCompressor.bound(MultifdPacket.maximumBytes)
        } else {
            compressor = nil
        }
        unsafe room = .allocate(byteCount: size, alignment: 64)
        head = ByteWriter(reserving: MultifdPacket.headLength(pageSize: RAMSection.pageSize))
        unsafe runs.reserveCapacity(Self.capacity)
        unsafe vectors.reserveCapacity(Self.capacity + 1)
    }

    deinit { unsafe room.deallocate() }

    /// Gives a packet with pages as a list of memory for `writev`.
    ///
    /// - Parameters:
    ///   - number: of the packet, over all channels.
    ///   - base: where the block begins in memory.
    ///   - offsets: of the pages in the block, 1 to ``capacity``; those that follow each other go out in one piece.
    public func pages<Failure: Error>(
        number: UInt64, block: String, base: UnsafeRawPointer, offsets: [UInt64],
        _ body: (UnsafeMutableBufferPointer<iovec>) throws(Failure) -> Void
    ) throws(Failure) {
        unsafe runs.removeAll(keepingCapacity: true)
        var first = 0
        for index in 1...offsets.count
        where index == offsets.count || offsets[index] != offsets[index - 1] &+ UInt64(pageSize) {
            unsafe runs.append(
                UnsafeRawBufferPointer(start: base + Int(offsets[first]), count: (index - first) * pageSize))
            first = index
        }
        var payload = offsets.count * pageSize
        if let compressor {
            payload = unsafe compressor.pack(runs, into: room)
            unsafe runs.removeAll(keepingCapacity: true)
            unsafe runs.append(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(room)[..<payload]))
        }
        unsafe try write(
            MultifdPacket(
                compression: compression, capacity: UInt32(Self.capacity), payloadLength: UInt32(payload),
                number: number, block: block, normal: offsets), body)
    }

    /// Gives a packet that says: everything before is to be in place before anything after.
    public func sync<Failure: Error>(
        number: UInt64, _ body: (UnsafeMutableBufferPointer<iovec>) throws(Failure) -> Void
    ) throws(Failure) {
        unsafe runs.removeAll(keepingCapacity: true)
        unsafe try write(MultifdPacket(isSync: true, capacity: 0, number: number), body)
    }

    /// Writes the packet's head and what stands in `runs`.
    private func write<Failure: Error>(
        _ packet: MultifdPacket, _ body: (UnsafeMutableBufferPointer<iovec>) throws(Failure) -> Void
    ) throws(Failure) {
        head.removeAll()
        packet.encode(to: &head, pageSize: pageSize)
        unsafe vectors.removeAll(keepingCapacity: true)
        var failure: Failure?
        unsafe head.bytes.withUnsafeBytes { bytes in
            unsafe vectors.append(
                iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count))
            for index in unsafe runs.indices {
                let run = unsafe runs[index]
                unsafe vectors.append(
                    iovec(iov_base: UnsafeMutableRawPointer(mutating: run.baseAddress), iov_len: run.count))
            }
            unsafe vectors.withUnsafeMutableBufferPointer { vectors in
                do throws(Failure) {
                    unsafe try body(vectors)
                } catch {
                    failure = error
                }
            }
        }
        if let failure { throw failure }
    }
}
