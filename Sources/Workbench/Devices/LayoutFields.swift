import VMState

/// Walks the bytes of a device along QEMU's description of them. The description is a stranger's: nothing that it says
/// goes beyond the bytes, and nothing in a structure beyond the structure's.
struct LayoutFields {
    /// Most fields of a device that are told apart, elements and what is in them included. Those of QEMU have thousands.
    static let maximumFields = 1 << 18

    private let bytes: [UInt8]
    private let base: UInt64
    /// What our table says about the same bytes.
    private let trace: VMStateTrace.Node?
    private var position = 0
    /// Where the structure ends that is read.
    private var limit: Int
    /// Fields that there may still be.
    private var left = Self.maximumFields

    /// - Parameter base: where the bytes begin in the stream.
    init(bytes: [UInt8], base: UInt64, trace: VMStateTrace.Node?) {
        self.bytes = bytes
        self.base = base
        self.trace = trace
        limit = bytes.count
    }

    /// nil when there are more fields than ``maximumFields``: a few bytes and a few words can stand for any number.
    mutating func fields(_ layout: VMStateLayout) -> [DeviceField]? {
        let fields = read(layout)
        return left > 0 ? fields : nil
    }

    private mutating func read(_ layout: VMStateLayout) -> [DeviceField] {
        var fields: [DeviceField] = []
        for field in layout.fields {
            guard left > 0 else { return fields }
            fields.append(read(field))
        }
        for part in layout.subsections {
            guard left > 0 else { return fields }
            left -= 1
            let start = position
            position = min(limit, position + 6 + part.name.utf8.count)
            let children = read(part)
            fields.append(
                DeviceField(
                    name: part.name, type: "subsection", offset: base + UInt64(start),
                    length: UInt64(position - start), children: children))
        }
        return fields
    }

    private mutating func read(_ field: VMStateLayout.Field) -> DeviceField {
        let start = position
        let end = min(limit, start + min(bytes.count, max(0, field.totalSize)))
        let outer = limit
        limit = end
        left -= 1
        defer {
            position = end
            limit = outer
        }
        var result = DeviceField(
            name: field.name, type: field.type, offset: base + UInt64(start), length: UInt64(end - start))
        if case .index(let index) = field.repetition { result.name += "[\(index)]" }
        if let structure = field.structure {
            result.children = elements(field, structure, end)
        } else if let part = field.parts.first, field.type == "vstruct" || field.type == "tmp" {
            result.children = read(part)
        } else if !field.parts.isEmpty, field.type == "qtailq" || field.type == "qlist" {
            // A byte 1 before each element, a byte 0 after the last.
            for (index, part) in field.parts.enumerated() {
                guard position < end, left > 0 else { break }
                left -= 1
                position += 1
                let at = position
                let children = read(part)
                result.children.append(
                    DeviceField(
                        name: "[\(index)]", type: part.name, offset: base + UInt64(at),
                        length: UInt64(position - at), children: children))
            }
        } else {
            result.value = value(field, Array(bytes[start..<end]))
            if case .bytes = result.value, let node = known(field.name, start, end) {
                result.children = node.children.map(DeviceField.init)
                result.value = .none
            }
        }
        return result
    }

    private mutating func elements(
        _ field: VMStateLayout.Field, _ structure: VMStateLayout, _ end: Int
    ) -> [DeviceField] {
        guard case .arrayLength(let count) = field.repetition else { return read(structure) }
        var result: [DeviceField] = []
        for index in 0..<max(0, count) {
            guard position < end, left > 0 else { break }
            left -= 1
            let start = position
            let children = read(structure)
            guard position > start else { break }
            result.append(
                DeviceField(
                    name: "[\(index)]", type: "struct", offset: base + UInt64(start),
                    length: UInt64(position - start), children: children))
        }
        return result
    }

    /// Our table's word for bytes that QEMU leaves opaque.
    private func known(_ name: String, _ start: Int, _ end: Int) -> VMStateTrace.Node? {
        trace?.children.first {
            !$0.children.isEmpty && $0.offset == base + UInt64(start) && $0.length == UInt64(end - start)
        }
    }

    private func value(_ field: VMStateLayout.Field, _ bytes: [UInt8]) -> DeviceField.Value {
        let type = field.type.hasSuffix(" equal") ? String(field.type.dropLast(6)) : field.type
        let size: Int
        var isSigned = false
        switch type {
        case "bool", "uint8": size = 1
        case "uint16": size = 2
        case "uint32": size = 4
        case "uint64", "CPU_Double_U": size = 8
        case "int8", "int16", "int32", "int32 le", "int64", "timer":
            isSigned = true
            size = type == "int8" ? 1 : type == "int16" ? 2 : type.hasPrefix("int32") ? 4 : 8
        case "unused_buffer": return .unused(bytes.count)
        default: return .bytes(bytes)
        }
        guard field.size == size, bytes.count % size == 0 else { return .bytes(bytes) }
        let integers = stride(from: 0, to: bytes.count, by: size).map { start in
            bytes[start..<start + size].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        if size == 1, case .arrayLength = field.repetition { return .bytes(bytes) }
        guard integers.count == 1 else { return .integers(integers) }
        if type == "bool" { return .bool(integers[0] != 0) }
        guard isSigned else { return .integer(integers[0]) }
        let shift = 64 - 8 * size
        return .signed(Int64(bitPattern: integers[0] << UInt64(shift)) >> Int64(shift))
    }
}
