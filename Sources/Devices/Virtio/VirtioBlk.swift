public import BlockImages
import CPlatform
public import GuestMemory
import Synchronization
import VMState

/// virtio-blk (virtio 1.2, 5.2) over a raw image.
public final class VirtioBlk: VirtioDevice, @unchecked Sendable {
    enum Feature {
        static let segMax: UInt64 = 1 << 2
        static let geometry: UInt64 = 1 << 4
        static let readOnly: UInt64 = 1 << 5
        static let blkSize: UInt64 = 1 << 6
        static let flush: UInt64 = 1 << 9
        static let topology: UInt64 = 1 << 10
        static let configWCE: UInt64 = 1 << 11
        static let multiQueue: UInt64 = 1 << 12
        static let discard: UInt64 = 1 << 13
        static let writeZeroes: UInt64 = 1 << 14
    }

    private enum Request {
        static let read: UInt32 = 0
        static let write: UInt32 = 1
        static let flush: UInt32 = 4
        static let getID: UInt32 = 8
        static let discard: UInt32 = 11
        static let writeZeroes: UInt32 = 13
    }

    private enum Answer {
        static let ok: UInt8 = 0
        static let ioError: UInt8 = 1
        static let unsupported: UInt8 = 2
    }

    /// Most sectors of one request: 2 GiB less one block, as QEMU has it. A stop of the guest waits for the
    /// request at hand, whose buffers may be the same memory again and again.
    static let maxSectors: UInt32 = 0x3f_ffff

    private static let wceOffset = 32

    /// The disk.
    public let image: RawImage
    private let serial: [UInt8]
    /// The driver's choice of write-back caching.
    private let writeBack = Atomic<Bool>(true)
    private let chain = VirtqueueChain()
    private let counted = Mutex(DiskStatistics())
    /// Requests of a stream, served first.
    private var restored: [VirtioBlkState.Request] = []

    /// - Parameters:
    ///   - serial: at most 20 bytes are told to the guest.
    ///   - queueCount: 1...64.
    public init(
        image: RawImage, serial: String = "", queueCount: Int = 1, isModern: Bool = false,
        memory: GuestMemory, lock: BoardLock
    ) {
        self.image = image
        self.serial = Array(serial.utf8.prefix(20))
        var features =
            Feature.segMax | Feature.geometry | Feature.blkSize | Feature.flush | Feature.topology
            | Feature.configWCE
        features |= image.isReadOnly ? Feature.readOnly : Feature.discard | Feature.writeZeroes
        if queueCount > 1 { features |= Feature.multiQueue }
        super.init(
            deviceID: 2, name: "virtio-blk", queueCount: queueCount, features: features, isModern: isModern,
            memory: memory, lock: lock)
    }

    // MARK: Configuration space

    override var config: [UInt8] {
        var config = LittleEndianBytes()
        let capacity = image.sectorCount
        config.append(capacity)
        config.append(UInt32(0))  // size_max
        config.append(UInt32(254))  // seg_max: QEMU's 256 less header and status
        let cylinders = min(capacity / (16 * 63), 16383)
        config.append(UInt16(max(cylinders, 2)))
        config.append(UInt8(16))  // heads
        config.append(UInt8(63))  // sectors
        config.append(UInt32(512))  // blk_size
        config.append(UInt8(0))  // physical_block_exp
        config.append(UInt8(0))  // alignment_offset
        config.append(UInt16(0))  // min_io_size
        config.append(UInt32(0))  // opt_io_size
        config.append(UInt8(writeBack.load(ordering: .relaxed) ? 1 : 0))
        config.append(UInt8(0))
        config.append(UInt16(queues.count))  // num_queues
        config.append(VirtioBlk.maxSectors)  // max_discard_sectors
        config.append(UInt32(1))  // max_discard_seg
        config.append(UInt32(1))  // discard_sector_alignment
        config.append(VirtioBlk.maxSectors)  // max_write_zeroes_sectors
        config.append(UInt32(1))  // max_write_zeroes_seg
        config.append(UInt8(1))  // write_zeroes_may_unmap
        return config.bytes
    }

    override func configWritten(_ offset: Int, size: Int, value: UInt32) {
        guard offset == VirtioBlk.wceOffset, size == 1, has(Feature.configWCE) else { return }
        writeBack.store(value & 1 != 0, ordering: .relaxed)
    }

    override func resetDevice() {
        writeBack.store(true, ordering: .relaxed)
        restored = []
    }

    /// What the disk has done since the start.
    public var statistics: DiskStatistics { counted.withLock { $0 } }

    // MARK: Requests

    override func serve(queue: Int) -> Bool {
        while takeRestored() {
            execute()
            if isPausing { return false }
        }
        while take(queue, into: chain) {
            execute()
            if isPausing { return false }
        }
        return true
    }

    private func takeRestored() -> Bool {
        lock.withLock {
            guard brokenReason == nil, !restored.isEmpty else { return false }
            let request = restored.removeFirst()
            return adopt(request.element, queue: Int(request.queue), into: chain)
        }
    }

    private func execute() {
        guard chain.readableCount >= 16, chain.writableCount >= 1 else {
            return refuse(chain, "virtio-blk missing headers")
        }
        let header = LittleEndianReader(chain.bytes(from: 0, count: 16))
        let type = header.uint32(at: 0)
        let sector = header.uint64(at: 8)
        let room = chain.writableCount - 1
        var written = 0
        let answer: UInt8
        let start = cplatform_monotonic_ns()
        do throws(BlockImageError) {
            answer = try perform(type, sector: sector, room: room, written: &written)
            count(type, since: start, isDone: answer == Answer.ok)
        } catch {
            answer = Answer.ioError
            count(type, since: start, isDone: nil)
        }
        chain.copyIn([answer], at: room)
        chain.markDirty(memory, from: room, count: 1)
        complete(chain, written: written + 1)
    }

    private func perform(
        _ type: UInt32, sector: UInt64, room: Int, written: inout Int
    ) throws(BlockImageError) -> UInt8 {
        switch type {
        case Request.read:
            guard let offset = byteOffset(sector, count: room) else { return Answer.ioError }
            var vectors = unsafe chain.vectors(isWritable: true, from: 0, count: room)
            // All of it may have been touched, however far the read came.
            written = room
            try unsafe transfer(&vectors) { (vectors) throws(BlockImageError) in
                unsafe try image.read(vectors, at: offset)
            }
        case Request.write:
            let count = chain.readableCount - 16
            guard let offset = byteOffset(sector, count: count) else { return Answer.ioError }
            var vectors = unsafe chain.vectors(isWritable: false, from: 16, count: count)
            try unsafe transfer(&vectors) { (vectors) throws(BlockImageError) in
                unsafe try image.write(vectors, at: offset)
            }
            if !writeBack.load(ordering: .relaxed) { try image.flush() }
        case Request.flush: try image.flush()
        case Request.getID:
            let id = serial + [UInt8](repeating: 0, count: 20 - serial.count)
            written = chain.copyIn(Array(id.prefix(room)), at: 0)
        case Request.discard, Request.writeZeroes: return try clear(type)
        default: return Answer.unsupported
        }
        return Answer.ok
    }

    /// Counts the present request.
    ///
    /// - Parameter isDone: false if it made no sense, nil if the image failed.
    private func count(_ type: UInt32, since start: Int64, isDone: Bool?) {
        let kind: WritableKeyPath<DiskStatistics, DiskStatistics.Kind>
        let bytes: Int
        var end: UInt64 = 0
        switch type {
        case Request.read: (kind, bytes) = (\.read, chain.writableCount - 1)
        case Request.write:
            (kind, bytes) = (\.write, chain.readableCount - 16)
            let sector = LittleEndianReader(chain.bytes(from: 0, count: 16)).uint64(at: 8)
            end = sector &* 512 &+ UInt64(bytes)
        case Request.flush: (kind, bytes) = (\.flush, 0)
        case Request.discard, Request.writeZeroes:
            let range = LittleEndianReader(chain.bytes(from: 16, count: 16))
            (kind, bytes) = (\.unmap, isDone == true ? Int(range.uint32(at: 8)) * 512 : 0)
        default: return
        }
        let time = UInt64(clamping: cplatform_monotonic_ns() - start)
        counted.withLock { counted in
            switch isDone {
            case true:
                counted[keyPath: kind].operations += 1
                counted[keyPath: kind].bytes &+= UInt64(bytes)
                counted[keyPath: kind].nanoseconds &+= time
                if end > counted.highestOffset { counted.highestOffset = end }
            case false: counted[keyPath: kind].invalid += 1
            case nil: counted[keyPath: kind].failed += 1
            }
        }
    }

    private func transfer(
        _ vectors: inout [iovec],
        _ body: (UnsafeMutableBufferPointer<iovec>) throws(BlockImageError) -> Void
    ) throws(BlockImageError) {
        try unsafe vectors.withUnsafeMutableBufferPointer { (vectors) throws(BlockImageError) in
            try unsafe body(vectors)
        }
    }

    /// Where a transfer begins in the image; nil when it is not whole sectors of the disk, or too many.
    private func byteOffset(_ sector: UInt64, count: Int) -> UInt64? {
        let sectors = UInt64(count) / 512
        guard count % 512 == 0, sectors <= UInt64(VirtioBlk.maxSectors), sector <= image.sectorCount,
            sectors <= image.sectorCount - sector
        else { return nil }
        return sector * 512
    }

    private func clear(_ type: UInt32) throws(BlockImageError) -> UInt8 {
        guard chain.readableCount == 32 else {
            return chain.readableCount < 32 ? Answer.ioError : Answer.unsupported
        }
        let range = LittleEndianReader(chain.bytes(from: 16, count: 16))
        let (sector, sectors, flags) = (range.uint64(at: 0), range.uint32(at: 8), range.uint32(at: 12))
        guard let offset = byteOffset(sector, count: Int(sectors) * 512) else { return Answer.ioError }
        if type == Request.discard {
            guard flags == 0 else { return Answer.unsupported }
            try image.discard(at: offset, count: UInt64(sectors) * 512)
        } else {
            guard flags & ~1 == 0 else { return Answer.unsupported }
            try image.writeZeroes(at: offset, count: UInt64(sectors) * 512, mayUnmap: flags & 1 != 0)
            if !writeBack.load(ordering: .relaxed) { try image.flush() }
        }
        return Answer.ok
    }

    // MARK: State

    override func section(named place: String, transport: any VirtioTransport) -> VMStateSection? {
        section(at: place, transport: transport) { [self] in
            var state = VirtioBlkState()
            state.requests = restored
            return state
        } set: { [self] (state, _) in
            restored = state.device.requests
            // A sender whose driver has not read the configuration space sends zeros.
            let config = state.config
            if config.count > VirtioBlk.wceOffset, config.prefix(8) != [UInt8](repeating: 0, count: 8)[...] {
                writeBack.store(config[VirtioBlk.wceOffset] & 1 != 0, ordering: .relaxed)
            }
        }
    }
}
