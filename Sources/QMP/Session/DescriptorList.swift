import Glibc
import QAPI
import Synchronization

/// The file descriptors that a client has passed over its Unix-domain socket. They are the session's until a command
/// takes them, and are closed with it.
final class DescriptorList: PassedDescriptors {
    private struct State: ~Copyable {
        /// Arrived and not named yet, oldest first.
        var arrived: [Int32] = []
        var named: [String: Int32] = [:]

        deinit { for descriptor in arrived + named.values { Glibc.close(descriptor) } }
    }

    /// Most descriptors that wait for a name; further ones are closed as they come.
    static let arrivedLimit = 16
    /// Most named descriptors of one client.
    static let namedLimit = 256

    private let state = Mutex(State())

    init() {}

    /// Adds a descriptor that came with the input, and owns it from here on.
    func add(_ descriptor: Int32) {
        let isKept = state.withLock { state in
            guard state.arrived.count < Self.arrivedLimit else { return false }
            state.arrived.append(descriptor)
            return true
        }
        if !isKept { Glibc.close(descriptor) }
    }

    /// QAPI `getfd`: names the oldest descriptor that has no name; one that had this name is closed.
    func name(_ name: String) throws(QAPIError) {
        let old: Int32? = try state.withLock { state throws(QAPIError) in
            guard !state.arrived.isEmpty else {
                throw .generic("No file descriptor supplied via SCM_RIGHTS")
            }
            let descriptor = state.arrived.removeFirst()
            let isDigit = name.utf8.first.map { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 } ?? false
            guard !isDigit else {
                Glibc.close(descriptor)
                throw .generic("Parameter 'fdname' expects a name not starting with a digit")
            }
            guard state.named.count < Self.namedLimit || state.named[name] != nil else {
                Glibc.close(descriptor)
                throw .generic("Too many file descriptors are open")
            }
            return state.named.updateValue(descriptor, forKey: name)
        }
        if let old { Glibc.close(old) }
    }

    /// QAPI `closefd`.
    func close(_ name: String) throws(QAPIError) {
        guard let descriptor = state.withLock({ $0.named.removeValue(forKey: name) }) else {
            throw .generic("File descriptor named '\(name)' not found")
        }
        Glibc.close(descriptor)
    }

    func take(_ name: String) throws(QAPIError) -> Int32 {
        guard let descriptor = state.withLock({ $0.named.removeValue(forKey: name) }) else {
            throw .descriptorNotFound(name)
        }
        return descriptor
    }
}
