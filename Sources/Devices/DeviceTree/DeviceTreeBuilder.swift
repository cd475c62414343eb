/// Builds a flattened device tree, version 17. Source: Devicetree specification, chapter 5.
public struct DeviceTreeBuilder {
    private var structure: [UInt8] = []
    private var strings: [UInt8] = []
    private var stringOffsets: [String: UInt32] = [:]

    public init() {}

    /// A node; what `body` adds stands inside.
    public mutating func node(_ name: String, _ body: (inout DeviceTreeBuilder) -> Void) {
        word(1)
        structure += Array(name.utf8) + [0]
        pad()
        body(&self)
        word(2)
    }

    public mutating func property(_ name: String, bytes: [UInt8]) {
        word(3)
        word(UInt32(bytes.count))
        word(offset(of: name))
        structure += bytes
        pad()
    }

    /// 32-bit cells.
    public mutating func property(_ name: String, cells: [UInt32]) {
        property(name, bytes: cells.flatMap(Self.bytes))
    }

    /// Numbers of two cells each.
    public mutating func property(_ name: String, wide: [UInt64]) {
        property(
            name,
            cells: wide.flatMap { [UInt32(truncatingIfNeeded: $0 >> 32), UInt32(truncatingIfNeeded: $0)] })
    }

    public mutating func property(_ name: String, _ texts: String...) {
        property(name, bytes: texts.flatMap { Array($0.utf8) + [0] })
    }

    /// An empty property, whose presence says it all.
    public mutating func flag(_ name: String) { property(name, bytes: []) }

    /// The blob.
    public func build() -> [UInt8] {
        let body = structure + Self.bytes(9)
        let structureOffset: UInt32 = 40 + 16  // Header and an empty list of reserved memory.
        let stringsOffset = structureOffset + UInt32(body.count)
        let header: [UInt32] = [
            0xd00d_feed, stringsOffset + UInt32(strings.count), structureOffset, stringsOffset, 40, 17, 16, 0,
            UInt32(strings.count), UInt32(body.count),
        ]
        return header.flatMap(Self.bytes) + Array(repeating: 0, count: 16) + body + strings
    }

    private static func bytes(_ value: UInt32) -> [UInt8] {
        [UInt8(value >> 24), UInt8(value >> 16 & 0xff), UInt8(value >> 8 & 0xff), UInt8(value & 0xff)]
    }

    private mutating func word(_ value: UInt32) { structure += Self.bytes(value) }

    private mutating func pad() { while structure.count % 4 != 0 { structure.append(0) } }

    private mutating func offset(of name: String) -> UInt32 {
        if let known = stringOffsets[name] { return known }
        let offset = UInt32(strings.count)
        stringOffsets[name] = offset
        strings += Array(name.utf8) + [0]
        return offset
    }
}
