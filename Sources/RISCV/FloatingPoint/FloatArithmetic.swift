/// The instructions' entry points. Where the host provably gives the same bits and raises nothing new it computes;
/// everywhere else the integer code does.
///
/// The proof: the host rounds correctly to nearest even and keeps subnormals (Swift never changes that). A result
/// that is normal and above the smallest normal number then comes of no invalid operation (NaN), no division by zero
/// and no overflow (infinity), and was not tiny: only `inexact` can be new, and it is already in `flags`.
extension BinaryFormat {
    @inline(__always) static func mayUseHost(_ rounding: UInt8, _ flags: UInt8) -> Bool {
        rounding == RoundingMode.nearestEven && flags & FloatException.inexact != 0
    }

    /// Finite, normal, and not of the lowest binade.
    @inline(__always) static func isWellInside(_ result: Bits) -> Bool {
        let field = Int(
            truncatingIfNeeded: (result & magnitudeMask) &>> Bits(truncatingIfNeeded: fractionBits))
        return UInt(bitPattern: field &- 2) < UInt(bitPattern: exponentMask &- 2)
    }

    @inline(__always) static func fadd(
        _ a: Bits, _ b: Bits, _ rounding: UInt8, _ flags: inout UInt8
    ) -> Bits {
        if _fastPath(mayUseHost(rounding, flags)) {
            let result = bits(host(a) + host(b))
            if _fastPath(isWellInside(result)) { return result }
        }
        return softAdd(a, b, rounding, &flags)
    }

    @inline(__always) static func fsub(
        _ a: Bits, _ b: Bits, _ rounding: UInt8, _ flags: inout UInt8
    ) -> Bits {
        if _fastPath(mayUseHost(rounding, flags)) {
            let result = bits(host(a) - host(b))
            if _fastPath(isWellInside(result)) { return result }
        }
        return softAdd(a, b ^ signBit, rounding, &flags)
    }

    @inline(__always) static func fmul(
        _ a: Bits, _ b: Bits, _ rounding: UInt8, _ flags: inout UInt8
    ) -> Bits {
        if _fastPath(mayUseHost(rounding, flags)) {
            let result = bits(host(a) * host(b))
            if _fastPath(isWellInside(result)) { return result }
        }
        return softMultiply(a, b, rounding, &flags)
    }

    @inline(__always) static func fdiv(
        _ a: Bits, _ b: Bits, _ rounding: UInt8, _ flags: inout UInt8
    ) -> Bits {
        if _fastPath(mayUseHost(rounding, flags)) {
            let result = bits(host(a) / host(b))
            if _fastPath(isWellInside(result)) { return result }
        }
        return softDivide(a, b, rounding, &flags)
    }

    @inline(__always) static func fsqrt(_ a: Bits, _ rounding: UInt8, _ flags: inout UInt8) -> Bits {
        if _fastPath(mayUseHost(rounding, flags)) {
            let result = bits(host(a).squareRoot())
            if _fastPath(isWellInside(result)) { return result }
        }
        return softSquareRoot(a, rounding, &flags)
    }

    /// `fmadd`: `a` · `b` + `c`, rounded once.
    @inline(__always) static func fmadd(
        _ a: Bits, _ b: Bits, _ c: Bits, _ rounding: UInt8, _ flags: inout UInt8
    ) -> Bits {
        if _fastPath(mayUseHost(rounding, flags)) {
            // The C library's fma where the processor has none: slower, and still rounded once.
            let result = bits(host(c).addingProduct(host(a), host(b)))
            if _fastPath(isWellInside(result)) { return result }
        }
        return softMultiplyAdd(a, b, c, rounding, &flags)
    }

    /// `fmsub`: `a` · `b` − `c`.
    @inline(__always) static func fmsub(
        _ a: Bits, _ b: Bits, _ c: Bits, _ rounding: UInt8, _ flags: inout UInt8
    ) -> Bits {
        fmadd(a, b, c ^ signBit, rounding, &flags)
    }

    /// `fnmsub`: −(`a` · `b`) + `c`.
    @inline(__always) static func fnmsub(
        _ a: Bits, _ b: Bits, _ c: Bits, _ rounding: UInt8, _ flags: inout UInt8
    ) -> Bits {
        fmadd(a ^ signBit, b, c, rounding, &flags)
    }

    /// `fnmadd`: −(`a` · `b`) − `c`.
    @inline(__always) static func fnmadd(
        _ a: Bits, _ b: Bits, _ c: Bits, _ rounding: UInt8, _ flags: inout UInt8
    ) -> Bits {
        fmadd(a ^ signBit, b, c ^ signBit, rounding, &flags)
    }
}

extension Binary32 {
    /// `fcvt.s.d`.
    @inline(__always) static func fcvtFromD(_ a: UInt64, _ rounding: UInt8, _ flags: inout UInt8) -> UInt32 {
        if _fastPath(mayUseHost(rounding, flags)) {
            let result = Float(Double(bitPattern: a)).bitPattern
            if _fastPath(isWellInside(result)) { return result }
        }
        return softFromD(a, rounding, &flags)
    }
}
