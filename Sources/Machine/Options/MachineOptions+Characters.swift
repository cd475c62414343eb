/// Options about serial lines, character devices and monitors.
extension MachineOptions {
    /// What `-chardev` takes first.
    enum ChardevBackend: String, CaseIterable {
        case null, stdio, pty, file, socket
    }

    mutating func readChardev(_ given: KeyValueOption) throws(OptionError) {
        var option = given
        let names = ChardevBackend.allCases.map(\.rawValue)
        let name = try option.takeName("backend", title: "Character devices", of: names)
        guard let backend = ChardevBackend(rawValue: name) else {
            throw OptionError(
                option.option,
                "backend '\(name)' is not built: \(names.joined(separator: ", ")) are"
                    + hint(name, among: names))
        }
        let id = try option.require("id")
        try option.expectBool("mux", false, reason: "a character device has one user")
        guard option.take("logfile") == nil else {
            throw OptionError(option.option, "'logfile=' is not built; have the chardev itself write a file")
        }
        option.ignore("logappend")
        let character = try character(backend, &option)
        try option.finish()
        guard configuration.characters.updateValue(character, forKey: id) == nil else {
            throw OptionError(option.option, "there is already a chardev '\(id)'")
        }
    }

    private func character(_ backend: ChardevBackend, _ option: inout KeyValueOption) throws(OptionError)
        -> MachineConfiguration.Character
    {
        switch backend {
        case .null: return .null
        case .stdio:
            try option.expectBool("signal", true, reason: "the interrupt key always ends the process")
            return .stdio
        case .pty: return .pty
        case .file:
            try option.expect("input-path", reason: "a file is only written")
            return .file(path: try option.require("path"), append: try option.takeBool("append") ?? false)
        case .socket:
            for key in ["telnet", "tn3270", "websocket", "abstract"] {
                try option.expectBool(key, false, reason: "only plain sockets are built")
            }
            for key in ["reconnect", "reconnect-ms"] {
                try option.expect(key, "0", reason: "a connection is made once")
            }
            for key in ["tls-creds", "tls-authz", "to"] { try option.expect(key) }
            option.ignore("delay", "nodelay", "ipv4", "ipv6", "tight")
            return try socket(&option)
        }
    }

    private func socket(_ option: inout KeyValueOption) throws(OptionError) -> MachineConfiguration.Character
    {
        let server = try option.takeBool("server") ?? false
        let wait = try option.takeBool("wait")
        if wait != nil, !server { throw OptionError(option.option, "'wait=' is for a server") }
        if let descriptor = try option.takeDescriptor("fd") {
            return .descriptor(descriptor, server: server)
        }
        if let path = option.take("path") {
            return .unix(path: path, server: server, wait: wait ?? server)
        }
        let host = option.take("host") ?? ""
        return .tcp(host: host, port: try option.require("port"), server: server, wait: wait ?? server)
    }

    /// The short notation of `-serial`, `-qmp` and `-monitor`.
    private func character(_ option: String, _ text: String) throws(OptionError)
        -> MachineConfiguration.Character
    {
        switch text {
        case "none", "null": return .null
        case "stdio", "mon:stdio": return .stdio
        case "pty": return .pty
        default: break
        }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let kinds = ["none", "null", "stdio", "pty", "file:", "unix:", "tcp:", "chardev:"]
        guard parts.count == 2 else {
            throw OptionError(
                option, "'\(text)': not a character device that is built" + hint(text, among: kinds))
        }
        let rest = String(parts[1])
        switch parts[0] {
        case "chardev":
            guard let character = configuration.characters[rest] else {
                throw OptionError(option, "there is no chardev '\(rest)' before it")
            }
            return character
        case "file": return .file(path: rest, append: false)
        case "unix":
            var keys = try KeyValueOption(option, rest, implied: "path")
            let character = try socket(&keys)
            try keys.finish()
            return character
        case "tcp":
            var keys = try KeyValueOption(option, rest, implied: "address")
            let address = try keys.require("address")
            guard let colon = address.lastIndex(of: ":") else {
                throw OptionError(option, "'\(text)': no port")
            }
            let host = String(address[..<colon])
            let port = String(address[address.index(after: colon)...])
            keys.add("host", host)
            keys.add("port", port)
            keys.ignore("nodelay")
            let character = try socket(&keys)
            try keys.finish()
            return character
        default:
            throw OptionError(
                option, "'\(text)': not a character device that is built" + hint("\(parts[0]):", among: kinds)
            )
        }
    }

    mutating func readSerial(_ option: String, _ text: String) throws(OptionError) {
        hasSerialOption = true
        serials.append(try character(option, text))
        if serials.count == 1, text.hasPrefix("chardev:") {
            configuration.serialLabel = String(text.dropFirst(8))
        }
        use(text)
    }

    mutating func readMonitor(
        _ option: String, _ text: String, _ mode: MachineConfiguration.Monitor.Mode
    ) throws(OptionError) {
        if text == "none" { return }
        configuration.monitors.append(.init(mode: mode, character: try character(option, text)))
        use(text)
    }

    mutating func readMonitor(_ given: KeyValueOption) throws(OptionError) {
        var option = given
        let id = try option.require("chardev")
        let mode = option.take("mode") ?? "readline"
        option.ignore("pretty", "id")
        try option.finish()
        guard mode == "control" || mode == "readline" else {
            throw OptionError(option.option, "'mode=\(mode)': expected 'control' or 'readline'")
        }
        chardevMonitors.append((id, mode == "control" ? .control : .readline))
        chardevUses.append(id)
    }

    private mutating func use(_ text: String) {
        if text.hasPrefix("chardev:") { chardevUses.append(String(text.dropFirst(8))) }
    }

    mutating func finishCharacters() throws(OptionError) {
        for (id, mode) in chardevMonitors {
            guard let character = configuration.characters[id] else {
                throw OptionError("-mon", "there is no chardev '\(id)'" + hint(id, among: chardevs))
            }
            configuration.monitors.append(.init(mode: mode, character: character))
        }
        if configuration.monitors.contains(where: { $0.mode == .readline }) {
            throw OptionError("-monitor", "the human monitor is not built yet; use -qmp, or -monitor none")
        }
        if hasSerialOption {
            configuration.serial = serials.first ?? .null
            if serials.dropFirst().contains(where: { $0 != .null }) {
                throw OptionError("-serial", "the board has one serial port")
            }
        } else if hasDefaults, !configuration.isDaemon, isNographic || !hasDisplayOption {
            configuration.serial = .stdio
        }
        for case .port(let port) in configuration.devices.map(\.kind) { chardevUses.append(port.chardev) }
        for (index, id) in chardevUses.enumerated() where chardevUses[..<index].contains(id) {
            throw OptionError("-chardev", "'\(id)' is used twice; it can have one user")
        }
        let used =
            [configuration.serial] + configuration.monitors.map(\.character)
            + chardevUses.compactMap {
                configuration.characters[$0]
            }
        if configuration.isDaemon, used.contains(.stdio) {
            throw OptionError(
                "-daemonize",
                "there is no standard input and output in the background for a serial port, "
                    + "a console or a monitor; give it a file or a socket, or 'null'")
        }
    }

    var chardevs: [String] { configuration.characters.keys.sorted() }
}
