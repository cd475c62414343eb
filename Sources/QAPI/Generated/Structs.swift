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
        try reader.refuseNotBuilt(flag: "mptcp")
        mptcp = nil
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
    /// The name is abstract (Linux). QAPI `abstract`. Not built.
    public var abstract: Bool?
    /// An abstract name ends with its last byte, no padding (default true). QAPI `tight`. Not built.
    public var tight: Bool?

    public init(path: String, abstract: Bool? = nil, tight: Bool? = nil) {
        self.path = path
        self.abstract = abstract
        self.tight = tight
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        path = try reader.required("path")
        try reader.refuseNotBuilt(flag: "abstract")
        abstract = nil
        try reader.refuseNotBuilt(flag: "tight")
        tight = nil
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
    /// QAPI `xbzrle-cache`. Not built.
    public var xbzrleCache: XBZRLECacheStats?
    /// Since the start, in ms; when completed, the whole time. QAPI `total-time`.
    public var totalTime: Int64?
    /// At the present rates, in ms. QAPI `expected-downtime`.
    public var expectedDowntime: Int64?
    /// For which the source had the guest stopped, in ms. QAPI `downtime`.
    public var downtime: Int64?
    /// Before the first pass, in ms. QAPI `setup-time`.
    public var setupTime: Int64?
    /// How much of the time the harts are held. QAPI `cpu-throttle-percentage`. Not built.
    public var cpuThrottlePercentage: Int64?
    /// What went wrong, for people. QAPI `error-desc`.
    public var errorDesc: String?
    /// Why the machine cannot migrate. QAPI `blocked-reasons`.
    public var blockedReasons: [String]?
    /// QAPI `postcopy-blocktime`. Not built.
    public var postcopyBlocktime: UInt32?
    /// QAPI `postcopy-vcpu-blocktime`. Not built.
    public var postcopyVcpuBlocktime: [UInt32]?
    /// QAPI `compression`. Deprecated. Not built.
    public var compression: CompressionStats?
    /// Where the destination listens. QAPI `socket-address`.
    public var socketAddress: [SocketAddress]?
    /// QAPI `dirty-limit-throttle-time-per-round`. Not built.
    public var dirtyLimitThrottleTimePerRound: UInt64?
    /// QAPI `dirty-limit-ring-full-time`. Not built.
    public var dirtyLimitRingFullTime: UInt64?

    public init(status: MigrationStatus? = nil, ram: MigrationStats? = nil, disk: MigrationStats? = nil, vfio: VfioStats? = nil, xbzrleCache: XBZRLECacheStats? = nil, totalTime: Int64? = nil, expectedDowntime: Int64? = nil, downtime: Int64? = nil, setupTime: Int64? = nil, cpuThrottlePercentage: Int64? = nil, errorDesc: String? = nil, blockedReasons: [String]? = nil, postcopyBlocktime: UInt32? = nil, postcopyVcpuBlocktime: [UInt32]? = nil, compression: CompressionStats? = nil, socketAddress: [SocketAddress]? = nil, dirtyLimitThrottleTimePerRound: UInt64? = nil, dirtyLimitRingFullTime: UInt64? = nil) {
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
        try reader.refuseNotBuilt("disk")
        disk = nil
        try reader.refuseNotBuilt("vfio")
        vfio = nil
        try reader.refuseNotBuilt("xbzrle-cache")
        xbzrleCache = nil
        totalTime = try reader.optional("total-time")
        expectedDowntime = try reader.optional("expected-downtime")
        downtime = try reader.optional("downtime")
        setupTime = try reader.optional("setup-time")
        try reader.refuseNotBuilt("cpu-throttle-percentage")
        cpuThrottlePercentage = nil
        errorDesc = try reader.optional("error-desc")
        blockedReasons = try reader.optional("blocked-reasons")
        try reader.refuseNotBuilt("postcopy-blocktime")
        postcopyBlocktime = nil
        try reader.refuseNotBuilt("postcopy-vcpu-blocktime")
        postcopyVcpuBlocktime = nil
        try reader.refuseNotBuilt("compression")
        compression = nil
        socketAddress = try reader.optional("socket-address")
        try reader.refuseNotBuilt("dirty-limit-throttle-time-per-round")
        dirtyLimitThrottleTimePerRound = nil
        try reader.refuseNotBuilt("dirty-limit-ring-full-time")
        dirtyLimitRingFullTime = nil
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
    /// QAPI `compress-level`. Deprecated. Not built.
    public var compressLevel: UInt8?
    /// QAPI `compress-threads`. Deprecated. Not built.
    public var compressThreads: UInt8?
    /// QAPI `compress-wait-thread`. Deprecated. Not built.
    public var compressWaitThread: Bool?
    /// QAPI `decompress-threads`. Deprecated. Not built.
    public var decompressThreads: UInt8?
    /// QAPI `throttle-trigger-threshold`. Not built.
    public var throttleTriggerThreshold: UInt8?
    /// QAPI `cpu-throttle-initial`. Not built.
    public var cpuThrottleInitial: UInt8?
    /// QAPI `cpu-throttle-increment`. Not built.
    public var cpuThrottleIncrement: UInt8?
    /// QAPI `cpu-throttle-tailslow`. Not built.
    public var cpuThrottleTailslow: Bool?
    /// QAPI `tls-creds`. Not built.
    public var tlsCreds: StrOrNull?
    /// QAPI `tls-hostname`. Not built.
    public var tlsHostname: StrOrNull?
    /// QAPI `tls-authz`. Not built.
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
    /// QAPI `multifd-channels`. Not built.
    public var multifdChannels: UInt8?
    /// QAPI `xbzrle-cache-size`. Not built.
    public var xbzrleCacheSize: UInt64?
    /// QAPI `max-postcopy-bandwidth`. Not built.
    public var maxPostcopyBandwidth: UInt64?
    /// QAPI `max-cpu-throttle`. Not built.
    public var maxCpuThrottle: UInt8?
    /// QAPI `multifd-compression`. Not built.
    public var multifdCompression: MultiFDCompression?
    /// QAPI `multifd-zlib-level`. Not built.
    public var multifdZlibLevel: UInt8?
    /// QAPI `multifd-zstd-level`. Not built.
    public var multifdZstdLevel: UInt8?
    /// QAPI `block-bitmap-mapping`. Not built.
    public var blockBitmapMapping: [BitmapMigrationNodeAlias]?
    /// QAPI `x-vcpu-dirty-limit-period`. Unstable. Not built.
    public var xVcpuDirtyLimitPeriod: UInt64?
    /// QAPI `vcpu-dirty-limit`. Not built.
    public var vcpuDirtyLimit: UInt64?
    /// QAPI `mode`. Not built.
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
        try reader.refuseNotBuilt("compress-level")
        compressLevel = nil
        try reader.refuseNotBuilt("compress-threads")
        compressThreads = nil
        try reader.refuseNotBuilt(flag: "compress-wait-thread")
        compressWaitThread = nil
        try reader.refuseNotBuilt("decompress-threads")
        decompressThreads = nil
        try reader.refuseNotBuilt("throttle-trigger-threshold")
        throttleTriggerThreshold = nil
        try reader.refuseNotBuilt("cpu-throttle-initial")
        cpuThrottleInitial = nil
        try reader.refuseNotBuilt("cpu-throttle-increment")
        cpuThrottleIncrement = nil
        try reader.refuseNotBuilt(flag: "cpu-throttle-tailslow")
        cpuThrottleTailslow = nil
        try reader.refuseNotBuilt("tls-creds")
        tlsCreds = nil
        try reader.refuseNotBuilt("tls-hostname")
        tlsHostname = nil
        try reader.refuseNotBuilt("tls-authz")
        tlsAuthz = nil
        maxBandwidth = try reader.optional("max-bandwidth")
        availSwitchoverBandwidth = try reader.optional("avail-switchover-bandwidth")
        downtimeLimit = try reader.optional("downtime-limit")
        try reader.refuseNotBuilt("x-checkpoint-delay")
        xCheckpointDelay = nil
        try reader.refuseNotBuilt(flag: "block-incremental")
        blockIncremental = nil
        try reader.refuseNotBuilt("multifd-channels")
        multifdChannels = nil
        try reader.refuseNotBuilt("xbzrle-cache-size")
        xbzrleCacheSize = nil
        try reader.refuseNotBuilt("max-postcopy-bandwidth")
        maxPostcopyBandwidth = nil
        try reader.refuseNotBuilt("max-cpu-throttle")
        maxCpuThrottle = nil
        try reader.refuseNotBuilt("multifd-compression")
        multifdCompression = nil
        try reader.refuseNotBuilt("multifd-zlib-level")
        multifdZlibLevel = nil
        try reader.refuseNotBuilt("multifd-zstd-level")
        multifdZstdLevel = nil
        try reader.refuseNotBuilt("block-bitmap-mapping")
        blockBitmapMapping = nil
        try reader.refuseNotBuilt("x-vcpu-dirty-limit-period")
        xVcpuDirtyLimitPeriod = nil
        try reader.refuseNotBuilt("vcpu-dirty-limit")
        vcpuDirtyLimit = nil
        try reader.refuseNotBuilt("mode")
        mode = nil
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
    /// QAPI `compress-level`. Deprecated. Not built.
    public var compressLevel: UInt8?
    /// QAPI `compress-threads`. Deprecated. Not built.
    public var compressThreads: UInt8?
    /// QAPI `compress-wait-thread`. Deprecated. Not built.
    public var compressWaitThread: Bool?
    /// QAPI `decompress-threads`. Deprecated. Not built.
    public var decompressThreads: UInt8?
    /// QAPI `throttle-trigger-threshold`. Not built.
    public var throttleTriggerThreshold: UInt8?
    /// QAPI `cpu-throttle-initial`. Not built.
    public var cpuThrottleInitial: UInt8?
    /// QAPI `cpu-throttle-increment`. Not built.
    public var cpuThrottleIncrement: UInt8?
    /// QAPI `cpu-throttle-tailslow`. Not built.
    public var cpuThrottleTailslow: Bool?
    /// QAPI `tls-creds`. Not built.
    public var tlsCreds: String?
    /// QAPI `tls-hostname`. Not built.
    public var tlsHostname: String?
    /// QAPI `tls-authz`. Not built.
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
    /// QAPI `multifd-channels`. Not built.
    public var multifdChannels: UInt8?
    /// QAPI `xbzrle-cache-size`. Not built.
    public var xbzrleCacheSize: UInt64?
    /// QAPI `max-postcopy-bandwidth`. Not built.
    public var maxPostcopyBandwidth: UInt64?
    /// QAPI `max-cpu-throttle`. Not built.
    public var maxCpuThrottle: UInt8?
    /// QAPI `multifd-compression`. Not built.
    public var multifdCompression: MultiFDCompression?
    /// QAPI `multifd-zlib-level`. Not built.
    public var multifdZlibLevel: UInt8?
    /// QAPI `multifd-zstd-level`. Not built.
    public var multifdZstdLevel: UInt8?
    /// QAPI `block-bitmap-mapping`. Not built.
    public var blockBitmapMapping: [BitmapMigrationNodeAlias]?
    /// QAPI `x-vcpu-dirty-limit-period`. Unstable. Not built.
    public var xVcpuDirtyLimitPeriod: UInt64?
    /// QAPI `vcpu-dirty-limit`. Not built.
    public var vcpuDirtyLimit: UInt64?
    /// QAPI `mode`. Not built.
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
        try reader.refuseNotBuilt("compress-level")
        compressLevel = nil
        try reader.refuseNotBuilt("compress-threads")
        compressThreads = nil
        try reader.refuseNotBuilt(flag: "compress-wait-thread")
        compressWaitThread = nil
        try reader.refuseNotBuilt("decompress-threads")
        decompressThreads = nil
        try reader.refuseNotBuilt("throttle-trigger-threshold")
        throttleTriggerThreshold = nil
        try reader.refuseNotBuilt("cpu-throttle-initial")
        cpuThrottleInitial = nil
        try reader.refuseNotBuilt("cpu-throttle-increment")
        cpuThrottleIncrement = nil
        try reader.refuseNotBuilt(flag: "cpu-throttle-tailslow")
        cpuThrottleTailslow = nil
        try reader.refuseNotBuilt("tls-creds")
        tlsCreds = nil
        try reader.refuseNotBuilt("tls-hostname")
        tlsHostname = nil
        try reader.refuseNotBuilt("tls-authz")
        tlsAuthz = nil
        maxBandwidth = try reader.optional("max-bandwidth")
        availSwitchoverBandwidth = try reader.optional("avail-switchover-bandwidth")
        downtimeLimit = try reader.optional("downtime-limit")
        try reader.refuseNotBuilt("x-checkpoint-delay")
        xCheckpointDelay = nil
        try reader.refuseNotBuilt(flag: "block-incremental")
        blockIncremental = nil
        try reader.refuseNotBuilt("multifd-channels")
        multifdChannels = nil
        try reader.refuseNotBuilt("xbzrle-cache-size")
        xbzrleCacheSize = nil
        try reader.refuseNotBuilt("max-postcopy-bandwidth")
        maxPostcopyBandwidth = nil
        try reader.refuseNotBuilt("max-cpu-throttle")
        maxCpuThrottle = nil
        try reader.refuseNotBuilt("multifd-compression")
        multifdCompression = nil
        try reader.refuseNotBuilt("multifd-zlib-level")
        multifdZlibLevel = nil
        try reader.refuseNotBuilt("multifd-zstd-level")
        multifdZstdLevel = nil
        try reader.refuseNotBuilt("block-bitmap-mapping")
        blockBitmapMapping = nil
        try reader.refuseNotBuilt("x-vcpu-dirty-limit-period")
        xVcpuDirtyLimitPeriod = nil
        try reader.refuseNotBuilt("vcpu-dirty-limit")
        vcpuDirtyLimit = nil
        try reader.refuseNotBuilt("mode")
        mode = nil
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
    /// QAPI `id`.
    public var id: Int64
    /// QAPI `dirty-rate`.
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

/// QAPI `DirtyRateInfo`.
public struct DirtyRateInfo: QAPIObject, Equatable {
    /// In MiB per second. QAPI `dirty-rate`.
    public var dirtyRate: Int64?
    /// QAPI `status`.
    public var status: DirtyRateStatus
    /// In seconds of the host's clock. QAPI `start-time`.
    public var startTime: Int64
    /// QAPI `calc-time`.
    public var calcTime: Int64
    /// QAPI `calc-time-unit`.
    public var calcTimeUnit: TimeUnit
    /// QAPI `sample-pages`.
    public var samplePages: UInt64
    /// QAPI `mode`.
    public var mode: DirtyRateMeasureMode
    /// QAPI `vcpu-dirty-rate`.
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

/// Rates are in MiB per second. QAPI `DirtyLimitInfo`.
public struct DirtyLimitInfo: QAPIObject, Equatable {
    /// QAPI `cpu-index`.
    public var cpuIndex: Int64
    /// QAPI `limit-rate`.
    public var limitRate: UInt64
    /// QAPI `current-rate`.
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
