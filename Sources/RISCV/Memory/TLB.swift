/// One page's translation: a tag for each kind of access, and what turns its addresses into the host's.
///
/// Only RAM is entered, and only with the permissions that a whole page has. A tag is the page's virtual address, or
/// all ones. The write tag is missing while the dirty log waits for the page's first write.
struct TLBEntry {
    var readTag: UInt64 = .max
    var writeTag: UInt64 = .max
    var executeTag: UInt64 = .max
    var addend: UInt64 = 0
}

enum TLB {
    /// Entries of one translation regime; a power of two.
    static let count = 1024
    /// Regimes that have entries of their own, so that changing between them keeps both: user, supervisor, supervisor
    /// with SUM, machine.
    static let regimes = 4

    @inline(__always)
    static func index(_ address: UInt64) -> Int { Int(truncatingIfNeeded: address >> 12 & UInt64(count - 1)) }
}

/// What an access wants to do.
enum Access {
    case read, write, execute

    var pageFault: UInt64 {
        switch self {
        case .read: Cause.loadPage
        case .write: Cause.storePage
        case .execute: Cause.fetchPage
        }
    }
    var accessFault: UInt64 {
        switch self {
        case .read: Cause.loadAccess
        case .write: Cause.storeAccess
        case .execute: Cause.fetchAccess
        }
    }
}
