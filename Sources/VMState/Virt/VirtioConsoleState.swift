import Bytes

/// virtio-serial's own part (QEMU's section says virtio-console): the ports and how far each is open.
public struct VirtioConsoleState: VirtioDeviceState {
    public static var name: String { "virtio-console" }
    public static var version: UInt32 { 3 }
    public static func classicQueueSize(_ queue: Int) -> UInt32 { queue == 2 || queue == 3 ? 32 : 128 }

    public struct Port: Sendable, Equatable {
        /// Port number, its bit in the map.
        public var id: UInt32
        public var isGuestConnected = false
        public var isHostConnected = false
        /// A transmit request that was half done.
        public var element: Pending?

        public struct Pending: Sendable, Equatable {
            /// Segment and byte in it from which to go on.
            public var segment: UInt32
            public var offset: UInt64
            public var element: VirtioElementState
        }

        public init(id: UInt32) { self.id = id }
    }

    public var columns: UInt16 = 0
    public var rows: UInt16 = 0
    /// max_nr_ports of the device; both sides have it.
    public var maxPorts: UInt32 = 31
    /// A bit per port, ceil(max_nr_ports / 32) words. Before a load: the receiver's, which it must equal.
    public var portsMap: [UInt32] = [1]
    /// Ports that exist. Before a load: the receiver's.
    public var ports: [Port] = []
    /// Whether a load takes the stream's ports for the receiver's: for tools.
    public var takesAnyPorts = false

    public init() {}

    public static func fields() -> [VMStateField<VirtioState<VirtioConsoleState>>] {
        [
            .uint16("cols", \.device.columns),
            .uint16("rows", \.device.rows),
            .uint32("max_nr_ports", \.device.maxPorts),
            .custom("ports_map", type: "uint32") { (state, reader) throws(VMStateError) in
                if state.device.takesAnyPorts {
                    let words = (min(state.device.maxPorts, 1024) + 31) / 32
                    state.device.portsMap = Array(repeating: 0, count: Int(words))
                    for index in 0..<Int(words) { state.device.portsMap[index] = try reader.uint32() }
                    return
                }
                for word in state.device.portsMap {
                    let found = try reader.uint32()
                    guard found == word else {
                        throw reader.invalid(
                            expected: "the ports 0x\(String(word, radix: 16))",
                            found: "0x\(String(found, radix: 16))")
                    }
                }
            } save: { state, writer in
                for word in state.device.portsMap { writer.output.uint32(word) }
            },
            .custom("ports", type: "list", load: loadPorts, save: savePorts),
        ]
    }

    @Sendable
    private static func loadPorts(
        _ state: inout VirtioState<VirtioConsoleState>, _ reader: VMStateReader
    ) throws(VMStateError) {
        let count = try reader.uint32()
        guard state.device.takesAnyPorts || count == UInt32(state.device.ports.count) else {
            throw reader.invalid(expected: "\(state.device.ports.count) ports", found: "\(count)")
        }
        for _ in 0..<count {
            let id = try reader.uint32()
            if state.device.takesAnyPorts, state.device.ports.count < 1024 {
                state.device.ports.append(Port(id: id))
            }
            guard let index = state.device.ports.firstIndex(where: { $0.id == id }) else {
                throw reader.invalid(
                    expected: "one of the ports \(state.device.ports.map(\.id))", found: "port \(id)")
            }
            state.device.ports[index].isGuestConnected = try reader.uint8() != 0
            state.device.ports[index].isHostConnected = try reader.uint8() != 0
            state.device.ports[index].element = nil
            if try reader.uint32() != 0 {
                let (segment, offset) = (try reader.uint32(), try reader.uint64())
                let element = try VirtioElementState(from: reader)
                state.device.ports[index].element = .init(segment: segment, offset: offset, element: element)
            }
        }
    }

    @Sendable
    private static func savePorts(
        _ state: VirtioState<VirtioConsoleState>, _ writer: inout VMStateWriter
    ) {
        writer.output.uint32(UInt32(state.device.ports.count))
        for port in state.device.ports {
            writer.output.uint32(port.id)
            writer.output.uint8(port.isGuestConnected ? 1 : 0)
            writer.output.uint8(port.isHostConnected ? 1 : 0)
            writer.output.uint32(port.element == nil ? 0 : 1)
            if let pending = port.element {
                writer.output.uint32(pending.segment)
                writer.output.uint64(pending.offset)
                pending.element.save(to: &writer)
            }
        }
    }
}
