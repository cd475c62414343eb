import QAPI

extension HumanCommand {
    /// The guest as a whole, and its memory.
    static let runControl: [HumanCommand] = [
        .init("stop", "s", help: "stop the harts") { monitor, _ in
            try await monitor.commands.stop()
            return ""
        },
        .init("cont", "c", help: "let the harts run") { monitor, _ in
            try await monitor.commands.cont()
            return ""
        },
        .init("system_reset", help: "reset the machine") { monitor, _ in
            try await monitor.commands.systemReset()
            return ""
        },
        .init("system_powerdown", help: "press the power button") { monitor, _ in
            try await monitor.commands.systemPowerdown()
            return ""
        },
        .init("quit", "q", help: "end the program") { monitor, _ in
            try await monitor.commands.quit()
            return ""
        },
        .init(
            "memsave", take: .number("addr"), .number("size"), .text("file"),
            help: "save the hart's virtual memory to a file"
        ) { monitor, arguments in
            try await monitor.commands.memsave(
                MemsaveArguments(
                    val: UInt64(bitPattern: arguments[number: "addr"]),
                    size: UInt64(bitPattern: arguments[number: "size"]), filename: arguments[text: "file"],
                    cpuIndex: Int64(monitor.hart)))
            return ""
        },
        .init(
            "pmemsave", take: .number("addr"), .number("size"), .text("file"),
            help: "save physical memory to a file"
        ) { monitor, arguments in
            try await monitor.commands.pmemsave(
                PmemsaveArguments(
                    val: UInt64(bitPattern: arguments[number: "addr"]),
                    size: UInt64(bitPattern: arguments[number: "size"]), filename: arguments[text: "file"]))
            return ""
        },
        snapshot("savevm", "save a snapshot of the guest"),
        snapshot("loadvm", "go back to a snapshot"),
        snapshot("delvm", "delete a snapshot"),
    ]

    /// Disk images are raw: none can hold a snapshot.
    private static func snapshot(_ name: String, _ help: String) -> HumanCommand {
        .init(name, take: .rest("tag"), help: "\(help) (not built)") { _, _ in
            throw QAPIError.generic("no block device can store vmstate for snapshot")
        }
    }
}
