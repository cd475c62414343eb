public import Bytes
import Glibc
public import MigrationStream
import VMState

/// Writes a stream anew: the same guest in another layout.
///
/// The copy is a precopy stream that a destination can load from a file: pages once, in the order of the block list,
/// all in the first round; commands that need an answer left out; of postcopy, what makes it one. Layouts and bytes of
/// devices are kept. A copy of a copy in the first layout equals the first copy byte for byte, and so does a copy of a
/// stream that has this order already: QEMU's of a paused guest, sequential or mapped-ram.
public final class StreamConverter {
    public enum Layout: Equatable, Sendable {
        /// Records one after another; pages packed with zlib at a level, for QEMU before 9.1.
        case sequential(compressLevel: Int32?)
        /// Pages in their places in the file (QEMU 9.0 and later).
        case mappedRAM
    }

    /// Why a stream could not be converted.
    public enum Failure: Error, CustomStringConvertible {
        case stream(StreamError)
        case file(ByteSourceError)

        public var description: String {
            switch self {
            case .stream(let error): "\(error)"
            case .file(let error): "\(error)"
            }
        }
    }

    private let layout: Layout
    private let file: OutputFile
    private var image: RAMImage?
    /// What follows the setup of RAM, without pages; where the pages go in it, and where the devices.
    private var rounds = ByteWriter()
    private var pagesAt: Int?
    private var devices = ByteWriter()
    private var section = ByteWriter()
    private var configuration = StreamConfiguration(machine: "")
    private var sourceConfiguration = StreamConfiguration(machine: "")
    private var blocks: [RAMBlockDescription] = []
    private var ram: SectionHeader?
    /// Where the block list begins in the file.
    private var listAt: UInt64 = 0

    /// Reads `reader` to its end and writes the copy to `file`.
    ///
    /// - Parameter progress: called for each event.
    public static func convert(
        _ reader: StreamEventReader, to layout: Layout, _ file: OutputFile,
        progress: (StreamEvent) -> Void = { _ in }
    ) throws(Failure) {
        let converter = StreamConverter(layout, file)
        do {
            while let event = try reader.next() {
                try converter.take(event, reader)
                progress(event)
            }
            try file.truncate()
        } catch let error as StreamError {
            throw .stream(error)
        } catch let error as ByteSourceError {
            throw .file(error)
        } catch {
            preconditionFailure("no other errors")
        }
    }

    private init(_ layout: Layout, _ file: OutputFile) {
        self.layout = layout
        self.file = file
    }

    private func take(_ event: StreamEvent, _ reader: StreamEventReader) throws {
        switch event.content {
        case .configuration(let found): try begin(found, pageSize: reader.pageSize)
        case .command(.switchoverStart): StreamCommand.switchoverStart.encode(to: &rounds)
        case .command(.postcopyAdviseBitmaps): try keep(.postcopyAdviseBitmaps)
        case .command(.enableCOLO):
            throw StreamError(.notSupported("converting COLO"), offset: event.offset)
        case .section(let header):
            section.removeAll()
            if header.name == RAMSection.name {
                ram = ram ?? header
                if header.kind == .start { header.encode(to: &section) }
            } else {
                header.encode(to: &section)
            }
        case .ram(let record): try take(record)
        case .device(let device): section.append(device.bytes)
        case .dirtyBitmap(let chunk): chunk.encode(to: &section)
        case .disk: throw StreamError(.notSupported("converting the section 'block'"), offset: event.offset)
        case .footer(let header): try end(header, event)
        case .end: try finishItems()
        case .description(let text): try describe(text)
        case .command, .packageEnd, .trailing, .handshake, .packet, .deviceState, .reply: break
        }
    }

    /// A command that belongs before the setup of RAM, or to the rounds after it.
    private func keep(_ command: StreamCommand) throws(ByteSourceError) {
        guard ram == nil else { return command.encode(to: &rounds) }
        var writer = ByteWriter()
        command.encode(to: &writer)
        try file.append(writer.bytes)
    }

    private func begin(_ found: StreamConfiguration, pageSize: Int) throws {
        guard pageSize == RAMSection.pageSize else {
            throw StreamError(.notSupported("converting pages of \(pageSize) bytes"), offset: 0)
        }
        sourceConfiguration = found
        configuration = found
        var capabilities = (found.capabilities ?? []).filter { $0 != "mapped-ram" }
        if layout == .mappedRAM { capabilities.append("mapped-ram") }
        configuration.capabilities = capabilities.isEmpty ? nil : capabilities
        var writer = ByteWriter()
        configuration.encode(to: &writer)
        try file.append(writer.bytes)
        image = RAMImage(pageSize: pageSize) { [file, layout] (block) throws(ByteSourceError) in
            guard layout == .mappedRAM, let header = block.mapped else {
                return .init(descriptor: try RAMImage.temporaryFile())
            }
            return .init(descriptor: try file.duplicate(), offset: header.pagesOffset)
        }
    }

    // MARK: RAM

    private func take(_ record: RAMRecord) throws {
        guard case .block(var block, let index) = record else { return try apply(record) }
        if index == 0 {
            // The total is known when the list ends: its place is kept.
            listAt = file.position + UInt64(section.count)
            section.uint64(0)
            try file.append(section.bytes)
            section.removeAll()
        }
        var writer = ByteWriter()
        writer.string8(block.name)
        writer.uint64(block.length)
        if let address = block.address { writer.uint64(address) }
        // The copy does not say that postcopy could follow.
        block.pageSize = nil
        block.mapped = nil
        if layout == .mappedRAM, let pageSize = image.map({ UInt64($0.pageSize) }) {
            let header = MappedRAMHeader(
                at: file.position + UInt64(writer.count), length: block.length, pageSize: pageSize)
            header.encode(to: &writer)
            block.mapped = header
        }
        try file.append(writer.bytes)
        blocks.append(block)
        try apply(.block(block, index: index))
        if let header = block.mapped { file.position = header.pagesOffset + block.length }
    }

    private func apply(_ record: RAMRecord) throws(ByteSourceError) { try image?.apply(record) }

    private func end(_ header: SectionHeader, _ event: StreamEvent) throws(ByteSourceError) {
        guard header.name == RAMSection.name else {
            header.encodeFooter(to: &section)
            if header.kind == .full { devices.append(section.bytes) } else { rounds.append(section.bytes) }
            return
        }
        switch header.kind {
        case .start:
            var writer = ByteWriter()
            writer.uint64(RAMSection.eos)
            header.encodeFooter(to: &writer)
            try file.append(writer.bytes)
            let end = file.position
            file.position = listAt
            var total = ByteWriter()
            total.uint64(RAMSection.listHead(total: blocks.reduce(0) { $0 &+ $1.length }))
            try file.append(total.bytes)
            file.position = end
        case .part, .end, .full:
            if pagesAt == nil, header.kind == .end { addRound(header) }
            header.encode(to: &rounds)
            if pagesAt == nil { pagesAt = rounds.count }
            rounds.uint64(RAMSection.eos)
            header.encodeFooter(to: &rounds)
        }
    }

    /// A round for the pages, when the stream has none.
    private func addRound(_ header: SectionHeader) {
        var part = header
        part.kind = .part
        part.encode(to: &rounds)
        pagesAt = rounds.count
        rounds.uint64(RAMSection.eos)
        part.encodeFooter(to: &rounds)
    }

    // MARK: The end

    private func finishItems() throws(ByteSourceError) {
        let bytes = rounds.bytes
        let split = pagesAt ?? 0
        try file.append(Array(bytes[..<split]))
        switch layout {
        case .sequential(let level): try writePages(level)
        case .mappedRAM: try writeBitmaps()
        }
        try file.append(Array(bytes[split...]))
        try file.append(devices.bytes)
        try file.append([ItemType.endOfStream.rawValue])
    }

    private func writeBitmaps() throws(ByteSourceError) {
        guard let image else { return }
        let end = file.position
        for (index, block) in blocks.enumerated() {
            guard let header = block.mapped else { continue }
            var writer = ByteWriter()
            for word in image.writtenPages(block: index).words { writer.uint64(word.byteSwapped) }
            file.position = header.bitmapOffset
            try file.append(writer.bytes)
        }
        file.position = end
    }

    private func writePages(_ level: Int32?) throws(ByteSourceError) {
        guard let image else { return }
        var writer = PageRecordWriter(blocks: blocks.map(\.name), pageSize: image.pageSize, level: level)
        for index in blocks.indices {
            for page in 0..<Int(blocks[index].length / UInt64(image.pageSize))
            where image.isSent(block: index, page: page) {
                try writer.append(image, block: index, page: page, to: file)
            }
        }
        try writer.flush(to: file)
    }

    /// The description with the configuration that the copy has.
    private func describe(_ text: [UInt8]) throws(ByteSourceError) {
        let old = "{\"configuration\": {\(sourceConfiguration.layout.jsonMembers)}, "
        var text = text
        if text.starts(with: old.utf8) {
            let new = "{\"configuration\": {\(configuration.layout.jsonMembers)}, "
            text.replaceSubrange(..<old.utf8.count, with: new.utf8)
        }
        var writer = ByteWriter()
        writer.uint8(ItemType.description.rawValue)
        writer.uint32(UInt32(text.count))
        writer.append(text)
        try file.append(writer.bytes)
    }
}
