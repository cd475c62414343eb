public import Bytes
public import VMState

/// Why the bytes of a migration stream cannot be taken: who found it and how far the migration was, what is wrong and
/// where it stands, what was expected and found, the likely cause, and what a person can do about it.
public struct StreamError: Error, Equatable, Sendable {
    /// Who reads the stream.
    public enum Side: String, Sendable, CaseIterable {
        case source, destination
    }

    /// How far the migration was.
    public enum Phase: String, Sendable, CaseIterable {
        /// No byte has been sent yet.
        case connection
        /// Magic, version, configuration.
        case start
        /// What comes before the pages: the list of the RAM blocks, commands.
        case setup
        case memory
        case devices
        /// The last item is over: what must have come by then, and the description.
        case end
        /// All is loaded; who owns the guest is being settled.
        case handOver = "hand-over"
        /// What the destination says to the source.
        case returnPath = "return-path"
    }

    public enum Reason: Equatable, Sendable {
        /// The channel ended or broke.
        case bytes(ByteError)
        /// A value that cannot be.
        case value(expected: String, found: String)
        /// A version outside of what is understood.
        case version(found: UInt32, supported: ClosedRange<UInt32>)
        /// A subsection that the configuration or the device does not know.
        case unknownSubsection(String)
        /// A section that nothing here can load.
        case unknownSection
        /// Well formed, but this program cannot do it; the text names it.
        case notSupported(String)
    }

    /// Which of the stream's sections the bytes belong to.
    public struct Section: Equatable, Sendable {
        /// The section's idstr.
        public var name: String
        /// Instance id: which of several equal names.
        public var instance: UInt32

        public init(name: String, instance: UInt32) {
            self.name = name
            self.instance = instance
        }
    }

    public var reason: Reason
    /// nil for a tool that reads a recording.
    public var side: Side?
    /// nil until a reader that knows it has said it.
    public var phase: Phase?
    /// The section, nil outside of sections.
    public var section: Section?
    /// From the outermost structure down to the value, e.g. `["cpu", "env.pmp", "addr_reg", "[3]"]`.
    public var path: [String]
    /// Bytes from the start of the stream (of the return path: of that direction) to the first byte of the
    /// value; for an early end, to the first byte that is missing.
    public var offset: UInt64
    /// What those who found the error know about its cause and its cure beyond what ``cause`` and ``remedy`` say by
    /// themselves; empty when there is nothing.
    var knownCause: String
    var knownRemedy: String

    public init(
        _ reason: Reason, section: Section? = nil, path: [String] = [], offset: UInt64, cause: String = "",
        remedy: String = ""
    ) {
        self.reason = reason
        self.section = section
        self.path = path
        self.offset = offset
        knownCause = cause
        knownRemedy = remedy
    }

    public init(_ error: ByteError, path: [String]) {
        let reason: Reason =
            switch error {
            case .endOfStream, .source: .bytes(error)
            case .notUTF8: .value(expected: "a text in UTF-8", found: "other bytes")
            }
        self.init(reason, path: path, offset: error.offset)
    }

    public init(_ error: VMStateError) {
        if case .bytes(let cause) = error.reason {
            self.init(cause, path: error.path)
            return
        }
        let reason: Reason =
            switch error.reason {
            case .bytes(let error): .bytes(error)
            case .value(let expected, let found): .value(expected: expected, found: found)
            case .version(let found, let supported): .version(found: found, supported: supported)
            case .unknownSubsection(let name): .unknownSubsection(name)
            }
        self.init(reason, path: error.path, offset: error.offset)
    }

    /// What should have stood there.
    public var expected: String {
        switch reason {
        case .value(let expected, _): expected
        case .version(_, let supported): "version \(Self.text(supported))"
        case .bytes(.endOfStream(_, let missing)): "\(bytes(missing)) more"
        case .bytes(.source(_, _)): "bytes"
        case .bytes(.notUTF8(_)): "a text in UTF-8"
        case .unknownSubsection: "a subsection that is known here"
        case .unknownSection: "a section of a device that is here"
        case .notSupported: "what is supported here"
        }
    }

    /// What stood there.
    public var found: String {
        switch reason {
        case .value(_, let found): found
        case .version(let found, _): "version \(found)"
        case .bytes(.endOfStream(_, _)): "the end of the stream"
        case .bytes(.source(_, let error)): error.description
        case .bytes(.notUTF8(_)): "other bytes"
        case .unknownSubsection(let name): quoted(name)
        case .unknownSection: section.map { quoted($0.name) } ?? "another"
        case .notSupported(let what): what
        }
    }

    /// The same error with who found it and how far the migration was, unless it says so already.
    public func at(_ side: Side?, _ phase: Phase) -> StreamError {
        var copy = self
        copy.side = self.side ?? side
        copy.phase = self.phase ?? phase
        return copy
    }

    /// The same error inside of a section, unless it names one already.
    public func inside(_ section: Section?) -> StreamError {
        guard self.section == nil else { return self }
        var copy = self
        copy.section = section
        return copy
    }

    /// The same error, on a channel other than the main one.
    public func on(_ channel: String) -> StreamError {
        var copy = self
        copy.path.insert(channel, at: 0)
        return copy
    }

    private static func text(_ range: ClosedRange<UInt32>) -> String {
        range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
    }
}

extension StreamError: CustomStringConvertible {
    /// Everything in a few sentences.
    public var description: String {
        let found = [side?.rawValue, phase?.rawValue].compactMap { $0 }.joined(separator: ", ")
        return
            "\(found.isEmpty ? "" : "\(found): ")\(problem). Likely cause: \(cause). What to do: \(remedy)."
    }

    /// What is wrong and where, without its cause and cure.
    public var problem: String {
        var text = ""
        if let section { text += "section \(quoted(section.name)) instance \(section.instance): " }
        if !path.isEmpty {
            var place = ""
            for name in path { place += place.isEmpty || name.hasPrefix("[") ? name : ".\(name)" }
            text += "\(place): "
        }
        switch reason {
        case .bytes(let error): text += error.description
        case .value(let expected, let found):
            text += "expected \(expected), found \(found), at byte \(offset)"
        case .version(let found, let supported):
            text += "version \(found) is not understood, only \(Self.text(supported)), at byte \(offset)"
        case .unknownSubsection(let name): text += "unknown subsection \(quoted(name)), at byte \(offset)"
        case .unknownSection: text += "there is no such section here, at byte \(offset)"
        case .notSupported(let what): text += "\(what) is not supported here, at byte \(offset)"
        }
        return text
    }
}
