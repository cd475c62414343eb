// swift-tools-version: 6.2
// Fuzz targets: libFuzzer drives the places where bytes of strangers come in. `make fuzz` builds and runs them.
//
// A package of its own: all of it is built with the fuzzer's and the address sanitizer's instrumentation.

import PackageDescription

func target(_ name: String, _ rooms: [String]) -> Target {
    .executableTarget(
        name: name, dependencies: ["Fuzzer"] + rooms.map { .product(name: $0, package: "martlet") })
}

let package = Package(
    name: "fuzz",
    dependencies: [.package(name: "martlet", path: "..")],
    targets: [
        .target(name: "CFuzzer"),
        .target(name: "Fuzzer", dependencies: ["CFuzzer"]),
        target("fuzz-stream", ["MigrationStream", "Bytes", "VMState"]),
        target("fuzz-workbench", ["Workbench", "MigrationStream", "Bytes"]),
        target("fuzz-qcow2", ["Workbench", "MigrationStream", "Bytes"]),
        target("fuzz-devices", ["Machine", "VMState", "Bytes"]),
        target("fuzz-qmp", ["QAPI"]),
        target("fuzz-options", ["Machine"]),
    ],
    swiftLanguageModes: [.v6]
)
