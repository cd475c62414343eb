import QAPI

/// What the values of parameters must be, in the order in which QMP's clients learn of it; the texts are QMP's.
struct ParameterRule: Sendable {
    let text: String
    let isKept: @Sendable (MigrationSettings) -> Bool

    /// The parameter's name is spelt in each text as QEMU does, mostly with underscores.
    init(_ name: String, _ expected: String, _ isKept: @escaping @Sendable (MigrationSettings) -> Bool) {
        text = "Parameter '\(name)' expects \(expected)"
        self.isKept = isKept
    }

    init(text: String, _ isKept: @escaping @Sendable (MigrationSettings) -> Bool) {
        self.text = text
        self.isKept = isKept
    }

    static let all: [ParameterRule] = [
        .init("compress_level", "a value between 0 and 9") { $0.compressLevel <= 9 },
        .init("compress_threads", "a value between 1 and 255") { $0.compressThreads >= 1 },
        .init("decompress_threads", "a value between 1 and 255") { $0.decompressThreads >= 1 },
        .init("throttle_trigger_threshold", "an integer in the range of 1 to 100") {
            (1...100).contains($0.throttleTriggerThreshold)
        },
        .init("cpu_throttle_initial", "an integer in the range of 1 to 99") {
            (1...99).contains($0.cpuThrottleInitial)
        },
        .init("cpu_throttle_increment", "an integer in the range of 1 to 99") {
            (1...99).contains($0.cpuThrottleIncrement)
        },
        .init("downtime_limit", "an integer in the range of 0 to (2000 * 1000) ms") {
            $0.downtimeLimit <= 2_000_000
        },
        .init("multifd_channels", "a value between 1 and 255") { $0.multifdChannels >= 1 },
        .init("multifd_zlib_level", "a value between 0 and 9") { $0.multifdZlibLevel <= 9 },
        .init("multifd_zstd_level", "a value between 0 and 20") { $0.multifdZstdLevel <= 20 },
        .init("xbzrle_cache_size", "a power of two no less than the target page size") {
            $0.xbzrleCacheSize >= 4096 && $0.xbzrleCacheSize.nonzeroBitCount == 1
        },
        .init("max_cpu_throttle", "an integer in the range of cpu_throttle_initial to 99") {
            $0.maxCpuThrottle >= $0.cpuThrottleInitial && $0.maxCpuThrottle <= 99
        },
        .init("announce_initial", "a value between 0 and 100000") { $0.announceInitial <= 100_000 },
        .init("announce_max", "a value between 0 and 100000") { $0.announceMax <= 100_000 },
        .init("announce_rounds", "a value between 0 and 1000") { $0.announceRounds <= 1000 },
        .init("announce_step", "a value between 0 and 10000") { (1...10_000).contains($0.announceStep) },
        .init(text: CapabilityRule.zeroCopyText) {
            !$0[.zeroCopySend] || $0.multifdCompression == .none && $0.tlsCreds.isEmpty
        },
        .init("x-vcpu-dirty-limit-period", "a value between 1 and 1000") {
            (1...1000).contains($0.xVcpuDirtyLimitPeriod)
        },
        .init(text: "Parameter 'vcpu_dirty_limit' must be greater than 1 MB/s") { $0.vcpuDirtyLimit >= 1 },
    ]
}

extension MigrationSettings {
    /// Checks all parameters in QMP's order; the texts are QMP's.
    public func check() throws(MigrationError) {
        for rule in ParameterRule.all where !rule.isKept(self) { throw MigrationError(rule.text) }
        if let refusal = blockBitmapMapping?.refusal {
            throw MigrationError("Invalid mapping given for block-bitmap-mapping: \(refusal)")
        }
    }
}
