public import Bytes

/// Where a device's state is written: its bytes and, beside them, their description for the JSON that ends a stream.
public struct VMStateWriter {
    /// The bytes of the section's body.
    public var output = ByteWriter(reserving: 4096)
    /// Whose layout is written.
    public let dialect: Dialect
    /// Version id the section is written in.
    public internal(set) var version: UInt32

    public init(dialect: Dialect, version: UInt32) {
        self.dialect = dialect
        self.version = version
    }
}

/// What the bytes of one description are, in the order of the stream: a node of the stream's JSON.
public struct VMStateLayout: Equatable, Sendable {
    public struct Field: Equatable, Sendable {
        public enum Repetition: Equatable, Sendable {
            case none
            /// One description for this many equal elements.
            case arrayLength(Int)
            /// Element of an array whose elements are described one by one.
            case index(Int)
        }
        public var name: String
        public var repetition: Repetition
        /// The encoding's name, e.g. `uint32`, `struct`.
        public var type: String
        /// Contents of a `struct`.
        public var structure: VMStateLayout?
        /// Bytes of one element.
        public var size: Int
        /// Contents of a type that is described in the field's own object: one for `vstruct` and `tmp`, one an element
        /// for the lists (`qtailq`, `qlist`, `gtree`).
        public var parts: [VMStateLayout] = []

        /// Bytes of all elements.
        public var totalSize: Int {
            guard case .arrayLength(let count) = repetition else { return size }
            return size.multipliedReportingOverflow(by: count).overflow ? .max : size * count
        }
    }
    public var name: String
    public var version: UInt32
    public var fields: [Field] = []
    public var subsections: [VMStateLayout] = []

    public init(
        name: String, version: UInt32, fields: [Field] = [], subsections: [VMStateLayout] = []
    ) {
        self.name = name
        self.version = version
        self.fields = fields
        self.subsections = subsections
    }

    /// Bytes on the wire, nested subsections and their heads included.
    public var size: Int {
        var sum = 0
        for field in fields { sum = Self.add(sum, field.totalSize) }
        // 05, length, name, version.
        for part in subsections { sum = Self.add(sum, Self.add(part.size, 6 + part.name.utf8.count)) }
        return sum
    }

    private static func add(_ left: Int, _ right: Int) -> Int {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? .max : sum
    }

    /// The members `"vmsd_name":…,"version":…,"fields":[…]` without braces, as they stand in the stream's JSON.
    public var jsonMembers: String {
        var text = ByteWriter()
        encodeMembers(to: &text)
        return String(decoding: text.bytes, as: UTF8.self)
    }

    /// Writes ``jsonMembers``. Bytes, not strings put together: the guest waits for it at a hand-over.
    public func encodeMembers(to text: inout ByteWriter) {
        text.append("\"vmsd_name\": \"")
        text.append(name)
        text.append("\", \"version\": ")
        text.append(String(version))
        text.append(", \"fields\": [")
        var numbers = repeatedNames
        for (index, field) in fields.enumerated() {
            if index > 0 { text.append(", ") }
            text.append("{\"name\": \"")
            text.append(field.name)
            if field.repetition == .none, let number = numbers[field.name] {
                text.append("[\(number)]")
                numbers[field.name] = number + 1
            }
            text.append("\", ")
            switch field.repetition {
            case .none: break
            case .arrayLength(let count): text.append("\"array_len\": \(count), ")
            case .index(let index): text.append("\"index\": \(index), ")
            }
            text.append("\"type\": \"")
            text.append(field.type)
            text.append("\", ")
            if let structure = field.structure {
                text.append("\"struct\": {")
                structure.encodeMembers(to: &text)
                text.append("}, ")
            }
            text.append("\"size\": ")
            text.append(String(field.size))
            text.append("}")
        }
        text.append("]")
        guard !subsections.isEmpty else { return }
        text.append(", \"subsections\": [")
        for (index, part) in subsections.enumerated() {
            text.append(index > 0 ? ", {" : "{")
            part.encodeMembers(to: &text)
            text.append("}")
        }
        text.append("]")
    }

    /// Names that several single fields have, which are numbered, each with its first number.
    private var repeatedNames: [String: Int] {
        var seen = Set<String>(minimumCapacity: fields.count)
        var repeated: [String: Int] = [:]
        for field in fields where field.repetition == .none {
            if !seen.insert(field.name).inserted { repeated[field.name] = 0 }
        }
        return repeated
    }
}
