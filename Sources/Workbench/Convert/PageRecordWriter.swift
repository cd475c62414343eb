import Bytes
import Glibc
import MigrationStream

/// Writes pages of an image as records, many with one call.
@safe struct PageRecordWriter: ~Copyable {
    private static let batchLength = 128
    private var batch: RAMPageBatch
    private let pageSize: Int
    private let compressor: PageCompressor?
    /// Room for the batch's pages, and for the packed ones.
    private let pages: UnsafeMutableRawBufferPointer
    private let packed: UnsafeMutableRawBufferPointer
    private let packedLength: Int

    init(blocks: [String], pageSize: Int, level: Int32?) {
        batch = RAMPageBatch(blocks: blocks, capacity: Self.batchLength)
        self.pageSize = pageSize
        compressor = level.flatMap { PageCompressor(level: $0) }
        packedLength = PageDecompressor.bound(pageSize)
        unsafe pages = .allocate(byteCount: Self.batchLength * pageSize, alignment: 4096)
        unsafe packed = .allocate(byteCount: Self.batchLength * packedLength, alignment: 64)
    }

    deinit {
        unsafe pages.deallocate()
        unsafe packed.deallocate()
    }

    mutating func append(
        _ image: RAMImage, block: Int, page: Int, to file: OutputFile
    ) throws(ByteSourceError) {
        if batch.isFull { try flush(to: file) }
        let offset = UInt64(page) * UInt64(pageSize)
        guard image.isWritten(block: block, page: page) else {
            batch.appendZero(block: block, offset: offset)
            return
        }
        let slot = batch.count
        let room = unsafe UnsafeMutableRawBufferPointer(
            rebasing: pages[slot * pageSize..<(slot + 1) * pageSize])
        unsafe try image.read(block: block, offset: offset, into: room)
        guard let compressor else {
            unsafe batch.append(block: block, offset: offset, page: room.baseAddress.unsafelyUnwrapped)
            return
        }
        let target = unsafe UnsafeMutableRawBufferPointer(
            rebasing: packed[slot * packedLength..<(slot + 1) * packedLength])
        let count = unsafe compressor.pack(UnsafeRawBufferPointer(room), into: target)
        unsafe batch.appendPacked(
            block: block, offset: offset, packed: UnsafeRawBufferPointer(rebasing: target[..<count]))
    }

    mutating func flush(to file: OutputFile) throws(ByteSourceError) {
        var failure: ByteSourceError?
        unsafe batch.withIOVectors { vectors in
            do throws(ByteSourceError) {
                for index in vectors.indices {
                    let vector = unsafe vectors[index]
                    unsafe try file.append(
                        UnsafeRawBufferPointer(start: vector.iov_base, count: vector.iov_len))
                }
            } catch {
                failure = error
            }
        }
        batch.removeAll()
        if let failure { throw failure }
    }
}
