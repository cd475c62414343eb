/// Upper half of an f register that holds a single: all ones. Source: unprivileged manual, chapter D, "NaN Boxing of
/// Narrower Values".
let nanBox: UInt64 = 0xffff_ffff_0000_0000

/// What an f register holds after an instruction with a single-precision result, `flw` or `fmv.w.x`.
@inline(__always) func box32(_ single: UInt32) -> UInt64 { nanBox | UInt64(single) }

/// The single-precision operand in an f register: the canonical NaN if it is not boxed. Not for `fsw` and `fmv.x.w`,
/// which take the low half as it is.
@inline(__always) func unbox32(_ register: UInt64) -> UInt32 {
    register >= nanBox ? UInt32(truncatingIfNeeded: register) : Binary32.canonicalNaN
}
