import Bytes

/// Reading of pages that are not sent whole.
extension InputBuffer {
    /// Lends so many bytes of a page, valid until the next call.
    func lendPage(_ count: Int) throws(StreamError) -> UnsafeRawBufferPointer {
        do throws(ByteError) {
            return unsafe try borrow(count)
        } catch {
            throw StreamError(error, path: ["page"])
        }
    }

    /// Reads the rest of an XBZRLE record and gives its difference to `body`, which checks or applies it.
    func delta<Result>(
        pageSize: Int, _ body: (UnsafeRawBufferPointer) throws(XBZRLE.Problem) -> Result
    ) throws(StreamError) -> Result {
        let (encoding, length) = try field("page") { (i) throws(ByteError) in
            (try i.uint8(), Int(try i.uint16()))
        }
        guard encoding == XBZRLE.encoding else {
            throw StreamError(
                .value(expected: "XBZRLE encoding \(XBZRLE.encoding)", found: "\(encoding)"), path: ["page"],
                offset: offset &- 3)
        }
        guard length <= pageSize else {
            throw StreamError(
                .value(expected: "a difference of at most \(pageSize) bytes", found: "\(length)"),
                path: ["page"], offset: offset &- 2)
        }
        let at = offset
        let delta = unsafe try lendPage(length)
        do throws(XBZRLE.Problem) {
            return unsafe try body(delta)
        } catch {
            throw StreamError(
                .value(expected: error.expected, found: error.found), path: ["page", "difference"],
                offset: at + UInt64(error.offset))
        }
    }

    /// Reads the rest of a COMPRESS_PAGE record: the packed page, valid until the next call.
    func packedPage(pageSize: Int) throws(StreamError) -> UnsafeRawBufferPointer {
        let length = try field("page") { (i) throws(ByteError) in Int(try i.uint32()) }
        let most = PageDecompressor.bound(pageSize)
        guard length <= most else {
            throw StreamError(
                .value(expected: "a packed page of at most \(most) bytes", found: "\(length)"),
                path: ["page"], offset: offset &- 4)
        }
        return unsafe try lendPage(length)
    }
}

/// Unpacks single pages, each a zlib stream of its own, into memory of its own.
@safe package final class PageUnpacker {
    private let decompressor: PageDecompressor
    private let page: UnsafeMutableRawBufferPointer

    package init?(pageSize: Int) {
        guard let decompressor = PageDecompressor(.zlib) else { return nil }
        self.decompressor = decompressor
        unsafe page = .allocate(byteCount: pageSize + 1, alignment: 64)
    }

    deinit { unsafe page.deallocate() }

    /// The page, valid until the next call.
    ///
    /// - Parameter at: offset of `packed` in the stream.
    package func unpack(
        _ packed: UnsafeRawBufferPointer, at: UInt64
    ) throws(StreamError) -> UnsafeRawBufferPointer {
        decompressor.reset()
        let outcome = unsafe decompressor.decompress(packed, into: page)
        let size = unsafe page.count - 1
        guard outcome.problem == nil, outcome.isFinished, outcome.produced == size,
            outcome.consumed == packed.count
        else {
            let found =
                outcome.problem
                ?? "\(bytes(outcome.produced)) from \(outcome.consumed) of \(packed.count)"
                + (outcome.isFinished ? "" : " and no end")
            throw StreamError(
                .value(expected: "a zlib stream of \(bytes(size))", found: found), path: ["page"], offset: at)
        }
        return unsafe UnsafeRawBufferPointer(rebasing: page[..<size])
    }
}
