import Bytes

// The rows of a virtio section that have rules of their own.

/// Longest configuration space that is taken from a stream, in bytes; QEMU's are below 300.
let virtioConfigMax = 4096

extension VirtQueueState {
    /// A queue of a virtio-mmio slot.
    static var mmio: VMStateDescription<VirtQueueState> { description(hasAlignment: true, hasVector: false) }
    /// A queue of a PCI function, whose used ring has a fixed alignment.
    static var pci: VMStateDescription<VirtQueueState> { description(hasAlignment: false, hasVector: true) }
    static var pciWithoutVectors: VMStateDescription<VirtQueueState> {
        description(hasAlignment: false, hasVector: false)
    }

    private static func description(
        hasAlignment: Bool, hasVector: Bool
    ) -> VMStateDescription<VirtQueueState> {
        VMStateDescription(
            "vq", version: 1,
            fields: [
                .uint32("num", \.num),
                .uint32("align", \.align).when { _ in hasAlignment },
                .uint64("desc", \.desc),
                .uint16("last_avail_idx", \.lastAvailIndex),
                .uint16("vector", \.vector).when { _ in hasVector },
                .check("vq") { (state, reader) throws(VMStateError) in
                    guard state.num <= UInt32(virtioQueueMax) else {
                        throw reader.invalid(
                            "num", expected: "a queue of at most 1024 entries", found: "\(state.num)")
                    }
                    guard state.align > 0, state.align & (state.align &- 1) == 0 else {
                        throw reader.invalid(
                            "align", expected: "an alignment of a power of two", found: "\(state.align)")
                    }
                    if state.desc == 0, state.lastAvailIndex != 0 {
                        throw reader.invalid(
                            "last_avail_idx", expected: "index 0 in a queue without an address",
                            found: "\(state.lastAvailIndex)")
                    }
                },
            ])
    }
}

extension VMStateField {
    /// The low 32 bits of a 64-bit value; the upper ones become zero.
    static func lowHalf(_ name: String, _ path: any WritableKeyPath<State, UInt64> & Sendable) -> Self {
        .custom(name, type: "uint32") { (state, reader) throws(VMStateError) in
            state[keyPath: path] = UInt64(try reader.uint32())
        } save: { state, writer in
            writer.output.uint32(UInt32(truncatingIfNeeded: state[keyPath: path]))
        }
    }

    /// Length and bytes of the configuration space. A receiver with a longer one keeps its own tail.
    static func configuration(_ path: any WritableKeyPath<State, [UInt8]> & Sendable) -> Self {
        .custom("config", type: "buffer") { (state, reader) throws(VMStateError) in
            let length = try reader.uint32()
            guard length <= UInt32(virtioConfigMax) else {
                throw reader.invalid(expected: "at most \(virtioConfigMax) bytes", found: "\(length)")
            }
            let bytes = try reader.bytes(Int(length))
            let own = state[keyPath: path]
            state[keyPath: path] = bytes + own.dropFirst(bytes.count)
        } save: { state, writer in
            writer.output.uint32(UInt32(state[keyPath: path].count))
            writer.output.append(state[keyPath: path])
        }
    }

    /// The number of queues that follow: at most as many as the receiver has.
    static func queueCount(_ path: any WritableKeyPath<State, [VirtQueueState]> & Sendable) -> Self {
        .custom("nr_queues", type: "uint32") { (state, reader) throws(VMStateError) in
            let count = try reader.uint32()
            let own = state[keyPath: path].count
            guard count <= UInt32(own) else {
                throw reader.invalid(expected: "at most \(own) queues", found: "\(count)")
            }
            state[keyPath: path].removeLast(own - Int(count))
        } save: { state, writer in
            writer.output.uint32(UInt32(state[keyPath: path].count))
        }
    }

    /// Addresses of the available and used rings of all possible queues.
    static func rings(_ path: any WritableKeyPath<State, [VirtQueueState]> & Sendable) -> Self {
        .custom("virtqueues", type: "struct") { (state, reader) throws(VMStateError) in
            var queues = state[keyPath: path]
            for index in 0..<virtioQueueMax {
                let (avail, used) = (try reader.uint64(), try reader.uint64())
                if index < queues.count { (queues[index].avail, queues[index].used) = (avail, used) }
            }
            state[keyPath: path] = queues
        } save: { state, writer in
            let queues = state[keyPath: path]
            for queue in queues.prefix(virtioQueueMax) {
                writer.output.uint64(queue.avail)
                writer.output.uint64(queue.used)
            }
            writer.output.zeros(16 * max(0, virtioQueueMax - queues.count))
        }
    }

    /// Sizes that a reset of the receiver goes back to.
    static func ringSizes(_ path: any WritableKeyPath<State, [VirtQueueState]> & Sendable) -> Self {
        .custom("ringsize", type: "struct") { (state, reader) throws(VMStateError) in
            var queues = state[keyPath: path]
            for index in 0..<virtioQueueMax {
                let size = try reader.uint32()
                guard size <= UInt32(virtioQueueMax) else {
                    throw reader.invalid(expected: "a queue of at most 1024 entries", found: "\(size)")
                }
                if index < queues.count { queues[index].defaultNum = size }
            }
            state[keyPath: path] = queues
        } save: { state, writer in
            let queues = state[keyPath: path]
            for queue in queues.prefix(virtioQueueMax) { writer.output.uint32(queue.defaultNum) }
            writer.output.zeros(4 * max(0, virtioQueueMax - queues.count))
        }
    }
}
