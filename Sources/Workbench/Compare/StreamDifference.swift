public import Bytes
import MigrationStream

/// What differs between two guests, as their streams leave them: RAM page by page, devices field by field. How they
/// were sent is not compared.
public struct StreamDifference: Sendable {
    /// A value that differs.
    public struct Value: Equatable, Sendable {
        /// E.g. `cpu:0.env.pc`.
        public var path: String
        /// nil when one side has nothing there.
        public var left: String?
        public var right: String?
    }

    /// A RAM block whose contents differ.
    public struct Block: Equatable, Sendable {
        public var name: String
        /// Pages that differ.
        public var count: UInt64
        /// The first of them, as ranges of offsets in bytes; at most ``maximumRanges``.
        public var ranges: [Range<UInt64>]
    }

    /// Ranges that are kept for a block.
    public static let maximumRanges = 1000

    public var values: [Value] = []
    public var blocks: [Block] = []

    /// The guests are the same.
    public var isEmpty: Bool { values.isEmpty && blocks.isEmpty }

    /// A guest as a stream leaves it.
    public final class Guest {
        let image: RAMImage
        let configuration: StreamConfiguration
        let devices: [DeviceSection]

        /// Reads a stream to its end; RAM is kept in temporary files.
        ///
        /// - Parameter progress: called for each event.
        public init(
            _ reader: StreamEventReader, progress: (StreamEvent) -> Void = { _ in }
        ) throws {
            var image: RAMImage?
            var devices: [DeviceSection] = []
            while let event = try reader.next() {
                progress(event)
                switch event.content {
                case .configuration: image = RAMImage(pageSize: reader.pageSize)
                case .ram(let record): try image?.apply(record)
                case .device(let device): devices.append(device)
                default: break
                }
            }
            guard let image, let configuration = reader.configuration else {
                throw StreamError(.notSupported("a stream without a start"), offset: 0)
            }
            self.image = image
            self.configuration = configuration
            self.devices = devices
        }
    }

    public init(_ left: Guest, _ right: Guest) throws(ByteSourceError) {
        compare("machine", left.configuration.machine, right.configuration.machine)
        compare("page size", "\(left.image.pageSize)", "\(right.image.pageSize)")
        compareDevices(left.devices, right.devices)
        try compareRAM(left.image, right.image)
    }

    private mutating func compare(_ path: String, _ left: String?, _ right: String?) {
        guard left != right else { return }
        values.append(Value(path: path, left: left, right: right))
    }

    // MARK: Devices

    private mutating func compareDevices(_ left: [DeviceSection], _ right: [DeviceSection]) {
        func key(_ device: DeviceSection) -> String { "\(device.header.name):\(device.header.instance)" }
        var others: [String: DeviceSection] = [:]
        for device in right { others[key(device)] = device }
        for device in left {
            let name = key(device)
            guard let other = others.removeValue(forKey: name) else {
                compare(name, "version \(device.header.version)", nil)
                continue
            }
            compare("\(name) version", "\(device.header.version)", "\(other.header.version)")
            guard device.bytes != other.bytes else { continue }
            let before = values.count
            compare(name, Self.flat(device.fields), Self.flat(other.fields))
            // Where the fields say nothing, the bytes do.
            if values.count == before {
                compare(name, "\(device.bytes.count) bytes", "\(other.bytes.count) other bytes")
            }
        }
        for device in right where others[key(device)] != nil {
            compare(key(device), nil, "version \(device.header.version)")
        }
    }

    private mutating func compare(
        _ name: String, _ left: [(path: String, value: String)], _ right: [(path: String, value: String)]
    ) {
        var others: [String: String] = [:]
        for (path, value) in right { others[path] = value }
        for (path, value) in left { compare(name + path, value, others.removeValue(forKey: path)) }
        for (path, _) in right {
            if let value = others[path] { compare(name + path, nil, value) }
        }
    }

    /// Values with their paths, `.env.gpr[5]`. A name that comes again, as `status` of a device behind that of its
    /// transport, is numbered.
    static func flat(_ fields: [DeviceField]) -> [(path: String, value: String)] {
        var result: [(path: String, value: String)] = []
        var seen: [String: Int] = [:]
        func walk(_ field: DeviceField, _ prefix: String) {
            let path = prefix + (field.name.hasPrefix("[") ? field.name : ".\(field.name)")
            for child in field.children { walk(child, path) }
            guard field.children.isEmpty else { return }
            if case .integers(let values) = field.value {
                for (index, value) in values.enumerated() {
                    result.append(("\(path)[\(index)]", DeviceField.text(value)))
                }
            } else if case .bytes(let bytes) = field.value {
                // Whole: an abbreviation could hide what differs.
                result.append((path, hexDigits(bytes)))
            } else if let text = field.text {
                result.append((path, text))
            }
        }
        for field in fields { walk(field, "") }
        return result.map { path, value in
            let count = seen[path, default: 0] + 1
            seen[path] = count
            return (count == 1 ? path : "\(path)#\(count)", value)
        }
    }

    // MARK: RAM

    private mutating func compareRAM(_ left: RAMImage, _ right: RAMImage) throws(ByteSourceError) {
        let names = right.descriptions.map(\.name)
        for (index, block) in left.descriptions.enumerated() {
            guard let other = names.firstIndex(of: block.name) else {
                compare("RAM block \(block.name)", "\(block.length) bytes", nil)
                continue
            }
            let length = right.descriptions[other].length
            compare("RAM block \(block.name) length", "\(block.length)", "\(length)")
            guard block.length == length, left.pageSize == right.pageSize else { continue }
            let difference = try pages(left, index, right, other)
            if difference.count > 0 { blocks.append(difference) }
        }
        for block in right.descriptions where !left.descriptions.contains(where: { $0.name == block.name }) {
            compare("RAM block \(block.name)", nil, "\(block.length) bytes")
        }
    }

    private func pages(
        _ left: RAMImage, _ index: Int, _ right: RAMImage, _ other: Int
    ) throws(ByteSourceError) -> Block {
        let size = UInt64(left.pageSize)
        let block = left.descriptions[index]
        var result = Block(name: block.name, count: 0, ranges: [])
        let (mine, its) = (PageBuffer(left.pageSize), PageBuffer(left.pageSize))
        for page in 0..<Int(block.length / size) {
            let written = (
                left.isWritten(block: index, page: page), right.isWritten(block: other, page: page)
            )
            // Pages that are zero on both sides, or on one.
            if !written.0, !written.1 { continue }
            let offset = UInt64(page) * size
            if written.0, written.1 {
                unsafe try left.read(block: index, offset: offset, into: mine.bytes)
                unsafe try right.read(block: other, offset: offset, into: its.bytes)
                if mine.isEqual(to: its) { continue }
            }
            result.count += 1
            if let last = result.ranges.last, last.upperBound == offset {
                result.ranges[result.ranges.count - 1] = last.lowerBound..<offset + size
            } else if result.ranges.count < Self.maximumRanges {
                result.ranges.append(offset..<offset + size)
            }
        }
        return result
    }
}
