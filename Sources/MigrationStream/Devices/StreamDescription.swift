public import Bytes
public import VMState

/// The JSON after a stream's end: what the bytes of its devices were. Receivers may ignore it; tools live on it.
public struct StreamDescription: Equatable, Sendable {
    /// One device of the stream.
    public struct Device: Equatable, Sendable {
        public var name: String
        public var instance: UInt32
        public var layout: VMStateLayout

        public init(name: String, instance: UInt32, layout: VMStateLayout) {
            self.name = name
            self.instance = instance
            self.layout = layout
        }
    }

    /// Bytes of a target page.
    public var pageSize = RAMSection.pageSize
    /// The configuration's layout, as a text that was read has it.
    public var configuration: VMStateLayout?
    /// Devices in the order of the stream.
    public var devices: [Device] = []

    public init() {}

    /// The text, in QEMU's order and spacing.
    ///
    /// - Parameter configuration: described by senders of QEMU 9 and later; nil leaves it out, as 7.2 does.
    public func json(configuration: StreamConfiguration?) -> String {
        String(decoding: text(configuration).bytes, as: UTF8.self)
    }

    /// Writes the whole item.
    public func encode(to writer: inout ByteWriter, configuration: StreamConfiguration?) {
        let text = text(configuration)
        writer.uint8(ItemType.description.rawValue)
        writer.uint32(UInt32(text.count))
        writer.append(text.bytes)
    }

    private func text(_ configuration: StreamConfiguration?) -> ByteWriter {
        var text = ByteWriter(reserving: 64 << 10)
        text.append("{")
        if let configuration {
            text.append("\"configuration\": {")
            configuration.layout.encodeMembers(to: &text)
            text.append("}, ")
        }
        text.append("\"page_size\": \(pageSize), \"devices\": [")
        for (index, device) in devices.enumerated() {
            text.append(index > 0 ? ", {\"name\": " : "{\"name\": ")
            text.append(jsonString(device.name))
            text.append(", \"instance_id\": \(device.instance), ")
            device.layout.encodeMembers(to: &text)
            text.append("}")
        }
        text.append("]}")
        return text
    }
}

extension StreamConfiguration {
    /// The configuration's own description.
    public var layout: VMStateLayout {
        var layout = VMStateLayout(name: "configuration", version: 1)
        layout.fields = [
            .init(name: "len", repetition: .none, type: "uint32", size: 4),
            .init(name: "name", repetition: .none, type: "buffer", size: machine.utf8.count),
        ]
        func subsection(_ name: String, _ fields: [VMStateLayout.Field]) {
            layout.subsections.append(
                VMStateLayout(name: "configuration/\(name)", version: 1, fields: fields))
        }
        if targetPageBits != nil {
            subsection(
                "target-page-bits",
                [.init(name: "target_page_bits", repetition: .none, type: "uint32", size: 4)])
        }
        if let capabilities {
            let size = capabilities.reduce(0) { $0 + 1 + $1.utf8.count }
            subsection(
                "capabilities",
                [
                    .init(name: "caps_count", repetition: .none, type: "uint32", size: 4),
                    .init(name: "capabilities", repetition: .none, type: "buffer", size: size),
                ])
        }
        if uuid != nil {
            subsection("uuid", [.init(name: "uuid", repetition: .none, type: "buffer", size: 16)])
        }
        return layout
    }
}

/// Text as a JSON string.
func jsonString(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case _ where scalar.value < 0x20:
            result += "\\u00" + hex(scalar.value, digits: 2).dropFirst(2)
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}
