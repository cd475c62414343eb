public import Transport

/// The objects that the parameters `tls-creds` and `tls-authz` name; looked up anew for each connection.
public protocol MigrationObjects: Sendable {
    /// - Throws: in QMP's words, when no credentials have this id.
    func credentials(_ id: String) throws(TransportError) -> TLSCredentials

    /// Why a client is not let in whose certificate has this name, by the object of this id; nil when it is.
    func refusal(of name: String, by id: String) -> String?
}

/// There are none.
struct NoObjects: MigrationObjects {
    func credentials(_ id: String) throws(TransportError) -> TLSCredentials { throw .noCredentials(id) }

    func refusal(of name: String, by id: String) -> String? { "Cannot find QAuthZ object ID \(id)" }
}

extension TransportError {
    /// What is said of a `tls-creds` that is the id of nothing.
    public static func noCredentials(_ id: String) -> TransportError {
        TransportError("No TLS credentials with id '\(id)'")
    }
}
