extension XBZRLE {
    /// Writes a page as the difference to what it was; runs are as long as they can be.
    ///
    /// - Parameters:
    ///   - old: what the receiver has.
    ///   - new: the page, which must not change meanwhile; both a multiple of 8 bytes and at most 16383.
    ///   - output: room for as many bytes.
    /// - Returns: bytes of `output` in use, 0 when the page has not changed, nil when the difference is not shorter.
    public static func encode(
        old: UnsafeRawPointer, new: UnsafeRawPointer, count: Int, into output: UnsafeMutableRawPointer
    ) -> Int? {
        var at = 0
        var used = 0
        while at < count {
            guard used + 2 <= count else { return nil }
            let same = unsafe at..<firstDifference(old, new, at, count)
            if same.upperBound == count { return used }
            unsafe put(same.count, output, &used)
            guard used + 2 <= count else { return nil }
            let changed = unsafe same.upperBound..<firstEqual(old, new, same.upperBound, count)
            unsafe put(changed.count, output, &used)
            guard used + changed.count <= count else { return nil }
            unsafe (output + used).copyMemory(from: new + changed.lowerBound, byteCount: changed.count)
            used += changed.count
            at = changed.upperBound
        }
        return used
    }

    @inline(__always)
    private static func put(_ length: Int, _ output: UnsafeMutableRawPointer, _ used: inout Int) {
        if length < 0x80 {
            unsafe output.storeBytes(of: UInt8(length), toByteOffset: used, as: UInt8.self)
            used += 1
        } else {
            let bytes = UInt16(length & 0x7F | 0x80) | UInt16(length >> 7) << 8
            unsafe output.storeBytes(of: bytes.littleEndian, toByteOffset: used, as: UInt16.self)
            used += 2
        }
    }

    /// Which bytes of eight differ: bits of the first byte are the lowest.
    @inline(__always)
    private static func difference(_ old: UnsafeRawPointer, _ new: UnsafeRawPointer, _ at: Int) -> UInt64 {
        unsafe UInt64(littleEndian: old.loadUnaligned(fromByteOffset: at, as: UInt64.self))
            ^ UInt64(littleEndian: new.loadUnaligned(fromByteOffset: at, as: UInt64.self))
    }

    /// The first byte from `start` on that is not what it was, `count` when there is none.
    @inline(__always)
    private static func firstDifference(
        _ old: UnsafeRawPointer, _ new: UnsafeRawPointer, _ start: Int, _ count: Int
    ) -> Int {
        var at = start
        if at + 8 <= count {
            let bits = unsafe difference(old, new, at)
            if bits != 0 { return at + bits.trailingZeroBitCount / 8 }
            at = (at + 8) & ~7
        }
        // Most of a page is as it was: eight words at a time.
        while at + 64 <= count {
            var any: UInt64 = 0
            var word = 0
            while word < 64 {
                any |= unsafe difference(old, new, at &+ word)
                word &+= 8
            }
            if any != 0 { break }
            at += 64
        }
        while at + 8 <= count {
            let bits = unsafe difference(old, new, at)
            if bits != 0 { return at + bits.trailingZeroBitCount / 8 }
            at += 8
        }
        while at < count {
            if unsafe old.load(fromByteOffset: at, as: UInt8.self)
                != new.load(fromByteOffset: at, as: UInt8.self)
            {
                return at
            }
            at += 1
        }
        return count
    }

    /// The first byte from `start` on that is what it was, `count` when there is none.
    @inline(__always)
    private static func firstEqual(
        _ old: UnsafeRawPointer, _ new: UnsafeRawPointer, _ start: Int, _ count: Int
    ) -> Int {
        var at = start
        while at + 8 <= count {
            let bits = unsafe difference(old, new, at)
            // The lowest byte of zeros is found exactly; what is carried into the bytes above it does not matter.
            let zeros = (bits &- 0x0101_0101_0101_0101) & ~bits & 0x8080_8080_8080_8080
            if zeros != 0 { return at + zeros.trailingZeroBitCount / 8 }
            at += 8
        }
        while at < count {
            if unsafe old.load(fromByteOffset: at, as: UInt8.self)
                == new.load(fromByteOffset: at, as: UInt8.self)
            {
                return at
            }
            at += 1
        }
        return count
    }
}
