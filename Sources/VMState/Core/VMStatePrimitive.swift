public import Bytes

/// How one value is encoded: its name in the stream's JSON, its size and both directions.
public struct VMStatePrimitive<Value: Sendable>: Sendable {
    /// The encoding's name, e.g. `uint32`.
    public let type: String
    /// Bytes on the wire.
    public let size: Int
    let load: @Sendable (VMStateReader) throws(VMStateError) -> Value
    let save: @Sendable (Value, inout ByteWriter) -> Void

    public init(
        type: String, size: Int, load: @escaping @Sendable (VMStateReader) throws(VMStateError) -> Value,
        save: @escaping @Sendable (Value, inout ByteWriter) -> Void
    ) {
        self.type = type
        self.size = size
        self.load = load
        self.save = save
    }
}

extension VMStatePrimitive<Bool> {
    /// One byte; any value but 0 is true.
    public static var bool: Self {
        .init(type: "bool", size: 1) { (reader) throws(VMStateError) in
            try reader.uint8() != 0
        } save: {
            $1.uint8($0 ? 1 : 0)
        }
    }
}
extension VMStatePrimitive<UInt8> {
    public static var uint8: Self {
        .init(
            type: "uint8", size: 1, load: { (reader) throws(VMStateError) in try reader.uint8() },
            save: { $1.uint8($0) })
    }
}
extension VMStatePrimitive<UInt16> {
    public static var uint16: Self {
        .init(
            type: "uint16", size: 2, load: { (reader) throws(VMStateError) in try reader.uint16() },
            save: { $1.uint16($0) })
    }
}
extension VMStatePrimitive<UInt32> {
    public static var uint32: Self {
        .init(
            type: "uint32", size: 4, load: { (reader) throws(VMStateError) in try reader.uint32() },
            save: { $1.uint32($0) })
    }
}
extension VMStatePrimitive<UInt64> {
    public static var uint64: Self {
        .init(
            type: "uint64", size: 8, load: { (reader) throws(VMStateError) in try reader.uint64() },
            save: { $1.uint64($0) })
    }
    /// Of a value that other versions send whole, the lower 32 bits.
    public static var lowerHalf: Self {
        .init(type: "uint32", size: 4) { (reader) throws(VMStateError) in
            UInt64(try reader.uint32())
        } save: {
            $1.uint32(UInt32(truncatingIfNeeded: $0))
        }
    }
}
extension VMStatePrimitive<Int32> {
    public static var int32: Self {
        .init(type: "int32", size: 4) { (reader) throws(VMStateError) in
            Int32(bitPattern: try reader.uint32())
        } save: {
            $1.uint32(UInt32(bitPattern: $0))
        }
    }
}
extension VMStatePrimitive<Int64> {
    public static var int64: Self {
        .init(type: "int64", size: 8) { (reader) throws(VMStateError) in
            Int64(bitPattern: try reader.uint64())
        } save: {
            $1.uint64(UInt64(bitPattern: $0))
        }
    }
    /// Nanoseconds of a clock, all ones when not armed.
    public static var timer: Self {
        .init(type: "timer", size: 8, load: int64.load, save: int64.save)
    }
}
