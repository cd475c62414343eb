import Bytes
import Glibc
import Testing

@testable import GuestMemory

@Suite("Guest memory")
struct GuestMemoryTests {
    func memory() throws -> GuestMemory {
        let ram = try RAMBlock(name: "ram", size: 16 * guestPageSize)
        let rom = try RAMBlock(name: "rom", size: 100)
        return GuestMemory(
            blocks: [ram, rom],
            regions: [
                .init(address: 0x8000_0000, block: ram, isWritable: true),
                .init(address: 0x1000, block: rom, isWritable: false),
            ])
    }

    @Test("a block's size is rounded up to whole pages, and it starts as zeros")
    func rounding() throws {
        let block = try RAMBlock(name: "rom", size: 100)
        #expect(block.size == guestPageSize)
        #expect(block.isZeroPage(0))
    }

    @Test(
        "reads and writes outside of memory are refused",
        arguments: [
            (UInt64(0), 1), (0x7fff_ffff, 1), (0x8000_ffff, 2), (0x8001_0000, 1), (.max, 1),
            (0x8000_0000, 0x10001),
            (0x8000_0000, -1),
        ])
    func bounds(address: UInt64, count: Int) throws {
        let memory = try memory()
        #expect(memory.read(at: address, count: count) == nil)
        if count > 0 { #expect(!memory.write([UInt8](repeating: 1, count: count), at: address)) }
    }

    @Test("writes to ROM are dropped")
    func rom() throws {
        let memory = try memory()
        #expect(memory.write([1, 2, 3], at: 0x1000))
        #expect(memory.read(at: 0x1000, count: 3) == [0, 0, 0])
    }

    @Test("the log has the pages that were written while it was on, once")
    func log() throws {
        let memory = try memory()
        let block = memory.blocks[0]
        memory.write([1], at: 0x8000_0000)
        memory.setLogging(true)
        memory.write([UInt8](repeating: 7, count: 2 * guestPageSize), at: 0x8000_0000 + 0x2800)
        memory.store(UInt32(5), at: 0x8000_0000 + 0x2ffe)
        var bitmap = Bitmap(count: block.pageCount)
        #expect(block.dirtyLog.drain(into: &bitmap) == 3)
        #expect((0..<block.pageCount).filter { bitmap[$0] } == [2, 3, 4])
        #expect(block.dirtyLog.drain(into: &bitmap) == 0)
        memory.setLogging(false)
        memory.write([1], at: 0x8000_0000)
        #expect(block.dirtyLog.drain(into: &bitmap) == 0)
    }

    @Test("each log has its own marks and goes on when another begins or ends")
    func logs() throws {
        let memory = try memory()
        let block = memory.blocks[0]
        memory.setLogging(true)
        memory.write([1], at: 0x8000_0000)
        memory.setLogging(true, for: .measurement)
        #expect(block.dirtyLog.markCount == 1 && block.measuredLog.markCount == 0)
        memory.write([1], at: 0x8000_1000)
        var bitmap = Bitmap(count: block.pageCount)
        #expect(block.dirtyLog.drain(into: &bitmap) == 2)
        #expect(block.dirtyLog.markCount == 0 && block.measuredLog.markCount == 1)
        memory.setLogging(false)
        memory.write([1], at: 0x8000_2000)
        #expect(block.dirtyLog.markCount == 0 && block.measuredLog.markCount == 2)
        memory.clear(.measurement)
        memory.write([1], at: 0x8000_2000)
        #expect(block.measuredLog.markCount == 1 && memory.logs == .measurement)
        // What devices write is counted for no hart.
        memory.setLogging(true, for: .count)
        memory.write([1], at: 0x8000_3000)
        #expect(block.countedLog.markCount == 0)
    }

    @Test("a hart's mark is new once")
    func awaited() throws {
        let log = try memory().blocks[0].dirtyLog
        #expect(log.markAwaited(3) && !log.markAwaited(3))
        log.mark(4)
        #expect(!log.markAwaited(4) && log.markCount == 2)
        log.clear()
        #expect(log.markAwaited(3))
        #expect(!log.markAwaited(-1) && !log.markAwaited(16))
    }

    @Test("a page with one byte set anywhere is not zero", arguments: [0, 1, 63, 64, 2048, 4095])
    func zeroPage(position: Int) throws {
        let block = try RAMBlock(name: "ram", size: guestPageSize)
        block.fill(at: position, with: [1])
        #expect(!block.isZeroPage(0))
        block.discardAll()
        #expect(block.isZeroPage(0))
    }

    @Test("no mark is lost when many threads mark and one drains")
    func concurrentMarks() async throws {
        let block = try RAMBlock(name: "ram", size: 4096 * guestPageSize)
        let seen = await withTaskGroup(of: Void.self) { group in
            for start in 0..<4 {
                group.addTask {
                    for page in stride(from: start, to: block.pageCount, by: 4) { block.dirtyLog.mark(page) }
                }
            }
            var bitmap = Bitmap(count: block.pageCount)
            for _ in 0..<100 { _ = block.dirtyLog.drain(into: &bitmap) }
            await group.waitForAll()
            _ = block.dirtyLog.drain(into: &bitmap)
            return bitmap.population
        }
        #expect(seen == block.pageCount)
    }

    @Test("Pages that were touched are known, and none after the memory was given back")
    func touched() throws {
        let block = try RAMBlock(name: "ram", size: 300 * guestPageSize)
        for page in [0, 64, 299] { block.fill(at: page * guestPageSize, with: [1]) }
        let touched = block.touchedPages()
        #expect([0, 64, 299].allSatisfy { touched[$0] })
        block.discardAll()
        // All, where the system does not tell.
        #expect([0, 300].contains(block.touchedPages().population))
    }

    @Test("A file that two processes could map is one memory, of which each knows what the other wrote")
    func sharedFile() throws {
        let path = "/tmp/martlet-shared-\(UInt64.random(in: 0...(.max)))"
        defer { unsafe unlink(path) }
        func block(_ isShared: Bool) throws -> RAMBlock {
            try RAMBlock(
                name: "ram", size: 300 * guestPageSize, backing: .file(path: path, isShared: isShared))
        }
        let (one, other) = (try block(true), try block(true))
        let own = try block(false)
        #expect(one.isSharedFile && !own.isSharedFile)
        one.fill(at: 64 * guestPageSize, with: [7])
        #expect(!other.isZeroPage(64) && other.isZeroPage(65))
        // It has not touched the page itself.
        #expect(try block(true).touchedPages()[64])
        // What a private one does not write is the file's.
        #expect(own.touchedPages().population == 300)
        own.fill(at: 65 * guestPageSize, with: [8])
        #expect(one.isZeroPage(65) && !own.isZeroPage(64))
        #expect(one.isUsedElsewhere && other.isUsedElsewhere)
        try one.sync()
        one.discardAll()
        #expect(other.isZeroPage(64))
    }

    @Test("A file of another length is not the memory that is meant")
    func otherLength() throws {
        let path = "/tmp/martlet-shared-\(UInt64.random(in: 0...(.max)))"
        defer { unsafe unlink(path) }
        let backing = RAMBacking.file(path: path, isShared: true)
        _ = try RAMBlock(name: "ram", size: guestPageSize, backing: backing)
        #expect(
            throws: GuestMemoryError(
                "memory file '\(path)' has 4096 bytes, but the memory 8192: give another file or another size"
            )
        ) { try RAMBlock(name: "ram", size: 2 * guestPageSize, backing: backing) }
    }

    @Test(
        "Memory files without a name are no files that another process could open", arguments: [true, false])
    func nameless(isDirectory: Bool) throws {
        let backing = isDirectory ? RAMBacking.file(path: "/tmp", isShared: true) : .memfd
        let block = try RAMBlock(name: "ram", size: 64 * guestPageSize, backing: backing)
        block.fill(at: 3 * guestPageSize, with: [1])
        #expect(!block.isSharedFile && block.touchedPages()[3])
        try block.populate()
        #expect(!block.isZeroPage(3) && block.isZeroPage(4))
    }

    @Test("A block's place is the region's that it is in, and 0 outside of all")
    func addresses() throws {
        let memory = try memory()
        #expect(memory.blocks.map(memory.address) == [0x8000_0000, 0x1000])
        #expect(memory.address(of: try RAMBlock(name: "other", size: 1)) == 0)
    }
}
