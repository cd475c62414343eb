import Glibc
import GuestMemory
import MigrationStream

/// QAPI's XBZRLECacheStats.
public struct XBZRLEStatistics: Equatable, Sendable {
    /// Bytes.
    public var cacheSize: UInt64 = 0
    /// Bytes of differences with their heads, and of the pages whose difference was too long.
    public var bytes: UInt64 = 0
    /// Pages that were in the cache.
    public var pages: UInt64 = 0
    /// Pages that were not.
    public var cacheMiss: UInt64 = 0
    /// In the last period, of 1.
    public var cacheMissRate = 0.0
    /// Bytes of pages for each byte sent, in the last period.
    public var encodingRate = 0.0
    /// Pages whose difference was not shorter than they are.
    public var overflow: UInt64 = 0

    public init() {}

    /// Sets the rates of a period.
    ///
    /// - Parameters:
    ///   - start: what was counted when it began.
    ///   - examined: pages of any kind that were sent in it.
    mutating func setRates(since start: XBZRLEStatistics, examined: UInt64) {
        let (pages, bytes) = (pages &- start.pages, bytes &- start.bytes)
        cacheMissRate = examined == 0 ? 0 : Double(cacheMiss &- start.cacheMiss) / Double(examined)
        encodingRate = pages == 0 || bytes == 0 ? 0 : Double(pages) * Double(guestPageSize) / Double(bytes)
    }
}

/// Capability `xbzrle` at the source: sends pages that were sent before as differences. One thread.
@safe
final class DeltaEncoder {
    /// What to send of a page.
    @safe
    enum Outcome {
        /// The page as it is in guest memory.
        case whole
        /// These contents, which stay until ``written()``.
        case copy(UnsafeRawPointer)
        /// This difference, which stays until ``written()``.
        case delta(UnsafeRawBufferPointer)
        /// The destination has it as it is.
        case nothing
    }

    /// Bytes of a difference's head in the stream.
    private static let headLength = 8 + 3

    private var cache: PageCache
    /// As last asked for.
    private var size: UInt64
    /// Of the guest, in all.
    private let pages: Int
    /// Differences of a batch, one after another.
    private let room: UnsafeMutableRawPointer
    private let roomSize: Int
    private var used = 0
    /// The page that is looked at, so that it does not change meanwhile.
    private let current: UnsafeMutableRawPointer
    private(set) var statistics = XBZRLEStatistics()
    private var periodStart = XBZRLEStatistics()

    /// - Parameters:
    ///   - size: of the cache, in bytes.
    ///   - pages: of the guest, in all.
    ///   - batch: most pages before ``written()``.
    init?(cacheSize size: UInt64, pages: Int, batch: Int) {
        guard let cache = PageCache(size: size, for: pages) else { return nil }
        self.cache = cache
        (self.size, self.pages) = (size, pages)
        statistics.cacheSize = size
        // A difference is written into the room of a whole page.
        roomSize = batch * guestPageSize
        unsafe room = .allocate(byteCount: roomSize, alignment: 64)
        unsafe current = .allocate(byteCount: guestPageSize, alignment: 64)
    }

    deinit {
        unsafe room.deallocate()
        unsafe current.deallocate()
    }

    /// Begins anew with an empty cache of so many bytes. Where there is no memory for that, the old one stays.
    ///
    /// Not while what ``encode(_:_:pass:isLast:)`` gave is still to be sent.
    func resize(_ size: UInt64) {
        guard size != self.size else { return }
        self.size = size
        guard let made = PageCache(size: size, for: pages) else { return }
        cache = made
        statistics.cacheSize = size
    }

    /// What was given since the last time has been sent.
    func written() { used = 0 }

    /// Says what to send of a page with contents.
    ///
    /// - Parameters:
    ///   - number: of the page over all blocks.
    ///   - isLast: the guest has stopped; nothing of what is sent now is sent again.
    func encode(_ number: Int, _ page: UnsafeRawPointer, pass: UInt64, isLast: Bool) -> Outcome {
        guard let known = unsafe cache.find(number, pass: pass) else {
            statistics.cacheMiss &+= 1
            guard !isLast, let place = unsafe cache.insert(number, pass: pass) else { return .whole }
            unsafe place.copyMemory(from: page, byteCount: guestPageSize)
            return unsafe .copy(place)
        }
        statistics.pages &+= 1
        unsafe current.copyMemory(from: page, byteCount: guestPageSize)
        let length = unsafe XBZRLE.encode(old: known, new: current, count: guestPageSize, into: room + used)
        guard length != 0 else { return .nothing }
        unsafe known.copyMemory(from: current, byteCount: guestPageSize)
        guard let length else {
            statistics.overflow &+= 1
            statistics.bytes &+= UInt64(guestPageSize)
            return unsafe .copy(known)
        }
        statistics.bytes &+= UInt64(length + Self.headLength)
        defer { used += length }
        return unsafe .delta(UnsafeRawBufferPointer(start: room + used, count: length))
    }

    /// A page of zeros was sent.
    func sentZero(_ number: Int, pass: UInt64) {
        if let known = unsafe cache.find(number, pass: pass) {
            unsafe memset(known, 0, guestPageSize)
        } else if let place = unsafe cache.insert(number, pass: pass) {
            unsafe memset(place, 0, guestPageSize)
        }
    }

    /// Ends a period of the statistics.
    ///
    /// - Parameter examined: pages of any kind that were sent in it.
    func endPeriod(examined: UInt64) {
        statistics.setRates(since: periodStart, examined: examined)
        periodStart = statistics
    }
}
