/// Where things stand in the guest physical address space of QEMU's `virt` board.
public enum VirtAddressMap {
    static let maskROM: UInt64 = 0x1000
    static let maskROMSize = 0xf000
    static let test: UInt64 = 0x10_0000
    static let rtc: UInt64 = 0x10_1000
    static let clint: UInt64 = 0x200_0000
    static let sswi: UInt64 = 0x2f0_0000
    static let plic: UInt64 = 0xc00_0000
    static let plicSize: UInt64 = 0x60_0000
    static let uart: UInt64 = 0x1000_0000
    static let virtio: UInt64 = 0x1000_1000
    static let virtioSlotSize: UInt64 = 0x1000
    static let virtioSlots = 8
    static let fwCfg: UInt64 = 0x1010_0000
    static let flash: UInt64 = 0x2000_0000
    static let flashSize = 0x200_0000
    static let ecam: UInt64 = 0x3000_0000
    static let ecamSize: UInt64 = 0x1000_0000
    static let pciIO: UInt64 = 0x300_0000
    static let pciIOSize: UInt64 = 0x1_0000
    static let pciMemory: UInt64 = 0x4000_0000
    static let pciMemorySize: UInt64 = 0x4000_0000
    static let ram: UInt64 = 0x8000_0000

    /// PLIC sources.
    static let virtioSource = 1
    static let uartSource = 10
    static let rtcSource = 11
    static let pciSource = 32

    /// Start and size of PCI's window above RAM: 16 GiB, at the next multiple of that.
    static func pciHigh(memorySize: UInt64) -> (UInt64, UInt64) {
        let size: UInt64 = 16 << 30
        return ((ram + memorySize + size - 1) & ~(size - 1), size)
    }

    /// Where the RAM blocks of the board begin, by their names in a migration stream.
    public static let blocks: [String: UInt64] = [
        "riscv_virt_board.ram": ram, "riscv_virt_board.mrom": maskROM, "virt.flash0": flash,
        "virt.flash1": flash + UInt64(flashSize),
    ]
}
