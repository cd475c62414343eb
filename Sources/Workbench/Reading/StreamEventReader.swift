import Bytes
public import MigrationStream
import VMState

/// Reads a stream event by event: the one parser that every tool here is built on.
///
/// Constant memory: a look-ahead of 1 MiB a channel, the body of one device, and, once, what follows the RAM, at most
/// ``restLimit`` bytes, in which the description is looked for.
///
/// ```swift
/// let reader = StreamEventReader(StreamCapture(main: try FileSource(path: "vm.stream")))
/// while let event = try reader.next() { … }
/// ```
@safe public final class StreamEventReader {
    /// Most bytes that are read ahead for the description.
    public static let restLimit = 64 << 20
    /// Longest body of a device, in bytes.
    public static let maximumDevice = 64 << 20
    /// Most memory that the block list may have in all, in bytes: 64 TiB, far more than guests have.
    public static let maximumMemory: UInt64 = 1 << 46
    /// Look-ahead of the main channel, in bytes.
    private static let lookahead = 1 << 20

    enum State: Equatable {
        case start
        case items
        case ram
        case dirtyBitmap
        case disk
        case footer
        case description
        case trailing
        case preempt
        case returnPath
        case done
    }

    /// Set once the start has been read.
    public private(set) var configuration: StreamConfiguration?
    /// The description at the stream's end, when it could be read ahead.
    public private(set) var description: StreamDescription?

    let source: LookaheadSource
    let input: InputBuffer
    let items: StreamReader
    var ram = RAMRecordReader()
    var preemptRAM = RAMRecordReader()
    var bitmaps = DirtyBitmapReader()
    var channels: MultifdDrain
    private let preempt: InputBuffer?
    private let returnPath: InputBuffer?
    private var state = State.start
    private var packageEnd: UInt64?
    private var hasLookedAhead = false
    /// Sections `cpu` so far.
    private var harts = 0
    /// Bytes of the blocks listed so far.
    private var memory: UInt64 = 0
    private var sawFlush = false
    private var syncsAtEnd = false
    /// Where the present event begins.
    private var start: UInt64 = 0

    public init(_ capture: StreamCapture) {
        source = LookaheadSource(capture.main)
        input = InputBuffer(source, capacity: Self.lookahead, offset: capture.offset)
        items = StreamReader(input)
        channels = MultifdDrain(capture.multifd)
        preempt = capture.preempt.map { InputBuffer($0) }
        returnPath = capture.returnPath.map { InputBuffer($0) }
    }

    /// Bytes of the target's pages.
    public var pageSize: Int { ram.format.pageSize }
    /// The RAM blocks listed so far; `ram` events give an index into it.
    public var blocks: [RAMBlockDescription] { ram.blocks }
    /// Bytes of the main channel that have been read.
    public var offset: UInt64 { input.offset }

    /// Reads the next event; nil when all channels have ended.
    public func next() throws(StreamError) -> StreamEvent? {
        do throws(StreamError) { return try nextEvent() } catch {
            throw error.at(nil, state == .returnPath ? .returnPath : items.phase)
        }
    }

    private func nextEvent() throws(StreamError) -> StreamEvent? {
        if let event = try channels.next(ram) { return event }
        start = input.offset
        switch state {
        case .start: return try begin()
        case .items: return try item()
        case .ram: return try record()
        case .dirtyBitmap:
            let chunk = try inSection { () throws(StreamError) in try bitmaps.next(input) }
            if chunk.isLast { state = .footer }
            return event(.dirtyBitmap(chunk))
        case .disk:
            let record = try inSection { () throws(StreamError) in try BlockDeviceRecord.decode(from: input) }
            if record == .end { state = .footer }
            return event(.disk(record))
        case .footer: return try footer()
        case .description:
            state = .trailing
            if let text = try items.description() { return event(.description(text)) }
            return try nextEvent()
        case .trailing:
            state = .preempt
            preemptRAM = ram.forOtherChannel()
            var isEmpty = true
            while try !input.fieldAtEnd("stream") {
                isEmpty = false
                do throws(ByteError) { try input.skip(UInt64(input.bufferedCount)) } catch {
                    throw StreamError(error, path: ["stream"])
                }
            }
            return isEmpty ? try nextEvent() : event(.trailing)
        case .preempt: return try preemptRecord()
        case .returnPath: return try reply()
        case .done: return nil
        }
    }

    private func event(_ content: StreamEvent.Content) -> StreamEvent {
        StreamEvent(content: content, channel: .main, offset: start, length: input.offset - start)
    }

    private func begin() throws(StreamError) -> StreamEvent {
        let found = try items.configuration()
        ram.format = try RAMFormat(found)
        channels.pageSize = ram.format.pageSize
        configuration = found
        state = .items
        return event(.configuration(found))
    }

    private func item() throws(StreamError) -> StreamEvent? {
        if let end = packageEnd, input.offset >= end {
            guard input.offset == end else {
                throw StreamError(
                    .value(
                        expected: "the package's last item to end at byte \(end)", found: "\(input.offset)"),
                    path: ["package"], offset: end)
            }
            packageEnd = nil
            return event(.packageEnd)
        }
        let item = try items.next()
        switch item {
        case .endOfStream:
            state = .description
            channels.startLast()
            return event(.end)
        case .command(let command):
            switch command {
            case .packaged(let length):
                guard packageEnd == nil else { throw items.notSupported("a package in a package") }
                packageEnd = input.offset + UInt64(length)
            case .postcopyAdvise(let sizes, _): ram.format.blockPageSizes = sizes
            default: break
            }
            return event(.command(command))
        case .section(let header):
            switch header.name {
            case RAMSection.name:
                guard header.version == RAMSection.version else {
                    throw StreamError(
                        .version(found: header.version, supported: RAMSection.version...RAMSection.version),
                        section: header.place, offset: items.itemOffset)
                }
                state = .ram
            case DirtyBitmapReader.sectionName where header.kind != .full: state = .dirtyBitmap
            case BlockDeviceRecord.sectionName where header.kind != .full: state = .disk
            case _ where header.kind == .full: state = .footer
            default: throw items.notSupported("a live section of this name")
            }
            let result = event(.section(header))
            if header.kind == .full { pending = header }
            return result
        }
    }

    /// A device whose header has been read and whose body is next.
    private var pending: SectionHeader?

    private func footer() throws(StreamError) -> StreamEvent? {
        if let header = pending {
            pending = nil
            let device = try inSection { () throws(StreamError) in try self.device(header) }
            return event(.device(device))
        }
        guard let header = items.section else { preconditionFailure("no section is open") }
        try items.endSection()
        state = .items
        if header.name == RAMSection.name, header.kind == .end { channels.startLast() }
        return event(.footer(header))
    }

    private func record() throws(StreamError) -> StreamEvent {
        guard let header = items.section else { preconditionFailure("no section is open") }
        let record = try inSection { () throws(StreamError) in
            try ram.next(input, isSetup: header.kind == .start)
        }
        switch record {
        case .block(let block, let index):
            memory &+= block.length
            guard memory <= Self.maximumMemory else {
                throw StreamError(
                    .value(
                        expected: "at most \(Self.maximumMemory) bytes of memory in all", found: "\(memory)"),
                    section: header.place, path: ["block list", "[\(index)]"], offset: start)
            }
        case .multifdFlush:
            sawFlush = true
            channels.startSync()
        case .end:
            // QEMU before 8.1 has no mark of its own: its setup ends without one, and each end is a mark.
            if header.kind == .start { syncsAtEnd = !sawFlush }
            if syncsAtEnd { channels.startSync() }
            state = .footer
        default: break
        }
        return event(.ram(record))
    }

    private func inSection<T>(_ body: () throws(StreamError) -> T) throws(StreamError) -> T {
        do throws(StreamError) { return try body() } catch { throw error.inside(items.section?.place) }
    }

    // MARK: Devices

    private func device(_ header: SectionHeader) throws(StreamError) -> DeviceSection {
        if !hasLookedAhead, packageEnd == nil {
            hasLookedAhead = true
            try lookAhead()
        }
        if header.name == "cpu" { harts += 1 }
        var section = DeviceSection(header: header, offset: input.offset, bytes: [], source: .description)
        let known = description?.devices.first { $0.name == header.name && $0.instance == header.instance }
        if let layout = known?.layout, layout.size <= Self.maximumDevice { section.layout = layout }
        let table = try readByTable(header, length: section.layout?.size)
        section.problem = table.problem?.inside(header.place).at(nil, .devices)
        let length: Int
        if let described = section.layout?.size {
            length = described
        } else if let read = table.length {
            section.source = .tables
            length = read
        } else if let guess = try lengthByFooter(header) {
            section.source = .footer
            length = guess
        } else {
            throw section.problem
                ?? StreamError(
                    .unknownSection, offset: items.itemOffset,
                    cause: "the stream has no description, and this device is not one that is known here",
                    remedy: "record the stream of a machine that writes its description")
        }
        if let read = table.length, read != length {
            section.problem = StreamError(
                .value(
                    expected: "\(read) bytes, as our table reads them", found: "\(length) in the description"),
                section: header.place, offset: section.offset,
                cause: "the device is of a release or has a property that is not known here"
            ).at(nil, .devices)
        } else {
            section.trace = table.trace
        }
        section.bytes = try input.field("body", length)
        return section
    }

    /// Reads the body that comes next by our table for it, without taking it.
    private func readByTable(
        _ header: SectionHeader, length: Int?
    ) throws(StreamError) -> (length: Int?, trace: VMStateTrace.Node?, problem: StreamError?) {
        guard configuration?.machine == "virt" else { return (nil, nil, nil) }
        // A look-ahead for subsections goes beyond the body.
        let room = min(Self.lookahead, length.map { $0 + 512 } ?? 256 << 10)
        let ahead: [UInt8]
        do throws(ByteError) { ahead = try input.peek(room) } catch {
            throw StreamError(error, path: ["body"])
        }
        let body = InputBuffer(bytes: ahead, offset: input.offset)
        let trace = VMStateTrace()
        do throws(VMStateError) {
            let reader = VMStateReader(body, version: header.version, trace: trace)
            guard try VirtSections.read(name: header.name, harts: harts, from: reader) else {
                return (nil, nil, nil)
            }
            return (Int(body.offset - input.offset), trace.root, nil)
        } catch {
            return (nil, nil, StreamError(error))
        }
    }

    /// Reads ahead to the end of the stream and looks for the description there.
    private func lookAhead() throws(StreamError) {
        let rest: [UInt8]?
        do throws(ByteSourceError) { rest = try source.rest(limit: Self.restLimit) } catch {
            throw StreamError(ByteError.source(offset: input.offset, error), path: ["stream"])
        }
        guard let rest else { return }
        let buffered: [UInt8]
        do throws(ByteError) { buffered = try input.peek(input.bufferedCount) } catch {
            throw StreamError(error, path: ["stream"])
        }
        description = Self.description(in: buffered + rest)
    }

    /// The last description in these bytes. Its text holds no byte below 0x20 but white space, so that its head cannot be
    /// in it, and what looks like one and is none is read no further than to the next.
    static func description(in bytes: [UInt8]) -> StreamDescription? {
        var index = bytes.count - 7
        while index >= 0 {
            defer { index -= 1 }
            guard bytes[index] == 0, bytes[index + 1] == ItemType.description.rawValue,
                bytes[index + 6] == UInt8(ascii: "{")
            else { continue }
            let length = bytes[index + 2..<index + 6].reduce(0) { $0 << 8 | Int($1) }
            guard index + 6 + length <= bytes.count else { continue }
            if let found = try? DescriptionReader.read(bytes[index + 6..<index + 6 + length]) {
                return found
            }
        }
        return nil
    }

    /// Guesses how long a body is by the first footer with its number that something sensible follows.
    private func lengthByFooter(_ header: SectionHeader) throws(StreamError) -> Int? {
        var writer = ByteWriter()
        header.encodeFooter(to: &writer)
        let footer = writer.bytes
        let ahead: [UInt8]
        do throws(ByteError) { ahead = try input.peek(Self.lookahead) } catch {
            throw StreamError(error, path: ["body"])
        }
        var index = 0
        while index + footer.count <= ahead.count {
            defer { index += 1 }
            guard ahead[index] == footer[0], ahead[index..<index + footer.count].elementsEqual(footer) else {
                continue
            }
            let next = index + footer.count
            if next == ahead.count || [0, 1, 2, 3, 4, 8].contains(ahead[next]) { return index }
        }
        return nil
    }

    // MARK: The other channels

    private func preemptRecord() throws(StreamError) -> StreamEvent? {
        guard let preempt, try !preempt.fieldAtEnd("preempt channel") else {
            state = .returnPath
            return try nextEvent()
        }
        let start = preempt.offset
        let record: RAMRecord
        do throws(StreamError) {
            record = try preemptRAM.next(preempt, isSetup: false)
        } catch {
            throw error.on("preempt channel").at(nil, .memory)
        }
        return StreamEvent(
            content: .ram(record), channel: .preempt, offset: start, length: preempt.offset - start)
    }

    private func reply() throws(StreamError) -> StreamEvent? {
        guard let returnPath else {
            state = .done
            return nil
        }
        let start = returnPath.offset
        guard let message = try ReturnPathMessage.decode(from: returnPath) else {
            state = .done
            return nil
        }
        if case .receivedBitmap(let name) = message, let index = ram.index(of: name) {
            let pages = Int(clamping: ram.blocks[index].length / UInt64(ram.format.pageSize))
            _ = try ReceivedBitmap.decode(pages: pages, from: returnPath)
        }
        return StreamEvent(
            content: .reply(message), channel: .returnPath, offset: start, length: returnPath.offset - start)
    }
}

extension InputBuffer {
    /// True at the end of the channel, which is called `name` in errors.
    func fieldAtEnd(_ name: String) throws(StreamError) -> Bool {
        do throws(ByteError) { return try isAtEnd() } catch { throw StreamError(error, path: [name]) }
    }

    /// So many bytes, called `name` in errors.
    func field(_ name: String, _ count: Int) throws(StreamError) -> [UInt8] {
        do throws(ByteError) { return try bytes(count) } catch { throw StreamError(error, path: [name]) }
    }
}
