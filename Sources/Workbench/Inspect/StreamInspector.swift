import MigrationStream

/// Counts a stream's events into a report.
public struct StreamInspector {
    public private(set) var report = StreamReport()
    private var channels: [StreamEvent.Channel: Int] = [:]
    private var sent: [PageTally] = []
    /// The present section: where it began, and what it has held.
    private var section: (header: SectionHeader, offset: UInt64, pages: StreamReport.Pages)?

    /// Times that are counted apart: 0 to 7, and more.
    private static let longest = 8

    public init() {}

    /// Reads a whole stream. An error ends the report and stands in it.
    ///
    /// - Parameter progress: called for each event.
    public static func report(
        _ reader: StreamEventReader, progress: (StreamEvent) -> Void = { _ in }
    ) -> StreamReport {
        var inspector = StreamInspector()
        do throws(StreamError) {
            while let event = try reader.next() {
                inspector.take(event)
                progress(event)
            }
        } catch {
            inspector.report.failure = error
        }
        inspector.finish()
        return inspector.report
    }

    /// Takes the next event in.
    public mutating func take(_ event: StreamEvent) {
        let channel = channel(event.channel)
        report.channels[channel].bytes &+= event.length
        switch event.content {
        case .configuration(let configuration):
            report.configuration = configuration
            report.pageSize = (try? RAMFormat(configuration).pageSize) ?? RAMSection.pageSize
        case .command(let command): add(.command(command), event)
        case .section(let header): section = (header, event.offset, .init())
        case .ram(let record): take(record, channel)
        case .device(let device): report.devices.append(device)
        case .dirtyBitmap(let chunk): take(chunk)
        case .disk: break
        case .footer(let header):
            let start = section?.offset ?? event.offset
            let whole = StreamEvent(
                content: event.content, channel: .main, offset: start,
                length: event.offset &+ event.length &- start)
            add(.section(header, section?.pages ?? .init()), whole)
            section = nil
        case .packageEnd: add(.packageEnd, event)
        case .end: add(.end, event)
        case .description: add(.description, event)
        case .trailing: add(.trailing, event)
        case .handshake(let handshake): report.channels[channel].number = handshake.channel
        case .packet(let packet):
            report.channels[channel].packets &+= 1
            if packet.isSync { report.channels[channel].syncs &+= 1 }
            if !packet.normal.isEmpty { report.channels[channel].compressions.insert(packet.compression) }
        case .deviceState: report.channels[channel].packets &+= 1
        case .reply(let message): report.replies.append(message)
        }
    }

    /// Counts how often pages came.
    public mutating func finish() {
        for (index, tally) in sent.enumerated() {
            var times = tally.histogram(longest: Self.longest)
            while times.count > 2, times.last == 0 { times.removeLast() }
            report.blocks[index].sent = times
        }
    }

    private mutating func channel(_ channel: StreamEvent.Channel) -> Int {
        if let index = channels[channel] { return index }
        channels[channel] = report.channels.count
        report.channels.append(.init(channel: channel))
        return report.channels.count - 1
    }

    private mutating func add(_ content: StreamReport.Item.Content, _ event: StreamEvent) {
        guard report.items.count < StreamReport.maximumItems else {
            report.itemsLeftOut &+= 1
            return
        }
        report.items.append(.init(content: content, offset: event.offset, length: event.length))
    }

    private mutating func take(_ record: RAMRecord, _ channel: Int) {
        report.channels[channel].pages.count(record)
        section?.pages.count(record)
        let (block, offset): (Int, UInt64)
        switch record {
        case .block(let description, _):
            report.blocks.append(.init(description: description))
            sent.append(PageTally(pages: description.length / UInt64(report.pageSize)))
            return
        case .page(let index, let at, _): (block, offset) = (index, at)
        case .zero(let index, let at): (block, offset) = (index, at)
        case .delta(let index, let at, _): (block, offset) = (index, at)
        case .unpacked(let index, let at, _, _): (block, offset) = (index, at)
        case .hook, .multifdFlush, .end: return
        }
        report.blocks[block].pages.count(record)
        _ = sent[block].add(offset / UInt64(report.pageSize))
    }

    private mutating func take(_ chunk: DirtyBitmapChunk) {
        let index = report.bitmaps.firstIndex { $0.node == chunk.node && $0.name == chunk.bitmap }
        switch chunk.content {
        case .start(let granularity, let isEnabled, let isPersistent, _):
            guard index == nil else { return }
            report.bitmaps.append(
                .init(
                    node: chunk.node, name: chunk.bitmap, granularity: granularity, isEnabled: isEnabled,
                    isPersistent: isPersistent))
        case .bits(_, _, let data?):
            guard let index else { return }
            report.bitmaps[index].setBits &+= data.reduce(0) { $0 + UInt64($1.nonzeroBitCount) }
        case .complete:
            guard let index else { return }
            report.bitmaps[index].isComplete = true
        case .bits, .none: break
        }
    }
}
