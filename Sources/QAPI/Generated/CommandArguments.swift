// Written by qapi-gen from Schema/martlet.json; change that and run `swift run qapi-gen`.
// swift-format-ignore-file

/// What `qmp_capabilities` takes. QAPI `qmp_capabilities`.
public struct QmpCapabilitiesArguments: QAPIObject, Equatable {
    /// What to switch on. QAPI `enable`.
    public var enable: [QMPCapability]?

    public init(enable: [QMPCapability]? = nil) {
        self.enable = enable
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        enable = try reader.optional("enable")
    }

    public func write(to object: inout JSONObject) {
        object["enable"] = enable?.json
    }
}

/// What `getfd` takes. QAPI `getfd`.
public struct GetfdArguments: QAPIObject, Equatable {
    /// Its name from now on, not beginning with a digit; an older descriptor of that name is closed. QAPI
    /// `fdname`.
    public var fdname: String

    public init(fdname: String) {
        self.fdname = fdname
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        fdname = try reader.required("fdname")
    }

    public func write(to object: inout JSONObject) {
        object["fdname"] = fdname.json
    }
}

/// What `closefd` takes. QAPI `closefd`.
public struct ClosefdArguments: QAPIObject, Equatable {
    /// QAPI `fdname`.
    public var fdname: String

    public init(fdname: String) {
        self.fdname = fdname
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        fdname = try reader.required("fdname")
    }

    public func write(to object: inout JSONObject) {
        object["fdname"] = fdname.json
    }
}

/// What `human-monitor-command` takes. QAPI `human-monitor-command`.
public struct HumanMonitorCommandArguments: QAPIObject, Equatable {
    /// The line as a person would type it. QAPI `command-line`.
    public var commandLine: String
    /// The hart that commands about one hart are about (default 0). QAPI `cpu-index`.
    public var cpuIndex: Int64?

    public init(commandLine: String, cpuIndex: Int64? = nil) {
        self.commandLine = commandLine
        self.cpuIndex = cpuIndex
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        commandLine = try reader.required("command-line")
        cpuIndex = try reader.optional("cpu-index")
    }

    public func write(to object: inout JSONObject) {
        object["command-line"] = commandLine.json
        object["cpu-index"] = cpuIndex?.json
    }
}

/// What `memsave` takes. QAPI `memsave`.
public struct MemsaveArguments: QAPIObject, Equatable {
    /// Address of its first byte. QAPI `val`.
    public var val: UInt64
    /// In bytes. QAPI `size`.
    public var size: UInt64
    /// Made new, or emptied first. QAPI `filename`.
    public var filename: String
    /// Whose memory (default 0). QAPI `cpu-index`.
    public var cpuIndex: Int64?

    public init(val: UInt64, size: UInt64, filename: String, cpuIndex: Int64? = nil) {
        self.val = val
        self.size = size
        self.filename = filename
        self.cpuIndex = cpuIndex
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        val = try reader.required("val")
        size = try reader.required("size")
        filename = try reader.required("filename")
        cpuIndex = try reader.optional("cpu-index")
    }

    public func write(to object: inout JSONObject) {
        object["val"] = val.json
        object["size"] = size.json
        object["filename"] = filename.json
        object["cpu-index"] = cpuIndex?.json
    }
}

/// What `pmemsave` takes. QAPI `pmemsave`.
public struct PmemsaveArguments: QAPIObject, Equatable {
    /// Address of its first byte. QAPI `val`.
    public var val: UInt64
    /// In bytes. QAPI `size`.
    public var size: UInt64
    /// Made new, or emptied first. QAPI `filename`.
    public var filename: String

    public init(val: UInt64, size: UInt64, filename: String) {
        self.val = val
        self.size = size
        self.filename = filename
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        val = try reader.required("val")
        size = try reader.required("size")
        filename = try reader.required("filename")
    }

    public func write(to object: inout JSONObject) {
        object["val"] = val.json
        object["size"] = size.json
        object["filename"] = filename.json
    }
}

/// What `query-command-line-options` takes. QAPI `query-command-line-options`.
public struct QueryCommandLineOptionsArguments: QAPIObject, Equatable {
    /// Only this one. QAPI `option`.
    public var option: String?

    public init(option: String? = nil) {
        self.option = option
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        option = try reader.optional("option")
    }

    public func write(to object: inout JSONObject) {
        object["option"] = option?.json
    }
}

/// What `qom-list` takes. QAPI `qom-list`.
public struct QomListArguments: QAPIObject, Equatable {
    /// From the root, such as /machine/peripheral. QAPI `path`.
    public var path: String

    public init(path: String) {
        self.path = path
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        path = try reader.required("path")
    }

    public func write(to object: inout JSONObject) {
        object["path"] = path.json
    }
}

/// What `qom-get` takes. QAPI `qom-get`.
public struct QomGetArguments: QAPIObject, Equatable {
    /// QAPI `path`.
    public var path: String
    /// QAPI `property`.
    public var property: String

    public init(path: String, property: String) {
        self.path = path
        self.property = property
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        path = try reader.required("path")
        property = try reader.required("property")
    }

    public func write(to object: inout JSONObject) {
        object["path"] = path.json
        object["property"] = property.json
    }
}

/// What `qom-set` takes. QAPI `qom-set`.
public struct QomSetArguments: QAPIObject, Equatable {
    /// QAPI `path`.
    public var path: String
    /// QAPI `property`.
    public var property: String
    /// QAPI `value`.
    public var value: JSONValue

    public init(path: String, property: String, value: JSONValue) {
        self.path = path
        self.property = property
        self.value = value
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        path = try reader.required("path")
        property = try reader.required("property")
        value = try reader.required("value")
    }

    public func write(to object: inout JSONObject) {
        object["path"] = path.json
        object["property"] = property.json
        object["value"] = value.json
    }
}

/// What `qom-list-types` takes. QAPI `qom-list-types`.
public struct QomListTypesArguments: QAPIObject, Equatable {
    /// Only those that are of this type, too. QAPI `implements`.
    public var implements: String?
    /// Also those that there can be no object of. QAPI `abstract`.
    public var abstract: Bool?

    public init(implements: String? = nil, abstract: Bool? = nil) {
        self.implements = implements
        self.abstract = abstract
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        implements = try reader.optional("implements")
        abstract = try reader.optional("abstract")
    }

    public func write(to object: inout JSONObject) {
        object["implements"] = implements?.json
        object["abstract"] = abstract?.json
    }
}

/// What `qom-list-properties` takes. QAPI `qom-list-properties`.
public struct QomListPropertiesArguments: QAPIObject, Equatable {
    /// QAPI `typename`.
    public var typename: String

    public init(typename: String) {
        self.typename = typename
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        typename = try reader.required("typename")
    }

    public func write(to object: inout JSONObject) {
        object["typename"] = typename.json
    }
}

/// What `device-list-properties` takes. QAPI `device-list-properties`.
public struct DeviceListPropertiesArguments: QAPIObject, Equatable {
    /// QAPI `typename`.
    public var typename: String

    public init(typename: String) {
        self.typename = typename
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        typename = try reader.required("typename")
    }

    public func write(to object: inout JSONObject) {
        object["typename"] = typename.json
    }
}

/// What `object-del` takes. QAPI `object-del`.
public struct ObjectDelArguments: QAPIObject, Equatable {
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

/// What `query-named-block-nodes` takes. QAPI `query-named-block-nodes`.
public struct QueryNamedBlockNodesArguments: QAPIObject, Equatable {
    /// Leave out what stands below each (there is nothing). QAPI `flat`.
    public var flat: Bool?

    public init(flat: Bool? = nil) {
        self.flat = flat
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        flat = try reader.optional("flat")
    }

    public func write(to object: inout JSONObject) {
        object["flat"] = flat?.json
    }
}

/// What `query-blockstats` takes. QAPI `query-blockstats`.
public struct QueryBlockstatsArguments: QAPIObject, Equatable {
    /// By image. QAPI `query-nodes`.
    public var queryNodes: Bool?

    public init(queryNodes: Bool? = nil) {
        self.queryNodes = queryNodes
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        queryNodes = try reader.optional("query-nodes")
    }

    public func write(to object: inout JSONObject) {
        object["query-nodes"] = queryNodes?.json
    }
}

/// What `balloon` takes. QAPI `balloon`.
public struct BalloonArguments: QAPIObject, Equatable {
    /// Bytes. QAPI `value`.
    public var value: Int64

    public init(value: Int64) {
        self.value = value
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        value = try reader.required("value")
    }

    public func write(to object: inout JSONObject) {
        object["value"] = value.json
    }
}

/// What `job-pause` takes. QAPI `job-pause`.
public struct JobPauseArguments: QAPIObject, Equatable {
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

/// What `job-resume` takes. QAPI `job-resume`.
public struct JobResumeArguments: QAPIObject, Equatable {
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

/// What `job-cancel` takes. QAPI `job-cancel`.
public struct JobCancelArguments: QAPIObject, Equatable {
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

/// What `job-complete` takes. QAPI `job-complete`.
public struct JobCompleteArguments: QAPIObject, Equatable {
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

/// What `job-dismiss` takes. QAPI `job-dismiss`.
public struct JobDismissArguments: QAPIObject, Equatable {
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

/// What `job-finalize` takes. QAPI `job-finalize`.
public struct JobFinalizeArguments: QAPIObject, Equatable {
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

/// What `add-fd` takes. QAPI `add-fd`.
public struct AddFdArguments: QAPIObject, Equatable {
    /// The set's number; without one the lowest that is free. QAPI `fdset-id`.
    public var fdsetId: Int64?
    /// What query-fdsets tells of it. QAPI `opaque`.
    public var opaque: String?

    public init(fdsetId: Int64? = nil, opaque: String? = nil) {
        self.fdsetId = fdsetId
        self.opaque = opaque
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        fdsetId = try reader.optional("fdset-id")
        opaque = try reader.optional("opaque")
    }

    public func write(to object: inout JSONObject) {
        object["fdset-id"] = fdsetId?.json
        object["opaque"] = opaque?.json
    }
}

/// What `remove-fd` takes. QAPI `remove-fd`.
public struct RemoveFdArguments: QAPIObject, Equatable {
    /// QAPI `fdset-id`.
    public var fdsetId: Int64
    /// QAPI `fd`.
    public var fd: Int64?

    public init(fdsetId: Int64, fd: Int64? = nil) {
        self.fdsetId = fdsetId
        self.fd = fd
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        fdsetId = try reader.required("fdset-id")
        fd = try reader.optional("fd")
    }

    public func write(to object: inout JSONObject) {
        object["fdset-id"] = fdsetId.json
        object["fd"] = fd?.json
    }
}

/// What `yank` takes. QAPI `yank`.
public struct YankArguments: QAPIObject, Equatable {
    /// QAPI `instances`.
    public var instances: [YankInstance]

    public init(instances: [YankInstance]) {
        self.instances = instances
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        instances = try reader.required("instances")
    }

    public func write(to object: inout JSONObject) {
        object["instances"] = instances.json
    }
}

/// What `migrate-set-capabilities` takes. QAPI `migrate-set-capabilities`.
public struct MigrateSetCapabilitiesArguments: QAPIObject, Equatable {
    /// QAPI `capabilities`.
    public var capabilities: [MigrationCapabilityStatus]

    public init(capabilities: [MigrationCapabilityStatus]) {
        self.capabilities = capabilities
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        capabilities = try reader.required("capabilities")
    }

    public func write(to object: inout JSONObject) {
        object["capabilities"] = capabilities.json
    }
}

/// What `migrate` takes. QAPI `migrate`.
public struct MigrateArguments: QAPIObject, Equatable {
    /// Where to. QAPI `uri`.
    public var uri: String?
    /// The same, spelled out. QAPI `channels`.
    public var channels: [MigrationChannel]?
    /// QAPI `blk`. Deprecated. Not built.
    public var blk: Bool?
    /// QAPI `inc`. Deprecated. Not built.
    public var inc: Bool?
    /// Ignored. QAPI `detach`.
    public var detach: Bool?
    /// Take up an interrupted postcopy. QAPI `resume`. Not built.
    public var resume: Bool?

    public init(uri: String? = nil, channels: [MigrationChannel]? = nil, blk: Bool? = nil, inc: Bool? = nil, detach: Bool? = nil, resume: Bool? = nil) {
        self.uri = uri
        self.channels = channels
        self.blk = blk
        self.inc = inc
        self.detach = detach
        self.resume = resume
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        uri = try reader.optional("uri")
        channels = try reader.optional("channels")
        blk = try reader.notBuilt(flag: "blk")
        inc = try reader.notBuilt(flag: "inc")
        detach = try reader.optional("detach")
        resume = try reader.notBuilt(flag: "resume")
    }

    public func write(to object: inout JSONObject) {
        object["uri"] = uri?.json
        object["channels"] = channels?.json
        object["blk"] = blk?.json
        object["inc"] = inc?.json
        object["detach"] = detach?.json
        object["resume"] = resume?.json
    }
}

/// What `migrate-incoming` takes. QAPI `migrate-incoming`.
public struct MigrateIncomingArguments: QAPIObject, Equatable {
    /// Where it will come from. QAPI `uri`.
    public var uri: String?
    /// The same, spelled out. QAPI `channels`.
    public var channels: [MigrationChannel]?

    public init(uri: String? = nil, channels: [MigrationChannel]? = nil) {
        self.uri = uri
        self.channels = channels
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        uri = try reader.optional("uri")
        channels = try reader.optional("channels")
    }

    public func write(to object: inout JSONObject) {
        object["uri"] = uri?.json
        object["channels"] = channels?.json
    }
}

/// What `migrate-continue` takes. QAPI `migrate-continue`.
public struct MigrateContinueArguments: QAPIObject, Equatable {
    /// QAPI `state`.
    public var state: MigrationStatus

    public init(state: MigrationStatus) {
        self.state = state
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        state = try reader.required("state")
    }

    public func write(to object: inout JSONObject) {
        object["state"] = state.json
    }
}

/// What `calc-dirty-rate` takes. QAPI `calc-dirty-rate`.
public struct CalcDirtyRateArguments: QAPIObject, Equatable {
    /// 50 ms to 60 s. QAPI `calc-time`.
    public var calcTime: Int64
    /// QAPI `calc-time-unit`.
    public var calcTimeUnit: TimeUnit?
    /// Pages of a GiB that are looked at, 128...16384. QAPI `sample-pages`.
    public var samplePages: Int64?
    /// QAPI `mode`.
    public var mode: DirtyRateMeasureMode?

    public init(calcTime: Int64, calcTimeUnit: TimeUnit? = nil, samplePages: Int64? = nil, mode: DirtyRateMeasureMode? = nil) {
        self.calcTime = calcTime
        self.calcTimeUnit = calcTimeUnit
        self.samplePages = samplePages
        self.mode = mode
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        calcTime = try reader.required("calc-time")
        calcTimeUnit = try reader.optional("calc-time-unit")
        samplePages = try reader.optional("sample-pages")
        mode = try reader.optional("mode")
    }

    public func write(to object: inout JSONObject) {
        object["calc-time"] = calcTime.json
        object["calc-time-unit"] = calcTimeUnit?.json
        object["sample-pages"] = samplePages?.json
        object["mode"] = mode?.json
    }
}

/// What `query-dirty-rate` takes. QAPI `query-dirty-rate`.
public struct QueryDirtyRateArguments: QAPIObject, Equatable {
    /// QAPI `calc-time-unit`.
    public var calcTimeUnit: TimeUnit?

    public init(calcTimeUnit: TimeUnit? = nil) {
        self.calcTimeUnit = calcTimeUnit
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        calcTimeUnit = try reader.optional("calc-time-unit")
    }

    public func write(to object: inout JSONObject) {
        object["calc-time-unit"] = calcTimeUnit?.json
    }
}

/// What `set-vcpu-dirty-limit` takes. QAPI `set-vcpu-dirty-limit`.
public struct SetVcpuDirtyLimitArguments: QAPIObject, Equatable {
    /// QAPI `cpu-index`.
    public var cpuIndex: Int64?
    /// In MiB per second; 0 ends the limit. QAPI `dirty-rate`.
    public var dirtyRate: UInt64

    public init(cpuIndex: Int64? = nil, dirtyRate: UInt64) {
        self.cpuIndex = cpuIndex
        self.dirtyRate = dirtyRate
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        cpuIndex = try reader.optional("cpu-index")
        dirtyRate = try reader.required("dirty-rate")
    }

    public func write(to object: inout JSONObject) {
        object["cpu-index"] = cpuIndex?.json
        object["dirty-rate"] = dirtyRate.json
    }
}

/// What `cancel-vcpu-dirty-limit` takes. QAPI `cancel-vcpu-dirty-limit`.
public struct CancelVcpuDirtyLimitArguments: QAPIObject, Equatable {
    /// QAPI `cpu-index`.
    public var cpuIndex: Int64?

    public init(cpuIndex: Int64? = nil) {
        self.cpuIndex = cpuIndex
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        cpuIndex = try reader.optional("cpu-index")
    }

    public func write(to object: inout JSONObject) {
        object["cpu-index"] = cpuIndex?.json
    }
}
