import Bytes
import MigrationStream
import Transport

/// Gathers the connections of an incoming migration: the main one and, with the capability multifd, its channels, in
/// whatever order they come.
final class IncomingChannels {
    /// What the main connection begins with.
    private static let mainMagic: [UInt8] = Array("QEVM".utf8)
    /// Connections that have not said yet what they are; further ones are not let in.
    private static let maximumSilent = 64

    private let uuid: [UInt8]
    /// How many multifd channels there shall be.
    private let count: Int
    /// ms that all have to arrive in, once the first has.
    private let patience: Int
    private var found: [Int: MultifdChannel] = [:]
    private let capacity: Int

    /// The main connection, once it is there.
    private(set) var main: Channel?
    /// By their numbers.
    var multifd: [MultifdChannel] { (0..<count).compactMap { found[$0] } }

    init(_ settings: MigrationSettings, uuid: [UInt8]?) {
        self.uuid = uuid ?? Array(repeating: 0, count: 16)
        count = settings.multifdCount
        patience = settings.inDoubtTimeout
        // Pages that are not packed go straight to where they belong, past the buffer.
        capacity = settings.multifdPacking.0 == .none ? 16 << 10 : MultifdReader.bufferCapacity
    }

    /// Takes connections that are there already, in this order.
    func take(_ main: Channel, _ others: [Channel]) throws(MigrationError) {
        self.main = main
        for channel in others { try add(channel) }
        try requireAll()
    }

    /// Waits until all have come.
    func gather(_ listener: Listener) throws(MigrationError) {
        var silent: [Channel] = []
        defer { for channel in silent { channel.close() } }
        var end: Int64?
        while main == nil || found.count < count {
            let left = end.map { Int(max(0, $0 - now()) / 1_000_000) }
            let arrival: Listener.Arrival
            do throws(TransportError) {
                arrival = try listener.accept(orReadable: silent, milliseconds: left)
            } catch {
                throw MigrationError(error.description)
            }
            switch arrival {
            case .connection(let channel):
                guard count > 0 else {
                    main = channel
                    return
                }
                if end == nil { end = now() + Int64(patience) * 1_000_000 }
                if silent.count < Self.maximumSilent { silent.append(channel) } else { channel.close() }
            case .readable(let indexes):
                for index in indexes.reversed() {
                    if try tell(silent[index]) { silent.remove(at: index) }
                }
            case .nothing:
                throw MigrationError(
                    "load of migration failed: within \(patience) ms "
                        + (main == nil ? "the main connection did not come" : "the main connection came")
                        + " and \(found.count) of \(count) multifd channels; set multifd-channels to the same number on "
                        + "both sides")
            }
        }
    }

    /// Finds out what a connection is by its first bytes; false when they have not all come.
    private func tell(_ channel: Channel) throws(MigrationError) -> Bool {
        let first: [UInt8]?
        do throws(TransportError) { first = try channel.peek(4) } catch { first = nil }
        guard let first else {
            channel.close()
            return true
        }
        guard first.count == 4 else {
            // What has come stays readable.
            _ = Wake().sleep(milliseconds: 1)
            return false
        }
        guard first == Self.mainMagic else {
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
        channel.setReadPatience(milliseconds: patience)
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
