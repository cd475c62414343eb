/// Where a monitor is found.
public enum MonitorAddress: Sendable, Equatable, CustomStringConvertible {
    /// A Unix-domain socket in the file system; at most 107 bytes.
    case unix(path: String)
    /// A host's name or number (empty: any, or this host) and a port's number or name.
    case tcp(host: String, port: String)

    public var description: String {
        switch self {
        case .unix(let path): path
        case .tcp(let host, let port): "\(host):\(port)"
        }
    }
}

/// A way for clients to come to a server.
public enum MonitorEndpoint: Sendable, Equatable {
    /// Clients connect to us, any number of them. With `wait` the first one is waited for.
    case listen(MonitorAddress, wait: Bool)
    /// We connect to the one client.
    case connect(MonitorAddress)
    /// The client is at the other end of standard input and output.
    case standardStreams
    /// A connection that is open already; the server owns the descriptor from here on.
    case descriptor(Int32)
    /// A listening socket that is open already; the server owns the descriptor from here on.
    case listeningDescriptor(Int32)
}
