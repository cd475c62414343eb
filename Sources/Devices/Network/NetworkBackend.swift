/// Where a network card's cable leads.
public protocol NetworkBackend: AnyObject, Sendable {
    /// Begins to deliver frames from the network, on the backend's own thread. Once.
    func start(_ receive: @escaping @Sendable ([UInt8]) -> Void)
    /// Sends a frame of the guest, without checksum or padding. May block; called without any lock held. What
    /// cannot be sent is lost, as on a wire.
    func send(_ frame: [UInt8])
    /// Ends the thread and closes everything; nothing is delivered after it returns.
    func stop()
}

/// A network backend could not be set up.
public struct NetworkError: Error, Equatable, Sendable, CustomStringConvertible {
    public var description: String
    public init(_ description: String) { self.description = description }
}

/// The frame that tells switches where a hardware address now is: a gratuitous RARP request (RFC 903) for itself.
func announcementFrame(for mac: [UInt8]) -> [UInt8] {
    var frame = [UInt8](repeating: 0xff, count: 6) + mac
    frame += [0x80, 0x35]  // EtherType RARP
    frame += [0, 1, 8, 0, 6, 4, 0, 3]  // Ethernet, IPv4, lengths, request reverse
    frame += mac + [0, 0, 0, 0]
    frame += mac + [0, 0, 0, 0]
    return frame + [UInt8](repeating: 0, count: 60 - frame.count)
}
