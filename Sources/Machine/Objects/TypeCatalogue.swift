import QAPI

/// The types of objects that the command line can make, and what they descend from, under QEMU's names. What is not
/// built is not here: from this list management programs conclude what they may ask for.
enum TypeCatalogue {
    struct Entry: Sendable {
        var name: String
        /// What it descends from; nil at the root.
        var parent: String?
        /// Whether there can be no object of just this type.
        var isAbstract = false
        /// What -device or -object takes for it.
        var properties: [ObjectPropertyInfo] = []
    }

    static func entry(_ name: String) -> Entry? { entries.first { $0.name == name } }

    /// Whether a type is, or descends from, another.
    static func descends(_ entry: Entry, from ancestor: String) -> Bool {
        var current: Entry? = entry
        while let known = current {
            if known.name == ancestor { return true }
            current = known.parent.flatMap { self.entry($0) }
        }
        return false
    }

    static let entries: [Entry] =
        [
            .init(name: "object", isAbstract: true),
            .init(name: "container", parent: "object"),
            .init(name: "machine", parent: "object", isAbstract: true),
            .init(name: "none-machine", parent: "machine"),
            .init(
                name: "virt-machine", parent: "machine",
                properties: [
                    property("aclint", "bool"), property("acpi", "OnOffAuto"),
                    property("memory-backend", "string"), property("firmware", "string"),
                    property("kernel", "string"), property("initrd", "string"), property("append", "string"),
                    property("dumpdtb", "string"), property("pflash0", "string"),
                    property("pflash1", "string"),
                ]),
            .init(name: "accel", parent: "object", isAbstract: true),
            // The interpreter answers to this name.
            .init(name: "tcg-accel", parent: "accel"),
            .init(name: "device", parent: "object", isAbstract: true),
            .init(name: "cpu", parent: "device", isAbstract: true),
            .init(name: "riscv-cpu", parent: "cpu", isAbstract: true),
            .init(name: "rv64-riscv-cpu", parent: "riscv-cpu"),
            .init(name: "sys-bus-device", parent: "device", isAbstract: true),
            .init(name: "riscv.hart_array", parent: "sys-bus-device"),
            .init(name: "virtio-mmio", parent: "sys-bus-device"),
            .init(name: "virtio-device", parent: "device", isAbstract: true),
            .init(name: "pci-device", parent: "device", isAbstract: true),
            .init(name: "virtio-pci", parent: "pci-device", isAbstract: true),
            .init(name: "virtio-serial-port", parent: "device", isAbstract: true),
        ] + MachineOptions.Driver.allCases.flatMap(devices)
        + [
            .init(name: "memory-backend", parent: "object", isAbstract: true),
            .init(name: "rng-backend", parent: "object", isAbstract: true),
            .init(name: "secret_common", parent: "object", isAbstract: true),
            .init(name: "tls-creds", parent: "object", isAbstract: true),
            .init(name: "authz", parent: "object", isAbstract: true),
        ] + MachineOptions.ObjectType.allCases.map(object)

    private static func devices(_ driver: MachineOptions.Driver) -> [Entry] {
        let own = properties(of: driver)
        if driver.isPort {
            return [.init(name: driver.rawValue, parent: "virtio-serial-port", properties: own)]
        }
        let onPCI = [
            property("addr", "str"), property("disable-legacy", "OnOffAuto"),
            property("disable-modern", "bool"),
        ]
        return [
            .init(name: "\(driver.rawValue)-device", parent: "virtio-device", properties: own),
            .init(name: "\(driver.rawValue)-pci", parent: "virtio-pci", properties: own + onPCI),
        ]
    }

    private static func properties(of driver: MachineOptions.Driver) -> [ObjectPropertyInfo] {
        switch driver {
        case .block:
            [
                property("drive", "str", "Node name or id of a drive"), property("serial", "str"),
                property("bootindex", "int32"), property("num-queues", "uint16"),
                property("logical_block_size", "size"), property("physical_block_size", "size"),
                property("write-cache", "OnOffAuto"), property("share-rw", "bool"),
            ]
        case .network:
            [
                property("netdev", "str", "Id of a network"), property("mac", "str", "Hardware address"),
                property("bootindex", "int32"), property("mq", "bool"), property("host_mtu", "uint16"),
            ]
        case .random:
            [
                property("rng", "link<rng-backend>"), property("max-bytes", "uint64"),
                property("period", "uint32"),
            ]
        case .balloon:
            [property("deflate-on-oom", "bool"), property("free-page-reporting", "bool")]
        case .serial: [property("max_ports", "uint32")]
        case .console, .port:
            [
                property("chardev", "str", "Id of a character device"), property("name", "str"),
                property("nr", "uint32"),
            ]
        }
    }

    private static func object(_ type: MachineOptions.ObjectType) -> Entry {
        let parent =
            switch type {
            case .ram, .memfd, .file: "memory-backend"
            case .random, .builtinRandom: "rng-backend"
            case .secret: "secret_common"
            case .anonymousCredentials, .presharedCredentials, .certificateCredentials: "tls-creds"
            case .simpleAuthorization, .authorizationList, .authorizationFile: "authz"
            }
        return .init(name: type.rawValue, parent: parent, properties: properties(of: type))
    }

    /// What -object takes for a type.
    static func properties(of type: MachineOptions.ObjectType) -> [ObjectPropertyInfo] {
        let memory = [
            property("size", "size"), property("share", "bool"), property("merge", "bool"),
            property("dump", "bool"), property("prealloc", "bool"),
        ]
        let credentials = [
            property("endpoint", "QCryptoTLSCredsEndpoint", "client or server"),
            property("dir", "string", "Where the files are"), property("verify-peer", "bool"),
            property("priority", "string", "What is negotiated, in GnuTLS's notation"),
        ]
        return switch type {
        case .ram: memory
        case .memfd: memory + [property("seal", "bool")]
        case .file: memory + [property("mem-path", "str")]
        case .random: [property("filename", "str")]
        case .builtinRandom: []
        case .secret:
            [
                property("data", "str"), property("file", "str"), property("format", "QCryptoSecretFormat"),
                property("keyid", "str"), property("iv", "str"),
            ]
        case .anonymousCredentials: credentials
        case .presharedCredentials: credentials + [property("username", "string")]
        case .certificateCredentials:
            credentials + [property("sanity-check", "bool"), property("passwordid", "string")]
        case .simpleAuthorization: [property("identity", "string")]
        case .authorizationList:
            [property("policy", "QAuthZListPolicy"), property("rules", "QAuthZListRules")]
        case .authorizationFile: [property("filename", "string"), property("refresh", "bool")]
        }
    }

    private static func property(_ name: String, _ type: String, _ description: String? = nil)
        -> ObjectPropertyInfo
    {
        ObjectPropertyInfo(name: name, type: type, description: description)
    }
}
