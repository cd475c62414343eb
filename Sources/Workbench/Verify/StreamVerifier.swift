public import MigrationStream
import VMState

/// Checks that a stream is whole: that each byte belongs to something, that what is said twice agrees, and that a
/// destination would have everything it needs.
public struct StreamVerifier {
    /// What was found.
    public struct Outcome: Sendable {
        /// What is wrong, in the order of the stream. The first may have ended the reading.
        public var problems: [StreamError] = []
        /// Problems beyond ``maximumProblems``.
        public var problemsLeftOut = 0
        /// Bytes of the channels, and those of them that belong to something.
        public var bytes: UInt64 = 0
        public var accountedBytes: UInt64 = 0
        /// Pages in all their copies.
        public var pages: UInt64 = 0
        public var devices = 0

        /// Nothing is wrong.
        public var isGood: Bool { problems.isEmpty }
    }

    /// Problems that are kept.
    public static let maximumProblems = 100

    public private(set) var outcome = Outcome()
    private var tallies: [PageTally] = []
    private var blocks: [RAMBlockDescription] = []
    private var pageSize = UInt64(RAMSection.pageSize)
    private var devices: [(header: SectionHeader, length: Int)] = []
    private var kinds: [String: SectionHeader.Kind] = [:]
    private var hasIgnoredBlocks = false
    private var hasEnded = false
    private var hasMultifd = false
    private var sawMark = false
    private var lastOffset: UInt64 = 0
    private var phase = StreamError.Phase.start

    public init() {}

    /// Checks a whole stream.
    ///
    /// - Parameter progress: called for each event.
    public static func verify(
        _ reader: StreamEventReader, progress: (StreamEvent) -> Void = { _ in }
    ) -> Outcome {
        var verifier = StreamVerifier()
        do throws(StreamError) {
            while let event = try reader.next() {
                verifier.take(event)
                progress(event)
            }
            verifier.finish()
        } catch {
            verifier.outcome.bytes &+= reader.offset &- verifier.lastOffset
            verifier.report(error)
        }
        return verifier.outcome
    }

    /// Takes the next event in.
    public mutating func take(_ event: StreamEvent) {
        outcome.bytes &+= event.length
        outcome.accountedBytes &+= event.length
        if event.channel == .main { lastOffset = event.offset &+ event.length }
        switch event.content {
        case .configuration(let configuration):
            phase = .setup
            pageSize = UInt64((try? RAMFormat(configuration).pageSize) ?? RAMSection.pageSize)
            hasIgnoredBlocks = configuration.capabilities?.contains("x-ignore-shared") ?? false
        case .section(let header):
            phase = header.kind == .full ? .devices : header.kind == .start ? .setup : .memory
            section(header, event.offset)
        case .ram(let record): take(record, event)
        case .device(let device):
            outcome.devices += 1
            devices.append((device.header, device.bytes.count))
            if let problem = device.problem { report(problem) }
        case .end:
            phase = .end
            hasEnded = true
        case .description(let text): description(text, event.offset)
        case .trailing:
            outcome.accountedBytes &-= event.length
            report(
                .init(
                    .value(expected: "the end of the file", found: "\(event.length) bytes more"),
                    path: ["stream"], offset: event.offset, cause: "the file holds more than a stream",
                    remedy: "cut the file there, unless they are something else's"))
        case .handshake: hasMultifd = true
        case .command, .dirtyBitmap, .disk, .footer, .packageEnd, .packet, .deviceState, .reply: break
        }
    }

    /// Checks what only the end shows.
    public mutating func finish() {
        guard hasEnded else { return }
        if kinds["\(RAMSection.name)/0"] == nil {
            report(
                .init(
                    .value(expected: "a section 'ram'", found: "none"), path: ["stream"], offset: lastOffset))
        }
        guard !sawMark || hasMultifd else {
            // Without its channels nearly all pages are missing: one word for them.
            report(
                .init(
                    .value(
                        expected: "multifd channels, which a mark on the main channel waits for",
                        found: "none"),
                    section: .init(name: RAMSection.name, instance: 0), path: ["record"], offset: lastOffset,
                    cause: "the recording's other channels are not given",
                    remedy: "name all files of the capture"))
            return
        }
        guard !hasIgnoredBlocks else { return }
        for (block, tally) in zip(blocks, tallies) {
            guard let page = tally.firstMissing else { continue }
            report(
                .init(
                    .value(
                        expected: "each page of block \(quoted(block.name)) at least once",
                        found: "none of the page at 0x\(String(UInt64(page) * pageSize, radix: 16))"),
                    section: .init(name: RAMSection.name, instance: 0), path: ["record"], offset: lastOffset,
                    cause: "the stream is cut, or a channel of it is missing",
                    remedy: "name all files of the capture")
            )
        }
    }

    private mutating func report(_ problem: StreamError) {
        if outcome.problems.count < Self.maximumProblems {
            outcome.problems.append(problem.at(nil, phase))
        } else {
            outcome.problemsLeftOut += 1
        }
    }

    /// Sections come in an order: START, PART…, END; FULL once.
    private mutating func section(_ header: SectionHeader, _ offset: UInt64) {
        let key = "\(header.name)/\(header.instance)"
        let last = kinds[key]
        kinds[key] = header.kind
        let problem: (String, String)? =
            switch (last, header.kind) {
            case (.end, .part), (.end, .end): ("nothing more of a section that has ended", header.kind.name)
            case (.start, .start), (.part, .start), (.end, .start): ("one start of a section", "a second")
            case (.full, .full): ("each device once", "a second section for it")
            default: nil
            }
        guard let problem else { return }
        report(
            .init(
                .value(expected: problem.0, found: problem.1), section: header.place,
                path: ["section header"], offset: offset,
                cause: StreamError.repeated))
    }

    private mutating func take(_ record: RAMRecord, _ event: StreamEvent) {
        switch record {
        case .block(let block, _):
            blocks.append(block)
            tallies.append(PageTally(pages: block.length / pageSize))
        case .page(let block, let offset, _), .unpacked(let block, let offset, _, _):
            outcome.pages &+= 1
            _ = tallies[block].add(offset / pageSize)
        case .zero(let block, let offset):
            outcome.pages &+= 1
            _ = tallies[block].add(offset / pageSize)
        case .delta(let block, let offset, _):
            outcome.pages &+= 1
            guard tallies[block].add(offset / pageSize) == 0 else { return }
            report(
                .init(
                    .value(
                        expected: "a whole page before the first difference to it",
                        found: "a difference to the page at 0x\(String(offset, radix: 16)) of "
                            + quoted(blocks[block].name)),
                    section: .init(name: RAMSection.name, instance: 0), path: ["record"],
                    offset: event.offset))
        case .multifdFlush: sawMark = true
        case .hook, .end: break
        }
    }

    /// The description has to describe what was there.
    private mutating func description(_ text: [UInt8], _ offset: UInt64) {
        let found: StreamDescription
        do throws(DescriptionReader.Problem) {
            found = try DescriptionReader.read(text)
        } catch {
            // The item's type and length come before the text.
            report(
                .init(
                    .value(expected: error.expected, found: "something else"), path: ["description"],
                    offset: offset &+ 5 &+ UInt64(error.offset)))
            return
        }
        var problems: [(String, String)] = []
        if UInt64(found.pageSize) != pageSize {
            problems.append(("page_size \(pageSize)", "\(found.pageSize)"))
        }
        for (index, device) in found.devices.enumerated() {
            guard index < devices.count else {
                problems.append(("\(devices.count) devices", "\(found.devices.count)"))
                break
            }
            let (header, length) = devices[index]
            if device.name != header.name || device.instance != header.instance {
                problems.append(
                    (
                        "section \(quoted(header.name)) \(header.instance)",
                        "\(quoted(device.name)) \(device.instance)"
                    ))
                break
            }
            if device.layout.size != length {
                problems.append(("\(length) bytes of \(quoted(header.name))", "\(device.layout.size)"))
            }
        }
        if found.devices.count < devices.count {
            problems.append(("\(devices.count) devices", "\(found.devices.count)"))
        }
        for (expected, found) in problems {
            report(
                .init(
                    .value(expected: expected, found: found), path: ["description"], offset: offset,
                    cause: "the description is of another stream, or one of them is damaged"))
        }
    }
}
