import Foundation
import Testing

/// The arrows of Documentation/Architecture.md: what each room may import of ours.
private let arrows: [String: Set<String>] = [
    "Bytes": [],
    "Threads": ["CPlatform"],
    "Files": ["CPlatform"],
    "QAPI": [],
    "QAPIGenerator": ["QAPI"],
    "qapi-gen": ["QAPI", "QAPIGenerator"],
    "QMP": ["QAPI", "Threads", "CPlatform"],
    "VMState": ["Bytes"],
    "MigrationStream": ["Bytes", "VMState", "CZlib", "CZstd"],
    "Workbench": ["MigrationStream", "VMState", "QAPI", "Bytes"],
    "GuestMemory": ["Bytes", "Files", "CPlatform"],
    "RISCV": ["GuestMemory", "VMState", "Bytes", "CPlatform"],
    "Devices": ["VMState", "GuestMemory", "BlockImages", "Bytes", "Threads", "Files", "CPlatform", "CSlirp"],
    "BlockImages": ["Bytes", "Files", "CPlatform"],
    "Transport": ["Bytes", "Threads", "Files", "CPlatform", "CGnuTLS"],
    "Migration": [
        "QAPI", "MigrationStream", "VMState", "GuestMemory", "Transport", "Bytes", "Threads", "CPlatform",
    ],
    "Machine": [
        "RISCV", "Devices", "BlockImages", "Migration", "MigrationStream", "Transport", "VMState",
        "GuestMemory", "QAPI", "Bytes", "Threads", "Files", "CPlatform",
    ],
]

/// Rooms that may use Foundation.
private let foundationRooms: Set<String> = ["QMP", "martlet"]

/// Modules from outside that a room may import besides Glibc and Synchronization.
private let outside: [String: Set<String>] = [
    "QMP": ["NIOCore", "NIOPosix", "Logging", "NIOFoundationCompat", "NIOConcurrencyHelpers"]
]

private let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// Every file below a folder of the package whose name ends in one of the suffixes: its path and its text.
private func files(in folder: String, _ suffixes: [String]) throws -> [(path: String, text: String)] {
    let base = root.appending(path: folder)
    let names = try FileManager.default.subpathsOfDirectory(atPath: base.path)
    return try names.filter { name in suffixes.contains { name.hasSuffix($0) } }.map { name in
        ("\(folder)/\(name)", try String(contentsOf: base.appending(path: name), encoding: .utf8))
    }
}

/// The modules that a Swift file imports, by its lines that begin so.
private func imports(of text: String) -> [String] {
    text.split(separator: "\n").compactMap { line in
        let code = line.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)[0]
        var words = code.split(separator: " ").filter { !$0.hasPrefix("@") }[...]
        if let first = words.first,
            ["public", "package", "internal", "fileprivate", "private"].contains(first)
        {
            words = words.dropFirst()
        }
        guard words.first == "import", let module = words.last, !line.hasPrefix(" ") else { return nil }
        return module.split(separator: ".").first.map(String.init)
    }
}

@Test("A room imports only what its arrows point at", arguments: arrows.keys.sorted())
func arrowsHold(room: String) throws {
    let system: Set<String> = ["Glibc", "Synchronization", "Builtin"]
    let foundation: Set<String> = foundationRooms.contains(room) ? ["Foundation"] : []
    let allowed = (arrows[room] ?? []).union(system).union(foundation).union(outside[room] ?? [])
    let sources = try files(in: "Sources/\(room)", [".swift"])
    #expect(!sources.isEmpty)
    for file in sources {
        for module in imports(of: file.text) {
            #expect(allowed.contains(module), "\(file.path) imports \(module)")
        }
    }
}

@Test("Every folder of Sources is a room of the plan")
func everyFolderIsKnown() throws {
    let folders = try FileManager.default.contentsOfDirectory(atPath: root.appending(path: "Sources").path)
    let known = Set(arrows.keys).union(["CGnuTLS", "CPlatform", "CSlirp", "CZlib", "CZstd", "martlet"])
    #expect(Set(folders).subtracting(known) == [])
}

@Test("No source names a path of the machine it was written on")
func noPathsOfOneMachine() throws {
    let forbidden = ["/wo" + "rk/", "/ro" + "ot/", "/home" + "/"]
    for folder in ["Sources", "Tests", "Scripts", "Benchmarks", "Guests"] {
        for file in try files(in: folder, [".swift", ".py", ".c", ".h", ".S", "Makefile"]) {
            for word in forbidden {
                #expect(file.text.range(of: word, options: .literal) == nil, "\(file.path) names \(word)")
            }
        }
    }
}

@Test("The imports of a file are found whatever stands before them")
func importLines() {
    let text = """
        import Bytes
        public import VMState
        @testable import Devices
        @preconcurrency package import struct QAPI.Command
        // import Nothing
        import CSlirp  // for its header
        """
    #expect(imports(of: text) == ["Bytes", "VMState", "Devices", "QAPI", "CSlirp"])
}
