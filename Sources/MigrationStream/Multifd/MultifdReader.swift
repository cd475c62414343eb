public import Bytes

/// Takes a multifd channel apart: the handshake, then packet after packet with its pages unpacked.
///
/// ```swift
/// let reader = MultifdReader(input, pageSize: 4096)
/// let handshake = try reader.handshake()
/// while let packet = try reader.next() { … reader.page(0) … }
/// ```
@safe public final class MultifdReader {
    /// Look-ahead that the channel's buffer must have, in bytes.
    public static let bufferCapacity = MultifdPacket.maximumPayload + (64 << 10)

    /// A piece of a channel.
    public enum Item: Equatable, Sendable {
        /// A packet; ask ``MultifdReader/page(_:)`` for its pages.
        case packet(MultifdPacket)
        /// State of a device (QEMU 10.0, VFIO only), so many bytes, which are passed over.
        case deviceState(name: String, instance: UInt32, length: UInt32)
    }

    public let input: InputBuffer
    private let pageSize: Int
    private var decompressor: PageDecompressor?
    /// Room for the pages of a packed packet, and one byte more.
    private let scratch: UnsafeMutableRawBufferPointer
    private var payload = unsafe UnsafeRawBufferPointer(start: nil, count: 0)

    /// - Parameters:
    ///   - input: the channel, with a capacity of at least ``bufferCapacity``.
    ///   - pageSize: bytes of a target page.
    public init(_ input: InputBuffer, pageSize: Int) {
        self.input = input
        self.pageSize = pageSize
        unsafe scratch = .allocate(byteCount: MultifdPacket.maximumBytes + 1, alignment: 64)
    }

    deinit { unsafe scratch.deallocate() }

    /// Reads what the channel begins with.
    public func handshake() throws(StreamError) -> MultifdHandshake {
        try MultifdHandshake.decode(from: input)
    }

    /// Reads the next piece and unpacks its pages; nil when the channel ends between two pieces.
    public func next() throws(StreamError) -> Item? {
        guard try !input.field("packet", { (i) throws(ByteError) in try i.isAtEnd() }) else { return nil }
        let start = input.offset
        try MultifdHandshake.checkMagic(input, "packet")
        let flags = try input.field("packet") { (i) throws(ByteError) in try i.uint32() }
        guard flags & MultifdPacket.deviceStateFlag == 0 else { return try deviceState() }
        let packet = try MultifdPacket.decode(flags: flags, start: start, pageSize: pageSize, from: input)
        unsafe payload = UnsafeRawBufferPointer(start: nil, count: 0)
        guard !packet.normal.isEmpty else { return .packet(packet) }
        let at = input.offset
        let packed: UnsafeRawBufferPointer
        do throws(ByteError) {
            unsafe packed = try input.borrow(Int(packet.payloadLength))
        } catch {
            throw StreamError(error, path: ["packet", "pages"])
        }
        switch packet.compression {
        case .none: unsafe payload = packed
        case .zlib: unsafe payload = try unpack(packed, .zlib, packet, at)
        case .zstd: unsafe payload = try unpack(packed, .zstd, packet, at)
        }
        return .packet(packet)
    }

    /// The contents of the `index`-th of the last packet's pages with contents; valid until the next call of ``next()``.
    public func page(_ index: Int) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(rebasing: payload[index * pageSize..<(index + 1) * pageSize])
    }

    private func unpack(
        _ packed: UnsafeRawBufferPointer, _ format: PageDecompressor.Format, _ packet: MultifdPacket,
        _ at: UInt64
    ) throws(StreamError) -> UnsafeRawBufferPointer {
        func refuse(_ expected: String, _ found: String) -> StreamError {
            StreamError(
                .value(expected: expected, found: found), path: ["packet", "pages"], offset: at,
                remedy: "the channel is damaged, or a packet of it is missing before this one")
        }
        if decompressor == nil {
            guard let new = PageDecompressor(format) else {
                throw StreamError(.notSupported("unpacking without memory"), path: ["packet"], offset: at)
            }
            decompressor = new
        }
        guard let decompressor, decompressor.format == format else {
            throw refuse("the compression of the channel's first pages", "another one")
        }
        let wanted = packet.normal.count * pageSize
        let outcome = unsafe decompressor.decompress(
            packed, into: UnsafeMutableRawBufferPointer(rebasing: scratch[..<(wanted + 1)]))
        if let problem = outcome.problem { throw refuse("pages packed with \(format)", problem) }
        guard outcome.produced == wanted, outcome.consumed == packed.count else {
            throw refuse(
                "\(bytes(wanted)) from \(packed.count)", "\(outcome.produced) from \(outcome.consumed)")
        }
        return unsafe UnsafeRawBufferPointer(rebasing: scratch[..<wanted])
    }

    private func deviceState() throws(StreamError) -> Item {
        let (name, instance, length) = try input.field("packet") { (i) throws(ByteError) in
            (try i.bytes(256), try i.uint32(), try i.uint32())
        }
        try input.field("packet", { (i) throws(ByteError) in try i.skip(UInt64(length)) })
        return .deviceState(
            name: String(decoding: name.prefix { $0 != 0 }, as: UTF8.self), instance: instance,
            length: length)
    }
}
