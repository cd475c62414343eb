import CPlatform
import Glibc

/// Sends from where the bytes lie: the system copies nothing, and says later when it needs them no more (MSG_ZEROCOPY).
///
/// For a channel's writing thread alone. Bytes that change before they are on their way arrive changed; they must stay
/// mapped until ``finish()`` returns.
public final class ZeroCopySender {
    let channel: Channel
    /// Sends that the system has not said to be done.
    private(set) var pending: UInt32 = 0
    /// Of those since the last ``finish()``: how many there were, and how many were copied.
    private var sent: UInt32 = 0
    private var copied: UInt32 = 0

    static let messageFlag: Int32 = 0x400_0000  // MSG_ZEROCOPY
    private static let socketOption: Int32 = 60  // SO_ZEROCOPY

    /// - Throws: when the system cannot do it for this kind of connection.
    public init(_ channel: Channel) throws(TransportError) {
        self.channel = channel
        var on: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe setsockopt(channel.descriptor, SOL_SOCKET, Self.socketOption, &on, size) == 0 else {
            throw TransportError(
                errno: errno,
                "Zero copy send feature not detected in host kernel: it is there for tcp, from Linux 4.14 on "
                    + "(\(errorText(errno)))")
        }
    }

    /// Waits until the system needs none of what was sent, which the peer's system has then.
    ///
    /// - Returns: whether all of it had to be copied; false when nothing was sent.
    public func finish() throws(TransportError) -> Bool {
        try wait { pending == 0 }
        defer { (sent, copied) = (0, 0) }
        return sent > 0 && copied == sent
    }

    /// A send was taken by the system.
    func count() {
        pending &+= 1
        sent &+= 1
    }

    /// The system has no room for a further send: waits until one is done.
    func makeRoom() throws(TransportError) {
        let before = pending
        try reap()
        if pending < before { return }
        guard before > 0 else {
            // Other channels may have what is allowed; when they do not, no waiting helps.
            refusals += 1
            guard refusals < Self.patience else { throw Self.noMemory }
            try channel.sleep(milliseconds: 1)
            return
        }
        try wait { pending < before }
        refusals = 0
    }

    private var refusals = 0
    /// How often in a row room may be missing with nothing of this channel under way, 1 ms apart.
    private static let patience = 1000

    private static var noMemory: TransportError {
        TransportError(
            errno: ENOBUFS,
            "Unable to write to socket: Process can't lock enough memory for using MSG_ZEROCOPY (its limit is "
                + "\(cplatform_memlock_limit()) bytes, see ulimit -l; each channel needs 1 MiB)")
    }

    private func wait(_ isDone: () -> Bool) throws(TransportError) {
        var hasWaited = false
        while true {
            let before = pending
            try reap()
            if isDone() { return }
            // A socket that has failed is always ready, though what it still holds is not given back yet.
            if hasWaited, pending == before { try channel.sleep(milliseconds: 1) }
            try channel.waitForErrorQueue()
            hasWaited = true
        }
    }

    /// Takes what the system has said to be done.
    func reap() throws(TransportError) {
        while pending > 0 {
            var count: UInt32 = 0
            var wasCopied: Int32 = 0
            let found = unsafe cplatform_zero_copy_done(channel.descriptor, &count, &wasCopied)
            if found == 0 { return }
            guard found > 0 else { throw .system("Unable to write to socket") }
            count = min(count, pending)
            pending -= count
            if wasCopied != 0 { copied &+= count }
        }
    }
}
