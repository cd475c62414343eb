import Devices
import QAPI
import RISCV
import VMState

extension HumanCommand {
    static let information: [HumanCommand] = [
        .init("info version", help: "the version of the program") { monitor, _ in
            let version = monitor.commands.version
            return "\(version.qemu.major).\(version.qemu.minor).\(version.qemu.micro) (\(version.package))\n"
        },
        .init("info status", help: "whether the guest runs") { monitor, _ in
            let status = try await monitor.commands.queryStatus()
            let isNamed = !status.running && status.status != .paused
            return "VM status: \(status.running ? "running" : "paused")"
                + (isNamed ? " (\(status.status.rawValue))\n" : "\n")
        },
        .init("info name", help: "the machine's name") { monitor, _ in
            try await monitor.commands.queryName().name.map { "\($0)\n" } ?? ""
        },
        .init("info uuid", help: "the machine's UUID") { monitor, _ in
            try await monitor.commands.queryUuid().uuid + "\n"
        },
        .init("info kvm", help: "whether KVM is used") { _, _ in "kvm support: not compiled\n" },
        .init("info cpus", help: "the harts") { monitor, _ in
            try await monitor.commands.queryCpusFast().map { hart in
                "\(hart.cpuIndex == Int64(monitor.hart) ? "*" : " ") CPU #\(hart.cpuIndex): thread_id=\(hart.threadId)\n"
            }.joined()
        },
        .init("info chardev", help: "the character devices") { monitor, _ in
            try await monitor.commands.queryChardev().map { "\($0.label): filename=\($0.filename)\n" }
                .joined()
        },
        .init("info block", take: .flag("v"), .optionalText("device"), help: "the disks") {
            monitor, arguments in
            try await monitor.commands.queryBlock().filter { disk in
                arguments[optionalText: "device"].map { [disk.device, disk.qdev].contains($0) } ?? true
            }.map(\.humanText).joined(separator: "\n")
        },
        .init("info blockstats", help: "what the disks have done") { monitor, _ in
            try await monitor.commands.queryBlockstats(QueryBlockstatsArguments()).map { disk in
                let stats = disk.stats
                return "\(disk.device ?? ""): rd_bytes=\(stats.rdBytes) wr_bytes=\(stats.wrBytes) "
                    + "rd_operations=\(stats.rdOperations) wr_operations=\(stats.wrOperations) "
                    + "flush_operations=\(stats.flushOperations) wr_total_time_ns=\(stats.wrTotalTimeNs) "
                    + "rd_total_time_ns=\(stats.rdTotalTimeNs) flush_total_time_ns=\(stats.flushTotalTimeNs) "
                    + "rd_merged=\(stats.rdMerged) wr_merged=\(stats.wrMerged)\n"
            }.joined()
        },
        .init("info balloon", help: "how much memory the guest has") { monitor, _ in
            "balloon: actual=\(try await monitor.commands.queryBalloon().actual >> 20)\n"
        },
        .init("balloon", take: .number("MiB"), help: "ask the guest to have so much memory") {
            monitor, arguments in
            try await monitor.commands.balloon(BalloonArguments(value: arguments[number: "MiB"] << 20))
            return ""
        },
        .init("info memory_size_summary", help: "how much RAM the board has") { monitor, _ in
            let memory = try await monitor.commands.queryMemorySizeSummary()
            return "base memory: \(memory.baseMemory)\nplugged memory: \(memory.pluggedMemory ?? 0)\n"
        },
        .init("info jobs", help: "what goes on in the background") { _, _ in "No active jobs\n" },
        .init("info registers", take: .flag("a"), help: "registers of the hart, or of all (-a)") {
            monitor, arguments in
            try monitor.commands.machine.standing { () throws(QAPIError) in
                let board = monitor.commands.machine.board
                return board.harts.filter { arguments.has("a") || $0.id == monitor.hart }.map { hart in
                    "\nCPU#\(hart.id)\n" + hart.state.humanText
                }.joined()
            }
        },
    ]
}

extension BlockInfo {
    fileprivate var humanText: String {
        guard let inserted else { return "\(device): [not inserted]\n" }
        var text = device.isEmpty ? inserted.nodeName ?? "" : device
        text += ": \(inserted.file) (\(inserted.drv)\(inserted.ro ? ", read-only" : ""))\n"
        if let qdev { text += "    Attached to:      \(qdev)\n" }
        return text + "    Cache mode:       writeback\n"
    }
}

extension CPUState {
    private static let names = [
        "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5",
        "a6",
        "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
    ]
    private static let floatNames = [
        "ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7", "fs0", "fs1", "fa0", "fa1", "fa2", "fa3",
        "fa4",
        "fa5", "fa6", "fa7", "fs2", "fs3", "fs4", "fs5", "fs6", "fs7", "fs8", "fs9", "fs10", "fs11", "ft8",
        "ft9", "ft10", "ft11",
    ]

    /// As QEMU's `info registers` lays it out: control registers one to a line, the others four.
    fileprivate var humanText: String {
        func line(_ name: String, _ value: UInt64) -> String { " \(name.padded(8)) \(value.digits)" }
        let control: [(String, UInt64)] = [
            ("pc", pc), ("mhartid", mhartid), ("mstatus", mstatus), ("mip", mip), ("mie", mie),
            ("mideleg", mideleg), ("medeleg", medeleg), ("mtvec", mtvec), ("stvec", stvec), ("mepc", mepc),
            ("sepc", sepc), ("mcause", mcause), ("scause", scause), ("mtval", mtval), ("stval", stval),
            ("mscratch", mscratch), ("sscratch", sscratch), ("satp", satp),
        ]
        func rows(_ letter: String, _ names: [String], _ values: [UInt64]) -> String {
            let cells = zip(names, values).enumerated().map { line("\(letter)\($0)/\($1.0)", $1.1) }
            return stride(from: 0, to: cells.count, by: 4).map {
                cells[$0..<min($0 + 4, cells.count)].joined() + "\n"
            }.joined()
        }
        return control.map { line($0.0, $0.1) + "\n" }.joined()
            + rows("x", Self.names, gpr) + rows("f", Self.floatNames, fpr)
    }
}

extension UInt64 {
    /// Sixteen hexadecimal digits.
    fileprivate var digits: String {
        let text = String(self, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}

extension String {
    fileprivate func padded(_ width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(0, width - count))
    }
}
