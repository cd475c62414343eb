public import QAPI

extension StreamDifference {
    /// What differs, for people, a line each.
    public var text: String {
        if isEmpty { return "the guests are the same" }
        var lines: [String] = []
        for value in values {
            lines.append("\(printable(value.path)): \(Self.shown(value.left)) | \(Self.shown(value.right))")
        }
        for block in blocks {
            lines.append("RAM block \(printable(block.name)): \(block.count) pages differ")
            for range in block.ranges {
                lines.append(
                    "  0x\(String(range.lowerBound, radix: 16)) to 0x\(String(range.upperBound - 1, radix: 16))"
                )
            }
            let shown = block.ranges.count == Self.maximumRanges
            if shown { lines.append("  (the first \(Self.maximumRanges) ranges)") }
        }
        return lines.joined(separator: "\n")
    }

    /// What differs, for machines.
    public var json: JSONValue {
        let fields = values.map { value in
            var result: JSONObject = ["path": .string(value.path)]
            result["left"] = value.left.map(JSONValue.string)
            result["right"] = value.right.map(JSONValue.string)
            return JSONValue.object(result)
        }
        let ram = blocks.map { block in
            JSONValue.object([
                "block": .string(block.name), "pages": JSONValue(block.count),
                "ranges": .array(
                    block.ranges.map { ["start": JSONValue($0.lowerBound), "end": JSONValue($0.upperBound)] }),
            ])
        }
        return ["same": .bool(isEmpty), "fields": .array(fields), "ram": .array(ram)]
    }

    private static func shown(_ value: String?) -> String {
        guard let value else { return "(nothing)" }
        return value.count > 80 ? "\(value.prefix(80))…" : value
    }
}
