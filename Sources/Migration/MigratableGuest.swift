public import GuestMemory
public import MigrationStream
public import VMState

/// The guest as a migration sees it: any accelerator or VMM that fulfils this can be moved.
///
/// All calls come from the migration's own threads, one at a time, but for what is measured beside a migration:
/// ``dropWritePermissions()``, ``setDirtyCounting(_:)``, ``dirtiedPages`` and ``dirtyLimitStatistics`` are for any
/// thread. `QMP` events of run states are the guest's own.
public protocol MigratableGuest: AnyObject, Sendable {
    /// Machine type, e.g. `virt`; both sides must have the same.
    var machineName: String { get }
    /// Sixteen bytes, nil when none was given.
    var uuid: [UInt8]? { get }
    /// All blocks that migrate.
    var memory: GuestMemory { get }
    /// False for blocks that a receiver of this dialect does not have and would refuse. By default it has all.
    func isKnown(_ block: RAMBlock, to dialect: Dialect) -> Bool
    /// Devices, in the order of the stream. Saved with the guest stopped; loaded into a guest that never ran.
    var deviceSections: [VMStateSection] { get }
    /// Why the guest cannot be sent now, in QMP's words (`Guest is waiting for an incoming migration`), or nil.
    var outgoingRefusal: String? { get }
    /// Why the guest cannot be received now (`'-incoming' was not specified on the command line`), or nil.
    var incomingRefusal: String? { get }
    /// True while harts run.
    var isRunning: Bool { get }

    /// Stops harts and devices and settles all requests; run state finish-migrate. Remembers the run state before
    /// for ``resumeAfterFailure()`` and for the section `globalstate`.
    func stopForMigration()
    /// The migration failed or was cancelled: puts the run state from before back. The disks were taken back before.
    func resumeAfterFailure()
    /// The guest has left, or may have left: run state postmigrate. It never runs again without the operator, whose
    /// `cont` has to ``takeDisks()`` first.
    func becomePostmigrate()

    /// Starts or stops the dirty log and has every hart drop its write permissions.
    func setDirtyLogging(_ on: Bool)
    /// After this no store of a hart goes unlogged: harts drop the write permissions they hold. Called *after*
    /// the log was drained, and before the drained pages are read.
    func dropWritePermissions()

    /// Holds every hart for so many percent of the time, 0 to 99, until it is called again; 0 lets them run freely.
    func throttleHarts(percent: UInt8)

    /// Counts for each hart the pages that it dirties, from the return on; calls with true nest.
    func setDirtyCounting(_ on: Bool)
    /// Pages that each hart has dirtied while they were counted; empty for a guest that cannot count them by harts. A page
    /// that is written again and again counts once a second, or once in the period of a limit, and again when a migration
    /// has to send it again.
    var dirtiedPages: [UInt64] { get }
    /// Keeps every hart from dirtying more; nil: no more than what was there before.
    func limitDirtying(_ limit: DirtyLimit?)
    /// How the limits of harts are felt; nil when none has one.
    var dirtyLimitStatistics: DirtyLimitStatistics? { get }

    /// Settles and unlocks the disk images, so that the peer can take them. The guest is stopped.
    func giveUpDisks() throws(MigrationError)
    /// Locks the disk images: this side now owns the guest. Without effect on those that it holds.
    func takeDisks() throws(MigrationError)

    /// A stream begins to arrive: registers, devices and memory as after power-on.
    ///
    /// - Parameter keepingSharedFiles: but for blocks in shared files, which hold what the guest has already, and which
    ///   may be another process's to write still.
    func resetForIncoming(keepingSharedFiles: Bool)
    /// Whether ``startAfterIncoming()`` would let the guest run.
    var runsAfterIncoming: Bool { get }
    /// The guest is whole and this side's: starts it, or leaves it in the source's run state (autostart rules).
    func startAfterIncoming()
    /// Tells the network where the guest is now, once.
    func announceSelf()
}

extension MigratableGuest {
    public func isKnown(_ block: RAMBlock, to dialect: Dialect) -> Bool { true }
    public var runsAfterIncoming: Bool { true }
    public func throttleHarts(percent: UInt8) {}
    public func setDirtyCounting(_ on: Bool) {}
    public var dirtiedPages: [UInt64] { [] }
    public func limitDirtying(_ limit: DirtyLimit?) {}
    public var dirtyLimitStatistics: DirtyLimitStatistics? { nil }
}

/// Why a migration cannot be done, or failed; in QMP's words where it has some.
public struct MigrationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// All of it, for people.
    public var description: String
    /// What was wrong with the stream, when that was the reason.
    public var stream: StreamError?

    public init(_ description: String, stream: StreamError? = nil) {
        self.description = description
        self.stream = stream
    }
}
