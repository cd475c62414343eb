import BlockImages
import Glibc
import GuestMemory
import Testing

@testable import Devices

/// A small generator that gives the same sequence for the same seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}

/// Drivers without sense: registers, rings and requests of chance. Nothing may trap, and a reset mends everything.
@Suite struct VirtioFuzzTests {
    static let kinds = ["blk", "net", "rng", "console", "balloon"]

    private func device(
        _ kind: String, _ disk: TestDisk, isModern: Bool, _ memory: GuestMemory, _ lock: BoardLock
    ) throws -> VirtioDevice {
        switch kind {
        case "blk":
            VirtioBlk(image: try RawImage(path: disk.path), isModern: isModern, memory: memory, lock: lock)
        case "net":
            VirtioNet(
                mac: VirtioNetTests.mac, backend: TestNetwork(), isModern: isModern, memory: memory,
                lock: lock)
        case "rng": VirtioRng(isModern: isModern, memory: memory, lock: lock)
        case "console":
            VirtioConsole(
                ports: [.init(id: 0, isConsole: true) { _ in }, .init(id: 3, isConsole: false) { _ in }],
                isModern: isModern, memory: memory, lock: lock)
        default: VirtioBalloon(isModern: isModern, memory: memory, lock: lock)
        }
    }

    @Test(arguments: kinds, [false, true]) func `Nothing that a driver does traps`(
        kind: String, isModern: Bool
    ) throws {
        let disk = try TestDisk(size: 1 << 20)
        let driver = try VirtioDriver(isModern: isModern) { memory, lock in
            try device(kind, disk, isModern: isModern, memory, lock)
        }
        let target = try #require(driver.transport.device)
        var random = SeededGenerator(seed: UInt64(kind.utf8.count) * 2 + (isModern ? 1 : 0))
        let queueCount = target.queues.count
        let values: [UInt64] = [
            0, 1, 2, 3, 7, 8, 15, 16, 64, 1024, 1025, 0x8000_0000, 0x8007_0000, 0x807f_f000, 0xffff_ffff,
            0x80000,
        ]
        for round in 0..<300 {
            driver.start(queues: min(queueCount, 6), num: 16)
            for _ in 0..<Int.random(in: 0..<6, using: &random) {
                let queue = Int.random(in: 0..<driver.rings.count, using: &random)
                let ring = driver.rings[queue]
                for index in 0..<ring.num {
                    let length = values.randomElement(using: &random) ?? 0
                    driver.setDescriptor(
                        table: ring.desc, index,
                        address: VirtioDriver.base + UInt64.random(in: 0..<0x80_0000, using: &random),
                        length: UInt32(
                            truncatingIfNeeded: Bool.random(using: &random) ? length : length & 63),
                        flags: UInt16.random(in: 0..<8, using: &random)
                            & (Bool.random(using: &random) ? 3 : 7),
                        next: UInt16.random(in: 0..<17, using: &random))
                }
                // Heads of request headers that mean something.
                for offset in stride(from: UInt64(0), to: 256, by: 4) {
                    let word = values.randomElement(using: &random) ?? 0
                    driver.memory.store(UInt32(truncatingIfNeeded: word), at: VirtioDriver.buffers + offset)
                }
                driver.publish(UInt16.random(in: 0..<17, using: &random), to: queue)
                driver.notify(queue)
            }
            for _ in 0..<Int.random(in: 0..<8, using: &random) {
                let offset = UInt64.random(in: 0..<0x160, using: &random)
                let size = [1, 2, 4, 8].randomElement(using: &random) ?? 4
                let value = values.randomElement(using: &random) ?? 0
                driver.write(offset & ~UInt64(size - 1), value, size: size)
                driver.write((offset & 0xfc), value)
                _ = driver.read(offset & ~UInt64(size - 1), size: size)
            }
            if round % 50 == 0 {
                target.quiesce()
                target.resume()
            }
        }
        driver.start(queues: min(queueCount, 6))
        #expect(driver.lock.withLock { target.brokenReason == nil })
        #expect(driver.read(0x70) == (isModern ? 15 : 7))
    }
}
