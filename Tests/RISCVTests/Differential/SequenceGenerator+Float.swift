extension SequenceGenerator {
    private mutating func f() -> UInt32 { UInt32(below(32)) }

    /// Mostly dynamic, sometimes fixed, rarely reserved (which traps).
    private mutating func rounding() -> UInt32 {
        switch below(32) {
        case 0 where set.contains(.system): 5 + UInt32(below(2))
        case 1...16: UInt32(below(5))
        default: 7
        }
    }

    mutating func emitFloat(_ code: inout Assembler) {
        let format = UInt32(below(2))
        switch below(10) {
        case 0, 1, 2:
            code.r(0x53, rounding(), UInt32(below(4)) << 2 | format, f(), f(), f())
        case 3:
            code.word(
                f() << 27 | format << 25 | f() << 20 | f() << 15 | rounding() << 12 | f() << 7
                    | pick([0x43, 0x47, 0x4b, 0x4f]))
        case 4: code.r(0x53, rounding(), 0x0b << 2 | format, f(), f(), 0)
        case 5:
            if below(2) == 0 {
                code.r(0x53, UInt32(below(3)), 0x04 << 2 | format, f(), f(), f())
            } else {
                code.r(0x53, UInt32(below(2)), 0x05 << 2 | format, f(), f(), f())
            }
        case 6:
            if below(4) == 0 {
                code.r(0x53, 1, 0x1c << 2 | format, target(), f(), 0)  // fclass
            } else {
                code.r(0x53, UInt32(below(3)), 0x14 << 2 | format, target(), f(), f())
            }
        case 7: code.r(0x53, rounding(), 0x18 << 2 | format, target(), f(), UInt32(below(4)))
        case 8:
            if below(2) == 0 {
                code.r(0x53, rounding(), 0x1a << 2 | format, f(), source(), UInt32(below(4)))
            } else {
                code.r(0x53, rounding(), 0x08 << 2 | format, f(), f(), 1 - format)
            }
        default:
            if below(2) == 0 {
                code.r(0x53, 0, 0x1c << 2 | format, target(), f(), 0)  // fmv.x
            } else {
                code.r(0x53, 0, 0x1e << 2 | format, f(), source(), 0)  // fmv.f
            }
        }
    }

    mutating func emitZfa(_ code: inout Assembler) {
        let format = UInt32(below(2))
        switch below(5) {
        case 0: code.r(0x53, 0, 0x1e << 2 | format, f(), UInt32(below(32)), 1)  // fli
        case 1: code.r(0x53, 2 + UInt32(below(2)), 0x05 << 2 | format, f(), f(), f())  // fminm, fmaxm
        case 2:
            // fround, froundnx. QEMU drops one whose result nobody uses, flags and all: store it.
            let result = f()
            code.r(0x53, rounding(), 0x08 << 2 | format, result, f(), 4 + UInt32(below(2)))
            code.s(0x27, 3, 9, result, below(100) * 8)
        case 3: code.r(0x53, 4 + UInt32(below(2)), 0x14 << 2 | format, target(), f(), f())  // fleq, fltq
        default: code.r(0x53, 1, 0x18 << 2 | 1, target(), f(), 8)  // fcvtmod.w.d
        }
    }
}
