public import Bytes

/// Takes a stream apart item by item: header, sections with their ids, footers, commands, the end and the
/// description after it. The bodies are read by others (``RAMDecoder``, ``DeviceLoader``) from ``input``.
///
/// ```swift
/// let reader = StreamReader(input)
/// let configuration = try reader.configuration()
/// loop: while true {
///     switch try reader.next() {
///     case .section(let header):
///         try header.name == "ram" ? ram.load(reader, into: sink) : devices.load(reader)
///         try reader.endSection()
///     case .command(let command): …
///     case .endOfStream: break loop
///     }
/// }
/// ```
public final class StreamReader {
    /// Sections that one stream may announce.
    public static let maximumSections = 65536
    /// Longest description that is accepted, in bytes. QEMU's own have 10 to 100 KiB.
    public static let maximumDescriptionLength: UInt32 = 64 << 20

    /// The bytes.
    public let input: InputBuffer
    /// Where the present item begins, in bytes from the start of the stream.
    public private(set) var itemOffset: UInt64 = 0
    /// How far the stream is; for errors.
    public private(set) var phase = StreamError.Phase.start
    /// The section whose body is being read.
    public private(set) var section: SectionHeader?
    private var announced: [UInt32: SectionHeader] = [:]

    public init(_ input: InputBuffer) { self.input = input }

    /// Reads the start of the stream. Waits for the byte after the configuration.
    public func configuration() throws(StreamError) -> StreamConfiguration {
        let configuration = try StreamConfiguration.decode(from: input)
        phase = .setup
        return configuration
    }

    /// Reads up to the next section's body, a whole command, or the end.
    public func next() throws(StreamError) -> StreamItem {
        precondition(section == nil, "endSection() comes before the next item")
        itemOffset = input.offset
        let byte = try input.field("item") { (i) throws(ByteError) in try i.uint8() }
        switch ItemType(rawValue: byte) {
        case .endOfStream:
            phase = .end
            return .endOfStream
        case .command: return .command(try StreamCommand.decode(from: input))
        case .sectionStart: return .section(try announce(.start))
        case .sectionFull: return .section(try announce(.full))
        case .sectionPart: return .section(try resume(.part))
        case .sectionEnd: return .section(try resume(.end))
        case .subsection, .description, .configuration, .footer, nil:
            throw StreamError(
                .value(
                    expected: "a section, a command or the end", found: "item type \(hex(byte, digits: 2))"),
                path: ["item"], offset: itemOffset)
        }
    }

    private func announce(_ kind: SectionHeader.Kind) throws(StreamError) -> SectionHeader {
        let header = try input.field("section header") { (i) throws(ByteError) in
            SectionHeader(
                kind: kind, id: try i.uint32(), name: try i.string8(), instance: try i.uint32(),
                version: try i.uint32())
        }
        guard !header.name.isEmpty else {
            throw StreamError(
                .value(expected: "a section name", found: "an empty one"), path: ["section header", "idstr"],
                offset: itemOffset)
        }
        if let earlier = announced[header.id], earlier.place != header.place {
            throw StreamError(
                .value(
                    expected: "a new section id",
                    found: "\(header.id), which is already \(quoted(earlier.name)) \(earlier.instance)"),
                section: header.place, path: ["section header", "id"], offset: itemOffset)
        }
        guard announced.count < Self.maximumSections else {
            throw StreamError(
                .value(expected: "at most \(Self.maximumSections) sections", found: "one more"),
                section: header.place, path: ["section header"], offset: itemOffset)
        }
        if kind == .full { phase = .devices }
        announced[header.id] = header
        section = header
        return header
    }

    private func resume(_ kind: SectionHeader.Kind) throws(StreamError) -> SectionHeader {
        let id = try input.field("section header") { (i) throws(ByteError) in try i.uint32() }
        guard var header = announced[id] else {
            throw StreamError(
                .value(expected: "the id of a section that has started", found: "\(id)"),
                path: ["section header", "id"], offset: itemOffset)
        }
        guard header.kind == .start else {
            throw StreamError(
                .value(expected: "the id of a live section", found: "\(id), which came as a whole"),
                section: header.place, path: ["section header", "id"], offset: itemOffset)
        }
        header.kind = kind
        phase = .memory
        section = header
        return header
    }

    /// Reads and checks the footer of the section whose body has been read.
    public func endSection() throws(StreamError) {
        guard let header = section else { preconditionFailure("no section is open") }
        let at = input.offset
        do throws(StreamError) {
            let mark = try input.field("footer") { (i) throws(ByteError) in try i.uint8() }
            guard mark == ItemType.footer.rawValue else {
                throw StreamError(
                    .value(expected: "0x7e (footer)", found: hex(mark, digits: 2)), path: ["footer"],
                    offset: at, cause: "the section's layout at the source is another than here",
                    remedy: "compare versions and devices: \(StreamError.sameMachine)")
            }
            let id = try input.field("footer") { (i) throws(ByteError) in try i.uint32() }
            guard id == header.id else {
                throw StreamError(
                    .value(expected: "section id \(header.id)", found: "\(id)"), path: ["footer", "id"],
                    offset: at &+ 1)
            }
        } catch {
            throw error.inside(header.place)
        }
        section = nil
    }

    /// The JSON after the end, nil when the stream ends without. Waits for a byte or for the end of the
    /// channel: over a return path, say SHUT first.
    public func description() throws(StreamError) -> [UInt8]? {
        guard let length = try descriptionLength() else { return nil }
        return try input.field("description") { (i) throws(ByteError) in try i.bytes(Int(length)) }
    }

    /// Reads the description and forgets it, so that the source can finish writing.
    ///
    /// - Returns: its length in bytes, nil when the stream ends without or goes on with something else.
    @discardableResult
    public func skipDescription() throws(StreamError) -> UInt32? {
        guard let length = try descriptionLength() else { return nil }
        try input.field("description") { (i) throws(ByteError) in try i.skip(UInt64(length)) }
        return length
    }

    private func descriptionLength() throws(StreamError) -> UInt32? {
        itemOffset = input.offset
        let byte = try input.field("description") { (i) throws(ByteError) in try i.peek() }
        guard byte == ItemType.description.rawValue else { return nil }
        let length = try input.field("description") { (i) throws(ByteError) in
            _ = try i.uint8()
            return try i.uint32()
        }
        guard length <= Self.maximumDescriptionLength else {
            throw StreamError(
                .value(expected: "at most \(Self.maximumDescriptionLength) bytes", found: "\(length)"),
                path: ["description", "length"], offset: itemOffset &+ 1)
        }
        return length
    }

    /// An error about the item that was read last: it cannot stand there.
    public func refusal(expected: String, found: String) -> StreamError {
        StreamError(
            .value(expected: expected, found: found), section: section?.place, path: ["item"],
            offset: itemOffset)
    }

    /// An error about the item that was read last: the stream is right, but this program cannot follow it.
    public func notSupported(_ what: String, remedy: String = "") -> StreamError {
        StreamError(.notSupported(what), section: section?.place, offset: itemOffset, remedy: remedy)
    }
}
