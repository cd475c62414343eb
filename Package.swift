// swift-tools-version: 6.2
// Martlet: a riscv64 virtual machine monitor built for moving a running guest.
//
// One target a room; arrows only point down the list (Documentation/Architecture.md, held by
// Tests/ArchitectureTests).

import PackageDescription

/// What every target of ours is compiled with.
let settings: [SwiftSetting] = [
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: [.byName(name: name)] + dependencies,
        resources: resources,
        swiftSettings: settings)
}

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
]

let package = Package(
    name: "martlet",
    products: [
        .executable(name: "martlet", targets: ["martlet"]),
        .library(name: "Bytes", targets: ["Bytes"]),
        .library(name: "VMState", targets: ["VMState"]),
        .library(name: "MigrationStream", targets: ["MigrationStream"]),
        .library(name: "Workbench", targets: ["Workbench"]),
        .library(name: "GuestMemory", targets: ["GuestMemory"]),
        .library(name: "QAPI", targets: ["QAPI"]),
        .library(name: "QMP", targets: ["QMP"]),
        .library(name: "RISCV", targets: ["RISCV"]),
        .library(name: "Devices", targets: ["Devices"]),
        .library(name: "BlockImages", targets: ["BlockImages"]),
        .library(name: "Transport", targets: ["Transport"]),
        .library(name: "Migration", targets: ["Migration"]),
        .library(name: "Machine", targets: ["Machine"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    ],
    targets: [
        .target(name: "CPlatform"),
        .systemLibrary(
            name: "CGnuTLS", path: "Sources/CGnuTLS", pkgConfig: "gnutls",
            providers: [.apt(["libgnutls28-dev"])]),
        .systemLibrary(
            name: "CSlirp", path: "Sources/CSlirp", pkgConfig: "slirp", providers: [.apt(["libslirp-dev"])]),
        .systemLibrary(
            name: "CZlib", path: "Sources/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(
            name: "CZstd", path: "Sources/CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        room("Bytes"),
        room("Threads", ["CPlatform"]),
        room("Files", ["CPlatform"]),
        room("QAPI"),
        room("QAPIGenerator", ["QAPI"]),
        .executableTarget(name: "qapi-gen", dependencies: ["QAPIGenerator"], swiftSettings: settings),
        room("QMP", ["QAPI", "Threads", "CPlatform", .product(name: "Logging", package: "swift-log")] + nio),
        room("VMState", ["Bytes"]),
        room("MigrationStream", ["Bytes", "VMState", "CZlib", "CZstd"]),
        room("Workbench", ["MigrationStream", "VMState", "QAPI", "Bytes"]),
        room("GuestMemory", ["Bytes", "Files", "CPlatform"]),
        room("RISCV", ["GuestMemory", "VMState", "Bytes", "CPlatform"]),
        room(
            "Devices",
            [
                "VMState", "GuestMemory", "BlockImages", "Bytes", "Threads", "Files", "CPlatform", "CSlirp",
            ]),
        room("BlockImages", ["Bytes", "Files", "CPlatform"]),
        room("Transport", ["Bytes", "Threads", "Files", "CPlatform", "CGnuTLS"]),
        room(
            "Migration",
            [
                "QAPI", "MigrationStream", "VMState", "GuestMemory", "Transport", "Bytes", "Threads",
                "CPlatform",
            ]),
        room(
            "Machine",
            [
                "RISCV", "Devices", "BlockImages", "Migration", "Transport", "VMState", "GuestMemory", "QAPI",
                "Bytes", "Threads", "Files", "CPlatform",
            ]),
        .executableTarget(
            name: "martlet",
            dependencies: [
                "Machine", "Migration", "QMP", "QAPI", "Transport", "MigrationStream", "Workbench", "VMState",
                "GuestMemory", "Devices", "BlockImages", "RISCV", "Bytes", "CPlatform",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            resources: [.embedInCode("Resources/compatibility.json")],
            swiftSettings: settings),
        tests("Bytes", []),
        tests("Files", ["CPlatform"]),
        tests("QAPI", ["QAPIGenerator"]),
        tests("QMP", ["QAPI", "Threads", "CPlatform", .product(name: "Logging", package: "swift-log")]),
        tests("VMState", ["Bytes"]),
        .target(
            name: "StreamCorpus", dependencies: ["MigrationStream", "VMState", "Workbench", "Bytes"],
            path: "Tests/StreamCorpus", swiftSettings: settings),
        tests("MigrationStream", ["StreamCorpus", "Bytes", "VMState"]),
        tests("Workbench", ["StreamCorpus", "MigrationStream", "VMState", "QAPI", "Bytes"]),
        tests("GuestMemory", ["Bytes"]),
        tests("RISCV", ["GuestMemory", "VMState", "Bytes", "Threads"]),
        tests("Devices", ["VMState", "GuestMemory", "BlockImages", "Bytes", "Threads", "CPlatform"]),
        tests("BlockImages", ["Bytes", "CPlatform"]),
        tests("Transport", ["Bytes", "Threads", "CPlatform"]),
        tests(
            "Migration",
            ["QAPI", "MigrationStream", "VMState", "GuestMemory", "Transport", "Bytes", "Threads"]),
        tests(
            "Machine",
            [
                "RISCV", "Devices", "BlockImages", "Migration", "MigrationStream", "Transport", "GuestMemory",
                "VMState", "QAPI", "Bytes", "Threads", "Files", "StreamCorpus",
            ]),
        .testTarget(name: "ArchitectureTests", swiftSettings: settings),
        .testTarget(
            name: "EndToEndTests", dependencies: ["StreamCorpus", "CPlatform", "QAPI"],
            swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
