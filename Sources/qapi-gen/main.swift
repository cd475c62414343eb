// Writes Sources/QAPI/Generated from Schema/martlet.json. Run it at the package's root: `swift run qapi-gen`.

import Glibc
import QAPIGenerator

/// The contents of a file, or the end of the program.
func read(_ path: String) -> String {
    guard let file = unsafe fopen(path, "r") else { fail("\(path): cannot be read") }
    defer { unsafe fclose(file) }
    var bytes: [UInt8] = []
    while case let byte = unsafe fgetc(file), byte != EOF { bytes.append(UInt8(truncatingIfNeeded: byte)) }
    return String(decoding: bytes, as: UTF8.self)
}

func write(_ text: String, to path: String) {
    guard let file = unsafe fopen(path, "w") else { fail("\(path): cannot be written") }
    let isWritten = unsafe fputs(text, file) >= 0
    guard unsafe fclose(file) == 0, isWritten else { fail("\(path): cannot be written") }
}

func fail(_ message: String) -> Never {
    _ = unsafe "qapi-gen: \(message)\n".withCString { unsafe Glibc.write(2, $0, strlen($0)) }
    exit(1)
}

let arguments = CommandLine.arguments.dropFirst()
let schemaPath = arguments.first ?? "Schema/martlet.json"
let folder = arguments.dropFirst().first ?? "Sources/QAPI/Generated"
do {
    let schema = try Schema(text: read(schemaPath))
    for (name, text) in schema.swiftFiles() { write(text, to: "\(folder)/\(name)") }
} catch {
    fail("\(schemaPath): \(error)")
}
