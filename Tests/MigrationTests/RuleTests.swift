import Glibc
import Testing

@testable import Migration
@testable import QAPI

/// What QEMU 10.0.2 said to capabilities and parameters that were set, one after the other.
private struct RecordedSetting {
    /// Nothing was set before.
    var isFresh: Bool
    var set: JSONValue
    var error: String?

    static func all() throws -> [RecordedSetting] {
        let folder = #filePath.split(separator: "/").dropLast(2).reduce("") { $0 + "/" + $1 }
        guard let file = unsafe fopen("\(folder)/Fixtures/qmp/rules.jsonl", "r") else { return [] }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        while case let byte = unsafe fgetc(file), byte != EOF {
            bytes.append(UInt8(truncatingIfNeeded: byte))
        }
        return try String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { line in
            let json = try JSONValue(parsing: String(line))
            return RecordedSetting(
                isFresh: json["fresh"] != nil, set: try #require(json["set"]), error: json["error"]?.string)
        }
    }
}

@Suite("Rules of capabilities and parameters")
struct RuleTests {
    /// Does what was asked for, whether it is built or not; the error's text if it is refused.
    private func apply(_ set: JSONValue, _ settings: inout MigrationSettings) -> String? {
        do {
            var copy = settings
            if set.array != nil {
                for item in try [MigrationCapabilityStatus](json: set, at: .root) {
                    copy[item.capability] = item.state
                }
                let request = CapabilityRule.Request(
                    before: settings.capabilities, after: copy, isListening: false)
                if let refusal = CapabilityRule.refusal(request) { return refusal }
            } else {
                var reader = MemberReader(set.object ?? [:], at: .root, refusesNotBuilt: false)
                copy.take(try MigrateSetParameters(reading: &reader))
                try reader.finish()
                try copy.check()
            }
            settings = copy
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test("what QEMU refused is refused in the same words, and what it took is taken")
    func recorded() throws {
        var settings = MigrationSettings()
        let recorded = try RecordedSetting.all()
        #expect(recorded.count > 100)
        for line in recorded {
            if line.isFresh { settings.capabilities = [] }
            let before = settings
            let found = apply(line.set, &settings)
            #expect(found == line.error, "\(line.set)")
            if found != nil { #expect(settings == before) }
        }
    }

    static let ofVersion8: [([MigrationCapability], String)] = [
        ([.multifd, .compress], "Multifd is not compatible with compress"),
        ([.xbzrle, .compress], "Compression is not compatible with xbzrle"),
        ([.backgroundSnapshot, .compress], "Background-snapshot is not compatible with compress"),
        ([.backgroundSnapshot, .zeroCopySend], "Background-snapshot is not compatible with zero-copy-send"),
        ([.postcopyRam, .postcopyPreempt, .compress], "Postcopy preempt not compatible with compress"),
        (
            [.dirtyLimit, .autoConverge],
            "dirty-limit conflicts with auto-converge either of then available currently"
        ),
        // The first rule of the order is the one that is told.
        (
            [.postcopyRam, .multifd, .xbzrle, .xIgnoreShared],
            "Postcopy is not compatible with ignore-shared"
        ),
    ]

    @Test("pairs that QEMU 10 no longer has", arguments: ofVersion8)
    func pairs(_ capabilities: [MigrationCapability], _ text: String) {
        var settings = MigrationSettings()
        settings.capabilities = Set(capabilities)
        #expect(CapabilityRule.refusal(.init(before: [], after: settings, isListening: false)) == text)
    }

    @Test("connections that are made for the whole migration are asked for before one listens")
    func listening() {
        var settings = MigrationSettings()
        settings.capabilities = [.multifd, .postcopyRam, .postcopyPreempt]
        settings[.multifd] = false
        #expect(
            CapabilityRule.refusal(.init(before: [], after: settings, isListening: true))
                == "Postcopy preempt must be set before incoming starts")
        settings.capabilities = [.multifd]
        #expect(
            CapabilityRule.refusal(.init(before: [], after: settings, isListening: true))
                == "Multifd must be set before incoming starts")
        // Unchanged, it is no news.
        #expect(CapabilityRule.refusal(.init(before: [.multifd], after: settings, isListening: true)) == nil)
    }

    static let parametersOfVersion8: [(MigrateSetParameters, String)] = [
        (.init(compressLevel: 10), "Parameter 'compress_level' expects a value between 0 and 9"),
        (.init(compressThreads: 0), "Parameter 'compress_threads' expects a value between 1 and 255"),
        (.init(decompressThreads: 0), "Parameter 'decompress_threads' expects a value between 1 and 255"),
        // Two are wrong: the first of QEMU's order is told.
        (
            .init(announceStep: 0, cpuThrottleInitial: 0),
            "Parameter 'cpu_throttle_initial' expects an integer in the range of 1 to 99"
        ),
    ]

    @Test("parameters that QEMU 10 no longer has, and the order", arguments: parametersOfVersion8)
    func parameters(_ given: MigrateSetParameters, _ text: String) {
        var settings = MigrationSettings()
        settings.take(given)
        #expect(throws: MigrationError(text)) { try settings.check() }
    }

    @Test("every parameter has its row, and comes back as it was set")
    func rows() throws {
        #expect(
            ParameterRow.all.map(\.name).sorted { $0.rawValue < $1.rawValue }
                == MigrationParameter.allCases.sorted { $0.rawValue < $1.rawValue })
        // What is told is what is built.
        let told = try #require(MigrationSettings().parameters.json.object)
        #expect(
            Set(told.map(\.key))
                == Set(MigrationParameter.allCases.filter(\.isBuilt).map(\.rawValue))
                .subtracting(["block-bitmap-mapping"]))
        // A row that wrote one parameter's value into another's place would show here.
        var all = MigrationParameters()
        for row in ParameterRow.all { row.tell(MigrationSettings(), &all) }
        for (name, value) in try #require(all.json.object) {
            let other: JSONValue =
                switch value {
                case .bool(let isOn): .bool(!isOn)
                case .integer(let number): .integer(number + 1)
                case .string:
                    name == "mode" ? "cpr-reboot" : name == "multifd-compression" ? "zstd" : "martlet"
                default: value
                }
            var reader = MemberReader([name: other], at: .root, refusesNotBuilt: false)
            var settings = MigrationSettings()
            settings.take(try MigrateSetParameters(reading: &reader))
            var found = MigrationParameters()
            for row in ParameterRow.all { row.tell(settings, &found) }
            var expected = try #require(all.json.object)
            expected[name] = other
            #expect(found.json == .object(expected))
        }
    }
}
