import Synchronization
import Threads
public import Transport

/// The migration of one guest as QMP commands see it. Any thread may call any method.
///
/// ```swift
/// let controller = MigrationController(guest) { event in … }
/// try controller.migrate(to: MigrationAddress(uri: "tcp:host:4444"))
/// ```
public final class MigrationController: Sendable {
    private struct State {
        var outgoing: OutgoingMigration?
        var incoming: IncomingMigration?
        var listener: Listener?
    }

    /// What the sessions share with the controller without keeping it alive.
    private final class Shared: Sendable {
        let settings = Mutex(MigrationSettings())
        let sink: @Sendable (MigrationEvent) -> Void

        init(_ sink: @escaping @Sendable (MigrationEvent) -> Void) { self.sink = sink }

        func emit(_ event: MigrationEvent) {
            if case .failed = event { return sink(event) }
            if settings.withLock({ $0.events }) { sink(event) }
        }
    }

    private let guest: any MigratableGuest
    private let objects: any MigrationObjects
    private let shared: Shared
    private let state = Mutex(State())

    /// - Parameters:
    ///   - objects: what `tls-creds` and `tls-authz` name; nil: nothing.
    ///   - sink: gets the reasons of failures and, only while the capability `events` is on, the other events; called
    ///     from any thread.
    public init(
        _ guest: any MigratableGuest, objects: (any MigrationObjects)? = nil,
        sink: @escaping @Sendable (MigrationEvent) -> Void = { _ in }
    ) {
        self.guest = guest
        self.objects = objects ?? NoObjects()
        shared = Shared(sink)
    }

    /// Capabilities and parameters; QMP `query-migrate-capabilities`, `query-migrate-parameters`.
    public var settings: MigrationSettings { shared.settings.withLock { $0 } }

    /// QMP `migrate-set-parameters`, also while a migration runs: nothing changes if one value is wrong, or comes too
    /// late for the migration.
    public func updateSettings(_ change: (inout MigrationSettings) -> Void) throws(MigrationError) {
        let isUnderWay = state.withLock { $0.outgoing?.report.status.isUnderWay == true }
        try shared.settings.withLock { (settings) throws(MigrationError) in
            var copy = settings
            change(&copy)
            try copy.check()
            if isUnderWay, let late = copy.lateChange(from: settings) {
                throw MigrationError(
                    "Parameter '\(late)' cannot change while a migration is in progress: it would have no effect"
                )
            }
            settings = copy
        }
    }

    /// QMP `migrate-set-capabilities`, refused while a migration runs: nothing changes if what comes of it breaks
    /// a rule.
    public func setCapabilities(_ change: (inout MigrationSettings) -> Void) throws(MigrationError) {
        try state.withLock { (state) throws(MigrationError) in
            try Self.requireIdle(state)
            let isListening = state.incoming?.report.status.isUnderWay == true
            try shared.settings.withLock { (settings) throws(MigrationError) in
                var copy = settings
                change(&copy)
                let request = CapabilityRule.Request(
                    before: settings.capabilities, after: copy, isListening: isListening)
                if let refusal = CapabilityRule.refusal(request) { throw MigrationError(refusal) }
                settings = copy
            }
        }
    }

    private static func requireIdle(_ state: borrowing State) throws(MigrationError) {
        guard state.outgoing?.report.status.isUnderWay == true else { return }
        throw MigrationError("There's a migration process in progress")
    }

    /// - Throws: what `migrate-set-capabilities` says while a migration runs.
    public func requireIdle() throws(MigrationError) {
        try state.withLock { (state) throws(MigrationError) in try Self.requireIdle(state) }
    }

    // MARK: Outgoing

    /// QMP `migrate`: returns when the attempt has begun; ``queryMigrate()`` and events tell how it goes on.
    ///
    /// - Parameter descriptor: hands over the descriptor of an `fd:` name.
    public func migrate(
        to address: MigrationAddress, descriptor: (String) -> Int32? = { Int32($0) }
    ) throws(MigrationError) {
        try requireChannels(address)
        let host: String? = if case .tcp(let host, _, _, _) = address { host } else { nil }
        let outgoing = try beginOutgoing(host: host)
        switch address {
        case .tcp, .unix, .vsock:
            try start(outgoing) { (wake) throws(TransportError) in try .outgoing(to: address, wake: wake) }
        case .fd, .exec, .file:
            let channel: Channel
            do throws(TransportError) {
                channel = try .outgoing(to: address, wake: Wake(), descriptor: descriptor)
            } catch {
                outgoing.fail(error.description)
                throw MigrationError(error.description)
            }
            try start(outgoing) { (_) throws(TransportError) in channel }
        }
    }

    /// The same over channels that are already there: the main one, and those of multifd.
    public func migrate(over channel: Channel, multifd: [Channel] = []) throws(MigrationError) {
        let channels = Mutex([channel] + multifd)
        try start(try beginOutgoing()) { (_) throws(TransportError) in
            let next = channels.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            guard let next else { throw TransportError("no further connection can be made") }
            return next
        }
    }

    /// - Throws: when the address has no room for the channels that the capabilities ask for.
    private func requireChannels(_ address: MigrationAddress) throws(MigrationError) {
        switch address {
        case .tcp, .unix, .vsock: return
        case .fd, .exec, .file:
            guard settings.multifdCount > 0 else { return }
            throw MigrationError("Migration requires multi-channel URIs (e.g. tcp)")
        }
    }

    /// - Parameter host: whom a certificate has to be for, if nobody says otherwise.
    private func beginOutgoing(host: String? = nil) throws(MigrationError) -> OutgoingMigration {
        let refusal = guest.outgoingRefusal
        let outgoing = try state.withLock { (state) throws(MigrationError) in
            try Self.requireIdle(state)
            if let refusal = refusal ?? settings.startRefusal { throw MigrationError(refusal) }
            let outgoing = OutgoingMigration(
                guest, security: security(host: host),
                settings: { [shared] in shared.settings.withLock { $0 } },
                emit: { [shared] in shared.emit($0) })
            outgoing.reserve()
            state.outgoing = outgoing
            return outgoing
        }
        outgoing.begin()
        return outgoing
    }

    private func start(
        _ outgoing: OutgoingMigration, _ open: @escaping @Sendable (Wake) throws(TransportError) -> Channel
    ) throws(MigrationError) {
        guard OSThread(ifPossible: OutgoingMigration.threadName, { outgoing.run(open) }) == nil else {
            return
        }
        let error = OSThread.noRoom.description
        outgoing.fail(error)
        throw MigrationError(error)
    }

    /// QMP `migrate_cancel`. Without effect when nothing is under way.
    ///
    /// - Throws: when the guest is being handed over: it may run at the destination already.
    public func cancel() throws(MigrationError) {
        try state.withLock { $0.outgoing }?.cancel()
    }

    /// QMP `migrate-continue`: goes on from a phase in which the migration waits.
    public func goOn(from phase: MigrationPhase) throws(MigrationError) {
        guard let outgoing = state.withLock({ $0.outgoing }) else {
            guard phase == .none else {
                throw MigrationError("Migration not in expected state: \(MigrationPhase.none.rawValue)")
            }
            return
        }
        try outgoing.goOn(from: phase)
    }

    /// QMP `query-migrationthreads`: the threads that work for an outgoing migration.
    public var migrationThreads: [MigrationThread] { state.withLock { $0.outgoing }?.threads ?? [] }

    // MARK: Incoming

    /// QMP `migrate-incoming` and `-incoming URI`: returns once the listener is open.
    public func migrateIncoming(
        from address: MigrationAddress, descriptor: (String) -> Int32? = { Int32($0) }
    ) throws(MigrationError) {
        try requireChannels(address)
        let incoming = try beginIncoming()
        let listener: Listener
        do throws(TransportError) {
            listener = try Listener(address, descriptor: descriptor)
        } catch {
            // As if it had not been asked for: a better address can be given.
            state.withLock { $0.incoming = nil }
            throw MigrationError(error.description)
        }
        state.withLock { $0.listener = listener }
        incoming.begin(listeningAt: listener.addresses)
        do throws(MigrationError) {
            try start(incoming) { (channels) throws(MigrationError) in
                defer { listener.close() }
                try channels.gather(listener)
            }
        } catch {
            listener.close()
            throw error
        }
    }

    /// The same over channels that are already there: the main one, and those of multifd.
    public func migrateIncoming(over channel: Channel, multifd: [Channel] = []) throws(MigrationError) {
        let incoming = try beginIncoming()
        incoming.begin(listeningAt: [])
        try start(incoming) { (channels) throws(MigrationError) in try channels.take(channel, multifd) }
    }

    private func start(
        _ incoming: IncomingMigration,
        _ gather: @escaping @Sendable (IncomingChannels) throws(MigrationError) -> Void
    ) throws(MigrationError) {
        guard OSThread(ifPossible: "mig/dst/main", { incoming.run(gather) }) == nil else { return }
        let error = OSThread.noRoom.description
        incoming.fail(error)
        throw MigrationError(error)
    }

    /// - Throws: what `migrate-incoming` says before it looks at the address.
    public func requireIncoming() throws(MigrationError) {
        let refusal = guest.incomingRefusal
        try state.withLock { (state) throws(MigrationError) in try Self.requireIncoming(state, refusal) }
    }

    private static func requireIncoming(
        _ state: borrowing State, _ refusal: String?
    ) throws(MigrationError) {
        if let earlier = state.incoming, earlier.report.status != .failed {
            throw MigrationError("The incoming migration has already been started")
        }
        if let refusal { throw MigrationError(refusal) }
    }

    private func beginIncoming() throws(MigrationError) -> IncomingMigration {
        let refusal = guest.incomingRefusal
        return try state.withLock { (state) throws(MigrationError) in
            try Self.requireIncoming(state, refusal)
            let incoming = IncomingMigration(
                guest, security: security(), settings: { [shared] in shared.settings.withLock { $0 } },
                emit: { [shared] in shared.emit($0) })
            state.incoming = incoming
            return incoming
        }
    }

    // MARK: Both

    private func security(host: String? = nil) -> ConnectionSecurity {
        ConnectionSecurity(objects, host: host) { [shared] in shared.settings.withLock { $0 } }
    }

    /// Whether a guest is being sent or waited for.
    public var isUnderWay: Bool {
        let (outgoing, incoming) = state.withLock { ($0.outgoing, $0.incoming) }
        return outgoing?.report.status.isUnderWay == true || incoming?.report.status.isUnderWay == true
    }

    /// QMP `yank`: breaks the connections, as if the network had: both sides fail, and the guest stays where it is.
    public func yank() {
        let (outgoing, incoming) = state.withLock { ($0.outgoing, $0.incoming) }
        outgoing?.yank()
        incoming?.shutdown()
    }

    /// QMP `query-migrate`.
    public func queryMigrate() -> MigrationReport {
        let (outgoing, incoming) = state.withLock { ($0.outgoing, $0.incoming) }
        var result = incoming?.report ?? MigrationReport()
        if let source = outgoing?.report, source.status != .none {
            let addresses = result.socketAddresses
            result = source
            result.socketAddresses = addresses
        }
        return result.asReported
    }

    /// Ends what is under way because the process ends: the source keeps its guest if it may.
    public func shutDown() {
        let (outgoing, incoming, listener) = state.withLock { ($0.outgoing, $0.incoming, $0.listener) }
        try? outgoing?.cancel()
        listener?.cancel()
        incoming?.shutdown()
    }
}
