import Devices
import VMState

/// The devices whose state travels, in the order of QEMU 10.0's stream.
struct BoardSections {
    var aclint: ACLINT
    var plic: PLIC
    var fwCfg: FwCfg
    var pcie: PCIeHost
    var serial: UART16550
    var rtc: GoldfishRTC
    var flash: [PFlashCFI01]
    /// In the order of the command line.
    var virtio: [VMStateSection]
    /// nil for a board without.
    var acpi: ACPITables?

    var inOrder: [VMStateSection] {
        let fixed =
            aclint.sections + plic.sections + fwCfg.sections + pcie.sections + serial.sections + rtc.sections
        return fixed + flash.flatMap(\.sections) + virtio + (acpi?.sections ?? [])
    }
}
