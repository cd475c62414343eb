/// The other end of a serial line or a monitor, as an option names it.
enum CharacterReference {
    case own(MachineConfiguration.Character)
    /// One that `-chardev` describes, before or after.
    case chardev(String)
}

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
            guard !path.isEmpty else { throw OptionError(option.option, "a unix socket needs a path") }
            return .unix(path: path, server: server, wait: wait ?? server)
        }
        let host = option.take("host") ?? ""
        let port = try option.require("port")
        if let number = Int(port), !(0...65535).contains(number) {
            throw OptionError(option.option, "port \(port) is not from 0 to 65535")
        }
        return .tcp(host: host, port: port, server: server, wait: wait ?? server)
    }

    /// The short notation of `-serial`, `-qmp` and `-monitor`.
    private func reference(_ option: String, _ text: String) throws(OptionError) -> CharacterReference {
        switch text {
        case "none", "null": return .own(.null)
        case "stdio", "mon:stdio": return .own(.stdio)
        case "pty": return .own(.pty)
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
        case "chardev": return .chardev(rest)
        case "file": return .own(.file(path: rest, append: false))
        case "unix":
            var keys = try KeyValueOption(option, rest, implied: "path")
            let character = try socket(&keys)
            try keys.finish()
            return .own(character)
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
            return .own(character)
        default:
            throw OptionError(
                option, "'\(text)': not a character device that is built" + hint("\(parts[0]):", among: kinds)
            )
        }
    }

    mutating func readSerial(_ option: String, _ text: String) throws(OptionError) {
        serials.append(try reference(option, text))
    }

    mutating func readMonitor(
        _ option: String, _ text: String, _ mode: MachineConfiguration.Monitor.Mode
    ) throws(OptionError) {
        if text != "none" { monitors.append((option, try reference(option, text), mode)) }
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
        monitors.append((option.option, .chardev(id), mode == "control" ? .control : .readline))
    }

    // MARK: What follows from all options together

    mutating func finishCharacters() throws(OptionError) {
        if let first = serials.first {
            (configuration.serialLabel, configuration.serial) = try resolve(first, "-serial", "serial0")
            for other in serials.dropFirst() {
                if case .own(.null) = other { continue }
                throw OptionError("-serial", "the board has one serial port")
            }
        } else if hasDefaults, isNographic || !hasDisplayOption && !configuration.isDaemon {
            configuration.serial = .stdio
        }
        for (index, monitor) in monitors.enumerated() {
            if monitor.mode == .readline {
                throw OptionError(
                    monitor.option, "a prompt is not built; human-monitor-command over -qmp does the same")
            }
            let (label, character) = try resolve(monitor.end, monitor.option, "compat_monitor\(index)")
            configuration.monitors.append(.init(label: label, mode: monitor.mode, character: character))
        }
        try checkUses()
    }

    private func resolve(_ reference: CharacterReference, _ option: String, _ label: String)
        throws(OptionError) -> (label: String, character: MachineConfiguration.Character)
    {
        switch reference {
        case .own(let character): return (label, character)
        case .chardev(let id):
            try check(id, isAmong: chardevs, "chardev", option)
            return (id, configuration.characters[id] ?? .null)
        }
    }

    /// Every character device has one user, and standard input and output are there once, or not at all.
    private func checkUses() throws(OptionError) {
        var uses = configuration.monitors.map { ($0.label, $0.character) }
        uses.append((configuration.serialLabel, configuration.serial))
        for case .port(let port) in configuration.devices.map(\.kind) {
            if let character = configuration.characters[port.chardev] {
                uses.append((port.chardev, character))
            }
        }
        for (index, use) in uses.enumerated() {
            if uses[..<index].contains(where: { $0.0 == use.0 }) {
                throw OptionError("-chardev", "'\(use.0)' is used twice; it can have one user")
            }
            if use.1 == .stdio, uses[..<index].contains(where: { $0.1 == .stdio }) {
                throw OptionError(
                    "stdio",
                    "standard input and output have two users, '\(use.0)' among them; give one of them "
                        + "a file or a socket, or 'null'")
            }
        }
        if configuration.isDaemon, uses.contains(where: { $0.1 == .stdio }) {
            throw OptionError(
                "-daemonize",
                "there is no standard input and output in the background for a serial port, "
                    + "a console or a monitor; give it a file or a socket, or 'null'")
        }
    }

    var chardevs: [String] { configuration.characters.keys.sorted() }
}
