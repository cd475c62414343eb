import Glibc
import Testing

@testable import Files

/// Descriptors that others have opened.
@Suite struct DescriptorSetTests {
    private func pair() throws -> (reader: Int32, writer: Int32) {
        var ends: [Int32] = [-1, -1]
        try #require(unsafe pipe(&ends) == 0)
        return (ends[0], ends[1])
    }

    @Test("Sets get the lowest number that is free, or the one that is asked for")
    func numbers() throws {
        let sets = DescriptorSets()
        let (one, other) = (try pair(), try pair())
        #expect(sets.add(one.reader, to: nil) == 0)
        #expect(sets.add(one.writer, to: 0, note: "end") == 0)
        #expect(sets.add(other.reader, to: 7) == 7)
        #expect(sets.add(other.writer, to: nil) == 1)
        #expect(sets.all.map(\.number) == [0, 1, 7])
        #expect(sets.all.first?.members.map(\.note) == [nil, "end"])
        #expect(!sets.remove(nil, from: 2) && !sets.remove(99999, from: 0))
        #expect(sets.remove(one.reader, from: 0) && sets.remove(nil, from: 7))
        #expect(sets.all.map(\.number) == [0, 1])
    }

    @Test("What is opened is a copy of the descriptor that was opened for the same")
    func opens() throws {
        let sets = DescriptorSets()
        let (reader, writer) = try pair()
        _ = sets.add(reader, to: 3)
        _ = sets.add(writer, to: 3)
        let copy = sets.open(3, O_WRONLY)
        try #require(copy >= 0 && copy != writer)
        #expect(sets.open(3, O_RDWR) == -1 && errno == EACCES)
        #expect(sets.open(4, O_RDONLY) == -1 && errno == ENOENT)
        let other = sets.open(3, O_RDONLY)
        // The copy outlives the set.
        #expect(sets.remove(nil, from: 3))
        #expect(unsafe write(copy, "x", 1) == 1)
        var byte: UInt8 = 0
        #expect(unsafe read(other, &byte, 1) == 1 && byte == 0x78)
        for descriptor in [copy, other] { close(descriptor) }
    }

    @Test(
        "Only a set's own name is one",
        arguments: [
            ("/dev/fdset/12", 12), ("/dev/fdset/", nil), ("/dev/fdset/1x", nil), ("/dev/fdset/-1", nil),
            ("dev/fdset/1", nil), ("/dev/fdset/99999999999999999999", nil),
        ] as [(String, Int?)])
    func names(path: String, number: Int?) { #expect(DescriptorSets.number(of: path) == number) }

    @Test("There is an end to how many there can be")
    func limit() throws {
        let sets = DescriptorSets()
        for _ in 0..<DescriptorSets.limit { #expect(sets.add(dup(0), to: nil) != nil) }
        #expect(sets.add(0, to: nil) == nil)
    }
}
