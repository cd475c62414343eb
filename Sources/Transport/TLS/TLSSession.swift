import Bytes
import CGnuTLS
import CPlatform
import Glibc
import Synchronization

/// One side of a TLS connection, with what it judges the other by.
public enum TLSSide: Sendable {
    /// `hostname`: whom the server's certificate must be for, a name or an address; where there are none it is nil.
    case client(TLSCredentials, hostname: String?)
    /// `refusal`: why a client whose certificate has this name is not let in, nil when it is. Without it all are
    /// let in whose certificate is believed.
    case server(TLSCredentials, refusal: (@Sendable (String) -> String?)?)

    var credentials: TLSCredentials {
        switch self {
        case .client(let credentials, _), .server(let credentials, _): credentials
        }
    }
}

/// GnuTLS's session over a descriptor that does not block. Nothing here waits: a step that cannot be done says what it
/// waits for, and is done again.
///
/// One thread may read while another writes. GnuTLS allows that but for the change of keys, which comes after some 2^24
/// records; so each step is done under a lock, which nobody holds while he waits.
@safe
final class TLSSession: @unchecked Sendable {
    // Sendable: all that changes does so under `lock`, but for `staging`, which the one writer has.

    enum Step: Equatable {
        case done(Int)
        /// An event of poll.
        case wants(Int32)
    }

    /// Why the other side is not believed, and what it is told.
    struct Refusal {
        var text: String
        var alert: gnutls_alert_description_t
    }

    /// Longest record, in bytes of contents.
    static let recordSize = 16384

    let descriptor: Int32
    let side: TLSSide
    private let lock = Mutex(())
    private let session: OpaquePointer
    /// Where a record's contents are put together. Of the writer.
    let staging: UnsafeMutableRawBufferPointer
    /// Why the descriptor's last read or write failed.
    private var failure: String?
    /// Why the other side is not believed.
    private var refusal: Refusal?
    /// It was judged.
    private var isVerified = false
    /// The handshake is over.
    private var isEstablished = false
    /// Read already, but not yet asked for.
    private var pending: [UInt8] = []
    private enum End { case inOrder, broken(ByteSourceError) }
    /// How reading has ended.
    private var end: End?
    /// What the other side said in its last words.
    private var alert: String?
    /// A write has failed, or the farewell was said: not one more byte may go out. The peer could read what counts as
    /// unsent.
    private var hasBrokenWrites = false
    private var toleratesUncleanEnd = false

    init(_ side: TLSSide, _ descriptor: Int32) throws(TransportError) {
        var made: OpaquePointer?
        let flags = if case .client = side { cgnutls_client } else { cgnutls_server }
        let code = unsafe gnutls_init(&made, flags)
        guard code == 0, let made = unsafe made else { throw .tls("Cannot begin a TLS session", code) }
        unsafe session = made
        self.side = side
        self.descriptor = descriptor
        unsafe staging = .allocate(byteCount: Self.recordSize, alignment: 64)
        let credentials = side.credentials
        unsafe gnutls_priority_set(session, credentials.priority.pointer)
        unsafe gnutls_credentials_set(
            session, credentials.handle.form.type, UnsafeMutableRawPointer(credentials.handle.pointer))
        if case .server = side, credentials.namesPeer {
            unsafe gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUEST)
        }
        unsafe gnutls_alpn_set_protocols(session, Self.protocols, 1, 0)
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe gnutls_session_set_ptr(session, context)
        unsafe gnutls_transport_set_ptr(session, context)
        unsafe gnutls_transport_set_pull_function(session, pullBytes)
        unsafe gnutls_transport_set_vec_push_function(session, pushBytes)
    }

    deinit {
        unsafe gnutls_deinit(session)
        unsafe staging.deallocate()
    }

    // MARK: The descriptor

    fileprivate static func of(_ context: UnsafeMutableRawPointer?) -> TLSSession? {
        unsafe context.map { unsafe Unmanaged<TLSSession>.fromOpaque($0).takeUnretainedValue() }
    }

    fileprivate func pull(_ room: UnsafeMutableRawPointer?, _ count: Int) -> Int {
        let result = unsafe recv(descriptor, room, count, 0)
        if result < 0 { note(errno, "read from") }
        return result
    }

    fileprivate func push(_ pieces: UnsafePointer<iovec>?, _ count: Int) -> Int {
        var result = -1
        var code = EPIPE
        if !hasBrokenWrites {
            var message = unsafe msghdr()
            unsafe message.msg_iov = UnsafeMutablePointer(mutating: pieces)
            unsafe message.msg_iovlen = count
            result = unsafe sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL))
            code = errno
        }
        if result < 0 { note(code, "write to") }
        return result
    }

    private func note(_ code: Int32, _ doing: String) {
        unsafe gnutls_transport_set_errno(session, code)
        if code != EAGAIN, code != EINTR { failure = "Unable to \(doing) socket: \(errorText(code))" }
    }

    private var wanted: Int32 {
        unsafe gnutls_record_get_direction(session) == 0 ? Int32(POLLIN) : Int32(POLLOUT)
    }

    // MARK: The handshake

    /// Goes on with the handshake. Done when both sides are satisfied; of TLS 1.3 a client is when its server may
    /// not yet be.
    func shakeHands() throws(TransportError) -> Step {
        try lock.withLock { (_) throws(TransportError) -> Step in
            while !isEstablished {
                let code = unsafe gnutls_handshake(session)
                if code == 0 { break }
                if code == GNUTLS_E_AGAIN { return .wants(wanted) }
                if gnutls_error_is_fatal(code) != 0 { throw refuse(code) }
            }
            if side.credentials.namesPeer, !isVerified { _ = verifyPeer() }
            if case .server(let credentials, _?) = side, !credentials.namesPeer {
                refusal = Refusal(
                    text: "tls-authz judges the names in certificates, and these credentials ask for none",
                    alert: GNUTLS_A_ACCESS_DENIED)
            }
            if refusal != nil { throw refuse(GNUTLS_E_CERTIFICATE_ERROR) }
            isEstablished = true
            return .done(0)
        }
    }

    /// Tells the other side why it goes no further, and this one.
    private func refuse(_ code: Int32) -> TransportError {
        defer { hasBrokenWrites = true }
        if let refusal {
            unsafe gnutls_alert_send(session, GNUTLS_AL_FATAL, refusal.alert)
            return TransportError(refusal.text)
        }
        if code != GNUTLS_E_FATAL_ALERT_RECEIVED, code != GNUTLS_E_PULL_ERROR, code != GNUTLS_E_PUSH_ERROR {
            unsafe gnutls_alert_send_appropriate(session, code)
        }
        return TransportError("TLS handshake failed: \(reason(code))\(advice(code))")
    }

    private func reason(_ code: Int32) -> String {
        switch code {
        case GNUTLS_E_PULL_ERROR, GNUTLS_E_PUSH_ERROR: "\(tlsText(code)): \(failure ?? "unknown")"
        case GNUTLS_E_FATAL_ALERT_RECEIVED: "\(tlsText(code)): \(alertName)"
        default: tlsText(code)
        }
    }

    private var alertName: String {
        guard let name = unsafe gnutls_alert_get_name(gnutls_alert_get(session)) else { return "unknown" }
        return unsafe String(cString: name)
    }

    private func advice(_ code: Int32) -> String {
        switch code {
        case GNUTLS_E_UNEXPECTED_PACKET, GNUTLS_E_UNEXPECTED_PACKET_LENGTH, GNUTLS_E_PREMATURE_TERMINATION,
            GNUTLS_E_UNSUPPORTED_VERSION_PACKET:
            let other = if case .client = side { "destination" } else { "source" }
            return " (does the \(other) have tls-creds, too?)"
        default: return ""
        }
    }

    // MARK: Judging the other side

    fileprivate func verifyPeer() -> Int32 {
        isVerified = true
        refusal = side.credentials.namesPeer ? unsafe TLSPeer(session).refusal(by: side) : nil
        return refusal == nil ? 0 : GNUTLS_E_CERTIFICATE_ERROR
    }

    /// A Martlet says that it is one, so that it can be held to how it ends a session.
    private static let protocolName = "martlet"
    nonisolated(unsafe) private static let protocols: UnsafePointer<gnutls_datum_t> = {
        let name = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: protocolName.utf8.count)
        _ = unsafe name.initialize(from: protocolName.utf8)
        let list = UnsafeMutablePointer<gnutls_datum_t>.allocate(capacity: 1)
        unsafe list.initialize(to: gnutls_datum_t(data: name.baseAddress, size: UInt32(name.count)))
        return unsafe UnsafePointer(list)
    }()

    /// Both sides have said that they are Martlets.
    var isAmongMartlets: Bool {
        lock.withLock { _ in
            var selected = unsafe gnutls_datum_t()
            return unsafe gnutls_alpn_get_selected_protocol(session, &selected) == 0
        }
    }

    /// Whether the cipher reads what it is given once only: memory that changes meanwhile may be given to it then.
    var readsOnce: Bool {
        lock.withLock { _ in unsafe gnutls_cipher_get_tag_size(gnutls_cipher_get(session)) > 0 }
    }

    // MARK: Reading

    /// Takes an end without the other side's farewell for one in order.
    func tolerateUncleanEnd() { lock.withLock { _ in toleratesUncleanEnd = true } }

    /// Reads what is there, done with 0 at the end.
    func receive(into room: UnsafeMutableRawBufferPointer) throws(ByteSourceError) -> Step {
        try lock.withLock { (_) throws(ByteSourceError) -> Step in
            if !pending.isEmpty {
                let count = min(pending.count, room.count)
                unsafe room.copyBytes(from: pending[..<count])
                pending.removeFirst(count)
                return .done(count)
            }
            return unsafe try receiveRecord(into: room)
        }
    }

    private func receiveRecord(into room: UnsafeMutableRawBufferPointer) throws(ByteSourceError) -> Step {
        while true {
            switch end {
            case .inOrder?: return .done(0)
            case .broken(let error)?: throw error
            case nil: break
            }
            let count = unsafe gnutls_record_recv(session, room.baseAddress, room.count)
            if count > 0 { return .done(count) }
            let code = Int32(clamping: count)
            if code == GNUTLS_E_AGAIN { return .wants(wanted) }
            if code != 0, gnutls_error_is_fatal(code) == 0 { continue }
            end = code == 0 ? .inOrder : endOfReads(code)
        }
    }

    private func endOfReads(_ code: Int32) -> End {
        switch code {
        case GNUTLS_E_PREMATURE_TERMINATION where toleratesUncleanEnd: return .inOrder
        case GNUTLS_E_PREMATURE_TERMINATION:
            return .broken(
                .init(
                    errno: ECONNRESET,
                    "Unable to read from TLS channel: the peer is gone without having ended the session"))
        case GNUTLS_E_FATAL_ALERT_RECEIVED:
            alert = alertName
            return .broken(.init(errno: ECONNRESET, "The peer ended the TLS session: \(alertName)"))
        case GNUTLS_E_PULL_ERROR: return .broken(.init(errno: ECONNRESET, failure ?? tlsText(code)))
        default: return .broken(.init(errno: EPROTO, "Unable to read from TLS channel: \(tlsText(code))"))
        }
    }

    /// Up to `count` bytes that are next, without taking them; nil at the end. Does not wait for them.
    func peek(_ count: Int) throws(ByteSourceError) -> [UInt8]? {
        try lock.withLock { (_) throws(ByteSourceError) -> [UInt8]? in
            while pending.count < count {
                guard case .done(let found) = try receivePending() else { break }
                if found == 0 { return pending.isEmpty ? nil : pending }
            }
            return Array(pending.prefix(count))
        }
    }

    private func receivePending() throws(ByteSourceError) -> Step {
        var room = [UInt8](repeating: 0, count: Self.recordSize)
        var result = Result<Step, ByteSourceError>.success(.done(0))
        unsafe room.withUnsafeMutableBytes { room in
            do throws(ByteSourceError) {
                result = .success(unsafe try receiveRecord(into: room))
            } catch {
                result = .failure(error)
            }
        }
        let step = try result.get()
        if case .done(let count) = step { pending += room[..<count] }
        return step
    }

    // MARK: Writing

    /// Sends at most one record. When it wants to be called again, that must be with the same bytes.
    func send(_ bytes: UnsafeRawBufferPointer) throws(TransportError) -> Step {
        try lock.withLock { (_) throws(TransportError) -> Step in
            while true {
                let count = unsafe gnutls_record_send(session, bytes.baseAddress, bytes.count)
                if count >= 0 { return .done(count) }
                let code = Int32(clamping: count)
                if code == GNUTLS_E_AGAIN { return .wants(Int32(POLLOUT)) }
                if gnutls_error_is_fatal(code) == 0 { continue }
                hasBrokenWrites = true
                throw writeFailure(code)
            }
        }
    }

    /// Prefers the peer's last words to what the broken connection says: they may lie there unread.
    private func writeFailure(_ code: Int32) -> TransportError {
        let text = code == GNUTLS_E_PUSH_ERROR ? failure : nil
        while pending.count < 4 * Self.recordSize, case .done(1...)? = try? receivePending() {}
        if let alert { return TransportError(errno: ECONNRESET, "The peer ended the TLS session: \(alert)") }
        return TransportError(errno: EPIPE, text ?? "Unable to write to TLS channel: \(tlsText(code))")
    }

    /// A write was given up halfway.
    func breakWrites() { lock.withLock { _ in hasBrokenWrites = true } }

    /// Tells the other side that no more comes.
    func sayFarewell() -> Step {
        lock.withLock { _ -> Step in
            guard isEstablished, !hasBrokenWrites else { return .done(0) }
            if unsafe gnutls_bye(session, GNUTLS_SHUT_WR) == GNUTLS_E_AGAIN { return .wants(Int32(POLLOUT)) }
            hasBrokenWrites = true
            return .done(0)
        }
    }
}

// What GnuTLS calls, with the session as the context.

private func pullBytes(_ context: UnsafeMutableRawPointer?, _ room: UnsafeMutableRawPointer?, _ count: Int)
    -> Int
{
    unsafe TLSSession.of(context)?.pull(room, count) ?? -1
}

private func pushBytes(
    _ context: UnsafeMutableRawPointer?, _ pieces: UnsafePointer<iovec>?, _ count: Int32
) -> Int {
    unsafe TLSSession.of(context)?.push(pieces, Int(count)) ?? -1
}

/// In the middle of a handshake, once the other side has shown what it has.
func verifyTLSPeer(_ session: OpaquePointer?) -> Int32 {
    unsafe session.flatMap { unsafe TLSSession.of(gnutls_session_get_ptr($0)) }?.verifyPeer()
        ?? GNUTLS_E_CERTIFICATE_ERROR
}
