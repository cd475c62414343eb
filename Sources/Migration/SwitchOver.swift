import Bytes
import MigrationStream
import Transport
import VMState

/// The end of a migration at the source, with the guest stopped: the last pages, the devices, and the hand-over.
///
/// The order of the steps is what keeps the guest from running twice; see Documentation/Ownership.md.
struct SwitchOver {
    private let migration: OutgoingMigration
    private let pages: RAMQueue
    private let channel: Channel
    private let inbox: ReturnPathInbox?

    init(
        _ migration: OutgoingMigration, _ pages: RAMQueue, _ channel: Channel, _ inbox: ReturnPathInbox?
    ) {
        self.migration = migration
        self.pages = pages
        self.channel = channel
        self.inbox = inbox
    }

    /// - Returns: what remains to be said about an attempt that ended well.
    func run() throws(OutgoingMigration.Failure) -> String? {
        let timeout = migration.timeout
        channel.setWritePatience(milliseconds: timeout)
        migration.multifd?.setWritePatience(milliseconds: timeout)
        var features = MartletHandshake.Features()
        var isMartlet = false
        if let inbox, inbox.isOpen, let found = inbox.now.features {
            features = found
            isMartlet = !found.isEmpty
        }
        try migration.sendRest(pages, channel)
        try migration.check(inbox)
        var writer = DeviceWriter(dialect: isMartlet ? .martlet : migration.dialect)
        var id = OutgoingMigration.ramSection + 1
        for section in migration.guest.deviceSections {
            writer.write(section, id: id)
            id += 1
        }
        let isNegotiated = features.contains(.handOver)
        if !isNegotiated { try migration.giveUpDisks() }
        // The destination loads the devices while the end, with their description, is put together.
        let split = writer.output.count
        try migration.write(writer.output.bytes, channel)
        writer.finish(configuration: migration.configuration)
        let end = Array(writer.output.bytes[split...])
        migration.account(split + end.count, stopped: true)
        if isNegotiated, let inbox {
            try negotiate(end, inbox, timeout)
            return nil
        }
        return try handOver(end, timeout)
    }

    /// Between two Martlets: the destination starts only after `go`, the source gives the guest up before it.
    private func negotiate(
        _ end: [UInt8], _ inbox: ReturnPathInbox, _ timeout: Int
    ) throws(OutgoingMigration.Failure) {
        var last = ByteWriter()
        last.append(end)
        inbox.expect(pong: MartletHandshake.prepared)
        StreamCommand.ping(MartletHandshake.prepared).encode(to: &last)
        try migration.write(last.bytes, channel)
        let ready = migration.wait(for: "the destination does not say that it is prepared") {
            inbox.wait(milliseconds: timeout) { $0.pongs.contains(MartletHandshake.prepared) }
        }
        try migration.check(inbox)
        guard ready.pongs.contains(MartletHandshake.prepared) else {
            throw .kept("The destination did not say within \(timeout) ms that it is prepared")
        }
        try migration.giveUpDisks()
        var go = ByteWriter()
        StreamCommand.ping(MartletHandshake.go).encode(to: &go)
        try migration.passPointOfNoReturn()
        inbox.expect(pong: MartletHandshake.go)
        do throws(TransportError) {
            try channel.write(go.bytes)
        } catch {
            // Less than the whole message: the destination cannot have read it.
            throw .kept(error.description)
        }
        try confirm(inbox, timeout) { $0.pongs.contains(MartletHandshake.go) }
    }

    /// QEMU's protocol: the byte that ends the stream lets the destination start.
    private func handOver(_ end: [UInt8], _ timeout: Int) throws(OutgoingMigration.Failure) -> String? {
        try migration.check(inbox)
        try migration.passPointOfNoReturn()
        // From the coming byte on, a QEMU may end the connection, which it does without TLS's farewell.
        if inbox?.isOpen != true, !channel.peerSaysFarewell { channel.tolerateUncleanEnd() }
        do throws(TransportError) {
            try channel.write(end)
        } catch {
            guard error.accepted > 0 else { throw .kept(error.description) }
            throw .inDoubt("the channel broke while the end of the stream was sent (\(error))")
        }
        if inbox?.isOpen != true {
            do throws(TransportError) {
                // Without TLS's farewell, which nobody would read: what is left unread by a side that closes the
                // connection resets it.
                try channel.finishWriting(saysFarewell: false)
            } catch {
                // Nobody starts from a file by itself.
                if channel.kind == .file { throw .kept(error.description) }
                throw .inDoubt("the channel broke after the end of the stream was sent (\(error))")
            }
        }
        guard let inbox else { return nil }
        if inbox.isOpen {
            try confirm(inbox, timeout) { _ in false }
            return nil
        }
        return try awaitClose(inbox, timeout)
    }

    /// Waits for the destination's word that it has the guest.
    private func confirm(
        _ inbox: ReturnPathInbox, _ timeout: Int, _ isConfirmed: (ReturnPathInbox.Heard) -> Bool
    ) throws(OutgoingMigration.Failure) {
        let heard = migration.wait(for: "the destination does not confirm that it has the guest") {
            inbox.wait(milliseconds: timeout, until: isConfirmed)
        }
        if heard.shut == 0 || isConfirmed(heard) { return }
        // Its own word that it does not run: no doubt.
        if let refusal = heard.refusal { throw refusal }
        throw .inDoubt(heard.ended ?? "the destination did not confirm within \(timeout) ms")
    }

    /// Without a return path: a destination that fails says so if it is a Martlet, and the channel's end is all
    /// that can be heard of one that does not fail.
    private func awaitClose(
        _ inbox: ReturnPathInbox, _ timeout: Int
    ) throws(OutgoingMigration.Failure) -> String {
        let heard = migration.wait(for: "the destination does not end the connection") {
            inbox.wait(milliseconds: timeout) { _ in false }
        }
        if let refusal = heard.refusal { throw refusal }
        guard heard.endedInOrder else {
            throw .inDoubt(
                heard.ended.map { "all was sent, but the channel did not end in order (\($0))" }
                    ?? "all was sent, but the channel did not end within \(timeout) ms")
        }
        return "All was sent; without the capability return-path nothing confirms that the destination runs"
    }
}
