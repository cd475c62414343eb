public import Migration
import QAPI
import Synchronization
public import Transport

/// The objects that `-object` and QMP `object-add` make and `object-del` ends: credentials of TLS, secrets, and who may
/// connect. Any thread may call any method.
public final class UserObjects: MigrationObjects {
    private enum Object {
        case credentials(TLSCredentials)
        case authorization(Authorization)
        case secret([UInt8])
    }

    private struct Entry {
        var options: ObjectOptions
        var object: Object
    }

    /// In the order in which they were made.
    private let entries = Mutex<[Entry]>([])
    /// Ids of objects that the machine is made with.
    private let fixed: Set<String>

    /// Makes those that the command line asks for, in an order in which each finds what it needs.
    init(_ configuration: MachineConfiguration) throws(OptionError) {
        fixed = configuration.fixedObjects
        func isSecret(_ options: ObjectOptions) -> Bool { options.branch.qomType == .secret }
        let given = configuration.objects
        for options in given.filter(isSecret) + given.filter({ !isSecret($0) }) {
            do throws(QAPIError) { try add(options) } catch {
                let type = options.branch.qomType.rawValue
                throw OptionError("-object \(type),id=\(options.id)", error.description)
            }
        }
    }

    /// What there is.
    var all: [ObjectOptions] { entries.withLock { $0.map(\.options) } }

    /// Makes an object; what it needs of files is read now.
    func add(_ options: ObjectOptions) throws(QAPIError) {
        guard Self.isWellFormed(options.id) else { throw .generic("Parameter 'id' expects an identifier") }
        try requireNew(options.id)
        let entry = Entry(options: options, object: try make(options.branch))
        try entries.withLock { (entries) throws(QAPIError) in
            guard !entries.contains(where: { $0.options.id == options.id }) else {
                throw Self.duplicate(options.id)
            }
            entries.append(entry)
        }
    }

    private func requireNew(_ id: String) throws(QAPIError) {
        if fixed.contains(id) || find(id) != nil { throw Self.duplicate(id) }
    }

    private static func duplicate(_ id: String) -> QAPIError {
        .generic("attempt to add duplicate property '\(id)' to object (type 'container')")
    }

    /// A letter, then letters, digits, `-`, `.` and `_`.
    private static func isWellFormed(_ id: String) -> Bool {
        func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a }
        return id.utf8.first.map(isLetter) == true
            && id.utf8.allSatisfy {
                isLetter($0) || (0x30...0x39).contains($0) || [0x2d, 0x2e, 0x5f].contains($0)
            }
    }

    /// Ends an object; connections that use it go on.
    func remove(_ id: String) throws(QAPIError) {
        guard !fixed.contains(id) else { throw .generic("object '\(id)' is in use, can not be deleted") }
        let isThere = entries.withLock { entries in
            let index = entries.firstIndex { $0.options.id == id }
            if let index { entries.remove(at: index) }
            return index != nil
        }
        guard isThere else { throw .generic("object '\(id)' not found") }
    }

    private func find(_ id: String) -> Object? {
        entries.withLock { $0.first { $0.options.id == id }?.object }
    }

    // MARK: Making

    private func make(_ branch: ObjectOptions.Branch) throws(QAPIError) -> Object {
        switch branch {
        case .tlsCredsAnon(let given):
            return try credentials(.anonymous, given.endpoint, given.dir, given.verifyPeer, given.priority)
        case .tlsCredsPsk(let given):
            return try credentials(
                .preshared(username: given.username ?? "qemu"), given.endpoint, given.dir, given.verifyPeer,
                given.priority)
        case .tlsCredsX509(let given):
            let password = try given.passwordid.map { id throws(QAPIError) in try secret(id) }
            return try credentials(
                .certificates(
                    isChecked: given.sanityCheck ?? true,
                    password: password.map { String(decoding: $0, as: UTF8.self) }),
                given.endpoint, given.dir, given.verifyPeer, given.priority)
        case .authzSimple(let given): return .authorization(.identity(given.identity))
        case .authzList(let given): return .authorization(.list(given))
        case .authzListfile(let given): return .authorization(.file(try AuthorizationFile(given)))
        case .secret(let given):
            return .secret(try Secret(given) { id throws(QAPIError) in try secret(id) }.bytes)
        case .authzPam, .iothread:
            throw .notBuilt("Value '\(branch.qomType.rawValue)' of parameter 'qom-type'")
        }
    }

    private func credentials(
        _ kind: TLSCredentials.Kind, _ endpoint: QCryptoTLSCredsEndpoint?, _ directory: String?,
        _ verifiesPeer: Bool?, _ priority: String?
    ) throws(QAPIError) -> Object {
        do throws(TransportError) {
            return .credentials(
                try TLSCredentials(
                    kind, endpoint: endpoint == .server ? .server : .client, directory: directory,
                    verifiesPeer: verifiesPeer ?? true, priority: priority))
        } catch {
            throw .generic(error.description)
        }
    }

    private func secret(_ id: String) throws(QAPIError) -> [UInt8] {
        switch find(id) {
        case .secret(let bytes)?: return bytes
        case nil: throw .generic("No secret with id '\(id)'")
        default: throw .generic("Object with id '\(id)' is not a secret")
        }
    }

    // MARK: Use

    public func credentials(_ id: String) throws(TransportError) -> TLSCredentials {
        switch find(id) {
        case .credentials(let credentials)?: return credentials
        case nil where !fixed.contains(id): throw .noCredentials(id)
        default: throw TransportError("Object with id '\(id)' is not TLS credentials")
        }
    }

    public func refusal(of name: String, by id: String) -> String? {
        switch find(id) {
        case .authorization(let authorization)?:
            do throws(QAPIError) {
                if try authorization.permits(name) { return nil }
                return "TLS x509 authz check for \(name) is denied"
            } catch {
                return "TLS x509 authz check for \(name) is denied: \(error)"
            }
        case nil: return "Cannot find QAuthZ object ID \(id)"
        default: return "Object with id '\(id)' does not say who may connect"
        }
    }
}
