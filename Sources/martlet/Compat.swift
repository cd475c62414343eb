import ArgumentParser
import QAPI

/// `martlet compat`: which QEMU a guest can come from and go to, as the interoperation tests have seen it.
struct Compat: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print what is compatible with what, as tests with real QEMUs have seen it.")

    @Flag(help: "Print the table as JSON.")
    var json = false

    func run() throws {
        let bytes = PackageResources.compatibility_json
        if json {
            print(String(decoding: bytes, as: UTF8.self), terminator: "")
            return
        }
        let table = try JSONValue(parsing: bytes)
        let lines =
            [Self.columns]
            + (table["rows"]?.array ?? []).map { row in Self.columns.map { Self.cell(row[$0]) } }
        let widths = Self.columns.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        for line in lines {
            let cells = zip(line, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            print(cells.joined(separator: "  "))
        }
        for journey in table["journeys"]?.array ?? [] {
            print("\nOne guest went: \((journey.array ?? []).compactMap(\.string).joined(separator: " -> "))")
        }
        let versions = (table["peers"]?.object ?? [:]).compactMap(\.value.string)
        print(
            "\nSeen with: \((([table["martlet"]?.string].compactMap { $0 }) + versions).joined(separator: "; "))"
        )
    }

    /// Members of a row, and what is written above them.
    private static let columns = [
        "from", "to", "dialect", "guest", "harts", "transports", "virtio", "round-trips",
    ]

    private static func cell(_ value: JSONValue?) -> String {
        if let items = value?.array { return items.map { cell($0) }.joined(separator: ",") }
        if let number = value?.integer { return number == 0 ? "-" : String(number) }
        return value?.string ?? "-"
    }
}
