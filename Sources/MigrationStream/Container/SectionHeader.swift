public import Bytes

/// The byte that begins an item of the stream.
public enum ItemType: UInt8, Sendable {
    /// QEMU_VM_EOF
    case endOfStream = 0x00
    /// QEMU_VM_SECTION_START
    case sectionStart = 0x01
    /// QEMU_VM_SECTION_PART
    case sectionPart = 0x02
    /// QEMU_VM_SECTION_END
    case sectionEnd = 0x03
    /// QEMU_VM_SECTION_FULL
    case sectionFull = 0x04
    /// QEMU_VM_SUBSECTION
    case subsection = 0x05
    /// QEMU_VM_VMDESCRIPTION
    case description = 0x06
    /// QEMU_VM_CONFIGURATION
    case configuration = 0x07
    /// QEMU_VM_COMMAND
    case command = 0x08
    /// QEMU_VM_SECTION_FOOTER
    case footer = 0x7E
}

/// What announces a section's body.
public struct SectionHeader: Equatable, Sendable {
    public enum Kind: UInt8, Sendable {
        /// The first of a live section: its setup.
        case start = 0x01
        /// One round of a live section.
        case part = 0x02
        /// The last of a live section, with the guest stopped.
        case end = 0x03
        /// A whole device.
        case full = 0x04
    }

    public var kind: Kind
    /// The sender's number for the section, valid within one stream.
    public var id: UInt32
    /// The idstr, e.g. `ram`, `cpu`; of PART and END what START said.
    public var name: String
    /// Instance id: which of several equal names.
    public var instance: UInt32
    /// Version id of the body's layout.
    public var version: UInt32

    public init(kind: Kind, id: UInt32, name: String, instance: UInt32 = 0, version: UInt32) {
        self.kind = kind
        self.id = id
        self.name = name
        self.instance = instance
        self.version = version
    }

    /// Writes the header; PART and END carry the id only.
    public func encode(to writer: inout ByteWriter) {
        writer.uint8(kind.rawValue)
        writer.uint32(id)
        guard kind == .start || kind == .full else { return }
        writer.string8(name)
        writer.uint32(instance)
        writer.uint32(version)
    }

    /// Writes what ends the section's body.
    public func encodeFooter(to writer: inout ByteWriter) {
        writer.uint8(ItemType.footer.rawValue)
        writer.uint32(id)
    }

    /// For errors.
    public var place: StreamError.Section { .init(name: name, instance: instance) }
}

/// What stands at the top level of a stream.
public enum StreamItem: Equatable, Sendable {
    /// A section whose body comes next: read it, then ``StreamReader/endSection()``.
    case section(SectionHeader)
    case command(StreamCommand)
    /// The end of the items; a description of the devices may follow.
    case endOfStream
}
