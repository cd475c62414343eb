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
    /// Room for the pages of a packed packet; without memory until it is used.
    private let scratch: UnsafeMutableRawBufferPointer
    private var payload = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    /// Offset of the last piece in its channel.
    public private(set) var start: UInt64 = 0

    /// - Parameters:
    ///   - input: the channel, with a capacity of at least ``bufferCapacity``.
    ///   - pageSize: bytes of a target page.
    public init(_ input: InputBuffer, pageSize: Int) {
        self.input = input
        self.pageSize = pageSize
        unsafe scratch = .allocate(byteCount: MultifdPacket.maximumBytes, alignment: 64)
    }

    deinit { unsafe scratch.deallocate() }

    /// Reads what the channel begins with.
    public func handshake() throws(StreamError) -> MultifdHandshake {
        try MultifdHandshake.decode(from: input)
    }

    /// Reads the next piece and unpacks its pages; nil when the channel ends between two pieces.
    public func next() throws(StreamError) -> Item? {
        unsafe payload = UnsafeRawBufferPointer(start: nil, count: 0)
        guard let item = try head() else { return nil }
        guard case .packet(let packet) = item, !packet.normal.isEmpty else { return item }
        let at = input.offset
        let packed = unsafe try borrow(packet)
        guard let format = packet.compression.format else {
            unsafe payload = packed
            return item
        }
        let wanted = packet.normal.count * pageSize
        unsafe payload = UnsafeRawBufferPointer(rebasing: scratch[..<wanted])
        unsafe try unpack(packed, format, [UnsafeMutableRawBufferPointer(rebasing: scratch[..<wanted])], at)
        return item
    }

    /// Reads the next piece and puts its pages where they belong; nil when the channel ends between two pieces.
    ///
    /// - Parameter place: says where the pages with contents of a packet go, in their order; together these pieces have
    ///   the size of the pages. Called before any of them is read.
    public func next(
        into place: (MultifdPacket) throws(StreamError) -> [UnsafeMutableRawBufferPointer]
    ) throws(StreamError) -> Item? {
        guard let item = try head() else { return nil }
        guard case .packet(let packet) = item, !packet.normal.isEmpty else { return item }
        let pieces = unsafe try place(packet)
        let at = input.offset
        if let format = packet.compression.format {
            unsafe try unpack(try borrow(packet), format, pieces, at)
            return item
        }
        do throws(ByteError) {
            for index in unsafe pieces.indices { unsafe try input.read(exactly: pieces[index]) }
        } catch {
            throw StreamError(error, path: ["packet", "pages"])
        }
        return item
    }

    /// Reads the head of the next piece.
    private func head() throws(StreamError) -> Item? {
        guard try !input.field("packet", { (i) throws(ByteError) in try i.isAtEnd() }) else { return nil }
        start = input.offset
        try MultifdHandshake.checkMagic(input, "packet")
        let flags = try input.field("packet") { (i) throws(ByteError) in try i.uint32() }
        guard flags & MultifdPacket.deviceStateFlag == 0 else { return try deviceState() }
        return .packet(
            try MultifdPacket.decode(flags: flags, start: start, pageSize: pageSize, from: input))
    }

    private func borrow(_ packet: MultifdPacket) throws(StreamError) -> UnsafeRawBufferPointer {
        do throws(ByteError) {
            return unsafe try input.borrow(Int(packet.payloadLength))
        } catch {
            throw StreamError(error, path: ["packet", "pages"])
        }
    }

    /// The contents of the `index`-th of the last packet's pages with contents; valid until the next call of ``next()``.
    public func page(_ index: Int) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(rebasing: payload[index * pageSize..<(index + 1) * pageSize])
    }

    /// Unpacks into `pieces`, all of which must become full, and none be left of `packed`.
    private func unpack(
        _ packed: UnsafeRawBufferPointer, _ format: PageDecompressor.Format,
        _ pieces: [UnsafeMutableRawBufferPointer], _ at: UInt64
    ) throws(StreamError) {
        func refuse(_ expected: String, _ found: String) -> StreamError {
            StreamError(
                .value(expected: expected, found: found), path: ["packet", "pages"], offset: at,
                cause: "the channel is damaged, or a packet of it is missing before this one")
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
        var (consumed, produced, wanted) = (0, 0, 0)
        // One byte more than is expected, so that too much is seen; and what ends a packet is taken.
        var spare: UInt8 = 0
        let pieceCount = unsafe pieces.count
        for index in 0...pieceCount {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: packed[consumed...])
            let outcome =
                if index < pieceCount {
                    unsafe decompressor.decompress(rest, into: pieces[index])
                } else {
                    unsafe withUnsafeMutableBytes(of: &spare) {
                        unsafe decompressor.decompress(rest, into: $0)
                    }
                }
            if let problem = outcome.problem { throw refuse("pages packed with \(format)", problem) }
            consumed += outcome.consumed
            produced += outcome.produced
            if index < pieceCount { unsafe wanted += pieces[index].count }
            guard index == pieceCount || produced == wanted else { break }
        }
        guard produced == wanted, consumed == packed.count else {
            throw refuse("\(bytes(wanted)) from \(packed.count)", "\(produced) from \(consumed)")
        }
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
