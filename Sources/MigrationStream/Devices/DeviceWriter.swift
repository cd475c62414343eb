public import Bytes
public import VMState

/// Writes the device part of a stream: a FULL section for each device, the end, the description.
public struct DeviceWriter {
    /// Whose layouts are written.
    public let dialect: Dialect
    /// What has been written.
    public private(set) var output = ByteWriter(reserving: 64 << 10)
    public private(set) var description = StreamDescription()

    public init(dialect: Dialect) { self.dialect = dialect }

    /// Writes a device as a FULL section; nothing when the dialect does not know it.
    ///
    /// - Parameter id: a section id that no other section of the stream has.
    public mutating func write(_ section: VMStateSection, id: UInt32) {
        guard section.isKnown(dialect) else { return }
        let version = section.version(dialect)
        let header = SectionHeader(
            kind: .full, id: id, name: section.name, instance: section.instance, version: version)
        header.encode(to: &output)
        var writer = VMStateWriter(dialect: dialect, version: version)
        let layout = section.save(&writer)
        output.append(writer.output.bytes)
        header.encodeFooter(to: &output)
        description.devices.append(.init(name: section.name, instance: section.instance, layout: layout))
    }

    /// Writes the end of the stream and, unless it is suppressed, the description.
    public mutating func finish(configuration: StreamConfiguration, withDescription: Bool = true) {
        output.uint8(ItemType.endOfStream.rawValue)
        guard withDescription else { return }
        description.encode(to: &output, configuration: dialect == .qemu7_2 ? nil : configuration)
    }
}
