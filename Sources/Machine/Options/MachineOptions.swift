/// The command line of `qemu-system-riscv64 -M virt`, read into a ``MachineConfiguration``.
///
/// ``OptionTable`` lists the options; what each of them does stands in the extensions by subject.
public struct MachineOptions {
    public internal(set) var configuration = MachineConfiguration()

    var accelerators: [String] = []
    var serials: [CharacterReference] = []
    var hasDisplayOption = false
    var hasDefaults = true
    var isNographic = false
    var hasMemoryOption = false
    var memoryBackendName: String?
    var memoryPath: String?
    var preallocatesMemory = false
    var objects: Set<String> = []
    /// Objects that devices named.
    var randomSources: [String] = []
    var monitors: [(option: String, end: CharacterReference, mode: MachineConfiguration.Monitor.Mode)] = []
    var pendingDrives: [PendingDrive] = []
    var flashNodes: [Int: String] = [:]

    /// - Throws: ``OptionError`` for what is unknown, malformed or not built, and for a list that `help` asks for.
    public init(parsing arguments: [String]) throws(OptionError) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            guard argument.hasPrefix("-"), argument.count > 1 else {
                throw OptionError(
                    argument, "a disk image without an option is not taken; use -drive file=\(argument)")
            }
            let option = argument.hasPrefix("--") ? String(argument.dropFirst(1)) : argument
            let entry = try OptionTable.entry(option)
            var value = ""
            if entry.argument != nil {
                guard let next = rest.popFirst() else { throw OptionError(option, "requires an argument") }
                value = next
            }
            try entry.read(&self, option, value)
        }
        try finish()
    }

    // MARK: What follows from all options together

    private mutating func finish() throws(OptionError) {
        if let last = accelerators.last, !accelerators.contains("tcg") {
            throw OptionError("-accel", "'\(last)': only tcg (our own interpreter answers to it)")
        }
        try finishMemory()
        try finishCharacters()
        try finishDrives()
        try checkDevices()
        if configuration.isNone { try finishNone() }
        if configuration.kernel == nil {
            if configuration.initrd != nil { throw OptionError("-initrd", "only with -kernel") }
            if configuration.arguments != nil { throw OptionError("-append", "only with -kernel") }
        }
    }
}

extension MachineOptions {
    /// `-machine none` is for asking what there is: it has neither harts nor devices.
    private mutating func finishNone() throws(OptionError) {
        guard configuration.devices.isEmpty, configuration.drives.isEmpty, configuration.kernel == nil,
            configuration.incoming == nil
        else { throw OptionError("-machine", "'none' has no devices, no disks and no guest") }
        configuration.harts = 0
        configuration.memorySize = 1 << 20
        configuration.hasACPI = false
    }
}
