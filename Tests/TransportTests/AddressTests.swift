import Testing
import Transport

@Suite struct AddressTests {
    @Test(
        "A uri is read",
        arguments: [
            ("tcp:host:4444", MigrationAddress.tcp(host: "host", port: "4444", to: nil)),
            ("tcp::0", .tcp(host: "", port: "0", to: nil)),
            ("tcp:[::1]:99,to=120,ipv6", .tcp(host: "::1", port: "99", to: 120, family: .ipv6)),
            ("tcp:h:1,ipv4=off,keep-alive", .tcp(host: "h", port: "1", to: nil, family: .ipv6)),
            ("tcp:h:1,ipv4,ipv6,unknown=3", .tcp(host: "h", port: "1", to: nil)),
            ("vsock:3:1234", .vsock(cid: 3, port: 1234)),
            ("unix:/a:b", .unix(path: "/a:b")),
            ("fd:mig", .fd("mig")),
            ("exec:cat > x", .exec(["/bin/sh", "-c", "cat > x"])),
            ("file:/a,offset=4k", .file(path: "/a", offset: 4096)),
            ("file:/a,offset=0x10", .file(path: "/a", offset: 16)),
            ("file:/a", .file(path: "/a", offset: 0)),
        ])
    func reads(uri: String, address: MigrationAddress) throws {
        #expect(try MigrationAddress(uri: uri) == address)
    }

    @Test(
        "A bad uri is refused in QMP's words",
        arguments: [
            ("x", "unknown migration protocol: x"),
            ("unix:", "invalid Unix socket address"),
            (
                "unix:" + String(repeating: "a", count: 108),
                "UNIX socket path '\(String(repeating: "a", count: 108))' is too long"
            ),
            ("tcp:nocolon", "error parsing address 'nocolon'"),
            ("file:/a,offset=zz", "file URI has bad offset zz: Invalid argument"),
            ("vsock:3", "error parsing address '3'"),
            ("vsock:x:4", "Failed to parse cid 'x'"),
            ("vsock:3:y", "Failed to parse port 'y'"),
            ("rdma:h", "error parsing address 'h'"),
            (
                "rdma:h:1",
                "RDMA is not built into this program: migrate over tcp, with the capability multifd for speed"
            ),
            ("tcp:h:1,ipv4=off,ipv6=off", "Cannot disable IPv4 and IPv6 at same time"),
            ("tcp:h:1,ipv4=maybe", "error parsing 'ipv4' flag '=maybe'"),
            ("tcp:h:1,to=x", "error parsing to= argument"),
        ])
    func refuses(uri: String, text: String) {
        #expect(throws: TransportError(text)) { try MigrationAddress(uri: uri) }
    }
}
