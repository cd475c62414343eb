import Glibc

/// A `qemu-system-riscv64` on this machine, if there is one: the oracle.
struct PeerQEMU: Sendable {
    let path: String
    /// First number of its version.
    let version: Int

    /// What its `-cpu rv64` offers and our generator knows.
    var set: InstructionSet { version >= 10 ? .qemu10 : .qemu7 }

    /// QEMU10_BINARY, what Scripts/install-qemu-10.sh has installed, or the system's.
    static let found: PeerQEMU? = {
        let installed = #filePath.replacing(
            "Tests/RISCVTests/Differential/PeerQEMU.swift", with: ".qemu/10.0.2/bin/qemu-system-riscv64")
        let named = unsafe getenv("QEMU10_BINARY").map { unsafe String(cString: $0) } ?? ""
        for path in [named, installed, "qemu-system-riscv64"] where !path.isEmpty {
            let text = output(of: "\(quoted(path)) --version 2>/dev/null")
            let words = text.split(separator: " ")
            guard let index = words.firstIndex(of: "version"), index + 1 < words.count,
                let major = words[index + 1].split(separator: ".").first.flatMap({ Int($0) }), major >= 7
            else { continue }
            return PeerQEMU(path: path, version: major)
        }
        return nil
    }()

    /// The lines that the program writes; none if it does not come to its end within five minutes.
    ///
    /// Without H, which a hart of ours does not execute; with as little RAM as ``BareBoard``. Two harts, as QEMU's
    /// atomics on one do not report a misaligned address as the manual says.
    func run(_ program: TestProgram) -> [String] {
        var name = Array("/tmp/martlet-differential-XXXXXX".utf8CString)
        let descriptor = unsafe mkstemp(&name)
        guard descriptor >= 0 else { return [] }
        defer { unsafe unlink(name) }
        var rest = program.image[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
            if count <= 0 { break }
            rest = rest.dropFirst(count)
        }
        close(descriptor)
        let image = name.dropLast().map { Character(Unicode.Scalar(UInt8(bitPattern: $0))) }
        return Self.output(
            of: """
                timeout 300 \(Self.quoted(path)) -M virt -cpu rv64,h=off -m 4M -smp 2 -bios none \
                -kernel \(String(image)) -nodefaults -display none -serial stdio 2>/dev/null </dev/null
                """
        ).split(separator: "\n").map(String.init)
    }

    private static func quoted(_ path: String) -> String { "'\(path.replacing("'", with: "'\\''"))'" }

    private static func output(of command: String) -> String {
        guard let pipe = unsafe popen(command, "r") else { return "" }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = unsafe fread(&chunk, 1, chunk.count, pipe)
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        _ = unsafe pclose(pipe)
        return String(decoding: bytes, as: UTF8.self)
    }
}
