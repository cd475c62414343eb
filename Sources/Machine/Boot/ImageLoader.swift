import CPlatform
import Glibc
import GuestMemory

/// Why the guest's first programs could not be loaded.
public struct BootError: Error, Equatable, Sendable, CustomStringConvertible {
    public var description: String
    init(_ description: String) { self.description = description }
}

/// A file's bytes, whole. `limit` bounds what is read.
func readFile(_ path: String, limit: Int) throws(BootError) -> [UInt8] {
    // Without O_NONBLOCK a FIFO would wait for its other end.
    let descriptor = unsafe cplatform_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0)
    guard descriptor >= 0 else {
        throw BootError("cannot open '\(path)': \(unsafe String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        throw BootError("'\(path)' is not a file")
    }
    guard Int(status.st_size) <= limit else {
        throw BootError(
            "'\(path)' has \(status.st_size) bytes, more than the \(limit) that there is room for")
    }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var done = 0
    while done < bytes.count {
        let count = unsafe bytes.withUnsafeMutableBytes {
            unsafe read(descriptor, $0.baseAddress.unsafelyUnwrapped + done, $0.count - done)
        }
        guard count > 0 else {
            throw BootError("cannot read '\(path)': \(unsafe String(cString: strerror(errno)))")
        }
        done += count
    }
    return bytes
}

/// A program in guest memory.
struct LoadedImage: Equatable {
    /// Address of its first instruction.
    var entry: UInt64
    /// Address of its first byte.
    var start: UInt64
    /// One past its last byte.
    var end: UInt64
}

/// Puts a raw image at `address`, or an ELF where it wants to be.
func loadImage(_ path: String, at address: UInt64, memory: GuestMemory) throws(BootError) -> LoadedImage {
    let bytes = try readFile(path, limit: 1 << 30)
    if bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46]) { return try loadELF(bytes, path, memory) }
    guard memory.write(bytes, at: address) else {
        throw BootError(
            "'\(path)': its \(bytes.count) bytes do not fit in RAM at 0x\(String(address, radix: 16))")
    }
    return LoadedImage(entry: address, start: address, end: address + UInt64(bytes.count))
}

private func loadELF(_ bytes: [UInt8], _ path: String, _ memory: GuestMemory) throws(BootError) -> LoadedImage
{
    func field(_ offset: Int, _ size: Int) -> UInt64? {
        guard offset >= 0, offset <= bytes.count - size else { return nil }
        return (0..<size).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
    }
    let damaged = BootError("'\(path)': the ELF file is damaged")
    guard bytes.count > 64, bytes[4] == 2, bytes[5] == 1, field(18, 2) == 243 else {
        throw BootError("'\(path)': not a 64-bit little-endian RISC-V ELF file")
    }
    guard let entry = field(24, 8), let table = field(32, 8), let size = field(54, 2),
        let count = field(56, 2),
        table < UInt64(bytes.count), size >= 56
    else { throw damaged }
    var start = UInt64.max
    var end: UInt64 = 0
    for index in 0..<Int(count) {
        let header = Int(table) + index * Int(size)
        guard let type = field(header, 4), let offset = field(header + 8, 8),
            let physical = field(header + 24, 8),
            let fileSize = field(header + 32, 8), let memorySize = field(header + 40, 8)
        else { throw damaged }
        guard type == 1, memorySize > 0 else { continue }
        guard offset <= UInt64(bytes.count), fileSize <= UInt64(bytes.count) - offset, fileSize <= memorySize
        else { throw damaged }
        guard memory.region(at: physical)?.isWritable == true, let count = Int(exactly: memorySize),
            let target = unsafe memory.bytes(at: physical, count: count)
        else {
            throw BootError(
                "'\(path)': a segment of \(memorySize) bytes at 0x\(String(physical, radix: 16)) is outside of RAM"
            )
        }
        unsafe target.copyBytes(from: bytes[Int(offset)..<Int(offset + fileSize)])
        let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: target[Int(fileSize)...])
        unsafe rest.initializeMemory(as: UInt8.self, repeating: 0)
        memory.markDirty(at: physical, count: count)
        start = min(start, physical)
        end = max(end, physical + memorySize)
    }
    guard start < end else { throw BootError("'\(path)': the ELF file has nothing to load") }
    return LoadedImage(entry: entry, start: start, end: end)
}
