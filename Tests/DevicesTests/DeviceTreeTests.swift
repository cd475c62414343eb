import Foundation
import Testing

@testable import Devices

/// A flattened tree, taken apart: the value of each property by its path, e.g. `/soc/serial@10000000:interrupts`.
private struct FlattenedTree {
    var properties: [String: [UInt8]] = [:]
    /// Nodes in their order.
    var nodes: [String] = []

    struct Malformed: Error {}

    init(_ blob: [UInt8]) throws {
        func word(_ offset: Int) throws -> Int {
            guard offset >= 0, offset + 4 <= blob.count else { throw Malformed() }
            return blob[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
        }
        func text(_ offset: Int) throws -> String {
            guard let end = blob[offset...].firstIndex(of: 0) else { throw Malformed() }
            return String(decoding: blob[offset..<end], as: UTF8.self)
        }
        guard try word(0) == 0xd00d_feed, try word(4) == blob.count, try word(20) == 17, try word(24) == 16
        else {
            throw Malformed()
        }
        let strings = try word(12)
        var place = try word(8)
        guard place % 4 == 0, try place + word(36) == strings, try strings + word(32) == blob.count else {
            throw Malformed()
        }
        var path: [String] = []
        while true {
            let token = try word(place)
            place += 4
            switch token {
            case 1:
                let name = try text(place)
                place = (place + name.utf8.count + 4) / 4 * 4
                path.append(name)
                nodes.append(path.joined(separator: "/"))
            case 2: path.removeLast()
            case 3:
                let length = try word(place)
                let name = try text(strings + word(place + 4))
                guard place + 8 + length <= strings else { throw Malformed() }
                properties["\(path.joined(separator: "/")):\(name)"] = Array(
                    blob[place + 8..<place + 8 + length])
                place = (place + 8 + length + 3) / 4 * 4
            case 9:
                guard path.isEmpty, place == strings else { throw Malformed() }
                return
            default: throw Malformed()
            }
        }
    }

    func cells(_ name: String) -> [UInt32]? {
        properties[name].map { bytes in
            stride(from: 0, to: bytes.count - 3, by: 4).map { start in
                bytes[start..<start + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            }
        }
    }

    func text(_ name: String) -> [String]? {
        properties[name].map {
            $0.split(separator: 0, omittingEmptySubsequences: true).map {
                String(decoding: $0, as: UTF8.self)
            }
        }
    }
}

@Suite struct DeviceTreeTests {
    private static func tree(_ change: (inout VirtDeviceTree) -> Void = { _ in }) throws -> FlattenedTree {
        var tree = VirtDeviceTree()
        tree.harts = 2
        tree.memorySize = 256 << 20
        tree.extensions = ["i", "m", "a", "zicsr", "sstc"]
        tree.seed = [UInt8](repeating: 7, count: 32)
        change(&tree)
        return try FlattenedTree(tree.make())
    }

    @Test(
        "What drivers look for is where QEMU's board has it",
        arguments: [
            (":compatible", ["riscv-virtio"]),
            ("/cpus/cpu@1:riscv,isa", ["rv64ima_zicsr_sstc"]),
            ("/cpus/cpu@0:riscv,isa-extensions", ["i", "m", "a", "zicsr", "sstc"]),
            ("/soc/plic@c000000:compatible", ["sifive,plic-1.0.0", "riscv,plic0"]),
            ("/soc/clint@2000000:compatible", ["sifive,clint0", "riscv,clint0"]),
            ("/soc/test@100000:compatible", ["sifive,test1", "sifive,test0", "syscon"]),
            ("/soc/serial@10000000:compatible", ["ns16550a"]),
            ("/soc/rtc@101000:compatible", ["google,goldfish-rtc"]),
            ("/soc/pci@30000000:compatible", ["pci-host-ecam-generic"]),
            ("/fw-cfg@10100000:compatible", ["qemu,fw-cfg-mmio"]),
            ("/flash@20000000:compatible", ["cfi-flash"]),
            ("/poweroff:compatible", ["syscon-poweroff"]),
            ("/chosen:stdout-path", ["/soc/serial@10000000"]),
        ])
    func texts(property: String, value: [String]) throws {
        #expect(try Self.tree().text(property) == value)
    }

    @Test(
        "Numbers are those of QEMU's board",
        arguments: [
            ("/memory@80000000:reg", [0, 0x8000_0000, 0, 0x1000_0000]),
            ("/cpus:timebase-frequency", [10_000_000]),
            ("/soc/serial@10000000:interrupts", [10]),
            ("/soc/serial@10000000:clock-frequency", [3_686_400]),
            ("/soc/rtc@101000:interrupts", [11]),
            ("/soc/virtio_mmio@10001000:interrupts", [1]),
            ("/soc/virtio_mmio@10008000:interrupts", [8]),
            ("/soc/virtio_mmio@10008000:reg", [0, 0x1000_8000, 0, 0x1000]),
            ("/soc/plic@c000000:reg", [0, 0xc00_0000, 0, 0x60_0000]),
            ("/soc/plic@c000000:riscv,ndev", [95]),
            ("/poweroff:value", [0x5555]),
            ("/reboot:value", [0x7777]),
            ("/fw-cfg@10100000:reg", [0, 0x1010_0000, 0, 0x18]),
            ("/soc/pci@30000000:interrupt-map-mask", [0x1800, 0, 0, 7]),
            (
                "/soc/pci@30000000:ranges",
                [
                    0x100_0000, 0, 0, 0, 0x300_0000, 0, 0x1_0000, 0x200_0000, 0, 0x4000_0000, 0, 0x4000_0000,
                    0,
                    0x4000_0000, 0x300_0000, 4, 0, 4, 0, 4, 0,
                ]
            ),
        ] as [(String, [UInt32])])
    func numbers(property: String, value: [UInt32]) throws {
        #expect(try Self.tree().cells(property) == value)
    }

    /// Properties in which our tree is not QEMU's, and why.
    private static let differences: [String: String] = [
        "riscv,isa": "H and the extensions that need it are not offered: H code is not run",
        "riscv,isa-extensions": "the same",
        "rng-seed": "random",
    ]

    @Test(
        "The tree is that of QEMU 10.0.2, but for the differences that are listed",
        arguments: [
            ("qemu-10.0.2-1hart", 1, UInt64(256), false), ("qemu-10.0.2-4harts", 4, 256, false),
            ("qemu-10.0.2-4harts-aclint", 4, 1024, true),
        ])
    func sameAsQEMU(fixture: String, harts: Int, mebibytes: UInt64, hasSSWI: Bool) throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/devicetree/\(fixture).dtb")
        let theirs = try FlattenedTree([UInt8](Data(contentsOf: path)))
        let ours = try Self.tree {
            $0.harts = harts
            $0.memorySize = mebibytes << 20
            $0.hasSSWI = hasSSWI
        }
        #expect(ours.nodes.sorted() == theirs.nodes.sorted())
        #expect(ours.properties.keys.sorted() == theirs.properties.keys.sorted())
        for (name, value) in theirs.properties {
            let last = name.split(separator: ":").last.map(String.init) ?? ""
            #expect(ours.properties[name] == value || Self.differences[last] != nil, "\(name)")
        }
    }

    @Test("Every hart has its interrupts at CLINT and PLIC", arguments: [1, 2, 8, 200])
    func harts(count: Int) throws {
        let tree = try Self.tree { $0.harts = count }
        let controllers = try (0..<count).map { hart in
            try #require(
                tree.cells("/cpus/cpu@\(String(hart, radix: 16))/interrupt-controller:phandle")?.first)
        }
        #expect(
            tree.cells("/soc/clint@2000000:interrupts-extended") == controllers.flatMap { [$0, 3, $0, 7] })
        #expect(
            tree.cells("/soc/plic@c000000:interrupts-extended") == controllers.flatMap { [$0, 11, $0, 9] })
        let handles = tree.properties.filter { $0.key.hasSuffix(":phandle") }.map(\.value)
        #expect(Set(handles).count == handles.count)
    }

    @Test("The kernel's arguments and initial RAM disk are in /chosen when there are any")
    func chosen() throws {
        let bare = try Self.tree()
        #expect(bare.properties["/chosen:bootargs"] == nil)
        #expect(bare.properties["/chosen:linux,initrd-start"] == nil)
        #expect(bare.properties["/chosen:rng-seed"]?.count == 32)
        let full = try Self.tree {
            $0.arguments = "console=ttyS0"
            $0.initrd = 0x8820_0000..<0x8830_0001
        }
        #expect(full.text("/chosen:bootargs") == ["console=ttyS0"])
        #expect(full.cells("/chosen:linux,initrd-start") == [0, 0x8820_0000])
        #expect(full.cells("/chosen:linux,initrd-end") == [0, 0x8830_0001])
    }

    @Test(
        "The 64-bit PCI window lies above RAM",
        arguments: [(1, 4), (14, 4), (15, 8), (64, 20)] as [(UInt64, UInt32)])
    func window(gibibytes: UInt64, top: UInt32) throws {
        let ranges = try Self.tree { $0.memorySize = gibibytes << 30 }.cells("/soc/pci@30000000:ranges") ?? []
        #expect(ranges.suffix(6) == [top, 0, top, 0, 4, 0])
    }

    @Test("With SSWI the CLINT is three devices")
    func sswi() throws {
        let tree = try Self.tree { $0.hasSSWI = true }
        #expect(tree.properties["/soc/clint@2000000:reg"] == nil)
        #expect(tree.text("/soc/sswi@2f00000:compatible") == ["riscv,aclint-sswi"])
        #expect(
            tree.cells("/soc/mtimer@2004000:reg") == [0, 0x200_bff8, 0, 0x4008, 0, 0x200_4000, 0, 0x7ff8])
    }
}
