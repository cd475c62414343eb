import Migration
import QAPI

extension HumanCommand {
    static let migration: [HumanCommand] = [
        .init(
            "migrate", take: .flag("d"), .flag("b"), .flag("i"), .flag("r"), .rest("uri"),
            help: "move the guest away (-d: do not wait; this monitor never does)"
        ) { monitor, arguments in
            if arguments.has("b") || arguments.has("i") {
                throw QAPIError.notBuilt("Old-style block migration")
            }
            if arguments.has("r") { throw QAPIError.notBuilt("Resuming a migration") }
            try await monitor.commands.migrate(
                MigrateArguments(uri: arguments[text: "uri"]), descriptors: monitor.descriptors)
            return ""
        },
        .init("migrate_cancel", help: "give a migration up") { monitor, _ in
            try await monitor.commands.migrateCancel()
            return ""
        },
        .init("migrate_incoming", take: .rest("uri"), help: "wait for a guest (-incoming defer)") {
            monitor, arguments in
            try await monitor.commands.migrateIncoming(
                MigrateIncomingArguments(uri: arguments[text: "uri"]), descriptors: monitor.descriptors)
            return ""
        },
        .init(
            "migrate_continue", take: .text("state"), help: "go on from a state in which a migration waits"
        ) { monitor, arguments in
            let name = arguments[text: "state"]
            guard let state = MigrationStatus(rawValue: name) else {
                throw QAPIError.generic("invalid parameter value: \(name)")
            }
            try await monitor.commands.migrateContinue(MigrateContinueArguments(state: state))
            return ""
        },
        notBuilt("migrate_start_postcopy", .migrateStartPostcopy, nil, "turn precopy into postcopy"),
        notBuilt("migrate_pause", .migratePause, nil, "interrupt postcopy"),
        notBuilt("migrate_recover", .migrateRecover, "uri", "give postcopy a new address"),
        .init(
            "announce_self", take: .optionalText("interfaces"), .optionalText("id"),
            help: "announce the guest on the network; interfaces are separated by commas"
        ) { monitor, arguments in
            let set = monitor.commands.controller.settings
            let interfaces = arguments[optionalText: "interfaces"]?.split(separator: ",").map(String.init)
            try await monitor.commands.announceSelf(
                AnnounceParameters(
                    initial: Int64(clamping: set.announceInitial), max: Int64(clamping: set.announceMax),
                    rounds: Int64(clamping: set.announceRounds), step: Int64(clamping: set.announceStep),
                    interfaces: interfaces, id: arguments[optionalText: "id"]))
            return ""
        },
        .init(
            "migrate_set_capability", take: .text("capability"), .flagValue("on|off"),
            help: "switch a capability of migrations"
        ) { monitor, arguments in
            let name = arguments[text: "capability"]
            guard let capability = MigrationCapability(rawValue: name) else {
                throw QAPIError.generic("invalid parameter value: \(name)")
            }
            try await monitor.commands.migrateSetCapabilities(
                MigrateSetCapabilitiesArguments(capabilities: [
                    MigrationCapabilityStatus(capability: capability, state: arguments[isOn: "on|off"])
                ]))
            return ""
        },
        .init(
            "migrate_set_parameter", take: .text("parameter"), .text("value"),
            help: "set a parameter of migrations; sizes may end in K, M, G (max-bandwidth: in MiB without)"
        ) { monitor, arguments in
            let name = arguments[text: "parameter"]
            guard let parameter = MigrationParameter(rawValue: name) else {
                throw QAPIError.generic("invalid parameter value: \(name)")
            }
            let value = try parameter.value(reading: arguments[text: "value"])
            try await monitor.commands.migrateSetParameters(
                MigrateSetParameters(json: [name: value]))
            return ""
        },
        .init("info migrate", take: .flag("a"), help: "how a migration goes") { monitor, _ in
            let info = try await monitor.commands.queryMigrate()
            return info.humanText
        },
        .init("info migrate_capabilities", help: "capabilities of migrations") { monitor, _ in
            try await monitor.commands.queryMigrateCapabilities().map {
                "\($0.capability.rawValue): \($0.state ? "on" : "off")\n"
            }.joined()
        },
        .init("info migrate_parameters", help: "parameters of migrations") { monitor, _ in
            try await monitor.commands.queryMigrateParameters().humanText
        },
        .init("info snapshots", help: "snapshots of the guest") { _, _ in
            "no block device can store vmstate for snapshot\n"
        },
    ]

    private static func notBuilt(
        _ name: String, _ command: CommandName, _ argument: String?, _ help: String
    ) -> HumanCommand {
        let action: Action = { _, _ in throw QAPIError.notBuilt(command) }
        return argument.map { .init(name, take: .rest($0), help: "\(help) (not built)", action: action) }
            ?? .init(name, help: "\(help) (not built)", action: action)
    }
}

extension MigrationInfo {
    /// As QEMU's `info migrate` lays it out.
    var humanText: String {
        var lines = [
            "globals:", "store-global-state: on", "only-migratable: off", "send-configuration: on",
            "send-section-footer: on",
        ]
        func add(_ name: String, _ value: (some Any)?, _ unit: String = "") {
            if let value { lines.append("\(name): \(value)\(unit.isEmpty ? "" : " ")\(unit)") }
        }
        if let blockedReasons {
            lines.append("migration blocked reasons:")
            lines += blockedReasons.map { "  \($0)" }
        }
        if let status { add("Migration status", status.rawValue + (errorDesc.map { " (\($0))" } ?? "")) }
        add("total time", totalTime, "ms")
        add("expected downtime", expectedDowntime, "ms")
        add("downtime", downtime, "ms")
        add("setup", setupTime, "ms")
        if let ram {
            add("transferred ram", ram.transferred >> 10, "kbytes")
            add("throughput", ram.mbps.fixed(2), "mbps")
            add("remaining ram", ram.remaining >> 10, "kbytes")
            add("total ram", ram.total >> 10, "kbytes")
            add("duplicate", ram.duplicate, "pages")
            add("skipped", ram.skipped, "pages")
            add("normal", ram.normal, "pages")
            add("normal bytes", ram.normalBytes >> 10, "kbytes")
            add("dirty sync count", ram.dirtySyncCount)
            add("page size", ram.pageSize >> 10, "kbytes")
            add("multifd bytes", ram.multifdBytes >> 10, "kbytes")
            add("pages-per-second", ram.pagesPerSecond)
            if ram.dirtyPagesRate != 0 { add("dirty pages rate", ram.dirtyPagesRate, "pages") }
            if ram.postcopyRequests != 0 { add("postcopy request count", ram.postcopyRequests) }
            if ram.precopyBytes != 0 { add("precopy ram", ram.precopyBytes >> 10, "kbytes") }
            if ram.downtimeBytes != 0 { add("downtime ram", ram.downtimeBytes >> 10, "kbytes") }
            if ram.postcopyBytes != 0 { add("postcopy ram", ram.postcopyBytes >> 10, "kbytes") }
        }
        if let cache = xbzrleCache {
            add("cache size", cache.cacheSize, "bytes")
            add("xbzrle transferred", cache.bytes >> 10, "kbytes")
            add("xbzrle pages", cache.pages, "pages")
            add("xbzrle cache miss", cache.cacheMiss, "pages")
            add("xbzrle cache miss rate", cache.cacheMissRate.fixed(2))
            add("xbzrle encoding rate", cache.encodingRate.fixed(2))
            add("xbzrle overflow", cache.overflow)
        }
        if let compression {
            add("compression pages", compression.pages, "pages")
            add("compression busy", compression.busy)
            add("compression busy rate", compression.busyRate.fixed(2))
            add("compressed size", compression.compressedSize >> 10, "kbytes")
            add("compression rate", compression.compressionRate.fixed(2))
        }
        add("cpu throttle percentage", cpuThrottlePercentage)
        add("dirty-limit throttle time", dirtyLimitThrottleTimePerRound, "us")
        add("dirty-limit ring full time", dirtyLimitRingFullTime, "us")
        if let addresses = socketAddress {
            lines += ["socket address: ["] + addresses.map { "\t\($0.humanText)" } + ["]"]
        }
        return lines.map { $0 + "\n" }.joined()
    }
}

extension SocketAddress {
    fileprivate var humanText: String {
        switch self {
        case .inet(let inet):
            inet.host.contains(":") ? "tcp:[\(inet.host)]:\(inet.port)" : "tcp:\(inet.host):\(inet.port)"
        case .unix(let unix): "unix:\(unix.path)"
        case .vsock(let vsock): "tcp:\(vsock.cid):\(vsock.port)"
        case .fd(let fd): "fd:\(fd.str)"
        }
    }
}

extension MigrationParameters {
    /// In the order and with the units of QEMU's `info migrate_parameters`.
    private static let lines: [(name: MigrationParameter, unit: String)] = [
        (.announceInitial, "ms"), (.announceMax, "ms"), (.announceRounds, ""), (.announceStep, "ms"),
        (.compressLevel, ""), (.compressThreads, ""), (.compressWaitThread, ""), (.decompressThreads, ""),
        (.throttleTriggerThreshold, ""), (.cpuThrottleInitial, ""), (.cpuThrottleIncrement, ""),
        (.cpuThrottleTailslow, ""), (.maxCpuThrottle, ""), (.tlsCreds, ""), (.tlsHostname, ""),
        (.maxBandwidth, "bytes/second"), (.availSwitchoverBandwidth, "bytes/second"), (.downtimeLimit, "ms"),
        (.xCheckpointDelay, "ms"), (.blockIncremental, ""), (.multifdChannels, ""), (.multifdCompression, ""),
        (.multifdZlibLevel, ""), (.multifdZstdLevel, ""), (.xbzrleCacheSize, "bytes"),
        (.maxPostcopyBandwidth, ""), (.tlsAuthz, ""), (.xVcpuDirtyLimitPeriod, "ms"),
        (.vcpuDirtyLimit, "MB/s"),
        (.mode, ""), (.xMartletDialect, ""),
    ]

    var humanText: String {
        var text = ""
        for (name, unit) in Self.lines {
            guard let value = json[name.rawValue] else { continue }
            let shown =
                switch value {
                case .bool(let isOn): isOn ? "on" : "off"
                case .string(let string): name.rawValue.hasPrefix("tls-") ? "'\(string)'" : string
                default: "\(value)"
                }
            text += "\(name.rawValue): \(shown)\(unit.isEmpty ? "" : " ")\(unit)\n"
        }
        guard let blockBitmapMapping else { return text }
        text += "block-bitmap-mapping:\n"
        for node in blockBitmapMapping {
            text += "  '\(node.nodeName)' -> '\(node.alias)'\n"
            for bitmap in node.bitmaps { text += "    '\(bitmap.name)' -> '\(bitmap.alias)'\n" }
        }
        return text
    }
}

extension Double {
    /// With so many digits after the point.
    func fixed(_ digits: Int) -> String {
        guard isFinite, magnitude < 1e15 else { return "\(self)" }
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let whole = (magnitude * scale).rounded()
        let number = String(UInt64(whole))
        let padded = String(repeating: "0", count: max(0, digits + 1 - number.count)) + number
        return (self < 0 ? "-" : "") + padded.dropLast(digits) + "." + padded.suffix(digits)
    }
}
