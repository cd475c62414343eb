/// Encodings of the instructions that the tests are written in. Source: the unprivileged and privileged manuals.
enum RV {
    static let wfi: UInt32 = 0x1050_0073
    static let ecall: UInt32 = 0x0000_0073
    static let ebreak: UInt32 = 0x0010_0073
    static let mret: UInt32 = 0x3020_0073
    static let sret: UInt32 = 0x1020_0073
    static let fenceI: UInt32 = 0x0000_100f
    static let sfence: UInt32 = 0x1200_0073
    static let nop: UInt32 = 0x0000_0013

    static func i(_ opcode: UInt32, _ funct3: UInt32, _ rd: UInt32, _ rs1: UInt32, _ immediate: Int32)
        -> UInt32
    {
        UInt32(bitPattern: immediate) << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode
    }
    static func s(_ funct3: UInt32, _ rs2: UInt32, _ rs1: UInt32, _ immediate: Int32) -> UInt32 {
        let bits = UInt32(bitPattern: immediate)
        return (bits >> 5 & 127) << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | (bits & 31) << 7 | 0x23
    }
    static func b(_ funct3: UInt32, _ rs1: UInt32, _ rs2: UInt32, _ offset: Int32) -> UInt32 {
        let bits = UInt32(bitPattern: offset)
        let high = (bits >> 12 & 1) << 31 | (bits >> 5 & 63) << 25
        return high | rs2 << 20 | rs1 << 15 | funct3 << 12 | (bits >> 1 & 15) << 8 | (bits >> 11 & 1) << 7
            | 0x63
    }
    static func addi(_ rd: UInt32, _ rs1: UInt32, _ immediate: Int32) -> UInt32 {
        i(0x13, 0, rd, rs1, immediate)
    }
    static func add(_ rd: UInt32, _ rs1: UInt32, _ rs2: UInt32) -> UInt32 {
        rs2 << 20 | rs1 << 15 | rd << 7 | 0x33
    }
    static func lw(_ rd: UInt32, _ rs1: UInt32, _ offset: Int32 = 0) -> UInt32 { i(0x03, 2, rd, rs1, offset) }
    static func ld(_ rd: UInt32, _ rs1: UInt32, _ offset: Int32 = 0) -> UInt32 { i(0x03, 3, rd, rs1, offset) }
    static func sw(_ rs2: UInt32, _ rs1: UInt32, _ offset: Int32 = 0) -> UInt32 { s(2, rs2, rs1, offset) }
    static func sd(_ rs2: UInt32, _ rs1: UInt32, _ offset: Int32 = 0) -> UInt32 { s(3, rs2, rs1, offset) }
    static func bne(_ rs1: UInt32, _ rs2: UInt32, _ offset: Int32) -> UInt32 { b(1, rs1, rs2, offset) }
    static func jalr(_ rd: UInt32, _ rs1: UInt32) -> UInt32 { i(0x67, 0, rd, rs1, 0) }
    static func csrrw(_ rd: UInt32, _ csr: UInt32, _ rs1: UInt32) -> UInt32 {
        csr << 20 | rs1 << 15 | 1 << 12 | rd << 7 | 0x73
    }
    static func csrrs(_ rd: UInt32, _ csr: UInt32, _ rs1: UInt32) -> UInt32 {
        csr << 20 | rs1 << 15 | 2 << 12 | rd << 7 | 0x73
    }
    static func csrrc(_ rd: UInt32, _ csr: UInt32, _ rs1: UInt32) -> UInt32 {
        csr << 20 | rs1 << 15 | 3 << 12 | rd << 7 | 0x73
    }
    static func amo(
        _ funct5: UInt32, wide: Bool = true, _ rd: UInt32, _ rs1: UInt32, _ rs2: UInt32
    ) -> UInt32 {
        funct5 << 27 | rs2 << 20 | rs1 << 15 | (wide ? 3 : 2) << 12 | rd << 7 | 0x2f
    }
    static func lr(_ rd: UInt32, _ rs1: UInt32, wide: Bool = true) -> UInt32 {
        amo(2, wide: wide, rd, rs1, 0)
    }
    static func sc(_ rd: UInt32, _ rs1: UInt32, _ rs2: UInt32, wide: Bool = true) -> UInt32 {
        amo(3, wide: wide, rd, rs1, rs2)
    }
}
