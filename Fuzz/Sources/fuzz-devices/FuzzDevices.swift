import Bytes
import Fuzzer
import Glibc
import Machine
import VMState

/// A board with every device that there is; it never runs.
private let machine: VirtualMachine = {
    do {
        return try VirtualMachine(
            MachineOptions(parsing: [
                "-M", "virt", "-m", "16M", "-smp", "2", "-nodefaults", "-display", "none", "-bios", "none",
                "-incoming", "defer",
                "-device", "virtio-rng-device", "-device", "virtio-net-device", "-device", "virtio-serial-device",
                "-device", "virtio-balloon-device", "-device", "virtio-rng-pci", "-device", "virtio-net-pci",
                "-device", "virtio-serial-pci", "-device", "virtio-balloon-pci",
            ]).configuration)
    } catch { fatalError("\(error)") }
}()
private let sections = machine.deviceSections

/// The first byte names a section of the board, the rest is its body. What a device takes it can give again.
private func test(_ input: [UInt8]) {
    guard input.count > 1 else { return }
    let section = sections[Int(input[0]) % sections.count]
    do {
        let reader = VMStateReader(
            InputBuffer(bytes: Array(input.dropFirst())), version: section.versions.upperBound)
        try section.load(reader)
    } catch {
        precondition(!"\(error)".isEmpty)
    }
    // Taken or refused: the device is whole, for every kind of receiver.
    for dialect in Dialect.allCases where section.isKnown(dialect) {
        var writer = VMStateWriter(dialect: dialect, version: section.version(dialect))
        _ = section.save(&writer)
    }
}

@main struct Main {
    static func main() {
        if CommandLine.arguments.count == 3, CommandLine.arguments[1] == "--seeds" {
            writeSeeds(into: CommandLine.arguments[2])
        } else {
            fuzz(test)
        }
    }

    /// What the devices themselves would send: where a fuzzer may start.
    static func writeSeeds(into folder: String) {
        for (index, section) in sections.enumerated() {
            var writer = VMStateWriter(dialect: .qemu10_0, version: section.version(.qemu10_0))
            _ = section.save(&writer)
            let file = fopen("\(folder)/seed-\(index)", "w")
            let bytes = [UInt8(index)] + writer.output.bytes
            fwrite(bytes, 1, bytes.count, file)
            fclose(file)
        }
    }
}
