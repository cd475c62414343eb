import Bytes

/// What a modern transport holds back until a queue is enabled and the features are agreed on.
public struct VirtioModernRegisters: Sendable, Equatable {
    public struct Queue: Sendable, Equatable {
        /// Size as written.
        public var num: UInt16 = 0
        /// QueueReady, `queue_enable`.
        public var isEnabled = false
        public var desc: UInt64 = 0
        public var avail: UInt64 = 0
        public var used: UInt64 = 0
        public init() {}
    }

    /// The driver's features as written, both halves.
    public var guestFeatures: UInt64 = 0
    /// As many as the device has; the stream carries 1024, the rest zero.
    public var queues: [Queue] = []

    public init(queueCount: Int = 0) { queues = Array(repeating: Queue(), count: queueCount) }
}

extension VirtioState {
    /// `virtio_mmio/state`: a struct without fields whose one subsection holds everything.
    static var mmioRegisters: VMStateDescription<VirtioState> {
        registers("virtio_mmio", "state", [], hasPadding: false)
    }

    /// `virtio_pci/modern_state`, likewise.
    static var pciRegisters: VMStateDescription<VirtioState> {
        registers(
            "virtio_pci", "modern_state",
            [.uint32("dfselect", \.hostFeaturesSelect), .uint32("gfselect", \.guestFeaturesSelect)],
            hasPadding: true)
    }

    private static func registers(
        _ name: String, _ part: String, _ selectors: [VMStateField<VirtioState>], hasPadding: Bool
    ) -> VMStateDescription<VirtioState> {
        let values: [VMStateField<VirtioState>] = [
            .halves("guest_features", \.transport.guestFeatures),
            .transportQueues(\.transport.queues, hasPadding: hasPadding),
        ]
        let registers = VMStateDescription("\(name)/\(part)", version: 1, fields: selectors + values)
        return VMStateDescription(
            name, version: 1, fields: [], subsections: [VMStateSubsection(registers) { _, _ in true }])
    }
}

extension VMStateReader {
    /// A 64-bit value sent as two 32-bit ones, the low half first.
    fileprivate func halves() throws(VMStateError) -> UInt64 {
        let low = try uint32()
        return UInt64(try uint32()) << 32 | UInt64(low)
    }
}

extension VMStateWriter {
    fileprivate mutating func halves(_ value: UInt64) {
        output.uint32(UInt32(truncatingIfNeeded: value))
        output.uint32(UInt32(truncatingIfNeeded: value >> 32))
    }
}

extension VMStateField {
    fileprivate static func halves(
        _ name: String, _ path: any WritableKeyPath<State, UInt64> & Sendable
    ) -> Self {
        .custom(name, type: "uint32") { (state, reader) throws(VMStateError) in
            state[keyPath: path] = try reader.halves()
        } save: { state, writer in
            writer.halves(state[keyPath: path])
        }
    }

    fileprivate static func transportQueues(
        _ path: any WritableKeyPath<State, [VirtioModernRegisters.Queue]> & Sendable, hasPadding: Bool
    ) -> Self {
        .custom("vqs", type: "struct") { (state, reader) throws(VMStateError) in
            var queues = state[keyPath: path]
            for index in 0..<virtioQueueMax {
                var queue = VirtioModernRegisters.Queue()
                queue.num = try reader.uint16()
                if hasPadding { try reader.skip(1) }
                queue.isEnabled = try reader.uint8() != 0
                queue.desc = try reader.halves()
                queue.avail = try reader.halves()
                queue.used = try reader.halves()
                if index < queues.count { queues[index] = queue }
            }
            state[keyPath: path] = queues
        } save: { state, writer in
            let queues = state[keyPath: path]
            for queue in queues.prefix(virtioQueueMax) {
                writer.output.uint16(queue.num)
                if hasPadding { writer.output.uint8(0) }
                writer.output.uint8(queue.isEnabled ? 1 : 0)
                writer.halves(queue.desc)
                writer.halves(queue.avail)
                writer.halves(queue.used)
            }
            writer.output.zeros((hasPadding ? 28 : 27) * max(0, virtioQueueMax - queues.count))
        }
    }
}
