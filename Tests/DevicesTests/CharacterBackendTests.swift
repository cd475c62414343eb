import CPlatform
import Glibc
import Synchronization
import Testing
import Threads

@testable import Devices

@Suite struct CharacterBackendTests {
    /// A backend that collects its input, with room for `room` bytes.
    private final class Line: Sendable {
        let backend: CharacterBackend
        let input = Collected()
        let room: Mutex<Int>

        init(_ kind: CharacterBackend.Kind, room: Int = 4096) throws {
            backend = try CharacterBackend(kind)
            self.room = Mutex(room)
            backend.start(lock: BoardLock()) { [weak self] in
                self?.room.withLock { $0 } ?? 0
            } receive: { [input] in
                input.append($0)
            }
        }

        deinit { backend.shutDown() }
    }

    private static func path(_ name: String) -> String { "/tmp/martlet-\(getpid())-\(name)" }

    private static func put(_ text: String, _ descriptor: Int32) {
        let bytes = Array(text.utf8)
        #expect(unsafe write(descriptor, bytes, bytes.count) == bytes.count)
    }

    /// Reads until `count` bytes have come or five seconds have passed.
    private static func get(_ count: Int, _ descriptor: Int32) -> String {
        var all: [UInt8] = []
        while all.count < count {
            var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&item, 1, 5000) > 0 else { break }
            var bytes = [UInt8](repeating: 0, count: 4096)
            let length = unsafe read(descriptor, &bytes, bytes.count)
            guard length > 0 else { break }
            all += bytes[..<length]
        }
        return String(decoding: all, as: UTF8.self)
    }

    @Test("A file gets what is sent, from its beginning or at its end")
    func file() throws {
        let path = Self.path("file")
        defer { unsafe _ = unlink(path) }
        for (append, text) in [(false, "one"), (true, "two"), (false, "three")] {
            let line = try Line(.file(path: path, append: append))
            line.backend.send(Array(text.utf8))
            line.backend.shutDown()
            let descriptor = unsafe cplatform_open(path, O_RDONLY, 0)
            #expect(Self.get(100, descriptor) == (append ? "onetwo" : text))
            close(descriptor)
        }
    }

    @Test("A file in no directory is refused with its name")
    func missing() {
        #expect { try CharacterBackend(.file(path: "/nowhere/file", append: false)) } throws: {
            "\($0)".contains("/nowhere/file")
        }
    }

    @Test(
        "A socket server talks to one client after another, with and without waiting",
        arguments: [false, true])
    func server(waits: Bool) throws {
        let path = Self.path("socket-\(waits)")
        defer { unsafe _ = unlink(path) }
        let first = Mutex<Int32>(-1)
        let caller = OSThread("caller") {
            while first.withLock({ $0 }) < 0 {
                usleep(1000)
                first.withLock { $0 = (try? StreamSocket.unix(path, isServer: false, waits: false)) ?? -1 }
            }
        }
        let listener = try StreamSocket.unix(path, isServer: true, waits: waits)
        caller.join()
        let line = try Line(.socket(listener))
        for round in 0..<3 {
            let client =
                round == 0
                ? first.withLock { $0 } : try StreamSocket.unix(path, isServer: false, waits: false)
            let before = line.input.bytes.count
            Self.put("ping\(round)", client)
            #expect(waitFor { line.input.bytes.count == before + 5 })
            line.backend.send(Array("pong\(round)".utf8))
            #expect(Self.get(5, client) == "pong\(round)")
            close(client)
        }
        #expect(line.input.text == "ping0ping1ping2")
    }

    @Test("A client gets all that is sent once it is connected, also before the backend's thread has seen it")
    func firstWords() throws {
        let path = Self.path("first")
        defer { unsafe _ = unlink(path) }
        for _ in 0..<50 {
            let listener = try StreamSocket.unix(path, isServer: true, waits: false)
            let line = try Line(.socket(listener))
            line.backend.send(Array("nobody hears this".utf8))
            let client = try StreamSocket.unix(path, isServer: false, waits: false)
            line.backend.send(Array("ready".utf8))
            #expect(Self.get(5, client) == "ready")
            Self.put("v", client)
            #expect(waitFor(120) { line.input.text == "v" })
            close(client)
        }
    }

    @Test("Bytes that a stopped receiver has not taken are still the host's, to the last one")
    func stoppedReceiver() throws {
        for round in 0..<40 {
            var ends: [Int32] = [-1, -1]
            try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
            let host = dup(ends[0])
            let lock = BoardLock()
            let input = Collected()
            let runs = Mutex(true)
            let backend = try CharacterBackend(.socket(ends[0]))
            backend.start(lock: lock) {
                runs.withLock { $0 } ? 16 : 0
            } receive: {
                input.append($0)
            }
            for _ in 0..<64 { Self.put("0123456789abcdef0123456789abcdef", ends[1]) }
            usleep(UInt32(round * 20))
            lock.withLock { runs.withLock { $0 = false } }
            let taken = input.bytes.count
            backend.roomChanged()
            Self.put("end", ends[1])
            usleep(2000)
            #expect(input.bytes.count == taken, "a byte came after the stop")
            backend.shutDown()
            let rest = Self.get(64 * 32 + 3 - taken, host)
            #expect(
                input.text + rest == String(repeating: "0123456789abcdef", count: 128) + "end",
                "round \(round)")
            close(host)
            close(ends[1])
        }
    }

    @Test("A socket server says when a client has come and when it has gone")
    func connected() throws {
        let path = Self.path("connected")
        defer { unsafe _ = unlink(path) }
        let listener = try StreamSocket.unix(path, isServer: true, waits: false)
        let backend = try CharacterBackend(.socket(listener))
        defer { backend.shutDown() }
        #expect(!backend.isConnected)
        let heard = Collected()
        backend.start(lock: BoardLock()) {
            4096
        } receive: { _ in
        } connected: {
            heard.append([$0 ? 1 : 0])
        }
        let client = try StreamSocket.unix(path, isServer: false, waits: false)
        #expect(waitFor(120) { heard.bytes == [1] })
        #expect(backend.isConnected)
        close(client)
        #expect(waitFor(120) { heard.bytes == [1, 0] })
        #expect(!backend.isConnected)
        #expect(try CharacterBackend(.null).isConnected)
    }

    @Test("Input waits until there is room, in the order in which it came")
    func flowControl() throws {
        var ends: [Int32] = [-1, -1]
        try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        let line = try Line(.socket(ends[0]), room: 0)
        Self.put("abcdef", ends[1])
        usleep(120_000)
        #expect(line.input.bytes.isEmpty)
        line.room.withLock { $0 = 2 }
        line.backend.roomChanged()
        #expect(waitFor { line.input.text == "abcdef" })
        close(ends[1])
    }

    @Test("A client that does not read does not hold the sender, and gets the newest output when it does")
    func neverBlocks() throws {
        var ends: [Int32] = [-1, -1]
        try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        let line = try Line(.socket(ends[0]))
        let start = cplatform_monotonic_ns()
        for _ in 0..<3072 { line.backend.send([UInt8](repeating: 0x2e, count: 1024)) }
        line.backend.send(Array("END".utf8))
        #expect(cplatform_monotonic_ns() - start < 30_000_000_000)
        var tail = ""
        while !tail.hasSuffix("END") {
            let part = Self.get(1, ends[1])
            if part.isEmpty { break }
            tail = String((tail + part).suffix(3))
        }
        #expect(tail == "END")
        close(ends[1])
    }

    @Test("A pipe that nobody reads does not hold the sender")
    func fullPipe() throws {
        let path = Self.path("pipe")
        defer { unsafe _ = unlink(path) }
        try #require(unsafe mkfifo(path, 0o600) == 0)
        let reader = unsafe cplatform_open(path, O_RDONLY | O_NONBLOCK, 0)
        defer { close(reader) }
        let line = try Line(.file(path: path, append: true))
        for _ in 0..<200 { line.backend.send([UInt8](repeating: 0x2e, count: 1024)) }
        line.backend.shutDown()
    }

    @Test("A pseudo-terminal carries bytes as they are, without echo")
    func pty() throws {
        let line = try Line(.pty)
        let path = try #require(line.backend.ptyPath)
        let terminal = unsafe cplatform_open(path, O_RDWR | O_NOCTTY, 0)
        try #require(terminal >= 0)
        line.backend.send([0x61, 0x0a, 0x03, 0x04])
        #expect(Self.get(4, terminal) == "a\n\u{3}\u{4}")
        Self.put("b\r\u{3}", terminal)
        #expect(waitFor { line.input.bytes == [0x62, 0x0d, 0x03] })
        close(terminal)
    }
}
