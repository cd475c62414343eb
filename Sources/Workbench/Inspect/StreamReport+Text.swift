import MigrationStream

extension StreamReport {
    /// The report for people, line by line.
    ///
    /// - Parameter withFields: the fields of devices, too.
    public func text(withFields: Bool = true) -> String {
        var lines: [String] = []
        if let configuration { lines += Self.lines(configuration, pageSize) }
        lines += channelLines + blockLines + bitmapLines + itemLines
        if !devices.isEmpty { lines += ["", "devices"] }
        for device in devices { lines += device.lines(withFields: withFields) }
        if !replies.isEmpty {
            lines += ["", "return path"] + replies.map { "  \($0.text)" }
        }
        if let failure { lines += ["", "damaged: \(failure)"] }
        return lines.joined(separator: "\n")
    }

    private static func lines(_ configuration: StreamConfiguration, _ pageSize: Int) -> [String] {
        var result = ["machine        \(printable(configuration.machine))", "page size      \(pageSize)"]
        if let capabilities = configuration.capabilities {
            result.append("capabilities   \(printable(capabilities.joined(separator: ", ")))")
        }
        if let uuid = configuration.uuid { result.append("uuid           \(hexDigits(uuid))") }
        return result
    }

    private var channelLines: [String] {
        guard channels.count > 1 else { return [] }
        var rows = [["channel", "bytes", "pages", "zero", "packets", "syncs", "packed"]]
        for channel in channels {
            let packed = channel.compressions.map(\.name).sorted().joined(separator: " ")
            rows.append([
                channel.channel.name, "\(channel.bytes)", "\(channel.pages.total - channel.pages.zero)",
                "\(channel.pages.zero)", channel.packets > 0 ? "\(channel.packets)" : "",
                channel.packets > 0 ? "\(channel.syncs)" : "", packed,
            ])
        }
        return [""] + table(rows)
    }

    private var blockLines: [String] {
        guard !blocks.isEmpty else { return [] }
        var rows = [
            ["RAM block", "length", "normal", "zero", "xbzrle", "compressed", "pages sent 0, 1, 2… times"]
        ]
        for block in blocks {
            rows.append([
                printable(block.description.name), size(block.description.length), "\(block.pages.normal)",
                "\(block.pages.zero)", "\(block.pages.xbzrle)", "\(block.pages.compressed)",
                block.sent.map(String.init).joined(separator: ", "),
            ])
        }
        return [""] + table(rows)
    }

    private var bitmapLines: [String] {
        guard !bitmaps.isEmpty else { return [] }
        var rows = [["dirty bitmap", "node", "granularity", "set bits", ""]]
        for bitmap in bitmaps {
            let flags = [
                bitmap.isEnabled ? "enabled" : "disabled", bitmap.isPersistent ? "persistent" : "",
                bitmap.isComplete ? "" : "incomplete",
            ]
            rows.append([
                printable(bitmap.name), printable(bitmap.node), "\(bitmap.granularity)", "\(bitmap.setBits)",
                flags.filter { !$0.isEmpty }.joined(separator: ", "),
            ])
        }
        return [""] + table(rows)
    }

    private var itemLines: [String] {
        guard !items.isEmpty else { return [] }
        var rows = [["offset", "length", "item", ""]]
        for item in items {
            let (what, more) = Self.words(item)
            rows.append(["\(item.offset)", "\(item.length)", what, more])
        }
        if itemsLeftOut > 0 { rows.append(["", "", "\(itemsLeftOut) more items", ""]) }
        return [""] + table(rows)
    }

    private static func words(_ item: Item) -> (String, String) {
        switch item.content {
        case .section(let header, let pages):
            let place = header.instance == 0 ? header.name : "\(header.name) \(header.instance)"
            var more = "id \(header.id)"
            if header.kind == .start || header.kind == .full { more += ", version \(header.version)" }
            if pages.total > 0 { more += ", \(words(pages))" }
            return ("\(header.kind.name.uppercased()) \(printable(place))", more)
        case .command(let command): return ("command \(command.name)", command.detail)
        case .packageEnd: return ("end of the package", "")
        case .end: return ("end of the stream", "")
        case .description: return ("description", "")
        case .trailing: return ("bytes that belong to nothing", "")
        }
    }

    private static func words(_ pages: Pages) -> String {
        var parts: [String] = []
        for (count, name) in [
            (pages.normal, "normal"), (pages.zero, "zero"), (pages.xbzrle, "xbzrle"),
            (pages.compressed, "compressed"),
        ] where count > 0 { parts.append("\(count) \(name)") }
        return parts.joined(separator: ", ")
    }
}

extension StreamCommand {
    /// What the command carries, in a few words.
    var detail: String {
        switch self {
        case .ping(let value): "0x" + String(value, radix: 16)
        case .postcopyAdvise(let block, let target): "block page sizes \(block), target page size \(target)"
        case .postcopyAdviseBitmaps: "of dirty bitmaps only"
        case .postcopyRAMDiscard(let block, let ranges):
            "\(printable(block)): "
                + ranges.map { "0x\(String($0.start, radix: 16))+0x\(String($0.length, radix: 16))" }
                .joined(separator: ", ")
        case .packaged(let length): "\(length) bytes"
        case .receivedBitmap(let block): printable(block)
        case .openReturnPath, .postcopyListen, .postcopyRun, .enableCOLO, .postcopyResume, .switchoverStart:
            ""
        }
    }
}

extension ReturnPathMessage {
    /// The message in a few words.
    var text: String {
        switch self {
        case .shut(let status): "SHUT \(status)"
        case .pong(let value): "PONG 0x" + String(value, radix: 16)
        case .requestPages(let block, let start, let length):
            "REQ_PAGES \(block.map { printable($0) + " " } ?? "")0x\(String(start, radix: 16))+\(length)"
        case .receivedBitmap(let block): "RECV_BITMAP \(printable(block))"
        case .resumeAcknowledged: "RESUME_ACK"
        case .switchoverAcknowledged: "SWITCHOVER_ACK"
        case .failure(let text): "FAILURE \(printable(text))"
        }
    }
}

extension DeviceSection {
    func lines(withFields: Bool) -> [String] {
        let place = header.instance == 0 ? header.name : "\(header.name) \(header.instance)"
        let source =
            switch self.source {
            case .description: ""
            case .tables: ", by our tables"
            case .footer: ", unknown: its length is a guess"
            }
        var result = [
            "  \(printable(place)), version \(header.version), \(bytes.count) bytes at \(offset)\(source)"
        ]
        if let problem { result.append("    wrong: \(problem)") }
        guard withFields else { return result }
        for field in fields { result += field.lines(indent: 4) }
        return result
    }
}

extension DeviceField {
    func lines(indent: Int) -> [String] {
        let margin = String(repeating: " ", count: indent)
        guard !children.isEmpty else {
            return text.map { ["\(margin)\(printable(name)) = \($0)"] } ?? []
        }
        var result = ["\(margin)\(printable(name))"]
        // Elements that say the same are said once.
        var index = 0
        while index < children.count {
            let first = children[index].lines(indent: indent + 2)
            var last = index
            if children[index].name.hasPrefix("[") {
                let body = first.dropFirst()
                while last + 1 < children.count, children[last + 1].name.hasPrefix("["),
                    children[last + 1].lines(indent: indent + 2).dropFirst() == body, !body.isEmpty
                {
                    last += 1
                }
            }
            if last > index, let head = first.first {
                result.append("\(head) to \(children[last].name)")
                result += first.dropFirst()
            } else {
                result += first
            }
            index = last + 1
        }
        return result
    }

    /// The value; nil for what has none.
    public var text: String? {
        switch value {
        case .none, .unused: nil
        case .integer(let value): Self.text(value)
        case .signed(let value): value == -1 ? "-1" : "\(value)"
        case .bool(let value): "\(value)"
        case .integers(let values): Self.runs(values)
        case .bytes(let bytes): Self.text(bytes)
        }
    }

    static func text(_ value: UInt64) -> String {
        value < 4096 ? "\(value)" : "0x" + String(value, radix: 16)
    }

    /// An array with repeated values counted.
    private static func runs(_ values: [UInt64]) -> String {
        var parts: [String] = []
        var index = 0
        while index < values.count {
            var end = index + 1
            while end < values.count, values[end] == values[index] { end += 1 }
            parts.append(
                end - index > 2 ? "\(text(values[index])) (\(end - index) times)" : text(values[index]))
            index = end - index > 2 ? end : index + 1
        }
        return parts.joined(separator: ", ")
    }

    private static func text(_ bytes: [UInt8]) -> String {
        let meaningful = bytes.prefix { $0 != 0 }
        if bytes.allSatisfy({ $0 == 0 }) { return "\(bytes.count) bytes of 0" }
        if meaningful.count > 2, meaningful.allSatisfy({ (0x20...0x7e).contains($0) }),
            bytes.dropFirst(meaningful.count).allSatisfy({ $0 == 0 })
        {
            return "'" + String(decoding: meaningful, as: UTF8.self) + "'"
        }
        let shown = hexDigits(Array(bytes.prefix(64)))
        return bytes.count > 64 ? "\(shown)… (\(bytes.count) bytes)" : shown
    }
}

/// Columns as wide as their longest entries; the last is not padded.
func table(_ rows: [[String]]) -> [String] {
    guard let first = rows.first else { return [] }
    let widths = first.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
        var line = ""
        for (column, entry) in row.enumerated() {
            let isNumber = column > 0 && !entry.isEmpty && entry.allSatisfy(\.isNumber)
            let padding = String(repeating: " ", count: widths[column] - entry.count)
            line += isNumber ? padding + entry : column == row.count - 1 ? entry : entry + padding
            line += "  "
        }
        while line.hasSuffix(" ") { line.removeLast() }
        return line
    }
}

/// `32 MiB`, `61440`: in binary units where they are whole.
func size(_ bytes: UInt64) -> String {
    for (unit, name) in [(UInt64(1) << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")]
    where bytes >= unit && bytes % unit == 0 {
        return "\(bytes / unit) \(name)"
    }
    return "\(bytes)"
}

/// A stranger's text without what a terminal would take for a command.
func printable(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
        if isControl {
            result += "\\x" + String(scalar.value, radix: 16)
        } else {
            result.unicodeScalars.append(scalar)
        }
    }
    return result
}
