import Glibc
import GuestMemory

/// What stands in RAM when the harts start: firmware, kernel, initrd, device tree and the reset vector, by the
/// protocol of QEMU's `virt` board.
struct BootPlan {
    /// Where the reset vector jumps to.
    var start: UInt64
    /// Kernel entry for the firmware's next stage, 0 without a kernel.
    var next: UInt64
    /// initrd range.
    var initrd: Range<UInt64>?
    /// One past the last byte that was loaded.
    private var loadedEnd = VirtAddressMap.ram

    /// Places where distributions put OpenSBI for QEMU.
    static let firmwarePaths = [
        "/usr/share/qemu/opensbi-riscv64-generic-fw_dynamic.bin",
        "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin",
        "/usr/share/opensbi/lp64/generic/firmware/fw_dynamic.bin",
    ]

    /// Loads what the configuration names into RAM.
    init(loading configuration: MachineConfiguration, into memory: GuestMemory) throws(BootError) {
        let ram = VirtAddressMap.ram
        let ramEnd = ram + configuration.memorySize
        start = ram
        next = 0
        let firmware: String?
        switch configuration.firmware {
        case .none: firmware = nil
        case .file(let path): firmware = Self.find(path)
        case .standard:
            guard let found = Self.firmwarePaths.first(where: { unsafe access($0, R_OK) == 0 }) else {
                throw BootError(
                    "no OpenSBI found (looked for \(Self.firmwarePaths.joined(separator: ", "))); install it "
                        + "(Debian: apt install opensbi), or give -bios FILE, or -bios none")
            }
            firmware = found
        }
        if let firmware {
            let image = try loadImage(firmware, at: ram, memory: memory)
            start = image.entry
            loadedEnd = max(ram, image.end)
        }
        if let kernel = configuration.kernel {
            let alignment: UInt64 = 2 << 20
            let image = try loadImage(
                kernel, at: (loadedEnd + alignment - 1) / alignment * alignment, memory: memory)
            loadedEnd = max(loadedEnd, image.end)
            next = image.entry
            if firmware == nil { start = image.entry }
            if let path = configuration.initrd {
                let address = image.start + min(configuration.memorySize / 2, 512 << 20)
                let room = ramEnd > address ? Int(ramEnd - address) : 0
                let bytes = try readFile(path, limit: room)
                guard memory.write(bytes, at: address) else {
                    throw BootError("'\(path)' does not fit in RAM")
                }
                initrd = address..<address + UInt64(bytes.count)
                loadedEnd = max(loadedEnd, address + UInt64(bytes.count))
            }
        } else if configuration.flash[0] != nil {
            if firmware == nil { start = VirtAddressMap.flash } else { next = VirtAddressMap.flash }
        }
    }

    /// Firmware that is named without a folder, and not in the one at hand, lies where that of distributions does.
    private static func find(_ path: String) -> String {
        func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }
        if path.contains("/") || exists(path) { return path }
        let folders = firmwarePaths.map { $0.prefix(through: $0.lastIndex(of: "/") ?? $0.startIndex) }
        return folders.map { "\($0)\(path)" }.first(where: exists) ?? path
    }

    /// Address of a device tree of `size` bytes at the end of RAM, behind all that was loaded.
    func deviceTreeAddress(memorySize: UInt64, size: Int) throws(BootError) -> UInt64 {
        let address = (VirtAddressMap.ram + memorySize - UInt64(size)) / (2 << 20) * (2 << 20)
        guard address >= loadedEnd else {
            throw BootError(
                "RAM is too small: what was loaded ends at 0x\(String(loadedEnd, radix: 16)), and the device tree "
                    + "belongs at 0x\(String(address, radix: 16)); give more with -m")
        }
        return address
    }

    /// The mask ROM's contents: the first instructions and the words they load.
    func resetVector(deviceTree: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        // auipc t0,0; addi a2,t0,0x28; csrr a0,mhartid; ld a1,32(t0); ld t0,24(t0); jr t0
        for word: UInt32 in [0x0000_0297, 0x0282_8613, 0xf140_2573, 0x0202_b583, 0x0182_b283, 0x0002_8067] {
            append(UInt64(word), 4, to: &bytes)
        }
        append(start, 8, to: &bytes)
        append(deviceTree, 8, to: &bytes)
        // fw_dynamic information: magic "OSBI", version 2, next address, next mode S, options, boot hart.
        for word: UInt64 in [0x4942_534f, 2, next, 1, 0, 0] { append(word, 8, to: &bytes) }
        return bytes
    }

    private func append(_ value: UInt64, _ count: Int, to bytes: inout [UInt8]) {
        for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
    }
}
