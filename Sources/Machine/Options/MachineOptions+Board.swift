/// Options about the board itself: what it is made of, and how it starts.
extension MachineOptions {
    mutating func readMachine(_ given: KeyValueOption) throws(OptionError) {
        var option = given
        let types = ["virt", "none"]
        let type = try option.takeName("type", usual: "virt", title: "Machines", of: types)
        guard types.contains(type) else {
            throw OptionError(option.option, "'\(type)': only 'virt' is built" + hint(type, among: ["virt"]))
        }
        configuration.isNone = type == "none"
        if let aclint = try option.takeBool("aclint") { configuration.hasACLINT = aclint }
        if let file = option.take("dumpdtb") { configuration.deviceTreeDump = file }
        if let names = option.take("accel") {
            accelerators += names.split(separator: ":").map(String.init)
        }
        try option.expect("aia", "none", reason: "there is a PLIC")
        if option.value("acpi") == "off" { configuration.hasACPI = false }
        try option.expect(
            "acpi", "auto", "off", reason: "no ACPI tables are made; the guest has its device tree")
        if let backend = option.take("memory-backend") { memoryBackendName = backend }
        if let file = option.take("firmware") { readFirmware(file) }
        if let file = option.take("kernel") { configuration.kernel = file }
        if let file = option.take("initrd") { configuration.initrd = file }
        if let text = option.take("append") { configuration.arguments = text }
        for chip in 0..<2 {
            if let node = option.take("pflash\(chip)") { flashNodes[chip] = node }
        }
        try option.expectBool("usb", false, reason: "there is no USB")
        try option.expect("iommu-sys", "off", "auto", reason: "there is no IOMMU")
        try option.expectBool("suppress-vmdesc", false, reason: "a stream always ends with its description")
        option.ignore("dump-guest-core", "mem-merge", "graphics")
        try option.finish()
    }

    mutating func readAccelerator(_ given: KeyValueOption) throws(OptionError) {
        var option = given
        accelerators.append(try option.takeName("accel", title: "Accelerators", of: ["tcg"]))
        try option.expect("thread", "multi", reason: "every hart has a thread")
        option.ignore("tb-size")
        try option.finish()
    }

    mutating func readGlobal(_ given: KeyValueOption) throws(OptionError) {
        var option = given
        for name in option.names where name.hasPrefix("migration.") {
            configuration.migrationProperties.append((String(name.dropFirst(10)), option.take(name) ?? ""))
        }
        let isLegacy: Bool?
        if option.names.contains("driver") {
            let name = try "\(option.require("driver")).\(option.require("property"))"
            let value = try option.require("value")
            var single = try KeyValueOption(option.option, "\(name)=\(value)", implied: nil)
            isLegacy = try single.takeBool("virtio-mmio.force-legacy")
            try single.finish()
        } else {
            isLegacy = try option.takeBool("virtio-mmio.force-legacy")
        }
        if let isLegacy { configuration.isVirtioModern = !isLegacy }
        try option.finish()
    }

    mutating func readClock(_ given: KeyValueOption) throws(OptionError) {
        var option = given
        switch option.take("base") {
        case nil, "utc"?: configuration.clockBase = .utc
        case "localtime"?: configuration.clockBase = .localTime
        case let date?:
            guard let seconds = CalendarDate(parsing: date)?.secondsSince1970 else {
                throw OptionError(
                    option.option,
                    "'base=\(date)': expected utc, localtime, or a date as 2006-06-17 or 2006-06-17T16:01:21")
            }
            configuration.clockBase = .date(seconds)
        }
        try option.expect("clock", "host", "rt", reason: "the real-time clock follows the host's")
        try option.expect("driftfix", "none", "slew")
        try option.finish()
    }

    mutating func readName(_ given: KeyValueOption) throws(OptionError) {
        var option = given
        if let name = option.take("guest") { configuration.name = name }
        if let name = option.take("process") { configuration.processName = name }
        option.ignore("debug-threads")  // Threads always have names.
        try option.finish()
    }

    mutating func readUUID(_ option: String, _ text: String) throws(OptionError) {
        guard let uuid = Self.uuid(text) else { throw OptionError(option, "'\(text)' is not a UUID") }
        configuration.uuid = uuid
        configuration.hasUUID = true
    }

    mutating func readFirmware(_ name: String) {
        configuration.firmware = name == "default" ? .standard : name == "none" ? .none : .file(name)
    }

    /// There is nothing that would look at an order: firmware boots the kernel or what lies in flash.
    mutating func readBoot(_ given: KeyValueOption) throws(OptionError) {
        var option = given
        _ = try option.takeBool("strict")
        for key in ["order", "once"] {
            if let order = option.take(key), !order.allSatisfy({ "abcdefghijklmnop".contains($0) }) {
                throw OptionError(option.option, "'\(key)=\(order)': drives are letters from a to p")
            }
        }
        try option.expectBool("menu", false, reason: "there is no boot menu")
        try option.finish()
    }

    mutating func readAction(_ given: KeyValueOption) throws(OptionError) {
        var option = given
        func choice(_ key: String, _ values: [String]) throws(OptionError) -> Int? {
            guard let value = option.take(key) else { return nil }
            guard let index = values.firstIndex(of: value) else {
                throw OptionError(
                    option.option, "'\(key)=\(value)': expected \(values.joined(separator: " or "))")
            }
            return index
        }
        if let index = try choice("reboot", ["reset", "shutdown"]) { configuration.endsOnReset = index == 1 }
        if let index = try choice("shutdown", ["poweroff", "pause"]) {
            configuration.staysAfterShutdown = index == 1
        }
        // The board has neither a panic device nor a watchdog: nothing ever asks for these.
        _ = try choice("panic", ["none", "pause", "shutdown", "exit-failure"])
        _ = try choice(
            "watchdog", ["none", "reset", "shutdown", "poweroff", "pause", "debug", "inject-nmi"])
        try option.finish()
    }

    mutating func readDescriptor(_ given: KeyValueOption) throws(OptionError) {
        var option = given
        let number = try option.takeDescriptor("fd")
        let set = try option.takeInteger("set")
        let note = option.take("opaque")
        try option.finish()
        guard let number, number > 2 else {
            throw OptionError(option.option, "'fd=' has to be an open descriptor above standard error's")
        }
        guard let set, set <= UInt64(Int32.max) else {
            throw OptionError(option.option, "'set=' has to be the number of a set")
        }
        configuration.passedDescriptors.append(.init(number: number, set: Int(set), note: note))
    }

    mutating func readMessages(_ given: KeyValueOption) throws(OptionError) {
        var option = given
        if let isOn = try option.takeBool("timestamp") { configuration.hasTimestamps = isOn }
        try option.expectBool("guest-name", false)
        try option.finish()
    }

    static func uuid(_ text: String) -> [UInt8]? {
        let digits = text.filter { $0 != "-" }
        guard digits.count == 32, text.count == 32 || text.count == 36 else { return nil }
        var bytes: [UInt8] = []
        var rest = Substring(digits)
        while !rest.isEmpty {
            guard let byte = UInt8(rest.prefix(2), radix: 16) else { return nil }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        return bytes
    }
}
