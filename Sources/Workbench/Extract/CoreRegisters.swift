import MigrationStream

/// A CPU's registers as an ELF core has them, taken from the fields of its section by name.
struct CoreRegisters {
    /// ELF's number of the machine (`e_machine`).
    let machine: UInt16
    /// `e_flags`: of RISC-V compressed instructions and the double-float ABI, so that a debugger without the program knows
    /// that there are floating-point registers.
    var flags: UInt32 { machine == Self.riscv ? 0x5 : 0 }
    /// `pr_reg`: general registers in the order of the machine's ptrace.
    let general: [UInt64]
    /// Contents of the note NT_PRFPREG, when the machine's is known.
    let floatingPoint: [UInt64]?

    private static let riscv: UInt16 = 243
    private static let x86_64: UInt16 = 62
    private static let aarch64: UInt16 = 183

    /// nil when the section is no CPU whose fields are known.
    init?(_ section: DeviceSection) {
        guard section.header.name == "cpu" else { return nil }
        let values = Self.values(section.fields)
        if let gpr = values["env.gpr"], gpr.count == 32, let pc = values["env.pc"]?.first {
            machine = Self.riscv
            // x0 has no room: pc stands in its place.
            general = [pc] + gpr[1...]
            floatingPoint = values["env.fpr"].map { $0 + [values["env.frm"]?.first.map { $0 << 5 } ?? 0] }
        } else if let regs = values["env.regs"], regs.count == 16, let rip = values["env.eip"]?.first {
            machine = Self.x86_64
            let flags = values["env.eflags"]?.first ?? values["env.eflags_vmstate"]?.first ?? 2
            // rax rcx rdx rbx rsp rbp rsi rdi r8…r15, and the segments' selectors, which are not looked up.
            general =
                [15, 14, 13, 12, 5, 3, 11, 10, 9, 8, 0, 1, 2, 6, 7].map { regs[$0] }
                + [UInt64.max, rip, 0, flags, regs[4], 0, 0, 0, 0, 0, 0, 0]
            floatingPoint = nil
        } else if let xregs = values["env.xregs"], xregs.count == 32, let pc = values["env.pc"]?.first {
            machine = Self.aarch64
            general = xregs + [pc, values["env.pstate"]?.first ?? 0]
            floatingPoint = nil
        } else {
            return nil
        }
    }

    /// Integers of the top level by name.
    private static func values(_ fields: [DeviceField]) -> [String: [UInt64]] {
        var result: [String: [UInt64]] = [:]
        for field in fields {
            switch field.value {
            case .integer(let value): result[field.name] = [value]
            case .signed(let value): result[field.name] = [UInt64(bitPattern: value)]
            case .integers(let values): result[field.name] = values
            case .none, .bool, .bytes, .unused: break
            }
        }
        return result
    }
}
