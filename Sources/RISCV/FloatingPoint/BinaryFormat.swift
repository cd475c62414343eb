/// An IEEE 754 binary interchange format, as the F and D extensions compute with it: raw bit patterns in, raw bit
/// patterns out, exceptions OR-ed into the caller's `fflags`.
///
/// `rounding` is always a resolved mode (``RoundingMode``, never "dynamic"). NaN boxing is the caller's affair
/// (``box32(_:)``). No function here traps, whatever its operands. Source: unprivileged manual, chapters F, D and Zfa.
protocol BinaryFormat {
    associatedtype Bits: FixedWidthInteger & UnsignedInteger & Sendable
    /// The host's type of the same format, for operations that the host provably does alike.
    associatedtype Host: BinaryFloatingPoint

    static var fractionBits: Int { get }
    static var exponentBits: Int { get }

    static func host(_ bits: Bits) -> Host
    static func bits(_ host: Host) -> Bits
}

/// Single precision: F.
enum Binary32: BinaryFormat {
    static var fractionBits: Int { @inline(__always) get { 23 } }
    static var exponentBits: Int { @inline(__always) get { 8 } }

    @inline(__always) static func host(_ bits: UInt32) -> Float { Float(bitPattern: bits) }
    @inline(__always) static func bits(_ host: Float) -> UInt32 { host.bitPattern }
}

/// Double precision: D.
enum Binary64: BinaryFormat {
    static var fractionBits: Int { @inline(__always) get { 52 } }
    static var exponentBits: Int { @inline(__always) get { 11 } }

    @inline(__always) static func host(_ bits: UInt64) -> Double { Double(bitPattern: bits) }
    @inline(__always) static func bits(_ host: Double) -> UInt64 { host.bitPattern }
}

extension BinaryFormat {
    static var bias: Int { @inline(__always) get { (1 &<< (exponentBits &- 1)) &- 1 } }
    /// Exponent field of infinities and NaNs.
    static var exponentMask: Int { @inline(__always) get { (1 &<< exponentBits) &- 1 } }
    static var signBit: Bits { @inline(__always) get { 1 &<< Bits(truncatingIfNeeded: Bits.bitWidth &- 1) } }
    static var magnitudeMask: Bits { @inline(__always) get { ~signBit } }
    static var infinity: Bits {
        @inline(__always) get {
            Bits(truncatingIfNeeded: exponentMask) &<< Bits(truncatingIfNeeded: fractionBits)
        }
    }
    /// Top bit of the fraction: set in quiet NaNs.
    static var quietBit: Bits { @inline(__always) get { 1 &<< Bits(truncatingIfNeeded: fractionBits &- 1) } }
    /// The only NaN that arithmetic gives: positive, quiet, no payload.
    static var canonicalNaN: Bits { @inline(__always) get { infinity | quietBit } }

    @inline(__always) static func isNaN(_ a: Bits) -> Bool { a & magnitudeMask > infinity }
    @inline(__always) static func isSignalingNaN(_ a: Bits) -> Bool { isNaN(a) && a & quietBit == 0 }
    @inline(__always) static func isNegative(_ a: Bits) -> Bool { a & signBit != 0 }
    @inline(__always) static func isZero(_ a: Bits) -> Bool { a & magnitudeMask == 0 }
    @inline(__always) static func signed(_ magnitude: Bits, _ negative: Bool) -> Bits {
        negative ? magnitude | signBit : magnitude
    }
}

/// Bits of `fflags`. Source: unprivileged manual, chapter F, "Floating-Point Control and Status Register".
enum FloatException {
    static let inexact: UInt8 = 1
    static let underflow: UInt8 = 2
    static let overflow: UInt8 = 4
    static let divideByZero: UInt8 = 8
    static let invalid: UInt8 = 16
}

/// Values of `rm` and `frm`, dynamic resolved. Anything else rounds to nearest even: the decoder refuses it before.
enum RoundingMode {
    static let nearestEven: UInt8 = 0
    static let towardZero: UInt8 = 1
    static let down: UInt8 = 2
    static let up: UInt8 = 3
    static let nearestMaxMagnitude: UInt8 = 4
}
