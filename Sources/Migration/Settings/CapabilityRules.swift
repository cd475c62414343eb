import QAPI

/// What capabilities ask of each other, in the order in which QMP's clients learn of it; the texts are QMP's.
///
/// What the host must be able to do is not here: who builds such a feature asks the host.
struct CapabilityRule: Sendable {
    /// What a client asks for, with what there was before.
    struct Request: Sendable {
        var before: Set<MigrationCapability>
        var after: MigrationSettings
        /// Whether an incoming migration waits for its connection, or has one.
        var isListening: Bool

        func has(_ all: MigrationCapability...) -> Bool { all.allSatisfy { after[$0] } }

        /// On now, and not before.
        func turnsOn(_ capability: MigrationCapability) -> Bool {
            after[capability] && !before.contains(capability)
        }
    }

    let text: String
    let isBroken: @Sendable (Request) -> Bool

    init(_ text: String, _ isBroken: @escaping @Sendable (Request) -> Bool) {
        self.text = text
        self.isBroken = isBroken
    }

    static let zeroCopyText = "Zero copy only available for non-compressed non-TLS multifd migration"

    /// In this order.
    private static let againstSnapshots: [MigrationCapability] = [
        .postcopyRam, .dirtyBitmaps, .postcopyBlocktime, .lateBlockActivate, .returnPath, .multifd,
        .pauseBeforeSwitchover, .autoConverge, .releaseRam, .rdmaPinAll, .compress, .xbzrle, .xColo,
        .validateUuid, .zeroCopySend,
    ]

    static let all: [CapabilityRule] =
        [
            .init("Postcopy is not compatible with ignore-shared") { $0.has(.postcopyRam, .xIgnoreShared) },
            .init("Postcopy is not yet compatible with multifd") { $0.has(.postcopyRam, .multifd) },
        ]
        + againstSnapshots.map { other in
            .init("Background-snapshot is not compatible with \(other.rawValue)") {
                $0.has(.backgroundSnapshot, other)
            }
        } + [
            .init(zeroCopyText) {
                $0.has(.zeroCopySend)
                    && (!$0.has(.multifd) || $0.has(.compress) || $0.has(.xbzrle)
                        || $0.after.multifdCompression != .none || !$0.after.tlsCreds.isEmpty)
            },
            .init("Postcopy preempt requires postcopy-ram") {
                $0.has(.postcopyPreempt) && !$0.has(.postcopyRam)
            },
            .init("Postcopy preempt not compatible with compress") { $0.has(.postcopyPreempt, .compress) },
            .init("Postcopy preempt must be set before incoming starts") {
                $0.turnsOn(.postcopyPreempt) && $0.isListening
            },
            .init("Multifd is not compatible with compress") { $0.has(.multifd, .compress) },
            .init("Multifd must be set before incoming starts") { $0.turnsOn(.multifd) && $0.isListening },
            .init("Capability 'switchover-ack' requires capability 'return-path'") {
                $0.has(.switchoverAck) && !$0.has(.returnPath)
            },
            .init("dirty-limit conflicts with auto-converge either of then available currently") {
                $0.has(.dirtyLimit, .autoConverge)
            },
            .init("Multifd is not compatible with xbzrle") { $0.has(.multifd, .xbzrle) },
            .init("Compression is not compatible with xbzrle") { $0.has(.compress, .xbzrle) },
        ]

    /// Why the request is refused, nil if it is not.
    static func refusal(_ request: Request) -> String? { all.first { $0.isBroken(request) }?.text }
}
