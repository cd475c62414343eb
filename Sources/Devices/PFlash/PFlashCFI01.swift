public import BlockImages
import Glibc
public import GuestMemory
public import VMState

/// One flash chip of the board: two 16-bit Intel chips side by side, 32 MiB in sectors of 256 KiB. Source: CFI, Intel
/// command set.
///
/// Instructions are fetched from the block directly; loads and stores come here.
public final class PFlashCFI01: MMIODevice, @unchecked Sendable {
    // Sendable: touched with the board's lock held.

    private var state = PFlashState()
    private let block: RAMBlock
    private let instance: UInt32
    private static let sectorSize: UInt64 = 0x40000
    private static let identity: [UInt64] = [0x0089_0089, 0x0018_0018, 0, 0]
    private var cfiAnswers: [UInt64: UInt8] = [:]
    private let image: RawImage?
    private var isReadOnly: Bool { image?.isReadOnly ?? false }
    /// The block has come with a stream; the image may not have.
    private var isArrived = false

    /// - Parameter image: what the chip's contents are written to; nil for a chip that forgets.
    public init(block: RAMBlock, instance: UInt32, image: RawImage?) {
        self.block = block
        self.instance = instance
        self.image = image
        let table: [(UInt64, [UInt8])] = [
            (
                0x10,
                Array("QRY".utf8) + [1, 0, 0x31, 0, 0, 0, 0, 0, 0x45, 0x55, 0, 0, 7, 7, 0x0a, 0, 4, 4, 4, 0]
            ),
            (0x27, [24, 2, 0, 8, 0, 1, 0x7f, 0, 0, 2]),
        ]
        for (start, bytes) in table {
            for (index, byte) in bytes.enumerated() { cfiAnswers[start + UInt64(index)] = byte }
        }
    }

    public func reset() { state = PFlashState() }

    /// True when the chip shows its contents.
    public var isReadingArray: Bool { state.command == 0 || state.command == 0xff }

    public func read(_ offset: UInt64, size: Int) -> UInt64 {
        switch state.command {
        case 0x90:
            return Self.identity[Int(offset >> 2) & 3]
        case 0x98:
            let answer = UInt64(cfiAnswers[offset >> 2] ?? 0)
            return answer | answer << 16
        case 0x00, 0xff:
            guard let bytes = unsafe block.bytes(at: Int(truncatingIfNeeded: offset), count: size) else {
                return 0
            }
            return (0..<size).reduce(0) { unsafe $0 | UInt64(bytes[$1]) << UInt64(8 * $1) }
        default:
            let status = UInt64(state.status)
            return size == 4 ? status | status << 16 : status
        }
    }

    public func write(_ offset: UInt64, size: Int, value: UInt64) {
        let command = UInt8(truncatingIfNeeded: value)
        switch (state.writeCycle, state.command) {
        case (0, _):
            switch command {
            case 0x00, 0xff, 0xf0: show(0)
            case 0x10, 0x40:
                state.command = command
                state.writeCycle = 1
            case 0x20, 0x28:
                state.command = command
                state.status |= 0x80
                state.writeCycle = 1
            case 0x50:
                state.status = 0x80
                show(0)
            case 0x60:
                state.command = command
                state.writeCycle = 1
            case 0x70, 0x90, 0x98: state.command = command
            case 0xe8:
                state.command = command
                state.status |= 0x80
                state.writeCycle = 1
            default: show(0)
            }
        case (1, 0x10), (1, 0x40):
            program(offset, size, value)
            state.status |= 0x80
            state.writeCycle = 0
        case (1, 0x20), (1, 0x28):
            if command == 0xd0 { erase(offset) } else if command == 0xff { show(0) }
            state.writeCycle = 0
        case (1, 0x60):
            state.status |= 0x80
            state.writeCycle = 0
        case (1, 0xe8):
            // Number of words that follow, less one.
            state.counter = value & 0xffff
            state.writeCycle = 2
        case (2, 0xe8):
            program(offset, size, value)
            if state.counter == 0 { state.writeCycle = 3 } else { state.counter -= 1 }
        case (3, 0xe8):
            if command != 0xd0 { show(0) }
            state.writeCycle = 0
        default: show(0)
        }
    }

    private func show(_ command: UInt8) {
        state.command = command
        state.writeCycle = 0
    }

    /// Programming clears bits; a read-only chip says that it failed.
    private func program(_ offset: UInt64, _ size: Int, _ value: UInt64) {
        guard !isReadOnly, let bytes = unsafe block.bytes(at: Int(truncatingIfNeeded: offset), count: size)
        else {
            state.status |= 0x10
            return
        }
        for index in 0..<size { unsafe bytes[index] &= UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
        block.dirtyLog.mark(Int(truncatingIfNeeded: offset) / guestPageSize)
        if unsafe !save(bytes, at: offset) { state.status |= 0x10 }
    }

    /// Writes to the image, with the board's lock held: it is a write to the host's page cache, of what a guest seldom
    /// writes. False when it fails.
    private func save(_ bytes: UnsafeMutableRawBufferPointer, at offset: UInt64) -> Bool {
        guard let image else { return true }
        return unsafe (try? image.write(UnsafeRawBufferPointer(bytes), at: offset)) != nil
    }

    /// Loads the chip's contents from its image. Before the guest runs.
    public func loadImage() throws(BlockImageError) {
        guard let image, let bytes = unsafe block.bytes(at: 0, count: block.size) else { return }
        try unsafe image.read(into: bytes, at: 0)
    }

    /// Writes what has arrived with a stream to the image, where it differs. Once the image is ours.
    public func saveArrived() throws(BlockImageError) {
        guard isArrived, let image, !isReadOnly else { return }
        let size = Int(Self.sectorSize)
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 4096)
        defer { unsafe scratch.deallocate() }
        for start in stride(from: 0, to: block.size, by: size) {
            guard let bytes = unsafe block.bytes(at: start, count: size) else { continue }
            try unsafe image.read(into: scratch, at: UInt64(start))
            if let left = scratch.baseAddress, let right = bytes.baseAddress,
                unsafe memcmp(left, right, size) == 0
            {
                continue
            }
            try unsafe image.write(UnsafeRawBufferPointer(bytes), at: UInt64(start))
        }
        isArrived = false
    }

    private func erase(_ offset: UInt64) {
        let start = Int(truncatingIfNeeded: offset & ~(Self.sectorSize - 1))
        guard !isReadOnly, let bytes = unsafe block.bytes(at: start, count: Int(Self.sectorSize)) else {
            state.status |= 0x20
            return
        }
        for index in 0..<bytes.count { unsafe bytes[index] = 0xff }
        block.dirtyLog.mark(start / guestPageSize..<(start + bytes.count) / guestPageSize)
        if unsafe !save(bytes, at: UInt64(start)) { state.status |= 0x20 }
    }

    public var sections: [VMStateSection] {
        [
            VMStateSection("pflash_cfi01", instance: instance, PFlashState.description) { [self] in
                state
            } set: { [self] (new, _) throws(VMStateError) in
                state = new
                isArrived = true
            }
        ]
    }
}
