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
