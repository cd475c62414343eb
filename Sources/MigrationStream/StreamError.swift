public import Bytes
public import VMState

/// Why the bytes of a migration stream cannot be taken: what is wrong, where it stands, what was expected and
/// found, and what a person can do about it.
public struct StreamError: Error, Equatable, Sendable {
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
    /// The section, nil outside of sections.
    public var section: Section?
    /// From the outermost structure down to the value, e.g. `["cpu", "env.pmp", "addr_reg", "[3]"]`.
    public var path: [String]
    /// Bytes from the start of the stream (of the return path: of that direction) to the first byte of the
    /// value; for an early end, to the first byte that is missing.
    public var offset: UInt64
    /// What to do about it, a sentence; empty when there is nothing to say.
    public var remedy: String

    public init(
        _ reason: Reason, section: Section? = nil, path: [String] = [], offset: UInt64, remedy: String = ""
    ) {
        self.reason = reason
        self.section = section
        self.path = path
        self.offset = offset
        self.remedy = remedy
    }

    public init(_ error: ByteError, path: [String]) {
        self.init(.bytes(error), path: path, offset: error.offset)
        if case .endOfStream = error {
            remedy = "the peer gave up or the recording is cut: see the messages at the other side"
        }
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

    /// What should have stood there, when there is one such thing.
    public var expected: String? {
        switch reason {
        case .value(let expected, _): expected
        case .version(_, let supported): "version \(Self.text(supported))"
        case .bytes, .unknownSubsection, .unknownSection, .notSupported: nil
        }
    }

    /// What stood there.
    public var found: String? {
        switch reason {
        case .value(_, let found): found
        case .version(let found, _): "version \(found)"
        case .unknownSubsection(let name): name
        case .bytes, .unknownSection, .notSupported: nil
        }
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
    /// Everything in one or two sentences.
    public var description: String {
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
        return remedy.isEmpty ? text : "\(text); \(remedy)"
    }
}

/// A peer's text in quotes: no control characters, at most 80 characters of it.
func quoted(_ text: String) -> String {
    var result = "'"
    var count = 0
    for scalar in text.unicodeScalars {
        if count == 80 {
            result += "…"
            break
        }
        result +=
            scalar.value < 0x20 || scalar.value == 0x7F
            ? "\\x" + hex(UInt64(scalar.value), digits: 2).dropFirst(2) : String(scalar)
        count += 1
    }
    return result + "'"
}

/// `1 byte`, `2 bytes`.
func bytes(_ count: some BinaryInteger) -> String { count == 1 ? "1 byte" : "\(count) bytes" }

/// `0x0000001c`, at least `digits` digits.
func hex(_ value: some BinaryInteger, digits: Int = 1) -> String {
    let text = String(value, radix: 16)
    return "0x" + String(repeating: "0", count: max(0, digits - text.count)) + text
}

extension InputBuffer {
    /// Reads one named piece; what the channel refuses is reported under that name.
    @inline(__always)
    func field<T>(
        _ name: StaticString, _ body: (InputBuffer) throws(ByteError) -> T
    ) throws(StreamError) -> T {
        do throws(ByteError) {
            return try body(self)
        } catch {
            throw StreamError(error, path: ["\(name)"])
        }
    }
}
