/// How a driver broke the rules of a ring. The device stops until the driver resets it.
public enum VirtqueueError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A ring or an indirect table is not in RAM.
    case ring(address: UInt64)
    /// The available index is further ahead than the ring is long.
    case availableIndex(UInt16, last: UInt16, num: UInt32)
    /// A chain starts at or goes on to a descriptor that does not exist.
    case descriptor(UInt16, of: UInt32)
    /// A chain is longer than its table: it has a loop.
    case loop
    /// A buffer is empty or not all of it is in (for writing: writable) RAM.
    case buffer(address: UInt64, length: UInt32)
    /// A buffer to read after one to write.
    case order
    /// An indirect table of a size that cannot be, inside another one, or not negotiated.
    case indirect(length: UInt32)
    /// A request without a part that the device needs.
    case request(String)

    public var description: String {
        switch self {
        case .ring(let address): "ring at 0x\(String(address, radix: 16)) is outside of RAM"
        case .availableIndex(let index, let last, let num):
            "guest moved available index from \(last) to \(index) in a ring of \(num)"
        case .descriptor(let index, let count): "descriptor \(index) in a table of \(count)"
        case .loop: "looped descriptor chain"
        case .buffer(let address, let length):
            "buffer of \(length) bytes at 0x\(String(address, radix: 16)) is not usable"
        case .order: "readable buffer after a writable one"
        case .indirect(let length): "invalid indirect table of \(length) bytes"
        case .request(let what): what
        }
    }
}
