import Bytes

/// One row of a ``VMStateDescription``.
public struct VMStateField<State: Sendable>: Sendable {
    typealias Load = @Sendable (inout State, VMStateReader) throws(VMStateError) -> Void
    typealias Save = @Sendable (State, inout VMStateWriter, inout [VMStateLayout.Field]) -> Void

    /// The field's name in the stream's JSON.
    public let name: String
    let load: Load
    let save: Save
    var isFixed = true
    /// It has no bytes.
    private(set) var isRule = false
    private var versions: ClosedRange<UInt32> = 0...UInt32.max
    private var condition: (@Sendable (State) -> Bool)?

    init(_ name: String, load: @escaping Load, save: @escaping Save) {
        self.name = name
        self.load = load
        self.save = save
    }

    var isConditional: Bool { condition != nil || versions != 0...UInt32.max }

    func isPresent(_ state: State, _ version: UInt32) -> Bool {
        versions.contains(version) && condition?(state) ?? true
    }

    /// The field exists in these versions only.
    public func versions(_ range: ClosedRange<UInt32>) -> Self {
        var copy = self
        copy.versions = range
        return copy
    }

    /// The field exists from this version on.
    public func versions(_ range: PartialRangeFrom<UInt32>) -> Self {
        versions(range.lowerBound...UInt32.max)
    }

    /// The field exists when what was read before it says so.
    public func when(_ condition: @escaping @Sendable (State) -> Bool) -> Self {
        var copy = self
        copy.condition = condition
        return copy
    }

    // MARK: Single values

    /// One primitive value; `check` may refuse it.
    public static func value<Value: Sendable>(
        _ name: String, _ path: any WritableKeyPath<State, Value> & Sendable,
        _ primitive: VMStatePrimitive<Value>
    ) -> Self {
        Self(name) { (state, reader) throws(VMStateError) in
            state[keyPath: path] = try primitive.load(reader)
        } save: { state, writer, fields in
            primitive.save(state[keyPath: path], &writer.output)
            fields.append(.init(name, primitive))
        }
    }

    public static func bool(_ name: String, _ path: any WritableKeyPath<State, Bool> & Sendable) -> Self {
        value(name, path, .bool)
    }
    public static func uint8(_ name: String, _ path: any WritableKeyPath<State, UInt8> & Sendable) -> Self {
        value(name, path, .uint8)
    }
    public static func uint16(_ name: String, _ path: any WritableKeyPath<State, UInt16> & Sendable) -> Self {
        value(name, path, .uint16)
    }
    public static func uint32(_ name: String, _ path: any WritableKeyPath<State, UInt32> & Sendable) -> Self {
        value(name, path, .uint32)
    }
    public static func uint64(_ name: String, _ path: any WritableKeyPath<State, UInt64> & Sendable) -> Self {
        value(name, path, .uint64)
    }
    public static func int32(_ name: String, _ path: any WritableKeyPath<State, Int32> & Sendable) -> Self {
        value(name, path, .int32)
    }
    public static func int64(_ name: String, _ path: any WritableKeyPath<State, Int64> & Sendable) -> Self {
        value(name, path, .int64)
    }
    /// Expiry in nanoseconds of its clock; all ones when not armed.
    public static func timer(_ name: String, _ path: any WritableKeyPath<State, Int64> & Sendable) -> Self {
        value(name, path, .timer)
    }

    /// A value that must equal the receiver's own (`uint32 equal` and its kin).
    public static func equal<Value: Equatable & Sendable>(
        _ name: String, _ path: any WritableKeyPath<State, Value> & Sendable,
        _ primitive: VMStatePrimitive<Value>
    ) -> Self {
        let type = "\(primitive.type) equal"
        return Self(name) { (state, reader) throws(VMStateError) in
            let found = try primitive.load(reader)
            guard found == state[keyPath: path] else {
                throw reader.invalid(expected: "\(state[keyPath: path])", found: "\(found)")
            }
        } save: { state, writer, fields in
            primitive.save(state[keyPath: path], &writer.output)
            fields.append(.init(name: name, repetition: .none, type: type, size: primitive.size))
        }
    }

    /// Bytes that mean nothing any more: zeros when written, ignored when read.
    public static func unused(_ count: Int) -> Self {
        Self("unused") { (_, reader) throws(VMStateError) in
            try reader.skip(count)
        } save: { _, writer, fields in
            writer.output.zeros(count)
            fields.append(.init(name: "unused", repetition: .none, type: "unused_buffer", size: count))
        }
    }

    /// Raw bytes of a length that both sides know.
    public static func buffer(
        _ name: String, _ path: any WritableKeyPath<State, [UInt8]> & Sendable, type: String = "buffer",
        count: @escaping @Sendable (State) -> Int
    ) -> Self {
        var field = Self(name) { (state, reader) throws(VMStateError) in
            state[keyPath: path] = try reader.bytes(count(state))
        } save: { state, writer, fields in
            writer.output.append(state[keyPath: path])
            fields.append(.init(name: name, repetition: .none, type: type, size: state[keyPath: path].count))
        }
        field.isFixed = false
        return field
    }

    public static func buffer(
        _ name: String, _ path: any WritableKeyPath<State, [UInt8]> & Sendable, type: String = "buffer",
        count: Int
    ) -> Self {
        buffer(name, path, type: type) { _ in count }
    }

    // MARK: Arrays

    /// Elements back to back; their number comes from what both sides know (the state after earlier fields).
    public static func array<Value: Sendable>(
        _ name: String, _ path: any WritableKeyPath<State, [Value]> & Sendable,
        _ primitive: VMStatePrimitive<Value>,
        count: @escaping @Sendable (State) -> Int
    ) -> Self {
        var field = Self(name) { (state, reader) throws(VMStateError) in
            let number = count(state)
            try reader.checkCount(number)
            var values: [Value] = []
            values.reserveCapacity(min(number, 4096))
            for index in 0..<number {
                do throws(VMStateError) {
                    values.append(try primitive.load(reader))
                } catch {
                    throw error.inside("[\(index)]")
                }
            }
            state[keyPath: path] = values
        } save: { state, writer, fields in
            let values = state[keyPath: path]
            for value in values { primitive.save(value, &writer.output) }
            guard !values.isEmpty else { return }
            var item = VMStateLayout.Field(name, primitive)
            if values.count > 1 { item.repetition = .arrayLength(values.count) }
            fields.append(item)
        }
        field.isFixed = false
        return field
    }

    /// An array of known length.
    public static func array<Value: Sendable>(
        _ name: String, _ path: any WritableKeyPath<State, [Value]> & Sendable,
        _ primitive: VMStatePrimitive<Value>,
        count: Int
    ) -> Self {
        var field = array(name, path, primitive) { _ in count }
        field.isFixed = true
        return field
    }

    // MARK: Structures

    /// A nested struct; it has no version on the wire and is read in the one that its table is written in.
    public static func structure<Part: Sendable>(
        _ name: String, _ path: any WritableKeyPath<State, Part> & Sendable,
        _ description: VMStateDescription<Part>,
        version: UInt32? = nil
    ) -> Self {
        let number = version ?? description.versions.upperBound
        var field = Self(name) { (state, reader) throws(VMStateError) in
            let outer = reader.version
            reader.version = number
            defer { reader.version = outer }
            try description.load(&state[keyPath: path], from: reader)
        } save: { state, writer, fields in
            let start = writer.output.count
            let outer = writer.version
            writer.version = number
            let layout = description.save(state[keyPath: path], to: &writer)
            writer.version = outer
            fields.append(
                .init(
                    name: name, repetition: .none, type: "struct", structure: layout,
                    size: writer.output.count - start))
        }
        field.isFixed = description.isUniform
        return field
    }

    /// Structs back to back. The array has its final length before loading; elements are loaded in place.
    public static func structures<Part: Sendable>(
        _ name: String, _ path: any WritableKeyPath<State, [Part]> & Sendable,
        _ description: VMStateDescription<Part>,
        version: UInt32? = nil
    ) -> Self {
        let number = version ?? description.versions.upperBound
        var field = Self(name) { (state, reader) throws(VMStateError) in
            let outer = reader.version
            reader.version = number
            defer { reader.version = outer }
            for index in state[keyPath: path].indices {
                do throws(VMStateError) {
                    try description.load(&state[keyPath: path][index], from: reader)
                } catch {
                    throw error.inside("[\(index)]")
                }
            }
        } save: { state, writer, fields in
            let outer = writer.version
            writer.version = number
            defer { writer.version = outer }
            let parts = state[keyPath: path]
            for (index, part) in parts.enumerated() {
                let start = writer.output.count
                let layout = description.save(part, to: &writer)
                let uniform = description.isUniform
                if uniform && index > 0 { continue }
                let repetition: VMStateLayout.Field.Repetition =
                    parts.count == 1 ? .none : uniform ? .arrayLength(parts.count) : .index(index)
                fields.append(
                    .init(
                        name: name, repetition: repetition, type: "struct", structure: layout,
                        size: writer.output.count - start))
            }
        }
        field.isFixed = false
        return field
    }

    /// Bytes with rules of their own (`virtio`, lists): code for both directions, described as opaque bytes.
    public static func custom(
        _ name: String, type: String,
        load: @escaping @Sendable (inout State, VMStateReader) throws(VMStateError) -> Void,
        save: @escaping @Sendable (State, inout VMStateWriter) -> Void
    ) -> Self {
        var field = Self(name, load: load) { state, writer, fields in
            let start = writer.output.count
            save(state, &writer)
            fields.append(
                .init(name: name, repetition: .none, type: type, size: writer.output.count - start))
        }
        field.isFixed = false
        return field
    }

    /// A rule on what has been read so far; no bytes.
    public static func check(
        _ name: String, _ rule: @escaping @Sendable (State, VMStateReader) throws(VMStateError) -> Void
    ) -> Self {
        var field = Self(name) { (state, reader) throws(VMStateError) in
            try rule(state, reader)
        } save: { _, _, _ in
        }
        field.isRule = true
        return field
    }
}

extension VMStateLayout.Field {
    init<Value>(_ name: String, _ primitive: VMStatePrimitive<Value>) {
        self.init(name: name, repetition: .none, type: primitive.type, size: primitive.size)
    }

    public init(name: String, repetition: Repetition, type: String, size: Int) {
        self.init(name: name, repetition: repetition, type: type, structure: nil, size: size)
    }
}
