import MigrationStream
import VMState

/// A value of a device by its name, or a group of them: what `inspect` shows and `diff` compares.
public struct DeviceField: Equatable, Sendable {
    public enum Value: Equatable, Sendable {
        /// A group: see the children.
        case none
        case integer(UInt64)
        case signed(Int64)
        case bool(Bool)
        /// An array of integers, as unsigned ones.
        case integers([UInt64])
        case bytes([UInt8])
        /// So many bytes without a meaning.
        case unused(Int)
    }

    /// The field's name; elements of arrays are `[0]`, `[1]`…
    public var name: String
    /// The encoding's name in QEMU's description (`uint32`, `struct`…), empty when only our tables tell.
    public var type: String
    /// Bytes from the start of the stream.
    public var offset: UInt64
    public var length: UInt64
    public var value: Value = .none
    public var children: [DeviceField] = []

    init(
        name: String, type: String = "", offset: UInt64, length: UInt64, value: Value = .none,
        children: [DeviceField] = []
    ) {
        self.name = name
        self.type = type
        self.offset = offset
        self.length = length
        self.value = value
        self.children = children
    }
}

extension DeviceSection {
    /// Everything that is known of the section by name: QEMU's own description where the stream has it, our tables for
    /// what that leaves opaque or where there is none, raw bytes for the rest.
    public var fields: [DeviceField] {
        if let layout {
            var reader = LayoutFields(bytes: bytes, base: offset, trace: trace)
            if let fields = reader.fields(layout) { return fields }
        }
        if let trace { return trace.children.map(DeviceField.init) }
        guard !bytes.isEmpty else { return [] }
        return [
            DeviceField(
                name: "data", offset: offset, length: UInt64(bytes.count), value: .bytes(bytes))
        ]
    }
}

extension DeviceField {
    /// What a table has read.
    init(_ node: VMStateTrace.Node) {
        self.init(name: node.name, offset: node.offset, length: node.length)
        let children = node.children.map(DeviceField.init)
        if children.isEmpty {
            value = Self.value(node.values)
        } else {
            // Values beside named ones have no name themselves.
            self.children = children
        }
    }

    private static func value(_ values: [VMStateTrace.Value]) -> Value {
        if values.count == 1 {
            switch values[0] {
            case .integer(let value, _): return .integer(value)
            case .bytes(let bytes): return .bytes(bytes)
            case .unused(let count): return .unused(count)
            }
        }
        var integers: [UInt64] = []
        var bytes: [UInt8] = []
        for value in values {
            switch value {
            case .integer(let value, let size):
                integers.append(value)
                for byte in 0..<size {
                    bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * (size - 1 - byte))))
                }
            case .bytes(let more): bytes += more
            case .unused(let count): bytes += Array(repeating: 0, count: count)
            }
        }
        return integers.count == values.count ? .integers(integers) : .bytes(bytes)
    }
}
