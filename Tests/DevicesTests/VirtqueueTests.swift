import BlockImages
import GuestMemory
import Testing

@testable import Devices

/// Rings of a driver that means harm: the device stops and waits for a reset, nothing else happens.
@Suite struct VirtqueueTests {
    struct Hostile: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let reason: String
        let build: @Sendable (VirtioDriver) -> Void

        init(_ name: String, _ reason: String, _ build: @escaping @Sendable (VirtioDriver) -> Void) {
            testDescription = name
            self.reason = reason
            self.build = build
        }
    }

    private static let buffer = VirtioDriver.buffers

    private static func chain(
        _ descriptors: [(address: UInt64, length: UInt32, flags: UInt16, next: UInt16)]
    ) -> @Sendable (VirtioDriver) -> Void {
        { driver in
            for (index, item) in descriptors.enumerated() {
                driver.setDescriptor(
                    table: driver.rings[0].desc, UInt16(index), address: item.address, length: item.length,
                    flags: item.flags, next: item.next)
            }
            driver.publish(0)
        }
    }

    static let rings: [Hostile] = [
        Hostile("a descriptor that is its own successor", "loop", chain([(buffer, 16, 1, 0)])),
        Hostile("a loop of two", "loop", chain([(buffer, 16, 1, 1), (buffer, 16, 1, 0)])),
        Hostile("a successor behind the table", "descriptor 16", chain([(buffer, 16, 1, 16)])),
        Hostile("a head behind the table", "descriptor 65535", { $0.publish(0xffff) }),
        Hostile("a buffer nowhere", "not usable", chain([(0x4000_0000, 16, 0, 0)])),
        Hostile("a buffer over the end of RAM", "not usable", chain([(0x8080_0000 - 8, 16, 0, 0)])),
        Hostile("a buffer that wraps", "not usable", chain([(.max - 7, 16, 0, 0)])),
        Hostile("an empty buffer", "not usable", chain([(buffer, 0, 0, 0)])),
        Hostile("4 GiB", "not usable", chain([(buffer, .max, 0, 0)])),
        Hostile("a buffer in ROM to write", "not usable", chain([(0x1000, 16, 2, 0)])),
        Hostile("to read after to write", "readable", chain([(buffer, 16, 3, 1), (buffer, 16, 0, 0)])),
        Hostile("no header", "missing headers", chain([(buffer, 16, 2, 0)])),
        Hostile("no status byte", "missing headers", chain([(buffer, 16, 0, 0)])),
        Hostile("an indirect table of 0 bytes", "indirect", chain([(buffer, 0, 4, 0)])),
        Hostile("an indirect table of 17 bytes", "indirect", chain([(buffer, 17, 4, 0)])),
        Hostile("an indirect table with a successor", "indirect", chain([(buffer, 16, 5, 1)])),
        Hostile("an indirect table nowhere", "outside of RAM", chain([(0x4000_0000, 16, 4, 0)])),
        Hostile("an indirect table that wraps", "outside of RAM", chain([(.max - 7, 16, 4, 0)])),
        Hostile("an indirect table in another one", "indirect") { driver in
            driver.setDescriptor(table: buffer, 0, address: buffer, length: 16, flags: 4)
            driver.setDescriptor(table: driver.rings[0].desc, 0, address: buffer, length: 16, flags: 4)
            driver.publish(0)
        },
        Hostile("a loop in an indirect table", "loop") { driver in
            driver.setDescriptor(table: buffer, 0, address: buffer, length: 16, flags: 1, next: 1)
            driver.setDescriptor(table: buffer, 1, address: buffer, length: 16, flags: 1, next: 0)
            driver.setDescriptor(table: driver.rings[0].desc, 0, address: buffer, length: 32, flags: 4)
            driver.publish(0)
        },
        Hostile("more than 1024 buffers", "loop") { driver in
            for index in 0..<UInt16(1100) {
                driver.setDescriptor(
                    table: buffer, index, address: buffer, length: 16, flags: 1, next: index + 1)
            }
            driver.setDescriptor(table: driver.rings[0].desc, 0, address: buffer, length: 16 * 2000, flags: 4)
            driver.publish(0)
        },
        Hostile("an index that jumps", "available index") { driver in
            driver.memory.store(UInt16(17), at: driver.rings[0].avail + 2)
        },
        Hostile("a ring nowhere", "outside of RAM") { driver in
            if driver.isModern {
                driver.write(0x94, 0x7fff_ffff)
                driver.write(0x44, 1)
            } else {
                driver.write(0x40, 0x1234)
            }
        },
        Hostile("a ring over the end of RAM", "outside of RAM") { driver in
            if driver.isModern {
                driver.write(0xa0, 0x8080_0000 - 4)
                driver.write(0x44, 1)
            } else {
                driver.write(0x40, 0x807ff)
            }
            driver.setDescriptor(table: 0x807f_f000, 0, address: buffer, length: 16, flags: 0)
        },
    ]

    @Test(arguments: rings, [false, true]) func `A driver that breaks the rules stops its device`(
        hostile: Hostile, isModern: Bool
    ) throws {
        let disk = try TestDisk(size: 1 << 20)
        let driver = try VirtioDriver(isModern: isModern) { memory, lock in
            VirtioBlk(image: try RawImage(path: disk.path), isModern: isModern, memory: memory, lock: lock)
        }
        driver.start()
        hostile.build(driver)
        driver.notify()
        let device = try #require(driver.transport.device)
        #expect(eventually { driver.lock.withLock { device.brokenReason != nil } })
        let reason = driver.lock.withLock { device.brokenReason } ?? ""
        #expect(reason.contains(hostile.reason), "\(reason)")
        #expect((driver.read(0x70) & 64 != 0) == isModern)
        // A reset mends it.
        driver.start()
        #expect(driver.lock.withLock { device.brokenReason == nil })
        driver.memory.store(UInt32(4), at: Self.buffer)
        driver.add([
            .init(address: Self.buffer, length: 16),
            .init(address: Self.buffer + 64, length: 1, isWritable: true),
        ])
        driver.notify()
        #expect(driver.waitUsed()?.length == 1)
    }

    @Test func `Interrupts come only when the driver asks for them`() throws {
        for usesEvents in [false, true] {
            let disk = try TestDisk(size: 1 << 20)
            let driver = try VirtioDriver { memory, lock in
                VirtioBlk(image: try RawImage(path: disk.path), memory: memory, lock: lock)
            }
            driver.start(features: usesEvents ? .max : ~(1 << 29))
            let ring = driver.rings[0]
            driver.memory.store(UInt32(4), at: Self.buffer)
            // The event stands 5 entries ahead; without events the flag forbids interrupts, then allows them.
            driver.memory.store(UInt16(5), at: ring.avail + 4 + 2 * UInt64(ring.num))
            if !usesEvents { driver.memory.store(UInt16(1), at: ring.avail) }
            var raises: [Int] = []
            for round in 0..<8 {
                if round == 5, !usesEvents { driver.memory.store(UInt16(0), at: ring.avail) }
                driver.add([
                    .init(address: Self.buffer, length: 16),
                    .init(address: Self.buffer + 64, length: 1, isWritable: true),
                ])
                driver.notify()
                #expect(driver.waitUsed() != nil)
                driver.transport.device?.quiesce()
                driver.transport.device?.resume()
                raises.append(driver.recorder.raises)
            }
            // With events the first interrupt is due because nothing was signalled before.
            #expect(raises == (usesEvents ? [1, 1, 1, 1, 1, 2, 2, 2] : [0, 0, 0, 0, 0, 1, 2, 3]))
        }
    }
}
