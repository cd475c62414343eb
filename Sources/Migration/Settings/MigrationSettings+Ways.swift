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

    /// Of capability `compress`, nil without it.
    var pagePacking: PagePacking? {
        guard self[.compress] else { return nil }
        return PagePacking(
            threads: Int(compressThreads), level: Int32(compressLevel), waits: compressWaitThread)
    }
}
