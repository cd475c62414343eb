/// `hostfwd=` of `-netdev user`: a port of the host that leads to one of the guest.
public struct HostForward: Equatable, Sendable {
    public var isUDP: Bool
    /// IPv4 addresses in host order; 0 for any, and for the guest's first.
    public var hostAddress: UInt32
    public var hostPort: UInt16
    public var guestAddress: UInt32
    public var guestPort: UInt16

    /// Parses `[tcp|udp]:[hostaddr]:hostport-[guestaddr]:guestport`.
    public init(parsing text: String) throws(NetworkError) {
        let fail = NetworkError("Invalid host forwarding rule '\(text)'")
        let sides = text.split(separator: "-", omittingEmptySubsequences: false)
        guard sides.count == 2 else { throw fail }
        let host = sides[0].split(separator: ":", omittingEmptySubsequences: false)
        let guest = sides[1].split(separator: ":", omittingEmptySubsequences: false)
        guard host.count == 3, guest.count == 2 else { throw fail }
        switch host[0] {
        case "tcp", "": isUDP = false
        case "udp": isUDP = true
        default: throw fail
        }
        guard let hostAddress = HostForward.address(host[1]), let hostPort = UInt16(host[2]),
            let guestAddress = HostForward.address(guest[0]), let guestPort = UInt16(guest[1]), guestPort != 0
        else { throw fail }
        self.hostAddress = hostAddress
        self.hostPort = hostPort
        self.guestAddress = guestAddress
        self.guestPort = guestPort
    }

    private static func address(_ text: Substring) -> UInt32? {
        if text.isEmpty { return 0 }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard parts.count == 4 else { return nil }
        return parts.reduce(0 as UInt32?) { value, part in
            value.flatMap { value in part.map { value << 8 | UInt32($0) } }
        }
    }
}
