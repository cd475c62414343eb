import Bytes

/// virtio-net's own part, one queue pair.
public struct VirtioNetState: VirtioDeviceState {
    public static var name: String { "virtio-net" }
    public static var version: UInt32 { 11 }
    public static func classicQueueSize(_ queue: Int) -> UInt32 { queue == 2 ? 64 : 256 }

    /// Entries that the table of hardware addresses has room for.
    public static let macTableSize = 64
    /// VIRTIO_NET_F_CTRL_GUEST_OFFLOADS, which adds a field.
    public static let ctrlGuestOffloads: UInt64 = 1 << 2

    /// The hardware address, 6 bytes.
    public var mac: [UInt8] = Array(repeating: 0, count: 6)
    public var txWaiting: UInt32 = 0
    /// 1 when MRG_RXBUF was negotiated.
    public var mergeableReceiveBuffers: UInt32 = 0
    /// Link status: bit 0 up, bit 1 announce.
    public var status: UInt16 = 0
    public var promiscuous: UInt8 = 0
    public var allMulticast: UInt8 = 0
    /// The addresses that are let in, one after the other.
    public var macTable: [UInt8] = []
    /// A bit per VLAN, as 128 little-endian words; all ones without filtering.
    public var vlans: [UInt8] = Array(repeating: 0xff, count: 512)
    /// 1 when the sender's backend carries virtio-net headers, as tap does; refused, ours do not.
    public var hasVnetHeader: UInt32 = 0
    public var multicastOverflow: UInt8 = 0
    public var unicastOverflow: UInt8 = 0
    public var allUnicast: UInt8 = 0
    public var noMulticast: UInt8 = 0
    public var noUnicast: UInt8 = 0
    public var noBroadcast: UInt8 = 0
    /// 1 when the sender's backend takes UFO frames; refused.
    public var hasUFO: UInt8 = 0
    /// Offloads in force, when CTRL_GUEST_OFFLOADS was negotiated.
    public var guestOffloads: UInt64 = 0

    /// Whether the receiver's backend has these; both sides know it. Tools take any.
    public var backendHasVnetHeader = false
    public var backendHasUFO = false

    public init() {}

    public static func fields() -> [VMStateField<VirtioState<VirtioNetState>>] {
        [
            .buffer("mac", \.device.mac, count: 6),
            .uint32("tx_waiting", \.device.txWaiting),
            .uint32("mergeable_rx_bufs", \.device.mergeableReceiveBuffers),
            .uint16("status", \.device.status),
            .uint8("promisc", \.device.promiscuous),
            .uint8("allmulti", \.device.allMulticast),
            .custom("mac_table", type: "buffer") { (state, reader) throws(VMStateError) in
                // A full table is not an error: QEMU then lets everything in.
                let count = try reader.uint32()
                if count <= UInt32(macTableSize) {
                    state.device.macTable = try reader.bytes(6 * Int(count))
                } else {
                    guard count <= 1 << 20 else {
                        throw reader.invalid(expected: "at most \(1 << 20) addresses", found: "\(count)")
                    }
                    try reader.skip(6 * Int(count))
                    state.device.macTable = []
                    state.device.multicastOverflow = 1
                    state.device.unicastOverflow = 1
                }
            } save: { state, writer in
                writer.output.uint32(UInt32(state.device.macTable.count / 6))
                writer.output.append(state.device.macTable)
            },
            .buffer("vlans", \.device.vlans, count: 512),
            .uint32("has_vnet_hdr", \.device.hasVnetHeader),
            .check("has_vnet_hdr") { (state, reader) throws(VMStateError) in
                guard state.device.hasVnetHeader == 0 || state.device.backendHasVnetHeader else {
                    throw reader.invalid(
                        expected: "a network backend without vnet_hdr", found: "\(state.device.hasVnetHeader)"
                    )
                }
            },
            .uint8("multi_overflow", \.device.multicastOverflow),
            .uint8("uni_overflow", \.device.unicastOverflow),
            .uint8("alluni", \.device.allUnicast),
            .uint8("nomulti", \.device.noMulticast),
            .uint8("nouni", \.device.noUnicast),
            .uint8("nobcast", \.device.noBroadcast),
            .uint8("has_ufo", \.device.hasUFO),
            .check("has_ufo") { (state, reader) throws(VMStateError) in
                guard state.device.hasUFO == 0 || state.device.backendHasUFO else {
                    throw reader.invalid(
                        expected: "a network backend without UFO", found: "\(state.device.hasUFO)")
                }
            },
            .uint64("curr_guest_offloads", \.device.guestOffloads)
                .when { $0.guestFeatures & ctrlGuestOffloads != 0 },
        ]
    }
}
