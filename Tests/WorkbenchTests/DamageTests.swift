import Foundation
import MigrationStream
import StreamCorpus
import Testing

/// Each damage has exactly one explanation, kept in Tests/Fixtures/damaged. MARTLET_UPDATE=1 writes the file anew: read
/// what has changed.
@Suite("Damaged streams")
struct DamageTests {
    @Test("are refused with a text that says what, where, why and what to do")
    func explanations() throws {
        var text = ""
        for damage in Damage.all {
            let error = damage.explanation()
            text += "\(damage.name)\n    \(error.map(\.description) ?? "taken")\n\n"
        }
        let (found, kept) = try paragraphs(text, keptIn: "streams.txt")
        for (found, kept) in zip(found, kept) { #expect(found == kept) }
        #expect(found.count == kept.count)
    }

    @Test("have names that say which is which")
    func names() {
        let names = Damage.all.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(names.count >= 200)
    }

    @Test("have all parts of an explanation", arguments: Damage.all)
    func parts(_ damage: Damage) throws {
        let error = try #require(damage.explanation(), "\(damage.name) was taken")
        #expect(damage.reader == .workbench || error.side == .destination)
        #expect(error.phase != nil)
        #expect(!error.path.isEmpty || error.section != nil)
        #expect(!error.expected.isEmpty && !error.found.isEmpty)
        #expect(!error.cause.isEmpty && !error.remedy.isEmpty)
        #expect(error.offset <= UInt64(damage.channels.map(\.count).max() ?? 0))
    }

    /// Where a fuzzer may start: MARTLET_SEEDS names a folder.
    @Test(
        "are written to a folder", .enabled(if: ProcessInfo.processInfo.environment["MARTLET_SEEDS"] != nil))
    func seeds() throws {
        let folder = URL(
            filePath: try #require(ProcessInfo.processInfo.environment["MARTLET_SEEDS"]))
        for (index, damage) in Damage.all.enumerated() {
            let bytes = damage.channels.joined(separator: Array("CUT!".utf8))
            try Data(bytes).write(to: folder.appending(path: "damage-\(index)"))
        }
    }

    @Test("whose first bytes alone come are refused where they end, or taken")
    func prefixes() {
        for damage in Damage.all {
            let bytes = damage.main
            for length in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 40)) {
                var cut = damage
                cut.main = Array(bytes[..<length])
                _ = cut.explanation()
            }
        }
    }
}
