public import VMState

/// The generic PCIe host (`gpex`): configuration space through ECAM, three windows of addresses, four interrupt
/// lines. Devices sit on the root bus, whose device 0 is the host bridge itself.
public final class PCIeHost: MMIODevice, @unchecked Sendable {
    // Sendable: touched with the board's lock held.

    private struct Mapping {
        var space: Space
        var range: Range<UInt64>
        var function: PCIFunction
        var window: Int
    }

    enum Space { case io, memory }

    private let bridge = PCIeHostBridge()
    /// By device number.
    private var devices: [PCIFunction?] = Array(repeating: nil, count: 32)
    private var mappings: [Mapping] = []
    private var host = PCIHostState()
    private let lines: [InterruptLine]
    private var asserting: [Int32] = [0, 0, 0, 0]

    /// - Parameter lines: inputs of the interrupt controller, four.
    public init(lines: [InterruptLine] = Array(repeating: .unconnected, count: 4)) {
        self.lines = lines
        plug(bridge, at: 0)
    }

    /// Places a function on the root bus, before the guest runs.
    ///
    /// - Parameter device: 0...31, free.
    public func plug(_ function: PCIFunction, at device: Int) {
        devices[device] = function
        function.onInterrupt = { [weak self] in self?.updateLines() }
        function.onMapping = { [weak self] in self?.updateMappings() }
    }

    public func reset() {
        host = PCIHostState()
        for device in devices { device?.reset() }
    }

    // MARK: Configuration space

    private func function(_ offset: UInt64) -> PCIFunction? {
        // Bus, device and function, all but the device 0.
        guard offset >> 20 == 0, offset >> 12 & 7 == 0 else { return nil }
        return devices[Int(offset >> 15 & 31)]
    }

    public func read(_ offset: UInt64, size: Int) -> UInt64 {
        guard let function = function(offset) else { return Self.ones(size) }
        return function.readConfiguration(Int(offset & 0xfff), size: size)
    }

    public func write(_ offset: UInt64, size: Int, value: UInt64) {
        function(offset)?.writeConfiguration(Int(offset & 0xfff), size: size, value: value)
    }

    // MARK: Windows

    /// The board's window on one of the bus's address spaces. What nobody claims reads as ones.
    ///
    /// - Parameter base: address on the bus of the window's first byte.
    public func ioWindow(base: UInt64) -> any MMIODevice { PCIeWindow(host: self, space: .io, base: base) }
    public func memoryWindow(base: UInt64) -> any MMIODevice {
        PCIeWindow(host: self, space: .memory, base: base)
    }

    fileprivate func read(_ space: Space, _ address: UInt64, size: Int) -> UInt64 {
        guard let mapping = mapping(space, address, size) else { return Self.ones(size) }
        let offset = address - mapping.range.lowerBound
        guard size == 8 else {
            return mapping.function.load(window: mapping.window, offset: offset, size: size)
        }
        let low = mapping.function.load(window: mapping.window, offset: offset, size: 4)
        return low | mapping.function.load(window: mapping.window, offset: offset + 4, size: 4) << 32
    }

    fileprivate func write(_ space: Space, _ address: UInt64, size: Int, value: UInt64) {
        guard let mapping = mapping(space, address, size) else { return }
        let offset = address - mapping.range.lowerBound
        let (function, window) = (mapping.function, mapping.window)
        guard size == 8 else {
            return function.store(window: window, offset: offset, size: size, value: value)
        }
        function.store(window: window, offset: offset, size: 4, value: value & 0xffff_ffff)
        function.store(window: window, offset: offset + 4, size: 4, value: value >> 32)
    }

    private func mapping(_ space: Space, _ address: UInt64, _ size: Int) -> Mapping? {
        mappings.first {
            $0.space == space && $0.range.contains(address) && $0.range.upperBound - address >= UInt64(size)
        }
    }

    private static func ones(_ size: Int) -> UInt64 { size == 8 ? .max : (1 << UInt64(8 * size)) - 1 }

    // MARK: Changes of a function

    private func updateLines() {
        var counts: [Int32] = [0, 0, 0, 0]
        for (number, function) in devices.enumerated() where function?.interrupt == true {
            counts[number & 3] += 1
        }
        for line in 0..<4 where counts[line] != asserting[line] { lines[line].set(counts[line] != 0) }
        asserting = counts
    }

    private func updateMappings() {
        mappings = []
        for case let function? in devices {
            for (index, window) in function.windows {
                guard let address = function.address(of: index), address <= .max - window.size else {
                    continue
                }
                mappings.append(
                    Mapping(
                        space: window.space == .io ? .io : .memory, range: address..<address + window.size,
                        function: function, window: index))
            }
            if let range = function.romRange {
                mappings.append(
                    Mapping(space: .memory, range: range, function: function, window: PCIFunction.romWindow))
            }
        }
    }

    // MARK: State

    /// The host's own sections; those of the devices come later in the stream.
    public var sections: [VMStateSection] {
        bridge.sections(at: Self.place(of: 0)) + [
            VMStateSection("PCIHost", PCIHostState.description) { [self] in
                host
            } set: { [self] (new, _) throws(VMStateError) in
                host = new
            },
            VMStateSection("PCIBUS", PCIBusState.description) { [self] in
                var state = PCIBusState()
                state.irqCount = asserting
                return state
            } set: { (_, _) throws(VMStateError) in
                // The counts follow from the devices' own levels, which come with them.
            },
        ]
    }

    /// The sections of a function that was plugged in.
    public func sections(of device: Int) -> [VMStateSection] {
        devices[device]?.sections(at: Self.place(of: device)) ?? []
    }

    /// What a stream calls the place of a device on the root bus.
    public static func place(of device: Int) -> String {
        let digits = String(device, radix: 16)
        return "0000:00:\(digits.count < 2 ? "0" : "")\(digits).0"
    }
}

/// The host bridge as a device: QEMU's `gpex_root`.
private final class PCIeHostBridge: PCIFunction, @unchecked Sendable {
    init() {
        var config = [UInt8](repeating: 0, count: PCIDeviceState.configurationSize)
        // Vendor and device 1b36:0008, class 0600, subsystem 1af4:1100.
        for (offset, byte) in [
            (0x00, 0x36), (0x01, 0x1b), (0x02, 0x08), (0x0b, 0x06), (0x2c, 0xf4), (0x2d, 0x1a), (0x2f, 0x11),
        ] { config[offset] = UInt8(byte) }
        super.init(config: config)
    }

    override func sections(at place: String) -> [VMStateSection] {
        [
            VMStateSection("\(place)/gpex_root", PCIeRootState.description) { [self] in
                var root = PCIeRootState()
                root.device = state
                return root
            } set: { [self] (new, reader) throws(VMStateError) in
                try restore(new.device, reader)
            }
        ]
    }
}

/// A part of the board's address map that the PCI bus answers for.
private final class PCIeWindow: MMIODevice {
    private let host: PCIeHost
    private let space: PCIeHost.Space
    private let base: UInt64

    init(host: PCIeHost, space: PCIeHost.Space, base: UInt64) {
        self.host = host
        self.space = space
        self.base = base
    }

    func read(_ offset: UInt64, size: Int) -> UInt64 { host.read(space, base &+ offset, size: size) }
    func write(_ offset: UInt64, size: Int, value: UInt64) {
        host.write(space, base &+ offset, size: size, value: value)
    }
}
