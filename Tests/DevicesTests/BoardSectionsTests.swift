import Bytes
import GuestMemory
import Testing
import VMState

@testable import Devices

/// Sections of the board as QEMU wrote them for a small guest on one hart, through our devices and back.
@Suite struct BoardSectionsTests {
    struct Recorded: Sendable, CustomTestStringConvertible {
        var name: String
        var instance: UInt32 = 0
        var version: UInt32
        var bytes: [UInt8]

        init(_ name: String, instance: UInt32 = 0, _ version: UInt32, _ text: String) {
            self.name = name
            self.instance = instance
            self.version = version
            bytes = VirtioFixtures.bytes(text)
        }

        var testDescription: String { "\(name) \(instance)" }
    }

    /// The same in both releases.
    private static let common = [
        Recorded("riscv_mtimer", 1, "{8}"),
        Recorded("riscv_sifive_plic", 1, "{43}01{374}04{21}"),
        Recorded("0000:00:00.0/gpex_root", 1, "{3}02361b08{8}06{32}f41a0011{224}"),
        Recorded("PCIHost", 1, "{4}"),
        Recorded("PCIBUS", 1, "{3}04{16}"),
        Recorded("serial", 3, "000c0001c1030860b00001"),
        Recorded("goldfish_rtc", 3, "{32}fffffffff43b1b38"),
        Recorded("pflash_cfi01", 1, "000080{8}"),
        Recorded("pflash_cfi01", instance: 1, 1, "000080{8}"),
    ]

    private static let dma = "{6}050a66775f6366672f646d61{12}"
    static let recorded: [(Dialect, [Recorded])] = [
        (.qemu7_2, common + [Recorded("fw_cfg", 2, dma)]),
        (
            .qemu10_0,
            common + [
                Recorded("fw_cfg", 2, dma + "050e66775f6366672f616370695f6d72{3}01{5}02{8}09{8}24")
            ]
        ),
    ]

    private static func sections(_ board: BoardFixture) throws -> [VMStateSection] {
        let block = try RAMBlock(name: "virt.flash", size: 32 << 20)
        let memory = GuestMemory(blocks: [], regions: [])
        let aclint = ACLINT(
            harts: [.init(software: { _ in }, timer: { _ in }, supervisorTimerDue: {})], timers: board.timers)
        let chips = (UInt32(0)..<2).map { PFlashCFI01(block: block, instance: $0, image: nil) }
        return aclint.sections + PLIC(harts: 1) { _, _ in }.sections
            + FwCfg(memory: memory, harts: 1).sections + PCIeHost().sections
            + UART16550(timers: board.timers, line: .unconnected, send: { _ in }).sections
            + GoldfishRTC(timers: board.timers, line: .unconnected).sections + chips.flatMap(\.sections)
    }

    @Test("QEMU's sections load, and are written again byte for byte", arguments: recorded)
    func roundTrip(dialect: Dialect, recorded: [Recorded]) throws {
        let board = BoardFixture()
        let sections = try Self.sections(board)
        #expect(sections.count == recorded.count)
        for item in recorded {
            let section = try #require(
                sections.first { $0.name == item.name && $0.instance == item.instance })
            #expect(section.version(dialect) == item.version)
            let input = InputBuffer(bytes: item.bytes)
            try section.load(VMStateReader(input, version: item.version))
            #expect(try input.isAtEnd())
            #expect(save(section, for: dialect) == item.bytes, "\(item.name)")
        }
    }

    @Test(
        "A section that ends early is refused, or leaves what the footer is looked for in",
        arguments: recorded[1].1)
    func cut(item: Recorded) throws {
        let board = BoardFixture()
        let section = try #require(
            try Self.sections(board).first { $0.name == item.name && $0.instance == item.instance })
        // Subsections are optional: where one would begin is an end as well.
        let ends = item.name == "fw_cfg" ? [6, 30] : []
        for count in 0..<item.bytes.count where !ends.contains(count) {
            let input = InputBuffer(bytes: Array(item.bytes[..<count]))
            do throws(VMStateError) {
                try section.load(VMStateReader(input, version: item.version))
                // Half a subsection's header is left for whoever expects the section's footer there.
                #expect((try? input.isAtEnd()) == false)
            } catch {
                #expect(error.offset <= UInt64(count))
            }
        }
    }

    @Test(
        "A section with any one byte changed loads or is refused, and is written again",
        arguments: recorded[1].1)
    func changed(item: Recorded) throws {
        let board = BoardFixture()
        let section = try #require(
            try Self.sections(board).first { $0.name == item.name && $0.instance == item.instance })
        for place in item.bytes.indices {
            for value in [0x00, 0x01, 0x7f, 0x80, 0xff] as [UInt8] {
                var bytes = item.bytes
                bytes[place] = value
                try? load(bytes, into: section, version: item.version)
                _ = save(section)
            }
        }
    }
}
