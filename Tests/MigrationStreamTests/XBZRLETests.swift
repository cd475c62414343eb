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
}
