import GuestMemory
public import VMState

/// A device on the PCI bus: configuration space, windows (BARs) and one interrupt pin. Called with the board's lock
/// held.
public class PCIFunction: @unchecked Sendable {
    // Sendable: touched with the board's lock held.

    /// A window that the guest places in one of the three address spaces.
    struct Window {
        enum Space: Equatable { case io, memory32, memory64Prefetchable }
        var space: Space
        /// In bytes, a power of two of at least 16.
        var size: UInt64
        var isWide: Bool { space == .memory64Prefetchable }
    }

    enum Register {
        static let command = 0x04
        static let status = 0x06
        static let cacheLineSize = 0x0c
        static let firstWindow = 0x10
        static let rom = 0x30
        static let capabilities = 0x34
        static let interruptLine = 0x3c
        static let interruptPin = 0x3d
    }

    private enum Command {
        static let io: UInt16 = 1
        static let memory: UInt16 = 2
        static let master: UInt16 = 4
        static let interruptDisable: UInt16 = 0x400
        /// With SERR#, what can be written.
        static let writable: UInt16 = 0x507
    }

    private static let interruptStatus: UInt8 = 8

    /// The configuration space after a reset.
    let initial: [UInt8]
    /// Bits that the guest can write.
    let writable: [UInt8]
    /// By register: 0 for the one at 0x10.
    let windows: [Int: Window]
    /// The option ROM. Without one, or with one of no bytes, its register is not there.
    private let rom: RAMBlock?
    /// What the window of the ROM is called, beside the indexes of ``windows``.
    static let romWindow = 6
    private(set) var state = PCIDeviceState()
    /// The host that it is plugged into hears of its interrupt, and of its place in the address spaces.
    var onInterrupt: () -> Void = {}
    var onMapping: () -> Void = {}

    /// - Parameters:
    ///   - config: what is fixed; command, windows and interrupt line need no care.
    ///   - capabilities: where they stand; between and behind them all bits can be written.
    ///   - writable: places in capabilities that can be written, with their bits.
    init(
        config: [UInt8], windows: [Int: Window] = [:], capabilities: [Range<Int>] = [],
        writable extra: [Int: UInt8] = [:], rom: RAMBlock? = nil
    ) {
        var config = config
        var writable = config.indices.map { place in
            place < 0x40 || capabilities.contains { $0.contains(place) } ? 0 : UInt8.max
        }
        func put(_ value: UInt64, _ count: Int, at place: Int, in bytes: inout [UInt8]) {
            for index in 0..<count {
                bytes[place + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
            }
        }
        put(UInt64(Command.writable), 2, at: Register.command, in: &writable)
        writable[Register.cacheLineSize] = 0xff
        writable[Register.interruptLine] = 0xff
        for (index, window) in windows {
            let place = Register.firstWindow + 4 * index
            let kind: UInt64 =
                switch window.space {
                case .io: 1
                case .memory32: 0
                case .memory64Prefetchable: 0xc
                }
            put(kind, 4, at: place, in: &config)
            put(~(window.size &- 1), window.isWide ? 8 : 4, at: place, in: &writable)
        }
        for (place, bits) in extra { writable[place] = bits }
        initial = config
        self.writable = writable
        self.windows = windows
        self.rom = rom
        state.config = config
    }

    // MARK: For subclasses

    func read(window: Int, offset: UInt64, size: Int) -> UInt64 { 0 }
    func write(window: Int, offset: UInt64, size: Int, value: UInt64) {}
    /// The guest has written these bytes of the configuration space.
    func configurationWritten(_ range: Range<Int>) {}
    /// The guest reads these bytes of the configuration space.
    func configurationWillBeRead(_ range: Range<Int>) {}
    public func reset() { restoreInitial() }
    /// The migration's sections.
    public func sections(at place: String) -> [VMStateSection] { [] }

    // MARK: Configuration space

    private var command: UInt16 {
        UInt16(state.config[Register.command]) | UInt16(state.config[Register.command + 1]) << 8
    }

    /// Whether the function may reach guest memory.
    var isMaster: Bool { command & Command.master != 0 }

    final func readConfiguration(_ offset: Int, size: Int) -> UInt64 {
        guard offset >= 0, offset <= state.config.count - size else { return 0 }
        configurationWillBeRead(offset..<offset + size)
        var value: UInt64 = 0
        for index in 0..<size { value |= UInt64(state.config[offset + index]) << UInt64(8 * index) }
        return value
    }

    final func writeConfiguration(_ offset: Int, size: Int, value: UInt64) {
        guard offset >= 0, offset <= state.config.count - size else { return }
        for index in 0..<size {
            let byte = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
            let mask = writableBits(offset + index)
            state.config[offset + index] = state.config[offset + index] & ~mask | byte & mask
        }
        configurationWritten(offset..<offset + size)
        onMapping()
        onInterrupt()
    }

    /// Sets bytes that the guest can only read.
    final func setConfiguration(_ offset: Int, _ bytes: [UInt8]) {
        for (index, byte) in bytes.enumerated() where offset + index < state.config.count {
            state.config[offset + index] = byte
        }
    }

    /// The ROM's size comes with a stream, so its register's bits are not known before.
    private func writableBits(_ place: Int) -> UInt8 {
        guard (Register.rom..<Register.rom + 4).contains(place) else { return writable[place] }
        guard let size = romSize else { return 0 }
        return UInt8(truncatingIfNeeded: (~(size - 1) | 1) >> UInt64(8 * (place - Register.rom)))
    }

    /// Bytes of the ROM's window, a power of two; nil when there is no ROM.
    private var romSize: UInt64? {
        guard let rom, rom.size > 0 else { return nil }
        return UInt64(1) << UInt64(Int.bitWidth - (rom.size - 1).leadingZeroBitCount)
    }

    /// Where the ROM is to be read; nil while it is switched off.
    final var romRange: Range<UInt64>? {
        guard let size = romSize, state.config[Register.rom] & 1 != 0, command & Command.memory != 0 else {
            return nil
        }
        var address: UInt64 = 0
        for byte in 0..<4 { address |= UInt64(state.config[Register.rom + byte]) << UInt64(8 * byte) }
        address &= ~(size - 1)
        return address..<address + size
    }

    /// What a guest reads in a window, or in the ROM.
    final func load(window: Int, offset: UInt64, size: Int) -> UInt64 {
        guard window == Self.romWindow else { return read(window: window, offset: offset, size: size) }
        guard let bytes = unsafe rom?.bytes(at: Int(offset), count: size) else { return 0 }
        return unsafe bytes.enumerated().reduce(0) { $0 | UInt64($1.element) << UInt64(8 * $1.offset) }
    }

    /// Takes what a guest writes in a window; not in the ROM.
    final func store(window: Int, offset: UInt64, size: Int, value: UInt64) {
        if window != Self.romWindow { write(window: window, offset: offset, size: size, value: value) }
    }

    /// Where a window begins in its space; nil while it is switched off.
    final func address(of index: Int) -> UInt64? {
        guard let window = windows[index] else { return nil }
        guard command & (window.space == .io ? Command.io : Command.memory) != 0 else { return nil }
        var address: UInt64 = 0
        for byte in 0..<(window.isWide ? 8 : 4) {
            address |= UInt64(state.config[Register.firstWindow + 4 * index + byte]) << UInt64(8 * byte)
        }
        return address & ~(window.size &- 1)
    }

    // MARK: Interrupt

    /// Raises or lowers the interrupt pin.
    final func setInterrupt(_ asserted: Bool) {
        state.irqState[0] = asserted ? 1 : 0
        let bit = PCIFunction.interruptStatus
        state.config[Register.status] = state.config[Register.status] & ~bit | (asserted ? bit : 0)
        onInterrupt()
    }

    /// Level of the pin as the bus sees it.
    final var interrupt: Bool { state.irqState[0] != 0 && command & Command.interruptDisable == 0 }

    // MARK: State

    final func restoreInitial() {
        state = PCIDeviceState()
        state.config = initial
        onMapping()
        onInterrupt()
    }

    /// Takes the state of a stream, whose fixed bits must be this device's own.
    final func restore(_ new: PCIDeviceState, _ reader: VMStateReader) throws(VMStateError) {
        for place in initial.indices where place != Register.status {
            let fixed = ~writableBits(place)
            guard new.config[place] & fixed == initial[place] & fixed else {
                throw reader.invalid(
                    "config[0]", distance: place,
                    expected: "0x\(String(initial[place] & fixed, radix: 16)) in the fixed bits at 0x"
                        + "\(String(place, radix: 16)) of the configuration space of \(identity(initial))",
                    found: "0x\(String(new.config[place] & fixed, radix: 16)) of \(identity(new.config))")
            }
        }
        state = new
        onMapping()
        onInterrupt()
    }

    private func identity(_ config: [UInt8]) -> String {
        [1, 0, 3, 2].map { place in
            let digits = String(config[place], radix: 16)
            return (digits.count < 2 ? "0" : "") + digits + (place == 0 ? ":" : "")
        }.joined()
    }
}
