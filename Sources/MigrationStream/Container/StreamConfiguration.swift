public import Bytes

/// The start of a stream: the magic number and what the two machines must have in common.
///
/// ```text
/// u32 "QEVM"   u32 3   07   u32 length, machine name   { 05 str8 name, u32 1, fields }…
/// ```
public struct StreamConfiguration: Equatable, Sendable {
    /// `QEVM`, the first four bytes of a main channel.
    public static let magic: UInt32 = 0x5145_564D
    /// The only version of the container there is.
    public static let version: UInt32 = 3
    /// Bytes that a machine name may have.
    public static let maximumNameLength = 255
    /// Validated capabilities that a stream may name.
    public static let maximumCapabilities = 64

    /// Machine type, e.g. `virt`.
    public var machine: String
    /// log2 of the target page size; nil when not sent: then the least of the CPU family, 12 for riscv64.
    public var targetPageBits: UInt32?
    /// Capabilities that are on at the source and must be on at the destination; nil when none is sent.
    public var capabilities: [String]?
    /// Sixteen bytes, sent with the capability `validate-uuid`.
    public var uuid: [UInt8]?
    var places = Places()

    /// Where the values stood in the stream, for errors; no part of what a configuration is.
    struct Places: Equatable {
        var machine: UInt64 = 0
        var targetPageBits: UInt64 = 0
        var capabilities: UInt64 = 0
        var uuid: UInt64 = 0

        static func == (left: Places, right: Places) -> Bool { true }
    }

    public init(
        machine: String, targetPageBits: UInt32? = nil, capabilities: [String]? = nil, uuid: [UInt8]? = nil
    ) {
        self.machine = machine
        self.targetPageBits = targetPageBits
        self.capabilities = capabilities
        self.uuid = uuid
    }

    /// Writes magic, version and configuration.
    public func encode(to writer: inout ByteWriter) {
        writer.uint32(Self.magic)
        writer.uint32(Self.version)
        writer.uint8(ItemType.configuration.rawValue)
        writer.uint32(UInt32(machine.utf8.count))
        writer.append(machine.utf8)
        func subsection(_ name: String) {
            writer.uint8(ItemType.subsection.rawValue)
            writer.string8("configuration/\(name)")
            writer.uint32(1)
        }
        if let targetPageBits {
            subsection("target-page-bits")
            writer.uint32(targetPageBits)
        }
        if let capabilities {
            subsection("capabilities")
            writer.uint32(UInt32(capabilities.count))
            for name in capabilities { writer.string8(name) }
        }
        if let uuid {
            subsection("uuid")
            writer.append(uuid)
        }
    }

    /// Reads magic, version and configuration.
    ///
    /// The configuration ends where no subsection follows, so the first byte of the next item must have arrived
    /// (or the stream have ended).
    public static func decode(from input: InputBuffer) throws(StreamError) -> StreamConfiguration {
        var at = input.offset
        let magic = try input.field("magic") { (i) throws(ByteError) in try i.uint32() }
        guard magic == Self.magic else {
            throw StreamError(
                .value(expected: "\(hex(Self.magic, digits: 8)) ('QEVM')", found: hex(magic, digits: 8)),
                path: ["magic"], offset: at, cause: "what arrived is not a migration stream",
                remedy: "check what writes to the address or file; in a file the stream may begin later")
        }
        at = input.offset
        let version = try input.field("version") { (i) throws(ByteError) in try i.uint32() }
        guard version == Self.version else {
            throw StreamError(
                .version(found: version, supported: Self.version...Self.version), path: ["version"],
                offset: at)
        }
        at = input.offset
        let mark = try input.field("configuration") { (i) throws(ByteError) in try i.uint8() }
        guard mark == ItemType.configuration.rawValue else {
            throw StreamError(
                .value(expected: "0x07 (configuration)", found: hex(mark, digits: 2)),
                path: ["configuration"], offset: at)
        }
        at = input.offset
        let length = try input.field("configuration.len") { (i) throws(ByteError) in try i.uint32() }
        guard length <= UInt32(maximumNameLength) else {
            throw StreamError(
                .value(expected: "at most \(maximumNameLength) bytes of machine name", found: "\(length)"),
                path: ["configuration", "len"], offset: at)
        }
        at = input.offset
        let name = try input.field("configuration.name") { (i) throws(ByteError) in
            try i.text(Int(length))
        }
        var result = StreamConfiguration(machine: name)
        result.places.machine = at
        while try input.field("configuration", { (i) throws(ByteError) in try i.peek() })
            == ItemType.subsection.rawValue
        {
            try result.decodeSubsection(from: input)
        }
        return result
    }

    private static let subsections: Set = [
        "configuration/target-page-bits", "configuration/capabilities", "configuration/uuid",
    ]

    private mutating func decodeSubsection(from input: InputBuffer) throws(StreamError) {
        let start = input.offset
        let name = try input.field("configuration") { (i) throws(ByteError) in
            _ = try i.uint8()
            return try i.string8()
        }
        // Only names that are known get into the paths of later errors.
        guard Self.subsections.contains(name) else {
            throw StreamError(.unknownSubsection(name), path: ["configuration"], offset: start)
        }
        var at = input.offset
        let version = try input.field("configuration") { (i) throws(ByteError) in try i.uint32() }
        guard version == 1 else {
            throw StreamError(.version(found: version, supported: 1...1), path: [name], offset: at)
        }
        func once(_ isNew: Bool) throws(StreamError) {
            guard !isNew else { return }
            throw StreamError(
                .value(expected: "each subsection once", found: "a second \(quoted(name))"),
                path: ["configuration"], offset: start)
        }
        at = input.offset
        switch name {
        case "configuration/target-page-bits":
            try once(targetPageBits == nil)
            places.targetPageBits = at
            targetPageBits = try input.field("configuration/target-page-bits") { (i) throws(ByteError) in
                try i.uint32()
            }
        case "configuration/capabilities":
            try once(capabilities == nil)
            places.capabilities = at
            let count = try input.field("configuration/capabilities") { (i) throws(ByteError) in
                try i.uint32()
            }
            guard count <= UInt32(Self.maximumCapabilities) else {
                throw StreamError(
                    .value(expected: "at most \(Self.maximumCapabilities) capabilities", found: "\(count)"),
                    path: [name], offset: at)
            }
            var names: [String] = []
            for _ in 0..<count {
                names.append(
                    try input.field("configuration/capabilities") { (i) throws(ByteError) in
                        try i.string8()
                    })
            }
            capabilities = names
        case "configuration/uuid":
            try once(uuid == nil)
            places.uuid = at
            uuid = try input.field("configuration/uuid") { (i) throws(ByteError) in try i.bytes(16) }
        default: preconditionFailure("a known subsection has a decoder")
        }
    }

    /// Compares what arrived with the machine here. Stricter than QEMU, which takes any beginning of its name.
    ///
    /// - Parameter local: this machine: `capabilities` those that it has on and that are validated; `uuid` nil
    ///   when it was given none.
    public func check(against local: StreamConfiguration) throws(StreamError) {
        func differ(
            _ name: String, _ place: UInt64, _ expected: String, _ found: String, _ cause: String,
            _ remedy: String
        ) -> StreamError {
            StreamError(
                .value(expected: expected, found: found), path: ["configuration", name], offset: place,
                cause: cause, remedy: remedy
            ).at(nil, .start)
        }
        guard machine == local.machine else {
            throw differ(
                "name", places.machine, "machine type \(quoted(local.machine))", quoted(machine),
                "the source is another machine", "start the destination with the machine type of the source")
        }
        let bits = targetPageBits ?? 12
        let localBits = local.targetPageBits ?? 12
        guard bits == localBits else {
            throw differ(
                "target-page-bits", places.targetPageBits, "\(localBits)", "\(bits)",
                "the source is a machine with other pages", "start a destination with pages of the same size")
        }
        let wanted = Set(local.capabilities ?? [])
        let named = Set(capabilities ?? [])
        if let extra = named.subtracting(wanted).min() {
            throw differ(
                "capabilities", places.capabilities, "capability \(quoted(extra)) off", "on at the source",
                "the capabilities of the two sides differ", "set the same capabilities on both sides")
        }
        if let missing = wanted.subtracting(named).min() {
            throw differ(
                "capabilities", places.capabilities, "capability \(quoted(missing)) on", "off at the source",
                "the capabilities of the two sides differ", "set the same capabilities on both sides")
        }
        if let localUUID = local.uuid, let uuid, uuid != localUUID {
            throw differ(
                "uuid", places.uuid, "UUID \(hexText(localUUID))", hexText(uuid),
                "the source is another guest", "start the destination with the -uuid of the source")
        }
    }
}

private func hexText(_ bytes: [UInt8]) -> String {
    bytes.map { String(hex($0, digits: 2).dropFirst(2)) }.joined()
}
