@testable import RISCV

/// The instructions of F and D that compute, in the order in which the recorded vectors number them.
enum FloatOperation: UInt8, CaseIterable {
    case faddS, faddD, fsubS, fsubD, fmulS, fmulD, fdivS, fdivD, fsqrtS, fsqrtD
    case fmaddS, fmaddD, fmsubS, fmsubD, fnmsubS, fnmsubD, fnmaddS, fnmaddD
    case fminS, fminD, fmaxS, fmaxD, feqS, feqD, fltS, fltD, fleS, fleD, fclassS, fclassD
    case fsgnjS, fsgnjD, fsgnjnS, fsgnjnD, fsgnjxS, fsgnjxD
    case fcvtWS, fcvtWD, fcvtWUS, fcvtWUD, fcvtLS, fcvtLD, fcvtLUS, fcvtLUD
    case fcvtSW, fcvtDW, fcvtSWU, fcvtDWU, fcvtSL, fcvtDL, fcvtSLU, fcvtDLU
    case fcvtSD, fcvtDS

    var isDouble: Bool { rawValue & 1 != 0 }
    /// The source is an x register.
    var takesInteger: Bool { (Self.fcvtSW.rawValue...Self.fcvtDLU.rawValue).contains(rawValue) }
    /// Register operands that count.
    var operandCount: Int {
        switch self {
        case .fmaddS, .fmaddD, .fmsubS, .fmsubD, .fnmsubS, .fnmsubD, .fnmaddS, .fnmaddD: 3
        case .fsqrtS, .fsqrtD, .fclassS, .fclassD: 1
        default: rawValue >= Self.fcvtWS.rawValue ? 1 : 2
        }
    }
    /// Results depend on the rounding mode.
    var rounds: Bool {
        switch self {
        case .fcvtDW, .fcvtDWU, .fcvtDS: false
        default: rawValue <= Self.fnmaddD.rawValue || rawValue >= Self.fcvtWS.rawValue
        }
    }

    /// What the instruction writes to its x or f register, given whole registers.
    func run(_ a: UInt64, _ b: UInt64, _ c: UInt64, _ rounding: UInt8, _ flags: inout UInt8) -> UInt64 {
        switch self {
        case .fcvtSD: box32(Binary32.fcvtFromD(a, rounding, &flags))
        case .fcvtDS: Binary64.fcvtFromS(unbox32(a), &flags)
        default:
            isDouble
                ? run(Binary64.self, a, b, c, x: a, rounding, &flags) { $0 }
                : run(Binary32.self, unbox32(a), unbox32(b), unbox32(c), x: a, rounding, &flags) { box32($0) }
        }
    }

    private func run<Format: BinaryFormat>(
        _: Format.Type, _ a: Format.Bits, _ b: Format.Bits, _ c: Format.Bits, x: UInt64, _ mode: UInt8,
        _ flags: inout UInt8, box: (Format.Bits) -> UInt64
    ) -> UInt64 {
        switch self {
        case .faddS, .faddD: box(Format.fadd(a, b, mode, &flags))
        case .fsubS, .fsubD: box(Format.fsub(a, b, mode, &flags))
        case .fmulS, .fmulD: box(Format.fmul(a, b, mode, &flags))
        case .fdivS, .fdivD: box(Format.fdiv(a, b, mode, &flags))
        case .fsqrtS, .fsqrtD: box(Format.fsqrt(a, mode, &flags))
        case .fmaddS, .fmaddD: box(Format.fmadd(a, b, c, mode, &flags))
        case .fmsubS, .fmsubD: box(Format.fmsub(a, b, c, mode, &flags))
        case .fnmsubS, .fnmsubD: box(Format.fnmsub(a, b, c, mode, &flags))
        case .fnmaddS, .fnmaddD: box(Format.fnmadd(a, b, c, mode, &flags))
        case .fminS, .fminD: box(Format.fmin(a, b, &flags))
        case .fmaxS, .fmaxD: box(Format.fmax(a, b, &flags))
        case .feqS, .feqD: Format.feq(a, b, &flags) ? 1 : 0
        case .fltS, .fltD: Format.flt(a, b, &flags) ? 1 : 0
        case .fleS, .fleD: Format.fle(a, b, &flags) ? 1 : 0
        case .fclassS, .fclassD: Format.fclass(a)
        case .fsgnjS, .fsgnjD: box(Format.fsgnj(a, b))
        case .fsgnjnS, .fsgnjnD: box(Format.fsgnjn(a, b))
        case .fsgnjxS, .fsgnjxD: box(Format.fsgnjx(a, b))
        case .fcvtWS, .fcvtWD: Format.fcvtToW(a, mode, &flags)
        case .fcvtWUS, .fcvtWUD: Format.fcvtToWU(a, mode, &flags)
        case .fcvtLS, .fcvtLD: Format.fcvtToL(a, mode, &flags)
        case .fcvtLUS, .fcvtLUD: Format.fcvtToLU(a, mode, &flags)
        case .fcvtSW, .fcvtDW: box(Format.fcvtFromW(x, mode, &flags))
        case .fcvtSWU, .fcvtDWU: box(Format.fcvtFromWU(x, mode, &flags))
        case .fcvtSL, .fcvtDL: box(Format.fcvtFromL(x, mode, &flags))
        case .fcvtSLU, .fcvtDLU: box(Format.fcvtFromLU(x, mode, &flags))
        case .fcvtSD, .fcvtDS: 0
        }
    }
}
