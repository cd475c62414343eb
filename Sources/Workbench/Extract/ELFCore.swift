public import Bytes
public import MigrationStream

/// Writes a guest as an ELF core: its RAM at guest physical addresses, its CPUs' registers.
///
/// ```text
/// ELF header, program headers     RAM of each block, page aligned     notes
/// ```
///
/// gdb opens it beside the program or the kernel that ran; addresses are physical, so a kernel's virtual ones are
/// found only where the two are the same or the debugger is told.
public final class ELFCore {
    private struct Segment {
        let address: UInt64
        let length: UInt64
        let offset: UInt64
    }

    private static let headerLength: UInt64 = 64
    private static let programHeaderLength: UInt64 = 56
    private static let alignment: UInt64 = 4096

    private let file: OutputFile
    private let addresses: [String: UInt64]
    private var segments: [Segment] = []
    private var end: UInt64
    private var cpus: [CoreRegisters] = []

    /// - Parameter addresses: guest physical addresses of RAM blocks by name; a block without one is left out, unless the
    ///   stream has its address.
    public init(_ file: OutputFile, addresses: [String: UInt64]) {
        self.file = file
        self.addresses = addresses
        // Headers of as many segments as there can be.
        let most = UInt64(RAMSection.maximumBlocks) + 1
        end = Self.aligned(Self.headerLength + most * Self.programHeaderLength)
    }

    /// Blocks that the core has.
    public var blockCount: Int { segments.count }

    /// Where a block is kept; nil leaves it out.
    public func place(_ block: RAMBlockDescription) throws(ByteSourceError) -> RAMImage.Place? {
        guard let address = block.address ?? addresses[block.name] else { return nil }
        let segment = Segment(address: address, length: block.length, offset: end)
        segments.append(segment)
        end = Self.aligned(end + block.length)
        return .init(descriptor: try file.duplicate(), offset: segment.offset)
    }

    /// Takes a device of the stream in: the CPUs are kept.
    public func take(_ device: DeviceSection) {
        if let cpu = CoreRegisters(device) { cpus.append(cpu) }
    }

    /// Writes notes and headers.
    public func finish() throws(ByteSourceError) {
        let notes = self.notes
        file.position = end
        try file.append(notes)
        var writer = LittleEndianWriter()
        writer.append([0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0])
        writer.uint16(4)  // ET_CORE
        writer.uint16(cpus.first?.machine ?? 0)
        writer.uint32(1)
        writer.uint64(0)
        writer.uint64(Self.headerLength)
        writer.uint64(0)
        writer.uint32(cpus.first?.flags ?? 0)
        writer.uint16(UInt16(Self.headerLength))
        writer.uint16(UInt16(Self.programHeaderLength))
        writer.uint16(UInt16(segments.count + 1))
        writer.uint16(0)
        writer.uint16(0)
        writer.uint16(0)
        program(&writer, type: 4, offset: end, address: 0, length: UInt64(notes.count))
        for segment in segments {
            program(
                &writer, type: 1, offset: segment.offset, address: segment.address, length: segment.length)
        }
        file.position = 0
        try file.append(writer.bytes)
    }

    /// PT_NOTE (4) or PT_LOAD (1).
    private func program(
        _ writer: inout LittleEndianWriter, type: UInt32, offset: UInt64, address: UInt64, length: UInt64
    ) {
        writer.uint32(type)
        writer.uint32(type == 1 ? 7 : 0)
        writer.uint64(offset)
        writer.uint64(address)
        writer.uint64(address)
        writer.uint64(length)
        writer.uint64(type == 1 ? length : 0)
        writer.uint64(type == 1 ? Self.alignment : 0)
    }

    private var notes: [UInt8] {
        var writer = LittleEndianWriter()
        for (index, cpu) in cpus.enumerated() {
            var status = LittleEndianWriter()
            // Signals, none; then the thread's number, and times.
            status.zeros(32)
            status.uint32(UInt32(index + 1))
            status.zeros(112 - 36)
            for value in cpu.general { status.uint64(value) }
            status.uint32(0)
            status.uint32(0)
            note(&writer, type: 1, status.bytes)
            guard let registers = cpu.floatingPoint else { continue }
            var floats = LittleEndianWriter()
            for value in registers { floats.uint64(value) }
            note(&writer, type: 2, floats.bytes)
        }
        return writer.bytes
    }

    private func note(_ writer: inout LittleEndianWriter, type: UInt32, _ contents: [UInt8]) {
        writer.uint32(5)
        writer.uint32(UInt32(contents.count))
        writer.uint32(type)
        writer.append(Array("CORE".utf8) + [0, 0, 0, 0])
        writer.append(contents)
        writer.zeros((4 - contents.count % 4) % 4)
    }

    private static func aligned(_ value: UInt64) -> UInt64 { (value + alignment - 1) / alignment * alignment }
}

/// Integers the other way around than a stream has them.
private struct LittleEndianWriter {
    private(set) var bytes: [UInt8] = []

    mutating func uint16(_ value: UInt16) { integer(value) }
    mutating func uint32(_ value: UInt32) { integer(value) }
    mutating func uint64(_ value: UInt64) { integer(value) }
    mutating func zeros(_ count: Int) { bytes += Array(repeating: 0, count: count) }
    mutating func append(_ more: [UInt8]) { bytes += more }

    private mutating func integer<T: FixedWidthInteger>(_ value: T) {
        for shift in stride(from: 0, to: T.bitWidth, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> T(shift)))
        }
    }
}
