import Glibc
import QAPI
import Synchronization

/// The file descriptors that a client has passed over its Unix-domain socket. They are the session's until a command
/// takes them, and are closed with it.
final class DescriptorList: PassedDescriptors {
    private struct State {
        /// Arrived and not named yet, oldest first.
        var arrived: [Int32] = []
        var named: [String: Int32] = [:]
    }

    /// Most descriptors that wait for a name; further ones are closed as they come.
    static let arrivedLimit = 16

    private let state = Mutex(State())
    private let budget: DescriptorBudget

    init(budget: DescriptorBudget = DescriptorBudget()) { self.budget = budget }

    deinit {
        let left = state.withLock { $0.arrived + $0.named.values }
        for descriptor in left { drop(descriptor) }
    }

    /// Adds a descriptor that came with the input, and owns it from here on.
    func add(_ descriptor: Int32) {
        let isKept = state.withLock { state in
            guard state.arrived.count < Self.arrivedLimit, budget.take() else { return false }
            state.arrived.append(descriptor)
            return true
        }
        if !isKept { Glibc.close(descriptor) }
    }

    /// QAPI `getfd`: names the oldest descriptor that has no name; one that had this name is closed.
    func name(_ name: String) throws(QAPIError) {
        let old: Int32? = try state.withLock { state throws(QAPIError) in
            guard !state.arrived.isEmpty else {
                throw .noDescriptor
            }
            let descriptor = state.arrived.removeFirst()
            let isDigit = name.utf8.first.map { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 } ?? false
            guard !isDigit else {
                drop(descriptor)
                throw .generic("Parameter 'fdname' expects a name not starting with a digit")
            }
            return state.named.updateValue(descriptor, forKey: name)
        }
        if let old { drop(old) }
    }

    /// QAPI `closefd`.
    func close(_ name: String) throws(QAPIError) {
        guard let descriptor = state.withLock({ $0.named.removeValue(forKey: name) }) else {
            throw .generic("File descriptor named '\(name)' not found")
        }
        drop(descriptor)
    }

    func take(_ name: String) throws(QAPIError) -> Int32 {
        guard let descriptor = state.withLock({ $0.named.removeValue(forKey: name) }) else {
            throw .descriptorNotFound(name)
        }
        budget.give()
        return descriptor
    }

    func takeArrived() throws(QAPIError) -> Int32 {
        let oldest = state.withLock { $0.arrived.isEmpty ? nil : $0.arrived.removeFirst() }
        guard let oldest else { throw .noDescriptor }
        budget.give()
        return oldest
    }

    private func drop(_ descriptor: Int32) {
        Glibc.close(descriptor)
        budget.give()
    }
}

/// How many passed descriptors all clients of a server may hold together. They are the process's, and a guest's disks
/// and connections need some of those, too.
final class DescriptorBudget: Sendable {
    static let limit = 256

    private let used = Mutex(0)

    /// Whether there was room for one more.
    func take() -> Bool {
        used.withLock { used in
            guard used < Self.limit else { return false }
            used += 1
            return true
        }
    }

    func give() { used.withLock { $0 -= 1 } }
}
