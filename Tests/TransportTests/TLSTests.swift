import Bytes
import CPlatform
import Glibc
import Synchronization
import Testing
import Threads
import Transport

/// Handshakes of each kind over pairs of sockets, what goes through them, and each way in which they are refused.
@Suite(.serialized) struct TLSTests {
    /// Credentials of both sides that fit.
    struct Kind: Sendable, CustomTestStringConvertible {
        var name: String
        var side: @Sendable (TLSCredentials.Endpoint) throws -> TLSCredentials
        var testDescription: String { name }

        static let all: [Kind] = [
            .init(name: "anonymous") { try TLSFixtures.anonymous($0) },
            .init(name: "preshared key") { try TLSFixtures.preshared($0) },
            .init(name: "certificates") { try TLSFixtures.certificates("lab", $0) },
            .init(name: "certificates, TLS 1.2") {
                try TLSFixtures.certificates("lab", $0, priority: "NORMAL:-VERS-TLS1.3")
            },
            .init(name: "certificates, a cipher that reads twice") {
                try TLSFixtures.certificates(
                    "lab", $0, priority: "NORMAL:-VERS-TLS1.3:-CIPHER-ALL:+AES-128-CBC")
            },
            .init(name: "certificates, a server that does not verify") {
                try TLSFixtures.certificates(
                    $0 == .client ? "nobody" : "lab", $0, verifiesPeer: $0 == .client)
            },
        ]
    }

    /// Two secure ends.
    private static func pair(_ kind: Kind) throws -> (client: Channel, server: Channel) {
        let (near, far) = try Channel.pair()
        let failure = Mutex<(any Error)?>(nil)
        let side = try TLSSide.server(kind.side(.server), refusal: nil)
        let server = OSThread("server") {
            do { try far.startTLS(side, milliseconds: 60_000) } catch { failure.withLock { $0 = error } }
        }
        defer { server.join() }
        try near.startTLS(.client(kind.side(.client), hostname: "localhost"), milliseconds: 60_000)
        server.join()
        if let error = failure.withLock({ $0 }) { throw error }
        return (near, far)
    }

    private static func read(_ channel: Channel, _ count: Int) throws -> [UInt8] {
        try InputBuffer(channel, capacity: 4096).bytes(count)
    }

    @Test("What goes in comes out, both ways at once, and the end is one", arguments: Kind.all)
    func carries(kind: Kind) throws {
        let (client, server) = try Self.pair(kind)
        #expect(client.isSecure && server.isSecure)
        let bytes = (0..<1_000_003).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
        let back = Mutex<[UInt8]>([])
        let writer = OSThread("writer") {
            var rest = bytes[...]
            // Pieces of all sizes, such as a header and a page.
            for size in [1, 8, 4096, 16383, 16384, 16385, 50_000, 100_000] {
                try? client.write(Array(rest.prefix(size)))
                rest = rest.dropFirst(size)
            }
            try? client.write(Array(rest))
            try? client.finishWriting()
        }
        let reader = OSThread("reader") { back.withLock { $0 = (try? Self.read(client, bytes.count)) ?? [] } }
        let echo = OSThread("echo") {
            try? server.write(bytes)
            try? server.finishWriting()
        }
        let input = InputBuffer(server, capacity: 64 << 10)
        #expect(try input.bytes(bytes.count) == bytes)
        #expect(try input.isAtEnd())
        for thread in [writer, reader, echo] { thread.join() }
        #expect(back.withLock { $0 } == bytes)
    }

    @Test("Many pieces are put together to records, and none is lost")
    func gathers() throws {
        let (client, server) = try Self.pair(Kind.all[2])
        let page = (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 3) }
        let writer = OSThread("writer") {
            var pieces = Array(repeating: page, count: 100).flatMap { $0 }
            unsafe pieces.withUnsafeMutableBytes { bytes in
                var vectors = unsafe [iovec]()
                for index in 0..<100 {
                    let start = unsafe bytes.baseAddress.map { unsafe $0 + index * 4096 }
                    unsafe vectors.append(iovec(iov_base: start, iov_len: 8))
                    unsafe vectors.append(iovec(iov_base: start.map { unsafe $0 + 8 }, iov_len: 4088))
                    unsafe vectors.append(iovec(iov_base: start, iov_len: 0))
                }
                unsafe vectors.withUnsafeMutableBufferPointer { try? unsafe client.write($0) }
            }
        }
        let input = InputBuffer(server, capacity: 16 << 10)
        for _ in 0..<100 { #expect(try input.bytes(4096) == page) }
        writer.join()
    }

    @Test("What a connection begins with can be looked at before it is read")
    func peeks() throws {
        let (client, server) = try Self.pair(Kind.all[0])
        #expect(try server.peek(4) == [])
        try client.write([1, 2])
        try client.write([3, 4, 5])
        #expect(eventually { (try? server.peek(4))?.map(Array.init) == [1, 2, 3, 4] })
        #expect(try Self.read(server, 5) == [1, 2, 3, 4, 5])
        try client.finishWriting()
        #expect(eventually { (try? server.peek(4)) == .some(nil) })
    }

    @Test("A peer that is gone without a farewell is an error, unless that is expected of it")
    func vanishes() throws {
        for isExpected in [false, true] {
            let (client, server) = try Self.pair(Kind.all[1])
            try client.write([1])
            #expect(server.peerSaysFarewell)
            if isExpected { server.tolerateUncleanEnd() }
            client.shutdown()
            let input = InputBuffer(server)
            #expect(try input.bytes(1) == [1])
            if isExpected {
                #expect(try input.isAtEnd())
            } else {
                #expect(throws: ByteError.self) { try input.isAtEnd() }
            }
        }
    }

    @Test("A channel that is closed in order says farewell; one that is closed abruptly does not")
    func closes() throws {
        for abruptly in [false, true] {
            let (client, server) = try Self.pair(Kind.all[1])
            client.close(abruptly: abruptly)
            let input = InputBuffer(server)
            if abruptly {
                #expect(throws: ByteError.self) { try input.isAtEnd() }
            } else {
                #expect(try input.isAtEnd())
            }
        }
    }

    @Test("A write that fails says how much of it the peer can have read: whole records")
    func accepted() throws {
        let (client, server) = try Self.pair(Kind.all[1])
        let breaker = OSThread("breaker") {
            _ = try? Self.read(server, 40_000)
            server.shutdown()
        }
        var error: TransportError?
        do throws(TransportError) {
            try client.write([UInt8](repeating: 7, count: 8 << 20))
        } catch let failure {
            error = failure
        }
        breaker.join()
        let accepted = try #require(error?.accepted)
        #expect(accepted >= 32768 && accepted < 8 << 20 && accepted % 16384 == 0)
        // What was sent in part never goes out in whole.
        #expect(throws: TransportError.self) { try client.write([1]) }
    }

    @Test("A handshake with a silent peer ends when the time is over, or when the channel is shut down")
    func silence() throws {
        for isClient in [true, false] {
            let side: TLSSide =
                isClient
                ? .client(try TLSFixtures.preshared(.client), hostname: nil)
                : .server(try TLSFixtures.preshared(.server), refusal: nil)
            let (near, far) = try Channel.pair()
            #expect(
                throws: TransportError(errno: ETIMEDOUT, "TLS handshake failed: it was not over within 30 ms")
            ) {
                try near.startTLS(side, milliseconds: 30)
            }
            let (other, silent) = try Channel.pair()
            let killer = OSThread("killer") {
                _ = Wake().sleep(milliseconds: 20)
                other.shutdown()
            }
            #expect(
                throws: TransportError(errno: ESHUTDOWN, "TLS handshake failed: the channel was shut down")
            ) {
                try other.startTLS(side, milliseconds: 600_000)
            }
            killer.join()
            _ = (far, silent)
        }
    }

    @Test("A file or a pipe cannot be made secure")
    func oneWay() throws {
        var ends: [Int32] = [-1, -1]
        try #require(unsafe pipe(&ends) == 0)
        let channel = Channel(taking: ends[0])
        #expect(throws: TransportError("TLS needs a connection that goes both ways; this is a pipe")) {
            try channel.beginTLS(.client(try TLSFixtures.anonymous(.client), hostname: nil))
        }
        _ = close(ends[1])
    }
}

/// Waits until `condition`, at most two minutes.
private func eventually(_ condition: () -> Bool) -> Bool {
    let wake = Wake()
    for _ in 0..<120_000 {
        if condition() { return true }
        _ = wake.sleep(milliseconds: 1)
    }
    return false
}
