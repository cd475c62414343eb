// Written by qapi-gen from Schema/martlet.json; change that and run `swift run qapi-gen`.
// swift-format-ignore-file

/// An internet address. QAPI `InetSocketAddress`.
public struct InetSocketAddress: QAPIObject, Equatable {
    /// Name or number. QAPI `host`.
    public var host: String
    /// Service name or decimal number. QAPI `port`.
    public var port: String
    /// Refuse names (unused). QAPI `numeric`.
    public var numeric: Bool?
    /// When listening, try ports up to this one. QAPI `to`.
    public var to: UInt16?
    /// Allow IPv4. QAPI `ipv4`.
    public var ipv4: Bool?
    /// Allow IPv6. QAPI `ipv6`.
    public var ipv6: Bool?
    /// Ask TCP for keep-alive probes. QAPI `keep-alive`.
    public var keepAlive: Bool?
    /// Use multi-path TCP. QAPI `mptcp`. Not built.
    public var mptcp: Bool?

    public init(host: String, port: String, numeric: Bool? = nil, to: UInt16? = nil, ipv4: Bool? = nil, ipv6: Bool? = nil, keepAlive: Bool? = nil, mptcp: Bool? = nil) {
        self.host = host
        self.port = port
        self.numeric = numeric
        self.to = to
        self.ipv4 = ipv4
        self.ipv6 = ipv6
        self.keepAlive = keepAlive
        self.mptcp = mptcp
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        host = try reader.required("host")
        port = try reader.required("port")
        numeric = try reader.optional("numeric")
        to = try reader.optional("to")
        ipv4 = try reader.optional("ipv4")
        ipv6 = try reader.optional("ipv6")
        keepAlive = try reader.optional("keep-alive")
        mptcp = try reader.notBuilt(flag: "mptcp")
    }

    public func write(to object: inout JSONObject) {
        object["host"] = host.json
        object["port"] = port.json
        object["numeric"] = numeric?.json
        object["to"] = to?.json
        object["ipv4"] = ipv4?.json
        object["ipv6"] = ipv6?.json
        object["keep-alive"] = keepAlive?.json
        object["mptcp"] = mptcp?.json
    }
}

/// A Unix-domain address. QAPI `UnixSocketAddress`.
public struct UnixSocketAddress: QAPIObject, Equatable {
    /// In the file system, or the abstract name. QAPI `path`.
    public var path: String
    /// The name is abstract (Linux). QAPI `abstract`.
    public var abstract: Bool?
    /// An abstract name ends with its last byte, no padding (default true). QAPI `tight`.
    public var tight: Bool?

    public init(path: String, abstract: Bool? = nil, tight: Bool? = nil) {
        self.path = path
        self.abstract = abstract
        self.tight = tight
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        path = try reader.required("path")
        abstract = try reader.optional("abstract")
        tight = try reader.optional("tight")
    }

    public func write(to object: inout JSONObject) {
        object["path"] = path.json
        object["abstract"] = abstract?.json
        object["tight"] = tight?.json
    }
}

/// A host-to-guest address. QAPI `VsockSocketAddress`.
public struct VsockSocketAddress: QAPIObject, Equatable {
    /// Decimal. QAPI `cid`.
    public var cid: String
    /// Decimal. QAPI `port`.
    public var port: String

    public init(cid: String, port: String) {
        self.cid = cid
        self.port = port
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        cid = try reader.required("cid")
        port = try reader.required("port")
    }

    public func write(to object: inout JSONObject) {
        object["cid"] = cid.json
        object["port"] = port.json
    }
}

/// A socket that is already open. QAPI `FdSocketAddress`.
public struct FdSocketAddress: QAPIObject, Equatable {
    /// A name given to getfd, or a decimal number. QAPI `str`.
    public var str: String

    public init(str: String) {
        self.str = str
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        str = try reader.required("str")
    }

    public func write(to object: inout JSONObject) {
        object["str"] = str.json
    }
}

/// A version as three numbers. QAPI `VersionTriple`.
public struct VersionTriple: QAPIObject, Equatable {
    /// QAPI `major`.
    public var major: Int64
    /// QAPI `minor`.
    public var minor: Int64
    /// QAPI `micro`.
    public var micro: Int64

    public init(major: Int64, minor: Int64, micro: Int64) {
        self.major = major
        self.minor = minor
        self.micro = micro
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        major = try reader.required("major")
        minor = try reader.required("minor")
        micro = try reader.required("micro")
    }

    public func write(to object: inout JSONObject) {
        object["major"] = major.json
        object["minor"] = minor.json
        object["micro"] = micro.json
    }
}

/// Which program answers. QAPI `VersionInfo`.
public struct VersionInfo: QAPIObject, Equatable {
    /// The QEMU version whose behaviour it has. QAPI `qemu`.
    public var qemu: VersionTriple
    /// The program and its own version. QAPI `package`.
    public var package: String

    public init(qemu: VersionTriple, package: String) {
        self.qemu = qemu
        self.package = package
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        qemu = try reader.required("qemu")
        package = try reader.required("package")
    }

    public func write(to object: inout JSONObject) {
        object["qemu"] = qemu.json
        object["package"] = package.json
    }
}

/// A command's name. QAPI `CommandInfo`.
public struct CommandInfo: QAPIObject, Equatable {
    /// QAPI `name`.
    public var name: String

    public init(name: String) {
        self.name = name
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        name = try reader.required("name")
    }

    public func write(to object: inout JSONObject) {
        object["name"] = name.json
    }
}

/// QAPI `SchemaInfoBuiltin`.
public struct SchemaInfoBuiltin: QAPIObject, Equatable {
    /// QAPI `json-type`.
    public var jsonType: JSONType

    public init(jsonType: JSONType) {
        self.jsonType = jsonType
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        jsonType = try reader.required("json-type")
    }

    public func write(to object: inout JSONObject) {
        object["json-type"] = jsonType.json
    }
}

/// QAPI `SchemaInfoEnumMember`.
public struct SchemaInfoEnumMember: QAPIObject, Equatable {
    /// QAPI `name`.
    public var name: String
    /// QAPI `features`.
    public var features: [String]?

    public init(name: String, features: [String]? = nil) {
        self.name = name
        self.features = features
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        name = try reader.required("name")
        features = try reader.optional("features")
    }

    public func write(to object: inout JSONObject) {
        object["name"] = name.json
        object["features"] = features?.json
    }
}

/// QAPI `SchemaInfoEnum`.
public struct SchemaInfoEnum: QAPIObject, Equatable {
    /// QAPI `members`.
    public var members: [SchemaInfoEnumMember]
    /// The members' names, for old clients. QAPI `values`. Deprecated.
    public var values: [String]

    public init(members: [SchemaInfoEnumMember], values: [String]) {
        self.members = members
        self.values = values
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        members = try reader.required("members")
        values = try reader.required("values")
    }

    public func write(to object: inout JSONObject) {
        object["members"] = members.json
        object["values"] = values.json
    }
}

/// QAPI `SchemaInfoArray`.
public struct SchemaInfoArray: QAPIObject, Equatable {
    /// QAPI `element-type`.
    public var elementType: String

    public init(elementType: String) {
        self.elementType = elementType
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        elementType = try reader.required("element-type")
    }

    public func write(to object: inout JSONObject) {
        object["element-type"] = elementType.json
    }
}

/// QAPI `SchemaInfoObjectMember`.
public struct SchemaInfoObjectMember: QAPIObject, Equatable {
    /// QAPI `name`.
    public var name: String
    /// QAPI `type`.
    public var type: String
    /// Present, and null, if the member is optional. QAPI `default`.
    public var `default`: JSONValue?
    /// QAPI `features`.
    public var features: [String]?

    public init(name: String, type: String, `default`: JSONValue? = nil, features: [String]? = nil) {
        self.name = name
        self.type = type
        self.`default` = `default`
        self.features = features
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        name = try reader.required("name")
        type = try reader.required("type")
        `default` = try reader.optional("default")
        features = try reader.optional("features")
    }

    public func write(to object: inout JSONObject) {
        object["name"] = name.json
        object["type"] = type.json
        object["default"] = `default`?.json
        object["features"] = features?.json
    }
}

/// QAPI `SchemaInfoObjectVariant`.
public struct SchemaInfoObjectVariant: QAPIObject, Equatable {
    /// QAPI `case`.
    public var `case`: String
    /// QAPI `type`.
    public var type: String

    public init(`case`: String, type: String) {
        self.`case` = `case`
        self.type = type
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        `case` = try reader.required("case")
        type = try reader.required("type")
    }

    public func write(to object: inout JSONObject) {
        object["case"] = `case`.json
        object["type"] = type.json
    }
}

/// QAPI `SchemaInfoObject`.
public struct SchemaInfoObject: QAPIObject, Equatable {
    /// QAPI `members`.
    public var members: [SchemaInfoObjectMember]
    /// The member that picks one of the variants. QAPI `tag`.
    public var tag: String?
    /// QAPI `variants`.
    public var variants: [SchemaInfoObjectVariant]?

    public init(members: [SchemaInfoObjectMember], tag: String? = nil, variants: [SchemaInfoObjectVariant]? = nil) {
        self.members = members
        self.tag = tag
        self.variants = variants
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        members = try reader.required("members")
        tag = try reader.optional("tag")
        variants = try reader.optional("variants")
    }

    public func write(to object: inout JSONObject) {
        object["members"] = members.json
        object["tag"] = tag?.json
        object["variants"] = variants?.json
    }
}

/// QAPI `SchemaInfoAlternateMember`.
public struct SchemaInfoAlternateMember: QAPIObject, Equatable {
    /// QAPI `type`.
    public var type: String

    public init(type: String) {
        self.type = type
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        type = try reader.required("type")
    }

    public func write(to object: inout JSONObject) {
        object["type"] = type.json
    }
}

/// QAPI `SchemaInfoAlternate`.
public struct SchemaInfoAlternate: QAPIObject, Equatable {
    /// QAPI `members`.
    public var members: [SchemaInfoAlternateMember]

    public init(members: [SchemaInfoAlternateMember]) {
        self.members = members
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        members = try reader.required("members")
    }

    public func write(to object: inout JSONObject) {
        object["members"] = members.json
    }
}

/// QAPI `SchemaInfoCommand`.
public struct SchemaInfoCommand: QAPIObject, Equatable {
    /// QAPI `arg-type`.
    public var argType: String
    /// QAPI `ret-type`.
    public var retType: String
    /// QAPI `allow-oob`.
    public var allowOob: Bool?

    public init(argType: String, retType: String, allowOob: Bool? = nil) {
        self.argType = argType
        self.retType = retType
        self.allowOob = allowOob
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        argType = try reader.required("arg-type")
        retType = try reader.required("ret-type")
        allowOob = try reader.optional("allow-oob")
    }

    public func write(to object: inout JSONObject) {
        object["arg-type"] = argType.json
        object["ret-type"] = retType.json
        object["allow-oob"] = allowOob?.json
    }
}

/// QAPI `SchemaInfoEvent`.
public struct SchemaInfoEvent: QAPIObject, Equatable {
    /// QAPI `arg-type`.
    public var argType: String

    public init(argType: String) {
        self.argType = argType
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        argType = try reader.required("arg-type")
    }

    public func write(to object: inout JSONObject) {
        object["arg-type"] = argType.json
    }
}

/// QAPI `StatusInfo`.
public struct StatusInfo: QAPIObject, Equatable {
    /// Whether the harts run. QAPI `running`.
    public var running: Bool
    /// QAPI `status`.
    public var status: RunState

    public init(running: Bool, status: RunState) {
        self.running = running
        self.status = status
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        running = try reader.required("running")
        status = try reader.required("status")
    }

    public func write(to object: inout JSONObject) {
        object["running"] = running.json
        object["status"] = status.json
    }
}

/// QAPI `GuestPanicInformationHyperV`.
public struct GuestPanicInformationHyperV: QAPIObject, Equatable {
    /// QAPI `arg1`.
    public var arg1: UInt64
    /// QAPI `arg2`.
    public var arg2: UInt64
    /// QAPI `arg3`.
    public var arg3: UInt64
    /// QAPI `arg4`.
    public var arg4: UInt64
    /// QAPI `arg5`.
    public var arg5: UInt64

    public init(arg1: UInt64, arg2: UInt64, arg3: UInt64, arg4: UInt64, arg5: UInt64) {
        self.arg1 = arg1
        self.arg2 = arg2
        self.arg3 = arg3
        self.arg4 = arg4
        self.arg5 = arg5
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        arg1 = try reader.required("arg1")
        arg2 = try reader.required("arg2")
        arg3 = try reader.required("arg3")
        arg4 = try reader.required("arg4")
        arg5 = try reader.required("arg5")
    }

    public func write(to object: inout JSONObject) {
        object["arg1"] = arg1.json
        object["arg2"] = arg2.json
        object["arg3"] = arg3.json
        object["arg4"] = arg4.json
        object["arg5"] = arg5.json
    }
}

/// QAPI `GuestPanicInformationS390`.
public struct GuestPanicInformationS390: QAPIObject, Equatable {
    /// QAPI `core`.
    public var core: UInt32
    /// QAPI `psw-mask`.
    public var pswMask: UInt64
    /// QAPI `psw-addr`.
    public var pswAddr: UInt64
    /// QAPI `reason`.
    public var reason: S390CrashReason

    public init(core: UInt32, pswMask: UInt64, pswAddr: UInt64, reason: S390CrashReason) {
        self.core = core
        self.pswMask = pswMask
        self.pswAddr = pswAddr
        self.reason = reason
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        core = try reader.required("core")
        pswMask = try reader.required("psw-mask")
        pswAddr = try reader.required("psw-addr")
        reason = try reader.required("reason")
    }

    public func write(to object: inout JSONObject) {
        object["core"] = core.json
        object["psw-mask"] = pswMask.json
        object["psw-addr"] = pswAddr.json
        object["reason"] = reason.json
    }
}

/// Where a processor sits. QAPI `CpuInstanceProperties`.
public struct CpuInstanceProperties: QAPIObject, Equatable {
    /// QAPI `node-id`.
    public var nodeId: Int64?
    /// QAPI `drawer-id`.
    public var drawerId: Int64?
    /// QAPI `book-id`.
    public var bookId: Int64?
    /// QAPI `socket-id`.
    public var socketId: Int64?
    /// QAPI `die-id`.
    public var dieId: Int64?
    /// QAPI `cluster-id`.
    public var clusterId: Int64?
    /// QAPI `core-id`.
    public var coreId: Int64?
    /// QAPI `thread-id`.
    public var threadId: Int64?

    public init(nodeId: Int64? = nil, drawerId: Int64? = nil, bookId: Int64? = nil, socketId: Int64? = nil, dieId: Int64? = nil, clusterId: Int64? = nil, coreId: Int64? = nil, threadId: Int64? = nil) {
        self.nodeId = nodeId
        self.drawerId = drawerId
        self.bookId = bookId
        self.socketId = socketId
        self.dieId = dieId
        self.clusterId = clusterId
        self.coreId = coreId
        self.threadId = threadId
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        nodeId = try reader.optional("node-id")
        drawerId = try reader.optional("drawer-id")
        bookId = try reader.optional("book-id")
        socketId = try reader.optional("socket-id")
        dieId = try reader.optional("die-id")
        clusterId = try reader.optional("cluster-id")
        coreId = try reader.optional("core-id")
        threadId = try reader.optional("thread-id")
    }

    public func write(to object: inout JSONObject) {
        object["node-id"] = nodeId?.json
        object["drawer-id"] = drawerId?.json
        object["book-id"] = bookId?.json
        object["socket-id"] = socketId?.json
        object["die-id"] = dieId?.json
        object["cluster-id"] = clusterId?.json
        object["core-id"] = coreId?.json
        object["thread-id"] = threadId?.json
    }
}

/// A hart. QAPI `CpuInfoFast`.
public struct CpuInfoFast: QAPIObject, Equatable {
    /// Its number, from 0. QAPI `cpu-index`.
    public var cpuIndex: Int64
    /// Its place in QEMU's object tree. QAPI `qom-path`.
    public var qomPath: String
    /// The host's number of its thread. QAPI `thread-id`.
    public var threadId: Int64
    /// QAPI `props`.
    public var props: CpuInstanceProperties?
    /// QAPI `target`.
    public var target: SysEmuTarget

    public init(cpuIndex: Int64, qomPath: String, threadId: Int64, props: CpuInstanceProperties? = nil, target: SysEmuTarget) {
        self.cpuIndex = cpuIndex
        self.qomPath = qomPath
        self.threadId = threadId
        self.props = props
        self.target = target
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        cpuIndex = try reader.required("cpu-index")
        qomPath = try reader.required("qom-path")
        threadId = try reader.required("thread-id")
        props = try reader.optional("props")
        target = try reader.required("target")
    }

    public func write(to object: inout JSONObject) {
        object["cpu-index"] = cpuIndex.json
        object["qom-path"] = qomPath.json
        object["thread-id"] = threadId.json
        object["props"] = props?.json
        object["target"] = target.json
    }
}

/// QAPI `UuidInfo`.
public struct UuidInfo: QAPIObject, Equatable {
    /// In hexadecimal with hyphens; zero if none was given. QAPI `UUID`.
    public var uuid: String

    public init(uuid: String) {
        self.uuid = uuid
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        uuid = try reader.required("UUID")
    }

    public func write(to object: inout JSONObject) {
        object["UUID"] = uuid.json
    }
}

/// QAPI `NameInfo`.
public struct NameInfo: QAPIObject, Equatable {
    /// Absent if none was given. QAPI `name`.
    public var name: String?

    public init(name: String? = nil) {
        self.name = name
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        name = try reader.optional("name")
    }

    public func write(to object: inout JSONObject) {
        object["name"] = name?.json
    }
}

/// A character device. QAPI `ChardevInfo`.
public struct ChardevInfo: QAPIObject, Equatable {
    /// Its id. QAPI `label`.
    public var label: String
    /// Where it leads. QAPI `filename`.
    public var filename: String
    /// Whether a device uses it. QAPI `frontend-open`.
    public var frontendOpen: Bool

    public init(label: String, filename: String, frontendOpen: Bool) {
        self.label = label
        self.filename = filename
        self.frontendOpen = frontendOpen
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        label = try reader.required("label")
        filename = try reader.required("filename")
        frontendOpen = try reader.required("frontend-open")
    }

    public func write(to object: inout JSONObject) {
        object["label"] = label.json
        object["filename"] = filename.json
        object["frontend-open"] = frontendOpen.json
    }
}

/// QAPI `TargetInfo`.
public struct TargetInfo: QAPIObject, Equatable {
    /// The processor family of its guests. QAPI `arch`.
    public var arch: SysEmuTarget

    public init(arch: SysEmuTarget) {
        self.arch = arch
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        arch = try reader.required("arch")
    }

    public func write(to object: inout JSONObject) {
        object["arch"] = arch.json
    }
}

/// QAPI `KvmInfo`.
public struct KvmInfo: QAPIObject, Equatable {
    /// Whether guests use KVM. QAPI `enabled`.
    public var enabled: Bool
    /// Whether the program could. QAPI `present`.
    public var present: Bool

    public init(enabled: Bool, present: Bool) {
        self.enabled = enabled
        self.present = present
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        enabled = try reader.required("enabled")
        present = try reader.required("present")
    }

    public func write(to object: inout JSONObject) {
        object["enabled"] = enabled.json
        object["present"] = present.json
    }
}

/// A board. QAPI `MachineInfo`.
public struct MachineInfo: QAPIObject, Equatable {
    /// QAPI `name`.
    public var name: String
    /// QAPI `alias`.
    public var alias: String?
    /// QAPI `is-default`.
    public var isDefault: Bool?
    /// Most harts. QAPI `cpu-max`.
    public var cpuMax: Int64
    /// QAPI `hotpluggable-cpus`.
    public var hotpluggableCpus: Bool
    /// QAPI `numa-mem-supported`.
    public var numaMemSupported: Bool
    /// QAPI `deprecated`.
    public var deprecated: Bool
    /// QAPI `default-cpu-type`.
    public var defaultCpuType: String?
    /// What the block of RAM is called in a stream. QAPI `default-ram-id`.
    public var defaultRamId: String?
    /// QAPI `acpi`.
    public var acpi: Bool

    public init(name: String, alias: String? = nil, isDefault: Bool? = nil, cpuMax: Int64, hotpluggableCpus: Bool, numaMemSupported: Bool, deprecated: Bool, defaultCpuType: String? = nil, defaultRamId: String? = nil, acpi: Bool) {
        self.name = name
        self.alias = alias
        self.isDefault = isDefault
        self.cpuMax = cpuMax
        self.hotpluggableCpus = hotpluggableCpus
        self.numaMemSupported = numaMemSupported
        self.deprecated = deprecated
        self.defaultCpuType = defaultCpuType
        self.defaultRamId = defaultRamId
        self.acpi = acpi
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        name = try reader.required("name")
        alias = try reader.optional("alias")
        isDefault = try reader.optional("is-default")
        cpuMax = try reader.required("cpu-max")
        hotpluggableCpus = try reader.required("hotpluggable-cpus")
        numaMemSupported = try reader.required("numa-mem-supported")
        deprecated = try reader.required("deprecated")
        defaultCpuType = try reader.optional("default-cpu-type")
        defaultRamId = try reader.optional("default-ram-id")
        acpi = try reader.required("acpi")
    }

    public func write(to object: inout JSONObject) {
        object["name"] = name.json
        object["alias"] = alias?.json
        object["is-default"] = isDefault?.json
        object["cpu-max"] = cpuMax.json
        object["hotpluggable-cpus"] = hotpluggableCpus.json
        object["numa-mem-supported"] = numaMemSupported.json
        object["deprecated"] = deprecated.json
        object["default-cpu-type"] = defaultCpuType?.json
        object["default-ram-id"] = defaultRamId?.json
        object["acpi"] = acpi.json
    }
}

/// A kind of hart. QAPI `CpuDefinitionInfo`.
public struct CpuDefinitionInfo: QAPIObject, Equatable {
    /// QAPI `name`.
    public var name: String
    /// Whether it is the same in every version of the program. QAPI `migration-safe`.
    public var migrationSafe: Bool?
    /// Whether options can change what it can do. QAPI `static`.
    public var `static`: Bool
    /// QAPI `unavailable-features`.
    public var unavailableFeatures: [String]?
    /// QAPI `typename`.
    public var typename: String
    /// QAPI `alias-of`.
    public var aliasOf: String?
    /// QAPI `deprecated`.
    public var deprecated: Bool

    public init(name: String, migrationSafe: Bool? = nil, `static`: Bool, unavailableFeatures: [String]? = nil, typename: String, aliasOf: String? = nil, deprecated: Bool) {
        self.name = name
        self.migrationSafe = migrationSafe
        self.`static` = `static`
        self.unavailableFeatures = unavailableFeatures
        self.typename = typename
        self.aliasOf = aliasOf
        self.deprecated = deprecated
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        name = try reader.required("name")
        migrationSafe = try reader.optional("migration-safe")
        `static` = try reader.required("static")
        unavailableFeatures = try reader.optional("unavailable-features")
        typename = try reader.required("typename")
        aliasOf = try reader.optional("alias-of")
        deprecated = try reader.required("deprecated")
    }

    public func write(to object: inout JSONObject) {
        object["name"] = name.json
        object["migration-safe"] = migrationSafe?.json
        object["static"] = `static`.json
        object["unavailable-features"] = unavailableFeatures?.json
        object["typename"] = typename.json
        object["alias-of"] = aliasOf?.json
        object["deprecated"] = deprecated.json
    }
}

/// QAPI `CommandLineParameterInfo`.
public struct CommandLineParameterInfo: QAPIObject, Equatable {
    /// QAPI `name`.
    public var name: String
    /// QAPI `type`.
    public var type: CommandLineParameterType
    /// QAPI `help`.
    public var help: String?
    /// QAPI `default`.
    public var `default`: String?

    public init(name: String, type: CommandLineParameterType, help: String? = nil, `default`: String? = nil) {
        self.name = name
        self.type = type
        self.help = help
        self.`default` = `default`
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        name = try reader.required("name")
        type = try reader.required("type")
        help = try reader.optional("help")
        `default` = try reader.optional("default")
    }

    public func write(to object: inout JSONObject) {
        object["name"] = name.json
        object["type"] = type.json
        object["help"] = help?.json
        object["default"] = `default`?.json
    }
}

/// QAPI `CommandLineOptionInfo`.
public struct CommandLineOptionInfo: QAPIObject, Equatable {
    /// QAPI `option`.
    public var option: String
    /// Empty where the option has none, or they are not listed. QAPI `parameters`.
    public var parameters: [CommandLineParameterInfo]

    public init(option: String, parameters: [CommandLineParameterInfo]) {
        self.option = option
        self.parameters = parameters
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        option = try reader.required("option")
        parameters = try reader.required("parameters")
    }

    public func write(to object: inout JSONObject) {
        object["option"] = option.json
        object["parameters"] = parameters.json
    }
}

/// QAPI `ObjectPropertyInfo`.
public struct ObjectPropertyInfo: QAPIObject, Equatable {
    /// QAPI `name`.
    public var name: String
    /// `child<TYPE>` for what has members of its own. QAPI `type`.
    public var type: String
    /// QAPI `description`.
    public var description: String?
    /// QAPI `default-value`.
    public var defaultValue: JSONValue?

    public init(name: String, type: String, description: String? = nil, defaultValue: JSONValue? = nil) {
        self.name = name
        self.type = type
        self.description = description
        self.defaultValue = defaultValue
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        name = try reader.required("name")
        type = try reader.required("type")
        description = try reader.optional("description")
        defaultValue = try reader.optional("default-value")
    }

    public func write(to object: inout JSONObject) {
        object["name"] = name.json
        object["type"] = type.json
        object["description"] = description?.json
        object["default-value"] = defaultValue?.json
    }
}

/// QAPI `ObjectTypeInfo`.
public struct ObjectTypeInfo: QAPIObject, Equatable {
    /// QAPI `name`.
    public var name: String
    /// QAPI `abstract`.
    public var abstract: Bool?
    /// QAPI `parent`.
    public var parent: String?

    public init(name: String, abstract: Bool? = nil, parent: String? = nil) {
        self.name = name
        self.abstract = abstract
        self.parent = parent
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        name = try reader.required("name")
        abstract = try reader.optional("abstract")
        parent = try reader.optional("parent")
    }

    public func write(to object: inout JSONObject) {
        object["name"] = name.json
        object["abstract"] = abstract?.json
        object["parent"] = parent?.json
    }
}

/// QAPI `TlsCredsProperties`.
public struct TlsCredsProperties: QAPIObject, Equatable {
    /// Whether the other side has to show who it is (default true). QAPI `verify-peer`.
    public var verifyPeer: Bool?
    /// QAPI `dir`.
    public var dir: String?
    /// Which side of a connection (default client). QAPI `endpoint`.
    public var endpoint: QCryptoTLSCredsEndpoint?
    /// QAPI `priority`.
    public var priority: String?

    public init(verifyPeer: Bool? = nil, dir: String? = nil, endpoint: QCryptoTLSCredsEndpoint? = nil, priority: String? = nil) {
        self.verifyPeer = verifyPeer
        self.dir = dir
        self.endpoint = endpoint
        self.priority = priority
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        verifyPeer = try reader.optional("verify-peer")
        dir = try reader.optional("dir")
        endpoint = try reader.optional("endpoint")
        priority = try reader.optional("priority")
    }

    public func write(to object: inout JSONObject) {
        object["verify-peer"] = verifyPeer?.json
        object["dir"] = dir?.json
        object["endpoint"] = endpoint?.json
        object["priority"] = priority?.json
    }
}

/// QAPI `TlsCredsPskProperties`.
public struct TlsCredsPskProperties: QAPIObject, Equatable {
    /// QAPI `verify-peer`.
    public var verifyPeer: Bool?
    /// QAPI `dir`.
    public var dir: String?
    /// QAPI `endpoint`.
    public var endpoint: QCryptoTLSCredsEndpoint?
    /// QAPI `priority`.
    public var priority: String?
    /// Whose key (default qemu). QAPI `username`.
    public var username: String?

    public init(verifyPeer: Bool? = nil, dir: String? = nil, endpoint: QCryptoTLSCredsEndpoint? = nil, priority: String? = nil, username: String? = nil) {
        self.verifyPeer = verifyPeer
        self.dir = dir
        self.endpoint = endpoint
        self.priority = priority
        self.username = username
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        verifyPeer = try reader.optional("verify-peer")
        dir = try reader.optional("dir")
        endpoint = try reader.optional("endpoint")
        priority = try reader.optional("priority")
        username = try reader.optional("username")
    }

    public func write(to object: inout JSONObject) {
        object["verify-peer"] = verifyPeer?.json
        object["dir"] = dir?.json
        object["endpoint"] = endpoint?.json
        object["priority"] = priority?.json
        object["username"] = username?.json
    }
}

/// QAPI `TlsCredsX509Properties`.
public struct TlsCredsX509Properties: QAPIObject, Equatable {
    /// QAPI `verify-peer`.
    public var verifyPeer: Bool?
    /// QAPI `dir`.
    public var dir: String?
    /// QAPI `endpoint`.
    public var endpoint: QCryptoTLSCredsEndpoint?
    /// QAPI `priority`.
    public var priority: String?
    /// Look at the certificates when they are loaded (default true). QAPI `sanity-check`.
    public var sanityCheck: Bool?
    /// The secret that opens the key. QAPI `passwordid`.
    public var passwordid: String?

    public init(verifyPeer: Bool? = nil, dir: String? = nil, endpoint: QCryptoTLSCredsEndpoint? = nil, priority: String? = nil, sanityCheck: Bool? = nil, passwordid: String? = nil) {
        self.verifyPeer = verifyPeer
        self.dir = dir
        self.endpoint = endpoint
        self.priority = priority
        self.sanityCheck = sanityCheck
        self.passwordid = passwordid
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        verifyPeer = try reader.optional("verify-peer")
        dir = try reader.optional("dir")
        endpoint = try reader.optional("endpoint")
        priority = try reader.optional("priority")
        sanityCheck = try reader.optional("sanity-check")
        passwordid = try reader.optional("passwordid")
    }

    public func write(to object: inout JSONObject) {
        object["verify-peer"] = verifyPeer?.json
        object["dir"] = dir?.json
        object["endpoint"] = endpoint?.json
        object["priority"] = priority?.json
        object["sanity-check"] = sanityCheck?.json
        object["passwordid"] = passwordid?.json
    }
}

/// QAPI `SecretProperties`.
public struct SecretProperties: QAPIObject, Equatable {
    /// QAPI `data`.
    public var data: String?
    /// QAPI `file`.
    public var file: String?
    /// QAPI `format`.
    public var format: QCryptoSecretFormat?
    /// QAPI `keyid`.
    public var keyid: String?
    /// QAPI `iv`.
    public var iv: String?

    public init(data: String? = nil, file: String? = nil, format: QCryptoSecretFormat? = nil, keyid: String? = nil, iv: String? = nil) {
        self.data = data
        self.file = file
        self.format = format
        self.keyid = keyid
        self.iv = iv
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        data = try reader.optional("data")
        file = try reader.optional("file")
        format = try reader.optional("format")
        keyid = try reader.optional("keyid")
        iv = try reader.optional("iv")
    }

    public func write(to object: inout JSONObject) {
        object["data"] = data?.json
        object["file"] = file?.json
        object["format"] = format?.json
        object["keyid"] = keyid?.json
        object["iv"] = iv?.json
    }
}

/// QAPI `QAuthZListRule`.
public struct QAuthZListRule: QAPIObject, Equatable {
    /// QAPI `match`.
    public var match: String
    /// QAPI `policy`.
    public var policy: QAuthZListPolicy
    /// QAPI `format`.
    public var format: QAuthZListFormat?

    public init(match: String, policy: QAuthZListPolicy, format: QAuthZListFormat? = nil) {
        self.match = match
        self.policy = policy
        self.format = format
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        match = try reader.required("match")
        policy = try reader.required("policy")
        format = try reader.optional("format")
    }

    public func write(to object: inout JSONObject) {
        object["match"] = match.json
        object["policy"] = policy.json
        object["format"] = format?.json
    }
}

/// QAPI `AuthZListProperties`.
public struct AuthZListProperties: QAPIObject, Equatable {
    /// QAPI `policy`.
    public var policy: QAuthZListPolicy?
    /// QAPI `rules`.
    public var rules: [QAuthZListRule]?

    public init(policy: QAuthZListPolicy? = nil, rules: [QAuthZListRule]? = nil) {
        self.policy = policy
        self.rules = rules
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        policy = try reader.optional("policy")
        rules = try reader.optional("rules")
    }

    public func write(to object: inout JSONObject) {
        object["policy"] = policy?.json
        object["rules"] = rules?.json
    }
}

/// QAPI `AuthZListFileProperties`.
public struct AuthZListFileProperties: QAPIObject, Equatable {
    /// QAPI `filename`.
    public var filename: String
    /// QAPI `refresh`.
    public var refresh: Bool?

    public init(filename: String, refresh: Bool? = nil) {
        self.filename = filename
        self.refresh = refresh
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        filename = try reader.required("filename")
        refresh = try reader.optional("refresh")
    }

    public func write(to object: inout JSONObject) {
        object["filename"] = filename.json
        object["refresh"] = refresh?.json
    }
}

/// QAPI `AuthZPAMProperties`.
public struct AuthZPAMProperties: QAPIObject, Equatable {
    /// QAPI `service`.
    public var service: String

    public init(service: String) {
        self.service = service
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        service = try reader.required("service")
    }

    public func write(to object: inout JSONObject) {
        object["service"] = service.json
    }
}

/// QAPI `AuthZSimpleProperties`.
public struct AuthZSimpleProperties: QAPIObject, Equatable {
    /// QAPI `identity`.
    public var identity: String

    public init(identity: String) {
        self.identity = identity
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        identity = try reader.required("identity")
    }

    public func write(to object: inout JSONObject) {
        object["identity"] = identity.json
    }
}

/// QAPI `BlockdevCacheInfo`.
public struct BlockdevCacheInfo: QAPIObject, Equatable {
    /// Whether the guest is told that a write is done before it is on the disk. QAPI `writeback`.
    public var writeback: Bool
    /// Whether the host's cache is passed by. QAPI `direct`.
    public var direct: Bool
    /// Whether flushes are left out. QAPI `no-flush`.
    public var noFlush: Bool

    public init(writeback: Bool, direct: Bool, noFlush: Bool) {
        self.writeback = writeback
        self.direct = direct
        self.noFlush = noFlush
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        writeback = try reader.required("writeback")
        direct = try reader.required("direct")
        noFlush = try reader.required("no-flush")
    }

    public func write(to object: inout JSONObject) {
        object["writeback"] = writeback.json
        object["direct"] = direct.json
        object["no-flush"] = noFlush.json
    }
}

/// QAPI `ImageInfo`.
public struct ImageInfo: QAPIObject, Equatable {
    /// QAPI `filename`.
    public var filename: String
    /// QAPI `format`.
    public var format: String
    /// QAPI `dirty-flag`.
    public var dirtyFlag: Bool?
    /// Bytes that the file takes on its own disk. QAPI `actual-size`.
    public var actualSize: Int64?
    /// Bytes of the guest's disk. QAPI `virtual-size`.
    public var virtualSize: Int64

    public init(filename: String, format: String, dirtyFlag: Bool? = nil, actualSize: Int64? = nil, virtualSize: Int64) {
        self.filename = filename
        self.format = format
        self.dirtyFlag = dirtyFlag
        self.actualSize = actualSize
        self.virtualSize = virtualSize
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        filename = try reader.required("filename")
        format = try reader.required("format")
        dirtyFlag = try reader.optional("dirty-flag")
        actualSize = try reader.optional("actual-size")
        virtualSize = try reader.required("virtual-size")
    }

    public func write(to object: inout JSONObject) {
        object["filename"] = filename.json
        object["format"] = format.json
        object["dirty-flag"] = dirtyFlag?.json
        object["actual-size"] = actualSize?.json
        object["virtual-size"] = virtualSize.json
    }
}

/// An image that is open. Limits of rates are always 0: there are none. QAPI `BlockDeviceInfo`.
public struct BlockDeviceInfo: QAPIObject, Equatable {
    /// QAPI `file`.
    public var file: String
    /// QAPI `node-name`.
    public var nodeName: String?
    /// QAPI `ro`.
    public var ro: Bool
    /// QAPI `drv`.
    public var drv: String
    /// QAPI `backing_file`.
    public var backingFile: String?
    /// QAPI `backing_file_depth`.
    public var backingFileDepth: Int64
    /// QAPI `encrypted`.
    public var encrypted: Bool
    /// QAPI `detect_zeroes`.
    public var detectZeroes: BlockdevDetectZeroesOptions
    /// QAPI `bps`.
    public var bps: Int64
    /// QAPI `bps_rd`.
    public var bpsRd: Int64
    /// QAPI `bps_wr`.
    public var bpsWr: Int64
    /// QAPI `iops`.
    public var iops: Int64
    /// QAPI `iops_rd`.
    public var iopsRd: Int64
    /// QAPI `iops_wr`.
    public var iopsWr: Int64
    /// QAPI `image`.
    public var image: ImageInfo
    /// QAPI `cache`.
    public var cache: BlockdevCacheInfo
    /// QAPI `write_threshold`.
    public var writeThreshold: Int64

    public init(file: String, nodeName: String? = nil, ro: Bool, drv: String, backingFile: String? = nil, backingFileDepth: Int64, encrypted: Bool, detectZeroes: BlockdevDetectZeroesOptions, bps: Int64, bpsRd: Int64, bpsWr: Int64, iops: Int64, iopsRd: Int64, iopsWr: Int64, image: ImageInfo, cache: BlockdevCacheInfo, writeThreshold: Int64) {
        self.file = file
        self.nodeName = nodeName
        self.ro = ro
        self.drv = drv
        self.backingFile = backingFile
        self.backingFileDepth = backingFileDepth
        self.encrypted = encrypted
        self.detectZeroes = detectZeroes
        self.bps = bps
        self.bpsRd = bpsRd
        self.bpsWr = bpsWr
        self.iops = iops
        self.iopsRd = iopsRd
        self.iopsWr = iopsWr
        self.image = image
        self.cache = cache
        self.writeThreshold = writeThreshold
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        file = try reader.required("file")
        nodeName = try reader.optional("node-name")
        ro = try reader.required("ro")
        drv = try reader.required("drv")
        backingFile = try reader.optional("backing_file")
        backingFileDepth = try reader.required("backing_file_depth")
        encrypted = try reader.required("encrypted")
        detectZeroes = try reader.required("detect_zeroes")
        bps = try reader.required("bps")
        bpsRd = try reader.required("bps_rd")
        bpsWr = try reader.required("bps_wr")
        iops = try reader.required("iops")
        iopsRd = try reader.required("iops_rd")
        iopsWr = try reader.required("iops_wr")
        image = try reader.required("image")
        cache = try reader.required("cache")
        writeThreshold = try reader.required("write_threshold")
    }

    public func write(to object: inout JSONObject) {
        object["file"] = file.json
        object["node-name"] = nodeName?.json
        object["ro"] = ro.json
        object["drv"] = drv.json
        object["backing_file"] = backingFile?.json
        object["backing_file_depth"] = backingFileDepth.json
        object["encrypted"] = encrypted.json
        object["detect_zeroes"] = detectZeroes.json
        object["bps"] = bps.json
        object["bps_rd"] = bpsRd.json
        object["bps_wr"] = bpsWr.json
        object["iops"] = iops.json
        object["iops_rd"] = iopsRd.json
        object["iops_wr"] = iopsWr.json
        object["image"] = image.json
        object["cache"] = cache.json
        object["write_threshold"] = writeThreshold.json
    }
}

/// A disk of the guest. QAPI `BlockInfo`.
public struct BlockInfo: QAPIObject, Equatable {
    /// Always empty, for disks of -blockdev; else the drive's id. QAPI `device`.
    public var device: String
    /// The device's id, or its place among the objects. QAPI `qdev`.
    public var qdev: String?
    /// QAPI `type`.
    public var type: String
    /// QAPI `removable`.
    public var removable: Bool
    /// QAPI `locked`.
    public var locked: Bool
    /// Its image. QAPI `inserted`.
    public var inserted: BlockDeviceInfo?
    /// QAPI `tray_open`.
    public var trayOpen: Bool?
    /// QAPI `io-status`.
    public var ioStatus: BlockDeviceIoStatus?

    public init(device: String, qdev: String? = nil, type: String, removable: Bool, locked: Bool, inserted: BlockDeviceInfo? = nil, trayOpen: Bool? = nil, ioStatus: BlockDeviceIoStatus? = nil) {
        self.device = device
        self.qdev = qdev
        self.type = type
        self.removable = removable
        self.locked = locked
        self.inserted = inserted
        self.trayOpen = trayOpen
        self.ioStatus = ioStatus
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        device = try reader.required("device")
        qdev = try reader.optional("qdev")
        type = try reader.required("type")
        removable = try reader.required("removable")
        locked = try reader.required("locked")
        inserted = try reader.optional("inserted")
        trayOpen = try reader.optional("tray_open")
        ioStatus = try reader.optional("io-status")
    }

    public func write(to object: inout JSONObject) {
        object["device"] = device.json
        object["qdev"] = qdev?.json
        object["type"] = type.json
        object["removable"] = removable.json
        object["locked"] = locked.json
        object["inserted"] = inserted?.json
        object["tray_open"] = trayOpen?.json
        object["io-status"] = ioStatus?.json
    }
}

/// QAPI `BlockDeviceTimedStats`.
public struct BlockDeviceTimedStats: QAPIObject, Equatable {
    /// QAPI `interval_length`.
    public var intervalLength: Int64
    /// QAPI `min_rd_latency_ns`.
    public var minRdLatencyNs: Int64
    /// QAPI `max_rd_latency_ns`.
    public var maxRdLatencyNs: Int64
    /// QAPI `avg_rd_latency_ns`.
    public var avgRdLatencyNs: Int64
    /// QAPI `min_wr_latency_ns`.
    public var minWrLatencyNs: Int64
    /// QAPI `max_wr_latency_ns`.
    public var maxWrLatencyNs: Int64
    /// QAPI `avg_wr_latency_ns`.
    public var avgWrLatencyNs: Int64
    /// QAPI `min_flush_latency_ns`.
    public var minFlushLatencyNs: Int64
    /// QAPI `max_flush_latency_ns`.
    public var maxFlushLatencyNs: Int64
    /// QAPI `avg_flush_latency_ns`.
    public var avgFlushLatencyNs: Int64
    /// QAPI `avg_rd_queue_depth`.
    public var avgRdQueueDepth: Double
    /// QAPI `avg_wr_queue_depth`.
    public var avgWrQueueDepth: Double

    public init(intervalLength: Int64, minRdLatencyNs: Int64, maxRdLatencyNs: Int64, avgRdLatencyNs: Int64, minWrLatencyNs: Int64, maxWrLatencyNs: Int64, avgWrLatencyNs: Int64, minFlushLatencyNs: Int64, maxFlushLatencyNs: Int64, avgFlushLatencyNs: Int64, avgRdQueueDepth: Double, avgWrQueueDepth: Double) {
        self.intervalLength = intervalLength
        self.minRdLatencyNs = minRdLatencyNs
        self.maxRdLatencyNs = maxRdLatencyNs
        self.avgRdLatencyNs = avgRdLatencyNs
        self.minWrLatencyNs = minWrLatencyNs
        self.maxWrLatencyNs = maxWrLatencyNs
        self.avgWrLatencyNs = avgWrLatencyNs
        self.minFlushLatencyNs = minFlushLatencyNs
        self.maxFlushLatencyNs = maxFlushLatencyNs
        self.avgFlushLatencyNs = avgFlushLatencyNs
        self.avgRdQueueDepth = avgRdQueueDepth
        self.avgWrQueueDepth = avgWrQueueDepth
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        intervalLength = try reader.required("interval_length")
        minRdLatencyNs = try reader.required("min_rd_latency_ns")
        maxRdLatencyNs = try reader.required("max_rd_latency_ns")
        avgRdLatencyNs = try reader.required("avg_rd_latency_ns")
        minWrLatencyNs = try reader.required("min_wr_latency_ns")
        maxWrLatencyNs = try reader.required("max_wr_latency_ns")
        avgWrLatencyNs = try reader.required("avg_wr_latency_ns")
        minFlushLatencyNs = try reader.required("min_flush_latency_ns")
        maxFlushLatencyNs = try reader.required("max_flush_latency_ns")
        avgFlushLatencyNs = try reader.required("avg_flush_latency_ns")
        avgRdQueueDepth = try reader.required("avg_rd_queue_depth")
        avgWrQueueDepth = try reader.required("avg_wr_queue_depth")
    }

    public func write(to object: inout JSONObject) {
        object["interval_length"] = intervalLength.json
        object["min_rd_latency_ns"] = minRdLatencyNs.json
        object["max_rd_latency_ns"] = maxRdLatencyNs.json
        object["avg_rd_latency_ns"] = avgRdLatencyNs.json
        object["min_wr_latency_ns"] = minWrLatencyNs.json
        object["max_wr_latency_ns"] = maxWrLatencyNs.json
        object["avg_wr_latency_ns"] = avgWrLatencyNs.json
        object["min_flush_latency_ns"] = minFlushLatencyNs.json
        object["max_flush_latency_ns"] = maxFlushLatencyNs.json
        object["avg_flush_latency_ns"] = avgFlushLatencyNs.json
        object["avg_rd_queue_depth"] = avgRdQueueDepth.json
        object["avg_wr_queue_depth"] = avgWrQueueDepth.json
    }
}

/// What a disk has done since the start. Requests that could not be understood count as invalid, those
/// that went wrong as failed. QAPI `BlockDeviceStats`.
public struct BlockDeviceStats: QAPIObject, Equatable {
    /// QAPI `rd_bytes`.
    public var rdBytes: Int64
    /// QAPI `wr_bytes`.
    public var wrBytes: Int64
    /// QAPI `unmap_bytes`.
    public var unmapBytes: Int64
    /// QAPI `rd_operations`.
    public var rdOperations: Int64
    /// QAPI `wr_operations`.
    public var wrOperations: Int64
    /// QAPI `flush_operations`.
    public var flushOperations: Int64
    /// QAPI `unmap_operations`.
    public var unmapOperations: Int64
    /// QAPI `rd_total_time_ns`.
    public var rdTotalTimeNs: Int64
    /// QAPI `wr_total_time_ns`.
    public var wrTotalTimeNs: Int64
    /// QAPI `flush_total_time_ns`.
    public var flushTotalTimeNs: Int64
    /// QAPI `unmap_total_time_ns`.
    public var unmapTotalTimeNs: Int64
    /// QAPI `wr_highest_offset`.
    public var wrHighestOffset: Int64
    /// QAPI `rd_merged`.
    public var rdMerged: Int64
    /// QAPI `wr_merged`.
    public var wrMerged: Int64
    /// QAPI `unmap_merged`.
    public var unmapMerged: Int64
    /// QAPI `idle_time_ns`.
    public var idleTimeNs: Int64?
    /// QAPI `failed_rd_operations`.
    public var failedRdOperations: Int64
    /// QAPI `failed_wr_operations`.
    public var failedWrOperations: Int64
    /// QAPI `failed_flush_operations`.
    public var failedFlushOperations: Int64
    /// QAPI `failed_unmap_operations`.
    public var failedUnmapOperations: Int64
    /// QAPI `invalid_rd_operations`.
    public var invalidRdOperations: Int64
    /// QAPI `invalid_wr_operations`.
    public var invalidWrOperations: Int64
    /// QAPI `invalid_flush_operations`.
    public var invalidFlushOperations: Int64
    /// QAPI `invalid_unmap_operations`.
    public var invalidUnmapOperations: Int64
    /// QAPI `account_invalid`.
    public var accountInvalid: Bool
    /// QAPI `account_failed`.
    public var accountFailed: Bool
    /// QAPI `timed_stats`.
    public var timedStats: [BlockDeviceTimedStats]

    public init(rdBytes: Int64, wrBytes: Int64, unmapBytes: Int64, rdOperations: Int64, wrOperations: Int64, flushOperations: Int64, unmapOperations: Int64, rdTotalTimeNs: Int64, wrTotalTimeNs: Int64, flushTotalTimeNs: Int64, unmapTotalTimeNs: Int64, wrHighestOffset: Int64, rdMerged: Int64, wrMerged: Int64, unmapMerged: Int64, idleTimeNs: Int64? = nil, failedRdOperations: Int64, failedWrOperations: Int64, failedFlushOperations: Int64, failedUnmapOperations: Int64, invalidRdOperations: Int64, invalidWrOperations: Int64, invalidFlushOperations: Int64, invalidUnmapOperations: Int64, accountInvalid: Bool, accountFailed: Bool, timedStats: [BlockDeviceTimedStats]) {
        self.rdBytes = rdBytes
        self.wrBytes = wrBytes
        self.unmapBytes = unmapBytes
        self.rdOperations = rdOperations
        self.wrOperations = wrOperations
        self.flushOperations = flushOperations
        self.unmapOperations = unmapOperations
        self.rdTotalTimeNs = rdTotalTimeNs
        self.wrTotalTimeNs = wrTotalTimeNs
        self.flushTotalTimeNs = flushTotalTimeNs
        self.unmapTotalTimeNs = unmapTotalTimeNs
        self.wrHighestOffset = wrHighestOffset
        self.rdMerged = rdMerged
        self.wrMerged = wrMerged
        self.unmapMerged = unmapMerged
        self.idleTimeNs = idleTimeNs
        self.failedRdOperations = failedRdOperations
        self.failedWrOperations = failedWrOperations
        self.failedFlushOperations = failedFlushOperations
        self.failedUnmapOperations = failedUnmapOperations
        self.invalidRdOperations = invalidRdOperations
        self.invalidWrOperations = invalidWrOperations
        self.invalidFlushOperations = invalidFlushOperations
        self.invalidUnmapOperations = invalidUnmapOperations
        self.accountInvalid = accountInvalid
        self.accountFailed = accountFailed
        self.timedStats = timedStats
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        rdBytes = try reader.required("rd_bytes")
        wrBytes = try reader.required("wr_bytes")
        unmapBytes = try reader.required("unmap_bytes")
        rdOperations = try reader.required("rd_operations")
        wrOperations = try reader.required("wr_operations")
        flushOperations = try reader.required("flush_operations")
        unmapOperations = try reader.required("unmap_operations")
        rdTotalTimeNs = try reader.required("rd_total_time_ns")
        wrTotalTimeNs = try reader.required("wr_total_time_ns")
        flushTotalTimeNs = try reader.required("flush_total_time_ns")
        unmapTotalTimeNs = try reader.required("unmap_total_time_ns")
        wrHighestOffset = try reader.required("wr_highest_offset")
        rdMerged = try reader.required("rd_merged")
        wrMerged = try reader.required("wr_merged")
        unmapMerged = try reader.required("unmap_merged")
        idleTimeNs = try reader.optional("idle_time_ns")
        failedRdOperations = try reader.required("failed_rd_operations")
        failedWrOperations = try reader.required("failed_wr_operations")
        failedFlushOperations = try reader.required("failed_flush_operations")
        failedUnmapOperations = try reader.required("failed_unmap_operations")
        invalidRdOperations = try reader.required("invalid_rd_operations")
        invalidWrOperations = try reader.required("invalid_wr_operations")
        invalidFlushOperations = try reader.required("invalid_flush_operations")
        invalidUnmapOperations = try reader.required("invalid_unmap_operations")
        accountInvalid = try reader.required("account_invalid")
        accountFailed = try reader.required("account_failed")
        timedStats = try reader.required("timed_stats")
    }

    public func write(to object: inout JSONObject) {
        object["rd_bytes"] = rdBytes.json
        object["wr_bytes"] = wrBytes.json
        object["unmap_bytes"] = unmapBytes.json
        object["rd_operations"] = rdOperations.json
        object["wr_operations"] = wrOperations.json
        object["flush_operations"] = flushOperations.json
        object["unmap_operations"] = unmapOperations.json
        object["rd_total_time_ns"] = rdTotalTimeNs.json
        object["wr_total_time_ns"] = wrTotalTimeNs.json
        object["flush_total_time_ns"] = flushTotalTimeNs.json
        object["unmap_total_time_ns"] = unmapTotalTimeNs.json
        object["wr_highest_offset"] = wrHighestOffset.json
        object["rd_merged"] = rdMerged.json
        object["wr_merged"] = wrMerged.json
        object["unmap_merged"] = unmapMerged.json
        object["idle_time_ns"] = idleTimeNs?.json
        object["failed_rd_operations"] = failedRdOperations.json
        object["failed_wr_operations"] = failedWrOperations.json
        object["failed_flush_operations"] = failedFlushOperations.json
        object["failed_unmap_operations"] = failedUnmapOperations.json
        object["invalid_rd_operations"] = invalidRdOperations.json
        object["invalid_wr_operations"] = invalidWrOperations.json
        object["invalid_flush_operations"] = invalidFlushOperations.json
        object["invalid_unmap_operations"] = invalidUnmapOperations.json
        object["account_invalid"] = accountInvalid.json
        object["account_failed"] = accountFailed.json
        object["timed_stats"] = timedStats.json
    }
}

/// QAPI `BlockStats`.
public struct BlockStats: QAPIObject, Equatable {
    /// QAPI `device`.
    public var device: String?
    /// QAPI `qdev`.
    public var qdev: String?
    /// QAPI `node-name`.
    public var nodeName: String?
    /// QAPI `stats`.
    public var stats: BlockDeviceStats

    public init(device: String? = nil, qdev: String? = nil, nodeName: String? = nil, stats: BlockDeviceStats) {
        self.device = device
        self.qdev = qdev
        self.nodeName = nodeName
        self.stats = stats
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        device = try reader.optional("device")
        qdev = try reader.optional("qdev")
        nodeName = try reader.optional("node-name")
        stats = try reader.required("stats")
    }

    public func write(to object: inout JSONObject) {
        object["device"] = device?.json
        object["qdev"] = qdev?.json
        object["node-name"] = nodeName?.json
        object["stats"] = stats.json
    }
}

/// QAPI `BalloonInfo`.
public struct BalloonInfo: QAPIObject, Equatable {
    /// Bytes of RAM less what the guest has given. QAPI `actual`.
    public var actual: Int64

    public init(actual: Int64) {
        self.actual = actual
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        actual = try reader.required("actual")
    }

    public func write(to object: inout JSONObject) {
        object["actual"] = actual.json
    }
}

/// QAPI `MemoryInfo`.
public struct MemoryInfo: QAPIObject, Equatable {
    /// Bytes of RAM at the start. QAPI `base-memory`.
    public var baseMemory: UInt64
    /// Bytes added since. QAPI `plugged-memory`.
    public var pluggedMemory: UInt64?

    public init(baseMemory: UInt64, pluggedMemory: UInt64? = nil) {
        self.baseMemory = baseMemory
        self.pluggedMemory = pluggedMemory
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        baseMemory = try reader.required("base-memory")
        pluggedMemory = try reader.optional("plugged-memory")
    }

    public func write(to object: inout JSONObject) {
        object["base-memory"] = baseMemory.json
        object["plugged-memory"] = pluggedMemory?.json
    }
}

/// Something that goes on in the background. QAPI `JobInfo`.
public struct JobInfo: QAPIObject, Equatable {
    /// QAPI `id`.
    public var id: String
    /// QAPI `type`.
    public var type: JobType
    /// QAPI `status`.
    public var status: JobStatus
    /// QAPI `current-progress`.
    public var currentProgress: Int64
    /// QAPI `total-progress`.
    public var totalProgress: Int64
    /// QAPI `error`.
    public var error: String?

    public init(id: String, type: JobType, status: JobStatus, currentProgress: Int64, totalProgress: Int64, error: String? = nil) {
        self.id = id
        self.type = type
        self.status = status
        self.currentProgress = currentProgress
        self.totalProgress = totalProgress
        self.error = error
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        id = try reader.required("id")
        type = try reader.required("type")
        status = try reader.required("status")
        currentProgress = try reader.required("current-progress")
        totalProgress = try reader.required("total-progress")
        error = try reader.optional("error")
    }

    public func write(to object: inout JSONObject) {
        object["id"] = id.json
        object["type"] = type.json
        object["status"] = status.json
        object["current-progress"] = currentProgress.json
        object["total-progress"] = totalProgress.json
        object["error"] = error?.json
    }
}

/// QAPI `AddfdInfo`.
public struct AddfdInfo: QAPIObject, Equatable {
    /// The set it is in. QAPI `fdset-id`.
    public var fdsetId: Int64
    /// Its number. QAPI `fd`.
    public var fd: Int64

    public init(fdsetId: Int64, fd: Int64) {
        self.fdsetId = fdsetId
        self.fd = fd
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        fdsetId = try reader.required("fdset-id")
        fd = try reader.required("fd")
    }

    public func write(to object: inout JSONObject) {
        object["fdset-id"] = fdsetId.json
        object["fd"] = fd.json
    }
}

/// QAPI `FdsetFdInfo`.
public struct FdsetFdInfo: QAPIObject, Equatable {
    /// QAPI `fd`.
    public var fd: Int64
    /// QAPI `opaque`.
    public var opaque: String?

    public init(fd: Int64, opaque: String? = nil) {
        self.fd = fd
        self.opaque = opaque
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        fd = try reader.required("fd")
        opaque = try reader.optional("opaque")
    }

    public func write(to object: inout JSONObject) {
        object["fd"] = fd.json
        object["opaque"] = opaque?.json
    }
}

/// QAPI `FdsetInfo`.
public struct FdsetInfo: QAPIObject, Equatable {
    /// QAPI `fdset-id`.
    public var fdsetId: Int64
    /// QAPI `fds`.
    public var fds: [FdsetFdInfo]

    public init(fdsetId: Int64, fds: [FdsetFdInfo]) {
        self.fdsetId = fdsetId
        self.fds = fds
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        fdsetId = try reader.required("fdset-id")
        fds = try reader.required("fds")
    }

    public func write(to object: inout JSONObject) {
        object["fdset-id"] = fdsetId.json
        object["fds"] = fds.json
    }
}

/// QAPI `YankInstanceBlockNode`.
public struct YankInstanceBlockNode: QAPIObject, Equatable {
    /// QAPI `node-name`.
    public var nodeName: String

    public init(nodeName: String) {
        self.nodeName = nodeName
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        nodeName = try reader.required("node-name")
    }

    public func write(to object: inout JSONObject) {
        object["node-name"] = nodeName.json
    }
}

/// QAPI `YankInstanceChardev`.
public struct YankInstanceChardev: QAPIObject, Equatable {
    /// QAPI `id`.
    public var id: String

    public init(id: String) {
        self.id = id
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        id = try reader.required("id")
    }

    public func write(to object: inout JSONObject) {
        object["id"] = id.json
    }
}

/// QAPI `AnnounceParameters`.
public struct AnnounceParameters: QAPIObject, Equatable {
    /// Delay before the second packet, in ms. QAPI `initial`.
    public var initial: Int64
    /// Longest delay between packets, in ms. QAPI `max`.
    public var max: Int64
    /// Number of packets. QAPI `rounds`.
    public var rounds: Int64
    /// By how much the delay grows, in ms. QAPI `step`.
    public var step: Int64
    /// Only these (default all). QAPI `interfaces`.
    public var interfaces: [String]?
    /// Name of the timer, so that it can be set anew. QAPI `id`.
    public var id: String?

    public init(initial: Int64, max: Int64, rounds: Int64, step: Int64, interfaces: [String]? = nil, id: String? = nil) {
        self.initial = initial
        self.max = max
        self.rounds = rounds
        self.step = step
        self.interfaces = interfaces
        self.id = id
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        initial = try reader.required("initial")
        max = try reader.required("max")
        rounds = try reader.required("rounds")
        step = try reader.required("step")
        interfaces = try reader.optional("interfaces")
        id = try reader.optional("id")
    }

    public func write(to object: inout JSONObject) {
        object["initial"] = initial.json
        object["max"] = max.json
        object["rounds"] = rounds.json
        object["step"] = step.json
        object["interfaces"] = interfaces?.json
        object["id"] = id?.json
    }
}

/// Progress of RAM, at the source. Bytes are those of the stream, pages those of the guest. QAPI
/// `MigrationStats`.
public struct MigrationStats: QAPIObject, Equatable {
    /// Bytes sent. QAPI `transferred`.
    public var transferred: Int64
    /// Bytes still to send. QAPI `remaining`.
    public var remaining: Int64
    /// Bytes of all RAM that migrates. QAPI `total`.
    public var total: Int64
    /// Pages sent as all zero. QAPI `duplicate`.
    public var duplicate: Int64
    /// Always 0. QAPI `skipped`. Deprecated.
    public var skipped: Int64
    /// Pages sent whole. QAPI `normal`.
    public var normal: Int64
    /// The same in bytes. QAPI `normal-bytes`.
    public var normalBytes: Int64
    /// Pages newly dirtied per second. QAPI `dirty-pages-rate`.
    public var dirtyPagesRate: Int64
    /// Throughput in 10^6 bit/s. QAPI `mbps`.
    public var mbps: Double
    /// How often the dirty log was read. QAPI `dirty-sync-count`.
    public var dirtySyncCount: Int64
    /// Pages the destination asked for. QAPI `postcopy-requests`.
    public var postcopyRequests: Int64
    /// Bytes per page. QAPI `page-size`.
    public var pageSize: Int64
    /// Bytes sent on extra channels. QAPI `multifd-bytes`.
    public var multifdBytes: UInt64
    /// Pages sent per second. QAPI `pages-per-second`.
    public var pagesPerSecond: UInt64
    /// Bytes sent while the guest ran. QAPI `precopy-bytes`.
    public var precopyBytes: UInt64
    /// Bytes sent while the guest was stopped. QAPI `downtime-bytes`.
    public var downtimeBytes: UInt64
    /// Bytes sent in postcopy. QAPI `postcopy-bytes`.
    public var postcopyBytes: UInt64
    /// Synchronisations at which zero-copy had to copy. QAPI `dirty-sync-missed-zero-copy`.
    public var dirtySyncMissedZeroCopy: UInt64

    public init(transferred: Int64, remaining: Int64, total: Int64, duplicate: Int64, skipped: Int64, normal: Int64, normalBytes: Int64, dirtyPagesRate: Int64, mbps: Double, dirtySyncCount: Int64, postcopyRequests: Int64, pageSize: Int64, multifdBytes: UInt64, pagesPerSecond: UInt64, precopyBytes: UInt64, downtimeBytes: UInt64, postcopyBytes: UInt64, dirtySyncMissedZeroCopy: UInt64) {
        self.transferred = transferred
        self.remaining = remaining
        self.total = total
        self.duplicate = duplicate
        self.skipped = skipped
        self.normal = normal
        self.normalBytes = normalBytes
        self.dirtyPagesRate = dirtyPagesRate
        self.mbps = mbps
        self.dirtySyncCount = dirtySyncCount
        self.postcopyRequests = postcopyRequests
        self.pageSize = pageSize
        self.multifdBytes = multifdBytes
        self.pagesPerSecond = pagesPerSecond
        self.precopyBytes = precopyBytes
        self.downtimeBytes = downtimeBytes
        self.postcopyBytes = postcopyBytes
        self.dirtySyncMissedZeroCopy = dirtySyncMissedZeroCopy
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        transferred = try reader.required("transferred")
        remaining = try reader.required("remaining")
        total = try reader.required("total")
        duplicate = try reader.required("duplicate")
        skipped = try reader.required("skipped")
        normal = try reader.required("normal")
        normalBytes = try reader.required("normal-bytes")
        dirtyPagesRate = try reader.required("dirty-pages-rate")
        mbps = try reader.required("mbps")
        dirtySyncCount = try reader.required("dirty-sync-count")
        postcopyRequests = try reader.required("postcopy-requests")
        pageSize = try reader.required("page-size")
        multifdBytes = try reader.required("multifd-bytes")
        pagesPerSecond = try reader.required("pages-per-second")
        precopyBytes = try reader.required("precopy-bytes")
        downtimeBytes = try reader.required("downtime-bytes")
        postcopyBytes = try reader.required("postcopy-bytes")
        dirtySyncMissedZeroCopy = try reader.required("dirty-sync-missed-zero-copy")
    }

    public func write(to object: inout JSONObject) {
        object["transferred"] = transferred.json
        object["remaining"] = remaining.json
        object["total"] = total.json
        object["duplicate"] = duplicate.json
        object["skipped"] = skipped.json
        object["normal"] = normal.json
        object["normal-bytes"] = normalBytes.json
        object["dirty-pages-rate"] = dirtyPagesRate.json
        object["mbps"] = mbps.json
        object["dirty-sync-count"] = dirtySyncCount.json
        object["postcopy-requests"] = postcopyRequests.json
        object["page-size"] = pageSize.json
        object["multifd-bytes"] = multifdBytes.json
        object["pages-per-second"] = pagesPerSecond.json
        object["precopy-bytes"] = precopyBytes.json
        object["downtime-bytes"] = downtimeBytes.json
        object["postcopy-bytes"] = postcopyBytes.json
        object["dirty-sync-missed-zero-copy"] = dirtySyncMissedZeroCopy.json
    }
}

/// Page cache of delta compression. QAPI `XBZRLECacheStats`.
public struct XBZRLECacheStats: QAPIObject, Equatable {
    /// QAPI `cache-size`.
    public var cacheSize: UInt64
    /// QAPI `bytes`.
    public var bytes: Int64
    /// QAPI `pages`.
    public var pages: Int64
    /// QAPI `cache-miss`.
    public var cacheMiss: Int64
    /// QAPI `cache-miss-rate`.
    public var cacheMissRate: Double
    /// QAPI `encoding-rate`.
    public var encodingRate: Double
    /// QAPI `overflow`.
    public var overflow: Int64

    public init(cacheSize: UInt64, bytes: Int64, pages: Int64, cacheMiss: Int64, cacheMissRate: Double, encodingRate: Double, overflow: Int64) {
        self.cacheSize = cacheSize
        self.bytes = bytes
        self.pages = pages
        self.cacheMiss = cacheMiss
        self.cacheMissRate = cacheMissRate
        self.encodingRate = encodingRate
        self.overflow = overflow
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        cacheSize = try reader.required("cache-size")
        bytes = try reader.required("bytes")
        pages = try reader.required("pages")
        cacheMiss = try reader.required("cache-miss")
        cacheMissRate = try reader.required("cache-miss-rate")
        encodingRate = try reader.required("encoding-rate")
        overflow = try reader.required("overflow")
    }

    public func write(to object: inout JSONObject) {
        object["cache-size"] = cacheSize.json
        object["bytes"] = bytes.json
        object["pages"] = pages.json
        object["cache-miss"] = cacheMiss.json
        object["cache-miss-rate"] = cacheMissRate.json
        object["encoding-rate"] = encodingRate.json
        object["overflow"] = overflow.json
    }
}

/// Compression by threads. QAPI `CompressionStats`.
public struct CompressionStats: QAPIObject, Equatable {
    /// QAPI `pages`.
    public var pages: Int64
    /// QAPI `busy`.
    public var busy: Int64
    /// QAPI `busy-rate`.
    public var busyRate: Double
    /// QAPI `compressed-size`.
    public var compressedSize: Int64
    /// QAPI `compression-rate`.
    public var compressionRate: Double

    public init(pages: Int64, busy: Int64, busyRate: Double, compressedSize: Int64, compressionRate: Double) {
        self.pages = pages
        self.busy = busy
        self.busyRate = busyRate
        self.compressedSize = compressedSize
        self.compressionRate = compressionRate
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        pages = try reader.required("pages")
        busy = try reader.required("busy")
        busyRate = try reader.required("busy-rate")
        compressedSize = try reader.required("compressed-size")
        compressionRate = try reader.required("compression-rate")
    }

    public func write(to object: inout JSONObject) {
        object["pages"] = pages.json
        object["busy"] = busy.json
        object["busy-rate"] = busyRate.json
        object["compressed-size"] = compressedSize.json
        object["compression-rate"] = compressionRate.json
    }
}

/// QAPI `VfioStats`.
public struct VfioStats: QAPIObject, Equatable {
    /// QAPI `transferred`.
    public var transferred: Int64

    public init(transferred: Int64) {
        self.transferred = transferred
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        transferred = try reader.required("transferred")
    }

    public func write(to object: inout JSONObject) {
        object["transferred"] = transferred.json
    }
}

/// Martlet's own: why a migration failed, part by part. Of a stream that was refused all parts are
/// there, but for those of a section outside of sections. QAPI `MartletError`.
public struct MartletError: QAPIObject, Equatable {
    /// Who found it; at the source that may be the destination, whose reason it then is. QAPI `side`.
    public var side: MartletSide
    /// How far the migration was. QAPI `phase`.
    public var phase: MartletPhase
    /// All of it, for people. QAPI `text`.
    public var text: String
    /// The section's name. QAPI `section`.
    public var section: String?
    /// Which of several sections of that name. QAPI `instance`.
    public var instance: UInt32?
    /// From the outermost structure to the value, elements of arrays as [0]. QAPI `path`.
    public var path: [String]?
    /// Bytes from the start of the stream to the value. QAPI `offset`.
    public var offset: UInt64?
    /// What should have stood there. QAPI `expected`.
    public var expected: String?
    /// What stood there. QAPI `found`.
    public var found: String?
    /// What most likely led to it. QAPI `cause`.
    public var cause: String?
    /// What to do about it. QAPI `remedy`.
    public var remedy: String?

    public init(side: MartletSide, phase: MartletPhase, text: String, section: String? = nil, instance: UInt32? = nil, path: [String]? = nil, offset: UInt64? = nil, expected: String? = nil, found: String? = nil, cause: String? = nil, remedy: String? = nil) {
        self.side = side
        self.phase = phase
        self.text = text
        self.section = section
        self.instance = instance
        self.path = path
        self.offset = offset
        self.expected = expected
        self.found = found
        self.cause = cause
        self.remedy = remedy
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        side = try reader.required("side")
        phase = try reader.required("phase")
        text = try reader.required("text")
        section = try reader.optional("section")
        instance = try reader.optional("instance")
        path = try reader.optional("path")
        offset = try reader.optional("offset")
        expected = try reader.optional("expected")
        found = try reader.optional("found")
        cause = try reader.optional("cause")
        remedy = try reader.optional("remedy")
    }

    public func write(to object: inout JSONObject) {
        object["side"] = side.json
        object["phase"] = phase.json
        object["text"] = text.json
        object["section"] = section?.json
        object["instance"] = instance?.json
        object["path"] = path?.json
        object["offset"] = offset?.json
        object["expected"] = expected?.json
        object["found"] = found?.json
        object["cause"] = cause?.json
        object["remedy"] = remedy?.json
    }
}

/// A migration, as far as it has come. Which members are there depends on the status. QAPI
/// `MigrationInfo`.
public struct MigrationInfo: QAPIObject, Equatable {
    /// Absent if there was no migration yet. QAPI `status`.
    public var status: MigrationStatus?
    /// Progress of RAM. QAPI `ram`.
    public var ram: MigrationStats?
    /// QAPI `disk`. Deprecated. Not built.
    public var disk: MigrationStats?
    /// QAPI `vfio`. Not built.
    public var vfio: VfioStats?
    /// QAPI `xbzrle-cache`.
    public var xbzrleCache: XBZRLECacheStats?
    /// Since the start, in ms; when completed, the whole time. QAPI `total-time`.
    public var totalTime: Int64?
    /// At the present rates, in ms. QAPI `expected-downtime`.
    public var expectedDowntime: Int64?
    /// For which the source had the guest stopped, in ms. QAPI `downtime`.
    public var downtime: Int64?
    /// Before the first pass, in ms. QAPI `setup-time`.
    public var setupTime: Int64?
    /// How much of the time the harts are held. QAPI `cpu-throttle-percentage`.
    public var cpuThrottlePercentage: Int64?
    /// What went wrong, for people. QAPI `error-desc`.
    public var errorDesc: String?
    /// Why the machine cannot migrate. QAPI `blocked-reasons`.
    public var blockedReasons: [String]?
    /// The same part by part, when a migration failed after the connection was there. QAPI
    /// `x-martlet-error`. Unstable.
    public var xMartletError: MartletError?
    /// QAPI `postcopy-blocktime`. Not built.
    public var postcopyBlocktime: UInt32?
    /// QAPI `postcopy-vcpu-blocktime`. Not built.
    public var postcopyVcpuBlocktime: [UInt32]?
    /// QAPI `compression`. Deprecated.
    public var compression: CompressionStats?
    /// Where the destination listens. QAPI `socket-address`.
    public var socketAddress: [SocketAddress]?
    /// For how long the hart that is held longest is held each time it has dirtied what it may, in us. QAPI
    /// `dirty-limit-throttle-time-per-round`.
    public var dirtyLimitThrottleTimePerRound: UInt64?
    /// How long harts take to dirty so much, on average, in us; 0 when they write nothing. QAPI
    /// `dirty-limit-ring-full-time`.
    public var dirtyLimitRingFullTime: UInt64?

    public init(status: MigrationStatus? = nil, ram: MigrationStats? = nil, disk: MigrationStats? = nil, vfio: VfioStats? = nil, xbzrleCache: XBZRLECacheStats? = nil, totalTime: Int64? = nil, expectedDowntime: Int64? = nil, downtime: Int64? = nil, setupTime: Int64? = nil, cpuThrottlePercentage: Int64? = nil, errorDesc: String? = nil, blockedReasons: [String]? = nil, xMartletError: MartletError? = nil, postcopyBlocktime: UInt32? = nil, postcopyVcpuBlocktime: [UInt32]? = nil, compression: CompressionStats? = nil, socketAddress: [SocketAddress]? = nil, dirtyLimitThrottleTimePerRound: UInt64? = nil, dirtyLimitRingFullTime: UInt64? = nil) {
        self.status = status
        self.ram = ram
        self.disk = disk
        self.vfio = vfio
        self.xbzrleCache = xbzrleCache
        self.totalTime = totalTime
        self.expectedDowntime = expectedDowntime
        self.downtime = downtime
        self.setupTime = setupTime
        self.cpuThrottlePercentage = cpuThrottlePercentage
        self.errorDesc = errorDesc
        self.blockedReasons = blockedReasons
        self.xMartletError = xMartletError
        self.postcopyBlocktime = postcopyBlocktime
        self.postcopyVcpuBlocktime = postcopyVcpuBlocktime
        self.compression = compression
        self.socketAddress = socketAddress
        self.dirtyLimitThrottleTimePerRound = dirtyLimitThrottleTimePerRound
        self.dirtyLimitRingFullTime = dirtyLimitRingFullTime
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        status = try reader.optional("status")
        ram = try reader.optional("ram")
        disk = try reader.notBuilt("disk")
        vfio = try reader.notBuilt("vfio")
        xbzrleCache = try reader.optional("xbzrle-cache")
        totalTime = try reader.optional("total-time")
        expectedDowntime = try reader.optional("expected-downtime")
        downtime = try reader.optional("downtime")
        setupTime = try reader.optional("setup-time")
        cpuThrottlePercentage = try reader.optional("cpu-throttle-percentage")
        errorDesc = try reader.optional("error-desc")
        blockedReasons = try reader.optional("blocked-reasons")
        xMartletError = try reader.optional("x-martlet-error")
        postcopyBlocktime = try reader.notBuilt("postcopy-blocktime")
        postcopyVcpuBlocktime = try reader.notBuilt("postcopy-vcpu-blocktime")
        compression = try reader.optional("compression")
        socketAddress = try reader.optional("socket-address")
        dirtyLimitThrottleTimePerRound = try reader.optional("dirty-limit-throttle-time-per-round")
        dirtyLimitRingFullTime = try reader.optional("dirty-limit-ring-full-time")
    }

    public func write(to object: inout JSONObject) {
        object["status"] = status?.json
        object["ram"] = ram?.json
        object["disk"] = disk?.json
        object["vfio"] = vfio?.json
        object["xbzrle-cache"] = xbzrleCache?.json
        object["total-time"] = totalTime?.json
        object["expected-downtime"] = expectedDowntime?.json
        object["downtime"] = downtime?.json
        object["setup-time"] = setupTime?.json
        object["cpu-throttle-percentage"] = cpuThrottlePercentage?.json
        object["error-desc"] = errorDesc?.json
        object["blocked-reasons"] = blockedReasons?.json
        object["x-martlet-error"] = xMartletError?.json
        object["postcopy-blocktime"] = postcopyBlocktime?.json
        object["postcopy-vcpu-blocktime"] = postcopyVcpuBlocktime?.json
        object["compression"] = compression?.json
        object["socket-address"] = socketAddress?.json
        object["dirty-limit-throttle-time-per-round"] = dirtyLimitThrottleTimePerRound?.json
        object["dirty-limit-ring-full-time"] = dirtyLimitRingFullTime?.json
    }
}

/// QAPI `MigrationCapabilityStatus`.
public struct MigrationCapabilityStatus: QAPIObject, Equatable {
    /// QAPI `capability`.
    public var capability: MigrationCapability
    /// On or off. QAPI `state`.
    public var state: Bool

    public init(capability: MigrationCapability, state: Bool) {
        self.capability = capability
        self.state = state
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        capability = try reader.required("capability")
        state = try reader.required("state")
    }

    public func write(to object: inout JSONObject) {
        object["capability"] = capability.json
        object["state"] = state.json
    }
}

/// QAPI `BitmapMigrationBitmapAliasTransform`.
public struct BitmapMigrationBitmapAliasTransform: QAPIObject, Equatable {
    /// Whether the bitmap is stored in the image at the other end. QAPI `persistent`.
    public var persistent: Bool?

    public init(persistent: Bool? = nil) {
        self.persistent = persistent
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        persistent = try reader.optional("persistent")
    }

    public func write(to object: inout JSONObject) {
        object["persistent"] = persistent?.json
    }
}

/// QAPI `BitmapMigrationBitmapAlias`.
public struct BitmapMigrationBitmapAlias: QAPIObject, Equatable {
    /// QAPI `name`.
    public var name: String
    /// QAPI `alias`.
    public var alias: String
    /// QAPI `transform`.
    public var transform: BitmapMigrationBitmapAliasTransform?

    public init(name: String, alias: String, transform: BitmapMigrationBitmapAliasTransform? = nil) {
        self.name = name
        self.alias = alias
        self.transform = transform
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        name = try reader.required("name")
        alias = try reader.required("alias")
        transform = try reader.optional("transform")
    }

    public func write(to object: inout JSONObject) {
        object["name"] = name.json
        object["alias"] = alias.json
        object["transform"] = transform?.json
    }
}

/// QAPI `BitmapMigrationNodeAlias`.
public struct BitmapMigrationNodeAlias: QAPIObject, Equatable {
    /// QAPI `node-name`.
    public var nodeName: String
    /// QAPI `alias`.
    public var alias: String
    /// QAPI `bitmaps`.
    public var bitmaps: [BitmapMigrationBitmapAlias]

    public init(nodeName: String, alias: String, bitmaps: [BitmapMigrationBitmapAlias]) {
        self.nodeName = nodeName
        self.alias = alias
        self.bitmaps = bitmaps
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        nodeName = try reader.required("node-name")
        alias = try reader.required("alias")
        bitmaps = try reader.required("bitmaps")
    }

    public func write(to object: inout JSONObject) {
        object["node-name"] = nodeName.json
        object["alias"] = alias.json
        object["bitmaps"] = bitmaps.json
    }
}

/// Parameters to change; those that are absent stay as they are. QAPI `MigrateSetParameters`.
public struct MigrateSetParameters: QAPIObject, Equatable {
    /// Delay before the second announcement, 0...100000 ms. QAPI `announce-initial`.
    public var announceInitial: UInt64?
    /// Longest delay between announcements, 0...100000 ms. QAPI `announce-max`.
    public var announceMax: UInt64?
    /// Number of announcements, 0...1000. QAPI `announce-rounds`.
    public var announceRounds: UInt64?
    /// By how much that delay grows, 1...10000 ms. QAPI `announce-step`.
    public var announceStep: UInt64?
    /// QAPI `compress-level`. Deprecated.
    public var compressLevel: UInt8?
    /// QAPI `compress-threads`. Deprecated.
    public var compressThreads: UInt8?
    /// QAPI `compress-wait-thread`. Deprecated.
    public var compressWaitThread: Bool?
    /// QAPI `decompress-threads`. Deprecated.
    public var decompressThreads: UInt8?
    /// QAPI `throttle-trigger-threshold`.
    public var throttleTriggerThreshold: UInt8?
    /// QAPI `cpu-throttle-initial`.
    public var cpuThrottleInitial: UInt8?
    /// QAPI `cpu-throttle-increment`.
    public var cpuThrottleIncrement: UInt8?
    /// QAPI `cpu-throttle-tailslow`.
    public var cpuThrottleTailslow: Bool?
    /// QAPI `tls-creds`.
    public var tlsCreds: StrOrNull?
    /// QAPI `tls-hostname`.
    public var tlsHostname: StrOrNull?
    /// QAPI `tls-authz`.
    public var tlsAuthz: StrOrNull?
    /// Limit of precopy in bytes per second; 0 is none. QAPI `max-bandwidth`.
    public var maxBandwidth: UInt64?
    /// What the last part may count on, in bytes per second; 0 means to estimate it. QAPI
    /// `avail-switchover-bandwidth`.
    public var availSwitchoverBandwidth: UInt64?
    /// Longest stop allowed at switchover, 0...2000000 ms. QAPI `downtime-limit`.
    public var downtimeLimit: UInt64?
    /// QAPI `x-checkpoint-delay`. Unstable. Not built.
    public var xCheckpointDelay: UInt32?
    /// QAPI `block-incremental`. Deprecated. Not built.
    public var blockIncremental: Bool?
    /// QAPI `multifd-channels`.
    public var multifdChannels: UInt8?
    /// QAPI `xbzrle-cache-size`.
    public var xbzrleCacheSize: UInt64?
    /// QAPI `max-postcopy-bandwidth`. Not built.
    public var maxPostcopyBandwidth: UInt64?
    /// QAPI `max-cpu-throttle`.
    public var maxCpuThrottle: UInt8?
    /// QAPI `multifd-compression`.
    public var multifdCompression: MultiFDCompression?
    /// QAPI `multifd-zlib-level`.
    public var multifdZlibLevel: UInt8?
    /// QAPI `multifd-zstd-level`.
    public var multifdZstdLevel: UInt8?
    /// QAPI `block-bitmap-mapping`. Not built.
    public var blockBitmapMapping: [BitmapMigrationNodeAlias]?
    /// QAPI `x-vcpu-dirty-limit-period`. Unstable.
    public var xVcpuDirtyLimitPeriod: UInt64?
    /// QAPI `vcpu-dirty-limit`.
    public var vcpuDirtyLimit: UInt64?
    /// QAPI `mode`.
    public var mode: MigMode?
    /// Layout for a receiver that does not say over the return path that it is a Martlet. QAPI
    /// `x-martlet-dialect`. Unstable.
    public var xMartletDialect: MartletDialect?

    public init(announceInitial: UInt64? = nil, announceMax: UInt64? = nil, announceRounds: UInt64? = nil, announceStep: UInt64? = nil, compressLevel: UInt8? = nil, compressThreads: UInt8? = nil, compressWaitThread: Bool? = nil, decompressThreads: UInt8? = nil, throttleTriggerThreshold: UInt8? = nil, cpuThrottleInitial: UInt8? = nil, cpuThrottleIncrement: UInt8? = nil, cpuThrottleTailslow: Bool? = nil, tlsCreds: StrOrNull? = nil, tlsHostname: StrOrNull? = nil, tlsAuthz: StrOrNull? = nil, maxBandwidth: UInt64? = nil, availSwitchoverBandwidth: UInt64? = nil, downtimeLimit: UInt64? = nil, xCheckpointDelay: UInt32? = nil, blockIncremental: Bool? = nil, multifdChannels: UInt8? = nil, xbzrleCacheSize: UInt64? = nil, maxPostcopyBandwidth: UInt64? = nil, maxCpuThrottle: UInt8? = nil, multifdCompression: MultiFDCompression? = nil, multifdZlibLevel: UInt8? = nil, multifdZstdLevel: UInt8? = nil, blockBitmapMapping: [BitmapMigrationNodeAlias]? = nil, xVcpuDirtyLimitPeriod: UInt64? = nil, vcpuDirtyLimit: UInt64? = nil, mode: MigMode? = nil, xMartletDialect: MartletDialect? = nil) {
        self.announceInitial = announceInitial
        self.announceMax = announceMax
        self.announceRounds = announceRounds
        self.announceStep = announceStep
        self.compressLevel = compressLevel
        self.compressThreads = compressThreads
        self.compressWaitThread = compressWaitThread
        self.decompressThreads = decompressThreads
        self.throttleTriggerThreshold = throttleTriggerThreshold
        self.cpuThrottleInitial = cpuThrottleInitial
        self.cpuThrottleIncrement = cpuThrottleIncrement
        self.cpuThrottleTailslow = cpuThrottleTailslow
        self.tlsCreds = tlsCreds
        self.tlsHostname = tlsHostname
        self.tlsAuthz = tlsAuthz
        self.maxBandwidth = maxBandwidth
        self.availSwitchoverBandwidth = availSwitchoverBandwidth
        self.downtimeLimit = downtimeLimit
        self.xCheckpointDelay = xCheckpointDelay
        self.blockIncremental = blockIncremental
        self.multifdChannels = multifdChannels
        self.xbzrleCacheSize = xbzrleCacheSize
        self.maxPostcopyBandwidth = maxPostcopyBandwidth
        self.maxCpuThrottle = maxCpuThrottle
        self.multifdCompression = multifdCompression
        self.multifdZlibLevel = multifdZlibLevel
        self.multifdZstdLevel = multifdZstdLevel
        self.blockBitmapMapping = blockBitmapMapping
        self.xVcpuDirtyLimitPeriod = xVcpuDirtyLimitPeriod
        self.vcpuDirtyLimit = vcpuDirtyLimit
        self.mode = mode
        self.xMartletDialect = xMartletDialect
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        announceInitial = try reader.optional("announce-initial")
        announceMax = try reader.optional("announce-max")
        announceRounds = try reader.optional("announce-rounds")
        announceStep = try reader.optional("announce-step")
        compressLevel = try reader.optional("compress-level")
        compressThreads = try reader.optional("compress-threads")
        compressWaitThread = try reader.optional("compress-wait-thread")
        decompressThreads = try reader.optional("decompress-threads")
        throttleTriggerThreshold = try reader.optional("throttle-trigger-threshold")
        cpuThrottleInitial = try reader.optional("cpu-throttle-initial")
        cpuThrottleIncrement = try reader.optional("cpu-throttle-increment")
        cpuThrottleTailslow = try reader.optional("cpu-throttle-tailslow")
        tlsCreds = try reader.optional("tls-creds")
        tlsHostname = try reader.optional("tls-hostname")
        tlsAuthz = try reader.optional("tls-authz")
        maxBandwidth = try reader.optional("max-bandwidth")
        availSwitchoverBandwidth = try reader.optional("avail-switchover-bandwidth")
        downtimeLimit = try reader.optional("downtime-limit")
        xCheckpointDelay = try reader.notBuilt("x-checkpoint-delay")
        blockIncremental = try reader.notBuilt(flag: "block-incremental")
        multifdChannels = try reader.optional("multifd-channels")
        xbzrleCacheSize = try reader.optional("xbzrle-cache-size")
        maxPostcopyBandwidth = try reader.notBuilt("max-postcopy-bandwidth")
        maxCpuThrottle = try reader.optional("max-cpu-throttle")
        multifdCompression = try reader.optional("multifd-compression")
        multifdZlibLevel = try reader.optional("multifd-zlib-level")
        multifdZstdLevel = try reader.optional("multifd-zstd-level")
        blockBitmapMapping = try reader.notBuilt("block-bitmap-mapping")
        xVcpuDirtyLimitPeriod = try reader.optional("x-vcpu-dirty-limit-period")
        vcpuDirtyLimit = try reader.optional("vcpu-dirty-limit")
        mode = try reader.optional("mode")
        xMartletDialect = try reader.optional("x-martlet-dialect")
    }

    public func write(to object: inout JSONObject) {
        object["announce-initial"] = announceInitial?.json
        object["announce-max"] = announceMax?.json
        object["announce-rounds"] = announceRounds?.json
        object["announce-step"] = announceStep?.json
        object["compress-level"] = compressLevel?.json
        object["compress-threads"] = compressThreads?.json
        object["compress-wait-thread"] = compressWaitThread?.json
        object["decompress-threads"] = decompressThreads?.json
        object["throttle-trigger-threshold"] = throttleTriggerThreshold?.json
        object["cpu-throttle-initial"] = cpuThrottleInitial?.json
        object["cpu-throttle-increment"] = cpuThrottleIncrement?.json
        object["cpu-throttle-tailslow"] = cpuThrottleTailslow?.json
        object["tls-creds"] = tlsCreds?.json
        object["tls-hostname"] = tlsHostname?.json
        object["tls-authz"] = tlsAuthz?.json
        object["max-bandwidth"] = maxBandwidth?.json
        object["avail-switchover-bandwidth"] = availSwitchoverBandwidth?.json
        object["downtime-limit"] = downtimeLimit?.json
        object["x-checkpoint-delay"] = xCheckpointDelay?.json
        object["block-incremental"] = blockIncremental?.json
        object["multifd-channels"] = multifdChannels?.json
        object["xbzrle-cache-size"] = xbzrleCacheSize?.json
        object["max-postcopy-bandwidth"] = maxPostcopyBandwidth?.json
        object["max-cpu-throttle"] = maxCpuThrottle?.json
        object["multifd-compression"] = multifdCompression?.json
        object["multifd-zlib-level"] = multifdZlibLevel?.json
        object["multifd-zstd-level"] = multifdZstdLevel?.json
        object["block-bitmap-mapping"] = blockBitmapMapping?.json
        object["x-vcpu-dirty-limit-period"] = xVcpuDirtyLimitPeriod?.json
        object["vcpu-dirty-limit"] = vcpuDirtyLimit?.json
        object["mode"] = mode?.json
        object["x-martlet-dialect"] = xMartletDialect?.json
    }
}

/// The parameters as they stand; see MigrateSetParameters. QAPI `MigrationParameters`.
public struct MigrationParameters: QAPIObject, Equatable {
    /// QAPI `announce-initial`.
    public var announceInitial: UInt64?
    /// QAPI `announce-max`.
    public var announceMax: UInt64?
    /// QAPI `announce-rounds`.
    public var announceRounds: UInt64?
    /// QAPI `announce-step`.
    public var announceStep: UInt64?
    /// QAPI `compress-level`. Deprecated.
    public var compressLevel: UInt8?
    /// QAPI `compress-threads`. Deprecated.
    public var compressThreads: UInt8?
    /// QAPI `compress-wait-thread`. Deprecated.
    public var compressWaitThread: Bool?
    /// QAPI `decompress-threads`. Deprecated.
    public var decompressThreads: UInt8?
    /// QAPI `throttle-trigger-threshold`.
    public var throttleTriggerThreshold: UInt8?
    /// QAPI `cpu-throttle-initial`.
    public var cpuThrottleInitial: UInt8?
    /// QAPI `cpu-throttle-increment`.
    public var cpuThrottleIncrement: UInt8?
    /// QAPI `cpu-throttle-tailslow`.
    public var cpuThrottleTailslow: Bool?
    /// QAPI `tls-creds`.
    public var tlsCreds: String?
    /// QAPI `tls-hostname`.
    public var tlsHostname: String?
    /// QAPI `tls-authz`.
    public var tlsAuthz: String?
    /// QAPI `max-bandwidth`.
    public var maxBandwidth: UInt64?
    /// QAPI `avail-switchover-bandwidth`.
    public var availSwitchoverBandwidth: UInt64?
    /// QAPI `downtime-limit`.
    public var downtimeLimit: UInt64?
    /// QAPI `x-checkpoint-delay`. Unstable. Not built.
    public var xCheckpointDelay: UInt32?
    /// QAPI `block-incremental`. Deprecated. Not built.
    public var blockIncremental: Bool?
    /// QAPI `multifd-channels`.
    public var multifdChannels: UInt8?
    /// QAPI `xbzrle-cache-size`.
    public var xbzrleCacheSize: UInt64?
    /// QAPI `max-postcopy-bandwidth`. Not built.
    public var maxPostcopyBandwidth: UInt64?
    /// QAPI `max-cpu-throttle`.
    public var maxCpuThrottle: UInt8?
    /// QAPI `multifd-compression`.
    public var multifdCompression: MultiFDCompression?
    /// QAPI `multifd-zlib-level`.
    public var multifdZlibLevel: UInt8?
    /// QAPI `multifd-zstd-level`.
    public var multifdZstdLevel: UInt8?
    /// QAPI `block-bitmap-mapping`. Not built.
    public var blockBitmapMapping: [BitmapMigrationNodeAlias]?
    /// QAPI `x-vcpu-dirty-limit-period`. Unstable.
    public var xVcpuDirtyLimitPeriod: UInt64?
    /// QAPI `vcpu-dirty-limit`.
    public var vcpuDirtyLimit: UInt64?
    /// QAPI `mode`.
    public var mode: MigMode?
    /// QAPI `x-martlet-dialect`. Unstable.
    public var xMartletDialect: MartletDialect?

    public init(announceInitial: UInt64? = nil, announceMax: UInt64? = nil, announceRounds: UInt64? = nil, announceStep: UInt64? = nil, compressLevel: UInt8? = nil, compressThreads: UInt8? = nil, compressWaitThread: Bool? = nil, decompressThreads: UInt8? = nil, throttleTriggerThreshold: UInt8? = nil, cpuThrottleInitial: UInt8? = nil, cpuThrottleIncrement: UInt8? = nil, cpuThrottleTailslow: Bool? = nil, tlsCreds: String? = nil, tlsHostname: String? = nil, tlsAuthz: String? = nil, maxBandwidth: UInt64? = nil, availSwitchoverBandwidth: UInt64? = nil, downtimeLimit: UInt64? = nil, xCheckpointDelay: UInt32? = nil, blockIncremental: Bool? = nil, multifdChannels: UInt8? = nil, xbzrleCacheSize: UInt64? = nil, maxPostcopyBandwidth: UInt64? = nil, maxCpuThrottle: UInt8? = nil, multifdCompression: MultiFDCompression? = nil, multifdZlibLevel: UInt8? = nil, multifdZstdLevel: UInt8? = nil, blockBitmapMapping: [BitmapMigrationNodeAlias]? = nil, xVcpuDirtyLimitPeriod: UInt64? = nil, vcpuDirtyLimit: UInt64? = nil, mode: MigMode? = nil, xMartletDialect: MartletDialect? = nil) {
        self.announceInitial = announceInitial
        self.announceMax = announceMax
        self.announceRounds = announceRounds
        self.announceStep = announceStep
        self.compressLevel = compressLevel
        self.compressThreads = compressThreads
        self.compressWaitThread = compressWaitThread
        self.decompressThreads = decompressThreads
        self.throttleTriggerThreshold = throttleTriggerThreshold
        self.cpuThrottleInitial = cpuThrottleInitial
        self.cpuThrottleIncrement = cpuThrottleIncrement
        self.cpuThrottleTailslow = cpuThrottleTailslow
        self.tlsCreds = tlsCreds
        self.tlsHostname = tlsHostname
        self.tlsAuthz = tlsAuthz
        self.maxBandwidth = maxBandwidth
        self.availSwitchoverBandwidth = availSwitchoverBandwidth
        self.downtimeLimit = downtimeLimit
        self.xCheckpointDelay = xCheckpointDelay
        self.blockIncremental = blockIncremental
        self.multifdChannels = multifdChannels
        self.xbzrleCacheSize = xbzrleCacheSize
        self.maxPostcopyBandwidth = maxPostcopyBandwidth
        self.maxCpuThrottle = maxCpuThrottle
        self.multifdCompression = multifdCompression
        self.multifdZlibLevel = multifdZlibLevel
        self.multifdZstdLevel = multifdZstdLevel
        self.blockBitmapMapping = blockBitmapMapping
        self.xVcpuDirtyLimitPeriod = xVcpuDirtyLimitPeriod
        self.vcpuDirtyLimit = vcpuDirtyLimit
        self.mode = mode
        self.xMartletDialect = xMartletDialect
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        announceInitial = try reader.optional("announce-initial")
        announceMax = try reader.optional("announce-max")
        announceRounds = try reader.optional("announce-rounds")
        announceStep = try reader.optional("announce-step")
        compressLevel = try reader.optional("compress-level")
        compressThreads = try reader.optional("compress-threads")
        compressWaitThread = try reader.optional("compress-wait-thread")
        decompressThreads = try reader.optional("decompress-threads")
        throttleTriggerThreshold = try reader.optional("throttle-trigger-threshold")
        cpuThrottleInitial = try reader.optional("cpu-throttle-initial")
        cpuThrottleIncrement = try reader.optional("cpu-throttle-increment")
        cpuThrottleTailslow = try reader.optional("cpu-throttle-tailslow")
        tlsCreds = try reader.optional("tls-creds")
        tlsHostname = try reader.optional("tls-hostname")
        tlsAuthz = try reader.optional("tls-authz")
        maxBandwidth = try reader.optional("max-bandwidth")
        availSwitchoverBandwidth = try reader.optional("avail-switchover-bandwidth")
        downtimeLimit = try reader.optional("downtime-limit")
        xCheckpointDelay = try reader.notBuilt("x-checkpoint-delay")
        blockIncremental = try reader.notBuilt(flag: "block-incremental")
        multifdChannels = try reader.optional("multifd-channels")
        xbzrleCacheSize = try reader.optional("xbzrle-cache-size")
        maxPostcopyBandwidth = try reader.notBuilt("max-postcopy-bandwidth")
        maxCpuThrottle = try reader.optional("max-cpu-throttle")
        multifdCompression = try reader.optional("multifd-compression")
        multifdZlibLevel = try reader.optional("multifd-zlib-level")
        multifdZstdLevel = try reader.optional("multifd-zstd-level")
        blockBitmapMapping = try reader.notBuilt("block-bitmap-mapping")
        xVcpuDirtyLimitPeriod = try reader.optional("x-vcpu-dirty-limit-period")
        vcpuDirtyLimit = try reader.optional("vcpu-dirty-limit")
        mode = try reader.optional("mode")
        xMartletDialect = try reader.optional("x-martlet-dialect")
    }

    public func write(to object: inout JSONObject) {
        object["announce-initial"] = announceInitial?.json
        object["announce-max"] = announceMax?.json
        object["announce-rounds"] = announceRounds?.json
        object["announce-step"] = announceStep?.json
        object["compress-level"] = compressLevel?.json
        object["compress-threads"] = compressThreads?.json
        object["compress-wait-thread"] = compressWaitThread?.json
        object["decompress-threads"] = decompressThreads?.json
        object["throttle-trigger-threshold"] = throttleTriggerThreshold?.json
        object["cpu-throttle-initial"] = cpuThrottleInitial?.json
        object["cpu-throttle-increment"] = cpuThrottleIncrement?.json
        object["cpu-throttle-tailslow"] = cpuThrottleTailslow?.json
        object["tls-creds"] = tlsCreds?.json
        object["tls-hostname"] = tlsHostname?.json
        object["tls-authz"] = tlsAuthz?.json
        object["max-bandwidth"] = maxBandwidth?.json
        object["avail-switchover-bandwidth"] = availSwitchoverBandwidth?.json
        object["downtime-limit"] = downtimeLimit?.json
        object["x-checkpoint-delay"] = xCheckpointDelay?.json
        object["block-incremental"] = blockIncremental?.json
        object["multifd-channels"] = multifdChannels?.json
        object["xbzrle-cache-size"] = xbzrleCacheSize?.json
        object["max-postcopy-bandwidth"] = maxPostcopyBandwidth?.json
        object["max-cpu-throttle"] = maxCpuThrottle?.json
        object["multifd-compression"] = multifdCompression?.json
        object["multifd-zlib-level"] = multifdZlibLevel?.json
        object["multifd-zstd-level"] = multifdZstdLevel?.json
        object["block-bitmap-mapping"] = blockBitmapMapping?.json
        object["x-vcpu-dirty-limit-period"] = xVcpuDirtyLimitPeriod?.json
        object["vcpu-dirty-limit"] = vcpuDirtyLimit?.json
        object["mode"] = mode?.json
        object["x-martlet-dialect"] = xMartletDialect?.json
    }
}

/// QAPI `FileMigrationArgs`.
public struct FileMigrationArgs: QAPIObject, Equatable {
    /// The file. QAPI `filename`.
    public var filename: String
    /// Where in it the stream begins, in bytes. QAPI `offset`.
    public var offset: UInt64

    public init(filename: String, offset: UInt64) {
        self.filename = filename
        self.offset = offset
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        filename = try reader.required("filename")
        offset = try reader.required("offset")
    }

    public func write(to object: inout JSONObject) {
        object["filename"] = filename.json
        object["offset"] = offset.json
    }
}

/// QAPI `MigrationExecCommand`.
public struct MigrationExecCommand: QAPIObject, Equatable {
    /// The program and its arguments; no shell. QAPI `args`.
    public var args: [String]

    public init(args: [String]) {
        self.args = args
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        args = try reader.required("args")
    }

    public func write(to object: inout JSONObject) {
        object["args"] = args.json
    }
}

/// A channel of a migration. QAPI `MigrationChannel`.
public struct MigrationChannel: QAPIObject, Equatable {
    /// QAPI `channel-type`.
    public var channelType: MigrationChannelType
    /// QAPI `addr`.
    public var addr: MigrationAddress

    public init(channelType: MigrationChannelType, addr: MigrationAddress) {
        self.channelType = channelType
        self.addr = addr
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        channelType = try reader.required("channel-type")
        addr = try reader.required("addr")
    }

    public func write(to object: inout JSONObject) {
        object["channel-type"] = channelType.json
        object["addr"] = addr.json
    }
}

/// A thread that works for a migration. QAPI `MigrationThreadInfo`.
public struct MigrationThreadInfo: QAPIObject, Equatable {
    /// QAPI `name`.
    public var name: String
    /// QAPI `thread-id`.
    public var threadId: Int64

    public init(name: String, threadId: Int64) {
        self.name = name
        self.threadId = threadId
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        name = try reader.required("name")
        threadId = try reader.required("thread-id")
    }

    public func write(to object: inout JSONObject) {
        object["name"] = name.json
        object["thread-id"] = threadId.json
    }
}

/// QAPI `COLOStatus`.
public struct COLOStatus: QAPIObject, Equatable {
    /// QAPI `mode`.
    public var mode: COLOMode
    /// QAPI `last-mode`.
    public var lastMode: COLOMode
    /// QAPI `reason`.
    public var reason: COLOExitReason

    public init(mode: COLOMode, lastMode: COLOMode, reason: COLOExitReason) {
        self.mode = mode
        self.lastMode = lastMode
        self.reason = reason
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        mode = try reader.required("mode")
        lastMode = try reader.required("last-mode")
        reason = try reader.required("reason")
    }

    public func write(to object: inout JSONObject) {
        object["mode"] = mode.json
        object["last-mode"] = lastMode.json
        object["reason"] = reason.json
    }
}

/// QAPI `ReplicationStatus`.
public struct ReplicationStatus: QAPIObject, Equatable {
    /// QAPI `error`.
    public var error: Bool
    /// QAPI `desc`.
    public var desc: String?

    public init(error: Bool, desc: String? = nil) {
        self.error = error
        self.desc = desc
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        error = try reader.required("error")
        desc = try reader.optional("desc")
    }

    public func write(to object: inout JSONObject) {
        object["error"] = error.json
        object["desc"] = desc?.json
    }
}

/// QAPI `DirtyRateVcpu`.
public struct DirtyRateVcpu: QAPIObject, Equatable {
    /// The hart. QAPI `id`.
    public var id: Int64
    /// In MiB per second. QAPI `dirty-rate`.
    public var dirtyRate: Int64

    public init(id: Int64, dirtyRate: Int64) {
        self.id = id
        self.dirtyRate = dirtyRate
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        id = try reader.required("id")
        dirtyRate = try reader.required("dirty-rate")
    }

    public func write(to object: inout JSONObject) {
        object["id"] = id.json
        object["dirty-rate"] = dirtyRate.json
    }
}

/// A measurement. QAPI `DirtyRateInfo`.
public struct DirtyRateInfo: QAPIObject, Equatable {
    /// In MiB per second, once it is measured. QAPI `dirty-rate`.
    public var dirtyRate: Int64?
    /// QAPI `status`.
    public var status: DirtyRateStatus
    /// In seconds of the host's clock. QAPI `start-time`.
    public var startTime: Int64
    /// How long it is to take; after it, how long it has taken. QAPI `calc-time`.
    public var calcTime: Int64
    /// QAPI `calc-time-unit`.
    public var calcTimeUnit: TimeUnit
    /// Pages of a GiB that are looked at. QAPI `sample-pages`.
    public var samplePages: UInt64
    /// QAPI `mode`.
    public var mode: DirtyRateMeasureMode
    /// The same for each hart, in mode dirty-ring. QAPI `vcpu-dirty-rate`.
    public var vcpuDirtyRate: [DirtyRateVcpu]?

    public init(dirtyRate: Int64? = nil, status: DirtyRateStatus, startTime: Int64, calcTime: Int64, calcTimeUnit: TimeUnit, samplePages: UInt64, mode: DirtyRateMeasureMode, vcpuDirtyRate: [DirtyRateVcpu]? = nil) {
        self.dirtyRate = dirtyRate
        self.status = status
        self.startTime = startTime
        self.calcTime = calcTime
        self.calcTimeUnit = calcTimeUnit
        self.samplePages = samplePages
        self.mode = mode
        self.vcpuDirtyRate = vcpuDirtyRate
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        dirtyRate = try reader.optional("dirty-rate")
        status = try reader.required("status")
        startTime = try reader.required("start-time")
        calcTime = try reader.required("calc-time")
        calcTimeUnit = try reader.required("calc-time-unit")
        samplePages = try reader.required("sample-pages")
        mode = try reader.required("mode")
        vcpuDirtyRate = try reader.optional("vcpu-dirty-rate")
    }

    public func write(to object: inout JSONObject) {
        object["dirty-rate"] = dirtyRate?.json
        object["status"] = status.json
        object["start-time"] = startTime.json
        object["calc-time"] = calcTime.json
        object["calc-time-unit"] = calcTimeUnit.json
        object["sample-pages"] = samplePages.json
        object["mode"] = mode.json
        object["vcpu-dirty-rate"] = vcpuDirtyRate?.json
    }
}

/// The limit of a hart. Rates are in MiB per second. QAPI `DirtyLimitInfo`.
public struct DirtyLimitInfo: QAPIObject, Equatable {
    /// QAPI `cpu-index`.
    public var cpuIndex: Int64
    /// QAPI `limit-rate`.
    public var limitRate: UInt64
    /// How fast it has dirtied memory in the last second. QAPI `current-rate`.
    public var currentRate: UInt64

    public init(cpuIndex: Int64, limitRate: UInt64, currentRate: UInt64) {
        self.cpuIndex = cpuIndex
        self.limitRate = limitRate
        self.currentRate = currentRate
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        cpuIndex = try reader.required("cpu-index")
        limitRate = try reader.required("limit-rate")
        currentRate = try reader.required("current-rate")
    }

    public func write(to object: inout JSONObject) {
        object["cpu-index"] = cpuIndex.json
        object["limit-rate"] = limitRate.json
        object["current-rate"] = currentRate.json
    }
}
