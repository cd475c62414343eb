import Bytes
import Glibc
import Testing
import Threads
import Transport

@Suite(.serialized) struct ChannelTests {
    func read(_ channel: Channel, _ count: Int) throws -> [UInt8] {
        let input = InputBuffer(channel, capacity: 4096)
        return try input.bytes(count)
    }

    @Test("Large writes arrive in order through short ones")
    func large() throws {
        let (one, other) = try Channel.pair()
        let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
        let writer = OSThread("writer") {
            try? one.write(bytes)
            try? one.finishWriting()
        }
        #expect(try read(other, bytes.count) == bytes)
        writer.join()
        #expect(try InputBuffer(other).isAtEnd())
    }

    @Test("shutdown() ends a read that waits, and patience bounds one")
    func ends() throws {
        let (one, other) = try Channel.pair()
        let killer = OSThread("killer") {
            _ = Wake().sleep(milliseconds: 20)
            one.shutdown()
        }
        #expect(throws: ByteError.self) { try read(one, 1) }
        killer.join()
        let (third, fourth) = try Channel.pair()
        third.setReadPatience(milliseconds: 10)
        #expect(throws: ByteError.self) { try read(third, 1) }
        _ = (other, fourth)
    }

    @Test("A program is a channel")
    func exec() throws {
        let channel = try Channel.outgoing(to: MigrationAddress(uri: "exec:cat"), wake: Wake())
        try channel.write([1, 2, 3])
        #expect(try read(channel, 3) == [1, 2, 3])
    }

    @Test("A program that outlives its channel leaves nothing behind")
    func reaped() throws {
        let channel = try Channel.outgoing(
            to: MigrationAddress(uri: "exec:echo $$; exec sleep 0.3"), wake: Wake())
        let input = InputBuffer(channel, capacity: 64)
        var digits: [UInt8] = []
        while let digit = try? input.uint8(), digit != 10 { digits.append(digit) }
        let process = "/proc/\(String(decoding: digits, as: UTF8.self))"
        #expect(unsafe access(process, F_OK) == 0)
        channel.close()
        for _ in 0..<60_000 where unsafe access(process, F_OK) == 0 { _ = Wake().sleep(milliseconds: 1) }
        #expect(unsafe access(process, F_OK) != 0)
    }

    @Test("A named pipe with nobody at its other end is an error at once")
    func namedPipe() throws {
        let path = "/tmp/martlet-pipe-\(UInt32.random(in: 0 ... .max))"
        #expect(unsafe mkfifo(path, 0o600) == 0)
        defer { unsafe unlink(path) }
        #expect(throws: TransportError(errno: ENXIO, "Could not create '\(path)': No such device or address"))
        {
            try Channel.outgoing(to: .file(path: path, offset: 0), wake: Wake())
        }
        #expect(throws: TransportError.self) { try Listener(.file(path: path, offset: 0)) }
    }

    @Test("A name is listened at with all of its addresses, and a port that one of them has not is in use")
    func families() throws {
        // Ports above those that the system gives to others.
        let port = "\(UInt16.random(in: 61_001...65_000))"
        let listener = try Listener(.tcp(host: "", port: port, to: nil))
        #expect(!listener.addresses.isEmpty)
        for host in listener.addresses.compactMap({
            if case .tcp(let host, _, _, _) = $0 { host } else { nil }
        }) {
            let near = host.contains(":") ? "::1" : "127.0.0.1"
            let channel = try Channel.outgoing(to: .tcp(host: near, port: port, to: nil), wake: Wake())
            _ = try listener.accept()
            channel.close()
        }
        #expect(throws: TransportError.self) { try Listener(.tcp(host: "", port: port, to: nil)) }
        listener.close()
    }

    @Test("A port in use is named; to= finds the next one")
    func portInUse() throws {
        let first = try Listener(.tcp(host: "127.0.0.1", port: "0", to: nil))
        guard case .tcp(_, let port, _, _) = try #require(first.addresses.first) else { return }
        #expect(
            throws: TransportError(
                errno: 98, "Failed to bind socket to 127.0.0.1:\(port): Address already in use")
        ) { try Listener(.tcp(host: "127.0.0.1", port: port, to: nil)) }
        first.close()
    }

    @Test("A name of the abstract space needs no file and is free when its owner is gone")
    func abstract() throws {
        let address = MigrationAddress.unix(path: "\0martlet-\(getpid())-\(UInt32.random(in: 0...(.max)))")
        for _ in 0..<2 {
            let listener = try Listener(address)
            let near = try Channel.outgoing(to: address, wake: Wake())
            let far = try listener.accept()
            try near.write([7])
            #expect(try read(far, 1) == [7])
            listener.close()
        }
    }

    @Test("A closed listener ends the wait for a connection")
    func cancelAccept() throws {
        let listener = try Listener(.tcp(host: "127.0.0.1", port: "0", to: nil))
        let killer = OSThread("killer") {
            _ = Wake().sleep(milliseconds: 20)
            listener.cancel()
        }
        #expect(throws: TransportError.self) { try listener.accept() }
        killer.join()
    }
}
