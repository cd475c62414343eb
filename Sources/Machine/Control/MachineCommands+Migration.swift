import Migration
public import QAPI
import Transport

extension MachineCommands {
    public func migrate(
        _ arguments: MigrateArguments, descriptors: any PassedDescriptors
    ) async throws(QAPIError) {
        let address = try address(arguments.uri, arguments.channels, command: "migrate")
        do {
            try controller.migrate(to: address) { try? descriptors.take($0) }
        } catch {
            throw .generic(error.description)
        }
    }

    public func migrateIncoming(
        _ arguments: MigrateIncomingArguments, descriptors: any PassedDescriptors
    ) async throws(QAPIError) {
        do { try controller.requireIncoming() } catch { throw .generic(error.description) }
        let address = try address(arguments.uri, arguments.channels, command: "migrate-incoming")
        do {
            try controller.migrateIncoming(from: address) { (try? descriptors.take($0)) ?? Int32($0) }
        } catch {
            throw .generic(error.description)
        }
    }

    public func migrateCancel() async throws(QAPIError) {
        do { try controller.cancel() } catch { throw .generic(error.description) }
    }

    public func queryMigrate() async throws(QAPIError) -> MigrationInfo {
        let report = controller.queryMigrate()
        func milliseconds(_ value: UInt64?) -> Int64? { value.map { Int64(clamping: $0) } }
        return MigrationInfo(
            status: report.status == .none ? nil : MigrationStatus(rawValue: report.status.rawValue),
            ram: report.ram.map(Self.stats), xbzrleCache: report.xbzrle.map(Self.stats),
            totalTime: milliseconds(report.totalTime),
            expectedDowntime: milliseconds(report.expectedDowntime), downtime: milliseconds(report.downtime),
            setupTime: milliseconds(report.setupTime),
            cpuThrottlePercentage: report.cpuThrottlePercentage.map { Int64($0) },
            errorDesc: report.errorDescription,
            xMartletError: report.error,
            compression: report.compression.map(Self.stats),
            socketAddress: report.socketAddresses.isEmpty
                ? nil : report.socketAddresses.compactMap(Self.socket),
            dirtyLimitThrottleTimePerRound: report.dirtyLimit?.throttleTime,
            dirtyLimitRingFullTime: report.dirtyLimit?.ringFullTime)
    }

    private static func stats(_ ram: RAMStatistics) -> MigrationStats {
        func number(_ value: UInt64) -> Int64 { Int64(clamping: value) }
        return MigrationStats(
            transferred: number(ram.transferred), remaining: number(ram.remaining), total: number(ram.total),
            duplicate: number(ram.duplicate), skipped: 0, normal: number(ram.normal),
            normalBytes: number(ram.normal &* 4096), dirtyPagesRate: number(ram.dirtyPagesRate),
            mbps: ram.mbps,
            dirtySyncCount: number(ram.dirtySyncCount), postcopyRequests: 0, pageSize: 4096,
            multifdBytes: ram.multifdBytes, pagesPerSecond: ram.pagesPerSecond,
            precopyBytes: ram.precopyBytes, downtimeBytes: ram.downtimeBytes,
            postcopyBytes: 0, dirtySyncMissedZeroCopy: ram.dirtySyncMissedZeroCopy)
    }

    private static func stats(_ cache: XBZRLEStatistics) -> XBZRLECacheStats {
        XBZRLECacheStats(
            cacheSize: cache.cacheSize, bytes: Int64(clamping: cache.bytes),
            pages: Int64(clamping: cache.pages),
            cacheMiss: Int64(clamping: cache.cacheMiss), cacheMissRate: cache.cacheMissRate,
            encodingRate: cache.encodingRate, overflow: Int64(clamping: cache.overflow))
    }

    private static func stats(_ packing: CompressionStatistics) -> CompressionStats {
        CompressionStats(
            pages: Int64(clamping: packing.pages), busy: Int64(clamping: packing.busy),
            busyRate: packing.busyRate, compressedSize: Int64(clamping: packing.compressedSize),
            compressionRate: packing.compressionRate)
    }

    private static func socket(_ address: Transport.MigrationAddress) -> SocketAddress? {
        switch address {
        case .tcp(let host, let port, _, _):
            // The address is one that is bound, so the host is a number.
            host.contains(":")
                ? .inet(InetSocketAddress(host: host, port: port, ipv6: true))
                : .inet(InetSocketAddress(host: host, port: port, ipv4: true))
        case .unix(let path):
            path.utf8.first == 0
                ? .unix(UnixSocketAddress(path: String(path.dropFirst()), abstract: true))
                : .unix(UnixSocketAddress(path: path))
        case .vsock(let cid, let port): .vsock(VsockSocketAddress(cid: "\(cid)", port: "\(port)"))
        default: nil
        }
    }

    public func migrateContinue(_ arguments: MigrateContinueArguments) async throws(QAPIError) {
        guard let phase = MigrationPhase(rawValue: arguments.state.rawValue) else {
            throw .generic("Migration not in expected state: \(controller.queryMigrate().status.rawValue)")
        }
        do { try controller.goOn(from: phase) } catch { throw .generic(error.description) }
    }

    public func queryMigrationthreads() async throws(QAPIError) -> [MigrationThreadInfo] {
        controller.migrationThreads.map { MigrationThreadInfo(name: $0.name, threadId: Int64($0.id)) }
    }

    // MARK: Capabilities and parameters

    public func migrateSetCapabilities(_ arguments: MigrateSetCapabilitiesArguments) async throws(QAPIError) {
        do { try controller.requireIdle() } catch { throw .generic(error.description) }
        for item in arguments.capabilities where item.state && !item.capability.isBuilt {
            throw .notBuilt("The capability '\(item.capability.rawValue)'")
        }
        do {
            try controller.setCapabilities { settings in
                for item in arguments.capabilities { settings[item.capability] = item.state }
            }
        } catch {
            throw .generic(error.description)
        }
    }

    public func queryMigrateCapabilities() async throws(QAPIError) -> [MigrationCapabilityStatus] {
        let settings = controller.settings
        return MigrationCapability.allCases.filter(\.isBuilt).map {
            MigrationCapabilityStatus(capability: $0, state: settings[$0])
        }
    }

    public func migrateSetParameters(_ arguments: MigrateSetParameters) async throws(QAPIError) {
        do {
            try controller.updateSettings { $0.take(arguments) }
        } catch {
            throw .generic(error.description)
        }
    }

    public func queryMigrateParameters() async throws(QAPIError) -> MigrationParameters {
        controller.settings.parameters
    }

    // MARK: Addresses

    /// The one address of `uri` and `channels`.
    private func address(
        _ uri: String?, _ channels: [MigrationChannel]?, command: String
    ) throws(QAPIError) -> Transport.MigrationAddress {
        switch (uri, channels) {
        case (_?, _?):
            throw .generic(
                "'uri' and 'channels' arguments are mutually exclusive; exactly one of the two should be present in "
                    + "'\(command)' qmp command ")
        case (nil, nil):
            throw .generic("neither 'uri' or 'channels' argument are specified in '\(command)' qmp command ")
        case (let uri?, nil):
            do { return try .init(uri: uri) } catch { throw .generic(error.description) }
        case (nil, let channels?):
            guard let channel = channels.first else { return try address(nil, nil, command: command) }
            guard channels.count == 1 else { throw .generic("Channel list has more than one entries") }
            do { return try Self.address(channel.addr) } catch let error as TransportError {
                throw .generic(error.description)
            } catch let error as QAPIError { throw error } catch { throw .generic("\(error)") }
        }
    }

    private static func address(_ given: QAPI.MigrationAddress) throws -> Transport.MigrationAddress {
        switch given {
        case .socket(.inet(let inet)):
            return .tcp(
                host: inet.host, port: inet.port, to: inet.to,
                family: try Transport.MigrationAddress.family(ipv4: inet.ipv4, ipv6: inet.ipv6))
        case .socket(.unix(let unix)):
            guard unix.abstract == true else { return .unix(path: unix.path) }
            // Not tight: the name fills all of the address.
            let padding = unix.tight == false ? max(0, 107 - unix.path.utf8.count) : 0
            return .unix(path: "\0" + unix.path + String(repeating: "\0", count: padding))
        case .socket(.vsock(let vsock)): return try .vsock(cid: vsock.cid, port: vsock.port)
        case .socket(.fd(let fd)): return .fd(fd.str)
        case .exec(let command): return .exec(command.args)
        case .file(let file): return .file(path: file.filename, offset: file.offset)
        case .rdma: throw QAPIError.notBuilt("The transport of this address")
        }
    }
}
