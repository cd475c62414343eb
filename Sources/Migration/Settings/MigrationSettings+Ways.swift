import QAPI

/// How the threads of capability `compress` work.
struct PagePacking: Sendable {
    var threads: Int
    /// zlib's, 0 to 9.
    var level: Int32
    /// A page waits for a thread; else it is sent whole when none is free.
    var waits: Bool
}

extension MigrationSettings {
    /// Bytes of the cache of capability `xbzrle`, nil without it.
    var deltaCacheSize: UInt64? { self[.xbzrle] ? xbzrleCacheSize : nil }

    var autoConverges: Bool { self[.autoConverge] }
    var limitsDirtying: Bool { self[.dirtyLimit] }
    var pausesBeforeSwitchover: Bool { self[.pauseBeforeSwitchover] }
    var wantsSwitchoverAck: Bool { self[.switchoverAck] }
    var sendsUUID: Bool { self[.validateUuid] }
    var activatesBlocksLate: Bool { self[.lateBlockActivate] }
    /// RAM in shared files stays there: both sides map them.
    var keepsSharedFiles: Bool { self[.xIgnoreShared] }
    /// Pages go out from where they lie (MSG_ZEROCOPY).
    var sendsWithoutCopy: Bool { self[.zeroCopySend] }
    /// Capabilities that the stream names, as both sides must have the same.
    var validated: [String]? {
        keepsSharedFiles ? [MigrationCapability.xIgnoreShared.rawValue] : nil
    }
    /// The guest stands from the beginning: it goes into a file while its host restarts.
    var stopsFirst: Bool { mode == .cprReboot }

    /// Why a migration cannot begin with these; the texts are QMP's.
    var startRefusal: String? {
        guard mode == .cprReboot else { return nil }
        let others: [(MigrationCapability, String)] = [
            (.postcopyRam, "postcopy"), (.backgroundSnapshot, "background snapshot"), (.xColo, "COLO"),
        ]
        return others.first { self[$0.0] }.map { "Cannot use \($0.1) with CPR" }
    }

    /// Of capability `compress`, nil without it.
    var pagePacking: PagePacking? {
        guard self[.compress] else { return nil }
        return PagePacking(
            threads: Int(compressThreads), level: Int32(compressLevel), waits: compressWaitThread)
    }
}
