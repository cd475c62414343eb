import Bytes

/// The `timer` section: where the guest's clock stands.
public struct TimerState: Sendable, Equatable {
    /// Host cycle counter bookkeeping of QEMU; carried.
    public var ticksOffset: Int64 = 0
    /// Virtual clock in nanoseconds at the moment of the stop.
    public var clockOffset: Int64 = 0

    public init() {}

    public static let description = VMStateDescription<TimerState>(
        "timer", versions: 1...2,
        fields: [
            .int64("cpu_ticks_offset", \.ticksOffset), .unused(8),
            .int64("cpu_clock_offset", \.clockOffset).versions(2...),
        ])
}

/// The `globalstate` section: the run state of the source.
public struct GlobalState: Sendable, Equatable {
    /// A QAPI `RunState`.
    public var runState = ""

    public init() {}

    /// Bytes after the size, and those of them that QEMU 9.0 and later still use for the name.
    private static let room = 100
    private static let nameRoom = 32

    public static let description = VMStateDescription<GlobalState>(
        "globalstate", version: 1, fields: [size, name])

    private static let size = VMStateField<GlobalState>("size") { (_, reader) throws(VMStateError) in
        let size = try reader.uint32()
        guard (1...UInt32(room)).contains(size) else {
            throw reader.invalid(expected: "a length of 1 to \(room)", found: "\(size)")
        }
    } save: { state, writer, fields in
        writer.output.uint32(UInt32(min(state.runState.utf8.count, nameRoom - 1) + 1))
        fields.append(.init("size", .uint32))
    }

    private static let name = VMStateField<GlobalState>("runstate") { (state, reader) throws(VMStateError) in
        let bytes = try reader.bytes(room)
        guard let end = bytes.prefix(nameRoom).firstIndex(of: 0), end > 0,
            bytes[..<end].allSatisfy({ (0x21...0x7e).contains($0) })
        else { throw reader.invalid(expected: "the name of a run state", found: "\(bytes.prefix(nameRoom))") }
        state.runState = String(decoding: bytes[..<end], as: UTF8.self)
    } save: { state, writer, fields in
        let name = Array(state.runState.utf8.prefix(nameRoom - 1))
        writer.output.append(name)
        writer.output.zeros(nameRoom - name.count)
        guard writer.dialect != .qemu7_2 else {
            writer.output.zeros(room - nameRoom)
            fields.append(.init(name: "runstate", repetition: .none, type: "buffer", size: room))
            return
        }
        // Whether it is known that the guest was suspended, and whether it was: it never is here.
        writer.output.append([1, 0])
        writer.output.zeros(room - nameRoom - 2)
        fields.append(.init(name: "runstate", repetition: .none, type: "buffer", size: nameRoom))
        fields.append(.init("has_vm_was_suspended", .uint8))
        fields.append(.init("vm_was_suspended", .uint8))
        fields.append(.init(name: "unused", repetition: .none, type: "buffer", size: room - nameRoom - 2))
    }
}

/// The `riscv_mtimer` section.
public struct MTimerState: Sendable, Equatable {
    public var timecmp: [UInt64]

    public init(harts: Int) { timecmp = Array(repeating: 0, count: harts) }

    public static func description(harts: Int) -> VMStateDescription<MTimerState> {
        VMStateDescription(
            "riscv_mtimer", version: 1, fields: [.array("timecmp", \.timecmp, .uint64, count: harts)])
    }
}

/// The `riscv_sifive_plic` section.
public struct PLICState: Sendable, Equatable {
    public static let sources = 96
    public var sourcePriority: [UInt32] = Array(repeating: 0, count: sources)
    /// Threshold of each context.
    public var targetPriority: [UInt32]
    public var pending: [UInt32] = [0, 0, 0]
    public var claimed: [UInt32] = [0, 0, 0]
    /// Three words a context.
    public var enable: [UInt32]

    public init(harts: Int) {
        targetPriority = Array(repeating: 0, count: 2 * harts)
        enable = Array(repeating: 0, count: 6 * harts)
    }

    public static func description(harts: Int) -> VMStateDescription<PLICState> {
        VMStateDescription(
            "riscv_sifive_plic", version: 1,
            fields: [
                .array("source_priority", \.sourcePriority, .uint32, count: sources),
                .array("target_priority", \.targetPriority, .uint32, count: 2 * harts),
                .array("pending", \.pending, .uint32, count: 3),
                .array("claimed", \.claimed, .uint32, count: 3),
                .array("enable", \.enable, .uint32, count: 6 * harts),
            ])
    }
}

/// The `goldfish_rtc` section.
public struct GoldfishRTCState: Sendable, Equatable {
    public var tickOffsetVMState: UInt64 = 0
    public var alarmNext: UInt64 = 0
    public var alarmRunning: UInt32 = 0
    public var irqPending: UInt32 = 0
    public var irqEnabled: UInt32 = 0
    public var timeHigh: UInt32 = 0
    /// Nanoseconds between the host's wall clock and the guest's, two's complement.
    public var tickOffset: UInt64 = 0

    public init() {}

    public static let description = VMStateDescription<GoldfishRTCState>(
        "goldfish_rtc", versions: 2...3,
        fields: [
            .uint64("tick_offset_vmstate", \.tickOffsetVMState), .uint64("alarm_next", \.alarmNext),
            .uint32("alarm_running", \.alarmRunning), .uint32("irq_pending", \.irqPending),
            .uint32("irq_enabled", \.irqEnabled), .uint32("time_high", \.timeHigh),
            .uint64("tick_offset", \.tickOffset).versions(3...),
        ])
}

/// The `fw_cfg` section.
public struct FwCfgState: Sendable, Equatable {
    public var currentEntry: UInt16 = 0
    public var currentOffset: UInt32 = 0
    public var dmaAddress: UInt64 = 0
    /// Sizes of the ACPI regions of QEMU 10.0; all 0 for a board without.
    public var tableSize: UInt64 = 0x20000
    public var linkerSize: UInt64 = 0x900
    public var rsdpSize: UInt64 = 0x24

    public init() {}

    public static let description = VMStateDescription<FwCfgState>(
        "fw_cfg", version: 2,
        fields: [.uint16("cur_entry", \.currentEntry), .uint32("cur_offset[1]", \.currentOffset)],
        subsections: [
            VMStateSubsection(
                VMStateDescription("fw_cfg/dma", version: 0, fields: [.uint64("dma_addr", \.dmaAddress)])
            ) { _, _ in true },
            VMStateSubsection(
                VMStateDescription(
                    "fw_cfg/acpi_mr", version: 1,
                    fields: [
                        .uint64("table_mr_size", \.tableSize), .uint64("linker_mr_size", \.linkerSize),
                        .uint64("rsdp_mr_size", \.rsdpSize),
                    ])
            ) { state, dialect in dialect != .qemu7_2 && state.rsdpSize != 0 },
        ])
}

/// A `pflash_cfi01` section.
public struct PFlashState: Sendable, Equatable {
    public var writeCycle: UInt8 = 0
    public var command: UInt8 = 0
    public var status: UInt8 = 0x80
    public var counter: UInt64 = 0

    public init() {}

    public static let description = VMStateDescription<PFlashState>(
        "pflash_cfi01", version: 1,
        fields: [
            .uint8("wcycle", \.writeCycle), .uint8("cmd", \.command), .uint8("status", \.status),
            .uint64("counter", \.counter),
        ])
}

/// The `virt_acpi_build` section.
public struct ACPIBuildState: Sendable, Equatable {
    public var patched = false

    public init() {}

    public static let description = VMStateDescription<ACPIBuildState>(
        "virt_acpi_build", version: 1, fields: [.bool("patched", \.patched)])
}
