public import Bytes
public import MigrationStream

/// A qcow2 image, as far as it holds the saved states of machines (QEMU's `savevm`): each snapshot with a state carries a
/// whole migration stream, in clusters behind the end of its disk.
///
/// Layout: QEMU's docs/interop/qcow2. Read only; memory for one table of cluster addresses at a time.
public struct Qcow2Image {
    /// What a qcow2 image begins with.
    public static let magic: [UInt8] = [0x51, 0x46, 0x49, 0xFB]
    /// Snapshots that an image may have.
    static let maximumSnapshots: UInt32 = 65536
    /// Longest extra data of a snapshot, in bytes.
    static let maximumExtraData: UInt32 = 1024

    /// An internal snapshot.
    public struct Snapshot: Equatable, Sendable {
        public var id: String
        public var name: String
        /// Bytes of the machine's state; 0 for a snapshot of the disk alone.
        public var stateSize: UInt64
        /// Bytes of the disk.
        var diskSize: UInt64
        var tableOffset: UInt64
        var tableLength: UInt32
    }

    public let snapshots: [Snapshot]
    private let file: any RandomAccess
    private let clusterBits: UInt32
    private let hasLongEntries: Bool

    /// Reads the header and the list of snapshots.
    public init(_ file: any RandomAccess) throws(StreamError) {
        self.file = file
        let input = InputBuffer(RangeSource(file, from: 0), capacity: 4096)
        func refuse(_ name: String, _ at: UInt64, _ expected: String, _ found: String) -> StreamError {
            Self.error(.value(expected: expected, found: found), [name], at)
        }
        func number<T>(_ name: String, _ read: () throws(ByteError) -> T) throws(StreamError) -> T {
            do throws(ByteError) { return try read() } catch {
                throw Self.error(.bytes(error), [name], error.offset)
            }
        }
        let found = try number("magic") { () throws(ByteError) in try input.bytes(4) }
        guard found == Self.magic else { throw refuse("magic", 0, "'QFI' and 0xfb", "something else") }
        let version = try number("version") { () throws(ByteError) in try input.uint32() }
        guard (2...3).contains(version) else {
            throw Self.error(.version(found: version, supported: 2...3), ["version"], 4)
        }
        try number("header") { () throws(ByteError) in try input.skip(12) }
        clusterBits = try number("cluster_bits") { () throws(ByteError) in try input.uint32() }
        guard (9...21).contains(clusterBits) else {
            throw refuse("cluster_bits", 20, "9 to 21", "\(clusterBits)")
        }
        let diskSize = try number("size") { () throws(ByteError) in try input.uint64() }
        let encryption = try number("crypt_method") { () throws(ByteError) in try input.uint32() }
        guard encryption == 0 else {
            throw Self.error(.notSupported("an encrypted image"), ["crypt_method"], 32)
        }
        try number("header") { () throws(ByteError) in try input.skip(24) }
        let count = try number("nb_snapshots") { () throws(ByteError) in try input.uint32() }
        guard count <= Self.maximumSnapshots else {
            throw refuse("nb_snapshots", 60, "at most \(Self.maximumSnapshots)", "\(count)")
        }
        let place = try number("snapshots_offset") { () throws(ByteError) in try input.uint64() }
        var features: UInt64 = 0
        if version == 3 {
            features = try number("incompatible_features") { () throws(ByteError) in try input.uint64() }
        }
        // Dirty and corrupt say nothing about what is read here, the compression type only about clusters of disks.
        guard features & ~0b11011 == 0 else {
            let what =
                features & 0b100 != 0 ? "an external data file" : "features 0x\(String(features, radix: 16))"
            throw Self.error(.notSupported(what), ["incompatible_features"], 72)
        }
        hasLongEntries = features & 0b10000 != 0
        guard place % (1 << UInt64(clusterBits)) == 0 || count == 0 else {
            throw refuse("snapshots_offset", 64, "the beginning of a cluster", "\(place)")
        }
        snapshots = try Self.list(file, at: place, count: count, diskSize: diskSize)
    }

    private static func list(
        _ file: any RandomAccess, at place: UInt64, count: UInt32, diskSize: UInt64
    ) throws(StreamError) -> [Snapshot] {
        let input = InputBuffer(RangeSource(file, from: place), capacity: 4096, offset: place)
        var snapshots: [Snapshot] = []
        for index in 0..<count {
            let start = input.offset
            func read<T>(_ name: String, _ body: () throws(ByteError) -> T) throws(StreamError) -> T {
                do throws(ByteError) { return try body() } catch {
                    throw Self.error(.bytes(error), ["snapshots", "[\(index)]", name], error.offset)
                }
            }
            var snapshot = Snapshot(
                id: "", name: "", stateSize: 0, diskSize: diskSize, tableOffset: 0, tableLength: 0)
            snapshot.tableOffset = try read("l1_table_offset") { () throws(ByteError) in try input.uint64() }
            snapshot.tableLength = try read("l1_size") { () throws(ByteError) in try input.uint32() }
            let idLength = try read("id_str_size") { () throws(ByteError) in try input.uint16() }
            let nameLength = try read("name_size") { () throws(ByteError) in try input.uint16() }
            // Date and clock.
            try read("date") { () throws(ByteError) in try input.skip(16) }
            snapshot.stateSize = UInt64(
                try read("vm_state_size") { () throws(ByteError) in try input.uint32() })
            let extra = try read("extra_data_size") { () throws(ByteError) in try input.uint32() }
            guard extra <= maximumExtraData else {
                throw Self.error(
                    .value(expected: "at most \(maximumExtraData) bytes", found: "\(extra)"),
                    ["snapshots", "[\(index)]", "extra_data_size"], start + 36)
            }
            if extra >= 8 {
                snapshot.stateSize = try read("vm_state_size") { () throws(ByteError) in try input.uint64() }
            }
            if extra >= 16 {
                snapshot.diskSize = try read("disk_size") { () throws(ByteError) in try input.uint64() }
            }
            let rest = UInt64(extra) - (extra >= 16 ? 16 : extra >= 8 ? 8 : 0)
            try read("extra_data") { () throws(ByteError) in try input.skip(rest) }
            snapshot.id = String(
                decoding: try read("id_str") { () throws(ByteError) in try input.bytes(Int(idLength)) },
                as: UTF8.self)
            snapshot.name = String(
                decoding: try read("name") { () throws(ByteError) in try input.bytes(Int(nameLength)) },
                as: UTF8.self)
            let length = input.offset - start
            if index + 1 < count {
                try read("padding") { () throws(ByteError) in try input.skip((8 - length % 8) % 8) }
            }
            snapshots.append(snapshot)
        }
        return snapshots
    }

    /// The state of a snapshot, a migration stream.
    public func state(of snapshot: Snapshot) -> any ByteSource {
        Qcow2State(file, snapshot, clusterBits: clusterBits, hasLongEntries: hasLongEntries)
    }

    static func error(_ reason: StreamError.Reason, _ path: [String], _ offset: UInt64) -> StreamError {
        StreamError(
            reason, path: ["qcow2"] + path, offset: offset, cause: "the image is damaged, or is none",
            remedy: "look at it with 'qemu-img check' and 'qemu-img snapshot -l'")
    }
}

/// The state's bytes, found cluster by cluster by the tables of the snapshot.
private final class Qcow2State: ByteSource {
    private let file: any RandomAccess
    private let snapshot: Qcow2Image.Snapshot
    private let clusterBits: UInt32
    /// Bytes of an entry of a table of clusters, as a power of two.
    private let entryBits: UInt32
    /// Where the state begins on the disk: behind its end, at the first byte that a new table stands for.
    private let start: UInt64
    private var position: UInt64 = 0
    /// The table that was read last.
    private var table: [UInt8] = []
    private var tableNumber: UInt64?

    init(_ file: any RandomAccess, _ snapshot: Qcow2Image.Snapshot, clusterBits: UInt32, hasLongEntries: Bool)
    {
        self.file = file
        self.snapshot = snapshot
        self.clusterBits = clusterBits
        entryBits = hasLongEntries ? 4 : 3
        let reach = UInt64(clusterBits + clusterBits - entryBits)
        let tables = snapshot.diskSize >> reach
        start = (snapshot.diskSize & (1 << reach - 1) == 0 ? tables : tables + 1) << reach
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ByteSourceError) -> Int {
        let left = snapshot.stateSize - position
        guard left > 0, buffer.count > 0 else { return 0 }
        let size = UInt64(1) << UInt64(clusterBits)
        let (place, isBeyond) = start.addingReportingOverflow(position)
        guard !isBeyond else { throw ByteSourceError("the state lies beyond the largest disk") }
        let inside = place % size
        let count = Int(min(left, size - inside, UInt64(buffer.count)))
        let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
        if let cluster = try cluster(of: place) {
            let (address, overflow) = cluster.addingReportingOverflow(inside)
            guard !overflow, unsafe try file.read(at: address, into: room) == count else {
                throw ByteSourceError("the image ends before the cluster at \(cluster)")
            }
        } else {
            unsafe room.initializeMemory(as: UInt8.self, repeating: 0)
        }
        position += UInt64(count)
        return count
    }

    /// Where in the file the cluster is that a place on the disk lies in; nil for one of zeros.
    private func cluster(of place: UInt64) throws(ByteSourceError) -> UInt64? {
        let cluster = place >> UInt64(clusterBits)
        let perTable = UInt64(1) << UInt64(clusterBits - entryBits)
        let number = cluster / perTable
        if number != tableNumber {
            guard number < UInt64(snapshot.tableLength) else {
                throw ByteSourceError(
                    "the snapshot's table has \(snapshot.tableLength) entries, and the state needs entry \(number)"
                )
            }
            let (address, overflow) = snapshot.tableOffset.addingReportingOverflow(8 * number)
            guard !overflow else {
                throw ByteSourceError("the snapshot's table lies beyond the largest file")
            }
            let entry = Self.number(try bytes(at: address, 8), 0) & Self.addressMask
            table = entry == 0 ? [] : try bytes(at: entry, 1 << Int(clusterBits))
            tableNumber = number
        }
        guard !table.isEmpty else { return nil }
        let entry = Self.number(table, Int(cluster % perTable) << Int(entryBits))
        guard entry & Self.isCompressed == 0 else {
            throw ByteSourceError("the state has a compressed cluster, which QEMU does not write")
        }
        // Bit 0 says that the cluster is zeros, with or without room in the file.
        return entry & Self.addressMask == 0 || entry & 1 != 0 ? nil : entry & Self.addressMask
    }

    private static let addressMask: UInt64 = 0x00FF_FFFF_FFFF_FE00
    private static let isCompressed: UInt64 = 1 << 62

    private func bytes(at place: UInt64, _ count: Int) throws(ByteSourceError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var failure: ByteSourceError?
        let read = unsafe bytes.withUnsafeMutableBytes { room in
            do throws(ByteSourceError) { return unsafe try file.read(at: place, into: room) } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        guard read == count else { throw ByteSourceError("the image ends before the table at \(place)") }
        return bytes
    }

    private static func number(_ bytes: [UInt8], _ place: Int) -> UInt64 {
        bytes[place..<place + 8].reduce(0) { $0 << 8 | UInt64($1) }
    }
}
