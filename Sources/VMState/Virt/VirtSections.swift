/// The tables of the `virt` board's sections by their names, for tools that have streams and no machine.
public enum VirtSections {
    /// Reads the body of a section as the table of this name has it, and forgets the state: the reader's trace, and how
    /// far it got, are the result.
    ///
    /// What depends on the receiving machine is taken as the stream has it, as far as the tables let.
    ///
    /// - Parameters:
    ///   - name: the section's idstr.
    ///   - harts: the number of `cpu` sections that came before.
    /// - Returns: false when there is no table for it; nothing has been read then.
    public static func read(name: String, harts: Int, from reader: VMStateReader) throws(VMStateError) -> Bool
    {
        switch name {
        case "timer": try read(TimerState(), TimerState.description, reader)
        case "cpu_common": try read(CPUCommonState(), CPUCommonState.description, reader)
        case "cpu": try read(CPUState(), CPUState.description, reader)
        case "riscv_mtimer":
            try read(MTimerState(harts: harts), MTimerState.description(harts: harts), reader)
        case "riscv_sifive_plic":
            try read(PLICState(harts: harts), PLICState.description(harts: harts), reader)
        case "fw_cfg": try read(FwCfgState(), FwCfgState.description, reader)
        case "0000:00:00.0/gpex_root": try read(PCIeRootState(), PCIeRootState.description, reader)
        case "PCIHost": try read(PCIHostState(), PCIHostState.description, reader)
        case "PCIBUS": try read(PCIBusState(), PCIBusState.description, reader)
        case "serial": try read(SerialState(), SerialState.description, reader)
        case "goldfish_rtc": try read(GoldfishRTCState(), GoldfishRTCState.description, reader)
        case "pflash_cfi01": try read(PFlashState(), PFlashState.description, reader)
        case "virt_acpi_build": try read(ACPIBuildState(), ACPIBuildState.description, reader)
        case "globalstate": try read(GlobalState(), GlobalState.description, reader)
        default: return try virtio(name, reader)
        }
        return true
    }

    private static func read<State>(
        _ initial: State, _ description: VMStateDescription<State>, _ reader: VMStateReader
    ) throws(VMStateError) {
        var state = initial
        try description.load(&state, from: reader)
    }

    /// Reads a virtio device's section; its transport stands before the slash.
    private static func virtio(_ name: String, _ reader: VMStateReader) throws(VMStateError) -> Bool {
        let parts = name.split(separator: "/")
        guard parts.count == 2, let place = parts.first, let device = parts.last else { return false }
        let kind: VirtioTransportKind
        if place.hasPrefix("virtio-mmio@") {
            // The two layouts differ in subsections only, which say themselves that they are there.
            kind = .modernMMIO
        } else if place.hasPrefix("0000:") {
            kind = .pci
        } else {
            return false
        }
        switch device {
        case "virtio-blk": try virtio(VirtioBlkState(), kind, reader)
        case "virtio-net":
            var device = VirtioNetState()
            device.backendHasVnetHeader = true
            device.backendHasUFO = true
            try virtio(device, kind, reader)
        case "virtio-rng": try virtio(VirtioRngState(), kind, reader)
        case "virtio-balloon": try virtio(VirtioBalloonState(), kind, reader)
        case "virtio-console":
            var device = VirtioConsoleState()
            device.takesAnyPorts = true
            try virtio(device, kind, reader)
        default: return false
        }
        return true
    }

    private static func virtio<Device: VirtioDeviceState>(
        _ device: Device, _ kind: VirtioTransportKind, _ reader: VMStateReader
    ) throws(VMStateError) {
        var state = VirtioState(device: device)
        state.kind = kind
        // As many as there can be: the stream says how many there are.
        state.queues = Array(repeating: VirtQueueState(), count: virtioQueueMax)
        try read(state, VirtioState<Device>.description(), reader)
    }
}
