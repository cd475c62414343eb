/// Instructions put together into an image, with branches that are filled in once their target is known.
struct Assembler {
    /// Address of the image's first byte.
    let base: UInt64
    private(set) var image: [UInt8] = []

    init(base: UInt64) { self.base = base }

    var address: UInt64 { base + UInt64(image.count) }

    mutating func half(_ value: UInt32) {
        image.append(UInt8(truncatingIfNeeded: value))
        image.append(UInt8(truncatingIfNeeded: value >> 8))
    }

    mutating func word(_ value: UInt32) {
        half(value)
        half(value >> 16)
    }

    mutating func double(_ value: UInt64) {
        word(UInt32(truncatingIfNeeded: value))
        word(UInt32(truncatingIfNeeded: value >> 32))
    }

    mutating func align(_ bytes: Int) {
        while image.count % bytes != 0 { image.append(0) }
    }

    // MARK: Formats

    mutating func r(
        _ opcode: UInt32, _ funct3: UInt32, _ funct7: UInt32, _ rd: UInt32, _ rs1: UInt32, _ rs2: UInt32
    ) {
        word(funct7 << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode)
    }

    mutating func i(_ opcode: UInt32, _ funct3: UInt32, _ rd: UInt32, _ rs1: UInt32, _ immediate: Int) {
        word(UInt32(truncatingIfNeeded: immediate) << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode)
    }

    mutating func s(_ opcode: UInt32, _ funct3: UInt32, _ rs1: UInt32, _ rs2: UInt32, _ immediate: Int) {
        let bits = UInt32(truncatingIfNeeded: immediate)
        word((bits >> 5 & 0x7f) << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | (bits & 31) << 7 | opcode)
    }

    static func b(_ funct3: UInt32, _ rs1: UInt32, _ rs2: UInt32, _ distance: Int) -> UInt32 {
        let bits = UInt32(truncatingIfNeeded: distance)
        let high = (bits >> 12 & 1) << 31 | (bits >> 5 & 0x3f) << 25
        let low = (bits >> 1 & 15) << 8 | (bits >> 11 & 1) << 7
        return high | rs2 << 20 | rs1 << 15 | funct3 << 12 | low | 0x63
    }

    static func j(_ rd: UInt32, _ distance: Int) -> UInt32 {
        let bits = UInt32(truncatingIfNeeded: distance)
        let high = (bits >> 20 & 1) << 31 | (bits >> 1 & 0x3ff) << 21
        return high | (bits >> 11 & 1) << 20 | (bits >> 12 & 0xff) << 12 | rd << 7 | 0x6f
    }

    mutating func jal(_ rd: UInt32, to target: UInt64) {
        word(Self.j(rd, Int(truncatingIfNeeded: target &- address)))
    }

    mutating func branch(_ funct3: UInt32, _ rs1: UInt32, _ rs2: UInt32, to target: UInt64) {
        word(Self.b(funct3, rs1, rs2, Int(truncatingIfNeeded: target &- address)))
    }

    /// Leaves room for an instruction whose target lies ahead; ``fill(_:with:)`` gives it.
    mutating func reserve() -> Int {
        word(0)
        return image.count - 4
    }

    /// Fills a reserved place with an instruction made from the distance to here.
    mutating func fill(_ place: Int, with make: (Int) -> UInt32) {
        replace(place, make(image.count - place))
    }

    mutating func replace(_ place: Int, _ value: UInt32) {
        for index in 0..<4 { image[place + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt32(index))) }
    }

    /// Loads an address of RAM, which `lui` alone would sign-extend.
    mutating func loadAddress(_ rd: UInt32, _ target: UInt64) {
        let halved = target >> 1
        let low = Int(truncatingIfNeeded: halved << 52) >> 52
        let high = UInt32(truncatingIfNeeded: (halved &- UInt64(bitPattern: Int64(low))) >> 12)
        word(high << 12 | rd << 7 | 0x37)
        i(0x13, 0, rd, rd, low)
        i(0x13, 1, rd, rd, 1)
    }

    /// Loads any value, from behind the instructions that do so.
    mutating func loadConstant(_ rd: UInt32, _ value: UInt64) {
        word(rd << 7 | 0x17)
        ld(rd, 12, rd)
        word(Self.j(0, 12))
        double(value)
    }

    mutating func csr(_ funct3: UInt32, _ rd: UInt32, _ number: Int, _ source: UInt32) {
        i(0x73, funct3, rd, source, number)
    }

    mutating func ld(_ rd: UInt32, _ offset: Int, _ rs1: UInt32) { i(0x03, 3, rd, rs1, offset) }
    mutating func sd(_ rs2: UInt32, _ offset: Int, _ rs1: UInt32) { s(0x23, 3, rs1, rs2, offset) }
    mutating func addi(_ rd: UInt32, _ rs1: UInt32, _ value: Int) { i(0x13, 0, rd, rs1, value) }
}
