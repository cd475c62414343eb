public import Bytes
import Glibc

/// A file that can be read anywhere.
public protocol RandomAccess: AnyObject {
    /// Reads at most `buffer.count` bytes from this offset on; fewer only at the file's end.
    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(ByteSourceError) -> Int
}

/// Bytes in memory as a file.
public final class ArrayFile: RandomAccess {
    private let bytes: [UInt8]

    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    public func read(
        at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(ByteSourceError) -> Int {
        guard offset < UInt64(bytes.count) else { return 0 }
        let count = min(buffer.count, bytes.count - Int(offset))
        unsafe bytes.withUnsafeBytes {
            unsafe buffer.copyMemory(
                from: UnsafeRawBufferPointer(rebasing: $0[Int(offset)..<Int(offset) + count]))
        }
        return count
    }
}

extension FileSource: RandomAccess {
    public func read(
        at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(ByteSourceError) -> Int {
        var done = 0
        while done < buffer.count {
            guard let place = off_t(exactly: offset &+ UInt64(done)), place >= 0 else { return done }
            let count = unsafe pread(
                descriptor, buffer.baseAddress.map { unsafe $0 + done }, buffer.count - done, place)
            if count == 0 { break }
            if count > 0 {
                done += count
            } else if errno != EINTR {
                throw Self.failure("cannot read")
            }
        }
        position = max(position, offset &+ UInt64(done))
        return done
    }
}

/// A file from an offset on, as a source.
final class RangeSource: ByteSource {
    private let file: any RandomAccess
    private var position: UInt64

    init(_ file: any RandomAccess, from offset: UInt64) {
        self.file = file
        position = offset
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ByteSourceError) -> Int {
        let count = unsafe try file.read(at: position, into: buffer)
        position += UInt64(count)
        return count
    }
}
