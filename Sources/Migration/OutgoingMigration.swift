import Bytes
import CPlatform
import Glibc
import GuestMemory
import MigrationStream
import Synchronization
import Threads
import Transport
import VMState

import struct QAPI.MartletError

/// One attempt to send the guest: the source's side, on a thread of its own.
///
/// Who owns the guest at which step is written down in Documentation/Ownership.md.
final class OutgoingMigration: Sendable {
    /// How an attempt can end other than well.
    enum Failure: Error {
        /// The guest is the source's: it runs on. When the destination gave the reason, that too.
        case kept(String, there: MartletError? = nil)
        case cancelled
        /// Nobody here knows whether the destination runs the guest.
        case inDoubt(String)
    }

    private struct Control {
        var channel: Channel?
        /// Further connections, as they are made.
        var others: [Channel] = []
        var multifd: MultifdSender?
        /// The thread, while it is at work.
        var thread: MigrationThread?
        /// When the thread began, ns.
        var start: Int64 = 0
        var hasConnected = false
        /// The guest stands, and all that is left is its last pages and the devices.
        var hasSentMemory = false
        var isCancelled = false
        /// The byte that lets the destination start is being handed over, or was.
        var isHandedOver = false
        var hasGivenUpDisks = false
    }

    let guest: any MigratableGuest
    /// Of a receiver that does not say that it is a Martlet; one for the whole attempt.
    let dialect: Dialect
    /// What the receiver has of the guest's memory, as the stream lists it.
    private let blocks: [RAMBlockDescription]
    /// What of that is sent.
    private let memory: GuestMemory
    /// What of it both sides have in shared files.
    private let kept: [RAMBlock]
    /// The guest is stopped before anything is sent: mode `cpr-reboot`.
    private let stopsFirst: Bool
    private let security: ConnectionSecurity
    private let settings: @Sendable () -> MigrationSettings
    private let emit: @Sendable (MigrationEvent) -> Void
    private let control: Mutex<Control>
    private let wake = Wake()
    /// True after `migrate-continue`.
    private let continued = SharedState(false)
    private let figures: Mutex<MigrationReport>
    private let transition = Mutex(())
    /// What the thread waits for, and since when.
    private let expected = Mutex<(what: String, since: Int64)?>(nil)

    init(
        _ guest: any MigratableGuest, security: ConnectionSecurity,
        settings: @escaping @Sendable () -> MigrationSettings,
        emit: @escaping @Sendable (MigrationEvent) -> Void
    ) {
        let set = settings()
        let dialect = set.dialect
        self.guest = guest
        self.dialect = dialect
        stopsFirst = set.stopsFirst
        let all = guest.memory.blocks.filter { $0.size > 0 && guest.isKnown($0, to: dialect) }
        kept = set.keepsSharedFiles ? all.filter(\.isSharedFile) : []
        memory = GuestMemory(
            blocks: all.filter { !set.keepsSharedFiles || !$0.isSharedFile }, regions: [])
        blocks = all.map { block in
            var description = RAMBlockDescription(name: block.name, length: UInt64(block.size))
            if set.keepsSharedFiles { description.address = guest.memory.address(of: block) }
            return description
        }
        self.security = security
        self.settings = settings
        self.emit = emit
        control = Mutex(Control())
        figures = Mutex(MigrationReport())
    }

    static let threadName = "mig/src/main"

    /// The threads at work; none when the attempt is over.
    var threads: [MigrationThread] {
        let (own, multifd) = control.withLock { ($0.thread, $0.multifd) }
        return (own.map { [$0] } ?? []) + (multifd?.threads ?? [])
    }

    /// While nothing moves, `errorDescription` says what is waited for.
    var report: MigrationReport {
        var report = figures.withLock { $0 }
        if report.status.isUnderWay {
            report.totalTime = milliseconds(now() - control.withLock { $0.start })
            if report.errorDescription == nil { report.errorDescription = standstill }
            if settings().limitsDirtying { report.dirtyLimit = guest.dirtyLimitStatistics }
        }
        return report
    }

    /// What has kept the attempt for a second and longer, nil when it goes on.
    private var standstill: String? {
        if let (what, since) = expected.withLock({ $0 }) {
            let seconds = milliseconds(now() - since) / 1000
            return seconds > 0 ? "Waiting for \(seconds) s: \(what)" : nil
        }
        let (channel, multifd) = control.withLock { ($0.channel, $0.multifd) }
        let waits = [channel?.writeStandstill, multifd?.standstill]
        guard let milliseconds = waits.compactMap({ $0 }).max(), milliseconds >= 1000 else { return nil }
        return "Waiting for \(milliseconds / 1000) s: the destination takes no bytes"
    }

    /// Does what can take long; `query-migrate` gives `what` as the reason meanwhile.
    func wait<Result, Failure: Error>(
        for what: String, _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        expected.withLock { $0 = (what, now()) }
        defer { expected.withLock { $0 = nil } }
        return try body()
    }

    /// Counts as under way from here on, so that no second attempt begins.
    func reserve() { figures.withLock { $0.status = .setup } }

    /// Enters `setup`; before the thread starts.
    func begin() { enter(.setup) }

    /// Ends an attempt whose channel could not be had.
    func fail(_ text: String, _ error: MartletError? = nil) {
        figures.withLock {
            $0.errorDescription = text
            $0.error = error
        }
        emit(.failed(text))
        enter(.failed)
    }

    private func enter(_ phase: MigrationPhase) {
        // One at a time, so that clients hear of the phases in their order.
        transition.withLock { _ in
            let isTaken = figures.withLock { report in
                // Who cancels and the thread that ends may meet here: an end stays, and so does the wish for it.
                let isLate =
                    phase == .cancelling
                    ? !report.status.isUnderWay : report.status == .cancelling && phase.isUnderWay
                if !isLate { report.status = phase }
                return !isLate
            }
            if isTaken { emit(.status(phase)) }
        }
    }

    /// Cancels, from any thread.
    func cancel() throws(MigrationError) {
        var refused = false
        var entered = false
        var isConnecting = false
        let channels = control.withLock { control -> [Channel] in
            // The phase changes under the lock: once `cancelled` is decided, nothing else can be.
            guard figures.withLock({ $0.status.isUnderWay }) else { return [] }
            guard !control.isHandedOver else {
                refused = true
                return []
            }
            entered = !control.isCancelled
            isConnecting = !control.hasConnected
            control.isCancelled = true
            return control.others + (control.channel.map { [$0] } ?? [])
        }
        if refused {
            throw MigrationError("The guest is being handed over to the destination, cannot cancel")
        }
        if entered { enter(.cancelling) }
        wake.set()
        for channel in channels { channel.shutdown() }
        // A connection that is being made ends at once, and with it the attempt: who cancels may try again with the next
        // command. Looking up a name cannot be ended and is not waited for.
        for _ in 0..<500 where isConnecting && figures.withLock({ $0.status.isUnderWay }) { usleep(1000) }
    }

    /// Breaks the connections, from any thread, as if the network had.
    func yank() {
        let (channels, isConnecting) = control.withLock { control in
            (control.others + (control.channel.map { [$0] } ?? []), !control.hasConnected)
        }
        if isConnecting { wake.set() }
        for channel in channels { channel.shutdown() }
    }

    // MARK: The thread

    /// Connects and sends. Returns when the attempt has ended.
    ///
    /// - Parameter open: makes a connection to the destination; called again for further ones.
    func run(_ open: (Wake) throws(TransportError) -> Channel) {
        let start = now()
        control.withLock { control in
            control.thread = MigrationThread(name: Self.threadName, id: cplatform_gettid())
            control.start = start
        }
        defer { control.withLock { $0.thread = nil } }
        do throws(TransportError) {
            _ = try security.client()
            let channel = try wait(for: "the connection is being made") { () throws(TransportError) in
                try open(wake)
            }
            let isCancelled = control.withLock { control in
                control.channel = channel
                return control.isCancelled
            }
            do throws(TransportError) {
                if isCancelled { throw TransportError("cancelled") }
                try secure(channel)
            } catch {
                control.withLock { $0.channel = nil }
                channel.closeRefused()
                throw error
            }
            control.withLock { $0.hasConnected = true }
            send(over: channel, open, start: start)
        } catch {
            end(.kept(error.description), wasStopped: false)
        }
    }

    private func secure(_ channel: Channel) throws(TransportError) {
        try wait(for: "the destination does not finish the TLS handshake") { () throws(TransportError) in
            try security.secureOutgoing(channel)
        }
    }

    private func send(
        over channel: Channel, _ open: (Wake) throws(TransportError) -> Channel, start: Int64
    ) {
        var wasStopped = false
        var stoppedAt: Int64 = 0
        let set = settings()
        let wantsReturnPath = set.returnPath
        let inbox =
            channel.kind == .socket
            ? ReturnPathInbox(channel, isOpen: wantsReturnPath, awaitsReady: set.wantsSwitchoverAck) : nil
        var failure: Failure?
        do throws(Failure) {
            if inbox == nil, wantsReturnPath { throw .kept("Unable to open return-path") }
            if control.withLock({ $0.isCancelled }) { throw .cancelled }
            try inbox?.start()
            func stop() {
                stoppedAt = now()
                wasStopped = true
                guest.stopForMigration()
            }
            if stopsFirst { stop() }
            let pages = try precopy(channel, open, inbox, start)
            if !wasStopped { stop() }
            if stopsFirst { try syncKept() }
            control.withLock { $0.hasSentMemory = true }
            if set.pausesBeforeSwitchover { try awaitContinue(inbox) }
            let note = try SwitchOver(self, pages, channel, inbox).run()
            figures.withLock { if let note { $0.errorDescription = note } }
        } catch {
            failure = explain(error, inbox)
        }
        if failure == nil, channel.isSecure { try? channel.finishWriting() }
        channel.shutdown()
        inbox?.join()
        closeMultifd(inOrder: failure == nil)
        channel.close()
        control.withLock { $0.channel = nil }
        guest.setDirtyLogging(false)
        if set.autoConverges { guest.throttleHarts(percent: 0) }
        if set.limitsDirtying { guest.limitDirtying(nil) }
        if let failure {
            end(failure, wasStopped: wasStopped)
            return
        }
        guest.becomePostmigrate()
        let finished = now()
        figures.withLock { report in
            report.totalTime = milliseconds(finished - start)
            report.downtime = milliseconds(finished - stoppedAt)
            report.expectedDowntime = nil
            let span = (report.totalTime ?? 0) &- min(report.totalTime ?? 0, report.setupTime ?? 0)
            if span > 0, let ram = report.ram {
                report.ram?.mbps = Double(ram.transferred) * 8 / Double(span) / 1000
            }
            report.ram?.remaining = 0
            report.ram?.dirtyPagesRate = 0
        }
        enter(.completed)
    }

    /// The host may restart when the migration is over: what was not sent has to be on its disk.
    private func syncKept() throws(Failure) {
        do throws(GuestMemoryError) {
            try wait(for: "RAM is being written to its file") { () throws(GuestMemoryError) in
                for block in kept { try block.sync() }
            }
        } catch {
            throw .kept(error.description)
        }
    }

    /// Stands still, with the guest stopped and the disks still this side's, until `migrate-continue`.
    private func awaitContinue(_ inbox: ReturnPathInbox?) throws(Failure) {
        enter(.preSwitchover)
        while continued.wait(milliseconds: 50, { $0 ? true : nil }) == nil { try check(inbox) }
        try check(inbox)
        enter(.device)
    }

    /// QMP `migrate-continue`.
    func goOn(from phase: MigrationPhase) throws(MigrationError) {
        let current = figures.withLock { $0.status }
        guard phase == current else {
            throw MigrationError("Migration not in expected state: \(current.rawValue)")
        }
        if phase == .preSwitchover { continued.update { $0 = true } }
    }

    /// Prefers the destination's own words to what the broken channel says: its word that it does not run ends
    /// any doubt.
    private func explain(_ failure: Failure, _ inbox: ReturnPathInbox?) -> Failure {
        guard let inbox else { return failure }
        switch failure {
        case .cancelled: return failure
        case .kept: if control.withLock({ $0.isCancelled }) { return .cancelled }
        case .inDoubt: break
        }
        let heard = inbox.wait(milliseconds: min(timeout, 1000)) { $0.shut != nil }
        return heard.refusal ?? failure
    }

    private func end(_ failure: Failure, wasStopped: Bool) {
        let isCancelled = control.withLock { $0.isCancelled && !$0.isHandedOver }
        switch failure {
        case .inDoubt(let reason):
            guest.becomePostmigrate()
            report(
                "The outcome is in doubt: \(reason). The guest stays paused here; 'cont' runs it here, which is "
                    + "right only if it does not run at the destination", during: .handOver)
        case .kept(let text, let there):
            let phase = phase
            guard !wasStopped || takeBack(text, phase) else { return }
            if isCancelled {
                enter(.cancelled)
            } else if let there {
                fail(text, there)
            } else {
                report(text, during: phase)
            }
        case .cancelled:
            guard !wasStopped || takeBack("it was cancelled", .devices) else { return }
            enter(.cancelled)
        }
    }

    /// How far the attempt is.
    private var phase: StreamError.Phase {
        let control = control.withLock { ($0.hasConnected, $0.hasSentMemory, $0.isHandedOver) }
        if !control.0 { return .connection }
        if control.1 { return control.2 ? .handOver : .devices }
        return figures.withLock { $0.status } == .setup ? .setup : .memory
    }

    /// Fails with what this side has found.
    private func report(_ text: String, during phase: StreamError.Phase) {
        fail(text, phase == .connection ? nil : MartletError(MigrationError(text), at: .source, phase))
    }

    /// Puts the guest back to where it was; false when its disk images are somebody else's by now.
    private func takeBack(_ reason: String, _ phase: StreamError.Phase) -> Bool {
        if control.withLock({ $0.hasGivenUpDisks }) {
            do throws(MigrationError) {
                try guest.takeDisks()
            } catch {
                guest.becomePostmigrate()
                report(
                    "\(reason); the guest stays paused here, as its disks cannot be taken back: \(error)",
                    during: phase)
                return false
            }
        }
        guest.resumeAfterFailure()
        return true
    }

    func giveUpDisks() throws(Failure) {
        control.withLock { $0.hasGivenUpDisks = true }
        do throws(MigrationError) {
            try guest.giveUpDisks()
        } catch {
            throw .kept(error.description)
        }
    }

    // MARK: Copying while the guest runs

    private func precopy(
        _ channel: Channel, _ open: (Wake) throws(TransportError) -> Channel, _ inbox: ReturnPathInbox?,
        _ start: Int64
    ) throws(Failure) -> RAMQueue {
        var head = ByteWriter()
        configuration.encode(to: &head)
        if let inbox, inbox.isOpen {
            inbox.expect(pong: MartletHandshake.pingValue)
            StreamCommand.openReturnPath.encode(to: &head)
            StreamCommand.ping(MartletHandshake.pingValue).encode(to: &head)
        }
        // The peer tells the main connection by its first bytes: they go out before the others are made.
        try write(head.bytes, channel)
        let multifd = try openMultifd(open)
        let ways: PageWays
        do throws(MigrationError) {
            ways = try PageWays(
                settings(), pages: memory.blocks.reduce(0) { $0 + $1.pageCount }, multifd: multifd)
        } catch {
            throw .kept(error.description)
        }
        var list = ByteWriter()
        let ram = SectionHeader(
            kind: .start, id: Self.ramSection, name: RAMSection.name, version: RAMSection.version)
        ram.encode(to: &list)
        RAMBlockList(blocks).encode(
            to: &list, flushesMultifd: multifd != nil && !ways.synchronizesBodies)
        ram.encodeFooter(to: &list)
        try write(list.bytes, channel)
        // Everything is to send; what is written from here on is sent again.
        guest.setDirtyLogging(true)
        let pages = RAMQueue(memory, ways)
        let total = UInt64(memory.blocks.reduce(0) { $0 + $1.size })
        figures.withLock { report in
            report.setupTime = milliseconds(now() - start)
            report.expectedDowntime = settings().downtimeLimit
            var ram = RAMStatistics()
            ram.total = total
            ram.remaining = total
            ram.dirtySyncCount = 1
            report.ram = ram
        }
        account(
            head.count + list.count + Int(clamping: multifd?.sentBytes ?? 0), pages.sender, stopped: false)
        emit(.pass(1))
        if control.withLock({ $0.isCancelled }) { throw .cancelled }
        enter(.active)
        try iterate(&pages.sender, channel, inbox)
        return pages
    }

    private func iterate(
        _ sender: inout RAMSender, _ channel: Channel, _ inbox: ReturnPathInbox?
    ) throws(Failure) {
        var windowStart = now()
        var windowBytes: UInt64 = 0
        var windowPages: UInt64 = 0
        var window: BandwidthWindow?
        /// Bytes by which the stream is ahead of max-bandwidth.
        var ahead: Int64 = 0
        var isExact = false
        var isSettled = false
        var previous: UInt64?
        var period = SyncPeriod(start: now())
        while true {
            try check(inbox)
            let set = settings()
            if let limit = period.dirtyLimiting.change(set) { guest.limitDirtying(limit) }
            let threshold = switchoverThreshold(
                window: window, available: set.availSwitchoverBandwidth, downtimeLimit: set.downtimeLimit)
            let floor = switchoverThreshold(
                window: window, available: set.availSwitchoverBandwidth, downtimeLimit: switchoverFloor)
            let pending = UInt64(sender.dirtyPages) * UInt64(guestPageSize)
            let step = iterationStep(
                pending: pending, isExact: isExact, previous: previous, threshold: threshold, floor: floor)
            if isExact { previous = pending }
            sender.resizeDeltaCache(set.deltaCacheSize)
            switch step {
            case .switchOver:
                let began = now()
                guard isReady(inbox, set), try hasAnswered(inbox), isSettled else {
                    try settle(&sender, channel)
                    isSettled = true
                    // What was written meanwhile counts, too, if it took long enough to matter.
                    isExact = milliseconds(now() - began) < switchoverFloor
                    continue
                }
                return
            case .synchronize:
                period.dirtyPages &+= UInt64(sender.drainLog())
                guest.dropWritePermissions()
                isExact = true
                countPass()
                if milliseconds(now() - period.start) > 1000 { judge(&period, &sender, set) }
                continue
            case .send: break
            }
            isExact = false
            let budget =
                set.maxBandwidth == 0 ? Int64.max / 2 : max(1, Int64(clamping: set.maxBandwidth / 10))
            let left = budget &- ahead &- Int64(clamping: windowBytes)
            if left > 0 {
                let before = sender.examinedPages
                let sent: Int
                do throws(TransportError) {
                    sent = try sender.send(
                        .part, id: Self.ramSection, bytes: Int(left), milliseconds: 50, to: channel)
                } catch {
                    throw .kept(error.description)
                }
                windowBytes &+= UInt64(sent)
                windowPages &+= sender.examinedPages &- before
                account(sent, sender, stopped: false)
            }
            if Int64(clamping: windowBytes) &+ ahead >= budget {
                let rest = Int(rateWindow) - Int(clamping: milliseconds(now() - windowStart))
                if rest > 0 { _ = wake.sleep(milliseconds: rest) }
            }
            let elapsed = milliseconds(now() - windowStart)
            guard elapsed >= rateWindow else { continue }
            ahead = rateBalance(ahead, sent: windowBytes, elapsed: elapsed, limit: set.maxBandwidth)
            // A window in which nothing could be sent, as the ones before were too full, says nothing of the channel.
            if windowBytes > 0 { window = BandwidthWindow(bytes: windowBytes, milliseconds: elapsed) }
            let (bytes, pages) = (windowBytes, windowPages)
            let expected = previous.flatMap {
                expectedDowntime(dirty: $0, window: window, available: set.availSwitchoverBandwidth)
            }
            figures.withLock { report in
                report.ram?.mbps = Double(bytes) * 8 / Double(elapsed) / 1000
                report.ram?.pagesPerSecond = pages &* 1000 / elapsed
                if let expected, bytes > 10_000, report.ram?.dirtyPagesRate ?? 0 != 0 {
                    report.expectedDowntime = expected
                }
            }
            windowStart = now()
            windowBytes = 0
            windowPages = 0
        }
    }

    /// What is counted between two synchronisations that are more than a second apart.
    private struct SyncPeriod {
        var start: Int64
        /// Pages that were found newly dirty.
        var dirtyPages: UInt64 = 0
        /// Bytes of the whole stream when it began.
        var transferred: UInt64 = 0
        var autoConverge = AutoConverge()
        var dirtyLimiting = DirtyLimiting()
    }

    /// Ends a period: rates, and what slows the guest down if a capability says so.
    private func judge(_ period: inout SyncPeriod, _ sender: inout RAMSender, _ set: MigrationSettings) {
        let moment = now()
        let elapsed = milliseconds(moment - period.start)
        let pages = period.dirtyPages
        sender.endPeriod()
        let transferred = figures.withLock { report -> UInt64 in
            report.ram?.dirtyPagesRate = pages &* 1000 / elapsed
            return report.ram?.transferred ?? 0
        }
        let sent = transferred &- period.transferred
        let dirtied = pages &* UInt64(guestPageSize)
        if set.limitsDirtying { period.dirtyLimiting.judge(dirtied: dirtied, sent: sent, set) }
        if set.autoConverges, period.autoConverge.judge(dirtied: dirtied, sent: sent, set) {
            let percentage = period.autoConverge.percentage
            guest.throttleHarts(percent: percentage)
            figures.withLock { $0.cpuThrottlePercentage = percentage }
        }
        (period.start, period.dirtyPages, period.transferred) = (moment, 0, transferred)
    }

    /// With switchover-ack, the destination's devices have the last word on a pause; not on a guest that stands.
    private func isReady(_ inbox: ReturnPathInbox?, _ set: MigrationSettings) -> Bool {
        guard set.wantsSwitchoverAck, guest.isRunning, let inbox, inbox.isOpen, !inbox.now.isReady else {
            return true
        }
        _ = wait(for: "the destination's devices are not ready for the switchover") {
            inbox.wait(milliseconds: timeout) { $0.isReady }
        }
        return false
    }

    /// What the channel still holds would be taken with the guest stopped: waits until the destination has read it, or
    /// the downtime limit is over.
    ///
    /// Of a tcp peer only its room is known, and only as of its last acknowledgement: one page at a time is sent until
    /// two in a row are acknowledged and the room has not grown.
    private func settle(_ sender: inout RAMSender, _ channel: Channel) throws(Failure) {
        let end = now() + Int64(settings().downtimeLimit) * 1_000_000
        var room = multifd?.peerWindow ?? channel.peerWindow
        var quiet = 0
        while quiet < (room == nil ? 1 : 2), now() < end {
            do throws(TransportError) {
                // Multifd channels have to be in step, which has a few bytes sent on each.
                sender.needsSynchronization = true
                let sent = try sender.send(
                    .part, id: Self.ramSection, bytes: multifd == nil ? 1 : 0, to: channel)
                account(sent, sender, stopped: false)
            } catch {
                throw .kept(error.description)
            }
            while let held = multifd?.unsentBytes ?? channel.unsentBytes, held > 0, now() < end {
                if wake.sleep(milliseconds: 1) { throw .cancelled }
            }
            let found = multifd?.peerWindow ?? channel.peerWindow
            quiet = (found ?? 0) > (room ?? 0) + Self.noGrowth ? 0 : quiet + 1
            room = found
        }
    }

    /// Makes the multifd connections, if the capability is on.
    private func openMultifd(
        _ open: (Wake) throws(TransportError) -> Channel
    ) throws(Failure) -> MultifdSender? {
        let set = settings()
        guard set.multifdCount > 0 else { return nil }
        do throws(TransportError) {
            var channels: [Channel] = []
            for index in 0..<set.multifdCount {
                let channel = try wait(for: "multifd channel \(index) is being connected") {
                    () throws(TransportError) in try open(wake)
                }
                channels.append(channel)
                let isCancelled = control.withLock { control in
                    control.others.append(channel)
                    return control.isCancelled
                }
                if isCancelled { throw .init("cancelled") }
                do throws(TransportError) {
                    try secure(channel)
                    try MultifdSender.greet(channel, index, uuid: guest.uuid)
                } catch {
                    throw error.on(index)
                }
            }
            let multifd = try MultifdSender(channels, memory, set)
            control.withLock { $0.multifd = multifd }
            try multifd.synchronize()
            return multifd
        } catch {
            throw .kept(error.description)
        }
    }

    private func closeMultifd(inOrder: Bool) {
        let (channels, multifd) = control.withLock { control in
            defer { (control.others, control.multifd) = ([], nil) }
            return (control.others, control.multifd)
        }
        for channel in channels where inOrder && channel.isSecure { try? channel.finishWriting() }
        multifd?.end()
        for channel in channels { channel.close() }
    }

    /// Bytes by which a peer's room may grow without it having read what is worth a wait.
    private static let noGrowth = 32 << 10

    /// The guest is not stopped before the destination has said who it is. False: it has now, after a wait.
    private func hasAnswered(_ inbox: ReturnPathInbox?) throws(Failure) -> Bool {
        guard let inbox, inbox.isOpen, inbox.now.features == nil else { return true }
        let heard = wait(for: "the destination does not answer over the return path") {
            inbox.wait(milliseconds: timeout) { $0.features != nil }
        }
        try check(inbox)
        guard heard.features != nil else {
            throw .kept("The destination does not answer over the return path")
        }
        return false
    }

    func account(_ bytes: Int, _ sender: borrowing RAMSender, stopped: Bool) {
        let (counts, dirtyPages) = (sender.counts, sender.dirtyPages)
        let (delta, packing) = (sender.deltaStatistics, sender.packingStatistics)
        let (multifd, missed) = (sender.multifdBytes, sender.missedZeroCopies)
        figures.withLock { report in
            report.ram?.multifdBytes = multifd
            report.ram?.dirtySyncMissedZeroCopy = missed
            (report.xbzrle, report.compression) = (delta, packing)
            report.ram?.normal = counts.normal
            report.ram?.duplicate = counts.zero
            report.ram?.remaining = UInt64(dirtyPages) * UInt64(guestPageSize)
        }
        account(bytes, stopped: stopped)
    }

    /// Counts bytes of the stream, which are the sum of those before the guest stopped and those after.
    func account(_ bytes: Int, stopped: Bool) {
        figures.withLock { report in
            report.ram?.transferred &+= UInt64(bytes)
            if stopped || stopsFirst {
                report.ram?.downtimeBytes &+= UInt64(bytes)
            } else {
                report.ram?.precopyBytes &+= UInt64(bytes)
            }
        }
    }

    func countPass() {
        let pass = figures.withLock { report -> UInt64 in
            report.ram?.dirtySyncCount += 1
            return report.ram?.dirtySyncCount ?? 0
        }
        emit(.pass(pass))
    }

    /// Throws when it was cancelled, or the destination has failed.
    func check(_ inbox: ReturnPathInbox?) throws(Failure) {
        if control.withLock({ $0.isCancelled }) { throw .cancelled }
        guard let inbox else { return }
        let heard = inbox.now
        if let refusal = heard.refusal { throw refusal }
        if heard.shut != nil { throw .kept("The destination ended the return path too early") }
        if let ended = heard.ended { throw .kept(ended) }
    }

    /// From here on the guest is no longer this side's to run, unless the coming write takes no byte at all.
    func passPointOfNoReturn() throws(Failure) {
        let isCancelled = control.withLock { control in
            if !control.isCancelled { control.isHandedOver = true }
            return control.isCancelled
        }
        if isCancelled { throw .cancelled }
    }

    func write(_ bytes: [UInt8], _ channel: Channel) throws(Failure) {
        do throws(TransportError) {
            try channel.write(bytes)
        } catch {
            throw .kept(error.description)
        }
    }

    var multifd: MultifdSender? { control.withLock { $0.multifd } }
    var timeout: Int { settings().inDoubtTimeout }
    var configuration: StreamConfiguration {
        let set = settings()
        return StreamConfiguration(
            machine: guest.machineName, capabilities: set.validated, uuid: set.sendsUUID ? guest.uuid : nil)
    }

    /// Number of the live section, as in QEMU's streams; devices follow.
    static let ramSection: UInt32 = 2

    /// Sends all that is left, with the guest stopped.
    func sendRest(_ pages: RAMQueue, _ channel: Channel) throws(Failure) {
        _ = pages.sender.drainLog()
        countPass()
        let sent: Int
        do throws(TransportError) {
            sent = try pages.sender.send(.end, id: Self.ramSection, to: channel)
        } catch {
            throw .kept(error.description)
        }
        account(sent, pages.sender, stopped: true)
    }
}

/// Monotonic, ns.
func now() -> Int64 { cplatform_monotonic_ns() }

func milliseconds(_ nanoseconds: Int64) -> UInt64 { UInt64(max(0, nanoseconds) / 1_000_000) }
