/// Every instruction that a hart offers: its name, the bits that are fixed, and which those are.
///
/// Source: the opcode tables of the unprivileged and privileged manuals. Nothing here is taken from the decoder.
enum Mnemonics {
    typealias Entry = (name: String, match: UInt32, mask: UInt32)

    static let all: [Entry] = [base, multiply, atomic, floating, zfa, bits, system, compressed].flatMap { $0 }

    /// Names of what a word is: an instruction, and those that are a special case of it.
    static func names(of word: UInt32) -> [String] {
        all.filter { word & $0.mask == $0.match && (word & 3 == 3 || word >> 16 == 0) }.map(\.name)
    }

    private static func i(_ name: String, _ opcode: UInt32, _ funct3: UInt32) -> Entry {
        (name, funct3 << 12 | opcode, 0x707f)
    }
    /// Shift by an immediate of six bits.
    private static func sh6(_ name: String, _ opcode: UInt32, _ funct3: UInt32, _ upper: UInt32) -> Entry {
        (name, upper << 26 | funct3 << 12 | opcode, 0xfc00_707f)
    }
    private static func r(_ name: String, _ opcode: UInt32, _ funct3: UInt32, _ funct7: UInt32) -> Entry {
        (name, funct7 << 25 | funct3 << 12 | opcode, 0xfe00_707f)
    }
    /// With rs2 as a part of the operation.
    private static func u(_ name: String, _ opcode: UInt32, _ funct3: UInt32, _ upper: UInt32) -> Entry {
        (name, upper << 20 | funct3 << 12 | opcode, 0xfff0_707f)
    }
    private static func whole(_ name: String, _ word: UInt32) -> Entry { (name, word, .max) }

    private static let base: [Entry] = {
        var all: [Entry] = [
            ("lui", 0x37, 0x7f), ("auipc", 0x17, 0x7f), ("jal", 0x6f, 0x7f), i("jalr", 0x67, 0),
            i("fence", 0x0f, 0), i("fence.i", 0x0f, 1), whole("pause", 0x0100_000f),
            whole("ecall", 0x73), whole("ebreak", 0x0010_0073),
            sh6("slli", 0x13, 1, 0), sh6("srli", 0x13, 5, 0), sh6("srai", 0x13, 5, 0x10),
            i("addiw", 0x1b, 0), r("slliw", 0x1b, 1, 0), r("srliw", 0x1b, 5, 0), r("sraiw", 0x1b, 5, 0x20),
            r("sub", 0x33, 0, 0x20), r("sra", 0x33, 5, 0x20),
            r("addw", 0x3b, 0, 0), r("subw", 0x3b, 0, 0x20), r("sllw", 0x3b, 1, 0), r("srlw", 0x3b, 5, 0),
            r("sraw", 0x3b, 5, 0x20),
        ]
        all += numbered(["beq", "bne", "", "", "blt", "bge", "bltu", "bgeu"]) { i($0, 0x63, $1) }
        all += numbered(["lb", "lh", "lw", "ld", "lbu", "lhu", "lwu"]) { i($0, 0x03, $1) }
        all += numbered(["sb", "sh", "sw", "sd"]) { i($0, 0x23, $1) }
        all += numbered(["addi", "", "slti", "sltiu", "xori", "", "ori", "andi"]) { i($0, 0x13, $1) }
        all += numbered(["add", "sll", "slt", "sltu", "xor", "srl", "or", "and"]) { r($0, 0x33, $1, 0) }
        all += numbered(["", "csrrw", "csrrs", "csrrc", "", "csrrwi", "csrrsi", "csrrci"]) { i($0, 0x73, $1) }
        return all
    }()

    private static let multiply: [Entry] = {
        let all = numbered(["mul", "mulh", "mulhsu", "mulhu", "div", "divu", "rem", "remu"]) {
            r($0, 0x33, $1, 1)
        }
        return all + numbered(["mulw", "", "", "", "divw", "divuw", "remw", "remuw"]) { r($0, 0x3b, $1, 1) }
    }()

    private static let atomic: [Entry] = {
        let operations: [(String, UInt32)] = [
            ("amoadd", 0), ("amoswap", 1), ("sc", 3), ("amoxor", 4), ("amoor", 8), ("amoand", 12),
            ("amomin", 16),
            ("amomax", 20), ("amominu", 24), ("amomaxu", 28),
        ]
        let widths: [(String, UInt32)] = [("w", 2), ("d", 3)]
        var all: [Entry] = []
        for (width, funct3) in widths {
            let low: UInt32 = funct3 << 12 | 0x2f
            all.append(("lr.\(width)", 0x1000_0000 | low, 0xf9f0_707f))
            for (name, funct5) in operations {
                all.append(("\(name).\(width)", funct5 << 27 | low, 0xf800_707f))
            }
        }
        return all
    }()

    private static let floating: [Entry] = formats.flatMap { name, format in
        let (load, store) = format == 0 ? ("flw", "fsw") : ("fld", "fsd")
        let fused: [(String, UInt32)] = [
            ("fmadd", 0x43), ("fmsub", 0x47), ("fnmsub", 0x4b), ("fnmadd", 0x4f),
        ]
        let rounding: [(String, UInt32)] = [("fadd", 0), ("fsub", 1), ("fmul", 2), ("fdiv", 3)]
        let exact: [(String, UInt32, UInt32)] = [
            ("fsgnj", 4, 0), ("fsgnjn", 4, 1), ("fsgnjx", 4, 2), ("fmin", 5, 0), ("fmax", 5, 1),
            ("fle", 0x14, 0), ("flt", 0x14, 1), ("feq", 0x14, 2),
        ]
        let conversions: [(String, UInt32, UInt32)] = [
            ("fsqrt.\(name)", 0x0b, 0), ("fcvt.w.\(name)", 0x18, 0), ("fcvt.wu.\(name)", 0x18, 1),
            ("fcvt.l.\(name)", 0x18, 2), ("fcvt.lu.\(name)", 0x18, 3), ("fcvt.\(name).w", 0x1a, 0),
            ("fcvt.\(name).wu", 0x1a, 1), ("fcvt.\(name).l", 0x1a, 2), ("fcvt.\(name).lu", 0x1a, 3),
            (format == 0 ? "fcvt.s.d" : "fcvt.d.s", 0x08, 1 - format),
        ]
        let letter = format == 0 ? "w" : "d"
        let low: UInt32 = format << 25
        var all: [Entry] = [
            i(load, 0x07, 2 + format), i(store, 0x27, 2 + format),
            u("fmv.x.\(letter)", 0x53, 0, 0xe00 | format << 5),
            u("fclass.\(name)", 0x53, 1, 0xe00 | format << 5),
            u("fmv.\(letter).x", 0x53, 0, 0xf00 | format << 5),
        ]
        for (operation, opcode) in fused { all.append(("\(operation).\(name)", low | opcode, 0x0600_007f)) }
        for (operation, funct5) in rounding {
            all.append(("\(operation).\(name)", funct5 << 27 | low | 0x53, 0xfe00_007f))
        }
        for (operation, funct5, funct3) in exact {
            all.append(r("\(operation).\(name)", 0x53, funct3, funct5 << 2 | format))
        }
        for (operation, funct5, rs2) in conversions {
            let upper: UInt32 = funct5 << 27 | rs2 << 20
            all.append((operation, upper | low | 0x53, 0xfff0_007f))
        }
        return all
    }

    private static let formats: [(String, UInt32)] = [("s", 0), ("d", 1)]

    private static let zfa: [Entry] = formats.flatMap { name, format in
        let low: UInt32 = format << 25
        var all: [Entry] = [
            u("fli.\(name)", 0x53, 0, 0xf01 | format << 5),
            r("fminm.\(name)", 0x53, 2, 0x14 | format), r("fmaxm.\(name)", 0x53, 3, 0x14 | format),
            r("fleq.\(name)", 0x53, 4, 0x50 | format), r("fltq.\(name)", 0x53, 5, 0x50 | format),
            ("fround.\(name)", 0x4040_0053 | low, 0xfff0_007f),
            ("froundnx.\(name)", 0x4050_0053 | low, 0xfff0_007f),
        ]
        if format == 1 { all.append(u("fcvtmod.w.d", 0x53, 1, 0xc28)) }
        return all
    }

    /// Zba, Zbb, Zbc, Zbs.
    private static let bits: [Entry] = [
        r("add.uw", 0x3b, 0, 0x04), r("sh1add", 0x33, 2, 0x10), r("sh2add", 0x33, 4, 0x10),
        r("sh3add", 0x33, 6, 0x10), r("sh1add.uw", 0x3b, 2, 0x10), r("sh2add.uw", 0x3b, 4, 0x10),
        r("sh3add.uw", 0x3b, 6, 0x10), sh6("slli.uw", 0x1b, 1, 0x02),
        r("andn", 0x33, 7, 0x20), r("orn", 0x33, 6, 0x20), r("xnor", 0x33, 4, 0x20),
        u("clz", 0x13, 1, 0x600), u("ctz", 0x13, 1, 0x601), u("cpop", 0x13, 1, 0x602),
        u("clzw", 0x1b, 1, 0x600), u("ctzw", 0x1b, 1, 0x601), u("cpopw", 0x1b, 1, 0x602),
        r("max", 0x33, 6, 0x05), r("maxu", 0x33, 7, 0x05), r("min", 0x33, 4, 0x05), r("minu", 0x33, 5, 0x05),
        u("sext.b", 0x13, 1, 0x604), u("sext.h", 0x13, 1, 0x605), u("zext.h", 0x3b, 4, 0x080),
        r("rol", 0x33, 1, 0x30), r("ror", 0x33, 5, 0x30), sh6("rori", 0x13, 5, 0x18),
        r("rolw", 0x3b, 1, 0x30), r("rorw", 0x3b, 5, 0x30), r("roriw", 0x1b, 5, 0x30),
        u("orc.b", 0x13, 5, 0x287), u("rev8", 0x13, 5, 0x6b8),
        r("clmul", 0x33, 1, 0x05), r("clmulh", 0x33, 3, 0x05), r("clmulr", 0x33, 2, 0x05),
        r("bclr", 0x33, 1, 0x24), r("bext", 0x33, 5, 0x24), r("binv", 0x33, 1, 0x34),
        r("bset", 0x33, 1, 0x14),
        sh6("bclri", 0x13, 1, 0x12), sh6("bexti", 0x13, 5, 0x12), sh6("binvi", 0x13, 1, 0x1a),
        sh6("bseti", 0x13, 1, 0x0a),
    ]

    private static let system: [Entry] = [
        whole("mret", 0x3020_0073), whole("sret", 0x1020_0073), whole("wfi", 0x1050_0073),
        whole("wrs.nto", 0x00d0_0073), whole("wrs.sto", 0x01d0_0073),
        ("sfence.vma", 0x1200_0073, 0xfe00_7fff),
        ("cbo.inval", 0x0000_200f, 0xfff0_7fff), ("cbo.clean", 0x0010_200f, 0xfff0_7fff),
        ("cbo.flush", 0x0020_200f, 0xfff0_7fff), ("cbo.zero", 0x0040_200f, 0xfff0_7fff),
        ("prefetch.i", 0x0000_6013, 0x01f0_7fff), ("prefetch.r", 0x0010_6013, 0x01f0_7fff),
        ("prefetch.w", 0x0030_6013, 0x01f0_7fff),
    ]

    private static let compressed: [Entry] = [
        ("c.addi4spn", 0x0000, 0xe003), ("c.fld", 0x2000, 0xe003), ("c.lw", 0x4000, 0xe003),
        ("c.ld", 0x6000, 0xe003), ("c.fsd", 0xa000, 0xe003), ("c.sw", 0xc000, 0xe003),
        ("c.sd", 0xe000, 0xe003),
        ("c.nop", 0x0001, 0xffff), ("c.addi", 0x0001, 0xe003), ("c.addiw", 0x2001, 0xe003),
        ("c.li", 0x4001, 0xe003), ("c.addi16sp", 0x6101, 0xef83), ("c.lui", 0x6001, 0xe003),
        ("c.srli", 0x8001, 0xec03), ("c.srai", 0x8401, 0xec03), ("c.andi", 0x8801, 0xec03),
        ("c.sub", 0x8c01, 0xfc63), ("c.xor", 0x8c21, 0xfc63), ("c.or", 0x8c41, 0xfc63),
        ("c.and", 0x8c61, 0xfc63),
        ("c.subw", 0x9c01, 0xfc63), ("c.addw", 0x9c21, 0xfc63), ("c.j", 0xa001, 0xe003),
        ("c.beqz", 0xc001, 0xe003), ("c.bnez", 0xe001, 0xe003), ("c.slli", 0x0002, 0xe003),
        ("c.fldsp", 0x2002, 0xe003), ("c.lwsp", 0x4002, 0xe003), ("c.ldsp", 0x6002, 0xe003),
        ("c.jr", 0x8002, 0xf07f), ("c.mv", 0x8002, 0xf003), ("c.ebreak", 0x9002, 0xffff),
        ("c.jalr", 0x9002, 0xf07f), ("c.add", 0x9002, 0xf003), ("c.fsdsp", 0xa002, 0xe003),
        ("c.swsp", 0xc002, 0xe003), ("c.sdsp", 0xe002, 0xe003),
    ]

    /// One entry for each name that is not empty, made from the name and its place.
    private static func numbered(_ names: [String], _ make: (String, UInt32) -> Entry) -> [Entry] {
        names.enumerated().filter { !$0.element.isEmpty }.map { make($0.element, UInt32($0.offset)) }
    }
}
