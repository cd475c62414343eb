import MigrationStream
import Testing

@Suite("XBZRLE")
struct XBZRLETests {
    private func apply(_ delta: [UInt8], to page: [UInt8]) throws(XBZRLE.Problem) -> [UInt8] {
        var copy = page
        let result = unsafe copy.withUnsafeMutableBytes { target in
            unsafe delta.withUnsafeBytes { source -> XBZRLE.Problem? in
                do throws(XBZRLE.Problem) {
                    unsafe try XBZRLE.check(source, pageSize: target.count)
                    unsafe try XBZRLE.apply(source, to: target)
                    return nil
                } catch {
                    return error
                }
            }
        }
        if let result { throw result }
        return copy
    }

    @Test("writes runs of new bytes over the old page")
    func runs() throws {
        var expected: [UInt8] = Array(repeating: 9, count: 4096)
        expected[2016] = 0x2b
        expected[2352] = 0x04
        // Seen on the wire: skip 2016, write 2b, skip 335, write 04.
        let delta: [UInt8] = [0xe0, 0x0f, 0x01, 0x2b, 0xcf, 0x02, 0x01, 0x04]
        #expect(try apply(delta, to: Array(repeating: 9, count: 4096)) == expected)
        #expect(try apply([0, 2, 7, 8], to: [1, 2, 3]) == [7, 8, 3])
        #expect(try apply([1, 2, 7, 8], to: [1, 2, 3]) == [1, 7, 8])
        #expect(try apply([], to: [1, 2, 3]) == [1, 2, 3])
    }

    @Test(
        "refuses what cannot be, and says where",
        arguments: [
            ([1], 0, "1 byte to the end of the difference"),
            ([1, 1], 1, "1 byte to the end of the difference"),
            ([0x81, 0x80, 1, 1], 1, "a third byte"),
            ([5, 1, 1], 0, "one that ends at 5"),
            ([3, 2, 1, 1], 1, "one that ends at 5"),
            ([1, 3, 1, 1], 2, "2 to the end of the difference"),
            ([1, 0, 1], 1, "an empty one"),
            ([0, 1, 7, 0, 1, 7], 3, "an empty one"),
        ] as [([UInt8], Int, String)])
    func damaged(_ delta: [UInt8], _ offset: Int, _ found: String) {
        do throws(XBZRLE.Problem) {
            _ = try apply(delta, to: [1, 2, 3, 4])
            Issue.record("\(delta) was taken")
        } catch {
            #expect(error.offset == offset)
            #expect(error.found == found)
        }
    }

    private func encode(_ old: [UInt8], _ new: [UInt8]) -> [UInt8]? {
        var output = [UInt8](repeating: 0xEE, count: old.count)
        let length = unsafe output.withUnsafeMutableBytes { output in
            unsafe old.withUnsafeBytes { old in
                unsafe new.withUnsafeBytes { new in
                    unsafe XBZRLE.encode(
                        old: old.baseAddress.unsafelyUnwrapped, new: new.baseAddress.unsafelyUnwrapped,
                        count: old.count, into: output.baseAddress.unsafelyUnwrapped)
                }
            }
        }
        return length.map { Array(output[..<$0]) }
    }

    @Test("is written with the longest runs there are")
    func written() {
        let old = [UInt8](repeating: 9, count: 4096)
        var new = old
        #expect(encode(old, new) == [])
        new[2016] = 0x2b
        new[2352] = 0x04
        #expect(encode(old, new) == [0xe0, 0x0f, 0x01, 0x2b, 0xcf, 0x02, 0x01, 0x04])
        new[0] = 1
        new[4095] = 2
        #expect(
            encode(old, new) == [0, 1, 1, 0xdf, 0x0f, 1, 0x2b, 0xcf, 0x02, 1, 0x04, 0xce, 0x0d, 1, 0x02])
    }

    @Test("that is not shorter than the page is none")
    func tooLong() {
        let old = [UInt8](repeating: 9, count: 4096)
        #expect(encode(old, [UInt8](repeating: 1, count: 4096)) == nil)
        #expect(encode(old, (0..<4096).map { $0 % 2 == 0 ? 9 : 1 }) == nil)
        // After a run there must be room for another one's head, as QEMU has it.
        #expect(encode(old, [UInt8](repeating: 1, count: 4091) + [9, 9, 9, 9, 9])?.count == 4094)
        #expect(encode(old, [UInt8](repeating: 1, count: 4092) + [9, 9, 9, 9]) == nil)
    }

    @Test("that was written gives the new page when it is read")
    func roundTrip() throws {
        var generator = SystemRandomNumberGenerator()
        for changes in [1, 2, 3, 8, 40, 200, 700] {
            for _ in 0..<30 {
                let old = (0..<4096).map { _ in UInt8.random(in: 0...3, using: &generator) }
                var new = old
                for _ in 0..<changes {
                    let start = Int.random(in: 0..<4096, using: &generator)
                    let end = min(4096, start + Int.random(in: 1...12, using: &generator))
                    for at in start..<end { new[at] = UInt8.random(in: 0...3, using: &generator) }
                }
                guard let delta = encode(old, new) else { continue }
                try #require(try apply(delta, to: old) == new)
            }
        }
    }
}
