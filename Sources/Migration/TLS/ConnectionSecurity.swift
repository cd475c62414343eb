import Transport

/// Makes the connections of a migration secure, if the parameters say so.
struct ConnectionSecurity: Sendable {
    private let objects: any MigrationObjects
    private let settings: @Sendable () -> MigrationSettings
    /// Host of the address that the connections go to.
    private let host: String?

    init(
        _ objects: any MigrationObjects, host: String? = nil,
        settings: @escaping @Sendable () -> MigrationSettings
    ) {
        self.objects = objects
        self.settings = settings
        self.host = host?.isEmpty == true ? nil : host
    }

    /// Of a source's connection; nil when it stays plain. Asked before anybody is connected to, too: a destination need
    /// not hear of what is missing here.
    func client() throws(TransportError) -> TLSSide? {
        let set = settings()
        guard let credentials = try credentials(set, .client) else { return nil }
        let hostname = set.tlsHostname.isEmpty ? host : set.tlsHostname
        guard hostname != nil || !credentials.namesPeer else {
            throw TransportError("No hostname for certificate validation")
        }
        return .client(credentials, hostname: hostname)
    }

    /// Of a connection that came; nil when it stays plain.
    func server() throws(TransportError) -> TLSSide? {
        let set = settings()
        guard let credentials = try credentials(set, .server) else { return nil }
        let id = set.tlsAuthz
        guard !id.isEmpty else { return .server(credentials, refusal: nil) }
        let objects = objects
        return .server(credentials) { objects.refusal(of: $0, by: id) }
    }

    private func credentials(
        _ set: MigrationSettings, _ endpoint: TLSCredentials.Endpoint
    ) throws(TransportError) -> TLSCredentials? {
        guard !set.tlsCreds.isEmpty else { return nil }
        let credentials = try objects.credentials(set.tlsCreds)
        guard credentials.endpoint == endpoint else {
            throw TransportError("Expected TLS credentials for a \(endpoint.rawValue) endpoint")
        }
        return credentials
    }

    /// Makes a source's connection secure; returns when it is, or stays plain.
    func secureOutgoing(_ channel: Channel) throws(TransportError) {
        guard let side = try client() else { return }
        try channel.startTLS(side, milliseconds: settings().inDoubtTimeout)
    }

    /// The same of one that came and is waited for alone.
    func secureIncoming(_ channel: Channel) throws(TransportError) {
        guard let side = try server() else { return }
        try channel.startTLS(side, milliseconds: settings().inDoubtTimeout)
    }
}
