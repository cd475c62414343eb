/// The device tree of the `virt` board, as its guests find it.
public struct VirtDeviceTree {
    public var harts = 1
    public var memorySize: UInt64 = 128 << 20
    /// Extensions by their names in the device tree, single letters first.
    public var extensions: [String] = []
    public var hasSSWI = false
    public var arguments: String?
    public var initrd: Range<UInt64>?
    /// 32 bytes.
    public var seed: [UInt8] = []

    public init() {}

    // QEMU counts from the last hart down, then the PLIC, then the test device.
    private func cpuHandle(_ hart: Int) -> UInt32 { UInt32(2 * (harts - 1 - hart) + 1) }
    private func controllerHandle(_ hart: Int) -> UInt32 { cpuHandle(hart) + 1 }
    private var plicHandle: UInt32 { UInt32(2 * harts + 1) }
    private var testHandle: UInt32 { plicHandle + 1 }

    /// The blob.
    public func make() -> [UInt8] {
        var tree = DeviceTreeBuilder()
        tree.node("") { root in
            root.property("#address-cells", cells: [2])
            root.property("#size-cells", cells: [2])
            root.property("compatible", "riscv-virtio")
            root.property("model", "riscv-virtio,qemu")
            chosen(&root)
            root.node("aliases") { $0.property("serial0", "/soc/serial@10000000") }
            root.node("memory@80000000") {
                $0.property("device_type", "memory")
                $0.property("reg", wide: [0x8000_0000, memorySize])
            }
            cpus(&root)
            root.node("pmu") {
                $0.property("compatible", "riscv,pmu")
                $0.property(
                    "riscv,event-to-mhpmcounters",
                    cells: [
                        1, 1, 0x7fff9, 2, 2, 0x7fffc, 0x10019, 0x10019, 0x7fff8, 0x1001b, 0x1001b, 0x7fff8,
                        0x10021, 0x10021, 0x7fff8,
                    ])
            }
            root.node("fw-cfg@10100000") {
                $0.property("compatible", "qemu,fw-cfg-mmio")
                $0.property("reg", wide: [0x1010_0000, 0x18])
                $0.flag("dma-coherent")
            }
            root.node("flash@20000000") {
                $0.property("compatible", "cfi-flash")
                $0.property("reg", wide: [0x2000_0000, 0x200_0000, 0x2200_0000, 0x200_0000])
                $0.property("bank-width", cells: [4])
            }
            root.node("poweroff") { syscon(&$0, "syscon-poweroff", 0x5555) }
            root.node("reboot") { syscon(&$0, "syscon-reboot", 0x7777) }
            root.node("platform-bus@4000000") {
                $0.property("compatible", "qemu,platform", "simple-bus")
                $0.property("#address-cells", cells: [1])
                $0.property("#size-cells", cells: [1])
                $0.property("interrupt-parent", cells: [plicHandle])
                $0.property("ranges", cells: [0, 0, 0x400_0000, 0x200_0000])
            }
            soc(&root)
        }
        return tree.build()
    }

    private func syscon(_ node: inout DeviceTreeBuilder, _ compatible: String, _ value: UInt32) {
        node.property("compatible", compatible)
        node.property("value", cells: [value])
        node.property("offset", cells: [0])
        node.property("regmap", cells: [testHandle])
    }

    private func chosen(_ root: inout DeviceTreeBuilder) {
        root.node("chosen") {
            if let arguments { $0.property("bootargs", arguments) }
            if let initrd {
                $0.property("linux,initrd-start", wide: [initrd.lowerBound])
                $0.property("linux,initrd-end", wide: [initrd.upperBound])
            }
            $0.property("stdout-path", "/soc/serial@10000000")
            $0.property("rng-seed", bytes: seed)
        }
    }

    private func cpus(_ root: inout DeviceTreeBuilder) {
        let letters = extensions.filter { $0.count == 1 }.joined()
        let longer = extensions.filter { $0.count > 1 }
        let isa = (["rv64" + letters] + longer).joined(separator: "_")
        root.node("cpus") { cpus in
            cpus.property("#address-cells", cells: [1])
            cpus.property("#size-cells", cells: [0])
            cpus.property("timebase-frequency", cells: [10_000_000])
            for hart in 0..<harts {
                cpus.node("cpu@\(String(hart, radix: 16))") { cpu in
                    cpu.property("phandle", cells: [cpuHandle(hart)])
                    cpu.property("device_type", "cpu")
                    cpu.property("reg", cells: [UInt32(hart)])
                    cpu.property("status", "okay")
                    cpu.property("compatible", "riscv")
                    for block in ["cboz", "cbom", "cbop"] {
                        cpu.property("riscv,\(block)-block-size", cells: [64])
                    }
                    cpu.property("riscv,isa", isa)
                    cpu.property("riscv,isa-base", "rv64i")
                    cpu.property("riscv,isa-extensions", bytes: extensions.flatMap { Array($0.utf8) + [0] })
                    cpu.property("mmu-type", "riscv,sv57")
                    cpu.node("interrupt-controller") {
                        $0.property("#interrupt-cells", cells: [1])
                        $0.flag("interrupt-controller")
                        $0.property("compatible", "riscv,cpu-intc")
                        $0.property("phandle", cells: [controllerHandle(hart)])
                    }
                }
            }
            cpus.node("cpu-map") {
                $0.node("cluster0") { cluster in
                    for hart in 0..<harts {
                        cluster.node("core\(hart)") { $0.property("cpu", cells: [cpuHandle(hart)]) }
                    }
                }
            }
        }
    }

    private func interrupts(_ numbers: UInt32...) -> [UInt32] {
        (0..<harts).flatMap { hart in numbers.flatMap { [controllerHandle(hart), $0] } }
    }

    private func soc(_ root: inout DeviceTreeBuilder) {
        root.node("soc") { soc in
            soc.property("#address-cells", cells: [2])
            soc.property("#size-cells", cells: [2])
            soc.property("compatible", "simple-bus")
            soc.flag("ranges")
            soc.node("rtc@101000") {
                $0.property("interrupts", cells: [11])
                $0.property("interrupt-parent", cells: [plicHandle])
                $0.property("reg", wide: [0x10_1000, 0x1000])
                $0.property("compatible", "google,goldfish-rtc")
            }
            soc.node("serial@10000000") {
                $0.property("interrupts", cells: [10])
                $0.property("interrupt-parent", cells: [plicHandle])
                $0.property("clock-frequency", cells: [3_686_400])
                $0.property("reg", wide: [0x1000_0000, 0x100])
                $0.property("compatible", "ns16550a")
            }
            soc.node("test@100000") {
                $0.property("phandle", cells: [testHandle])
                $0.property("reg", wide: [0x10_0000, 0x1000])
                $0.property("compatible", "sifive,test1", "sifive,test0", "syscon")
            }
            for slot in (0..<8).reversed() {
                let address = 0x1000_1000 + UInt64(slot) * 0x1000
                soc.node("virtio_mmio@\(String(address, radix: 16))") {
                    $0.property("interrupts", cells: [UInt32(slot + 1)])
                    $0.property("interrupt-parent", cells: [plicHandle])
                    $0.property("reg", wide: [address, 0x1000])
                    $0.property("compatible", "virtio,mmio")
                }
            }
            soc.node("plic@c000000") {
                $0.property("phandle", cells: [plicHandle])
                $0.property("riscv,ndev", cells: [95])
                $0.property("reg", wide: [0xc00_0000, 0x60_0000])
                $0.property("interrupts-extended", cells: interrupts(11, 9))
                $0.flag("interrupt-controller")
                $0.property("compatible", "sifive,plic-1.0.0", "riscv,plic0")
                $0.property("#address-cells", cells: [0])
                $0.property("#interrupt-cells", cells: [1])
            }
            clint(&soc)
            pci(&soc)
        }
    }

    private func clint(_ soc: inout DeviceTreeBuilder) {
        guard hasSSWI else {
            soc.node("clint@2000000") {
                $0.property("interrupts-extended", cells: interrupts(3, 7))
                $0.property("reg", wide: [0x200_0000, 0x10000])
                $0.property("compatible", "sifive,clint0", "riscv,clint0")
            }
            return
        }
        soc.node("mswi@2000000") {
            $0.property("compatible", "riscv,aclint-mswi")
            $0.property("reg", wide: [0x200_0000, 0x4000])
            $0.property("interrupts-extended", cells: interrupts(3))
            $0.flag("interrupt-controller")
            $0.property("#interrupt-cells", cells: [0])
        }
        soc.node("mtimer@2004000") {
            $0.property("compatible", "riscv,aclint-mtimer")
            $0.property("reg", wide: [0x200_bff8, 0x4008, 0x200_4000, 0x7ff8])
            $0.property("interrupts-extended", cells: interrupts(7))
        }
        soc.node("sswi@2f00000") {
            $0.property("compatible", "riscv,aclint-sswi")
            $0.property("reg", wide: [0x2f0_0000, 0x4000])
            $0.property("interrupts-extended", cells: interrupts(1))
            $0.flag("interrupt-controller")
            $0.property("#interrupt-cells", cells: [0])
        }
    }

    private func pci(_ soc: inout DeviceTreeBuilder) {
        let window = UInt64(16) << 30
        let high = (0x8000_0000 + memorySize + window - 1) / window * window
        soc.node("pci@30000000") {
            var map: [UInt32] = []
            for device in UInt32(0)..<4 {
                for pin in UInt32(0)..<4 {
                    map += [device << 11, 0, 0, pin + 1, plicHandle, 32 + (device + pin) % 4]
                }
            }
            $0.property("interrupt-map-mask", cells: [0x1800, 0, 0, 7])
            $0.property("interrupt-map", cells: map)
            $0.property(
                "ranges",
                cells: [
                    0x100_0000, 0, 0, 0, 0x300_0000, 0, 0x10000, 0x200_0000, 0, 0x4000_0000, 0, 0x4000_0000,
                    0,
                    0x4000_0000, 0x300_0000, UInt32(high >> 32), UInt32(truncatingIfNeeded: high),
                    UInt32(high >> 32),
                    UInt32(truncatingIfNeeded: high), 4, 0,
                ])
            $0.property("reg", wide: [0x3000_0000, 0x1000_0000])
            $0.flag("dma-coherent")
            $0.property("bus-range", cells: [0, 255])
            $0.property("linux,pci-domain", cells: [0])
            $0.property("device_type", "pci")
            $0.property("compatible", "pci-host-ecam-generic")
            $0.property("#size-cells", cells: [2])
            $0.property("#interrupt-cells", cells: [1])
            $0.property("#address-cells", cells: [3])
        }
    }
}
