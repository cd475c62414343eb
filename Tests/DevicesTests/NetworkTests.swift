import Glibc
import Synchronization
import Testing

@testable import Devices

/// Frames that a backend delivered.
final class FrameRecorder: Sendable {
    private let frames = Mutex<[[UInt8]]>([])
    var receive: @Sendable ([UInt8]) -> Void { { [self] frame in frames.withLock { $0.append(frame) } } }
    var all: [[UInt8]] { frames.withLock { $0 } }
}

@Suite struct NetworkTests {
    @Test func `Frames cross a socket in both directions, and the next peer is served`() throws {
        let server = try StreamSocketBackend(listen: .inet(host: "127.0.0.1", port: 0))
        let port = try #require(server.port)
        let atServer = FrameRecorder()
        server.start(atServer.receive)
        var expected: [[UInt8]] = []
        for round in 0..<2 {
            let client = try StreamSocketBackend(connect: .inet(host: "127.0.0.1", port: port))
            let atClient = FrameRecorder()
            client.start(atClient.receive)
            let frames = (0..<50).map { [UInt8](repeating: UInt8($0 + round), count: 60 + $0 * 20) }
            expected += frames
            for frame in frames { client.send(frame) }
            #expect(eventually { atServer.all == expected })
            server.send([1, 2, 3])
            #expect(eventually { atClient.all == [[1, 2, 3]] })
            client.stop()
        }
        server.stop()
    }

    @Test func `A peer that announces too long a frame is left`() throws {
        var ends: [Int32] = [0, 0]
        #expect(unsafe socketpair(AF_UNIX, SocketKind.stream, 0, &ends) == 0)
        let backend = StreamSocketBackend(connected: ends[0])
        let frames = FrameRecorder()
        backend.start(frames.receive)
        let bytes: [UInt8] = [0, 0, 0, 2, 7, 7, 0xff, 0xff, 0xff, 0xff, 1]
        unsafe _ = write(ends[1], bytes, bytes.count)
        var rest = [UInt8](repeating: 0, count: 1)
        #expect(unsafe read(ends[1], &rest, 1) <= 0)
        #expect(frames.all == [[7, 7]])
        backend.stop()
        close(ends[1])
    }

    @Test func `A tap's descriptor carries frames as they are`() throws {
        var ends: [Int32] = [0, 0]
        #expect(unsafe socketpair(AF_UNIX, SocketKind.datagram, 0, &ends) == 0)
        let tap = try TapBackend(descriptor: ends[0])
        let frames = FrameRecorder()
        tap.start(frames.receive)
        unsafe _ = write(ends[1], [1, 2, 3] as [UInt8], 3)
        unsafe _ = write(ends[1], [4] as [UInt8], 1)
        #expect(eventually { frames.all == [[1, 2, 3], [4]] })
        tap.send([5, 6])
        var buffer = [UInt8](repeating: 0, count: 10)
        #expect(unsafe read(ends[1], &buffer, 10) == 2 && buffer[1] == 6)
        tap.stop()
        close(ends[1])
        #expect(throws: NetworkError("'a-name-that-is-too-long' is not the name of an interface")) {
            try TapBackend(interface: "a-name-that-is-too-long")
        }
    }

    @Test func `A port where nobody listens is an error`() throws {
        let server = try StreamSocketBackend(listen: .inet(host: "127.0.0.1", port: 0))
        let port = try #require(server.port)
        #expect(throws: NetworkError.self) {
            try StreamSocketBackend(listen: .inet(host: "127.0.0.1", port: port))
        }
        #expect(throws: NetworkError.self) {
            try StreamSocketBackend(connect: .unix(path: "/nonexistent/martlet.sock"))
        }
        server.stop()
    }

    @Test func `Forwarding rules are read as QEMU reads them`() throws {
        let full = try HostForward(parsing: "udp:127.0.0.1:5353-10.0.2.16:53")
        #expect(full.isUDP && full.hostAddress == 0x7f00_0001 && full.hostPort == 5353)
        #expect(full.guestAddress == 0x0a00_0210 && full.guestPort == 53)
        let short = try HostForward(parsing: "::2222-:22")
        #expect(!short.isUDP && short.hostAddress == 0 && short.hostPort == 2222 && short.guestPort == 22)
        for text in [
            "icmp::1-:2", "tcp:1-:2", "tcp::1-:0", "", "tcp::70000-:1", "tcp:1.2.3:1-:1", "tcp::1:2",
        ] {
            #expect(throws: NetworkError("Invalid host forwarding rule '\(text)'")) {
                try HostForward(parsing: text)
            }
        }
    }

    static let mac: [UInt8] = [0x52, 0x54, 0, 0x12, 0x34, 0x56]

    @Test func `The user network answers ARP and DHCP`() throws {
        let slirp = try SlirpBackend()
        let frames = FrameRecorder()
        slirp.start(frames.receive)
        let broadcast = [UInt8](repeating: 0xff, count: 6)
        // Who has 10.0.2.2?
        var question = broadcast + Self.mac
        question += [8, 6, 0, 1, 8, 0, 6, 4, 0, 1]
        question += Self.mac + [10, 0, 2, 15]
        question += [0, 0, 0, 0, 0, 0, 10, 0, 2, 2]
        slirp.send(question)
        #expect(eventually { frames.all.contains(where: Self.isARPAnswer) })
        slirp.send(Self.dhcpDiscover())
        #expect(eventually { frames.all.contains(where: Self.isOffer) })
        slirp.stop()
    }

    private static func isARPAnswer(_ frame: [UInt8]) -> Bool {
        guard frame.count >= 42 else { return false }
        return Array(frame[12...13]) == [8, 6] && Array(frame[28..<32]) == [10, 0, 2, 2]
    }

    /// An offer of 10.0.2.15 from port 67.
    private static func isOffer(_ frame: [UInt8]) -> Bool {
        guard frame.count > 62, Array(frame[12...13]) == [8, 0] else { return false }
        return Array(frame[34...35]) == [0, 67] && Array(frame[58..<62]) == [10, 0, 2, 15]
    }

    private static func dhcpDiscover() -> [UInt8] {
        var body: [UInt8] = [1, 1, 6, 0, 1, 2, 3, 4, 0, 0, 0x80, 0] + [UInt8](repeating: 0, count: 16)
        body += mac
        body += [UInt8](repeating: 0, count: 10 + 64 + 128)
        body += [0x63, 0x82, 0x53, 0x63, 53, 1, 1, 255]
        body += [UInt8](repeating: 0, count: 300 - body.count)
        let length = 8 + body.count
        let udp: [UInt8] = [0, 68, 0, 67, UInt8(length >> 8), UInt8(length & 0xff), 0, 0]
        let total = 20 + length
        let (high, low) = (UInt8(total >> 8), UInt8(total & 0xff))
        var ip: [UInt8] = [0x45, 0, high, low, 0, 1, 0, 0, 64, 17, 0, 0]
        ip += [0, 0, 0, 0, 255, 255, 255, 255]
        var sum = 0
        for index in stride(from: 0, to: 20, by: 2) { sum += Int(ip[index]) * 256 + Int(ip[index + 1]) }
        sum = (sum & 0xffff) + (sum >> 16)
        ip[10] = UInt8(~sum >> 8 & 0xff)
        ip[11] = UInt8(~sum & 0xff)
        var frame = [UInt8](repeating: 0xff, count: 6)
        for part in [mac, [8, 0], ip, udp, body] { frame += part }
        return frame
    }

    @Test func `A forward whose port is taken is an error that names it`() throws {
        let server = try StreamSocketBackend(listen: .inet(host: "127.0.0.1", port: 0))
        let port = try #require(server.port)
        var options = SlirpBackend.Options()
        options.forwards = [try HostForward(parsing: "tcp:127.0.0.1:\(port)-:22")]
        let error = #expect(throws: NetworkError.self) { try SlirpBackend(options) }
        #expect(error?.description.contains("port \(port): Address already in use") == true)
        server.stop()
    }
}

/// Linux's numbers: which module shows `SOCK_STREAM` depends on what else a file imports.
private enum SocketKind {
    static let stream: Int32 = 1
    static let datagram: Int32 = 2
}
