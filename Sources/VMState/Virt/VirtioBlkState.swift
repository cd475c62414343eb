import Bytes

/// virtio-blk's own part: requests that were taken and not answered. Empty, as a sender drains its I/O first.
public struct VirtioBlkState: VirtioDeviceState {
    public static var name: String { "virtio-blk" }
    public static var version: UInt32 { 2 }
    public static func classicQueueSize(_ queue: Int) -> UInt32 { 256 }

    public struct Request: Sendable, Equatable {
        public var queue: UInt32 = 0
        public var element: VirtioElementState
    }

    public var requests: [Request] = []

    public init() {}

    public static func fields() -> [VMStateField<VirtioState<VirtioBlkState>>] {
        [
            .custom("requests", type: "list") { (state, reader) throws(VMStateError) in
                state.device.requests = []
                while try reader.uint8() != 0 {
                    // An element is 48 KiB on the wire: the bound is the ring's size, a stream cannot ask for more.
                    guard state.device.requests.count < virtioQueueMax else {
                        throw reader.invalid(expected: "at most 1024 requests", found: "more")
                    }
                    var queue: UInt32 = 0
                    if state.queues.count > 1 {
                        queue = try reader.uint32()
                        guard queue < UInt32(state.queues.count) else {
                            throw reader.invalid(
                                expected: "a queue below \(state.queues.count)", found: "\(queue)")
                        }
                    }
                    state.device.requests.append(
                        Request(queue: queue, element: try VirtioElementState(from: reader)))
                }
            } save: { state, writer in
                for request in state.device.requests {
                    writer.output.uint8(1)
                    if state.queues.count > 1 { writer.output.uint32(request.queue) }
                    request.element.save(to: &writer)
                }
                writer.output.uint8(0)
            }
        ]
    }
}
