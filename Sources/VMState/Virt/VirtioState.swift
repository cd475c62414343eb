/// The part of a virtio section that belongs to one kind of device.
public protocol VirtioDeviceState: Sendable, Equatable {
    /// Name of the kind in QEMU's section names, e.g. `virtio-blk`.
    static var name: String { get }
    /// Section version that QEMU 7.2 to 10.0 write and take.
    static var version: UInt32 { get }
    /// Default queue size of each queue in QEMU 7.2 and 10.0.2, for as many queues as there are.
    static func classicQueueSize(_ queue: Int) -> UInt32
    /// The fields between the queues and the subsections. `context` is what the common part has already given.
    static func fields() -> [VMStateField<VirtioState<Self>>]
    /// Whether the device has message vectors (MSI-X) where this dialect is spoken.
    static func hasVectors(_ dialect: Dialect) -> Bool
}

extension VirtioDeviceState {
    public static func hasVectors(_ dialect: Dialect) -> Bool { true }
}

/// What a virtio device is plugged into. Both sides know it: it stands in the section's name or on the command
/// line.
public enum VirtioTransportKind: Sendable, Equatable {
    /// Version 1 of the mmio registers.
    case legacyMMIO
    /// Version 2.
    case modernMMIO
    /// A PCI function, transitional or modern.
    case pci

    /// Whether VIRTIO_F_VERSION_1 is offered.
    public var isModern: Bool { self != .legacyMMIO }
}

/// Number of queues that a virtio section's arrays have, whatever the device's own number.
public let virtioQueueMax = 1024

/// One split virtqueue (virtio 1.2, 2.7) as its device remembers it.
public struct VirtQueueState: Sendable, Equatable {
    /// Entries of the ring; 0 for a queue that does not exist.
    public var num: UInt32 = 0
    /// Entries that a reset goes back to.
    public var defaultNum: UInt32 = 0
    /// Alignment of the used ring in bytes, legacy layout only.
    public var align: UInt32 = 4096
    /// Guest physical address of the descriptor table; 0 while the queue is not set up.
    public var desc: UInt64 = 0
    /// Addresses of the other two rings, modern layout only.
    public var avail: UInt64 = 0
    public var used: UInt64 = 0
    /// The next entry of the available ring that the device takes.
    public var lastAvailIndex: UInt16 = 0
    /// Message vector of the queue, PCI only; all ones for none.
    public var vector: UInt16 = VirtioPCIState.noVector

    public init(num: UInt32 = 0) {
        self.num = num
        defaultNum = num
    }
}

/// A virtio device: transport, common part, queues, and the device's own part.
public struct VirtioState<Device: VirtioDeviceState>: Sendable, Equatable {
    /// Not in the stream.
    public var kind = VirtioTransportKind.legacyMMIO
    /// The function, when it is one.
    public var pci = VirtioPCIState()
    /// Which half of the features the driver looks at.
    public var hostFeaturesSelect: UInt32 = 0
    public var guestFeaturesSelect: UInt32 = 0
    /// log2 of GuestPageSize; 0 until the driver has written it.
    public var guestPageShift: UInt32 = 0
    /// Registers of a modern transport that are on their way to the device.
    public var transport = VirtioModernRegisters()

    /// Device status (virtio 1.2, 2.1).
    public var status: UInt8 = 0
    /// Interrupt status: bit 0 queues, bit 1 configuration.
    public var isr: UInt8 = 0
    /// The queue that queue registers speak of.
    public var queueSelect: UInt16 = 0
    /// Features that the driver has accepted.
    public var guestFeatures: UInt64 = 0
    /// Configuration space as the driver last saw it.
    public var config: [UInt8] = []
    /// Before a load: the receiver's queues; no more than these are taken.
    public var queues: [VirtQueueState] = []
    public var device: Device
    /// The driver broke the rules; the device waits for a reset.
    public var isBroken = false
    /// DRIVER_OK has been set since the last reset.
    public var isStarted = false
    public var isDisabled = false

    public init(device: Device) { self.device = device }

    /// What a receiver of this dialect has to be told: the queue sizes its own reset would give.
    ///
    /// QEMU before 10.0.11 starts with small queues and tells them in `virtio/ringsize`; later ones, and we, start
    /// with 1024 entries, which is what the driver asks for.
    func adapted(to dialect: Dialect) -> Self {
        var copy = self
        if kind == .pci, !Device.hasVectors(dialect) { copy.pci = pci.withoutVectors() }
        for index in copy.queues.indices {
            let size: UInt32 =
                switch dialect {
                case .qemu7_2, .qemu10_0: Device.classicQueueSize(index)
                case .qemu10_0_11, .martlet: UInt32(virtioQueueMax)
                }
            if copy.queues[index].desc == 0, copy.queues[index].num == copy.queues[index].defaultNum {
                copy.queues[index].num = size
            }
            copy.queues[index].defaultNum = size
        }
        return copy
    }
}

extension VirtioState {
    /// The whole section: QEMU describes it as one opaque field.
    public static func description() -> VMStateDescription<VirtioState> {
        let body = body()
        return VMStateDescription(
            Device.name, version: Device.version,
            fields: [
                .custom("virtio", type: "virtio") { (state, reader) throws(VMStateError) in
                    let outer = reader.version
                    reader.version = 1
                    defer { reader.version = outer }
                    // What the sender leaves out is as after a reset.
                    state.isBroken = false
                    state.isStarted = false
                    state.isDisabled = false
                    try body.load(&state, from: reader)
                } save: { state, writer in
                    let outer = writer.version
                    writer.version = 1
                    body.save(state.adapted(to: writer.dialect), to: &writer)
                    writer.version = outer
                }
            ])
    }

    private static func body() -> VMStateDescription<VirtioState> {
        VMStateDescription(
            "virtio", version: 1,
            fields: [
                .structure("parent_obj", \.pci.device, PCIDeviceState.description).when(isPCI),
                .messageVectors(\.pci).when(isPCI),
                .uint32("host_features_sel", \.hostFeaturesSelect).when(isMMIO),
                .uint32("guest_features_sel", \.guestFeaturesSelect).when(isMMIO),
                .uint32("guest_page_shift", \.guestPageShift).when(isMMIO),
                .check("guest_page_shift") { (state, reader) throws(VMStateError) in
                    guard state.guestPageShift < 32 else {
                        throw reader.invalid(expected: "at most 31", found: "\(state.guestPageShift)")
                    }
                },
                .uint8("status", \.status),
                .uint8("isr", \.isr),
                .uint16("queue_sel", \.queueSelect),
                .check("queue_sel") { (state, reader) throws(VMStateError) in
                    guard state.queueSelect < UInt16(virtioQueueMax) else {
                        throw reader.invalid(
                            expected: "at most \(virtioQueueMax - 1)", found: "\(state.queueSelect)")
                    }
                },
                .lowHalf("guest_features", \.guestFeatures),
                .configuration(\.config),
                .queueCount(\.queues),
                .structures("vq", \.queues, VirtQueueState.mmio).when(isMMIO),
                .structures("vq", \.queues, VirtQueueState.pci).when { isPCI($0) && $0.pci.vectorCount > 0 },
                .structures("vq", \.queues, VirtQueueState.pciWithoutVectors).when {
                    isPCI($0) && $0.pci.vectorCount == 0
                },
            ] + Device.fields(),
            subsections: [
                flag("virtio/device_endian", \.littleEndian) { _ in false },
                VMStateSubsection(
                    VMStateDescription(
                        "virtio/64bit_features", version: 1,
                        fields: [.uint64("guest_features", \.guestFeatures)])
                ) { _, _ in true },
                VMStateSubsection(
                    VMStateDescription("virtio/virtqueues", version: 1, fields: [.rings(\.queues)])
                ) { state, _ in state.kind.isModern },
                VMStateSubsection(
                    VMStateDescription("virtio/ringsize", version: 1, fields: [.ringSizes(\.queues)])
                ) { state, _ in state.queues.contains { $0.num != $0.defaultNum } },
                flag("virtio/broken", \.broken) { $0.isBroken },
                VMStateSubsection(
                    VMStateDescription(
                        "virtio/extra_state", version: 1,
                        fields: [
                            .structure("extra_state", \.itself, mmioRegisters).when {
                                $0.kind == .modernMMIO
                            },
                            .structure("extra_state", \.itself, pciRegisters).when(isPCI),
                        ])
                ) { state, _ in state.kind.isModern },
                flag("virtio/started", \.started) { $0.isStarted },
                flag("virtio/disabled", \.disabled) { $0.isDisabled },
            ])
    }

    private static var isPCI: @Sendable (Self) -> Bool { { $0.kind == .pci } }
    private static var isMMIO: @Sendable (Self) -> Bool { { $0.kind != .pci } }

    /// For a struct of the stream whose fields are this state's own.
    private var itself: Self {
        get { self }
        set { self = newValue }
    }

    private static func flag(
        _ name: String, _ path: any WritableKeyPath<Self, UInt8> & Sendable,
        needed: @escaping @Sendable (Self) -> Bool
    ) -> VMStateSubsection<Self> {
        VMStateSubsection(VMStateDescription(name, version: 1, fields: [.uint8(name, path)])) { state, _ in
            needed(state)
        }
    }

    private var broken: UInt8 {
        get { isBroken ? 1 : 0 }
        set { isBroken = newValue != 0 }
    }
    private var started: UInt8 {
        get { isStarted ? 1 : 0 }
        set { isStarted = newValue != 0 }
    }
    private var disabled: UInt8 {
        get { isDisabled ? 1 : 0 }
        set { isDisabled = newValue != 0 }
    }
    /// Always little on this board; a stream's own word for it is passed over.
    private var littleEndian: UInt8 {
        get { 1 }
        set {}
    }
}
