/// Where a migration goes to or comes from: QAPI's MigrationAddress, from a `uri` or from `channels`.
public enum MigrationAddress: Equatable, Sendable {
    /// Which of the internet's families may be used.
    public enum Family: Equatable, Sendable {
        case any, ipv4, ipv6
    }

    /// A tcp socket. `port` is a number or a service name; `to`: the last port to try when listening.
    case tcp(host: String, port: String, to: UInt16?, family: Family = .any)
    /// A socket file; with a NUL in front, a name of Linux's abstract space, which is not padded.
    case unix(path: String)
    /// A guest's socket to its host, or the other way round.
    case vsock(cid: UInt32, port: UInt32)
    /// A descriptor's name from `getfd`, or its number.
    case fd(String)
    /// Arguments of a program; a uri's command is run by `/bin/sh -c`.
    case exec([String])
    /// A file from `offset` bytes on.
    case file(path: String, offset: UInt64)

    /// Reads a `uri`. Errors in the words of QMP.
    public init(uri: String) throws(TransportError) {
        func rest(_ scheme: String) -> String? {
            uri.hasPrefix(scheme) ? String(uri.dropFirst(scheme.utf8.count)) : nil
        }
        if let text = rest("tcp:") {
            self = try Self.tcp(text)
        } else if let path = rest("unix:") {
            guard !path.isEmpty else { throw TransportError("invalid Unix socket address") }
            guard path.utf8.count <= 107 else {
                throw TransportError("UNIX socket path '\(path)' is too long")
            }
            self = .unix(path: path)
        } else if let name = rest("fd:") {
            self = .fd(name)
        } else if let command = rest("exec:") {
            self = .exec(["/bin/sh", "-c", command])
        } else if let text = rest("file:") {
            self = try Self.file(text)
        } else if let text = rest("vsock:") {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2 else { throw TransportError("error parsing address '\(text)'") }
            self = try Self.vsock(cid: parts[0], port: parts[1])
        } else if let text = rest("rdma:") {
            _ = try Self.tcp(text)
            throw TransportError(
                "RDMA is not built into this program: migrate over tcp, with the capability multifd for speed"
            )
        } else {
            throw TransportError("unknown migration protocol: \(uri)")
        }
    }

    /// The address of a machine (a `cid` of 2 is the host) and a port there, both decimal.
    public static func vsock(cid: String, port: String) throws(TransportError) -> MigrationAddress {
        guard let number = UInt32(cid) else { throw TransportError("Failed to parse cid '\(cid)'") }
        guard let portNumber = UInt32(port) else { throw TransportError("Failed to parse port '\(port)'") }
        return .vsock(cid: number, port: portNumber)
    }

    /// The family that is left when each may be asked for or ruled out.
    public static func family(ipv4: Bool?, ipv6: Bool?) throws(TransportError) -> Family {
        switch (ipv4, ipv6) {
        case (false, false): throw TransportError("Cannot disable IPv4 and IPv6 at same time")
        case (true, true), (nil, nil): .any
        case (true, _), (_, false): .ipv4
        case (_, true), (false, _): .ipv6
        }
    }

    /// `HOST:PORT[,option…]`; options that are not known are passed over as QEMU does.
    private static func tcp(_ text: String) throws(TransportError) -> MigrationAddress {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let address = String(parts.first ?? "")
        var host: String
        var port: String
        if address.hasPrefix("[") {
            guard let end = address.firstIndex(of: "]"),
                address[address.index(after: end)...].hasPrefix(":")
            else { throw TransportError("error parsing IPv6 address '\(text)'") }
            host = String(address[address.index(after: address.startIndex)..<end])
            port = String(address[address.index(end, offsetBy: 2)...])
        } else {
            guard let colon = address.firstIndex(of: ":") else {
                throw TransportError("error parsing address '\(text)'")
            }
            host = String(address[..<colon])
            port = String(address[address.index(after: colon)...])
        }
        guard host.utf8.count <= 64 else { throw TransportError("error parsing address '\(text)'") }
        guard !port.isEmpty, port.utf8.count <= 32 else {
            throw TransportError("error parsing port in address '\(text)'")
        }
        if let number = UInt64(port), number > 65535 {
            throw TransportError("error parsing port in address '\(text)'")
        }
        var to: UInt16?
        var families: [String: Bool] = [:]
        for option in parts.dropFirst() {
            let words = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(words[0])
            let value = words.count == 2 ? String(words[1]) : nil
            switch name {
            case "to":
                guard let number = value.flatMap({ UInt16($0) }) else {
                    throw TransportError("error parsing to= argument")
                }
                to = number
            case "ipv4", "ipv6", "keep-alive", "mptcp":
                guard value == nil || value == "on" || value == "off" else {
                    throw TransportError("error parsing '\(name)' flag '=\(value ?? "")'")
                }
                guard name != "mptcp" || value == "off" else {
                    throw TransportError("mptcp is not built into this program")
                }
                families[name] = value != "off"
            default: break
            }
        }
        return .tcp(
            host: host, port: port, to: to,
            family: try family(ipv4: families["ipv4"], ipv6: families["ipv6"]))
    }

    private static func file(_ text: String) throws(TransportError) -> MigrationAddress {
        guard let mark = text.range(of: ",offset=") else { return .file(path: text, offset: 0) }
        let number = String(text[mark.upperBound...])
        guard let offset = size(number) else {
            throw TransportError("file URI has bad offset \(number): Invalid argument")
        }
        return .file(path: String(text[..<mark.lowerBound]), offset: offset)
    }

    /// A number of bytes, decimal with a suffix of 1024's powers, or hexadecimal.
    static func size(_ text: String) -> UInt64? {
        if text.hasPrefix("0x") || text.hasPrefix("0X") { return UInt64(text.dropFirst(2), radix: 16) }
        guard let last = text.last else { return nil }
        let powers: [Character: UInt64] = [
            "B": 0, "K": 10, "M": 20, "G": 30, "T": 40, "P": 50, "E": 60,
        ]
        guard let power = powers[Character(last.uppercased())] else { return UInt64(text) }
        guard let number = UInt64(text.dropLast()) else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: 1 << power)
        return overflow ? nil : product
    }

    /// The address as a `uri`.
    public var uri: String {
        switch self {
        case .tcp(let host, let port, _, _):
            host.contains(":") ? "tcp:[\(host)]:\(port)" : "tcp:\(host):\(port)"
        case .unix(let path): "unix:\(path.first == "\0" ? "@\(path.dropFirst())" : path)"
        case .vsock(let cid, let port): "vsock:\(cid):\(port)"
        case .fd(let name): "fd:\(name)"
        case .exec(let arguments): "exec:\(arguments.last ?? "")"
        case .file(let path, let offset): offset == 0 ? "file:\(path)" : "file:\(path),offset=\(offset)"
        }
    }
}

extension String {
    /// Where `other` stands first; here, as Foundation stays out.
    fileprivate func range(of other: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(other) { return start..<index(start, offsetBy: other.count) }
            start = index(after: start)
        }
        return nil
    }
}
