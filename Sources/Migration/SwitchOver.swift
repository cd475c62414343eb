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
        var features = MartletHandshake.Features()
        var isMartlet = false
        if let inbox {
            let heard = inbox.wait(milliseconds: timeout) { $0.features != nil }
            try migration.check(inbox)
            guard let found = heard.features else {
                throw .kept("The destination does not answer over the return path")
            }
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
        let split = writer.output.count
        writer.finish(configuration: migration.configuration)
        let bytes = writer.output.bytes
        migration.accountDevices(bytes.count)
        if features.contains(.handOver), let inbox {
            try negotiate(bytes, inbox, timeout)
            return nil
        }
        return try handOver(Array(bytes[..<split]), Array(bytes[split...]), timeout)
    }

    /// Between two Martlets: the destination starts only after `go`, the source gives the guest up before it.
    private func negotiate(
        _ stream: [UInt8], _ inbox: ReturnPathInbox, _ timeout: Int
    ) throws(OutgoingMigration.Failure) {
        var last = ByteWriter()
        last.append(stream)
        StreamCommand.ping(MartletHandshake.prepared).encode(to: &last)
        try migration.write(last.bytes, channel)
        let ready = inbox.wait(milliseconds: timeout) { $0.pongs.contains(MartletHandshake.prepared) }
        try migration.check(inbox)
        guard ready.pongs.contains(MartletHandshake.prepared) else {
            throw .kept("The destination did not say within \(timeout) ms that it is prepared")
        }
        try migration.giveUpDisks()
        var go = ByteWriter()
        StreamCommand.ping(MartletHandshake.go).encode(to: &go)
        try migration.passPointOfNoReturn()
        do throws(TransportError) {
            try channel.write(go.bytes)
        } catch {
            // Less than the whole message: the destination cannot have read it.
            throw .kept(error.description)
        }
        try confirm(inbox, timeout) { $0.pongs.contains(MartletHandshake.go) }
    }

    /// QEMU's protocol: the byte that ends the stream lets the destination start.
    private func handOver(
        _ devices: [UInt8], _ end: [UInt8], _ timeout: Int
    ) throws(OutgoingMigration.Failure) -> String? {
        try migration.giveUpDisks()
        try migration.write(devices, channel)
        try migration.check(inbox)
        try migration.passPointOfNoReturn()
        do throws(TransportError) {
            try channel.write(end)
        } catch {
            guard error.accepted > 0 else { throw .kept(error.description) }
            throw .inDoubt("the channel broke while the end of the stream was sent (\(error))")
        }
        if inbox == nil {
            do throws(TransportError) {
                try channel.finishWriting()
            } catch {
                // Nobody starts from a file by itself.
                if channel.kind == .file { throw .kept(error.description) }
                throw .inDoubt("the channel broke after the end of the stream was sent (\(error))")
            }
        }
        if let inbox {
            try confirm(inbox, timeout) { _ in false }
            return nil
        }
        return try awaitClose(timeout)
    }

    /// Waits for the destination's word that it has the guest.
    private func confirm(
        _ inbox: ReturnPathInbox, _ timeout: Int, _ isConfirmed: (ReturnPathInbox.Heard) -> Bool
    ) throws(OutgoingMigration.Failure) {
        let heard = inbox.wait(milliseconds: timeout, until: isConfirmed)
        if heard.shut == 0 || isConfirmed(heard) { return }
        // Its own word that it does not run: no doubt.
        if let refusal = heard.refusal { throw .kept("The destination failed: \(refusal)") }
        throw .inDoubt(heard.ended ?? "the destination did not confirm within \(timeout) ms")
    }

    /// Without a return path only the channel's end says something: a destination that fails resets it.
    private func awaitClose(_ timeout: Int) throws(OutgoingMigration.Failure) -> String? {
        guard channel.kind == .socket else { return nil }
        channel.setReadPatience(milliseconds: timeout)
        do throws(ByteSourceError) {
            var byte: UInt8 = 0
            var count = 1
            while count > 0 {
                count = try readByte(&byte)
            }
        } catch {
            throw .inDoubt("all was sent, but the channel did not end in order (\(error))")
        }
        return "All was sent; without the capability return-path nothing confirms that the destination runs"
    }

    private func readByte(_ byte: inout UInt8) throws(ByteSourceError) -> Int {
        var failure: ByteSourceError?
        let count = unsafe withUnsafeMutableBytes(of: &byte) { buffer -> Int in
            do throws(ByteSourceError) {
                return unsafe try channel.read(into: buffer)
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        return count
    }
}
