import Glibc
import GuestMemory
import Synchronization

@testable import RISCV

/// Just enough of the `virt` board for a ``TestProgram``: RAM, a transmitter, and a switch to turn it off.
final class BareBoard: HartBus {
    private let output = Mutex<[UInt8]>([])
    private let isOff = Atomic<Bool>(false)

    var ticks: UInt64 { 0 }
    func stimecmpChanged(hart: Int, stimecmp: UInt64) {}

    func read(_ address: UInt64, size: Int) -> UInt64? {
        address == TestProgram.uart + 5 ? 0x60 : nil  // empty, idle
    }

    func write(_ address: UInt64, size: Int, value: UInt64) -> Bool {
        switch address {
        case TestProgram.uart: output.withLock { $0.append(UInt8(truncatingIfNeeded: value)) }
        case TestProgram.testDevice: isOff.store(true, ordering: .releasing)
        default: return false
        }
        return true
    }

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// Runs a program until it turns the board off, and gives the lines it wrote.
    ///
    /// - Throws: ``Failure`` after `seconds`.
    static func run(_ program: TestProgram, seconds: Int = 300) throws -> [String] {
        let block = try RAMBlock(name: "ram", size: 4 << 20)
        let memory = GuestMemory(
            blocks: [block],
            regions: [GuestMemory.Region(address: TestProgram.origin, block: block, isWritable: true)])
        _ = memory.write(program.image, at: TestProgram.origin)
        let board = BareBoard()
        let hart = Hart(id: 0, memory: memory, bus: board)
        unsafe hart.context.pointee.pc = TestProgram.origin
        hart.resume()
        var patience = seconds * 1000
        while !board.isOff.load(ordering: .acquiring), patience > 0 {
            usleep(1000)
            patience -= 1
        }
        hart.stop()
        guard board.isOff.load(ordering: .acquiring) else {
            let text = board.output.withLock { String(decoding: $0.suffix(200), as: UTF8.self) }
            throw Failure(
                description:
                    "not done after \(seconds) s; pc \(unsafe hex(hart.context.pointee.pc)); wrote …\(text)")
        }
        return board.output.withLock { String(decoding: $0, as: UTF8.self) }
            .split(separator: "\n").map(String.init)
    }
}
