public import MigrationStream
public import QAPI
import VMState

// Documentation/StreamJSON.md describes what is written here.

extension StreamReport {
    /// The report for machines.
    public var json: JSONValue {
        var result: JSONObject = ["format": "martlet-stream-report", "version": 1]
        result["configuration"] = configuration.map(Self.json)
        result["page-size"] = .integer(Int64(pageSize))
        result["ram"] = .array(blocks.map { Self.json($0, pageSize: pageSize) })
        result["items"] = .array(items.map(Self.json))
        if itemsLeftOut > 0 { result["items-left-out"] = JSONValue(itemsLeftOut) }
        result["devices"] = .array(devices.map(\.json))
        if !bitmaps.isEmpty { result["dirty-bitmaps"] = .array(bitmaps.map(Self.json)) }
        result["channels"] = .array(channels.map(Self.json))
        if !replies.isEmpty { result["return-path"] = .array(replies.map(Self.json)) }
        result["error"] = failure.map(\.json)
        return .object(result)
    }

    private static func json(_ configuration: StreamConfiguration) -> JSONValue {
        var result: JSONObject = ["machine": .string(configuration.machine)]
        result["target-page-bits"] = configuration.targetPageBits.map { .integer(Int64($0)) }
        result["capabilities"] = configuration.capabilities.map { .array($0.map(JSONValue.string)) }
        result["uuid"] = configuration.uuid.map { .string(hexDigits($0)) }
        return .object(result)
    }

    private static func json(_ pages: Pages) -> JSONValue {
        [
            "normal": JSONValue(pages.normal), "zero": JSONValue(pages.zero),
            "xbzrle": JSONValue(pages.xbzrle),
            "compressed": JSONValue(pages.compressed),
        ]
    }

    private static func json(_ block: Block, pageSize: Int) -> JSONValue {
        var result: JSONObject = [
            "name": .string(block.description.name), "length": JSONValue(block.description.length),
            "pages": json(block.pages), "sent": .array(block.sent.map { JSONValue($0) }),
        ]
        result["address"] = block.description.address.map { JSONValue($0) }
        result["block-page-size"] = block.description.pageSize.map { JSONValue($0) }
        if let mapped = block.description.mapped {
            result["mapped"] = [
                "bitmap-offset": JSONValue(mapped.bitmapOffset),
                "pages-offset": JSONValue(mapped.pagesOffset),
            ]
        }
        return .object(result)
    }

    private static func json(_ item: Item) -> JSONValue {
        var result: JSONObject = ["offset": JSONValue(item.offset), "length": JSONValue(item.length)]
        switch item.content {
        case .section(let header, let pages):
            result["item"] = "section"
            result["kind"] = .string(header.kind.name)
            result["id"] = .integer(Int64(header.id))
            result["name"] = .string(header.name)
            result["instance"] = .integer(Int64(header.instance))
            result["version"] = .integer(Int64(header.version))
            if pages.total > 0 { result["pages"] = json(pages) }
        case .command(let command):
            result["item"] = "command"
            result["command"] = .string(command.name)
            switch command {
            case .ping(let value): result["value"] = .integer(Int64(value))
            case .packaged(let length): result["package-length"] = .integer(Int64(length))
            case .postcopyAdvise(let block, let target):
                result["block-page-sizes"] = JSONValue(block)
                result["target-page-size"] = JSONValue(target)
            case .postcopyRAMDiscard(let block, let ranges):
                result["block"] = .string(block)
                result["ranges"] = .array(
                    ranges.map { ["start": JSONValue($0.start), "length": JSONValue($0.length)] })
            case .receivedBitmap(let block): result["block"] = .string(block)
            default: break
            }
        case .packageEnd: result["item"] = "package-end"
        case .end: result["item"] = "end"
        case .description: result["item"] = "description"
        case .trailing: result["item"] = "trailing"
        }
        return .object(result)
    }

    private static func json(_ bitmap: DirtyBitmap) -> JSONValue {
        [
            "node": .string(bitmap.node), "name": .string(bitmap.name),
            "granularity": .integer(Int64(bitmap.granularity)), "enabled": .bool(bitmap.isEnabled),
            "persistent": .bool(bitmap.isPersistent), "set-bits": JSONValue(bitmap.setBits),
            "complete": .bool(bitmap.isComplete),
        ]
    }

    private static func json(_ channel: Channel) -> JSONValue {
        var result: JSONObject = [
            "channel": .string(channel.channel.name), "bytes": JSONValue(channel.bytes),
        ]
        if channel.pages.total > 0 { result["pages"] = json(channel.pages) }
        if case .multifd = channel.channel {
            result["number"] = channel.number.map { .integer(Int64($0)) }
            result["packets"] = JSONValue(channel.packets)
            result["syncs"] = JSONValue(channel.syncs)
            result["compression"] = .array(channel.compressions.map(\.name).sorted().map(JSONValue.string))
        }
        return .object(result)
    }

    private static func json(_ message: ReturnPathMessage) -> JSONValue {
        switch message {
        case .shut(let status): ["message": "SHUT", "status": .integer(Int64(status))]
        case .pong(let value): ["message": "PONG", "value": .integer(Int64(value))]
        case .requestPages(let block, let start, let length):
            .object(
                {
                    var result: JSONObject = ["message": "REQ_PAGES"]
                    result["block"] = block.map(JSONValue.string)
                    result["start"] = JSONValue(start)
                    result["length"] = .integer(Int64(length))
                    return result
                }())
        case .receivedBitmap(let block): ["message": "RECV_BITMAP", "block": .string(block)]
        case .resumeAcknowledged: ["message": "RESUME_ACK"]
        case .switchoverAcknowledged: ["message": "SWITCHOVER_ACK"]
        case .failure(let text): ["message": "FAILURE", "text": .string(text)]
        }
    }
}

extension DeviceSection {
    /// The device for machines.
    public var json: JSONValue {
        var result: JSONObject = [
            "name": .string(header.name), "instance": .integer(Int64(header.instance)),
            "version": .integer(Int64(header.version)), "id": .integer(Int64(header.id)),
            "offset": JSONValue(offset), "length": .integer(Int64(bytes.count)),
            "known-by": .string(source.rawValue), "fields": .array(fields.map(\.json)),
        ]
        result["error"] = problem.map(\.json)
        return .object(result)
    }
}

extension DeviceField {
    var json: JSONValue {
        var result: JSONObject = ["name": .string(name)]
        if !type.isEmpty { result["type"] = .string(type) }
        result["offset"] = JSONValue(offset)
        result["length"] = JSONValue(length)
        switch value {
        case .none: result["fields"] = .array(children.map(\.json))
        case .integer(let value): result["value"] = JSONValue(value)
        case .signed(let value): result["value"] = .integer(value)
        case .bool(let value): result["value"] = .bool(value)
        case .integers(let values): result["value"] = .array(values.map { JSONValue($0) })
        case .bytes(let bytes): result["bytes"] = .string(hexDigits(bytes))
        case .unused: break
        }
        return .object(result)
    }
}

extension StreamError {
    /// The error for machines: the same parts as its text, named as in QMP's `MartletError`.
    public var json: JSONValue {
        var result: JSONObject = [:]
        result["side"] = side.map { .string($0.rawValue) }
        result["phase"] = phase.map { .string($0.rawValue) }
        result["text"] = .string(description)
        if let section {
            result["section"] = .string(section.name)
            result["instance"] = .integer(Int64(section.instance))
        }
        result["path"] = .array(path.map(JSONValue.string))
        result["offset"] = JSONValue(offset)
        result["expected"] = .string(expected)
        result["found"] = .string(found)
        result["cause"] = .string(cause)
        result["remedy"] = .string(remedy)
        return .object(result)
    }
}

extension SectionHeader.Kind {
    /// The kind's name in reports.
    var name: String {
        switch self {
        case .start: "start"
        case .part: "part"
        case .end: "end"
        case .full: "full"
        }
    }
}

extension MultifdPacket.Compression {
    var name: String {
        switch self {
        case .none: "none"
        case .zlib: "zlib"
        case .zstd: "zstd"
        }
    }
}

extension StreamEvent.Channel {
    /// The channel's name in reports.
    public var name: String {
        switch self {
        case .main: "main"
        case .multifd(let index): "multifd \(index)"
        case .preempt: "preempt"
        case .returnPath: "return path"
        }
    }
}

/// Bytes as hexadecimal digits.
func hexDigits(_ bytes: [UInt8]) -> String {
    var result = ""
    for byte in bytes { result += (byte < 16 ? "0" : "") + String(byte, radix: 16) }
    return result
}
