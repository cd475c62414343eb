import QAPI

/// The monitor for people, behind QMP's `human-monitor-command`: one line in, text out.
///
/// Every command does what the QMP command of the same purpose does; the layout of what it prints is the one that
/// people's scripts know from QEMU.
struct HumanMonitor: Sendable {
    let commands: MachineCommands
    let descriptors: any PassedDescriptors
    /// The hart that commands about one hart are about.
    let hart: Int

    /// Does what the line says. What goes wrong is told in the text.
    func run(_ line: String) async -> String {
        let text: String
        do {
            text = try await perform(Substring(line))
        } catch let mistake as HumanMistake {
            text = mistake.text + "\n"
        } catch {
            text = "Error: \(error)\n"
        }
        return text.replacingLineEnds
    }

    private func perform(_ line: Substring) async throws -> String {
        var words = HumanWords(line)
        guard let first = try words.next() else { return "" }
        if first == "help" || first == "?" { return help(words.takeRest()) }
        var name = first
        if first == "info" {
            guard let topic = try words.next() else { return help("info") }
            name = "info \(topic)"
        }
        guard let command = HumanCommand.all.first(where: { $0.names.contains(name) }) else {
            throw HumanMistake("unknown command: '\(name)'")
        }
        let arguments = try HumanArguments(name, command.parameters, Substring(words.takeRest() ?? ""))
        return try await command.action(self, arguments)
    }

    private func help(_ topic: String?) -> String {
        let found = HumanCommand.all.filter { command in
            guard let topic else { return !command.name.hasPrefix("info ") }
            return command.names.contains(topic) || topic == "info" && command.name.hasPrefix("info ")
        }
        if found.isEmpty { return "unknown command: '\(topic ?? "")'\n" }
        return found.map { "\($0.usage) -- \($0.help)\n" }.joined()
    }
}

/// One command of the human monitor.
struct HumanCommand: Sendable {
    typealias Action = @Sendable (HumanMonitor, HumanArguments) async throws -> String

    let names: [String]
    let parameters: [HumanParameter]
    let help: String
    let action: Action

    var name: String { names[0] }
    var usage: String {
        ([names.joined(separator: "|")] + parameters.map(\.description)).joined(separator: " ")
    }

    init(_ names: String..., take parameters: HumanParameter..., help: String, action: @escaping Action) {
        self.names = names
        self.parameters = parameters
        self.help = help
        self.action = action
    }

    static let all = runControl + migration + dirtyRate + information
}

extension String {
    /// With CR LF at the end of each line, as QMP's clients get it.
    fileprivate var replacingLineEnds: String {
        var result = ""
        for character in self { result += character == "\n" ? "\r\n" : String(character) }
        return result
    }
}
