/// Collects lines of Swift with their indentation.
struct SourceWriter {
    private(set) var text = ""
    private var depth = 0

    static let header = """
        // Written by qapi-gen from Schema/martlet.json; change that and run `swift run qapi-gen`.
        // swift-format-ignore-file

        """

    init() { text = Self.header }

    /// A line; empty text makes an empty one.
    mutating func line(_ content: String = "") {
        text += content.isEmpty ? "\n" : String(repeating: "    ", count: depth) + content + "\n"
    }

    /// `head {`, the body, `}`.
    mutating func block(_ head: String, _ body: (inout SourceWriter) -> Void) {
        line(head + " {")
        depth += 1
        body(&self)
        depth -= 1
        line("}")
    }

    /// `switch subject {`, the cases in the same column, `}`.
    mutating func switchBlock(_ subject: String, _ cases: (inout SourceWriter) -> Void) {
        line("switch \(subject) {")
        cases(&self)
        line("}")
    }

    /// A documentation comment: what the thing is called in QAPI, what it is, and whether to keep off it.
    mutating func documentation(
        _ text: String, qapi: String, features: [String] = [], condition: String = "", isBuilt: Bool = true
    ) {
        let name = "QAPI `\(qapi)`."
        let sentence = text.prefix(1).uppercased() + text.dropFirst() + (text.hasSuffix(".") ? "" : ".")
        let summary = text.isEmpty ? name : sentence + " " + name
        var notes = features.map { $0.prefix(1).uppercased() + $0.dropFirst() + "." }
        if !condition.isEmpty { notes.append("In QEMU where `\(condition)`.") }
        if !isBuilt { notes.append("Not built.") }
        var words = ([summary] + notes).joined(separator: " ").split(separator: " ")[...]
        while !words.isEmpty {
            var current = ""
            while let word = words.first, current.isEmpty || current.count + word.count < 100 {
                current += (current.isEmpty ? "" : " ") + word
                words.removeFirst()
            }
            line("/// " + current)
        }
    }
}
