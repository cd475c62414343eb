import Bytes
import MigrationStream

/// The multifd channels of a capture, read as the main channel lets them: up to a SYNC of each at a mark, and to the end
/// after the last. What lies between two marks may be taken in any order.
struct MultifdDrain {
    private struct Channel {
        let reader: MultifdReader
        var hasHandshake = false
        var hasEnded = false
    }

    private enum Goal {
        case sync
        case end
    }

    private let sources: [any ByteSource]
    private var channels: [Channel] = []
    /// Bytes of a target page; set before the first event.
    var pageSize = RAMSection.pageSize
    private var goal: Goal?
    /// The channel that is read.
    private var current = 0
    private var packet: MultifdPacket?
    private var block = 0
    private var position = 0

    init(_ sources: [any ByteSource]) { self.sources = sources }

    /// A mark on the main channel: everything before each channel's next SYNC comes first.
    mutating func startSync() { start(.sync) }

    /// No mark will follow: everything that is left comes.
    mutating func startLast() { start(.end) }

    private mutating func start(_ goal: Goal) {
        guard !sources.isEmpty else { return }
        if channels.isEmpty {
            channels = sources.map {
                Channel(
                    reader: MultifdReader(
                        InputBuffer($0, capacity: MultifdReader.bufferCapacity), pageSize: pageSize))
            }
        }
        self.goal = goal
        current = 0
    }

    /// The next event of the channels; nil when the main channel is to be read.
    mutating func next(_ ram: RAMRecordReader) throws(StreamError) -> StreamEvent? {
        guard goal != nil else { return nil }
        while let goal, current < channels.count {
            do throws(StreamError) {
                if let event = try step(goal, ram) { return event }
            } catch {
                throw error.on("multifd channel \(current)").at(nil, .memory)
            }
        }
        goal = nil
        return nil
    }

    private mutating func step(_ goal: Goal, _ ram: RAMRecordReader) throws(StreamError) -> StreamEvent? {
        if let packet {
            if let event = page(packet) { return event }
            self.packet = nil
            if packet.isSync, goal == .sync { current += 1 }
            return nil
        }
        let reader = channels[current].reader
        let start = reader.input.offset
        func event(_ content: StreamEvent.Content) -> StreamEvent {
            StreamEvent(
                content: content, channel: .multifd(current), offset: start,
                length: reader.input.offset - start)
        }
        if channels[current].hasEnded {
            current += 1
            return nil
        }
        guard channels[current].hasHandshake else {
            channels[current].hasHandshake = true
            return event(.handshake(try reader.handshake()))
        }
        switch try reader.next() {
        case .packet(let packet):
            if !packet.block.isEmpty {
                guard let index = ram.index(of: packet.block) else {
                    throw StreamError(
                        .value(expected: "a block of the block list", found: quoted(packet.block)),
                        path: ["packet", "block"], offset: start + 64)
                }
                block = index
                try packet.checkOffsets(below: ram.blocks[index].length, pageSize: pageSize, start: start)
            }
            self.packet = packet
            position = 0
            return event(.packet(packet))
        case .deviceState(let name, let instance, _):
            return event(.deviceState(name: name, instance: instance))
        case nil:
            channels[current].hasEnded = true
            guard goal == .end else {
                throw StreamError(
                    .value(expected: "a SYNC packet for the mark on the main channel", found: "the end"),
                    path: ["packet"], offset: start,
                    cause: "the recording of this channel is cut, or is of another migration",
                    remedy: "name the files of one migration, whole")
            }
            current += 1
            return nil
        }
    }

    private mutating func page(_ packet: MultifdPacket) -> StreamEvent? {
        let reader = channels[current].reader
        let record: RAMRecord
        if position < packet.normal.count {
            unsafe record = .page(block: block, offset: packet.normal[position], reader.page(position))
        } else if position < packet.normal.count + packet.zero.count {
            record = .zero(block: block, offset: packet.zero[position - packet.normal.count])
        } else {
            return nil
        }
        position += 1
        return StreamEvent(
            content: .ram(record), channel: .multifd(current), offset: reader.input.offset, length: 0)
    }
}
