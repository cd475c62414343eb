import Bytes
import Foundation
import Testing
import VMState

@Suite("Tables of the hart")
struct HartTablesTests {
    private func described<State>(
        _ table: VMStateDescription<State>, _ state: State, _ dialect: Dialect
    ) throws -> NSDictionary {
        var writer = VMStateWriter(dialect: dialect, version: table.version(for: dialect))
        let text = "{\(table.save(state, to: &writer).jsonMembers)}"
        return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? NSDictionary)
    }

    @Test(
        "Both sections of a hart are laid out as QEMU says",
        arguments: [
            (Dialect.qemu7_2, "hart-7.2"), (.qemu10_0, "hart-10.0"), (.qemu10_0_11, "hart-10.0.11"),
        ])
    func layouts(dialect: Dialect, fixture: String) throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/vmstate/\(fixture).json")
        let sections = try #require(
            try JSONSerialization.jsonObject(with: try Data(contentsOf: path)) as? [[String: Any]])
        let ours = [
            "cpu_common": try described(CPUCommonState.description, CPUCommonState(), dialect),
            "cpu": try described(CPUState.description, CPUState(), dialect),
        ]
        #expect(sections.count == 2)
        for var section in sections {
            let name = try #require(section.removeValue(forKey: "name") as? String)
            section.removeValue(forKey: "instance_id")
            #expect(ours[name] == section as NSDictionary, "\(name)")
        }
    }
}
