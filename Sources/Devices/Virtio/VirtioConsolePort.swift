import VMState

/// A port of a virtio-serial device: a `virtconsole` or a `virtserialport`.
public struct VirtioConsolePort: Sendable {
    /// Port number, 0...30; number 0 is for the first console.
    public let id: Int
    /// A console, which Linux shows as hvcN; else a port, /dev/vportNpM.
    public let isConsole: Bool
    /// Name that the guest sees for a port; empty for none.
    public let name: String
    /// Whether the host's end is open from the start; a backend that waits for its peer calls
    /// ``VirtioConsole/setHostConnected(_:port:)`` later. A guest's write to a closed port waits.
    let isHostConnected: Bool
    /// Hears that ``VirtioConsole/room(port:)`` may have grown. On the device's thread, with no lock held.
    let roomChanged: @Sendable () -> Void
    /// Takes what the guest writes. On the device's thread, with no lock held; it may block.
    let write: @Sendable ([UInt8]) -> Void

    public init(
        id: Int, isConsole: Bool, name: String = "", isHostConnected: Bool = true,
        roomChanged: @escaping @Sendable () -> Void = {}, write: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.id = id
        self.isConsole = isConsole
        self.name = name
        self.isHostConnected = isHostConnected
        self.roomChanged = roomChanged
        self.write = write
    }

    /// Its queues: what the guest reads, and what it writes (virtio 1.2, 5.3.2).
    var receiveQueue: Int { id == 0 ? 0 : 2 * id + 2 }
    var transmitQueue: Int { receiveQueue + 1 }
}

/// A port's moving parts, under the board's lock.
struct VirtioConsolePortState {
    var isGuestConnected = false
    var isHostConnected: Bool
    /// What the sender of a stream had half done.
    var restored: VirtioConsoleState.Port.Pending?
}
