package import Bytes
package import MigrationStream
package import VMState

/// A device of the tests.
package struct ThingState: Sendable, Equatable {
    package var count: UInt32 = 0x0102_0304
    package var levels: [UInt8] = [1, 2, 3]
    package var extra: UInt16 = 0

    package init(extra: UInt16 = 0) { self.extra = extra }

    package static let table = VMStateDescription<ThingState>(
        "thing", versions: 1...2,
        fields: [
            .uint32("count", \.count),
            .array("levels", \.levels, .uint8, count: 3),
        ],
        subsections: [
            VMStateSubsection(
                VMStateDescription("thing/extra", version: 1, fields: [.uint16("extra", \.extra)]),
                needed: { state, _ in state.extra != 0 })
        ])
}

/// A whole stream of a few hundred bytes, and a receiver for it: two blocks of RAM of two pages, one device.
package enum SmallStream {
    package static let blocks = [
        RAMBlockDescription(name: "ram0", length: 8192),
        RAMBlockDescription(name: "rom", length: 4096, maximumLength: 8192),
    ]

    package static func sections() -> [VMStateSection] {
        [
            VMStateSection(
                "thing", instance: 1, ThingState.table, get: { ThingState(extra: 7) },
                set: { (state, reader) throws(VMStateError) in
                    guard state.count != 0xDEAD_BEEF else {
                        throw reader.invalid(expected: "a live count", found: "a dead one")
                    }
                })
        ]
    }

    package static func header(_ kind: SectionHeader.Kind) -> SectionHeader {
        SectionHeader(kind: kind, id: 2, name: "ram", version: 4)
    }

    /// Magic, version, configuration.
    package static func start(_ writer: inout ByteWriter) {
        StreamConfiguration(machine: "virt", capabilities: [], uuid: Array(1...16)).encode(to: &writer)
    }

    /// The block list's section.
    package static func setup(_ writer: inout ByteWriter) {
        header(.start).encode(to: &writer)
        RAMBlockList(blocks).encode(to: &writer)
        header(.start).encodeFooter(to: &writer)
    }

    /// A section of records; `records` writes the body without EOS.
    package static func part(_ writer: inout ByteWriter, _ records: (inout ByteWriter) -> Void) {
        header(.part).encode(to: &writer)
        records(&writer)
        writer.uint64(0x10)
        header(.part).encodeFooter(to: &writer)
    }

    /// A record's head.
    package static func record(_ writer: inout ByteWriter, _ header: UInt64, block: String? = nil) {
        writer.uint64(header)
        if let block { writer.string8(block) }
    }

    package static func page(_ writer: inout ByteWriter, _ value: UInt8) {
        writer.append(repeatElement(value, count: 4096))
    }

    /// The device, the end, the description.
    package static func devices(_ writer: inout ByteWriter) {
        var devices = DeviceWriter(dialect: .qemu10_0)
        for (index, section) in sections().enumerated() { devices.write(section, id: UInt32(10 + index)) }
        devices.finish(configuration: StreamConfiguration(machine: "virt"))
        writer.append(devices.output.bytes)
    }

    package static func whole() -> [UInt8] {
        var writer = ByteWriter()
        start(&writer)
        StreamCommand.openReturnPath.encode(to: &writer)
        StreamCommand.ping(MartletHandshake.pingValue).encode(to: &writer)
        setup(&writer)
        part(&writer) {
            record(&$0, 0x0008, block: "ram0")
            page(&$0, 0xAA)
            record(&$0, 0x1022)
            $0.uint8(0)
            record(&$0, 0x0002, block: "rom")
            $0.uint8(0)
            record(&$0, 0x200)
        }
        StreamCommand.switchoverStart.encode(to: &writer)
        header(.end).encode(to: &writer)
        writer.uint64(0x10)
        header(.end).encodeFooter(to: &writer)
        devices(&writer)
        return writer.bytes
    }

    /// Bytes of the description's text.
    package static let descriptionLength: UInt32 = 518

    /// What a receiver saw.
    package struct Result {
        package var counts = RAMCounts()
        package var commands: [StreamCommand] = []
        package var descriptionLength: UInt32?
        package var pending: [String] = []
    }

    /// Reads a stream as a destination does.
    ///
    /// - Parameter isComplete: all memory and all devices have to come.
    @discardableResult
    package static func receive(_ bytes: [UInt8], isComplete: Bool = false) throws(StreamError) -> Result {
        let reader = StreamReader(InputBuffer(ArraySource(bytes, chunk: 7), capacity: 512))
        let sink = FixedSink(lengths: [8192, 8192])
        var ram = RAMDecoder(blocks: blocks)
        var loader = DeviceLoader(sections())
        var result = Result()
        func at<T>(_ body: () throws(StreamError) -> T) throws(StreamError) -> T {
            do throws(StreamError) { return try body() } catch { throw error.at(.destination, reader.phase) }
        }
        try at { () throws(StreamError) in
            let local = StreamConfiguration(machine: "virt", uuid: Array(1...16))
            try reader.configuration().check(against: local)
        }
        while true {
            let item = try at { () throws(StreamError) in try reader.next() }
            switch item {
            case .section(let header):
                try at { () throws(StreamError) in
                    if header.name == RAMSection.name {
                        result.counts += try ram.load(reader, into: sink)
                    } else {
                        try loader.load(reader)
                    }
                    try reader.endSection()
                }
            case .command(let command): result.commands.append(command)
            case .endOfStream:
                try at { () throws(StreamError) in
                    if isComplete {
                        try ram.requireAll(reader)
                        try loader.requireAll(reader)
                    }
                    result.descriptionLength = try reader.skipDescription()
                }
                result.pending = loader.pending.map(\.name)
                return result
            }
        }
    }
}

/// Blocks of fixed length.
@safe package final class FixedSink: RAMSink {
    private let memory: [UnsafeMutableRawBufferPointer]
    package private(set) var zeroed: [(block: Int, offset: UInt64)] = []

    package init(lengths: [Int]) {
        unsafe memory = lengths.map { length in
            let block = UnsafeMutableRawBufferPointer.allocate(byteCount: length, alignment: 4096)
            unsafe block.initializeMemory(as: UInt8.self, repeating: 0x55)
            return unsafe block
        }
    }

    deinit { for index in 0..<(unsafe memory.count) { unsafe memory[index].deallocate() } }

    package func page(block: Int, offset: UInt64) -> UnsafeMutableRawBufferPointer {
        let start = Int(offset)
        return unsafe UnsafeMutableRawBufferPointer(rebasing: memory[block][start..<start + 4096])
    }

    package func zero(block: Int, offset: UInt64) { zeroed.append((block, offset)) }

    package subscript(block: Int, offset: Int) -> UInt8 { unsafe memory[block][offset] }
}
