public import Bytes

/// The first 64 bytes of a multifd channel: which one of the migration's channels it is.
///
/// ```text
/// u32 11223344   u32 1   uuid[16]   u8 channel   39 bytes 0
/// ```
public struct MultifdHandshake: Equatable, Sendable {
    /// The first four bytes of a handshake, and of every packet.
    public static let magic: UInt32 = 0x1122_3344
    public static let version: UInt32 = 1
    /// Bytes of the handshake.
    public static let length = 64

    /// The source's UUID, sixteen bytes; zeros when it has none.
    public var uuid: [UInt8]
    /// Number of the channel, from 0.
    public var channel: UInt8

    public init(uuid: [UInt8] = Array(repeating: 0, count: 16), channel: UInt8) {
        precondition(uuid.count == 16, "a UUID has 16 bytes")
        self.uuid = uuid
        self.channel = channel
    }

    public func encode(to writer: inout ByteWriter) {
        writer.uint32(Self.magic)
        writer.uint32(Self.version)
        writer.append(uuid)
        writer.uint8(channel)
        writer.zeros(39)
    }

    public static func decode(from input: InputBuffer) throws(StreamError) -> MultifdHandshake {
        try checkMagic(input, "handshake")
        let (uuid, channel) = try input.field("handshake") { (i) throws(ByteError) in
            let result = (try i.bytes(16), try i.uint8())
            try i.skip(39)
            return result
        }
        return MultifdHandshake(uuid: uuid, channel: channel)
    }

    /// Throws unless the channel is one that is waited for.
    ///
    /// - Parameters:
    ///   - uuid: the destination's, zeros when it has none.
    ///   - channels: how many there shall be.
    ///   - taken: numbers that have come.
    public func check(uuid: [UInt8], channels: Int, taken: Set<Int>) throws(StreamError) {
        func refuse(
            _ name: String, _ at: UInt64, _ expected: String, _ found: String, _ remedy: String
        ) -> StreamError {
            StreamError(
                .value(expected: expected, found: found), path: ["handshake", name], offset: at,
                remedy: remedy)
        }
        func text(_ uuid: [UInt8]) -> String {
            uuid.allSatisfy { $0 == 0 }
                ? "none" : uuid.map { String(hex($0, digits: 2).dropFirst(2)) }.joined()
        }
        guard uuid == self.uuid else {
            throw refuse(
                "uuid", 8, text(uuid), text(self.uuid), "start the destination with the source's -uuid")
        }
        guard Int(channel) < channels else {
            throw refuse(
                "channel", 24, "a number below \(channels)", "\(channel)",
                "set multifd-channels to the same number on both sides")
        }
        guard !taken.contains(Int(channel)) else {
            throw refuse("channel", 24, "each number once", "a second \(channel)", "")
        }
    }

    /// Reads what a handshake and a packet begin with.
    static func checkMagic(_ input: InputBuffer, _ name: StaticString) throws(StreamError) {
        let start = input.offset
        let (magic, version) = try input.field(name) { (i) throws(ByteError) in
            (try i.uint32(), try i.uint32())
        }
        guard magic == Self.magic else {
            throw StreamError(
                .value(expected: hex(Self.magic), found: hex(magic, digits: 8)), path: ["\(name)", "magic"],
                offset: start)
        }
        guard version == Self.version else {
            throw StreamError(
                .version(found: version, supported: Self.version...Self.version),
                path: ["\(name)", "version"], offset: start + 4)
        }
    }
}
