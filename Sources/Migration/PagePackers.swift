import GuestMemory
import MigrationStream
import Threads

/// QAPI's CompressionStats.
public struct CompressionStatistics: Equatable, Sendable {
    /// Pages that threads have packed.
    public var pages: UInt64 = 0
    /// Pages that were sent whole as no thread was free, and how many of all in the last period, of 1.
    public var busy: UInt64 = 0
    public var busyRate = 0.0
    /// Bytes of the packed pages.
    public var compressedSize: UInt64 = 0
    /// Bytes of pages for each of those, in the last period.
    public var compressionRate = 0.0

    public init() {}

    /// Sets the rates of a period.
    ///
    /// - Parameters:
    ///   - start: what was counted when it began.
    ///   - examined: pages of any kind that were sent in it.
    mutating func setRates(since start: CompressionStatistics, examined: UInt64) {
        let bytes = compressedSize &- start.compressedSize
        busyRate = examined == 0 ? 0 : Double(busy &- start.busy) / Double(examined)
        // Without a page in it, the rate of the last period that had one stays.
        if bytes > 0 {
            compressionRate = Double(pages &- start.pages) * Double(guestPageSize) / Double(bytes)
        }
    }
}

/// Capability `compress` at the source: threads that pack single pages. The migration's thread gives them pages, and
/// takes all of a batch when it is sent.
@safe
final class PagePackers {
    /// A page that was packed.
    @safe
    struct Packed {
        var block: Int
        var offset: UInt64
        /// Valid until ``PagePackers/written()``.
        var bytes: UnsafeRawBufferPointer
    }

    private struct Place: Sendable {
        var block: Int
        var offset: UInt64
        var page: UInt
        var length = 0
    }

    private struct State: Sendable {
        /// Pages that were given.
        var places: [Place] = []
        /// How many of them a thread has begun with, and how many are done.
        var taken = 0
        var done = 0
        var isOver = false
    }

    /// What the threads and the migration's thread share.
    @safe
    private final class Shared: @unchecked Sendable {
        // Sendable: the room of a page is one thread's from the moment that it takes it until it is done.
        let state = SharedState(State())
        let output: UnsafeMutableRawPointer
        let room = PageDecompressor.bound(guestPageSize)

        init(_ capacity: Int) { unsafe output = .allocate(byteCount: capacity * room, alignment: 64) }

        deinit { unsafe output.deallocate() }

        func room(_ index: Int) -> UnsafeMutableRawBufferPointer {
            unsafe UnsafeMutableRawBufferPointer(start: output + index * room, count: room)
        }
    }

    /// What a thread has for itself.
    @safe
    private final class Worker: @unchecked Sendable {
        // Sendable: only its thread uses it.
        private let compressor: PageCompressor
        /// The page, so that it does not change meanwhile.
        private let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: guestPageSize, alignment: 64)

        init(_ compressor: PageCompressor) { self.compressor = compressor }

        deinit { unsafe copy.deallocate() }

        func work(_ shared: Shared) {
            while let (index, page) = next(shared) {
                guard let page = unsafe UnsafeRawPointer(bitPattern: page) else { return }
                unsafe copy.copyMemory(from: UnsafeRawBufferPointer(start: page, count: guestPageSize))
                let length = unsafe compressor.pack(UnsafeRawBufferPointer(copy), into: shared.room(index))
                shared.state.update { state in
                    state.places[index].length = length
                    state.done += 1
                }
            }
        }

        private func next(_ shared: Shared) -> (Int, UInt)? {
            let task = shared.state.wait { state -> (Int, UInt)?? in
                if state.isOver { return .some(nil) }
                guard state.taken < state.places.count else { return nil }
                defer { state.taken += 1 }
                return (state.taken, state.places[state.taken].page)
            }
            return task ?? nil
        }
    }

    private let shared: Shared
    private let packing: PagePacking
    private let threads: [OSThread]
    /// Pages that were given and not yet taken back by ``finish()``.
    private(set) var count = 0
    private(set) var statistics = CompressionStatistics()
    private var periodStart = CompressionStatistics()

    /// - Parameter capacity: most pages of a batch.
    init(_ packing: PagePacking, capacity: Int) throws(MigrationError) {
        self.packing = packing
        let shared = Shared(capacity)
        var workers: [Worker] = []
        for _ in 0..<packing.threads {
            guard let compressor = PageCompressor(level: packing.level) else {
                throw MigrationError(
                    "No memory for the threads of compress (compress-threads \(packing.threads))")
            }
            workers.append(Worker(compressor))
        }
        self.shared = shared
        let ready = workers
        do throws(MigrationError) {
            threads = try OSThread.group(
                workers.indices.map { "compress_\($0)" }, stop: { shared.state.update { $0.isOver = true } }
            ) { ready[$0].work(shared) }
        } catch {
            throw MigrationError("\(error) (compress-threads \(packing.threads))")
        }
    }

    deinit {
        shared.state.update { $0.isOver = true }
        for thread in threads { thread.join() }
    }

    /// Gives a page to a thread; false when none is free and the page is not to wait.
    func pack(_ page: UnsafeRawPointer, block: Int, offset: UInt64) -> Bool {
        let place = Place(block: block, offset: offset, page: UInt(bitPattern: page))
        let (waits, limit) = (packing.waits, packing.threads)
        let isTaken = shared.state.update { state in
            guard waits || state.places.count - state.done < limit else { return false }
            state.places.append(place)
            return true
        }
        if isTaken { count += 1 } else { statistics.busy &+= 1 }
        return isTaken
    }

    /// Waits until all pages of the batch are packed, and gives them.
    func finish() -> [Packed] {
        let places =
            shared.state.wait { state in state.done == state.places.count ? state.places : nil } ?? []
        count = 0
        statistics.pages &+= UInt64(places.count)
        return places.enumerated().map { index, place in
            statistics.compressedSize &+= UInt64(place.length)
            let room = unsafe UnsafeRawBufferPointer(shared.room(index))
            return unsafe Packed(
                block: place.block, offset: place.offset,
                bytes: UnsafeRawBufferPointer(rebasing: room[..<place.length]))
        }
    }

    /// The batch has been sent.
    func written() { shared.state.update { $0 = State() } }

    /// Ends a period of the statistics.
    ///
    /// - Parameter examined: pages of any kind that were sent in it.
    func endPeriod(examined: UInt64) {
        statistics.setRates(since: periodStart, examined: examined)
        periodStart = statistics
    }
}
