public import GuestMemory
public import VMState

/// QEMU's firmware configuration device: named blobs, read byte by byte or by DMA. Source: QEMU's specification of fw_cfg.
public final class FwCfg: MMIODevice, @unchecked Sendable {
    // Sendable: touched with the board's lock held.

    private var state = FwCfgState()
    private var items: [UInt16: [UInt8]] = [:]
    private var files: [(name: String, key: UInt16, size: Int)] = []
    private let memory: GuestMemory

    private enum Key {
        static let signature: UInt16 = 0x00
        static let identity: UInt16 = 0x01
        static let harts: UInt16 = 0x05
        static let directory: UInt16 = 0x19
        static let firstFile: UInt16 = 0x20
    }

    /// - Parameter hasACPI: whether the board has memory for ACPI tables, which the section names the sizes of.
    public init(memory: GuestMemory, harts: Int, hasACPI: Bool = true) {
        self.memory = memory
        if !hasACPI { (state.tableSize, state.linkerSize, state.rsdpSize) = (0, 0, 0) }
        items[Key.signature] = Array("QEMU".utf8)
        items[Key.identity] = [3, 0, 0, 0]  // Traditional interface and DMA.
        items[Key.harts] = [UInt8(harts), 0]
        rebuildDirectory()
    }

    /// Adds a file that the guest finds by name. Before the guest runs.
    public func add(_ name: String, _ content: [UInt8]) {
        let key = Key.firstFile + UInt16(files.count)
        files.append((name, key, content.count))
        items[key] = content
        rebuildDirectory()
    }

    private func rebuildDirectory() {
        var bytes = bigEndian(UInt32(files.count))
        for file in files {
            bytes += bigEndian(UInt32(file.size)) + [UInt8(file.key >> 8), UInt8(file.key & 0xff), 0, 0]
            bytes += Array((Array(file.name.utf8) + Array(repeating: 0, count: 56)).prefix(56))
        }
        items[Key.directory] = bytes
    }

    private func bigEndian(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    public func reset() {
        state.currentEntry = 0
        state.currentOffset = 0
        state.dmaAddress = 0
    }

    private func select(_ entry: UInt16) {
        state.currentEntry = entry
        state.currentOffset = 0
    }

    private func nextByte() -> UInt8 {
        guard let item = items[state.currentEntry & 0x3fff], Int(state.currentOffset) < item.count else {
            return 0
        }
        defer { state.currentOffset += 1 }
        return item[Int(state.currentOffset)]
    }

    public func read(_ offset: UInt64, size: Int) -> UInt64 {
        switch offset {
        case 0..<8:
            // The bytes as they come, the first one lowest in memory.
            var value: UInt64 = 0
            for index in 0..<size { value |= UInt64(nextByte()) << UInt64(8 * index) }
            return value
        case 16..<24:
            // "QEMU CFG", big-endian, tells that there is DMA.
            let text = Array("QEMU CFG".utf8)
            var value: UInt64 = 0
            for index in 0..<size {
                value |= UInt64(text[(Int(offset) - 16 + index) & 7]) << UInt64(8 * index)
            }
            return value
        default: return 0
        }
    }

    public func write(_ offset: UInt64, size: Int, value: UInt64) {
        switch (offset, size) {
        case (8, 2): select(UInt16(truncatingIfNeeded: value).byteSwapped)
        case (16, 8):
            state.dmaAddress = value.byteSwapped
            transfer()
        case (16, 4):
            state.dmaAddress = UInt64(UInt32(truncatingIfNeeded: value).byteSwapped) << 32
        case (20, 4):
            state.dmaAddress |= UInt64(UInt32(truncatingIfNeeded: value).byteSwapped)
            transfer()
        default: break
        }
    }

    /// Serves one DMA request: control, length and address, big-endian, at `dmaAddress`.
    private func transfer() {
        let request = state.dmaAddress
        state.dmaAddress = 0
        guard let control = memory.load(UInt32.self, at: request)?.byteSwapped,
            let length = memory.load(UInt32.self, at: request &+ 4)?.byteSwapped,
            let address = memory.load(UInt64.self, at: request &+ 8)?.byteSwapped
        else { return }
        if control & 8 != 0 { select(UInt16(truncatingIfNeeded: control >> 16)) }
        var failed = false
        if control & 2 != 0 {
            let item = items[state.currentEntry & 0x3fff] ?? []
            let start = min(Int(state.currentOffset), item.count)
            let available = min(Int(length), item.count - start)
            // Behind the item's end there are zeros, up to the bound of a page at a time.
            failed = !memory.write(Array(item[start..<start + available]), at: address)
            var done = UInt64(available)
            while !failed, done < UInt64(length) {
                let part = Int(min(UInt64(length) - done, 4096))
                failed = !memory.write([UInt8](repeating: 0, count: part), at: address &+ done)
                done += UInt64(part)
            }
            state.currentOffset &+= UInt32(available)
        } else if control & 4 != 0 {
            state.currentOffset &+= length
        } else if control & 0x10 != 0 {
            failed = true
        }
        memory.store((failed ? UInt32(1) : 0).byteSwapped, at: request)
    }

    public var sections: [VMStateSection] {
        [
            VMStateSection("fw_cfg", FwCfgState.description) { [self] in
                state
            } set: { [self] (new, _) throws(VMStateError) in
                state = new
            }
        ]
    }
}
