import Bytes

/// Reads the bodies of the `ram` section. One decoder for one channel: the remembered block is per channel and
/// lives on from one body to the next.
public struct RAMDecoder {
    /// What the receiver has; nil: it takes what the stream lists.
    private let local: [RAMBlockDescription]?
    /// Length in bytes by block index; 0 until the stream has listed the block.
    private var lengths: [UInt64] = []
    private var indexes: [String: Int] = [:]
    private(set) var isListed = false
    private var isEnded = false
    private var unpacker: PageUnpacker?
    /// The first body had a MULTIFD_FLUSH: the ends of bodies are no marks for the multifd channels.
    private var hasFlushes = false
    private let format: RAMFormat
    /// Blocks that a page record has named.
    private var named: Set<Int> = []
    /// Index of the block of the last page record, −1 before the first.
    private var current = -1

    /// - Parameters:
    ///   - blocks: the receiver's blocks; the index in here is what the sink is given. nil takes any list (for tools
    ///     that only look).
    ///   - hasAddresses: the list says where each block is: capability `x-ignore-shared`.
    public init(blocks: [RAMBlockDescription]?, hasAddresses: Bool = false) {
        local = blocks
        var format = RAMFormat()
        format.hasAddresses = hasAddresses
        self.format = format
    }

    /// Names of the receiver's blocks that the stream did not list; they keep what they hold.
    public var unlisted: [String] {
        guard isListed, let local else { return [] }
        return zip(local, lengths).filter { $1 == 0 }.map(\.0.name)
    }

    /// At the end of the stream: every block must have been listed, and the last of the live bodies must have come.
    ///
    /// A source that keeps a block in a file which it takes for the receiver's, too, lists it and sends no page of it.
    ///
    /// - Parameters:
    ///   - optional: names of blocks that not every source has.
    ///   - bringsAllPages: no page comes on another channel.
    public func requireAll(
        _ reader: StreamReader, but optional: Set<String> = [], bringsAllPages: Bool = true
    ) throws(StreamError) {
        guard isEnded else {
            throw StreamError(
                .value(expected: "the last part of the memory", found: "the end of the stream"),
                section: .init(name: RAMSection.name, instance: 0), offset: reader.itemOffset,
                cause: "the source ended the stream before the memory was whole")
        }
        if let name = unlisted.first(where: { !optional.contains($0) }) {
            throw StreamError(
                .value(
                    expected: "all blocks that the machine here has", found: "a list without \(quoted(name))"),
                section: .init(name: RAMSection.name, instance: 0), path: ["block list"],
                offset: reader.itemOffset)
        }
        guard format.hasAddresses, bringsAllPages, let local else { return }
        for (index, block) in local.enumerated()
        where lengths[index] > 0 && !block.isKept && !named.contains(index) {
            throw StreamError(
                .value(expected: "pages of block \(quoted(block.name))", found: "none"),
                section: .init(name: RAMSection.name, instance: 0), offset: reader.itemOffset,
                cause: "the source has it in a shared file, and it is none here",
                remedy: "give the destination the same memory-backend-file with share=on")
        }
    }

    /// Reads the body of the section that `reader` has just announced, up to and with its EOS.
    @discardableResult
    public mutating func load(
        _ reader: StreamReader, into sink: some RAMSink
    ) throws(StreamError) -> RAMCounts {
        guard let section = reader.section else { preconditionFailure("no section is open") }
        do throws(StreamError) {
            guard section.version == RAMSection.version, section.instance == 0 else {
                throw StreamError(
                    section.instance == 0
                        ? .version(found: section.version, supported: RAMSection.version...RAMSection.version)
                        : .unknownSection, offset: reader.itemOffset)
            }
            let counts = try records(reader.input, isSetup: section.kind == .start, into: sink)
            if section.kind == .end { isEnded = true }
            return counts
        } catch {
            throw error.inside(section.place)
        }
    }

    private mutating func records(
        _ input: InputBuffer, isSetup: Bool, into sink: some RAMSink
    ) throws(StreamError) -> RAMCounts {
        var counts = RAMCounts()
        while true {
            let header = try input.field("record") { (i) throws(ByteError) in try i.uint64() }
            let offset = header & ~RAMFlags.mask
            // Plain numbers: this runs for every page.
            let isContinued = header & RAMFlags.continue.rawValue != 0
            switch header & RAMFlags.mask & ~RAMFlags.continue.rawValue {
            case RAMFlags.page.rawValue:
                let block = try locate(header, offset, input)
                let page = unsafe sink.page(block: block, offset: offset)
                do throws(ByteError) {
                    unsafe try input.read(exactly: page)
                } catch {
                    throw StreamError(error, path: ["page"])
                }
                counts.normal &+= 1
            case RAMFlags.zero.rawValue:
                let block = try locate(header, offset, input)
                let fill = try input.field("page") { (i) throws(ByteError) in try i.uint8() }
                guard fill == 0 else {
                    throw StreamError(
                        .value(expected: "fill byte 0", found: hex(fill, digits: 2)), path: ["page"],
                        offset: input.offset &- 1)
                }
                sink.zero(block: block, offset: offset)
                counts.zero &+= 1
            case RAMFlags.xbzrle.rawValue:
                let block = try locate(header, offset, input)
                let page = unsafe sink.page(block: block, offset: offset)
                unsafe try input.delta(pageSize: RAMSection.pageSize) { (delta) throws(XBZRLE.Problem) in
                    unsafe try XBZRLE.apply(delta, to: page)
                }
                counts.normal &+= 1
            case RAMFlags.compressPage.rawValue:
                let block = try locate(header, offset, input)
                let packed = unsafe try input.packedPage(pageSize: RAMSection.pageSize)
                let at = input.offset &- UInt64(packed.count)
                if unsafe !sink.packed(packed, at: at, block: block, offset: offset) {
                    let contents = unsafe try unpack(packed, at: at)
                    unsafe sink.page(block: block, offset: offset).copyMemory(from: contents)
                }
                counts.normal &+= 1
            case RAMFlags.eos.rawValue where offset == 0 && !isContinued:
                guard isListed else {
                    throw StreamError(
                        .value(expected: "the block list", found: "the end of the records"), path: ["record"],
                        offset: input.offset &- 8)
                }
                try sink.finishBody()
                if !hasFlushes { try sink.synchronize(at: .endOfBody) }
                return counts
            case RAMFlags.memSize.rawValue where isSetup && !isListed && !isContinued:
                try takeList(total: offset, input, sink)
            case RAMFlags.multifdFlush.rawValue where offset == 0 && !isContinued:
                counts.flushes &+= 1
                if isSetup { hasFlushes = true }
                try sink.synchronize(at: .flush)
            default:
                throw refused(header, at: input.offset &- 8)
            }
        }
    }

    private mutating func unpack(
        _ packed: UnsafeRawBufferPointer, at offset: UInt64
    ) throws(StreamError) -> UnsafeRawBufferPointer {
        if unpacker == nil { unpacker = PageUnpacker(pageSize: RAMSection.pageSize) }
        guard let unpacker else {
            throw StreamError(.notSupported("unpacking without memory"), path: ["page"], offset: offset)
        }
        return unsafe try unpacker.unpack(packed, at: offset)
    }

    /// Which block a page record is in; its offset is checked.
    @inline(__always)
    mutating func locate(
        _ header: UInt64, _ offset: UInt64, _ input: InputBuffer
    ) throws(StreamError) -> Int {
        if header & RAMFlags.continue.rawValue == 0 { try name(input) }
        guard current >= 0 else {
            throw StreamError(
                .value(
                    expected: "a page record that names its block", found: "one that goes on with the last"),
                path: ["record"], offset: input.offset &- 8)
        }
        guard offset < lengths[current] else { throw beyond(offset, input.offset) }
        return current
    }

    private mutating func name(_ input: InputBuffer) throws(StreamError) {
        let at = input.offset
        let name = try input.field("record") { (i) throws(ByteError) in try i.string8() }
        guard let index = indexes[name] else {
            throw StreamError(
                .value(
                    expected: isListed ? "a block of the block list" : "the block list before any page",
                    found: quoted(name)), path: ["record", "block"], offset: at)
        }
        if let local, local[index].isKept {
            throw StreamError(
                .value(expected: "no page of \(quoted(name)), which is in a shared file", found: "a page"),
                path: ["record", "block"], offset: at, cause: "at the source the block is in no shared file",
                remedy: "give the source the same memory-backend-file with share=on")
        }
        named.insert(index)
        current = index
    }

    private func beyond(_ offset: UInt64, _ at: UInt64) -> StreamError {
        let name = indexes.first { $0.value == current }?.key ?? ""
        return StreamError(
            .value(
                expected: "an offset below \(hex(lengths[current])) in block \(quoted(name))",
                found: hex(offset)), path: ["record", "offset"], offset: at)
    }

    private mutating func takeList(
        total: UInt64, _ input: InputBuffer, _ sink: some RAMSink
    ) throws(StreamError) {
        var list = RAMBlockListReader(total: total, format: format)
        var blocks: [(block: RAMBlockDescription, index: Int)] = []
        while true {
            let at = input.offset
            guard let block = try list.next(input) else { break }
            blocks.append((block, try index(of: block, number: blocks.count, at: at)))
        }
        lengths = Array(repeating: 0, count: local?.count ?? blocks.count)
        for (block, index) in blocks {
            lengths[index] = block.length
            indexes[block.name] = index
        }
        isListed = true
        for (block, index) in blocks { sink.announced(block, index: index) }
    }

    /// Which of the receiver's blocks the list's `number`-th is.
    private func index(
        of block: RAMBlockDescription, number: Int, at offset: UInt64
    ) throws(StreamError) -> Int {
        guard let local else { return number }
        func refuse(_ expected: String, _ found: String) -> StreamError {
            StreamError(
                .value(expected: expected, found: found), path: ["block list", "[\(number)]"], offset: offset,
                cause: "the machines differ in their memory or their devices")
        }
        guard let index = local.firstIndex(where: { $0.name == block.name }) else {
            throw refuse("blocks that the machine here has", quoted(block.name))
        }
        let own = local[index]
        guard block.length == own.length || block.length <= own.maximumLength ?? 0 else {
            throw refuse(
                own.maximumLength.map { "at most \(bytes($0)) of \(quoted(block.name))" }
                    ?? "\(bytes(own.length)) of \(quoted(block.name))", "\(block.length)")
        }
        if own.isKept, let address = own.address, block.address != address {
            throw refuse(
                "\(quoted(block.name)) at \(hex(address))", block.address.map { hex($0) } ?? "no address")
        }
        return index
    }

    /// Takes a list that was read block by block; the index of a block is its place in the list.
    mutating func list(_ blocks: [RAMBlockDescription]) {
        lengths = blocks.map(\.length)
        for (index, block) in blocks.enumerated() { indexes[block.name] = index }
        isListed = true
    }

    /// The next record names its block.
    mutating func forgetBlock() { current = -1 }

    /// Says what is wrong with a record that is none of the good ones.
    func refused(_ header: UInt64, at: UInt64) -> StreamError {
        let flags = RAMFlags(rawValue: header & RAMFlags.mask)
        let kind = flags.subtracting(.continue)
        func unable(_ what: String, _ remedy: String) -> StreamError {
            StreamError(.notSupported(what), path: ["record"], offset: at, remedy: remedy)
        }
        switch kind {
        case .hook: return unable("RDMA", "migrate over TCP or a Unix socket")
        case .memSize where flags == .memSize:
            return StreamError(
                .value(
                    expected: "page records", found: isListed ? "a second block list" : "a late block list"),
                path: ["record"], offset: at)
        default:
            return StreamError(
                .value(
                    expected: "one of ZERO, PAGE, EOS, MULTIFD_FLUSH",
                    found: "\(hex(header, digits: 16)) (flags \(hex(header & RAMFlags.mask, digits: 3)))"),
                path: ["record"], offset: at)
        }
    }
}
