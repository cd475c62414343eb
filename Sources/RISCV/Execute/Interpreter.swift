import Synchronization

// The cases of the switch are one typed expression each: the compiler makes one jump table of them.

extension Hart {
    /// Runs blocks until a request is pending or a slow path has changed what the loop holds in registers.
    ///
    /// Entered with the first block; leaves with `context.pc` right. An exception is already taken.
    @inline(never)
    func run(from first: UnsafeMutablePointer<Block>) {
        let x = unsafe self.x
        let f = unsafe self.f
        let context = unsafe self.context
        let tlb = unsafe self.dataTLB
        let now = unsafe self.generation | context.pointee.privilege
        var block = unsafe first
        chain: while true {
            if requests.load(ordering: .relaxed) != 0 {
                unsafe context.pointee.pc = block.pointee.pc
                return
            }
            let pc = unsafe block.pointee.pc
            unsafe context.pointee.instret &+= block.pointee.count
            var next = unsafe block.pointee.instructions
            var isTaken = false
            var target: UInt64
            body: while true {
                let instruction = unsafe next.pointee
                unsafe next += 1
                let i = UInt64(bitPattern: Int64(instruction.immediate))
                switch instruction.operation {
                case .next:
                    target = unsafe pc &+ block.pointee.byteCount
                    break body
                case .jal:
                    unsafe x[Int(instruction.rd)] = pc &+ block.pointee.byteCount
                    target = pc &+ i
                    isTaken = true
                    break body
                case .jalr:
                    let address = unsafe (x[Int(instruction.rs1)] &+ i) & ~1
                    unsafe x[Int(instruction.rd)] = pc &+ block.pointee.byteCount
                    unsafe context.pointee.pc = address
                    guard let found = unsafe lookUp(address, now) else { return }
                    unsafe block = found
                    continue chain
                case .beq:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    if a == b {
                        target = pc &+ i
                        isTaken = true
                    } else {
                        target = unsafe pc &+ block.pointee.byteCount
                    }
                    break body
                case .bne:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    if a != b {
                        target = pc &+ i
                        isTaken = true
                    } else {
                        target = unsafe pc &+ block.pointee.byteCount
                    }
                    break body
                case .blt:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    if Int64(bitPattern: a) < Int64(bitPattern: b) {
                        target = pc &+ i
                        isTaken = true
                    } else {
                        target = unsafe pc &+ block.pointee.byteCount
                    }
                    break body
                case .bge:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    if Int64(bitPattern: a) >= Int64(bitPattern: b) {
                        target = pc &+ i
                        isTaken = true
                    } else {
                        target = unsafe pc &+ block.pointee.byteCount
                    }
                    break body
                case .bltu:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    if a < b {
                        target = pc &+ i
                        isTaken = true
                    } else {
                        target = unsafe pc &+ block.pointee.byteCount
                    }
                    break body
                case .bgeu:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    if a >= b {
                        target = pc &+ i
                        isTaken = true
                    } else {
                        target = unsafe pc &+ block.pointee.byteCount
                    }
                    break body
                case .system:
                    unsafe context.pointee.pc = address(of: next, in: block)
                    let length = unsafe block.pointee.byteCount &- (context.pointee.pc &- pc)
                    if !executeSystem(UInt32(bitPattern: instruction.immediate), length: length) {
                        unsafe takeException(next, block)
                    }
                    return
                case .illegal:
                    _ = illegal(UInt32(bitPattern: instruction.immediate))
                    unsafe takeException(next, block)
                    return
                case .lb:
                    let address = unsafe x[Int(instruction.rs1)] &+ i
                    let entry = unsafe tlb + TLB.index(address)
                    if unsafe _fastPath(entry.pointee.readTag == address & ~4095) {
                        let value = unsafe UnsafePointer<Int8>(
                            bitPattern: UInt(entry.pointee.addend &+ address)
                        )
                        .unsafelyUnwrapped.pointee
                        unsafe x[Int(instruction.rd)] = UInt64(bitPattern: Int64(value))
                    } else if !slowLoad(instruction, address) {
                        unsafe takeException(next, block)
                        return
                    }
                case .lh:
                    let address = unsafe x[Int(instruction.rs1)] &+ i
                    let entry = unsafe tlb + TLB.index(address)
                    if unsafe _fastPath(entry.pointee.readTag == address & (~4095 | 1)) {
                        let value = unsafe UnsafePointer<Int16>(
                            bitPattern: UInt(entry.pointee.addend &+ address)
                        )
                        .unsafelyUnwrapped.pointee
                        unsafe x[Int(instruction.rd)] = UInt64(bitPattern: Int64(value))
                    } else if !slowLoad(instruction, address) {
                        unsafe takeException(next, block)
                        return
                    }
                case .lw:
                    let address = unsafe x[Int(instruction.rs1)] &+ i
                    let entry = unsafe tlb + TLB.index(address)
                    if unsafe _fastPath(entry.pointee.readTag == address & (~4095 | 3)) {
                        let value = unsafe UnsafePointer<Int32>(
                            bitPattern: UInt(entry.pointee.addend &+ address)
                        )
                        .unsafelyUnwrapped.pointee
                        unsafe x[Int(instruction.rd)] = UInt64(bitPattern: Int64(value))
                    } else if !slowLoad(instruction, address) {
                        unsafe takeException(next, block)
                        return
                    }
                case .ld:
                    let address = unsafe x[Int(instruction.rs1)] &+ i
                    let entry = unsafe tlb + TLB.index(address)
                    if unsafe _fastPath(entry.pointee.readTag == address & (~4095 | 7)) {
                        let value = unsafe UnsafePointer<UInt64>(
                            bitPattern: UInt(entry.pointee.addend &+ address)
                        )
                        .unsafelyUnwrapped.pointee
                        unsafe x[Int(instruction.rd)] = value
                    } else if !slowLoad(instruction, address) {
                        unsafe takeException(next, block)
                        return
                    }
                case .lbu:
                    let address = unsafe x[Int(instruction.rs1)] &+ i
                    let entry = unsafe tlb + TLB.index(address)
                    if unsafe _fastPath(entry.pointee.readTag == address & ~4095) {
                        let value = unsafe UnsafePointer<UInt8>(
                            bitPattern: UInt(entry.pointee.addend &+ address)
                        )
                        .unsafelyUnwrapped.pointee
                        unsafe x[Int(instruction.rd)] = UInt64(value)
                    } else if !slowLoad(instruction, address) {
                        unsafe takeException(next, block)
                        return
                    }
                case .lhu:
                    let address = unsafe x[Int(instruction.rs1)] &+ i
                    let entry = unsafe tlb + TLB.index(address)
                    if unsafe _fastPath(entry.pointee.readTag == address & (~4095 | 1)) {
                        let value = unsafe UnsafePointer<UInt16>(
                            bitPattern: UInt(entry.pointee.addend &+ address)
                        )
                        .unsafelyUnwrapped.pointee
                        unsafe x[Int(instruction.rd)] = UInt64(value)
                    } else if !slowLoad(instruction, address) {
                        unsafe takeException(next, block)
                        return
                    }
                case .lwu:
                    let address = unsafe x[Int(instruction.rs1)] &+ i
                    let entry = unsafe tlb + TLB.index(address)
                    if unsafe _fastPath(entry.pointee.readTag == address & (~4095 | 3)) {
                        let value = unsafe UnsafePointer<UInt32>(
                            bitPattern: UInt(entry.pointee.addend &+ address)
                        )
                        .unsafelyUnwrapped.pointee
                        unsafe x[Int(instruction.rd)] = UInt64(value)
                    } else if !slowLoad(instruction, address) {
                        unsafe takeException(next, block)
                        return
                    }
                case .sb:
                    let address = unsafe x[Int(instruction.rs1)] &+ i
                    let entry = unsafe tlb + TLB.index(address)
                    if unsafe _fastPath(entry.pointee.writeTag == address & ~4095) {
                        unsafe UnsafeMutablePointer<UInt8>(bitPattern: UInt(entry.pointee.addend &+ address))
                            .unsafelyUnwrapped.pointee = UInt8(truncatingIfNeeded: x[Int(instruction.rs2)])
                    } else if unsafe !slowStore(address, 1, x[Int(instruction.rs2)]) {
                        unsafe takeException(next, block)
                        return
                    }
                case .sh:
                    let address = unsafe x[Int(instruction.rs1)] &+ i
                    let entry = unsafe tlb + TLB.index(address)
                    if unsafe _fastPath(entry.pointee.writeTag == address & (~4095 | 1)) {
                        unsafe UnsafeMutablePointer<UInt16>(bitPattern: UInt(entry.pointee.addend &+ address))
                            .unsafelyUnwrapped.pointee = UInt16(truncatingIfNeeded: x[Int(instruction.rs2)])
                    } else if unsafe !slowStore(address, 2, x[Int(instruction.rs2)]) {
                        unsafe takeException(next, block)
                        return
                    }
                case .sw:
                    let address = unsafe x[Int(instruction.rs1)] &+ i
                    let entry = unsafe tlb + TLB.index(address)
                    if unsafe _fastPath(entry.pointee.writeTag == address & (~4095 | 3)) {
                        unsafe UnsafeMutablePointer<UInt32>(bitPattern: UInt(entry.pointee.addend &+ address))
                            .unsafelyUnwrapped.pointee = UInt32(truncatingIfNeeded: x[Int(instruction.rs2)])
                    } else if unsafe !slowStore(address, 4, x[Int(instruction.rs2)]) {
                        unsafe takeException(next, block)
                        return
                    }
                case .sd:
                    let address = unsafe x[Int(instruction.rs1)] &+ i
                    let entry = unsafe tlb + TLB.index(address)
                    if unsafe _fastPath(entry.pointee.writeTag == address & (~4095 | 7)) {
                        unsafe UnsafeMutablePointer<UInt64>(bitPattern: UInt(entry.pointee.addend &+ address))
                            .unsafelyUnwrapped.pointee = UInt64(truncatingIfNeeded: x[Int(instruction.rs2)])
                    } else if unsafe !slowStore(address, 8, x[Int(instruction.rs2)]) {
                        unsafe takeException(next, block)
                        return
                    }
                case .flw:
                    let address = unsafe x[Int(instruction.rs1)] &+ i
                    let entry = unsafe tlb + TLB.index(address)
                    if unsafe _fastPath(
                        entry.pointee.readTag == address & (~4095 | 3)
                            && context.pointee.mstatus & Status.fs != 0)
                    {
                        let value = unsafe UnsafePointer<UInt32>(
                            bitPattern: UInt(entry.pointee.addend &+ address)
                        )
                        .unsafelyUnwrapped.pointee
                        unsafe f[Int(instruction.rd)] = UInt64(value) | 0xffff_ffff_0000_0000
                        unsafe context.pointee.mstatus |= Status.fs
                    } else if unsafe !slowFloatLoad(instruction, address, next, block) {
                        unsafe takeException(next, block)
                        return
                    }
                case .fld:
                    let address = unsafe x[Int(instruction.rs1)] &+ i
                    let entry = unsafe tlb + TLB.index(address)
                    if unsafe _fastPath(
                        entry.pointee.readTag == address & (~4095 | 7)
                            && context.pointee.mstatus & Status.fs != 0)
                    {
                        let value = unsafe UnsafePointer<UInt64>(
                            bitPattern: UInt(entry.pointee.addend &+ address)
                        )
                        .unsafelyUnwrapped.pointee
                        unsafe f[Int(instruction.rd)] = value
                        unsafe context.pointee.mstatus |= Status.fs
                    } else if unsafe !slowFloatLoad(instruction, address, next, block) {
                        unsafe takeException(next, block)
                        return
                    }
                case .fsw:
                    let address = unsafe x[Int(instruction.rs1)] &+ i
                    let entry = unsafe tlb + TLB.index(address)
                    if unsafe _fastPath(
                        entry.pointee.writeTag == address & (~4095 | 3)
                            && context.pointee.mstatus & Status.fs != 0)
                    {
                        unsafe UnsafeMutablePointer<UInt32>(bitPattern: UInt(entry.pointee.addend &+ address))
                            .unsafelyUnwrapped.pointee = UInt32(truncatingIfNeeded: f[Int(instruction.rs2)])
                    } else if unsafe !slowFloatStore(instruction, address, next, block) {
                        unsafe takeException(next, block)
                        return
                    }
                case .fsd:
                    let address = unsafe x[Int(instruction.rs1)] &+ i
                    let entry = unsafe tlb + TLB.index(address)
                    if unsafe _fastPath(
                        entry.pointee.writeTag == address & (~4095 | 7)
                            && context.pointee.mstatus & Status.fs != 0)
                    {
                        unsafe UnsafeMutablePointer<UInt64>(bitPattern: UInt(entry.pointee.addend &+ address))
                            .unsafelyUnwrapped.pointee = UInt64(truncatingIfNeeded: f[Int(instruction.rs2)])
                    } else if unsafe !slowFloatStore(instruction, address, next, block) {
                        unsafe takeException(next, block)
                        return
                    }
                case .lui: unsafe x[Int(instruction.rd)] = i
                case .auipc: unsafe x[Int(instruction.rd)] = pc &+ i
                case .addi:
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = a &+ i
                case .slti:
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = Int64(bitPattern: a) < Int64(bitPattern: i) ? 1 : 0
                case .sltiu:
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = a < i ? 1 : 0
                case .xori:
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = a ^ i
                case .ori:
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = a | i
                case .andi:
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = a & i
                case .slli:
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = a &<< i
                case .srli:
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = a &>> i
                case .srai:
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = UInt64(
                        bitPattern: Int64(bitPattern: a) &>> Int64(bitPattern: i))
                case .addiw:
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = signed32(UInt32(truncatingIfNeeded: a &+ i))
                case .slliw:
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = signed32(
                        UInt32(truncatingIfNeeded: a) &<< UInt32(truncatingIfNeeded: i))
                case .srliw:
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = signed32(
                        UInt32(truncatingIfNeeded: a) &>> UInt32(truncatingIfNeeded: i))
                case .sraiw:
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = UInt64(
                        bitPattern: Int64(Int32(truncatingIfNeeded: a) &>> Int32(truncatingIfNeeded: i)))
                case .slliUW:
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = (a & 0xffff_ffff) &<< i
                case .rori:
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = a &>> i | a &<< (64 &- i)
                case .roriw:
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = signed32(
                        rotateRight(UInt32(truncatingIfNeeded: a), UInt32(truncatingIfNeeded: i)))
                case .bclri:
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = a & ~(1 &<< i)
                case .bexti:
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = a &>> i & 1
                case .binvi:
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = a ^ (1 &<< i)
                case .bseti:
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = a | (1 &<< i)
                case .clz:
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = UInt64(a.leadingZeroBitCount)
                case .ctz:
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = UInt64(a.trailingZeroBitCount)
                case .cpop:
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = UInt64(a.nonzeroBitCount)
                case .clzw:
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = UInt64(UInt32(truncatingIfNeeded: a).leadingZeroBitCount)
                case .ctzw:
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = UInt64(UInt32(truncatingIfNeeded: a).trailingZeroBitCount)
                case .cpopw:
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = UInt64(UInt32(truncatingIfNeeded: a).nonzeroBitCount)
                case .sextB:
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = UInt64(bitPattern: Int64(Int8(truncatingIfNeeded: a)))
                case .sextH:
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = UInt64(bitPattern: Int64(Int16(truncatingIfNeeded: a)))
                case .zextH:
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = a & 0xffff
                case .orcB:
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = orCombine(a)
                case .rev8:
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = a.byteSwapped
                case .add:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = a &+ b
                case .sub:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = a &- b
                case .sll:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = a &<< b
                case .slt:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = Int64(bitPattern: a) < Int64(bitPattern: b) ? 1 : 0
                case .sltu:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = a < b ? 1 : 0
                case .xor:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = a ^ b
                case .srl:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = a &>> b
                case .sra:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = UInt64(
                        bitPattern: Int64(bitPattern: a) &>> Int64(bitPattern: b))
                case .or:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = a | b
                case .and:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = a & b
                case .addw:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = signed32(UInt32(truncatingIfNeeded: a &+ b))
                case .subw:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = signed32(UInt32(truncatingIfNeeded: a &- b))
                case .sllw:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = signed32(
                        UInt32(truncatingIfNeeded: a) &<< UInt32(truncatingIfNeeded: b))
                case .srlw:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = signed32(
                        UInt32(truncatingIfNeeded: a) &>> UInt32(truncatingIfNeeded: b))
                case .sraw:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = UInt64(
                        bitPattern: Int64(Int32(truncatingIfNeeded: a) &>> Int32(truncatingIfNeeded: b)))
                case .mul:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = a &* b
                case .mulh:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = UInt64(
                        bitPattern: Int64(bitPattern: a).multipliedFullWidth(by: Int64(bitPattern: b)).high)
                case .mulhsu:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = highSignedUnsigned(a, b)
                case .mulhu:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = a.multipliedFullWidth(by: b).high
                case .div:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = divide(a, b)
                case .divu:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = b == 0 ? .max : a / b
                case .rem:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = remainder(a, b)
                case .remu:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = b == 0 ? a : a % b
                case .mulw:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = signed32(UInt32(truncatingIfNeeded: a &* b))
                case .divw:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = divideWord(a, b)
                case .divuw:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = divideWordUnsigned(a, b)
                case .remw:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = remainderWord(a, b)
                case .remuw:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = remainderWordUnsigned(a, b)
                case .addUW:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = (a & 0xffff_ffff) &+ b
                case .sh1add:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = a &<< 1 &+ b
                case .sh2add:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = a &<< 2 &+ b
                case .sh3add:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = a &<< 3 &+ b
                case .sh1addUW:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = (a & 0xffff_ffff) &<< 1 &+ b
                case .sh2addUW:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = (a & 0xffff_ffff) &<< 2 &+ b
                case .sh3addUW:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = (a & 0xffff_ffff) &<< 3 &+ b
                case .andn:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = a & ~b
                case .orn:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = a | ~b
                case .xnor:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = ~(a ^ b)
                case .max:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = Int64(bitPattern: a) < Int64(bitPattern: b) ? b : a
                case .maxu:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = a < b ? b : a
                case .min:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = Int64(bitPattern: a) < Int64(bitPattern: b) ? a : b
                case .minu:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = a < b ? a : b
                case .rol:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = a &<< b | a &>> (0 &- b)
                case .ror:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = a &>> b | a &<< (0 &- b)
                case .rolw:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = signed32(
                        rotateRight(UInt32(truncatingIfNeeded: a), 0 &- UInt32(truncatingIfNeeded: b)))
                case .rorw:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = signed32(
                        rotateRight(UInt32(truncatingIfNeeded: a), UInt32(truncatingIfNeeded: b)))
                case .clmul:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = carrylessMultiply(a, b).low
                case .clmulh:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = carrylessMultiply(a, b).high
                case .clmulr:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = carrylessReversed(a, b)
                case .bclr:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = a & ~(1 &<< b)
                case .bext:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = a &>> b & 1
                case .binv:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = a ^ (1 &<< b)
                case .bset:
                    let a = unsafe x[Int(instruction.rs1)]
                    let b = unsafe x[Int(instruction.rs2)]
                    unsafe x[Int(instruction.rd)] = a | (1 &<< b)
                case .fence: atomicMemoryFence(ordering: .sequentiallyConsistent)
                case .amo:
                    if !executeAtomic(UInt32(bitPattern: instruction.immediate)) {
                        unsafe takeException(next, block)
                        return
                    }
                case .float:
                    if !executeFloat(UInt32(bitPattern: instruction.immediate)) {
                        unsafe takeException(next, block)
                        return
                    }
                case .cbo:
                    if !executeCBO(UInt32(bitPattern: instruction.immediate)) {
                        unsafe takeException(next, block)
                        return
                    }
                case .ldLd:
                    let address = unsafe x[Int(instruction.rs1)] &+ i
                    let entry = unsafe tlb + TLB.index(address)
                    if unsafe _fastPath(entry.pointee.readTag == address & (~4095 | 7)) {
                        let value = unsafe UnsafePointer<UInt64>(
                            bitPattern: UInt(entry.pointee.addend &+ address)
                        )
                        .unsafelyUnwrapped.pointee
                        unsafe x[Int(instruction.rd)] = value
                    } else if !slowLoad(instruction, address) {
                        unsafe takeException(next, block)
                        return
                    }
                    let other = unsafe next.pointee
                    unsafe next += 1
                    let second = unsafe x[Int(other.rs1)] &+ UInt64(bitPattern: Int64(other.immediate))
                    let place = unsafe tlb + TLB.index(second)
                    if unsafe _fastPath(place.pointee.readTag == second & (~4095 | 7)) {
                        let value = unsafe UnsafePointer<UInt64>(
                            bitPattern: UInt(place.pointee.addend &+ second)
                        )
                        .unsafelyUnwrapped.pointee
                        unsafe x[Int(other.rd)] = value
                    } else if !slowLoad(other, second) {
                        unsafe takeException(next, block)
                        return
                    }
                case .sdSd:
                    let address = unsafe x[Int(instruction.rs1)] &+ i
                    let entry = unsafe tlb + TLB.index(address)
                    if unsafe _fastPath(entry.pointee.writeTag == address & (~4095 | 7)) {
                        unsafe UnsafeMutablePointer<UInt64>(bitPattern: UInt(entry.pointee.addend &+ address))
                            .unsafelyUnwrapped.pointee = x[Int(instruction.rs2)]
                    } else if unsafe !slowStore(address, 8, x[Int(instruction.rs2)]) {
                        unsafe takeException(next, block)
                        return
                    }
                    let other = unsafe next.pointee
                    unsafe next += 1
                    let second = unsafe x[Int(other.rs1)] &+ UInt64(bitPattern: Int64(other.immediate))
                    let place = unsafe tlb + TLB.index(second)
                    if unsafe _fastPath(place.pointee.writeTag == second & (~4095 | 7)) {
                        unsafe UnsafeMutablePointer<UInt64>(bitPattern: UInt(place.pointee.addend &+ second))
                            .unsafelyUnwrapped.pointee = x[Int(other.rs2)]
                    } else if unsafe !slowStore(second, 8, x[Int(other.rs2)]) {
                        unsafe takeException(next, block)
                        return
                    }
                case .lbuAddi:
                    let address = unsafe x[Int(instruction.rs1)] &+ i
                    let entry = unsafe tlb + TLB.index(address)
                    if unsafe _fastPath(entry.pointee.readTag == address & ~4095) {
                        let value = unsafe UnsafePointer<UInt8>(
                            bitPattern: UInt(entry.pointee.addend &+ address)
                        )
                        .unsafelyUnwrapped.pointee
                        unsafe x[Int(instruction.rd)] = UInt64(value)
                    } else if !slowLoad(instruction, address) {
                        unsafe takeException(next, block)
                        return
                    }
                    let other = unsafe next.pointee
                    unsafe next += 1
                    let a = unsafe x[Int(other.rs1)]
                    unsafe x[Int(other.rd)] = a &+ UInt64(bitPattern: Int64(other.immediate))
                case .slliXor:
                    let other = unsafe next.pointee
                    unsafe next += 1
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = a &<< i
                    let b = unsafe x[Int(other.rs1)]
                    let c = unsafe x[Int(other.rs2)]
                    unsafe x[Int(other.rd)] = b ^ c
                case .srliXor:
                    let other = unsafe next.pointee
                    unsafe next += 1
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = a &>> i
                    let b = unsafe x[Int(other.rs1)]
                    let c = unsafe x[Int(other.rs2)]
                    unsafe x[Int(other.rd)] = b ^ c
                case .slliAdd:
                    let other = unsafe next.pointee
                    unsafe next += 1
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = a &<< i
                    let b = unsafe x[Int(other.rs1)]
                    let c = unsafe x[Int(other.rs2)]
                    unsafe x[Int(other.rd)] = b &+ c
                case .slliSrli:
                    let other = unsafe next.pointee
                    unsafe next += 1
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = a &<< i
                    let b = unsafe x[Int(other.rs1)]
                    unsafe x[Int(other.rd)] = b &>> UInt64(bitPattern: Int64(other.immediate))
                case .addiBeq:
                    let branch = unsafe next.pointee
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = a &+ i
                    if unsafe x[Int(branch.rs1)] == x[Int(branch.rs2)] {
                        target = pc &+ UInt64(bitPattern: Int64(branch.immediate))
                        isTaken = true
                    } else {
                        target = unsafe pc &+ block.pointee.byteCount
                    }
                    break body
                case .addiBne:
                    let branch = unsafe next.pointee
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = a &+ i
                    if unsafe x[Int(branch.rs1)] != x[Int(branch.rs2)] {
                        target = pc &+ UInt64(bitPattern: Int64(branch.immediate))
                        isTaken = true
                    } else {
                        target = unsafe pc &+ block.pointee.byteCount
                    }
                    break body
                case .addiBltu:
                    let branch = unsafe next.pointee
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = a &+ i
                    if unsafe x[Int(branch.rs1)] < x[Int(branch.rs2)] {
                        target = pc &+ UInt64(bitPattern: Int64(branch.immediate))
                        isTaken = true
                    } else {
                        target = unsafe pc &+ block.pointee.byteCount
                    }
                    break body
                case .addBne:
                    let branch = unsafe next.pointee
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = a &+ x[Int(instruction.rs2)]
                    if unsafe x[Int(branch.rs1)] != x[Int(branch.rs2)] {
                        target = pc &+ UInt64(bitPattern: Int64(branch.immediate))
                        isTaken = true
                    } else {
                        target = unsafe pc &+ block.pointee.byteCount
                    }
                    break body
                case .andiBeq:
                    let branch = unsafe next.pointee
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = a & i
                    if unsafe x[Int(branch.rs1)] == x[Int(branch.rs2)] {
                        target = pc &+ UInt64(bitPattern: Int64(branch.immediate))
                        isTaken = true
                    } else {
                        target = unsafe pc &+ block.pointee.byteCount
                    }
                    break body
                case .andiBne:
                    let branch = unsafe next.pointee
                    let a = unsafe x[Int(instruction.rs1)]
                    unsafe x[Int(instruction.rd)] = a & i
                    if unsafe x[Int(branch.rs1)] != x[Int(branch.rs2)] {
                        target = pc &+ UInt64(bitPattern: Int64(branch.immediate))
                        isTaken = true
                    } else {
                        target = unsafe pc &+ block.pointee.byteCount
                    }
                    break body
                }
            }
            // A target that is known when the block is decoded: the link of the last time serves while it is right.
            let link = unsafe isTaken ? block.pointee.taken : block.pointee.fallThrough
            if let linked = unsafe link,
                unsafe linked.pointee.generation == now && linked.pointee.pc == target
            {
                unsafe block = linked
                continue
            }
            unsafe context.pointee.pc = target
            guard let found = unsafe lookUp(target, now) else { return }
            if isTaken {
                unsafe block.pointee.taken = found
            } else {
                unsafe block.pointee.fallThrough = found
            }
            unsafe block = found
        }
    }

    /// The block at `pc` from the jump cache; nil when the outer loop has to look.
    @inline(__always)
    private func lookUp(_ pc: UInt64, _ now: UInt64) -> UnsafeMutablePointer<Block>? {
        let index = Int(truncatingIfNeeded: (pc >> 1 ^ pc >> 13) & UInt64(Self.jumpCacheCount - 1))
        guard let block = unsafe jumpCache[index],
            unsafe block.pointee.pc == pc && block.pointee.generation == now
        else { return nil }
        return unsafe block
    }

    /// Address of the instruction before `next`.
    private func address(of next: UnsafeMutablePointer<Instruction>, in block: UnsafeMutablePointer<Block>)
        -> UInt64
    {
        let index = unsafe next - block.pointee.instructions - 1
        return unsafe block.pointee.pc &+ UInt64(block.pointee.offsets[index])
    }

    /// Takes the exception that the instruction before `next` has raised; it and what follows has not retired.
    @inline(never)
    private func takeException(
        _ next: UnsafeMutablePointer<Instruction>, _ block: UnsafeMutablePointer<Block>
    ) {
        let index = unsafe UInt64(next - block.pointee.instructions - 1)
        unsafe context.pointee.instret &-= block.pointee.count &- index
        unsafe context.pointee.pc = address(of: next, in: block)
        unsafe enterTrap(context.pointee.cause, isInterrupt: false, value: context.pointee.trapValue)
    }

    @inline(never)
    private func slowLoad(_ instruction: Instruction, _ address: UInt64) -> Bool {
        let size: UInt64
        switch instruction.operation {
        case .lb, .lbu, .lbuAddi: size = 1
        case .lh, .lhu: size = 2
        case .lw, .lwu: size = 4
        default: size = 8
        }
        guard let value = slowLoad(address, size) else { return false }
        let result: UInt64
        switch instruction.operation {
        case .lb: result = UInt64(bitPattern: Int64(Int8(truncatingIfNeeded: value)))
        case .lh: result = UInt64(bitPattern: Int64(Int16(truncatingIfNeeded: value)))
        case .lw: result = UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: value)))
        default: result = value
        }
        unsafe x[Int(instruction.rd)] = result
        return true
    }

    @inline(never)
    private func slowFloatLoad(
        _ instruction: Instruction, _ address: UInt64, _ next: UnsafeMutablePointer<Instruction>,
        _ block: UnsafeMutablePointer<Block>
    ) -> Bool {
        if floatIsOff { return unsafe illegal(rawWord(next, block)) }
        let isSingle = instruction.operation == .flw
        guard let value = slowLoad(address, isSingle ? 4 : 8) else { return false }
        unsafe f[Int(instruction.rd)] = isSingle ? value | 0xffff_ffff_0000_0000 : value
        markFloatDirty()
        return true
    }

    @inline(never)
    private func slowFloatStore(
        _ instruction: Instruction, _ address: UInt64, _ next: UnsafeMutablePointer<Instruction>,
        _ block: UnsafeMutablePointer<Block>
    ) -> Bool {
        if floatIsOff { return unsafe illegal(rawWord(next, block)) }
        return unsafe slowStore(address, instruction.operation == .fsw ? 4 : 8, f[Int(instruction.rs2)])
    }

    /// The bytes of the instruction before `next`, as an exception reports them.
    private func rawWord(_ next: UnsafeMutablePointer<Instruction>, _ block: UnsafeMutablePointer<Block>)
        -> UInt32
    {
        let index = unsafe next - block.pointee.instructions - 1
        let place = unsafe block.pointee.copy + Int(block.pointee.offsets[index])
        let half = unsafe place.load(as: UInt16.self)
        return half & 3 == 3 ? unsafe place.loadUnaligned(as: UInt32.self) : UInt32(half)
    }
}
