public import Bytes
import Glibc
public import MigrationStream

/// The guest's RAM as a stream leaves it, kept in files: one for each block, holes where pages are zero.
@safe public final class RAMImage {
    /// Where a block is kept: a descriptor, which the image closes in the end, and the place of the block's first byte.
    public struct Place: Sendable {
        public var descriptor: Int32
        public var offset: UInt64

        public init(descriptor: Int32, offset: UInt64 = 0) {
            self.descriptor = descriptor
            self.offset = offset
        }
    }

    private struct Block {
        let description: RAMBlockDescription
        /// nil: not kept.
        let place: Place?
        /// Pages that have been sent, and those whose room in the file may hold something.
        var sent: Bitmap
        var written: Bitmap
    }

    public let pageSize: Int
    private var blocks: [Block] = []
    private let page: UnsafeMutableRawBufferPointer
    private let open: (RAMBlockDescription) throws(ByteSourceError) -> Place?

    /// Most pages of all blocks that are kept track of: 4 TiB of pages of 4 KiB, which take 256 MiB of bitmaps.
    static let maximumPages: UInt64 = 1 << 30
    /// Pages of the blocks so far.
    private var pages: UInt64 = 0

    /// - Parameter open: says where a block is kept; nil leaves it out. By default in a temporary file that is gone
    ///   afterwards. The place holds zeros, or nothing yet.
    public init(
        pageSize: Int,
        open: @escaping (RAMBlockDescription) throws(ByteSourceError) -> Place? = {
            (_) throws(ByteSourceError) in Place(descriptor: try RAMImage.temporaryFile())
        }
    ) {
        self.pageSize = pageSize
        self.open = open
        unsafe page = .allocate(byteCount: pageSize, alignment: 4096)
    }

    deinit {
        for block in blocks { if let place = block.place { close(place.descriptor) } }
        unsafe page.deallocate()
    }

    public var descriptions: [RAMBlockDescription] { blocks.map(\.description) }

    /// A file in the directory for temporary ones, without a name.
    public static func temporaryFile() throws(ByteSourceError) -> Int32 {
        let directory = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/var/tmp"
        var template = Array("\(directory)/martlet-ram-XXXXXX".utf8CString)
        let descriptor = unsafe template.withUnsafeMutableBufferPointer {
            unsafe mkstemp($0.baseAddress.unsafelyUnwrapped)
        }
        guard descriptor >= 0 else { throw failure("cannot make a file in \(directory)") }
        unsafe template.withUnsafeBufferPointer { unsafe _ = unlink($0.baseAddress.unsafelyUnwrapped) }
        return descriptor
    }

    /// Takes a record in: a block of the list, or a page.
    public func apply(_ record: RAMRecord) throws(ByteSourceError) {
        switch record {
        case .block(let block, _): try add(block)
        case .page(let block, let offset, let bytes): unsafe try take(block, offset, bytes)
        case .unpacked(let block, let offset, let bytes, _): unsafe try take(block, offset, bytes)
        case .zero(let block, let offset): try zero(block, offset)
        case .delta(let block, let offset, let delta): unsafe try change(block, offset, delta)
        case .hook, .multifdFlush, .end: break
        }
    }

    /// True when the stream has sent the page.
    public func isSent(block: Int, page: Int) -> Bool { blocks[block].sent[page] }
    /// True when the page holds something else than zeros.
    public func isWritten(block: Int, page: Int) -> Bool { blocks[block].written[page] }
    /// A bit for each page of the block, set for those that hold something else than zeros.
    public func writtenPages(block: Int) -> Bitmap { blocks[block].written }

    /// Reads a part of a block into `buffer`.
    public func read(
        block: Int, offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(ByteSourceError) {
        guard let place = blocks[block].place else { preconditionFailure("the block is kept") }
        let start = off_t(place.offset + offset)
        var done = 0
        while done < buffer.count {
            let count = unsafe pread(
                place.descriptor, buffer.baseAddress.unsafelyUnwrapped + done, buffer.count - done,
                start + done)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.failure("cannot read RAM back") }
            done += count
        }
    }

    private func add(_ block: RAMBlockDescription) throws(ByteSourceError) {
        let pages = block.length / UInt64(pageSize)
        guard pages <= Self.maximumPages - self.pages else {
            throw ByteSourceError(
                "the RAM blocks up to \(quoted(block.name)), which has \(block.length) bytes, have more than the "
                    + "\(Self.maximumPages) pages that can be kept")
        }
        self.pages += pages
        let place = try open(block)
        if let place, ftruncate(place.descriptor, off_t(place.offset + block.length)) != 0 {
            let error = Self.failure("cannot make room for block '\(block.name)'")
            close(place.descriptor)
            throw error
        }
        blocks.append(
            Block(
                description: block, place: place, sent: Bitmap(count: Int(pages)),
                written: Bitmap(count: Int(pages))))
    }

    private func take(
        _ block: Int, _ offset: UInt64, _ bytes: UnsafeRawBufferPointer
    ) throws(ByteSourceError) {
        let number = Int(offset) / pageSize
        blocks[block].sent[number] = true
        guard blocks[block].place != nil else { return }
        if unsafe Self.isZero(bytes) { return try zero(block, offset) }
        blocks[block].written[number] = true
        unsafe try write(block, offset, bytes)
    }

    private func write(
        _ block: Int, _ offset: UInt64, _ bytes: UnsafeRawBufferPointer
    ) throws(ByteSourceError) {
        guard let place = blocks[block].place else { return }
        let start = off_t(place.offset + offset)
        var done = 0
        while done < bytes.count {
            let count = unsafe pwrite(
                place.descriptor, bytes.baseAddress.unsafelyUnwrapped + done, bytes.count - done, start + done
            )
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.failure("cannot write RAM") }
            done += count
        }
    }

    /// True when all bytes are 0: compares each with the next.
    static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress, bytes.count > 1 else { return unsafe bytes.isEmpty }
        return unsafe bytes[0] == 0 && memcmp(base, base + 1, bytes.count - 1) == 0
    }

    private func zero(_ block: Int, _ offset: UInt64) throws(ByteSourceError) {
        let number = Int(offset) / pageSize
        blocks[block].sent[number] = true
        guard blocks[block].written[number] else { return }
        unsafe page.initializeMemory(as: UInt8.self, repeating: 0)
        unsafe try write(block, offset, UnsafeRawBufferPointer(page))
        blocks[block].written[number] = false
    }

    private func change(
        _ block: Int, _ offset: UInt64, _ delta: UnsafeRawBufferPointer
    ) throws(ByteSourceError) {
        guard blocks[block].place != nil else { return }
        unsafe try read(block: block, offset: offset, into: page)
        do throws(XBZRLE.Problem) {
            unsafe try XBZRLE.apply(delta, to: page)
        } catch {
            preconditionFailure("the reader has checked the difference")
        }
        unsafe try take(block, offset, UnsafeRawBufferPointer(page))
    }

    static func failure(_ what: String) -> ByteSourceError {
        let number = errno
        return ByteSourceError(errno: number, unsafe "\(what): \(String(cString: strerror(number)))")
    }
}
