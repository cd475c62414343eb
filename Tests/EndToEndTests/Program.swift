import Foundation
import Testing

/// A program that takes qemu-system-riscv64's options.
struct Program: Sendable, CustomTestStringConvertible {
    let name: String
    let path: String
    var testDescription: String { name }

    /// The program under test: MARTLET_BINARY (`make test` names the release build; one built for debugging is too
    /// slow to run a guest).
    static let martlet: Program? = {
        guard let path = ProcessInfo.processInfo.environment["MARTLET_BINARY"], !path.isEmpty else {
            return nil
        }
        return found("Martlet", path.hasPrefix("/") ? path : root.appending(path: path).path)
    }()

    /// Whether the program under test is Martlet: the tests can be checked with QEMU in its place.
    static var martletIsOurs: Bool { martlet?.path.hasSuffix("/martlet") ?? false }

    /// QEMU 10.0.2, when Scripts/install-qemu-10.sh has put it there or QEMU10_BINARY names it.
    static let qemu10: Program? = {
        let path = ProcessInfo.processInfo.environment["QEMU10_BINARY"] ?? ""
        return found(
            "QEMU 10.0.2",
            path.isEmpty ? root.appending(path: ".qemu/10.0.2/bin/qemu-system-riscv64").path : path)
    }()

    private static func found(_ name: String, _ path: String) -> Program? {
        FileManager.default.isExecutableFile(atPath: path) ? Program(name: name, path: path) : nil
    }
}

/// The package's folder.
let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// The self-checking guest of Guests/demo with these boot arguments.
func demoGuest(_ words: String, memory: String = "64M", harts: Int = 1) -> [String] {
    [
        "-M", "virt", "-m", memory, "-smp", "\(harts)", "-nodefaults", "-display", "none", "-bios", "none",
        "-kernel", root.appending(path: "Guests/demo/demo.bin").path, "-append", words,
    ]
}
