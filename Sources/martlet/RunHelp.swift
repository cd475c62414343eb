import Machine

/// What `martlet run --help` prints: the options as their table has them, and examples.
var runHelp: String {
    var lines = [
        "OVERVIEW: Run a riscv64 `virt` guest.", "", "USAGE: martlet run [option ...]", "",
        "The options are those of qemu-system-riscv64 -M virt. Sizes take K, M, G, T. Where an option takes",
        "properties, a comma in a value is doubled; a JSON object can stand in their place. 'help' in place of a",
        "name (-device help) or among properties (-device virtio-blk-device,help) lists what there is.",
    ]
    for group in OptionEntry.Group.allCases {
        lines += ["", group.rawValue]
        for entry in OptionTable.entries where entry.group == group {
            let names = entry.names.map { "-\($0)" }.joined(separator: ", ")
            let head = "  " + names + (entry.argument.map { " \($0)" } ?? "")
            let indent = String(repeating: " ", count: 26)
            var text = wrapped(entry.help, to: 84)
            if head.count < 25 {
                lines.append(head.padding(to: 26) + text.removeFirst())
            } else {
                lines.append(head)
            }
            lines += text.map { indent + $0 }
        }
    }
    return (lines + ["", "EXAMPLES", examples]).joined(separator: "\n")
}

/// Lines of at most `width` characters, broken at spaces.
private func wrapped(_ text: String, to width: Int) -> [String] {
    var lines = [""]
    for word in text.split(separator: " ") {
        let last = lines[lines.count - 1]
        if !last.isEmpty, last.count + word.count >= width {
            lines.append(String(word))
        } else {
            lines[lines.count - 1] = last.isEmpty ? String(word) : "\(last) \(word)"
        }
    }
    return lines
}

extension String {
    fileprivate func padding(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}

private let examples = """
      martlet run -m 512M -kernel Image -initrd initramfs.gz -append console=ttyS0
      martlet run -m 1G -smp 4 -nographic -kernel Image -append 'console=ttyS0 root=/dev/vda' \\
          -drive file=disk.img,format=raw,if=none,id=d0 -device virtio-blk-device,drive=d0 \\
          -netdev user,id=n0 -device virtio-net-device,netdev=n0 -qmp unix:vm.sock,server=on,wait=off
      martlet run -m 1G -smp 4 -incoming tcp:0:4444 ...   the same options: the guest arrives there
      martlet run -m 1G -kernel Image -serial file:console.log -qmp unix:vm.sock,server=on,wait=off \\
          -pidfile vm.pid -daemonize
      martlet run -bios none -drive if=pflash,format=raw,file=firmware.img -nographic
      martlet run -M virt,dumpdtb=virt.dtb -smp 4
    """
