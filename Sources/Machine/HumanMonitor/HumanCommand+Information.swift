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
