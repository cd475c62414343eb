import Bytes
import CPlatform
import Glibc
import Synchronization

extension Channel {
    /// Begins a TLS session on a connection over which nothing has gone yet; ``continueTLS()`` goes on with it.
    public func beginTLS(_ side: TLSSide) throws(TransportError) {
        guard kind == .socket else {
            throw TransportError("TLS needs a connection that goes both ways; this is a \(kind)")
        }
        _ = tls.storeIfNil(try TLSSession(side, descriptor))
    }

    /// Goes on with the handshake as far as it goes without waiting: true when it is over.
    ///
    /// - Throws: why the other side is not believed, or does not believe this one; it was told.
    public func continueTLS() throws(TransportError) -> Bool {
        guard let session = tls.load() else { return true }
        // What this side says is short: it goes out at once, or with the next step.
        if case .done = try session.shakeHands() { return true }
        return false
    }

    /// Makes the connection secure.
    ///
    /// - Parameter milliseconds: how long the other side has for the whole handshake.
    public func startTLS(_ side: TLSSide, milliseconds: Int) throws(TransportError) {
        try beginTLS(side)
        guard let session = tls.load() else { return }
        let end = cplatform_monotonic_ns() &+ Int64(milliseconds) * 1_000_000
        while case .wants(let events) = try session.shakeHands() {
            let left = Int(max(0, end &- cplatform_monotonic_ns()) / 1_000_000)
            switch wake.wait(descriptor, events, milliseconds: left) {
            case .ready: break
            case .woken:
                throw TransportError(errno: ESHUTDOWN, "TLS handshake failed: the channel was shut down")
            case .timedOut:
                throw TransportError(
                    errno: ETIMEDOUT, "TLS handshake failed: it was not over within \(milliseconds) ms")
            case .failed(let code): throw .system("TLS handshake failed", code)
            }
        }
    }

    /// Ends a connection that is refused, so that the other side gets to read why.
    public func closeRefused() {
        _ = Glibc.shutdown(descriptor, Int32(SHUT_WR))
        // What is closed with bytes unread is reset, and the words might be lost on the way.
        drain(milliseconds: 100)
        close()
    }

    /// What goes over the connection is TLS's.
    public var isSecure: Bool { tls.load() != nil }

    /// Takes an end of the connection without TLS's farewell for one in order: where what was read says by itself
    /// whether it is whole.
    public func tolerateUncleanEnd() { tls.load()?.tolerateUncleanEnd() }

    /// Whether the other side says TLS's farewell: a Martlet does, a QEMU's destination does not. True of a plain
    /// connection, whose end says it all.
    public var peerSaysFarewell: Bool { tls.load()?.isAmongMartlets ?? true }

    func read(_ session: TLSSession, into buffer: UnsafeMutableRawBufferPointer) throws(ByteSourceError)
        -> Int
    {
        while true {
            try requireReads()
            switch unsafe try session.receive(into: buffer) {
            case .done(let count): return count
            case .wants(let events): try waitToRead(events)
            }
        }
    }

    /// Fills records: small pieces are put together, whole records are taken where they lie.
    func write(
        _ session: TLSSession, _ vectors: UnsafeMutableBufferPointer<iovec>
    ) throws(TransportError) {
        let staging = unsafe session.staging
        let takesInPlace = session.readsOnce
        var accepted = 0
        var filled = 0
        for index in vectors.indices {
            var rest = unsafe UnsafeRawBufferPointer(
                start: vectors[index].iov_base, count: vectors[index].iov_len)
            while unsafe !rest.isEmpty {
                let count = min(rest.count, staging.count - filled)
                if takesInPlace, count == staging.count {
                    unsafe try send(session, UnsafeRawBufferPointer(rebasing: rest[..<count]), &accepted)
                } else {
                    unsafe UnsafeMutableRawBufferPointer(rebasing: staging[filled...]).copyMemory(
                        from: UnsafeRawBufferPointer(rebasing: rest[..<count]))
                    filled += count
                }
                unsafe rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                if filled == staging.count {
                    unsafe try send(session, UnsafeRawBufferPointer(staging), &accepted)
                    filled = 0
                }
            }
        }
        guard filled > 0 else { return }
        unsafe try send(session, UnsafeRawBufferPointer(rebasing: staging[..<filled]), &accepted)
    }

    /// - Parameter accepted: grows by what has gone out in whole records; the peer can read no others.
    private func send(
        _ session: TLSSession, _ bytes: UnsafeRawBufferPointer, _ accepted: inout Int
    ) throws(TransportError) {
        var rest = unsafe bytes
        do throws(TransportError) {
            while unsafe !rest.isEmpty {
                try requireWrites()
                switch unsafe try session.send(rest) {
                case .done(let count):
                    accepted += count
                    unsafe rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                case .wants(let events): try waitToWrite(events)
                }
            }
        } catch {
            session.breakWrites()
            throw error.after(accepted)
        }
    }
}
