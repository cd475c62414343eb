import CPlatform
import Glibc
import GuestMemory
public import QAPI
import RISCV

/// `memsave` and `pmemsave`: stretches of memory into files.
extension MachineCommands {
    /// Longest piece of memory copied at once, in bytes.
    private static let pieceLimit = 1 << 20

    /// As in QEMU, what is no RAM is written as zeros.
    public func pmemsave(_ arguments: PmemsaveArguments) async throws(QAPIError) {
        try save(arguments.size, to: arguments.filename) { (offset, count) throws(QAPIError) in
            let address = arguments.val &+ offset
            if let piece = machine.memory.read(at: address, count: count) { return piece }
            // A piece that is not all RAM goes page by page.
            let rest = Self.restOfPage(address, count)
            return machine.memory.read(at: address, count: rest) ?? Array(repeating: 0, count: rest)
        }
    }

    /// The harts stand meanwhile, so that what is saved belongs together.
    public func memsave(_ arguments: MemsaveArguments) async throws(QAPIError) {
        let index = arguments.cpuIndex ?? 0
        guard let hart = machine.board.harts.first(where: { Int64($0.id) == index }) else {
            throw .generic("Parameter 'cpu-index' expects a CPU number")
        }
        try machine.standing { () throws(QAPIError) in
            try save(arguments.size, to: arguments.filename) { (offset, count) throws(QAPIError) in
                let address = arguments.val &+ offset
                guard let physical = hart.physicalAddress(of: address),
                    let piece = machine.memory.read(at: physical, count: Self.restOfPage(address, count))
                else {
                    let digits = String(arguments.val, radix: 16)
                    let zeros = String(repeating: "0", count: 16 - digits.count)
                    throw .generic("Invalid addr 0x\(zeros)\(digits)/size \(arguments.size) specified")
                }
                return piece
            }
        }
    }

    /// How much of `count` bytes at `address` lies in the page of the first one.
    private static func restOfPage(_ address: UInt64, _ count: Int) -> Int {
        min(count, guestPageSize - Int(address & UInt64(guestPageSize - 1)))
    }

    /// Writes `size` bytes to a file, in pieces that `read` gives; one may be shorter than asked for.
    private func save(
        _ size: UInt64, to path: String,
        _ read: (_ offset: UInt64, _ count: Int) throws(QAPIError) -> [UInt8]
    ) throws(QAPIError) {
        let descriptor = unsafe cplatform_open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .generic("Could not open '\(path)': \(unsafe String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var offset: UInt64 = 0
        while offset < size {
            let piece = try read(offset, Int(min(size - offset, UInt64(Self.pieceLimit))))
            guard unsafe write(descriptor, piece, piece.count) == piece.count else {
                throw .generic("Could not write '\(path)': \(unsafe String(cString: strerror(errno)))")
            }
            offset += UInt64(piece.count)
        }
    }
}
