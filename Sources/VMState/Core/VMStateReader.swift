public import Bytes

/// What a device's state is read from: the stream, and the version its section was announced with.
public final class VMStateReader {
    /// The bytes.
    public let input: InputBuffer
    /// Version id of the section (or subsection) being read.
    public internal(set) var version: UInt32
    /// Where the value that was read last begins, in bytes from the start of the stream.
    public private(set) var valueOffset: UInt64 = 0

    /// Where each field begins that has been read, by its name; of equal names the last.
    private var places: [String: UInt64] = [:]

    /// Where what is read is written down, for tools.
    public let trace: VMStateTrace?

    public init(_ input: InputBuffer, version: UInt32, trace: VMStateTrace? = nil) {
        self.input = input
        self.version = version
        self.trace = trace
        valueOffset = input.offset
    }

    /// Bytes consumed from the start of the stream.
    public var offset: UInt64 { input.offset }

    @inline(__always)
    private func read<T>(_ body: () throws(ByteError) -> T) throws(VMStateError) -> T {
        valueOffset = input.offset
        do { return try body() } catch { throw VMStateError(.bytes(error), offset: error.offset) }
    }

    @inline(__always)
    private func integer<T: FixedWidthInteger & UnsignedInteger>(
        _ body: () throws(ByteError) -> T
    ) throws(VMStateError) -> T {
        let value = try read(body)
        trace?.add(.integer(UInt64(value), size: MemoryLayout<T>.size))
        return value
    }

    public func uint8() throws(VMStateError) -> UInt8 { try integer(input.uint8) }
    public func uint16() throws(VMStateError) -> UInt16 { try integer(input.uint16) }
    public func uint32() throws(VMStateError) -> UInt32 { try integer(input.uint32) }
    public func uint64() throws(VMStateError) -> UInt64 { try integer(input.uint64) }
    /// `count` comes from the state: what cannot be a length is an error.
    public func bytes(_ count: Int) throws(VMStateError) -> [UInt8] {
        try checkCount(count)
        let bytes = try read { () throws(ByteError) in try input.bytes(count) }
        trace?.add(.bytes(bytes))
        return bytes
    }
    public func skip(_ count: Int) throws(VMStateError) {
        try checkCount(count)
        try read { () throws(ByteError) in try input.skip(UInt64(count)) }
        trace?.add(.unused(count))
    }

    /// Consumes the head of a subsection whose name has been looked at, up to its version.
    func takeSubsectionHead(_ name: String) throws(VMStateError) {
        try read { () throws(ByteError) in try input.skip(UInt64(2 + name.utf8.count)) }
        version = try read { () throws(ByteError) in try input.uint32() }
    }

    /// Refuses a number of elements or bytes that no device has.
    func checkCount(_ count: Int) throws(VMStateError) {
        guard count < 0 || count > Self.maximumCount else { return }
        throw VMStateError(
            .value(expected: "a length of 0 to \(Self.maximumCount)", found: "\(count)"), offset: offset)
    }

    /// Most elements of an array, or bytes of a buffer: a device's state is never larger.
    public static let maximumCount = 64 << 20

    /// The field of this name comes next.
    func begin(_ field: String) { places[field] = input.offset }

    /// An error about a field that was read before: for rules that need the whole state.
    ///
    /// - Parameters:
    ///   - field: the field's name.
    ///   - below: what is below it in the path (`[3]`).
    ///   - distance: bytes from the field's beginning to what is wrong in it.
    public func invalid(
        _ field: String, _ below: String..., distance: Int = 0, expected: String, found: String
    ) -> VMStateError {
        VMStateError(
            .value(expected: expected, found: found), path: [field] + below,
            offset: places[field].map { $0 &+ UInt64(distance) } ?? valueOffset)
    }

    /// An error about the value that was just read.
    public func invalid(expected: String, found: String) -> VMStateError {
        VMStateError(.value(expected: expected, found: found), offset: valueOffset)
    }

    /// The name of the subsection that comes next, when it belongs to `parent`; nothing is consumed.
    func nextSubsection(of parent: String) throws(VMStateError) -> String? {
        try read { () throws(ByteError) in
            guard try input.peek() == 0x05 else { return nil }
            let head = try input.peek(2)
            guard head.count == 2, Int(head[1]) > parent.utf8.count + 1 else { return nil }
            let name = try input.peek(2 + Int(head[1])).dropFirst(2)
            guard name.starts(with: Array("\(parent)/".utf8)) else { return nil }
            let missing = Int(head[1]) - name.count
            guard missing == 0 else {
                throw .endOfStream(offset: input.offset + UInt64(2 + name.count), missing: missing)
            }
            return String(decoding: name, as: UTF8.self)
        }
    }
}
