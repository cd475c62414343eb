import Bytes
import GuestMemory
import MigrationStream
import Synchronization
import Threads
import Transport
import VMState

import struct QAPI.MartletError

/// One attempt to receive the guest: the destination's side, on a thread of its own.
///
/// The guest starts only when it is whole and this side's; see Documentation/Ownership.md.
final class IncomingMigration: Sendable {
    private let guest: any MigratableGuest
    private let security: ConnectionSecurity
    private let settings: @Sendable () -> MigrationSettings
    private let emit: @Sendable (MigrationEvent) -> Void
    private let state = Mutex(MigrationReport())
    private let channel = Mutex<Channel?>(nil)
    private let multifd = Mutex<MultifdReceiver?>(nil)

    init(
        _ guest: any MigratableGuest, security: ConnectionSecurity,
        settings: @escaping @Sendable () -> MigrationSettings,
        emit: @escaping @Sendable (MigrationEvent) -> Void
    ) {
        self.guest = guest
        self.security = security
        self.settings = settings
        self.emit = emit
    }

    /// Everything is loaded and the source has been told so.
    private let isPrepared = Atomic<Bool>(false)

    /// While nothing comes, `errorDescription` says what is waited for.
    var report: MigrationReport {
        var report = state.withLock { $0 }
        if report.status == .active, report.errorDescription == nil { report.errorDescription = standstill }
        return report
    }

    /// What has kept the attempt for a second and longer, nil when it goes on.
    private var standstill: String? {
        let (channel, multifd) = (channel.withLock { $0 }, multifd.withLock { $0 })
        guard let milliseconds = channel?.readStandstill ?? multifd?.standstill, milliseconds >= 1000
        else { return nil }
        let what =
            isPrepared.load(ordering: .relaxed)
            ? "everything is loaded, and the source does not hand the guest over" : "the source sends nothing"
        return "Waiting for \(milliseconds / 1000) s: \(what)"
    }

    func begin(listeningAt addresses: [MigrationAddress]) {
        state.withLock { $0.socketAddresses = addresses }
        enter(.setup)
    }

    private func enter(_ phase: MigrationPhase) {
        state.withLock { $0.status = phase }
        emit(.status(phase))
    }

    func fail(_ text: String, _ error: MartletError? = nil) {
        state.withLock {
            $0.errorDescription = text
            $0.error = error
            $0.socketAddresses = []
        }
        emit(.failed(text))
        enter(.failed)
    }

    /// A connection was not let in; others are still awaited.
    private func refused(_ reason: String) {
        let text = "A connection was refused: \(reason)"
        state.withLock { $0.errorDescription = text }
        emit(.failed(text))
    }

    /// Cuts the connections, if there are any.
    func shutdown() {
        channel.withLock { $0 }?.shutdown()
        multifd.withLock { $0 }?.shutdown()
    }

    // MARK: The thread

    /// Waits for the source and loads what it sends. Returns when the attempt has ended.
    ///
    /// - Parameter gather: waits for the connections.
    func run(_ gather: (IncomingChannels) throws(MigrationError) -> Void) {
        let channels = IncomingChannels(settings, uuid: guest.uuid, security) { [self] in refused($0) }
        var failure: MigrationError?
        do throws(MigrationError) { try gather(channels) } catch { failure = error }
        guard let channel = channels.main else {
            channels.closeOthers()
            fail(failure?.description ?? "no connection came")
            return
        }
        self.channel.withLock { $0 = channel }
        let multifd = MultifdReceiver(
            channels.multifd, channels.settings.multifdPacking.0, memory: guest.memory
        ) { channel.endReads() }
        self.multifd.withLock { $0 = multifd }
        let load = IncomingLoad(guest, channel, multifd, settings) { [self] in
            isPrepared.store(true, ordering: .relaxed)
        }
        if failure == nil {
            // What was refused before does not matter any more.
            state.withLock { $0.errorDescription = nil }
            enter(.active)
            do throws(MigrationError) { try load.run() } catch { failure = error }
        }
        multifd.end()
        self.multifd.withLock { $0 = nil }
        if let failure {
            let error = MartletError(failure, at: .destination, load.phase)
            load.report(error)
            channel.shutdown()
            channel.close(abruptly: !load.hasReturnPath)
            self.channel.withLock { $0 = nil }
            fail(error.text, error)
            return
        }
        channel.close()
        self.channel.withLock { $0 = nil }
        state.withLock { $0.socketAddresses = [] }
        enter(.completed)
        announceAgain()
    }

    private func announceAgain() {
        let set = settings()
        guard set.announceRounds > 1 else { return }
        let guest = guest
        _ = OSThread(ifPossible: "announce") {
            let wake = Wake()
            var round = 0
            while let delay = set.announceDelay(after: round) {
                _ = wake.sleep(milliseconds: delay)
                guest.announceSelf()
                round += 1
            }
        }
    }
}

/// Reads one stream into the guest and starts it.
final class IncomingLoad {
    private let guest: any MigratableGuest
    private let channel: Channel
    private let settings: @Sendable () -> MigrationSettings
    private let reader: StreamReader
    /// Kept until the guest runs: its thread may be at work still, and the guest does not wait for that.
    private let ram: IncomingRAM
    private let keepsSharedFiles: Bool
    private let multifd: MultifdReceiver
    private(set) var hasReturnPath = false
    /// How far the stream is, or that it is over.
    var phase: StreamError.Phase { isLoaded ? .handOver : reader.phase }
    private var isLoaded = false
    private var isMartlet = false
    private let prepared: () -> Void

    /// - Parameter prepared: called when everything is loaded and the source is told so.
    init(
        _ guest: any MigratableGuest, _ channel: Channel, _ multifd: MultifdReceiver,
        _ settings: @escaping @Sendable () -> MigrationSettings, prepared: @escaping () -> Void
    ) {
        self.guest = guest
        self.channel = channel
        self.settings = settings
        self.prepared = prepared
        reader = StreamReader(InputBuffer(channel))
        let set = settings()
        keepsSharedFiles = set.keepsSharedFiles
        ram = IncomingRAM(guest.memory, multifd: multifd, set)
        self.multifd = multifd
    }

    func run() throws(MigrationError) {
        try load()
        isLoaded = true
        if isMartlet {
            try awaitGo()
        } else {
            try takeDisks()
            // The guest is whole and this side's. The source that misses the message stays paused, in doubt.
            if hasReturnPath { try? say(.shut(0)) }
        }
        let set = settings()
        if set.announceRounds > 0 { guest.announceSelf() }
        guest.startAfterIncoming()
        if isMartlet {
            try? say(.pong(MartletHandshake.go))
            try? say(.shut(0))
        }
    }

    /// Tells the source that the guest will not run here, as far as it can be told; without a return path, too:
    /// a Martlet listens, and a QEMU never looks.
    func report(_ error: MartletError) {
        guard channel.kind == .socket else { return }
        let patience = min(1000, settings().inDoubtTimeout)
        channel.setWritePatience(milliseconds: patience)
        if isMartlet || !hasReturnPath { try? say(.failure(error.json.description)) }
        try? say(.shut(1))
        // Closing a socket with bytes unread resets it, and the words might be lost on the way.
        try? channel.finishWriting()
        channel.drain(milliseconds: patience)
    }

    private func say(_ message: ReturnPathMessage) throws(MigrationError) {
        var writer = ByteWriter()
        message.encode(to: &writer)
        do throws(TransportError) {
            try channel.write(writer.bytes)
        } catch {
            throw MigrationError("return path: \(error)")
        }
    }

    private func stream<T>(_ body: () throws(StreamError) -> T) throws(MigrationError) -> T {
        do throws(StreamError) {
            return try body()
        } catch {
            throw refused(multifd.failure ?? error)
        }
    }

    private func refused(_ error: StreamError) -> MigrationError {
        let error = error.at(.destination, phase)
        return MigrationError("load of migration failed: \(error)", stream: error)
    }

    private func load() throws(MigrationError) {
        try stream { () throws(StreamError) in
            try reader.configuration().check(
                against: .init(
                    machine: guest.machineName, capabilities: settings().validated, uuid: guest.uuid))
        }
        if !keepsSharedFiles, let block = guest.memory.blocks.first(where: \.isUsedElsewhere) {
            throw MigrationError(
                "RAM block '\(block.name)' is in a file that another process uses, and would be emptied: set the "
                    + "capability x-ignore-shared on both sides, or give the destination another file")
        }
        guest.resetForIncoming(keepingSharedFiles: keepsSharedFiles)
        var decoder = RAMDecoder(
            blocks: guest.memory.blocks.map(description), hasAddresses: keepsSharedFiles)
        defer { ram.finish() }
        var devices = DeviceLoader(guest.deviceSections)
        while true {
            switch try stream({ () throws(StreamError) in try reader.next() }) {
            case .section(let header):
                try stream { () throws(StreamError) in
                    if header.name == RAMSection.name {
                        try decoder.load(reader, into: ram)
                    } else {
                        try devices.load(reader)
                    }
                    try reader.endSection()
                }
            case .command(let command): try obey(command)
            case .endOfStream:
                let optional = guest.memory.blocks.filter { block in
                    block.isResizable || Dialect.allCases.contains { !guest.isKnown(block, to: $0) }
                }
                try stream { () throws(StreamError) in
                    try decoder.requireAll(
                        reader, but: Set(optional.map(\.name)), bringsAllPages: multifd.isEmpty)
                    try devices.requireAll(reader)
                    _ = try reader.skipDescription()
                }
                // From here on nothing of the stream may write to the guest's memory.
                multifd.end()
                return
            }
        }
    }

    /// What a stream may say of a block here.
    private func description(_ block: RAMBlock) -> RAMBlockDescription {
        var result = RAMBlockDescription(
            name: block.name, length: UInt64(block.size),
            maximumLength: block.isResizable ? UInt64(block.capacity) : nil)
        result.isKept = keepsSharedFiles && block.isSharedFile
        result.address = guest.memory.address(of: block)
        return result
    }

    private func obey(_ command: StreamCommand) throws(MigrationError) {
        switch command {
        case .openReturnPath:
            hasReturnPath = true
            // No device here takes part in its own transfer: none has to get ready.
            if settings().wantsSwitchoverAck { try say(.switchoverAcknowledged) }
        case .ping(let value):
            guard hasReturnPath else {
                throw refused(reader.refusal(expected: "OPEN_RETURN_PATH before PING", found: "PING"))
            }
            guard value != MartletHandshake.prepared, value != MartletHandshake.go else {
                throw refused(
                    reader.refusal(
                        expected: "the end of the stream before the hand-over", found: command.name))
            }
            if value == MartletHandshake.pingValue {
                isMartlet = true
                try say(.pong(MartletHandshake.answer([.handOver, .reason])))
            } else {
                try say(.pong(value))
            }
        case .switchoverStart: break
        default:
            throw refused(reader.notSupported("the command \(command.name)"))
        }
    }

    private func takeDisks() throws(MigrationError) {
        // A guest that does not start here now takes them when it is told to.
        if settings().activatesBlocksLate, !guest.runsAfterIncoming { return }
        do throws(MigrationError) {
            try guest.takeDisks()
        } catch {
            // Those that were taken before one was not: the source shall find them free.
            try? guest.giveUpDisks()
            throw error
        }
    }

    /// Says that all is loaded, and waits until the source has given the guest up.
    private func awaitGo() throws(MigrationError) {
        // The source's own wait is over before this one, so that it is not told "go" in vain.
        channel.setReadPatience(milliseconds: settings().inDoubtTimeout * 2)
        try expect(MartletHandshake.prepared, "the end of the stream was not followed by the hand-over")
        try say(.pong(MartletHandshake.prepared))
        prepared()
        try expect(
            MartletHandshake.go,
            "everything is loaded, but the source did not hand the guest over: it does not run here")
        try takeDisks()
    }

    private func expect(_ value: UInt32, _ otherwise: String) throws(MigrationError) {
        let item: StreamItem
        do throws(StreamError) {
            item = try reader.next()
        } catch {
            let error = error.at(.destination, phase)
            throw MigrationError("\(otherwise) (\(error))", stream: error)
        }
        guard item == .command(.ping(value)) else {
            let error = reader.refusal(expected: "PING \(value)", found: "\(item)").at(.destination, phase)
            throw MigrationError("\(otherwise) (\(error))", stream: error)
        }
    }
}
