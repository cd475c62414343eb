import Bytes
import MigrationStream
import StreamCorpus
import Testing
import VMState

/// A destination's stream, whole, cut and changed; what each damage is refused with stands in Tests/Fixtures/damaged.
@Suite("Streams as a destination takes them")
struct DamagedStreamTests {
    @Test("a whole stream is taken")
    func whole() throws {
        let result = try SmallStream.receive(SmallStream.whole(), isComplete: true)
        #expect(result.counts == RAMCounts(normal: 1, zero: 2, flushes: 1))
        #expect(result.commands == [.openReturnPath, .ping(0x4D41_524C), .switchoverStart])
        #expect(result.descriptionLength == SmallStream.descriptionLength)
        #expect(result.pending == [])
    }

    @Test("a stream that is cut anywhere is refused where it was cut, without a trap")
    func truncations() {
        let bytes = SmallStream.whole()
        let end = bytes.count - 5 - Int(SmallStream.descriptionLength)
        for length in 0..<bytes.count {
            do throws(StreamError) {
                let result = try SmallStream.receive(Array(bytes[..<length]))
                // Cut right after the end, a stream is whole: the description may be left out.
                #expect(length == end && result.descriptionLength == nil, "cut at \(length)")
            } catch {
                if case .bytes(.endOfStream(_, _)) = error.reason {
                    #expect(error.offset == UInt64(length), "cut at \(length): \(error)")
                } else {
                    // Cut in the first bytes of a subsection, which then looks like a wrong footer.
                    #expect(
                        error.path == ["footer"] && error.found == "0x05" && length - Int(error.offset) < 8)
                }
            }
        }
    }

    @Test("a stream with any one byte changed never traps")
    func flips() {
        let bytes = SmallStream.whole()
        for index in bytes.indices where index < 200 || index > 4200 {
            for value: UInt8 in [0x00, 0x01, 0x05, 0x7E, 0x80, 0xFF] {
                var copy = bytes
                copy[index] = value
                _ = try? SmallStream.receive(copy)
            }
        }
    }
}
