/// A configuration space or a request being put together: little-endian fields in order.
struct LittleEndianBytes {
    private(set) var bytes: [UInt8] = []

    mutating func append<T: FixedWidthInteger>(_ value: T) {
        var shift = 0
        while shift < T.bitWidth {
            bytes.append(UInt8(truncatingIfNeeded: value >> T(shift)))
            shift += 8
        }
    }

    mutating func append(_ more: [UInt8]) { bytes += more }
}

/// Little-endian fields of a request; what is behind its end reads as zero.
struct LittleEndianReader {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    private func value(at offset: Int, size: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<size where offset + index < bytes.count {
            value |= UInt64(bytes[offset + index]) << UInt64(8 * index)
        }
        return value
    }

    func uint8(at offset: Int) -> UInt8 { UInt8(value(at: offset, size: 1)) }
    func uint16(at offset: Int) -> UInt16 { UInt16(value(at: offset, size: 2)) }
    func uint32(at offset: Int) -> UInt32 { UInt32(value(at: offset, size: 4)) }
    func uint64(at offset: Int) -> UInt64 { value(at: offset, size: 8) }
}
