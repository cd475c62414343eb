import VMState

/// Reads the JSON that ends a stream. Not a general parser: QEMU repeats keys in one object, once for each element of
/// a list, and the order of keys means something; so an object is read key by key.
///
/// Bounded: the nesting, the number of parts, and with the text's length all else.
public struct DescriptionReader {
    /// Deepest nesting that is followed.
    private static let maximumDepth = 64
    /// Most devices, fields and structures of one text. Recorded ones have some thousands; a part takes 50 times the
    /// memory of the three bytes that can stand for it.
    public static let maximumParts = 1 << 20

    /// Why a text is not a description.
    public struct Problem: Error, Equatable, Sendable {
        /// Bytes from the start of the text.
        public var offset: Int
        public var expected: String

        public init(offset: Int, expected: String) {
            self.offset = offset
            self.expected = expected
        }
    }

    private let text: ArraySlice<UInt8>
    /// The next byte, as the slice counts.
    private var position: Int
    private var depth = 0
    /// Parts that there may still be.
    private var left: Int
    private let maximumParts: Int

    private init(_ text: ArraySlice<UInt8>, _ maximumParts: Int) {
        self.text = text
        position = text.startIndex
        self.maximumParts = maximumParts
        left = maximumParts
    }

    /// Reads a whole text.
    public static func read(
        _ text: [UInt8], maximumParts: Int = DescriptionReader.maximumParts
    ) throws(Problem) -> StreamDescription {
        try read(text[...], maximumParts: maximumParts)
    }

    /// Reads a whole text that is a part of more bytes, without a copy.
    public static func read(
        _ text: ArraySlice<UInt8>, maximumParts: Int = DescriptionReader.maximumParts
    ) throws(Problem) -> StreamDescription {
        var reader = DescriptionReader(text, maximumParts)
        var result = StreamDescription()
        try reader.object { (reader, key) throws(Problem) in
            switch key {
            case "page_size": result.pageSize = try reader.integer()
            case "configuration": result.configuration = try reader.layout()
            case "devices":
                try reader.array { (reader) throws(Problem) in result.devices.append(try reader.device()) }
            default: try reader.skipValue()
            }
        }
        return result
    }

    // MARK: Parts of a description

    private mutating func countPart() throws(Problem) {
        guard left > 0 else {
            throw problem("at most \(maximumParts) devices, fields and structures")
        }
        left -= 1
    }

    private mutating func device() throws(Problem) -> StreamDescription.Device {
        try countPart()
        var result = StreamDescription.Device(
            name: "", instance: 0, layout: VMStateLayout(name: "", version: 0))
        try object { (reader, key) throws(Problem) in
            switch key {
            case "name": result.name = try reader.string()
            case "instance_id": result.instance = UInt32(truncatingIfNeeded: try reader.integer())
            default: try reader.member(key, of: &result.layout)
            }
        }
        return result
    }

    private mutating func layout() throws(Problem) -> VMStateLayout {
        try countPart()
        var result = VMStateLayout(name: "", version: 0)
        try object { (reader, key) throws(Problem) in try reader.member(key, of: &result) }
        return result
    }

    /// A key of the ones that describe a structure.
    private mutating func member(_ key: String, of layout: inout VMStateLayout) throws(Problem) {
        switch key {
        case "vmsd_name": layout.name = try string()
        case "version": layout.version = UInt32(truncatingIfNeeded: try integer())
        case "fields":
            try array { (reader) throws(Problem) in layout.fields.append(try reader.field()) }
        case "subsections":
            try array { (reader) throws(Problem) in layout.subsections.append(try reader.layout()) }
        default: try skipValue()
        }
    }

    private mutating func field() throws(Problem) -> VMStateLayout.Field {
        try countPart()
        var field = VMStateLayout.Field(name: "", repetition: .none, type: "", size: 0)
        try object { (reader, key) throws(Problem) in
            switch key {
            case "name": field.name = try reader.string()
            case "type": field.type = try reader.string()
            case "size": field.size = try reader.integer()
            case "array_len": field.repetition = .arrayLength(try reader.integer())
            case "index": field.repetition = .index(try reader.integer())
            case "struct": field.structure = try reader.layout()
            case "vmsd_name":
                // The next element of a list.
                try reader.countPart()
                field.parts.append(VMStateLayout(name: try reader.string(), version: 0))
            case "version", "fields", "subsections":
                guard var part = field.parts.popLast() else { return try reader.skipValue() }
                try reader.member(key, of: &part)
                field.parts.append(part)
            default: try reader.skipValue()
            }
        }
        return field
    }

    // MARK: JSON

    private func problem(_ expected: String, at index: Int? = nil) -> Problem {
        Problem(offset: (index ?? position) - text.startIndex, expected: expected)
    }

    private mutating func object(
        _ member: (inout DescriptionReader, String) throws(Problem) -> Void
    ) throws(Problem) {
        try open("{")
        if take("}") { return depth -= 1 }
        repeat {
            let key = try string()
            try expect(":")
            try member(&self, key)
        } while take(",")
        try expect("}")
        depth -= 1
    }

    private mutating func array(
        _ element: (inout DescriptionReader) throws(Problem) -> Void
    ) throws(Problem) {
        try open("[")
        if take("]") { return depth -= 1 }
        repeat { try element(&self) } while take(",")
        try expect("]")
        depth -= 1
    }

    private mutating func open(_ bracket: Unicode.Scalar) throws(Problem) {
        try expect(bracket)
        depth += 1
        guard depth <= Self.maximumDepth else {
            throw problem("at most \(Self.maximumDepth) levels of nesting")
        }
    }

    private mutating func string() throws(Problem) -> String {
        try expect("\"")
        var bytes: [UInt8] = []
        while position < text.endIndex {
            let byte = text[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: bytes, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard position < text.endIndex else { break }
                // Names of devices hold no escapes but these; others stay as they are.
                bytes.append(text[position])
                position += 1
            case 0..<0x20: throw problem("the end of a string", at: position - 1)
            default: bytes.append(byte)
            }
        }
        throw problem("the end of a string")
    }

    /// An integer that is no size of more than a device's.
    private mutating func integer() throws(Problem) -> Int {
        space()
        let start = position
        var value = 0
        let isNegative = take("-")
        while position < text.endIndex, let digit = Self.digit(text[position]) {
            guard value < 1 << 40 else { throw problem("a smaller number", at: start) }
            value = value * 10 + digit
            position += 1
        }
        guard position > start, !isNegative else { throw problem("a number", at: start) }
        return value
    }

    private mutating func skipValue() throws(Problem) {
        space()
        guard position < text.endIndex else { throw problem("a value") }
        switch text[position] {
        case UInt8(ascii: "{"):
            try object { (reader, _) throws(Problem) in try reader.skipValue() }
        case UInt8(ascii: "["):
            try array { (reader) throws(Problem) in try reader.skipValue() }
        case UInt8(ascii: "\""): _ = try string()
        default:
            let start = position
            while position < text.endIndex, Self.isWord(text[position]) { position += 1 }
            guard position > start else { throw problem("a value") }
        }
    }

    private static func digit(_ byte: UInt8) -> Int? {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) ? Int(byte - UInt8(ascii: "0")) : nil
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        digit(byte) != nil || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
            || byte == UInt8(ascii: "+")
            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private mutating func space() {
        while position < text.endIndex, [0x20, 0x09, 0x0A, 0x0D].contains(text[position]) { position += 1 }
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        space()
        guard position < text.endIndex, text[position] == UInt8(ascii: scalar) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ scalar: Unicode.Scalar) throws(Problem) {
        guard take(scalar) else { throw problem("'\(scalar)'") }
    }
}
