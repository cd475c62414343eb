import Bytes
import MigrationStream
import Transport

/// Gathers the connections of an incoming migration: the main one and, with the capability multifd, its channels, in
/// whatever order they come.
final class IncomingChannels {
    /// What the main connection begins with.
    private static let mainMagic: [UInt8] = Array("QEVM".utf8)
    /// What each of the others begins with.
    private static let channelMagic = [24, 16, 8, 0].map {
        UInt8(truncatingIfNeeded: MultifdHandshake.magic >> $0)
    }
    /// Connections that have not said yet what they are; further ones are not let in.
    private static let maximumSilent = 64

    private let uuid: [UInt8]
    private let current: @Sendable () -> MigrationSettings
    private var taken: MigrationSettings?
    /// As they were when the source came; they may change until then.
    var settings: MigrationSettings { taken ?? current() }
    /// How many multifd channels there shall be.
    private var count: Int { settings.multifdCount }
    /// ms that all have to arrive in, once the first has said what it is; and that each has to say it in.
    private var patience: Int { settings.inDoubtTimeout }
    private var found: [Int: MultifdChannel] = [:]

    /// The main connection, once it is there.
    private(set) var main: Channel?
    /// By their numbers.
    var multifd: [MultifdChannel] { (0..<count).compactMap { found[$0] } }

    private let security: ConnectionSecurity
    private let refused: (String) -> Void
    /// When all have to be there; nil: nobody has come yet.
    private var end: Int64?

    /// A connection that has not said yet what it is.
    private struct Newcomer {
        let channel: Channel
        /// Its TLS handshake is not over.
        var isShakingHands: Bool
        /// When it has to have said what it is, ns.
        let end: Int64
    }

    /// - Parameter refused: called with the reason for each connection that is not let in while others are awaited.
    init(
        _ settings: @escaping @Sendable () -> MigrationSettings, uuid: [UInt8]?,
        _ security: ConnectionSecurity,
        refused: @escaping (String) -> Void
    ) {
        self.uuid = uuid ?? Array(repeating: 0, count: 16)
        self.security = security
        self.refused = refused
        current = settings
    }

    /// Takes connections that are there already, in this order.
    func take(_ main: Channel, _ others: [Channel]) throws(MigrationError) {
        taken = current()
        try secure(main)
        self.main = main
        for channel in others {
            try secure(channel)
            try add(channel)
        }
        try requireAll()
    }

    private func secure(_ channel: Channel) throws(MigrationError) {
        do throws(TransportError) {
            try security.secureIncoming(channel)
        } catch {
            channel.closeRefused()
            throw MigrationError(error.description)
        }
    }

    /// Waits until all have come. Who is silent, or is not let in, keeps nobody else out.
    func gather(_ listener: Listener) throws(MigrationError) {
        var newcomers: [Newcomer] = []
        defer { for newcomer in newcomers { newcomer.channel.close() } }
        while main == nil || found.count < count {
            let nearest = (newcomers.map(\.end) + (end.map { [$0] } ?? [])).min()
            let arrival: Listener.Arrival
            do throws(TransportError) {
                arrival = try listener.accept(
                    orReadable: newcomers.map(\.channel),
                    milliseconds: nearest.map { Int(max(0, $0 - now()) / 1_000_000) })
            } catch {
                throw MigrationError(error.description)
            }
            switch arrival {
            case .connection(let channel): try welcome(channel, &newcomers, listener)
            case .readable(let indexes):
                for index in indexes.reversed() {
                    if try goOn(with: &newcomers[index], listener) { newcomers.remove(at: index) }
                }
            case .nothing: break
            }
            try requireInTime()
            while let late = newcomers.firstIndex(where: { $0.end <= now() }) {
                let newcomer = newcomers.remove(at: late)
                let what =
                    newcomer.isShakingHands
                    ? "TLS handshake failed: it was not over" : "it did not say what it is"
                try refuse(newcomer.channel, "\(what) within \(patience) ms", listener)
            }
        }
    }

    private func welcome(
        _ channel: Channel, _ newcomers: inout [Newcomer], _ listener: Listener
    ) throws(MigrationError) {
        let side: TLSSide?
        do throws(TransportError) {
            side = try security.server()
            if let side { try channel.beginTLS(side) }
        } catch {
            channel.close()
            throw MigrationError(error.description)
        }
        if side == nil, count == 0 {
            main = channel
            return
        }
        if newcomers.count == Self.maximumSilent {
            try refuse(newcomers.removeFirst().channel, "it was silent, and others came", listener)
        }
        newcomers.append(
            Newcomer(
                channel: channel, isShakingHands: side != nil, end: now() + Int64(patience) * 1_000_000))
    }

    private func requireInTime() throws(MigrationError) {
        guard main == nil || found.count < count, let end, end <= now() else { return }
        throw MigrationError(
            "load of migration failed: within \(patience) ms "
                + (main == nil ? "the main connection did not come" : "the main connection came")
                + " and \(found.count) of \(count) multifd channels; set multifd-channels to the same number on "
                + "both sides")
    }

    /// A connection has something to read: goes on with its handshake, or finds out what it is. False when that is not
    /// known yet.
    private func goOn(with newcomer: inout Newcomer, _ listener: Listener) throws(MigrationError) -> Bool {
        if newcomer.isShakingHands {
            do throws(TransportError) {
                guard try newcomer.channel.continueTLS() else { return false }
            } catch {
                try refuse(newcomer.channel, error.description, listener)
                return true
            }
            newcomer.isShakingHands = false
            guard count > 0 else {
                if main == nil { main = newcomer.channel } else { newcomer.channel.close() }
                return true
            }
        }
        return try tell(newcomer.channel)
    }

    /// Tells a connection why it is not let in, if it listens, and waits for others if any can come.
    private func refuse(_ channel: Channel, _ reason: String, _ listener: Listener) throws(MigrationError) {
        channel.closeRefused()
        guard listener.canAcceptAgain else { throw MigrationError(reason) }
        refused(reason)
    }

    /// Finds out what a connection is by its first bytes; false when they have not all come.
    private func tell(_ channel: Channel) throws(MigrationError) -> Bool {
        let first: [UInt8]?
        do throws(TransportError) { first = try channel.peek(MultifdHandshake.length) } catch { first = nil }
        guard let first else {
            channel.close()
            return true
        }
        let isMain = first.prefix(4).elementsEqual(Self.mainMagic)
        let isOther = first.count >= 4 && !isMain && !first.prefix(4).elementsEqual(Self.channelMagic)
        guard isMain || isOther || first.count == MultifdHandshake.length else {
            // What has come stays readable.
            _ = Wake().sleep(milliseconds: 1)
            return false
        }
        if end == nil {
            taken = current()
            end = now() + Int64(patience) * 1_000_000
        }
        guard isMain else {
            try add(channel)
            return true
        }
        guard main == nil else {
            channel.close()
            throw MigrationError("load of migration failed: a second main connection came")
        }
        main = channel
        return true
    }

    private func add(_ channel: Channel) throws(MigrationError) {
        // Before 10.0, QEMU does not end the sessions of its channels; what is cut off is missed at the next mark.
        channel.tolerateUncleanEnd()
        channel.setReadPatience(milliseconds: patience)
        // Pages that are not packed go straight to where they belong, past the buffer.
        let capacity = settings.multifdPacking.0 == .none ? 16 << 10 : MultifdReader.bufferCapacity
        let reader = MultifdReader(InputBuffer(channel, capacity: capacity), pageSize: RAMSection.pageSize)
        do throws(StreamError) {
            let handshake = try reader.handshake()
            try handshake.check(uuid: uuid, channels: count, taken: Set(found.keys))
            found[Int(handshake.channel)] = MultifdChannel(channel: channel, reader: reader)
        } catch {
            channel.close()
            throw MigrationError("load of migration failed: \(error.on("multifd connection"))")
        }
        channel.setReadPatience(milliseconds: nil)
    }

    private func requireAll() throws(MigrationError) {
        guard found.count == count else {
            throw MigrationError("load of migration failed: \(found.count) of \(count) multifd channels came")
        }
    }

    /// Closes all but the main connection.
    func closeOthers() { for item in found.values { item.channel.close() } }
}
