import GuestMemory
import Transport
import VMState

/// The ways that pages with contents can go, as the capabilities say; at most one of the three.
struct PageWays {
    /// Over channels of their own.
    var multifd: MultifdSender?
    /// As differences to what was sent before.
    var delta: DeltaEncoder?
    /// Packed one by one.
    var packers: PagePackers?
    /// The receiver waits for the multifd channels at the end of each section's body, not at marks (QEMU before 8.1).
    var synchronizesBodies = false

    /// Whole, over the main channel.
    let isPlain: Bool

    /// - Parameter pages: of the guest, in all.
    init(_ settings: MigrationSettings, pages: Int, multifd: MultifdSender?) throws(MigrationError) {
        self.multifd = multifd
        synchronizesBodies = settings.dialect == .qemu7_2
        if let size = settings.deltaCacheSize {
            guard let made = DeltaEncoder(cacheSize: size, pages: pages, batch: RAMSender.batchCapacity)
            else {
                throw MigrationError("No memory for the cache of xbzrle (xbzrle-cache-size \(size))")
            }
            delta = made
        }
        if let packing = settings.pagePacking {
            packers = try PagePackers(packing, capacity: RAMSender.batchCapacity)
        }
        isPlain = multifd == nil && delta == nil && packers == nil
    }

    /// Pages that were found in the cache of differences.
    var deltaPages: UInt64 { delta?.statistics.pages ?? 0 }

    /// What lay in the batch has been sent.
    func written() {
        delta?.written()
        packers?.written()
    }
}
