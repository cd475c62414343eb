public import QAPI
import VMState

/// One parameter: where its value stands in the settings, in what a client sets and in what it reads.
struct ParameterRow: Sendable {
    let name: MigrationParameter
    /// Takes the value over if the client gives one.
    let take: @Sendable (MigrateSetParameters, inout MigrationSettings) -> Void
    /// Writes the value for the client.
    let tell: @Sendable (MigrationSettings, inout MigrationParameters) -> Void

    init<Value>(
        _ name: MigrationParameter,
        _ here: any WritableKeyPath<MigrationSettings, Value> & Sendable,
        _ given: any KeyPath<MigrateSetParameters, Value?> & Sendable,
        _ told: any WritableKeyPath<MigrationParameters, Value?> & Sendable
    ) {
        self.name = name
        take = { if let value = $0[keyPath: given] { $1[keyPath: here] = value } }
        tell = { $1[keyPath: told] = $0[keyPath: here] }
    }

    /// A value that is there only once it was set.
    init<Value>(
        _ name: MigrationParameter,
        _ here: any WritableKeyPath<MigrationSettings, Value?> & Sendable,
        _ given: any KeyPath<MigrateSetParameters, Value?> & Sendable,
        _ told: any WritableKeyPath<MigrationParameters, Value?> & Sendable
    ) {
        self.name = name
        take = { if let value = $0[keyPath: given] { $1[keyPath: here] = value } }
        tell = { $1[keyPath: told] = $0[keyPath: here] }
    }

    /// A string that null clears.
    init(
        _ name: MigrationParameter,
        _ here: any WritableKeyPath<MigrationSettings, String> & Sendable,
        orNull given: any KeyPath<MigrateSetParameters, StrOrNull?> & Sendable,
        _ told: any WritableKeyPath<MigrationParameters, String?> & Sendable
    ) {
        self.name = name
        take = { arguments, settings in
            switch arguments[keyPath: given] {
            case .s(let text)?: settings[keyPath: here] = text
            case .n?: settings[keyPath: here] = ""
            case nil: break
            }
        }
        tell = { $1[keyPath: told] = $0[keyPath: here] }
    }

    static let all: [ParameterRow] = [
        .init(.announceInitial, \.announceInitial, \.announceInitial, \.announceInitial),
        .init(.announceMax, \.announceMax, \.announceMax, \.announceMax),
        .init(.announceRounds, \.announceRounds, \.announceRounds, \.announceRounds),
        .init(.announceStep, \.announceStep, \.announceStep, \.announceStep),
        .init(.compressLevel, \.compressLevel, \.compressLevel, \.compressLevel),
        .init(.compressThreads, \.compressThreads, \.compressThreads, \.compressThreads),
        .init(.compressWaitThread, \.compressWaitThread, \.compressWaitThread, \.compressWaitThread),
        .init(.decompressThreads, \.decompressThreads, \.decompressThreads, \.decompressThreads),
        .init(
            .throttleTriggerThreshold, \.throttleTriggerThreshold, \.throttleTriggerThreshold,
            \.throttleTriggerThreshold),
        .init(.cpuThrottleInitial, \.cpuThrottleInitial, \.cpuThrottleInitial, \.cpuThrottleInitial),
        .init(.cpuThrottleIncrement, \.cpuThrottleIncrement, \.cpuThrottleIncrement, \.cpuThrottleIncrement),
        .init(.cpuThrottleTailslow, \.cpuThrottleTailslow, \.cpuThrottleTailslow, \.cpuThrottleTailslow),
        .init(.tlsCreds, \.tlsCreds, orNull: \.tlsCreds, \.tlsCreds),
        .init(.tlsHostname, \.tlsHostname, orNull: \.tlsHostname, \.tlsHostname),
        .init(.tlsAuthz, \.tlsAuthz, orNull: \.tlsAuthz, \.tlsAuthz),
        .init(.maxBandwidth, \.maxBandwidth, \.maxBandwidth, \.maxBandwidth),
        .init(
            .availSwitchoverBandwidth, \.availSwitchoverBandwidth, \.availSwitchoverBandwidth,
            \.availSwitchoverBandwidth),
        .init(.downtimeLimit, \.downtimeLimit, \.downtimeLimit, \.downtimeLimit),
        .init(.xCheckpointDelay, \.xCheckpointDelay, \.xCheckpointDelay, \.xCheckpointDelay),
        .init(.blockIncremental, \.blockIncremental, \.blockIncremental, \.blockIncremental),
        .init(.multifdChannels, \.multifdChannels, \.multifdChannels, \.multifdChannels),
        .init(.xbzrleCacheSize, \.xbzrleCacheSize, \.xbzrleCacheSize, \.xbzrleCacheSize),
        .init(.maxPostcopyBandwidth, \.maxPostcopyBandwidth, \.maxPostcopyBandwidth, \.maxPostcopyBandwidth),
        .init(.maxCpuThrottle, \.maxCpuThrottle, \.maxCpuThrottle, \.maxCpuThrottle),
        .init(.multifdCompression, \.multifdCompression, \.multifdCompression, \.multifdCompression),
        .init(.multifdZlibLevel, \.multifdZlibLevel, \.multifdZlibLevel, \.multifdZlibLevel),
        .init(.multifdZstdLevel, \.multifdZstdLevel, \.multifdZstdLevel, \.multifdZstdLevel),
        .init(.blockBitmapMapping, \.blockBitmapMapping, \.blockBitmapMapping, \.blockBitmapMapping),
        .init(
            .xVcpuDirtyLimitPeriod, \.xVcpuDirtyLimitPeriod, \.xVcpuDirtyLimitPeriod, \.xVcpuDirtyLimitPeriod),
        .init(.vcpuDirtyLimit, \.vcpuDirtyLimit, \.vcpuDirtyLimit, \.vcpuDirtyLimit),
        .init(.mode, \.mode, \.mode, \.mode),
        .init(.xMartletDialect, \.martletDialect, \.xMartletDialect, \.xMartletDialect),
    ]
}

extension MigrationSettings {
    /// Takes over the parameters that are given. Nothing is checked yet.
    public mutating func take(_ given: MigrateSetParameters) {
        for row in ParameterRow.all { row.take(given, &self) }
    }

    /// The parameters that are built, for `query-migrate-parameters`.
    public var parameters: MigrationParameters {
        var result = MigrationParameters()
        for row in ParameterRow.all where row.name.isBuilt { row.tell(self, &result) }
        return result
    }

    /// ``dialect`` under its name in QAPI.
    var martletDialect: MartletDialect {
        get { MartletDialect(rawValue: dialect.rawValue) ?? .martlet }
        set { dialect = Dialect(rawValue: newValue.rawValue) ?? dialect }
    }
}

/// What the values of a parameter are, for faces that read text.
public enum ParameterKind: Sendable {
    case flag, number, text, list
}

extension MigrationSettings {
    fileprivate func value(of parameter: MigrationParameter) -> JSONValue? {
        var result = MigrationParameters()
        for row in ParameterRow.all where row.name == parameter { row.tell(self, &result) }
        return result.json[parameter.rawValue]
    }

    /// Name of a parameter that differs and that a migration looks at only when it begins, if there is one.
    func lateChange(from other: MigrationSettings) -> String? {
        let readAtTheStart: [MigrationParameter] = [
            .multifdChannels, .multifdCompression, .multifdZlibLevel, .multifdZstdLevel, .compressLevel,
            .compressThreads, .compressWaitThread, .tlsCreds, .tlsHostname, .mode, .xMartletDialect,
        ]
        return readAtTheStart.first { value(of: $0) != other.value(of: $0) }?.rawValue
    }

}

extension MigrationParameter {
    public var kind: ParameterKind {
        switch MigrationSettings().value(of: self) {
        case .bool?: return .flag
        case .string?: return .text
        case nil: return .list
        default: return .number
        }
    }
}
