import ArgumentParser
import Machine
import Workbench

/// `martlet stream extract`.
struct StreamExtract: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "extract",
        abstract:
            "Take one thing out of a stream: a RAM block, a device, the description, an ELF core.",
        discussion: """
            The core holds the RAM blocks whose guest physical addresses are known (those of the riscv64 virt board; of
            other machines with --address) and the CPUs' registers.

            EXAMPLES
              martlet stream extract --ram riscv_virt_board.ram -o ram.bin vm.stream
              martlet stream extract --device cpu:1 -o cpu1.bin vm.stream
              martlet stream extract --core -o vm.core vm.stream && gdb-multiarch vmlinux vm.core
              martlet stream extract --core --address mach-virt.ram=0x40000000 -o arm.core arm.stream
            """)

    @OptionGroup var files: StreamFiles
    @Option(help: ArgumentHelp("A RAM block.", valueName: "block"))
    var ram: String?
    @Option(
        help: ArgumentHelp("A device's section and its instance (0).", valueName: "name[:instance]"))
    var device: String?
    @Flag(help: "The JSON at the stream's end.")
    var description = false
    @Flag(help: "An ELF core.")
    var core = false
    @Option(help: ArgumentHelp("Where a RAM block stands, for --core.", valueName: "block=address"))
    var address: [String] = []
    @Option(name: .shortAndLong, help: "The file to write; '-' is standard output.")
    var output: String

    private var targets: [StreamExtractor.Target] {
        get throws {
            var result: [StreamExtractor.Target] = []
            if let ram { result.append(.ram(block: ram)) }
            if let device { result.append(try Self.device(device)) }
            if description { result.append(.description) }
            if core {
                var addresses = VirtAddressMap.blocks
                for entry in address {
                    let (block, number) = try Self.address(entry)
                    addresses[block] = number
                }
                result.append(.core(addresses: addresses))
            }
            return result
        }
    }

    func validate() throws {
        guard try targets.count == 1 else {
            throw ValidationError("name one of --ram, --device, --description, --core")
        }
    }

    func run() throws {
        guard let target = try targets.first else { return }
        let capture = try files.open()
        let file = try OutputFile(path: output)
        var progress = StreamProgress(capture)
        defer { progress.end() }
        try StreamExtractor.extract(target, from: StreamEventReader(capture.capture), to: file) { _ in
            progress.step()
        }
    }

    private static func device(_ text: String) throws -> StreamExtractor.Target {
        // The name of a PCI device has colons of its own.
        guard let colon = text.lastIndex(of: ":"),
            let instance = UInt32(text[text.index(after: colon)...])
        else { return .device(name: text, instance: 0) }
        return .device(name: String(text[..<colon]), instance: instance)
    }

    private static func address(_ text: String) throws -> (String, UInt64) {
        let parts = text.split(separator: "=", maxSplits: 1)
        guard parts.count == 2 else { throw ValidationError("'\(text)' is no block=address") }
        let number =
            parts[1].hasPrefix("0x") ? UInt64(parts[1].dropFirst(2), radix: 16) : UInt64(parts[1])
        guard let number, number % 4096 == 0 else {
            throw ValidationError("'\(parts[1])' is no address of a page")
        }
        return (String(parts[0]), number)
    }
}
